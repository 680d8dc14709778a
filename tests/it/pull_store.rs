//! Pulls into a store that is full, read-only, or in use by somebody else.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{Outcome, Place};
use crate::packuments::{Document as Packument, SOUND};
use crate::pull_crash::{assert_sound, copy, events, in_haste, listing, packument, pull, serve};
use crate::replay::{Act, Replay};

/// Runs a shell script in the place, in a mount namespace of its own: what it mounts nobody else sees, and it
/// is gone with the script. `step NAME ARGUMENT...` runs the program and keeps what it left under that name.
/// `None`, and a remark past the test runner's capture, where the system allows no namespace;
/// `GAITKEEPER_REQUIRE_SHARED` turns that into a failure.
fn in_namespace(place: &Place, script: &str) -> Option<()> {
    let ways: [&[&str]; 2] = [&["-m"], &["-rm"]];
    let allowed = |way: &&&[&str]| {
        let mut probe = Command::new("unshare");
        probe.args(**way).args(["sh", "-c", "mount -t tmpfs -o size=64k tmpfs /tmp"]);
        probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let Some(way) = ways.iter().find(allowed) else {
        assert!(std::env::var_os("GAITKEEPER_REQUIRE_SHARED").is_none(), "a mount namespace must be allowed");
        let test = thread::current().name().unwrap_or("a test").to_owned();
        writeln!(std::io::stderr(), "SKIPPED {test}: no mount namespace can be made here").expect("stderr");
        return None;
    };
    let step = r#"step() { name=$1; shift; code=0; "$GAITKEEPER" "$@" >"$name.out" 2>"$name.err" || code=$?; echo $code >"$name.code"; }"#;
    place.write("script.sh", format!("set -eu\n{step}\n{script}"));
    // The program's own environment, in which the script runs too.
    let template = place.command(&[]);
    let mut shell = Command::new("unshare");
    shell.args(*way).args(["sh", "script.sh"]).current_dir(place.path(".")).env_clear();
    shell.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("GAITKEEPER", template.get_program());
    let output = shell.output().expect("the shell starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(())
}

/// What a step of a script left.
fn step(place: &Place, name: &str) -> Outcome {
    let text = |ending: &str| fs::read_to_string(place.path(&format!("{name}.{ending}"))).expect("the step was done");
    Outcome { code: text("code").trim().parse().expect("a number"), out: text("out"), err: text("err") }
}

/// Serves packages that hardly compress, so that each takes some 20 KB of a disk.
fn serve_bulky(replay: &Replay, count: u32) -> Vec<String> {
    let mut seed = 1u64;
    let mut noise = || {
        let mut text = String::new();
        while text.len() < 30_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            write!(text, "{:x}", seed >> 8).expect("memory");
        }
        text
    };
    let names: Vec<String> = (0..count).map(|n| format!("bulky-{n:02}")).collect();
    for name in &names {
        let document = Packument::new(name).version("1.0.0", "2024-03-01T10:00:00.000Z", SOUND);
        replay.serve_packument(name, document.member("readme", &format!("\"{}\"", noise())).json());
    }
    names
}

/// Rows of an export without the time at which they were observed, sorted.
fn rows(place: &Place, file: &str) -> Vec<String> {
    let text = fs::read_to_string(place.path(file)).expect("written");
    let mut rows: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    rows.sort();
    rows
}

#[test]
fn a_full_disk_costs_nothing_that_was_committed() {
    let (place, replay) = in_haste();
    let small = serve(&replay, 2, |_| 5).join(" ");
    let bulky = serve_bulky(&replay, 12).join(" ");
    // The disk is full while a pack is written in one of these rooms, while the state is written in another.
    let rooms: Vec<String> = (140..=400).step_by(20).map(|room| room.to_string()).collect();
    let script = format!(
        r#"mkdir archive
for room in {}; do
  mount -t tmpfs -o size=${{room}}k tmpfs archive
  step small-$room pull --archive archive {small}
  if [ "$(cat small-$room.code)" = 0 ]; then
    step before-$room archive export before-$room.csv --archive archive
    step bulky-$room pull --archive archive {bulky}
    step verify-$room archive verify --archive archive
    step after-$room archive export after-$room.csv --archive archive
  fi
  mount -o remount,size=16m archive
  step again-$room pull --archive archive {small} {bulky}
  step whole-$room archive verify --archive archive
  step info-$room archive info --archive archive
  ls -A archive/raw archive/events >files-$room
  umount archive
done
"#,
        rooms.join(" ")
    );
    let Some(()) = in_namespace(&place, &script) else { return };
    let (mut packs_failed, mut states_failed) = (0, 0);
    for room in &rooms {
        let step = |name: &str| step(&place, &format!("{name}-{room}"));
        let small = step("small");
        if small.code != 0 {
            small.exits(1).says(&["archive/", "free"]);
        } else {
            step("before").exits(0);
            let bulky = step("bulky");
            step("verify").exits(0);
            step("after").exits(0);
            let (before, after) =
                (rows(&place, &format!("before-{room}.csv")), rows(&place, &format!("after-{room}.csv")));
            assert_eq!(before.len(), 10);
            assert!(before.iter().all(|row| after.contains(row)), "{room}k: an event is gone");
            if bulky.code != 0 {
                let bulky = bulky.exits(1).says(&["archive/", "free some space"]);
                packs_failed += usize::from(bulky.err.contains("archive/raw"));
                states_failed += usize::from(bulky.err.contains("state.sqlite"));
                assert!([10, 22].contains(&after.len()), "{room}k: {} events: half a commit", after.len());
            }
        }
        step("again").exits(0);
        step("whole").exits(0);
        let info = step("info").exits(0).out;
        assert!(info.contains("events: 22 publishes of 14 packages"), "{room}k: {info}");
        let files = fs::read_to_string(place.path(&format!("files-{room}"))).expect("listed");
        assert!(files.lines().all(|name| !name.starts_with('.')), "{room}k: left behind: {files}");
    }
    assert!(packs_failed > 0 && states_failed > 0, "the rooms are too large or too small for what is pulled");
}

#[test]
fn a_read_only_store_can_be_read() {
    let (place, replay) = in_haste();
    let names = serve(&replay, 3, |_| 12);
    let list = names.join(" ");
    // Half of `watched` is in its write-ahead log, as after a kill; the folder's name means something in a URI.
    place.run(&pull("watched", &names)).exits(0);
    let held = rusqlite::Connection::open(place.path("watched/state.sqlite")).expect("a database");
    held.query_row("SELECT count(*) FROM packs", [], |row| row.get::<_, i64>(0)).expect("read");
    place.run(&["watchlist", "add", "shed", "--archive", "watched"]).exits(0);
    assert!(fs::metadata(place.path("watched/state.sqlite-wal")).expect("a log").len() > 0);
    for folder in ["logged", "log-only"] {
        copy(&place.path("watched"), &place.path(folder));
    }
    fs::remove_file(place.path("log-only/state.sqlite-shm")).expect("removed");
    drop(held);
    place.run(&pull("a 100%25 #1?", &names)).exits(0);
    let script = format!(
        r#"for folder in "a 100%25 #1?" logged log-only; do
  mount --bind "$folder" "$folder"
  mount -o remount,bind,ro "$folder"
  step "$folder-pull" pull --archive "$folder" {list}
  step "$folder-import" import guest.json --archive "$folder"
  step "$folder-add" watchlist add axe --archive "$folder"
  step "$folder-compact" archive compact --archive "$folder"
  step "$folder-score" score --archive "$folder" --all
  step "$folder-info" archive info --archive "$folder"
  step "$folder-list" watchlist list --archive "$folder"
  step "$folder-verify" archive verify --archive "$folder"
  step "$folder-export" archive export export.csv --archive "$folder"
done
"#
    );
    place.write("guest.json", packument("guest", 2));
    let Some(()) = in_namespace(&place, &script) else { return };
    for folder in ["a 100%25 #1?", "logged"] {
        let step = |name: &str| step(&place, &format!("{folder}-{name}"));
        for name in ["pull", "import", "add", "compact"] {
            let refused = step(name).exits(1).says(&[folder]);
            // What the system says of it, or the database.
            let remedies = ["make it writable, or name another place", "check the permissions of the archive's folder"];
            assert!(remedies.iter().any(|remedy| refused.err.contains(remedy)), "{name}: {}", refused.err);
        }
        let score = step("score").exits(0).out;
        assert!(score.contains("weave-01@1.0.4"), "{score}");
        let info = step("info").exits(0).out;
        assert!(info.contains("36 publishes of 3 packages") && info.contains("documents: 4 distinct"), "{info}");
        let list = step("list").exits(0).out;
        assert!(list.contains("weave-02") && list.contains("shed") == (folder == "logged"), "{list}");
        let verify = step("verify").exits(0).out;
        assert!(verify.contains("1 segments and 4 documents read, 0 faults"), "{verify}");
        step("export").exits(0);
    }
    // Without its index the log cannot be read there, and nothing pretends that it was.
    for name in ["info", "list", "verify"] {
        step(&place, &format!("log-only-{name}")).exits(1).says(&["log-only/state.sqlite", "permissions"]);
    }
    step(&place, "log-only-score").exits(0);
}

#[test]
fn one_pull_at_a_time_and_imports_beside_it() {
    let (place, replay) = in_haste();
    let names = serve(&replay, 3, |_| 4);
    place.write("guest.json", packument("guest", 2));
    place.import("earlier.json", packument("earlier", 1));
    replay.script("/weave-02", [Act::Late(Duration::from_secs(3))]);
    let mut first = place.command(&pull("archive", &names));
    let mut first = first.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let begun = Instant::now();
    while replay.requests_for("/weave-02").is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the pull never asked");
        thread::sleep(Duration::from_millis(5));
    }
    let remedy = ["another gaitkeeper is pulling into this archive", "archive", "wait until it has ended"];
    place.run(&pull("archive", &names)).exits(1).says(&remedy);
    place.on_archive(&["archive", "compact"]).exits(1).says(&remedy);
    place.on_archive(&["import", "guest.json"]).exits(0);
    place.on_archive(&["watchlist", "add", "shed"]).exits(0);
    place.on_archive(&["archive", "verify"]).exits(0);
    assert_eq!(events(&place, "archive").len(), 3, "what is pulled is not there before its commit");
    assert!(first.try_wait().expect("asked").is_none(), "the first pull was to be running all the time");
    let first = first.wait_with_output().expect("ended");
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(events(&place, "archive").len(), 3 + 12);
    assert_eq!(listing(&place.path("archive/events")).len(), 3);
    assert_sound(&place, "archive");
    place.on_archive(&["archive", "compact"]).exits(0);
    assert_eq!(events(&place, "archive").len(), 3 + 12);
    let list = place.on_archive(&["watchlist", "list"]).exits(0).out;
    assert!(list.contains("shed") && list.contains("weave-02"), "{list}");
}
