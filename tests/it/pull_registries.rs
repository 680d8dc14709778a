//! Pulls from PyPI, Cargo's and RubyGems' registries: publish times of all, publishers where they are shown.

use std::collections::BTreeMap;
use std::fs;

use crate::command::Place;
use crate::replay::{Act, Document, Replay};

fn place(replay: &Replay) -> Place {
    let place = Place::new();
    let url = replay.url();
    place.write(
        "gaitkeeper.toml",
        format!(
            "[registries.npm]\nurl = \"{url}\"\n[registries.pypi]\nurl = \"{url}\"\n[registries.cargo]\nurl = \"{url}\"\n\
             [registries.gem]\nurl = \"{url}\"\n[network]\ncontact = \"https://ada.example\"\nfirst_pause_ms = 20\nattempts = 2\n"
        ),
    );
    place
}

/// Events as column to value, by version.
fn events(place: &Place) -> BTreeMap<String, BTreeMap<String, String>> {
    place.on_archive(&["archive", "export", "out.csv"]).exits(0);
    let mut reader = csv::Reader::from_path(place.path("out.csv")).expect("CSV");
    let rows = reader.deserialize().map(|row| row.expect("row"));
    rows.map(|row: BTreeMap<String, String>| (row["version"].clone(), row)).collect()
}

const CRATE: &str = r#"{"versions":[
 {"crate":"loom","num":"1.1.0","created_at":"2025-09-02T10:00:00.123456Z","updated_at":"2025-09-02T10:00:00Z","yanked":false,
  "published_by":null,"trustpub_data":{"provider":"github","repository":"ada/loom","run_id":"7","sha":"0123456789abcdef0123"},"audit_actions":[]},
 {"crate":"loom","num":"1.0.0","created_at":"2024-03-01T10:00:00Z","updated_at":"2024-03-01T10:00:00Z","yanked":true,
  "published_by":{"id":1,"login":"ada","name":"Ada","avatar":null,"url":"https://registry.example/ada"},"trustpub_data":null,"audit_actions":[]}],
 "meta":{"total":2,"next_page":null}}"#;

#[test]
fn crates_show_accounts_and_trusted_publishers() {
    let replay = Replay::start();
    replay.serve("/api/v1/crates/loom/versions", Document::json(CRATE));
    replay.serve("/api/v1/crates/loom/owners", Document::json(r#"{"users":[{"login":"ada"}]}"#));
    let place = place(&replay);
    let out = place.on_archive(&["pull", "pkg:cargo/loom"]).exits(0).out;
    assert!(out.contains("1 asked, 1 new") && out.contains("versions: 2 new"), "{out}");
    let events = events(&place);
    let (old, new) = (&events["1.0.0"], &events["1.1.0"]);
    assert_eq!((old["registry"].as_str(), old["publisher"].as_str()), ("cargo", "ada"));
    assert_eq!(old["deprecated"], "true", "a yanked version");
    assert_eq!((new["trusted_publisher"].as_str(), new["repository"].as_str()), ("github", "github.com/ada/loom"));
    assert_eq!(new["dependencies"], "", "not offered is not the empty list");
    let agent = replay.requests()[0].header("user-agent").map(str::to_owned);
    assert_eq!(agent.as_deref(), Some(concat!("gaitkeeper/", env!("CARGO_PKG_VERSION"), " (https://ada.example)")));
    let second = place.on_archive(&["pull"]).exits(0).out;
    assert!(second.contains("1 unchanged"), "{second}");
    // What the registry never shows is told apart from what it did not show here.
    let why = place.on_archive(&["investigate", "pkg:cargo/loom@1.1.0", "--format", "jsonl"]).exits(0).out;
    let finding: serde_json::Value = serde_json::from_str(why.lines().next().expect("a finding")).expect("JSON");
    assert_eq!(finding["not_judged"]["email-change"], "not offered here", "{why}");
    assert_eq!(finding["not_judged"]["new-workflow"], "not offered here", "{why}");
}

#[test]
fn the_api_of_cargo_is_found_through_its_index() {
    let replay = Replay::start();
    replay.serve("/api/v1/crates/loom/versions", Document::json(CRATE));
    let config = format!(r#"{{"dl":"{0}/dl","api":"{0}"}}"#, replay.url());
    replay.serve("/index/config.json", Document::json(config));
    let place = Place::new();
    fs::create_dir(place.path(".cargo")).expect("folder");
    place.write(
        ".cargo/config.toml",
        format!(
            "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+{}/index/\"\n",
            replay.url()
        ),
    );
    let out = place.on_archive(&["pull", "pkg:cargo/loom"]).exits(0).out;
    assert!(out.contains("versions: 2 new"), "{out}");
    // Without any of it the error says what to do.
    let lost = Place::new().on_archive(&["pull", "pkg:cargo/loom"]).exits(1).out;
    assert!(lost.contains("--registry cargo="), "{lost}");
}

#[test]
fn gems_have_times_and_attestations_and_no_publisher() {
    let replay = Replay::start();
    let versions = r#"[{"number":"2.0.0","platform":"ruby","created_at":"2025-02-01T10:00:00.000Z","sha":"ab","prerelease":false},
      {"number":"1.0.0","platform":"ruby","created_at":"2020-02-01T10:00:00.000Z","sha":"cd","prerelease":false}]"#;
    replay.serve("/api/v1/versions/loom.json", Document::json(versions));
    replay.serve("/api/v1/gems/loom/owners.json", Document::json(r#"[{"id":1,"handle":"ada","role":"owner"}]"#));
    replay.serve("/api/v1/attestations/loom-2.0.0.json", Document::json("[]"));
    let place = place(&replay);
    let out = place.on_archive(&["pull", "pkg:gem/loom"]).exits(0).out;
    assert!(out.contains("versions: 2 new") && out.contains("1 fetched, 0 of them verified, 0 not there"), "{out}");
    let events = events(&place);
    assert_eq!((events["2.0.0"]["registry"].as_str(), events["2.0.0"]["publisher"].as_str()), ("gem", ""));
    assert_eq!(events["1.0.0"]["published_at"], "2020-02-01T10:00:00.000Z");
    place.on_archive(&["score", "--all", "--since", "2020-01-01"]).exits(0);
}

fn project(version: &str, day: &str) -> String {
    format!(
        r#"{{"info":{{"name":"Loom"}},"last_serial":{},"releases":{{"1.0.0":[{{"filename":"loom-1.0.0.tar.gz","packagetype":"sdist","size":9,
        "digests":{{"sha256":"{}"}},"upload_time_iso_8601":"2024-03-01T10:00:00.000001Z","yanked":false}}]{}}},"urls":[],
        "ownership":{{"roles":[{{"role":"Owner","user":"ada"}},{{"role":"Owner","user":"mallory"}}],"organization":null}}}}"#,
        version.len() + 100,
        "a".repeat(64),
        if version.is_empty() {
            String::new()
        } else {
            format!(
                r#","{version}":[{{"filename":"loom-{version}.tar.gz","packagetype":"sdist","size":9,"digests":{{"sha256":"{}"}},
                "upload_time_iso_8601":"{day}","yanked":false}}]"#,
                "b".repeat(64)
            )
        }
    )
}

fn xml(value: &str) -> Document {
    let text = format!(
        "<?xml version='1.0'?><methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
    );
    Document::json(text).with_content_type("text/xml")
}

#[test]
fn projects_have_times_attested_publishers_and_owners_by_the_journal() {
    let replay = Replay::start();
    let (publisher, day) = (
        r#"{"kind":"GitHub","repository":"ada/loom","workflow":"release.yml","environment":"pypi"}"#,
        "2099-01-02T10:00:00.5Z",
    );
    replay.serve("/pypi/loom/json", Document::json(project("", day)));
    replay.serve(
        "/simple/loom/",
        Document::json(r#"{"meta":{"api-version":"1.4"},"name":"loom","versions":["1.0.0"],"files":[{"filename":"loom-1.0.0.tar.gz","url":"u","hashes":{},
        "provenance":"http://127.0.0.2:1/elsewhere"}]}"#),
    );
    let provenance =
        format!(r#"{{"version":1,"attestation_bundles":[{{"publisher":{publisher},"attestations":[]}}]}}"#);
    replay.serve("/integrity/loom/1.0.0/loom-1.0.0.tar.gz/provenance", Document::json(provenance));
    replay.script("/pypi", [Act::Document(xml("<int>500</int>"))]);
    let place = place(&replay);
    let out = place.on_archive(&["pull", "pkg:pypi/loom"]).exits(0).out;
    assert!(out.contains("versions: 1 new") && out.contains("1 fetched"), "{out}");
    let old = &events(&place)["1.0.0"];
    assert_eq!(
        [&old["trusted_publisher"], &old["repository"], &old["ci_workflow"], &old["ci_environment"]],
        ["github", "github.com/ada/loom", ".github/workflows/release.yml", "pypi"]
    );
    assert_eq!(old["maintainers"], "", "nobody knows who owned it then");
    // Mallory becomes an owner, and publishes.
    let soon = chrono::Utc::now() + chrono::Duration::hours(1);
    let row = |action: &str, at: i64, serial: u32| {
        format!(
            "<value><array><data><value><string>Loom</string></value><value><nil/></value><value><int>{at}</int></value>\
             <value><string>{action}</string></value><value><int>{serial}</int></value></data></array></value>"
        )
    };
    let journal = format!("<array><data>{}</data></array>", row("add Owner mallory", soon.timestamp() + 60, 501));
    replay.script("/pypi", [Act::Document(xml(&journal))]);
    let before = (soon).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    replay.serve("/pypi/loom/json", Document::json(project("1.1.0", &before)));
    let out = place.on_archive(&["pull"]).exits(0).out;
    assert!(out.contains("role changes:\n  pypi:loom: add Owner mallory"), "{out}");
    assert_eq!(events(&place)["1.1.0"]["maintainers"], "ada", "Mallory came after that publish");
    let posts: Vec<_> = replay.requests_for("/pypi").into_iter().filter(|seen| seen.method == "POST").collect();
    assert_eq!(posts.len(), 2, "one call a run");
    assert!(String::from_utf8_lossy(&posts[1].body).contains("500"), "{posts:?}");
    // Without a journal the pull goes on and says so.
    replay.script("/pypi", vec![Act::Status(404, vec![], vec![])]);
    let out = place.on_archive(&["pull"]).exits(0).out;
    assert!(out.contains("journal of role changes was not read"), "{out}");
}
