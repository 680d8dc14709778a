//! Following the feed: new publishes are in the archive and scored soon after they appear, and nothing is lost.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use gaitkeeper::archive::verdicts::Verdict;
use gaitkeeper::names::ReleaseId;
use gaitkeeper::review::store::{Given, Store};
use serde_json::Value;

use crate::command::Place;
use crate::packuments::{Document as Packument, SOUND};
use crate::pull::{at_home, loom, settings};
use crate::replay::{Act, Document, Replay};

const DAY_1: &str = "2024-03-01T10:00:00.000Z";

/// A running watch, which is killed if a test leaves it.
struct Watch {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Watch {
    fn start(place: &Place, args: &[&str]) -> Self {
        let mut child = place
            .command(&[&["watch", "--archive", "archive", "--color", "never"], args].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = lines(child.stdout.take().expect("piped"));
        let err = lines(child.stderr.take().expect("piped"));
        Self { child, out, err }
    }

    /// Waits for a line that holds `words`, and gives it.
    fn says(&self, from: &Receiver<String>, words: &str) -> String {
        let end = Instant::now() + Duration::from_secs(55);
        let mut seen = Vec::new();
        while let Ok(line) = from.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return line;
            }
            seen.push(line);
        }
        panic!("`{words}` was not said: {seen:#?}, {:#?}", self.err.try_iter().collect::<Vec<_>>());
    }

    fn prints(&self, words: &str) -> String {
        self.says(&self.out, words)
    }

    fn remarks(&self, words: &str) -> String {
        self.says(&self.err, words)
    }

    /// SIGTERM, and the end that follows it.
    fn end(mut self) -> i32 {
        signal(&self.child, "-TERM");
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code().expect("an exit code, not a signal");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it goes on after SIGTERM");
    }

    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(child: &Child, name: &str) {
    let done = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
    assert!(done.success());
}

fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (give, take) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if give.send(line).is_err() {
                return;
            }
        }
    });
    take
}

fn publish(replay: &Replay, name: &str) -> String {
    let revision = replay.touch(name);
    replay.feed().push(name, &revision, false);
    revision
}

fn watched(names: &[&str]) -> (Place, Replay) {
    let (place, replay) = at_home();
    for name in names {
        replay.serve_packument(name, loom(2, &[("1.0.0", DAY_1)]).replace("loom", name));
        replay.feed().push(name, "2-abc", false);
    }
    place.on_archive(&[&["watchlist", "add"], names].concat()).exits(0);
    (place, replay)
}

#[test]
fn a_publish_is_scored_soon_after_the_feed_announces_it() {
    let (place, replay) = watched(&["loom", "shed"]);
    let watch = Watch::start(&place, &[]);
    watch.remarks("watching 2 packages; following http://127.0.0.1");
    // Others publish too; nobody asks for their documents.
    replay.feed().push("stranger", "9-a", false);
    std::thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    publish(&replay, "loom");
    let line = watch.prints("loom@");
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    assert!(line.contains("by ada: score") || line.contains("score"), "{line}");
    assert!(replay.requests_for("/stranger").is_empty());
    for seen in replay.requests().iter().filter(|seen| seen.path.contains("_changes")) {
        assert!(seen.query.contains("since=") && seen.query.contains("limit=10000"), "{seen:?}");
        assert_eq!(seen.query_members().len(), 2, "no other option: {seen:?}");
    }
    assert_eq!(watch.end(), 0);
    let score = place.on_archive(&["score", "--all", "--package", "loom"]).exits(0).out;
    assert!(score.contains("1 publishes from") || score.contains("2 publishes from"), "{score}");
}

#[test]
fn a_killed_watch_goes_on_where_it_was() {
    let (place, replay) = watched(&["loom"]);
    let watch = Watch::start(&place, &[]);
    watch.remarks("following");
    publish(&replay, "loom");
    watch.prints("loom@");
    watch.kill();
    // Published while nobody looked.
    publish(&replay, "loom");
    publish(&replay, "loom");
    let watch = Watch::start(&place, &["--format", "jsonl"]);
    let first: serde_json::Value = serde_json::from_str(&watch.prints("\"finding\"")).expect("JSON");
    let second: serde_json::Value = serde_json::from_str(&watch.prints("\"finding\"")).expect("JSON");
    assert_eq!([&first["package"], &second["package"]], ["loom", "loom"]);
    assert_ne!(first["version"], second["version"]);
    assert_eq!(watch.end(), 0);
    place.on_archive(&["archive", "verify"]).exits(0);
}

#[test]
fn a_document_behind_its_feed_is_asked_for_again() {
    let (place, replay) = watched(&["loom"]);
    let watch = Watch::start(&place, &[]);
    watch.remarks("following");
    std::thread::sleep(Duration::from_millis(1500));
    let stale = Document::packument(loom(2, &[("1.0.0", DAY_1)]));
    replay.touch("loom");
    replay.script("/loom", vec![Act::Document(stale); 2]);
    replay.feed().push("loom", "3-abc", false);
    watch.prints("loom@");
    assert_eq!(watch.end(), 0);
}

#[test]
fn a_feed_that_begins_anew_is_noticed() {
    let (place, replay) = watched(&["loom"]);
    let watch = Watch::start(&place, &[]);
    watch.remarks("following");
    while replay.requests().iter().all(|seen| !seen.path.contains("_changes")) {
        std::thread::sleep(Duration::from_millis(50));
    }
    replay.feed().reset();
    watch.remarks("it began anew");
    publish(&replay, "loom");
    watch.prints("loom@");
    assert_eq!(watch.end(), 0);
}

#[test]
fn without_a_feed_packages_are_asked_at_intervals() {
    let (place, replay) = watched(&["loom"]);
    let without = settings(&replay, "poll_seconds = 1").replace("feed =", "# feed =");
    place.write("gaitkeeper.toml", &without);
    let watch = Watch::start(&place, &[]);
    watch.remarks("no feed is configured");
    std::thread::sleep(Duration::from_secs(2));
    replay.touch("loom");
    watch.prints("loom@");
    assert_eq!(watch.end(), 0);
    // A feed that is down is said once, and the packages are asked meanwhile.
    place.write("gaitkeeper.toml", settings(&replay, "poll_seconds = 1\nattempts = 1"));
    replay.script("/feed/", vec![Act::Status(500, vec![], vec![]); 200]);
    replay.script("/feed/registry", vec![Act::Status(500, vec![], vec![]); 200]);
    let watch = Watch::start(&place, &[]);
    watch.remarks("until the feed answers");
    replay.touch("loom");
    watch.prints("loom@");
    assert_eq!(watch.end(), 0);
}

#[test]
fn a_deleted_package_is_no_longer_public() {
    let (place, replay) = watched(&["loom"]);
    place.on_archive(&["watch", "--once"]).exits(0);
    replay.withdraw("/loom");
    replay.feed().push("loom", "4-a", true);
    let out = place.on_archive(&["watch", "--once"]).exits(0);
    assert!(out.err.contains("no longer public: loom: 1.0.0"), "{}", out.err);
    let info = place.on_archive(&["archive", "info"]).exits(0).out;
    assert!(info.contains("npm: 1, of which 1 are no longer public"), "{info}");
}

#[test]
fn a_look_that_fetched_nothing_is_no_quiet_night() {
    let (place, replay) = watched(&["loom"]);
    place.write("gaitkeeper.toml", settings(&replay, "attempts = 1"));
    replay.script("/loom", vec![Act::Status(500, vec![], vec![]); 9]);
    place.on_archive(&["watch", "--once"]).exits(1).says(&["could not be fetched"]);
    let (place, replay) = watched(&["loom"]);
    place.write("gaitkeeper.toml", settings(&replay, "attempts = 1"));
    replay.script("/feed/", vec![Act::Status(500, vec![], vec![]); 9]);
    replay.script("/feed/registry", vec![Act::Status(500, vec![], vec![]); 9]);
    place.on_archive(&["watch", "--once"]).exits(1).says(&["the feed was not read"]);
}

/// Thirty usual months of a package, which a watch knows.
fn usual_months() -> (Place, Replay, Packument) {
    let (place, replay) = at_home();
    let months: Vec<String> =
        (1..=30).map(|n| format!("20{:02}-{:02}-03T09:00:00.000Z", 22 + n / 12, 1 + n % 12)).collect();
    let usual = SOUND.replace("\"dist\"", "\"gitHead\":\"0123456789abcdef\",\"dist\"");
    let mut document = Packument::new("loom").member("dist-tags", r#"{"latest":"1.30.0"}"#);
    for (n, time) in months.iter().enumerate() {
        document = document.version(&format!("1.{}.0", n + 1), time, &usual);
    }
    replay.serve_packument("loom", document.json());
    place.on_archive(&["pull", "loom"]).exits(0);
    place.on_archive(&["watch", "--once"]).exits(0);
    (place, replay, document)
}

/// Publishes a version that nobody would call usual.
fn strange(replay: &Replay, document: Packument, version: &str) -> Packument {
    let mallory = r#""_npmUser":{"name":"ada","email":"ada@elsewhere.example"},"scripts":{"postinstall":"node x.js"},"dependencies":{"y":"git+ssh://git@127.0.0.1/y/y"},"dist":{"signatures":[{}]}"#;
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let revision = format!("9-{version}");
    let document = document.version(version, &now, mallory).member("_rev", &format!("\"{revision}\""));
    replay.serve_packument("loom", document.json());
    replay.feed().push("loom", &revision, false);
    document
}

#[test]
fn an_attack_is_an_alert_as_it_happens() {
    let (place, replay, document) = usual_months();
    strange(&replay, document, "1.30.1");
    let out = place.on_archive(&["watch", "--once"]).exits(0).out;
    assert!(out.contains("loom@1.30.1  score ") && out.contains("unknown-hook"), "{out}");
}

fn finding(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

/// The signals that raise a finding.
fn raising(finding: &Value) -> Vec<&str> {
    let reasons = finding["contributions"].as_array().expect("a list").iter();
    let raising = reasons.filter(|r| r["points"].as_str().is_some_and(|points| !points.starts_with('-')));
    raising.filter_map(|r| r["name"].as_str()).collect()
}

#[test]
fn a_verdict_that_is_recorded_while_it_runs_counts_from_the_next_publish_on_as_in_score() {
    for is_concluded in [false, true] {
        let (place, replay, document) = usual_months();
        let watch = Watch::start(&place, &["--format", "jsonl"]);
        watch.remarks("following");
        let document = strange(&replay, document, "1.30.1");
        let first = finding(&watch.prints("\"1.30.1\""));
        assert!(raising(&first).contains(&"unknown-hook"), "{first}");
        if is_concluded {
            let release = ReleaseId { registry: "npm".into(), package: "loom".into(), version: "1.30.1".into() };
            let (verdict, reason, reviewer) = (Verdict::Benign, "a new build".into(), "ann".into());
            let given = Given { release, verdict, reason, reviewer, at: 1 };
            Store::open(&place.path("archive")).expect("the store").record(&given).expect("recorded");
        }
        strange(&replay, document, "1.30.2");
        let second = finding(&watch.prints("\"1.30.2\""));
        assert_eq!(raising(&second).contains(&"unknown-hook"), !is_concluded, "{second}");
        if is_concluded {
            watch.remarks("1 verdicts stored in the archive, 0 about no publish of this history");
        }
        assert_eq!(watch.end(), 0);
        let scored = place.on_archive(&["score", "--all", "--since", "1d", "--format", "jsonl"]).exits(0).out;
        let scored = finding(scored.lines().find(|line| line.contains("\"1.30.2\"")).expect("the same publish"));
        for member in ["score", "p_value", "contributions"] {
            assert_eq!(second[member], scored[member], "{member}, with a verdict: {is_concluded}");
        }
    }
}

fn suppression(until: &str) -> String {
    format!(
        "[[suppression]]\nregistry = \"npm\"\npackage = \"loom\"\nall-versions = true\nwho = \"ann\"\n\
         why = \"pinned\"\ncreated = 2024-05-01\nuntil = {until}\n"
    )
}

#[test]
fn what_is_suppressed_is_named_quietly_and_a_file_that_breaks_meanwhile_holds_as_it_was() {
    let (place, replay, document) = usual_months();
    place.write("archive/suppressions.toml", suppression("2099-12-31"));
    let watch = Watch::start(&place, &[]);
    watch.remarks("following");
    let document = strange(&replay, document, "1.30.1");
    let first = watch.prints("loom@1.30.1");
    assert!(first.contains("by ada: pinned (until 2099-12-31, by ann)"), "{first}");
    watch.prints("Suppressed whatever comes: npm loom, all versions");

    place.write("archive/suppressions.toml", "[[suppression]]\nwho = 1\n");
    let document = strange(&replay, document, "1.30.2");
    let second = watch.prints("loom@1.30.2");
    assert!(second.contains("by ada: pinned"), "{second}");
    watch.remarks("suppressions.toml");
    watch.remarks("that were read last hold");

    place.write("archive/suppressions.toml", suppression("2024-06-01"));
    strange(&replay, document, "1.30.3");
    let third = watch.prints("loom@1.30.3");
    assert!(third.contains("  score ") && !third.contains("pinned"), "a finding again: {third}");
    watch.remarks("a suppression has ended and keeps nothing quiet: npm loom, all versions");
    assert_eq!(watch.end(), 0);
}

#[test]
fn for_a_program_what_is_suppressed_is_a_kind_of_line_of_its_own() {
    let (place, replay, document) = usual_months();
    strange(&replay, document, "1.30.1");
    place.write("archive/suppressions.toml", "[[suppression]]\nwho = 1\n");
    place.on_archive(&["watch", "--once"]).exits(2).says(&["suppressions.toml", "line 2"]);
    place.write("quiet.toml", suppression("2099-12-31"));
    let args = ["watch", "--once", "--format", "jsonl", "--suppressions", "quiet.toml"];
    let out = place.on_archive(&args).exits(0).out;
    let kinds: Vec<(Value, Value)> =
        out.lines().map(finding).map(|line| (line["kind"].clone(), line["version"].clone())).collect();
    assert_eq!(kinds, [("suppressed".into(), "1.30.1".into()), ("suppression".into(), Value::Null)], "{out}");
}
