//! `verify`, `rekor`, `tokens`, and what a pull makes of attestation documents, as a user runs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::command::Place;
use crate::packuments::{Document as Packument, SOUND};
use crate::pull::{at_home, settings};
use crate::replay::Replay;
use crate::replay_log::{Fault, ReplayLog};
use crate::shared::shared;

const DOCUMENT: &str = "sigstore/npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json";
pub const NAME: &str = "@playwright/cli";

/// A real attestation document, and the digest that its statements name, as a registry writes it.
pub fn real() -> Option<(PathBuf, String, String)> {
    let path = shared(DOCUMENT)?;
    let text = fs::read_to_string(&path).expect("the document");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let payload = document["attestations"][0]["bundle"]["dsseEnvelope"]["payload"].as_str().expect("a payload");
    let statement: Value = serde_json::from_slice(&STANDARD.decode(payload).expect("base64")).expect("a statement");
    let hex = statement["subject"][0]["digest"]["sha512"].as_str().expect("a digest").to_owned();
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect();
    Some((path, hex, format!("sha512-{}", STANDARD.encode(bytes))))
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

#[test]
fn a_document_is_verified_step_by_step_and_refused_for_another_file() {
    let Some((path, hex, _)) = real() else { return };
    let place = Place::new();
    let file = path.to_str().expect("UTF-8");
    let (digest, purl) = (format!("sha512:{hex}"), "pkg:npm/%40playwright/cli@0.1.1");
    let good = place.run(&["verify", file, "--digest", &digest, "--purl", purl, "--offline"]).exits(0).out;
    assert!(good.contains("verified    about this package") && good.contains("SLSA build level 2"), "{good}");
    assert!(good.contains(".github/workflows/publish.yml of github.com/microsoft/playwright-cli (refs/tags/v0.1.1)"));
    let other = format!("sha512:{}", "0".repeat(128));
    let bad = place.run(&["verify", file, "--digest", &other, "--json"]).exits(10).out;
    let [line] = lines(&bad).try_into().expect("one line");
    assert_eq!((&line["verdict"], &line["failed_step"]), (&"failed".into(), &"subject".into()), "{bad}");
    assert_eq!(line["attestations"][0]["steps"]["signature"]["state"], "not_reached");
    let wrong = place.run(&["verify", file, "--purl", "pkg:npm/%40playwright/cli@0.1.2"]).exits(10).out;
    assert!(wrong.contains("REFUSED at about this package"), "{wrong}");
    // What is none, and what cannot be found.
    place.write("empty.json", r#"{"attestations":[]}"#);
    place.run(&["verify", "empty.json"]).exits(3);
    place.write("page.json", "<html></html>");
    place.run(&["verify", "page.json"]).exits(1).says(&["page.json", "help:"]);
    place.run(&["verify", "missing.json", "--offline"]).exits(2).says(&["neither a file that is here nor a release"]);
    place.run(&["verify", file, "--digest", "sha512:12"]).exits(2);
    place.write("root.json", "{}");
    place.run(&["verify", file, "--trusted-root", "root.json"]).exits(1).says(&["root.json", "help:"]);
}

/// A registry that has one version of the package, with an attestation document.
pub fn published(integrity: &str, document: &[u8]) -> (Place, Replay) {
    let (place, replay) = at_home();
    let fields = SOUND.replace(
        "\"signatures\"",
        &format!(
            "\"integrity\":\"{integrity}\",\"attestations\":{{\"url\":\"http://127.0.0.2:1/\",\"provenance\":\
             {{\"predicateType\":\"https://slsa.dev/provenance/v1\"}}}},\"signatures\""
        ),
    );
    let packument = Packument::new(NAME).member("_rev", "\"2-a\"");
    let packument = packument.version("0.1.0", "2026-02-01T00:00:00.000Z", "");
    replay.serve_packument(NAME, packument.version("0.1.1", "2026-02-14T23:28:46.000Z", &fields).json());
    replay.serve_attestations(NAME, "0.1.1", document);
    (place, replay)
}

fn events(place: &Place) -> BTreeMap<String, BTreeMap<String, String>> {
    place.on_archive(&["archive", "export", "out.csv"]).exits(0);
    let mut reader = csv::Reader::from_path(place.path("out.csv")).expect("CSV");
    let rows = reader.deserialize().map(|row| row.expect("row"));
    rows.map(|row: BTreeMap<String, String>| (row["version"].clone(), row)).collect()
}

#[test]
fn a_pull_takes_up_what_was_verified_and_nothing_else() {
    let Some((path, _, integrity)) = real() else { return };
    let document = fs::read(&path).expect("the document");
    let (place, replay) = published(&integrity, &document);
    let out = place.on_archive(&["pull", NAME]).exits(0).out;
    assert!(out.contains("1 fetched, 1 of them verified"), "{out}");
    let events = events(&place);
    let columns = [
        "cert_state",
        "cert_repository",
        "cert_owner_id",
        "ci_workflow",
        "ci_trigger",
        "ci_ref_kind",
        "ci_runner",
        "ci_attempt",
        "cert_level",
        "cert_differs",
    ];
    let found: Vec<&str> = columns.iter().map(|column| events["0.1.1"][*column].as_str()).collect();
    assert_eq!(
        found,
        [
            "verified",
            "github.com/microsoft/playwright-cli",
            "6154722",
            ".github/workflows/publish.yml",
            "release",
            "tag",
            "hosted",
            "1",
            "2",
            ""
        ]
    );
    assert_eq!(events["0.1.0"]["cert_state"], "absent");
    // What is held is verified without the network; and it is not fetched again.
    replay.forget();
    let held = place.on_archive(&["verify", &format!("{NAME}@0.1.1"), "--offline"]).exits(0).out;
    assert!(held.contains("verified    about this package"), "{held}");
    place.on_archive(&["verify", &format!("{NAME}@0.1.0"), "--offline"]).exits(3);
    assert_eq!(replay.count(), 0);
    // Without an archive the registry is asked, and nothing is kept.
    place.run(&["verify", &format!("{NAME}@0.1.1")]).exits(0);

    // The same document about another file: its claims are kept apart.
    let (place, _replay) = published(&format!("sha512-{}==", "A".repeat(86)), &document);
    let out = place.on_archive(&["pull", NAME]).exits(0).out;
    assert!(out.contains("attestations that do not verify") && out.contains("0.1.1, at about this package"), "{out}");
    let refused = &self::events(&place)["0.1.1"];
    assert_eq!((refused["cert_state"].as_str(), refused["cert_failed"].as_str()), ("unverified", "subject"));
    let filled = refused
        .iter()
        .filter(|(name, value)| (name.starts_with("ci_") || name.starts_with("cert_")) && !value.is_empty());
    assert_eq!(filled.count(), 2, "{refused:?}");
}

#[test]
fn a_document_that_comes_late_is_taken_up_then() {
    let Some((path, _, integrity)) = real() else { return };
    let (place, replay) = published(&integrity, &fs::read(&path).expect("the document"));
    place.on_archive(&["pull", NAME, "--no-attestations"]).exits(0);
    assert_eq!(events(&place)["0.1.1"]["cert_state"], "");
    let out = place.on_archive(&["pull"]).exits(0).out;
    assert!(out.contains("1 unchanged") && out.contains("1 of them verified"), "{out}");
    assert_eq!(events(&place)["0.1.1"]["cert_state"], "verified");
    drop(replay);
}

/// A log of the real entries, with its trusted root in a file.
fn log(place: &Place, size: usize) -> Option<ReplayLog> {
    let log = ReplayLog::start(size)?;
    let root = serde_json::to_string(&log.trusted_root()?).expect("a trusted root");
    place.write("root.json", root);
    Some(log)
}

/// A file that a person signed, and the address that the person signed with.
fn signed() -> Option<(String, String)> {
    let mut rows = csv::Reader::from_path(shared("sigstore/cpython/bundles.csv")?).expect("the table");
    let row: BTreeMap<String, String> = rows.deserialize().next().expect("a row").expect("a row");
    Some((format!("sha256:{}", row["sha256"]), row["san"].clone()))
}

#[test]
fn a_lookup_lists_what_else_was_signed_and_says_what_a_miss_means() {
    let Some((digest, _)) = signed() else { return };
    let (place, _replay) = at_home();
    let Some(log) = log(&place, 900) else { return };
    let at = format!("rekor.example={}", log.url());
    let ask =
        |more: &[&str]| place.run(&[&["rekor", "lookup", "--trusted-root", "root.json", "--log", &at], more].concat());
    let found = lines(&ask(&["--digest", &digest, "--json"]).exits(0).out);
    let entries: Vec<&Value> = found.iter().filter(|line| line["kind"] == "log_entry").collect();
    assert_eq!(entries.len(), 1, "{found:#?}");
    assert_eq!((&entries[0]["promise"], &entries[0]["entry_kind"]), (&"verified".into(), &"hashedrekord".into()));
    assert_eq!(entries[0]["digests"][0], digest);
    let none = ask(&["--digest", &format!("sha512:{}", "0".repeat(128))]).exits(0).out;
    assert!(none.contains("0 entries") && none.contains("does not prove"), "{none}");
    ask(&[]).exits(2).says(&["nothing to look for"]);
    ask(&["--digest", "md5:12"]).exits(1);
    place
        .run(&["rekor", "lookup", "--log", "elsewhere.example", "--digest", &digest])
        .exits(2)
        .says(&["rekor.sigstore.dev"]);
}

#[test]
fn a_monitor_names_a_rewound_log_once_and_outages_are_no_findings() {
    let Some((path, _, integrity)) = real() else { return };
    let (place, _replay) = published(&integrity, &fs::read(&path).expect("the document"));
    place.on_archive(&["pull", NAME]).exits(0);
    let Some(log) = log(&place, 800) else { return };
    let monitor = || {
        place.on_archive(&[
            "rekor",
            "monitor",
            "--trusted-root",
            "root.json",
            "--log",
            &format!("rekor.example={}", log.url()),
        ])
    };
    let first = monitor();
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.out.contains("first-sight") && first.out.contains("explained by publishes"), "{first:?}");
    log.resize(850);
    assert!(monitor().exits(0).out.contains("grown"));
    log.resize(700);
    let rewound = monitor().exits(10).out;
    assert!(rewound.contains("NEW rewound"), "{rewound}");
    assert!(monitor().exits(0).out.contains("known rewound"), "a known finding does not page again");
    log.resize(860);
    log.faults([Fault::Outage]);
    let out = monitor();
    assert_eq!(out.code, 1, "{out:?}");
    assert!(!out.out.contains("NEW"), "{out:?}");
}

#[test]
fn a_monitor_finds_the_signatures_that_no_publish_explains() {
    let (Some((_, address)), Some((path, _, integrity))) = (signed(), real()) else { return };
    let (place, _replay) = published(&integrity, &fs::read(&path).expect("the document"));
    place.on_archive(&["pull", NAME]).exits(0);
    let Some(log) = log(&place, 800) else { return };
    let at = format!("rekor.example={}", log.url());
    let monitor = || {
        let args = ["rekor", "monitor", "--trusted-root", "root.json", "--log", &at, "--email", &address, "--json"];
        place.on_archive(&args)
    };
    let out = monitor().exits(10).out;
    let findings: Vec<Value> = lines(&out).into_iter().filter(|line| line["kind"] == "log_finding").collect();
    assert!(findings.len() > 10, "{out}");
    assert!(findings.iter().all(|finding| finding["finding"] == "orphan-signature" && finding["new"] == true), "{out}");
    assert!(!out.contains(&address), "an address is shown");
    // What was found once does not page again.
    let again = monitor().exits(0).out;
    assert!(!lines(&again).iter().any(|line| line["new"] == true), "{again}");
}

#[test]
fn tokens_are_joined_to_publishes_and_listed_for_rotation() {
    let (place, replay) = at_home();
    let packument = Packument::new("loom").member("_rev", "\"2-a\"");
    let packument = packument.version("1.0.0", "2026-09-02T08:00:03.000Z", "");
    replay.serve_packument("loom", packument.version("1.0.1", "2026-09-09T08:00:03.000Z", "").json());
    place.write("gaitkeeper.toml", settings(&replay, ""));
    place.on_archive(&["tokens", "report"]).exits(3).says(&["tokens import"]);
    place.on_archive(&["pull", "loom"]).exits(0);
    let secret = format!("npm_{}", "aZ9".repeat(12));
    place.write(
        "tokens.json",
        format!(
            r#"[{{"key":"k1","name":"ci","token":"{secret}","created":"2026-09-02T07:50:00.000Z","bypass_2fa":true,"readonly":false}},
             {{"key":"k2","name":"read","token":"npm_zzzz...0001","created":"2026-09-01T00:00:00.000Z","readonly":true}}]"#
        ),
    );
    place.write(
        "log.csv",
        "time,actor,action,package,version,token,country,ip\n2026-09-02T08:00:00Z,ada,publish,loom,1.0.0,k1,DE,192.0.2.1\n\
         2026-09-09T08:00:00Z,ada,publish,,,k1,DE,192.0.2.1\n2026-09-09T09:00:00Z,ada,publish,loom,9.9.9,k1,DE,192.0.2.1\n",
    );
    let out = place.on_archive(&["tokens", "import", "tokens.json", "log.csv"]).exits(0);
    assert!(out.out.contains("2 of 2 joined"), "{out:?}");
    assert!(out.out.contains("minted 10 min before") && out.out.contains("used, and nothing published: 1"), "{out:?}");
    assert!(out.out.contains("secret"), "a live secret in the file is said: {out:?}");
    let events = events(&place);
    let columns = ["token_id", "token_created_at", "country"].map(|column| events["1.0.0"][column].clone());
    assert_eq!(columns, ["k1".to_owned(), "2026-09-02T07:50:00.000Z".to_owned(), "DE".to_owned()]);
    // The same again changes nothing.
    let again = place.on_archive(&["tokens", "import", "tokens.json", "log.csv"]).exits(0).out;
    assert!(again.contains("kept: 0 tokens and 0 events") && again.contains("0 of them learnt something"), "{again}");
    let report = place.on_archive(&["tokens", "report", "--json"]).exits(0).out;
    let report = lines(&report);
    assert_eq!((&report[0]["token"], &report[0]["severity"]), (&"k1".into(), &"urgent".into()), "{report:#?}");
    let summary = report.last().expect("a summary");
    assert_eq!((&summary["due"], &summary["kind"]), (&2.into(), &"summary".into()), "{report:#?}");
    // The secret is in no output and in no file of the archive.
    let shown = format!("{out:?}{report:?}");
    assert!(!shown.contains(&secret));
    let kept = place.files("archive");
    assert!(kept.values().all(|bytes| !bytes.windows(secret.len()).any(|part| part == secret.as_bytes())));
}

#[test]
fn a_token_that_publishes_before_it_was_made_is_a_contradiction_and_no_young_token() {
    let (place, replay) = at_home();
    let packument = Packument::new("loom").member("_rev", "\"2-a\"");
    replay.serve_packument("loom", packument.version("1.0.0", "2026-09-02T08:00:03.000Z", "").json());
    place.write("gaitkeeper.toml", settings(&replay, ""));
    place.on_archive(&["pull", "loom"]).exits(0);
    place.write(
        "tokens.json",
        r#"[{"key":"k1","name":"ci","token":"npm_zzzz...0001","created":"2026-11-01T00:00:00.000Z","readonly":false}]"#,
    );
    place.write("log.csv", "time,actor,action,package,version,token\n2026-09-02T08:00:00Z,ada,publish,loom,1.0.0,k1\n");
    let out = place.on_archive(&["tokens", "import", "tokens.json", "log.csv"]).exits(0).out;
    assert!(out.contains("contradictions: 1 publishes"), "{out}");
    let event = &events(&place)["1.0.0"];
    assert_eq!((event["token_id"].as_str(), event["token_created_at"].as_str()), ("k1", ""), "{event:?}");
}
