//! Pulls that are killed, at random moments and at each step of a commit: the next one finishes what was begun.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat};

use crate::client;
use crate::command::Place;
use crate::packuments::{Document as Packument, SOUND};
use crate::replay::{Act, Replay};

const DAY_SECONDS: i64 = 86_400;
/// 2015-01-01.
const BEGINNING: i64 = 1_420_070_400;

/// A registry that is asked without pauses, and a folder to run in whose registry it is.
pub fn in_haste() -> (Place, Replay) {
    let (place, replay) = (Place::new(), Replay::start());
    let url = replay.url();
    place.write(
        "gaitkeeper.toml",
        format!("[registries.npm]\nurl = \"{url}\"\nrequests_per_second = 1000\n[network]\nattempts = 2\nfirst_pause_ms = 20\n"),
    );
    (place, replay)
}

/// A packument of some 145 bytes a version, the first of which has an attestation document.
pub fn packument(name: &str, versions: usize) -> String {
    let attested = SOUND.replace(
        "\"signatures\"",
        r#""attestations":{"provenance":{"predicateType":"https://slsa.dev/provenance/v1"}},"signatures""#,
    );
    let document = (0..versions).fold(Packument::new(name), |document, n| {
        let at = BEGINNING + i64::try_from(n).expect("a small number") * 3 * DAY_SECONDS;
        document.version(&format!("1.0.{n}"), &time(at), if n == 0 { &attested } else { SOUND })
    });
    document.json()
}

fn time(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).expect("a time").to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Serves so many packages; every fourth one has the attestation document that all announce.
pub fn serve(replay: &Replay, count: usize, versions: impl Fn(usize) -> usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("weave-{n:02}")).collect();
    for (n, name) in names.iter().enumerate() {
        replay.serve_packument(name, packument(name, versions(n)));
        if n % 4 == 0 {
            replay.serve_attestations(name, "1.0.0", format!(r#"{{"attestations":[{{"subject":"{name}"}}]}}"#));
        }
    }
    names
}

/// Arguments of a pull of these packages into an archive.
pub fn pull<'a>(archive: &'a str, names: &'a [String]) -> Vec<&'a str> {
    ["pull", "--archive", archive].into_iter().chain(names.iter().map(String::as_str)).collect()
}

/// The events of an archive, sorted, without the time at which they were observed.
pub fn events(place: &Place, archive: &str) -> Vec<Vec<String>> {
    place.run(&["archive", "export", "events.csv", "--archive", archive]).exits(0);
    let mut reader = csv::Reader::from_path(place.path("events.csv")).expect("CSV");
    let observed = reader.headers().expect("header").iter().position(|h| h == "observed_at").expect("the column");
    let mut rows: Vec<Vec<String>> = reader
        .records()
        .map(|r| {
            r.expect("row").iter().enumerate().filter(|(i, _)| *i != observed).map(|(_, c)| c.to_owned()).collect()
        })
        .collect();
    rows.sort();
    rows
}

/// Names of a folder's files, sorted; none where it is not there.
pub fn listing(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|e| e.expect("entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// What every archive must be after a whole pull: free of damage and of half-made files.
pub fn assert_sound(place: &Place, archive: &str) {
    place.run(&["archive", "verify", "--archive", archive]).exits(0);
    for (folder, ending) in [("events", "parquet"), ("raw", "pack")] {
        let names = listing(&place.path(archive).join(folder));
        let strange: Vec<_> = names
            .iter()
            .filter(|n| n.starts_with('.') || Path::new(n).extension().is_none_or(|e| e != ending))
            .collect();
        assert!(strange.is_empty(), "left behind in {folder}: {strange:?}");
    }
}

/// An archive after a whole pull: sound, with the same events as one that was pulled undisturbed, and with
/// the documents that are served.
fn assert_whole(place: &Place, replay: &Replay, archive: &str, names: &[String]) {
    assert_sound(place, archive);
    let calm = "calm";
    let _ = fs::remove_dir_all(place.path(calm));
    fs::create_dir(place.path(calm)).expect("folder");
    // E-mail addresses are hashed under each archive's own key.
    fs::copy(place.path(archive).join("email.key"), place.path(calm).join("email.key")).expect("the key");
    place.run(&pull(calm, names)).exits(0);
    let (found, wanted) = (events(place, archive), events(place, calm));
    let (found, wanted): (BTreeSet<_>, BTreeSet<_>) = (found.iter().collect(), wanted.iter().collect());
    let differs: Vec<_> = found.symmetric_difference(&wanted).take(3).collect();
    assert!(differs.is_empty(), "{} events, {} undisturbed: {differs:?}", found.len(), wanted.len());
    assert_held(place, replay, archive, &names.iter().step_by(names.len().div_ceil(4)).collect::<Vec<_>>());
}

/// Documents are held as they are served.
fn assert_held(place: &Place, replay: &Replay, archive: &str, names: &[&String]) {
    for name in names {
        place.run(&["archive", "export", "held.json", "--document", name, "--archive", archive]).exits(0);
        let served = client::get(&format!("{}/{name}", replay.url())).plain().expect("sound");
        assert!(fs::read(place.path("held.json")).expect("written") == served, "{name} is not held as it is served");
    }
}

/// Copies a folder of an archive's shape over another one.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder");
    for entry in fs::read_dir(from).expect("folder") {
        let path = entry.expect("entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

/// Numbers without pattern, the same in every run (splitmix64).
struct Chance(u64);

impl Chance {
    /// A part of `whole`, evenly spread.
    fn part_of(&mut self, whole: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        whole.mul_f64(f64::from(u32::try_from((z ^ (z >> 31)) >> 32).expect("half of it")) / f64::from(u32::MAX))
    }
}

/// Starts a pull and kills it after a while; whether it was still running then.
fn is_killed(place: &Place, names: &[String], after: Duration) -> bool {
    let mut command = place.command(&pull("archive", names));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    thread::sleep(after);
    child.kill().expect("the signal is sent");
    match child.wait().expect("it ends").code() {
        None => true,
        Some(code) => {
            assert_eq!(code, 0, "a pull after a killed one failed by itself");
            false
        }
    }
}

/// Kills so many pulls at random moments of their length, and gives how many of the kills hit a running one.
/// Whenever one came to its end there is something new to pull, or the archive begins anew.
fn kill(runs: usize, chance: &mut Chance, versions: impl Fn(usize) -> usize) -> usize {
    let (place, replay) = in_haste();
    let names = serve(&replay, 60, versions);
    let begun = Instant::now();
    place.run(&pull("undisturbed", &names)).exits(0);
    // A little more than its length, so that some come to their end where the first commit is the last.
    let whole = begun.elapsed().mul_f64(1.15);
    let (mut hit, mut ended) = (0, 0);
    for run in 1..=runs {
        if is_killed(&place, &names, chance.part_of(whole)) {
            hit += 1;
        } else {
            ended += 1;
            if ended % 5 == 0 {
                assert_whole(&place, &replay, "archive", &names);
                fs::remove_dir_all(place.path("archive")).expect("removed");
            } else {
                for name in names.iter().skip(ended % 3).step_by(3) {
                    replay.touch_at(name, &time(1_700_000_000 + i64::try_from(run).expect("small") * DAY_SECONDS));
                }
            }
        }
        if run % 10 == 0 {
            // Until the next pull nothing may be there at all, but what is there must be sound.
            let code = if place.path("archive/events").exists() { 0 } else { 3 };
            place.on_archive(&["archive", "verify"]).exits(code);
        }
    }
    assert!(ended > 0, "no pull ever came to its end");
    place.run(&pull("archive", &names)).exits(0);
    assert_whole(&place, &replay, "archive", &names);
    hit
}

#[test]
fn whenever_a_pull_is_killed_the_next_one_finishes() {
    let mut chance = Chance(20_240_301);
    // More than the 20 000 events after which a commit is due, so that a pull has two; and smaller ones.
    let hit = kill(30, &mut chance, |n| 200 + n * 6) + kill(70, &mut chance, |n| 130 + n);
    assert!(hit >= 50, "only {hit} of 100 kills hit a running pull");
}

/// What a commit had done when it was killed: the name under which each file of it then stood, and how much
/// of it.
struct Point {
    what: &'static str,
    segment: Option<(&'static str, usize)>,
    pack: Option<(&'static str, usize)>,
    /// The pack has its name: the commit holds.
    holds: bool,
}

const ALL: usize = usize::MAX;
const POINTS: [Point; 6] = [
    Point { what: "half a segment", segment: Some((".tmpA1b2C3", 500)), pack: None, holds: false },
    Point { what: "the segment staged", segment: Some((".000002.segment", ALL)), pack: None, holds: false },
    Point {
        what: "half a pack",
        segment: Some((".000002.segment", ALL)),
        pack: Some((".tmpA1b2C3", 500)),
        holds: false,
    },
    Point {
        what: "both staged",
        segment: Some((".000002.segment", ALL)),
        pack: Some((".000002.staged", ALL)),
        holds: false,
    },
    Point {
        what: "the pack in its place",
        segment: Some((".000002.segment", ALL)),
        pack: Some(("000002.pack", ALL)),
        holds: true,
    },
    Point {
        what: "both in their places",
        segment: Some(("000002.parquet", ALL)),
        pack: Some(("000002.pack", ALL)),
        holds: true,
    },
];

#[test]
fn at_whichever_step_a_commit_is_killed_the_next_pull_finishes_it() {
    let (place, replay) = in_haste();
    let names = serve(&replay, 5, |n| 3 + n);
    place.run(&pull("before", &names)).exits(0);
    copy(&place.path("before"), &place.path("after"));
    for name in &names {
        replay.touch_at(name, "2024-03-01T10:00:00.000Z");
    }
    place.run(&pull("after", &names)).exits(0);
    assert_eq!(listing(&place.path("after/raw")), ["000001.pack", "000002.pack"]);
    assert_eq!(listing(&place.path("after/events")), ["000001.parquet", "000002.parquet"]);
    assert!(!place.path("after/state.sqlite-wal").exists(), "what a pull remembers is in one file");
    let wanted = events(&place, "after");
    place.write("guest.json", packument("guest", 2));
    for point in &POINTS {
        for imported in [false, true] {
            let case = format!("{}, imported meanwhile: {imported}", point.what);
            let archive = place.path("archive");
            let _ = fs::remove_dir_all(&archive);
            copy(&place.path("before"), &archive);
            for (file, folder, name) in
                [("000002.parquet", "events", point.segment), ("000002.pack", "raw", point.pack)]
            {
                let Some((name, length)) = name else { continue };
                let bytes = fs::read(place.path("after").join(folder).join(file)).expect("readable");
                fs::write(archive.join(folder).join(name), &bytes[..length.min(bytes.len())]).expect("written");
            }
            if imported {
                place.on_archive(&["import", "guest.json"]).exits(0);
            }
            place.on_archive(&["archive", "verify"]).exits(0);
            let out = place.run(&pull("archive", &names)).exits(0).out;
            let news = if point.holds { "0 new, 0 changed, 5 unchanged" } else { "0 new, 5 changed, 0 unchanged" };
            assert!(out.contains(news), "{case}: {out}");
            assert!(!point.holds || out.contains("(5 not modified"), "{case}: {out}");
            assert_sound(&place, "archive");
            let (guest, found): (Vec<_>, Vec<_>) =
                events(&place, "archive").into_iter().partition(|row| row.iter().any(|cell| cell == "guest"));
            assert!(found == wanted, "{case}: {} events instead of {}", found.len(), wanted.len());
            assert_eq!(guest.len(), if imported { 2 } else { 0 }, "{case}");
            assert_held(&place, &replay, "archive", &names.iter().collect::<Vec<_>>());
            let out = place.run(&pull("archive", &names)).exits(0).out;
            assert!(out.contains("5 unchanged") && out.contains("versions: 0 new"), "{case}: {out}");
        }
    }
}

#[test]
fn what_is_owed_outlives_a_commit_that_did_not_reach_the_state() {
    let (place, replay) = in_haste();
    let names = serve(&replay, 1, |_| 2);
    replay.serve_packument("shed", packument("shed", 1));
    place.run(&pull("archive", &["shed".to_owned()])).exits(0);
    let state = || rusqlite::Connection::open(place.path("archive/state.sqlite")).expect("a database");
    state()
        .execute_batch("CREATE TRIGGER stop BEFORE INSERT ON packs BEGIN SELECT RAISE(FAIL, 'stop'); END;")
        .expect("a trigger");
    let attestation = "/-/npm/v1/attestations/weave-00@1.0.0";
    replay.script(attestation, (0..2).map(|_| Act::Status(500, Vec::new(), Vec::new())));
    place.run(&pull("archive", &names)).exits(1).says(&["state.sqlite"]);
    assert_eq!(listing(&place.path("archive/raw")), ["000001.pack", "000002.pack"], "the pack is in its place");
    state().execute_batch("DROP TRIGGER stop;").expect("dropped");
    let out = place.run(&pull("archive", &names)).exits(0).out;
    assert!(out.contains("1 unchanged") && out.contains("attestation documents: 1 fetched"), "{out}");
    assert_sound(&place, "archive");
}
