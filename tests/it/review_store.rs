//! Verdicts that are kept: only ever added to, whole after a crash, shared by several at once, and never read wrongly.

use std::fs;
use std::path::Path;

use gaitkeeper::archive::state::State;
use gaitkeeper::archive::verdicts::Verdict;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::names::ReleaseId;
use gaitkeeper::review::store::{FILE, Given, LONGEST_REASON, Store};
use rusqlite::Connection;

use crate::command::Place;
use crate::tables::parquet;

/// A verdict about one version of `pkg`.
pub fn given(version: &str, verdict: Verdict, reason: &str, at: i64) -> Given {
    let release = ReleaseId { registry: "npm".into(), package: "pkg".into(), version: version.into() };
    Given { release, verdict, reason: reason.into(), reviewer: "ann".into(), at }
}

fn open(place: &Place) -> Store {
    Store::open(&place.path("")).expect("the store")
}

#[test]
fn the_last_verdict_holds_and_every_earlier_one_stays() {
    let place = Place::new();
    assert!(Store::read(&place.path("")).expect("readable").is_none());
    let first = given("1.0.0", Verdict::Malicious, "  looked odd  ", 5);
    let second = given("1.0.0", Verdict::Benign, "the owner says so", 4);
    let other = given("1.0.1", Verdict::Unsure, "cannot tell", 6);
    assert_eq!(open(&place).record(&first).expect("recorded"), 1);
    assert_eq!(open(&place).record_all(&[second.clone(), other.clone()]).expect("recorded"), [2, 3]);

    let read = Store::read(&place.path("")).expect("readable").expect("there");
    let all: Vec<_> = read.all().expect("read").into_iter().map(|kept| kept.given).collect();
    assert_eq!(all, [Given { reason: "looked odd".into(), ..first }, second.clone(), other.clone()]);
    let latest = read.latest().expect("read");
    assert_eq!(latest[&second.release].given, second, "what was recorded last holds, whatever its time");
    assert_eq!((latest.len(), latest[&other.release].id), (2, 3));
}

#[test]
fn no_statement_changes_what_was_recorded() {
    let place = Place::new();
    open(&place).record(&given("1.0.0", Verdict::Malicious, "stolen", 1)).expect("recorded");
    let connection = Connection::open(place.path(FILE)).expect("opens");
    let values = "'npm', 'pkg', '1.0.0', 'benign', 'x', 'eve', 2";
    for (statement, why) in [
        ("UPDATE verdicts SET verdict = 'benign'".to_owned(), "never changed"),
        ("UPDATE verdicts SET id = 7".to_owned(), "never changed"),
        ("DELETE FROM verdicts".to_owned(), "never deleted"),
        (format!("INSERT OR REPLACE INTO verdicts VALUES (1, {values})"), "never replaced"),
        (format!("REPLACE INTO verdicts VALUES (1, {values})"), "never replaced"),
        (format!("INSERT INTO verdicts VALUES (1, {values}) ON CONFLICT DO UPDATE SET verdict = 'benign'"), "never"),
        ("INSERT INTO verdicts VALUES (9, 'npm', 'pkg', '1', 'fine', 'x', 'eve', 2)".to_owned(), "CHECK"),
        ("INSERT INTO verdicts VALUES (9, 'npm', 'pkg', '1', 'benign', '  ', 'eve', 2)".to_owned(), "CHECK"),
    ] {
        let error = connection.execute(&statement, []).expect_err(&statement).to_string();
        assert!(error.contains(why), "{statement}: {error}");
    }
    assert_eq!(open(&place).all().expect("read")[0].given.verdict, Verdict::Malicious);
}

#[test]
fn what_cannot_be_kept_is_refused_whole() {
    let place = Place::new();
    let mut store = open(&place);
    let good = given("1.0.0", Verdict::Benign, "fine", 1);
    let long = "x".repeat(LONGEST_REASON + 1);
    let spoilt: [(&str, Given); 4] = [
        ("reason", given("1.0.1", Verdict::Benign, " \n", 1)),
        ("reason", given("1.0.1", Verdict::Benign, &long, 1)),
        ("reviewer", Given { reviewer: String::new(), ..good.clone() }),
        ("version", given("", Verdict::Benign, "fine", 1)),
    ];
    for (place, bad) in spoilt {
        let error = store.record_all(&[good.clone(), bad]).expect_err("refused");
        assert!(error.place.as_deref() == Some(place) && error.remedy.is_some(), "{error}");
    }
    assert_eq!(store.record_if(std::slice::from_ref(&good), |held| !held.is_empty()).expect("asked"), None);
    assert!(store.all().expect("read").is_empty());
    assert_eq!(store.record_if(&[good], std::collections::BTreeMap::is_empty).expect("asked"), Some(vec![1]));
}

#[test]
fn several_at_once_lose_nothing() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let dir = place.path("");
            scope.spawn(move || {
                for number in 0..20 {
                    let mut store = Store::open(&dir).expect("opens");
                    let version = format!("{worker}.{number}.0");
                    store.record(&given(&version, Verdict::Benign, "fine", number)).expect("recorded");
                }
            });
        }
    });
    let store = open(&place);
    let ids: Vec<i64> = store.all().expect("read").iter().map(|kept| kept.id).collect();
    assert_eq!(ids, (1..=80).collect::<Vec<_>>());
    assert_eq!(store.latest().expect("read").len(), 80);
}

#[test]
fn several_may_make_a_table_at_once() {
    for _ in 0..50 {
        let place = Place::new();
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let (dir, start) = (place.path(""), &start);
                scope.spawn(move || {
                    start.wait();
                    State::open(&dir).expect("the archive's tables");
                    let mut store = Store::open(&dir).expect("the verdicts");
                    store.record(&given(&format!("{worker}.0.0"), Verdict::Benign, "fine", 1)).expect("recorded");
                });
            }
        });
        assert_eq!(open(&place).all().expect("read").len(), 4);
    }
}

/// The files of an archive as a crash leaves them while somebody writes.
fn as_if_killed(from: &Path, to: &Path, lost: u64) {
    for name in [FILE.to_owned(), format!("{FILE}-wal")] {
        fs::copy(from.join(&name), to.join(&name)).expect("copied");
    }
    let wal = fs::OpenOptions::new().write(true).open(to.join(format!("{FILE}-wal"))).expect("the log");
    let length = wal.metadata().expect("its length").len();
    wal.set_len(length - lost).expect("cut");
}

#[test]
fn a_crash_in_the_middle_of_a_verdict_loses_that_one_alone() {
    let place = Place::new();
    let mut store = open(&place);
    for version in ["1.0.0", "1.0.1", "1.0.2"] {
        store.record(&given(version, Verdict::Benign, "fine", 1)).expect("recorded");
    }
    for (lost, left) in [(0, 3), (100, 2), (4_000, 2)] {
        let crashed = Place::new();
        as_if_killed(&place.path(""), &crashed.path(""), lost);
        let mut store = open(&crashed);
        assert_eq!(store.all().expect("read").len(), left, "{lost} bytes of the log were lost");
        store.record(&given("1.0.3", Verdict::Unsure, "after the crash", 2)).expect("recorded");
        assert_eq!(open(&crashed).all().expect("read").len(), left + 1);
    }
}

#[test]
fn a_damaged_or_foreign_file_is_told_and_left_as_it_is() {
    let sound = Place::new();
    let mut store = open(&sound);
    for number in 0..200 {
        store.record(&given(&format!("1.0.{number}"), Verdict::Benign, &"why ".repeat(50), 1)).expect("recorded");
    }
    drop(store);
    let bytes = fs::read(sound.path(FILE)).expect("one file, for nobody has it open");
    let mut scribbled = bytes.clone();
    let half = scribbled.len() / 2;
    scribbled[half..half + 4_096].fill(0xa5);
    let altered = |statement: &str| {
        let place = Place::new();
        fs::write(place.path(FILE), &bytes).expect("written");
        Connection::open(place.path(FILE)).and_then(|c| c.execute_batch(statement)).expect("altered");
        fs::read(place.path(FILE)).expect("the file")
    };
    let foreign = {
        let place = Place::new();
        Connection::open(place.path(FILE)).and_then(|c| c.execute_batch("CREATE TABLE t (x)")).expect("made");
        fs::read(place.path(FILE)).expect("the file")
    };
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("damaged", b"this is a letter and no table, long enough to be one".repeat(9), "not a database"),
        ("damaged", bytes[..bytes.len() / 2].to_vec(), "cut off"),
        ("damaged", scribbled, "overwritten"),
        ("not kept from being changed", altered("DROP TRIGGER verdicts_stay"), "without a guard"),
        ("of version 9", altered("PRAGMA user_version = 9"), "of a later program"),
        ("another program", foreign, "of another program"),
    ];
    for (word, bytes, case) in cases {
        let place = Place::new();
        place.write(FILE, &bytes);
        let read = Store::read(&place.path("")).err().unwrap_or_else(|| panic!("{case} was read"));
        let open = Store::open(&place.path("")).err().unwrap_or_else(|| panic!("{case} was opened"));
        for error in [read, open] {
            let said = error.to_string();
            let known = said.contains(word) || said.contains("malformed") || said.contains("not a database");
            assert!(known && said.contains(FILE) && error.remedy.is_some(), "{case}: {said}");
        }
        assert!(fs::read(place.path(FILE)).expect("still there") == bytes, "{case}: the file was written to");
    }
    let nowhere = Store::open(&sound.path("nowhere")).err().expect("no archive");
    assert!(nowhere.remedy.is_some() && !sound.path("nowhere").exists());
}

#[test]
fn what_the_archive_holds_decides_what_teaches_unless_it_is_left_out() {
    let hooked = |e: &mut gaitkeeper::archive::columns::PublishEvent| {
        e.install_scripts = said("postinstall");
        e.install_script_id = said("b3:1");
    };
    let place = Place::new();
    place.import("events.parquet", parquet(&Scene::steady(10).next(hooked).after(3_600_000, hooked).events));
    let investigate = ["investigate", "pkg@1.0.11", "--format", "jsonl"];
    let without = place.on_archive(&investigate).exits(0);
    assert!(!without.err.contains("verdicts"), "{}", without.err);

    let mut store = Store::open(&place.path("archive")).expect("the store");
    store.record(&given("1.0.10", Verdict::Malicious, "stolen", 1)).expect("recorded");
    store.record(&given("1.0.10", Verdict::Benign, "the owner says so", 2)).expect("recorded");
    store.record(&given("7.7.7", Verdict::Benign, "of another day", 2)).expect("recorded");
    let with = place.on_archive(&investigate).exits(0).says(&["2 verdicts stored", "1 about no publish"]);
    assert_ne!(with.out, without.out, "a hook that is known to be the owner's is no longer the first");
    let left_out = place.on_archive(&[&investigate[..], &["--no-stored-verdicts"]].concat()).exits(0);
    assert_eq!(left_out.out, without.out);
    place.write("verdicts.csv", "registry,package,version,verdict\nnpm,pkg,1.0.10,unsure\n");
    let replaced = place.on_archive(&[&investigate[..], &["--verdicts", "verdicts.csv"]].concat()).exits(0);
    assert_eq!(replaced.out, without.out, "a verdict from a file goes before the stored one");
    for command in [&["score", "--all"][..], &["backtest", "--events", "events.parquet", "--scores", "s.csv"]] {
        place.on_archive(command).exits(0).says(&["2 verdicts stored"]);
    }
    drop(store);
    place.write("archive/review.sqlite", "nothing that SQLite wrote, and long enough to be looked at by it".repeat(9));
    place.on_archive(&investigate).exits(1).says(&["review.sqlite", "review import"]);
}
