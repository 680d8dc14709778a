//! What a pull brings, what the next one costs, and what the archive keeps when a registry forgets.

use std::fs;

use crate::command::Place;
use crate::packuments::{Document as Packument, SOUND};
use crate::replay::{Document, Replay};

const DAY_1: &str = "2024-03-01T10:00:00.000Z";
const DAY_2: &str = "2024-03-08T10:00:00.000Z";
const DAY_3: &str = "2024-03-15T10:00:00.000Z";

/// A registry, and a folder to run in whose registry it is.
pub fn at_home() -> (Place, Replay) {
    let (place, replay) = (Place::new(), Replay::start());
    place.write("gaitkeeper.toml", settings(&replay, ""));
    (place, replay)
}

/// Settings that name the registry, with pauses that suit a test.
pub fn settings(replay: &Replay, more: &str) -> String {
    format!(
        "[registries.npm]\nurl = \"{0}\"\nfeed = \"{0}/feed/\"\n[network]\nfirst_pause_ms = 20\nthrottle_pause_ms = 100\n\
         stale_pauses_ms = [200, 200]\nfeed_seconds = 1\n{more}",
        replay.url()
    )
}

/// A sound packument with some versions of the account ada.
pub fn loom(revision: u32, versions: &[(&str, &str)]) -> String {
    let document = Packument::new("loom").member("_rev", &format!("\"{revision}-abc\""));
    versions.iter().fold(document, |document, (version, time)| document.version(version, time, "")).json()
}

fn pulled(place: &Place, args: &[&str]) -> String {
    place.on_archive(&[&["pull"], args].concat()).exits(0).out
}

fn events(place: &Place) -> Vec<String> {
    place.on_archive(&["archive", "export", "out.csv"]).exits(0);
    let text = fs::read_to_string(place.path("out.csv")).expect("written");
    let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    lines
}

fn column(place: &Place, name: &str) -> Vec<(String, String)> {
    place.on_archive(&["archive", "export", "out.csv"]).exits(0);
    let mut reader = csv::Reader::from_path(place.path("out.csv")).expect("CSV");
    let header = reader.headers().expect("header").clone();
    let at = |name: &str| header.iter().position(|h| h == name).expect("column");
    let (version, wanted) = (at("version"), at(name));
    let mut found: Vec<(String, String)> =
        reader.records().map(|r| r.expect("row")).map(|r| (r[version].to_owned(), r[wanted].to_owned())).collect();
    found.sort();
    found
}

#[test]
fn the_first_pull_fetches_and_the_second_asks_only() {
    let (place, replay) = at_home();
    replay.serve_packument("loom", loom(2, &[("1.0.0", DAY_1), ("1.1.0", DAY_2)]));
    replay.serve_packument("@ada/shed", Packument::new("@ada/shed").version("0.1.0", DAY_1, "").json());
    let first = pulled(&place, &["loom", "@ada/shed"]);
    assert!(first.contains("2 asked, 2 new") && first.contains("versions: 3 new"), "{first}");
    for seen in replay.requests() {
        assert_eq!(seen.header("accept"), Some("application/json"), "{seen:?}");
        assert_eq!(seen.header("accept-encoding"), Some("gzip"), "{seen:?}");
        assert!(seen.header("authorization").is_none(), "{seen:?}");
    }
    assert!(replay.requests().iter().any(|seen| seen.path == "/@ada%2Fshed"), "{:?}", replay.requests());
    let before = events(&place);
    replay.forget();
    let second = pulled(&place, &[]);
    assert!(second.contains("2 unchanged") && second.contains("2 not modified"), "{second}");
    assert_eq!(replay.count(), 2);
    assert_eq!(events(&place), before);
    assert_eq!(place.files("archive/raw").len(), 1, "nothing new was stored");
}

#[test]
fn a_new_version_is_the_only_news_of_a_changed_document() {
    let (place, replay) = at_home();
    replay.serve_packument("loom", loom(2, &[("1.0.0", DAY_1), ("1.1.0", DAY_2)]));
    pulled(&place, &["loom"]);
    replay.serve_packument("loom", loom(3, &[("1.0.0", DAY_1), ("1.1.0", DAY_2), ("1.2.0", DAY_3)]));
    let out = pulled(&place, &[]);
    assert!(out.contains("1 changed") && out.contains("versions: 1 new, 0 no longer public"), "{out}");
    assert_eq!(events(&place).len(), 3);
}

#[test]
fn what_is_unpublished_keeps_its_publisher() {
    let (place, replay) = at_home();
    replay.serve_packument("loom", loom(2, &[("1.0.0", DAY_1), ("1.1.0", DAY_2), ("1.1.1", DAY_2)]));
    pulled(&place, &["loom"]);
    // 1.1.0 is taken down: the log keeps its time. 1.1.1 leaves no trace at all.
    let taken = Packument::new("loom").member("_rev", "\"3-abc\"").version("1.0.0", DAY_1, "");
    replay.serve_packument("loom", taken.time("1.1.0", &format!("\"{DAY_2}\"")).json());
    let out = pulled(&place, &[]);
    assert!(out.contains("2 no longer public"), "{out}");
    assert!(out.contains("no longer public:\n  loom: 1.1.0, 1.1.1"), "{out}");
    let text = |list: &[(&str, &str)]| list.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect::<Vec<_>>();
    assert_eq!(column(&place, "removed"), text(&[("1.0.0", "false"), ("1.1.0", "true"), ("1.1.1", "true")]));
    assert_eq!(column(&place, "publisher"), text(&[("1.0.0", "ada"), ("1.1.0", "ada"), ("1.1.1", "ada")]));
    // The whole package goes: a tombstone, and then nothing.
    let tombstone = r#"{"_id":"loom","name":"loom","_rev":"4-abc","time":{"created":"2024-01-01T00:00:00.000Z","modified":"2024-04-01T00:00:00.000Z","unpublished":{"time":"2024-04-01T00:00:00.000Z","versions":["1.0.0"]}}}"#;
    replay.serve_packument("loom", tombstone);
    pulled(&place, &[]);
    assert_eq!(column(&place, "removed")[0].1, "true");
    replay.withdraw("/loom");
    let gone = place.on_archive(&["pull"]).exits(3).out;
    assert!(gone.contains("it had; what was fetched is kept"), "{gone}");
    assert_eq!(column(&place, "publisher")[0].1, "ada");
    place.on_archive(&["archive", "export", "loom.json", "--document", "loom"]).exits(0);
    assert_eq!(fs::read_to_string(place.path("loom.json")).expect("written"), tombstone);
}

#[test]
fn an_older_revision_removes_nothing() {
    let (place, replay) = at_home();
    replay.serve_packument("loom", loom(5, &[("1.0.0", DAY_1), ("1.1.0", DAY_2)]));
    pulled(&place, &["loom"]);
    replay.serve_packument("loom", loom(4, &[("1.0.0", DAY_1)]));
    let out = pulled(&place, &[]);
    assert!(out.contains("1 behind") && out.contains("older than what is known"), "{out}");
    assert_eq!(column(&place, "removed").iter().filter(|(_, removed)| removed == "true").count(), 0);
}

#[test]
fn other_content_under_a_known_version_is_an_alarm() {
    let (place, replay) = at_home();
    let with = |revision: &str, digest: &str| {
        let fields = SOUND.replace("\"signatures\"", &format!("\"integrity\":\"{digest}\",\"signatures\""));
        Packument::new("loom").member("_rev", revision).version("1.0.0", DAY_1, &fields).json()
    };
    replay.serve_packument("loom", with("\"2-a\"", "sha512-AAAA"));
    pulled(&place, &["loom"]);
    replay.serve_packument("loom", with("\"3-a\"", "sha512-BBBB"));
    let out = pulled(&place, &[]);
    assert!(out.contains("refused loom@1.0.0: integrity was `sha512-AAAA`"), "{out}");
}

#[test]
fn a_mirror_is_refused_by_its_marks() {
    let (place, replay) = at_home();
    let foreign = SOUND.replace("\"signatures\"", "\"tarball\":\"http://127.0.0.2:1/loom.tgz\",\"signatures\"");
    replay.serve("/loom", Document::json(Packument::new("loom").version("1.0.0", DAY_1, &foreign).json()));
    let out = place.on_archive(&["pull", "loom"]).exits(1).out;
    assert!(out.contains("tarballs are at another host, 127.0.0.2"), "{out}");
    replay.serve_packument("express", Packument::new("express").version("4.17.1", DAY_1, "").json());
    let out = place.on_archive(&["pull", "express"]).exits(1).out;
    assert!(out.contains("express@4.17.1 was published at 2019-05-26T04:25:34.606Z"), "{out}");
    replay.serve_packument("nobody", Packument::new("nobody").version("1.0.0", DAY_1, r#""dist":{}"#).json());
    let out = place.on_archive(&["pull", "nobody"]).exits(1).out;
    assert!(out.contains("names its publisher"), "{out}");
    place.on_archive(&["archive", "info"]).exits(3);
    assert_eq!(place.files("archive").keys().filter(|p| p.extension().is_some_and(|e| e == "pack")).count(), 0);
}

#[test]
fn attestation_documents_are_fetched_once() {
    let (place, replay) = at_home();
    let attested = SOUND.replace(
        "\"signatures\"",
        r#""attestations":{"url":"http://127.0.0.2:1/elsewhere","provenance":{"predicateType":"https://slsa.dev/provenance/v1"}},"signatures""#,
    );
    let packument = |revision: u32| {
        let document = Packument::new("@ada/loom").member("_rev", &format!("\"{revision}-a\""));
        document
            .version("1.0.0", DAY_1, &attested)
            .version("1.1.0", DAY_2, &attested)
            .version("0.9.0", DAY_1, "")
            .json()
    };
    replay.serve_packument("@ada/loom", packument(2));
    replay.serve_attestations("@ada/loom", "1.0.0", r#"{"attestations":[]}"#);
    let none = pulled(&place, &["@ada/loom", "--no-attestations"]);
    assert!(none.contains("attestation documents: 0 fetched"), "{none}");
    let first = pulled(&place, &[]);
    assert!(first.contains("1 fetched, 0 of them verified, 1 not there though announced"), "{first}");
    replay.forget();
    // What was not there is not asked for again within the day, and what is held never.
    let second = pulled(&place, &[]);
    assert!(second.contains("0 fetched, 0 of them verified, 0 not there"), "{second}");
    assert_eq!(replay.count(), 1, "{:?}", replay.requests());
    replay.serve_packument("@ada/loom", packument(3));
    pulled(&place, &[]);
    assert!(replay.requests().iter().all(|seen| !seen.path.contains("attestations")), "{:?}", replay.requests());
    place.on_archive(&["archive", "verify"]).exits(0);
}

#[test]
fn a_maintainer_is_followed_by_search_and_without_it_by_the_archive() {
    let (place, replay) = at_home();
    let owned = format!(r#"{SOUND},"maintainers":[{{"name":"ada"}}]"#);
    for name in ["loom", "shed"] {
        let document =
            Packument::new(name).version("1.0.0", DAY_1, &owned).member("maintainers", r#"[{"name":"ada"}]"#);
        let document = document.member("dist-tags", r#"{"latest":"1.0.0"}"#);
        replay.serve_packument(name, document.json());
    }
    let out = pulled(&place, &["--maintainer", "ada"]);
    assert!(out.contains("2 asked, 2 new"), "{out}");
    replay.allow_searches(0);
    let out = pulled(&place, &[]);
    assert!(out.contains("search does not help") && out.contains("2 asked, 0 new, 0 changed, 2 unchanged"), "{out}");
    let list = place.on_archive(&["watchlist", "list"]).exits(0).out;
    assert!(list.contains("maintainer ada"), "{list}");
}

#[test]
fn projects_share_packages_and_give_them_up_alone() {
    let place = Place::new();
    let lock = |names: &[&str]| {
        let packages: Vec<String> =
            names.iter().map(|n| format!(r#""node_modules/{n}":{{"version":"1.0.0"}}"#)).collect();
        format!(r#"{{"lockfileVersion":3,"packages":{{{}}}}}"#, packages.join(","))
    };
    for (project, names) in [("web", vec!["loom", "shed"]), ("api", vec!["loom"])] {
        fs::create_dir(place.path(project)).expect("folder");
        place.write(&format!("{project}/package-lock.json"), lock(&names));
        let file = format!("{project}/package-lock.json");
        place.on_archive(&["watchlist", "add", "--from-lock", &file]).exits(0);
    }
    let list = |project: &[&str]| place.on_archive(&[&["watchlist", "list"], project].concat()).exits(0).out;
    assert!(list(&[]).contains("npm    loom  api (1.0.0)  web (1.0.0)"), "{}", list(&[]));
    assert!(!list(&["--project", "api"]).contains("shed"));
    // The lock file no longer names shed: the project no longer wants it.
    place.write("web/package-lock.json", lock(&["loom", "yarn"]));
    place.on_archive(&["watchlist", "add", "--from-lock", "web/package-lock.json"]).exits(0);
    assert!(!list(&[]).contains("shed") && list(&[]).contains("yarn"));
    place.on_archive(&["watchlist", "remove", "--project", "web"]).exits(0);
    assert_eq!(list(&[]), "npm    loom  api (1.0.0)\n");
    let lines = list(&["--format", "jsonl"]);
    let line: serde_json::Value = serde_json::from_str(lines.trim()).expect("JSON");
    assert_eq!(line["projects"]["api"][0], "1.0.0");
    let nothing = place.on_archive(&["watchlist", "remove", "loom", "--project", "web"]).exits(0).out;
    assert!(nothing.contains("was not on the list"), "{nothing}");
}

#[test]
fn nothing_to_pull_and_nowhere_to_pull_from_are_said() {
    let place = Place::new();
    let nothing = place.on_archive(&["pull", "--registry", "http://127.0.0.1:9"]).exits(3);
    assert!(nothing.err.contains("nothing is on the watch list"), "{}", nothing.err);
    place.run(&["pull", "loom"]).exits(2).says(&["read-only", "--archive"]);
    let (place, _replay) = at_home();
    let absent = place.on_archive(&["pull", "no-such-package"]).exits(3).out;
    assert!(absent.contains("the registry has no such package:\n  no-such-package"), "{absent}");
    place.on_archive(&["pull", "loom@1.0.0"]).exits(2).says(&["names a version"]);
    place.on_archive(&["pull", "pkg:maven/a/b"]).exits(2).says(&["no registry that is read here"]);
    place.on_archive(&["--offline", "pull", "loom"]).exits(1);
}
