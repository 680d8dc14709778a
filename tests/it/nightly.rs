//! Nights: what is new is judged once, exports are whole, exit codes say what happened, and an ended run loses nothing.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::table::show_time;
use gaitkeeper::baseline::stance::MINUTE;
use gaitkeeper::detect::scene::{Scene, said};
use serde_json::Value;

use crate::campaigns::p_values;
use crate::command::{Outcome, Place};
use crate::packuments::Document as Packument;
use crate::receivers::{Reaction, Receiver};
use crate::replay::{Act, Replay};
use crate::tables::parquet;

/// Sixty usual weeks of a package, then two versions 40 minutes apart that nobody would call usual. Alone, the first
/// is below [`budget`]; the second is an alert, and raises it.
pub fn double_tap() -> Vec<PublishEvent> {
    let strange = |e: &mut PublishEvent| {
        e.git_head = None;
        e.url_dependencies = said("@strange/setup");
        e.dependencies = said("left|right|@strange/setup");
    };
    Scene::steady(60)
        .next(strange)
        .after(40 * MINUTE, |e| {
            strange(e);
            e.install_scripts = said("preinstall");
            e.install_script_id = said("b3:666666666666");
            e.publisher_email_id = said("666666666666");
        })
        .events
}

/// A budget between the two last versions of [`double_tap`]: `1/N`.
pub fn budget() -> String {
    static BUDGET: OnceLock<String> = OnceLock::new();
    let found = BUDGET.get_or_init(|| {
        let values = p_values(&History::from_events(double_tap()));
        let (first, second) = (values[60], values[61]);
        let one_in = (1.0 / second).floor();
        assert!(
            second <= 1.0 / one_in && 1.0 / one_in < first && first <= 0.2,
            "the scene is what it is for: {first}, {second}"
        );
        format!("1/{one_in}")
    });
    found.clone()
}

/// A place whose archive holds the usual weeks, judged by a first night.
pub fn settled(config: &str) -> (Place, Vec<PublishEvent>) {
    let place = Place::new();
    let events = double_tap();
    place.import("usual.parquet", parquet(&events[..60]));
    // What the first night finds among them is told to nobody.
    place.write("first.toml", format!("[nightly]\nbudget = \"{}\"\n", budget()));
    let out = night(&place, &["--since", "2024-01-02", "--config", "first.toml"]).exits(0).out;
    assert!(out.contains("night 1: ") && out.contains("judged: 60 publishes"), "{out}");
    place.write("gaitkeeper.toml", format!("[nightly]\nbudget = \"{}\"\n{config}", budget()));
    (place, events)
}

/// Runs a night without a registry.
pub fn night(place: &Place, args: &[&str]) -> Outcome {
    place.on_archive(&[&["nightly", "--no-fetch"], args].concat())
}

pub fn run_json(place: &Place) -> Value {
    let text = fs::read(place.path("archive/exports/latest/run.json")).expect("the newest report");
    serde_json::from_slice(&text).expect("JSON")
}

/// The names of a folder's entries, hidden ones among them.
pub fn names(path: PathBuf) -> Vec<String> {
    let entries = fs::read_dir(path).expect("folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_publish_is_judged_in_one_night_whatever_its_time() {
    let (place, events) = settled("");
    assert!(night(&place, &[]).exits(0).out.contains("judged: 0 publishes"), "nothing is judged twice");
    // Years older than the last night, and new to the archive: judged, and told to be late.
    place.import("late.parquet", parquet(&events[60..]));
    let out = night(&place, &["--fail-on", &budget()]).exits(10).out;
    assert!(out.contains("judged: 2 publishes, 2 of them late"), "{out}");
    let report = run_json(&place);
    assert_eq!(report["judged"]["publishes"], 2);
    assert_eq!(report["rate"]["publishes"], 62, "62 over all nights: {report}");
    assert!(night(&place, &["--fail-on", &budget()]).exits(0).out.contains("judged: 0 publishes"));
}

#[test]
fn the_past_of_a_package_that_is_taken_up_later_teaches_and_is_not_judged() {
    let (place, _) = settled("");
    let mut other = Scene::steady(30).events;
    for event in &mut other {
        event.package = said("other");
    }
    place.import("other.parquet", parquet(&other));
    let out = night(&place, &[]).exits(0).out;
    assert!(out.contains("judged: 0 publishes, 0 of them late; 30 older ones"), "{out}");
}

#[test]
fn the_first_night_begins_where_it_is_told_to() {
    let place = Place::new();
    let events = double_tap();
    place.import("all.parquet", parquet(&events));
    let out = night(&place, &[]).exits(0).out;
    assert!(out.contains("judged: 0 publishes, 0 of them late; 62 older ones"), "a day before now: {out}");
    let place = Place::new();
    place.import("all.parquet", parquet(&events));
    let since = show_time(events[60].published_at.expect("a time"));
    let out = night(&place, &["--since", &since]).exits(0).out;
    assert!(out.contains("judged: 2 publishes") && out.contains("60 older ones"), "{out}");
}

#[test]
fn exports_hold_every_format_and_the_report_and_only_the_last_are_kept() {
    let (place, events) = settled("keep = 1\n");
    let exports = || names(place.path("archive/exports"));
    assert_eq!(exports().len(), 2, "a folder and `latest`: {:?}", exports());
    let held = names(place.path("archive/exports/latest"));
    let wanted: Vec<String> = {
        let mut files: Vec<String> = gaitkeeper::report::FORMATS.iter().map(|format| format.file.to_owned()).collect();
        files.extend(["run.json".to_owned(), "run.txt".to_owned()]);
        files.sort();
        files
    };
    assert_eq!(held, wanted);
    fs::create_dir(place.path("archive/exports/mine")).expect("a folder of somebody else");
    fs::create_dir(place.path("archive/exports/.unfinished-2024-01-01T000000Z")).expect("what a killed run left");
    place.import("late.parquet", parquet(&events[60..]));
    // Folders are named after the second.
    for age in ["2023-01-01T000000Z", "2023-01-02T000000Z"] {
        fs::create_dir(place.path("archive/exports").join(age)).expect("folder");
        fs::write(place.path("archive/exports").join(age).join("run.json"), "{}").expect("written");
    }
    night(&place, &[]).exits(0);
    let left = exports();
    assert!(left.contains(&"mine".to_owned()) && left.contains(&"latest".to_owned()), "{left:?}");
    assert!(!left.iter().any(|name| name.starts_with('.') || name.starts_with("2023-")), "{left:?}");
    let text = fs::read_to_string(place.path("archive/exports/latest/findings.txt")).expect("written");
    assert!(text.contains("pkg@1.0.61"), "{text}");
}

#[test]
fn exports_that_cannot_be_written_are_no_finding_and_no_silence_and_the_next_night_writes_them() {
    let (place, events) = settled("exports = \"away\"\n");
    place.write("archive/away", "a file where a folder should be");
    place.import("late.parquet", parquet(&events[60..]));
    let out = night(&place, &["--quiet"]).exits(4).out;
    assert!(out.contains("did not work:\n  exports were not written") && out.contains("judged: 2 publishes"), "{out}");
    fs::remove_file(place.path("archive/away")).expect("removed");
    let out = night(&place, &[]).exits(0).out;
    assert!(out.contains("which an earlier run had begun") && out.contains("judged: 2 publishes"), "{out}");
    let text = fs::read_to_string(place.path("archive/away/latest/findings.txt")).expect("written");
    assert!(text.contains("pkg@1.0.61"), "{text}");
    assert!(night(&place, &[]).exits(0).out.contains("judged: 0 publishes"));
}

#[test]
fn a_full_disk_costs_a_night_and_nothing_else() {
    let (place, events) = settled("");
    place.import("late.parquet", parquet(&events[60..]));
    let program = env!("CARGO_BIN_EXE_gaitkeeper");
    // No file may grow beyond four kilobytes; the signal that tells so is ignored, and the write fails.
    let script = format!("trap '' XFSZ; ulimit -f 8; exec {program} nightly --no-fetch --archive archive");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(place.path(""))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("a shell");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    place.on_archive(&["archive", "verify"]).exits(0);
    let out = night(&place, &[]).exits(0).out;
    assert!(out.contains("judged: 2 publishes"), "{out}");
}

#[test]
fn an_empty_archive_is_not_a_quiet_night() {
    let place = Place::new();
    fs::create_dir_all(place.path("archive/events")).expect("folder");
    night(&place, &[]).exits(3).says(&["holds no publishes", "watch list"]);
}

#[test]
fn a_rehearsal_sends_nothing_writes_nothing_and_remembers_nothing() {
    let slack = Receiver::start();
    let (place, events) = settled("[notify.slack]\nurl_file = \"slack.url\"\n");
    place.write("slack.url", format!("{}/hook\n", slack.url()));
    place.import("late.parquet", parquet(&events[60..]));
    let before = names(place.path("archive/exports"));
    let out = night(&place, &["--dry-run"]).exits(0).out;
    assert!(out.contains("would send, findings.slack msg_") && out.contains("pkg@1.0.61"), "{out}");
    assert!(!out.contains("took:"), "a rehearsal times nothing: {out}");
    assert_eq!(slack.seen().len(), 0);
    assert_eq!(names(place.path("archive/exports")), before);
    assert!(night(&place, &[]).exits(0).out.contains("judged: 2 publishes"));
    assert_eq!(slack.seen().len(), 1);
}

/// A night that fetches from a replayed registry.
fn fetching(place: &Place) -> Command {
    place.command(&["nightly", "--archive", "archive", "--no-attestations"])
}

fn watched() -> (Place, Replay) {
    let (place, replay) = crate::pull::at_home();
    replay.serve_packument("loom", Packument::new("loom").sound_versions(3).json());
    place.on_archive(&["watchlist", "add", "loom"]).exits(0);
    (place, replay)
}

#[test]
fn a_registry_that_fails_is_told_apart_from_a_quiet_night() {
    let (place, replay) = watched();
    replay.script("/loom", vec![Act::Status(500, vec![], vec![]); 9]);
    let output = fetching(&place).output().expect("starts");
    assert_eq!(output.status.code(), Some(3), "nothing was ever fetched");
    let output = fetching(&place).output().expect("starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    replay.script("/loom", vec![Act::Status(500, vec![], vec![]); 9]);
    let output = fetching(&place).output().expect("starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("1 of 1 packages could not be fetched") && text.contains("answers 500"), "{text}");
    assert_eq!(run_json(&place)["fetched"]["failed"], 1);
}

#[test]
fn a_second_nightly_names_the_first_and_does_nothing() {
    let (place, replay) = watched();
    replay.script("/loom", [Act::Hang(std::time::Duration::from_secs(50))]);
    let first = Ended(fetching(&place).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts"));
    wait_until(|| replay.requests_for("/loom").len() == 1);
    let holder = format!("process {}", first.0.id());
    night(&place, &[]).exits(5).says(&["another nightly is running", &holder, "started 20"]);
    drop(first);
    let output = fetching(&place).output().expect("starts");
    assert_eq!(output.status.code(), Some(0), "the lock ends with its holder");
}

#[test]
fn a_night_that_is_killed_while_it_fetches_is_finished_by_the_next_run() {
    let (place, replay) = watched();
    replay.script("/loom", [Act::Hang(std::time::Duration::from_secs(50))]);
    let run = Ended(fetching(&place).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts"));
    wait_until(|| replay.requests_for("/loom").len() == 1);
    drop(run);
    let output = fetching(&place).output().expect("starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("night 1, which an earlier run had begun"), "{text}");
    assert_eq!(output.status.code(), Some(0), "{text}");
}

#[test]
fn a_night_that_is_killed_while_it_judges_judges_the_same_again() {
    let (place, events) = settled("");
    place.import("late.parquet", parquet(&events[60..]));
    let pipe = place.path("verdicts.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let mut command = place.command(&["nightly", "--no-fetch", "--archive", "archive", "--verdicts", "verdicts.csv"]);
    let run = Ended(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts"));
    // It opens only when the night reads it: by then the publishes are taken up, and nothing is judged.
    let writer = fs::OpenOptions::new().write(true).open(&pipe).expect("read by the night");
    drop(run);
    drop(writer);
    let out = night(&place, &[]).exits(0).out;
    assert!(out.contains("which an earlier run had begun") && out.contains("judged: 2 publishes"), "{out}");
}

#[test]
fn a_night_that_is_killed_while_it_tells_sends_the_rest_and_nothing_under_another_key() {
    let hook = Receiver::start();
    let (place, events) = settled("[notify.webhook]\nurl_file = \"hook.url\"\nsecret_file = \"hook.key\"\n");
    place.write("hook.url", format!("{}/hook", hook.url()));
    place.write("hook.key", crate::notify::SECRET);
    place.import("late.parquet", parquet(&events[60..]));
    hook.script([Reaction::Silence]);
    let mut command = place.command(&["nightly", "--no-fetch", "--archive", "archive"]);
    let run = Ended(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts"));
    hook.wait_for(1);
    drop(run);
    let held = names(place.path("archive/exports/latest"));
    assert!(held.contains(&"findings.txt".to_owned()), "exports come before messages: {held:?}");
    let out = night(&place, &[]).exits(0).out;
    assert!(out.contains("findings.webhook: 1 sent, 0 waiting"), "{out}");
    let keys: Vec<_> = hook.seen().iter().map(|seen| seen.header("webhook-id").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 2, "once before the kill, once after");
    assert_eq!(keys[0], keys[1], "and the receiver can tell");
    night(&place, &[]).exits(0);
    assert_eq!(hook.seen().len(), 2, "then never again");
}

/// A child that is killed when it is dropped.
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for something that another process does.
fn wait_until(is_so: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(55);
    while !is_so() {
        assert!(std::time::Instant::now() < end, "it never happened");
        std::thread::yield_now();
    }
}
