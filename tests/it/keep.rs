//! `archive`: merging of segments, export, and damage, each piece of which is found and named.

use std::fs;
use std::path::{Path, PathBuf};

use gaitkeeper::archive::packs;
use gaitkeeper::detect::scene::Scene;

use crate::command::{Outcome, Place};
use crate::pull_crash::{assert_sound, copy, in_haste, listing, packument, pull, serve};
use crate::replay::Replay;
use crate::tables::{held, parquet};

/// An archive of three commits and an import, and its registry.
fn grown() -> (Place, Replay, Vec<String>) {
    let (place, replay) = in_haste();
    let names = serve(&replay, 4, |n| 3 + n);
    for day in 1..=3 {
        place.run(&pull("archive", &names)).exits(0);
        for name in &names {
            replay.touch_at(name, &format!("2024-03-0{day}T10:00:00.000Z"));
        }
    }
    place.import("guest.json", packument("guest", 2));
    (place, replay, names)
}

/// The export of an archive as it is, but in the order of its lines.
fn exported(place: &Place, archive: &str) -> Vec<String> {
    place.run(&["archive", "export", "events.csv", "--archive", archive]).exits(0);
    let text = fs::read_to_string(place.path("events.csv")).expect("written");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn merging_segments_keeps_every_event() {
    let (place, replay, names) = grown();
    // What is taken down after it was seen stands in two segments, of which the later one holds.
    replay.serve_packument("weave-01", packument("weave-01", 2).replace("\"3-abc\"", "\"9-abc\""));
    let out = place.run(&pull("archive", &names)).exits(0).out;
    assert!(out.contains("weave-01: 1.0.2, 1.0.3, 1.0.4, 1.0.5"), "{out}");
    for name in &names {
        replay.touch_at(name, "2024-03-09T10:00:00.000Z");
    }
    let before = exported(&place, "archive");
    assert_eq!(listing(&place.path("archive/events")).len(), 5);
    let out = place.on_archive(&["archive", "compact"]).exits(0).out;
    assert!(out.contains("5 segments of events became 1"), "{out}");
    assert_eq!(listing(&place.path("archive/events")).len(), 1);
    assert_eq!(exported(&place, "archive"), before);
    assert_sound(&place, "archive");
    let out = place.on_archive(&["archive", "compact"]).exits(0).out;
    assert!(out.contains("1 segments of events became 1"), "{out}");
    // A later pull and import go on from there.
    let out = place.run(&pull("archive", &names)).exits(0).out;
    assert!(out.contains("4 changed"), "{out}");
    place.import("shed.json", packument("shed", 1));
    assert!(exported(&place, "archive").len() > before.len());
    assert_sound(&place, "archive");
    place.run(&["archive", "compact", "--archive", "nowhere"]).exits(3).says(&["there is no archive here"]);
    assert!(!place.path("nowhere").exists(), "a folder was made where none was");
    place.run(&["archive", "compact"]).exits(2).says(&["read-only"]);
}

#[test]
fn an_export_is_imported_as_it_was() {
    let (place, _replay, _names) = grown();
    let before = exported(&place, "archive");
    for (file, archive) in [("out.parquet", "of-parquet"), ("out.csv", "of-csv"), ("OUT.PARQUET", "of-shout")] {
        place.on_archive(&["archive", "export", file]).exits(0).says(&[&format!("{} events", before.len() - 1)]);
        place.run(&["import", file, "--archive", archive]).exits(0);
        assert!(exported(&place, archive) == before, "{file} does not say the same");
        assert_sound(&place, archive);
    }
}

#[test]
fn an_export_says_what_it_cannot_write() {
    let (place, _replay, _names) = grown();
    for file in ["out.json", "out", "out.csv.gz"] {
        place.on_archive(&["archive", "export", file]).exits(2).says(&[file, "FILE.parquet or FILE.csv"]);
        assert!(!place.path(file).exists(), "{file} was written");
    }
    place.on_archive(&["archive", "export", "nowhere/out.csv"]).exits(1).says(&[
        "nowhere",
        "cannot be written",
        "make the folder first",
    ]);
    let none = ["archive", "export", "out.json", "--document", "absent"];
    place.on_archive(&none).exits(3).says(&["no document of absent is stored", "gaitkeeper pull"]);
    place.run(&["archive", "verify", "--archive", "nowhere"]).exits(3).says(&["there is no archive here"]);
}

/// Verifies a copy of the archive after something was done to one of its files.
fn verified_after(place: &Place, file: &str, spoil: impl Fn(&Path)) -> Outcome {
    let spoilt = place.path("spoilt");
    let _ = fs::remove_dir_all(&spoilt);
    copy(&place.path("archive"), &spoilt);
    spoil(&spoilt.join(file));
    place.run(&["archive", "verify", "--archive", "spoilt"])
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("readable");
    bytes[at] ^= 0x10;
    fs::write(path, bytes).expect("written");
}

/// The documents of the second pack of an archive with their labels.
fn documents(dir: &Path) -> Vec<(packs::Label, Vec<u8>)> {
    let labels = packs::labels(&packs::path(dir, 2), 2).expect("a sound pack");
    labels.into_iter().map(|(l, at)| (packs::read(dir, at, &l.hash).map(|d| (l, d))).expect("sound")).collect()
}

#[test]
fn a_flipped_byte_is_found_wherever_it_is() {
    let (place, _replay, _names) = grown();
    let sound = documents(&place.path("archive"));
    let mut without_meaning = 0;
    for file in ["raw/000002.pack", "events/000002.parquet"] {
        let length = fs::read(place.path("archive").join(file)).expect("readable").len();
        for at in (0..length).step_by(length / 80).chain([length - 1]) {
            let outcome = verified_after(&place, file, |path| flip(path, at));
            // Some bits of a zstd frame have no meaning: the document is the one that was stored all the same.
            if outcome.code == 0 && file.starts_with("raw") {
                assert!(documents(&place.path("spoilt")) == sound, "byte {at} of {file}: a document is another");
                without_meaning += 1;
                continue;
            }
            let outcome = outcome.exits(1).says(&[&format!("spoilt/{file}"), "is damaged", "backup"]);
            assert!(file.starts_with("events") || outcome.err.contains("byte "), "{}", outcome.err);
        }
    }
    assert!(without_meaning < 5, "{without_meaning} flips were not found");
}

#[test]
fn what_is_missing_of_the_packs_is_found_by_its_place() {
    let (place, _replay, _names) = grown();
    let pack = "raw/000002.pack";
    let length = fs::read(place.path("archive").join(pack)).expect("readable").len();
    for left in [length - 1, length / 2, 40, 5, 0] {
        let cut = |path: &Path| {
            fs::File::options().write(true).open(path).and_then(|f| f.set_len(left as u64)).expect("cut");
        };
        let outcome = verified_after(&place, pack, cut).exits(1);
        let outcome = outcome.says(&["spoilt/raw/000002.pack", "byte ", "backup", "the archive is damaged"]);
        assert!(!outcome.err.contains("000001.pack"), "cut to {left}: {}", outcome.err);
    }
    let outcome = verified_after(&place, pack, |path| fs::remove_file(path).expect("removed")).exits(1);
    let faults = outcome.err.matches("is not where the state says").count();
    assert_eq!(faults, 4, "one for each document of the pack: {}", outcome.err);
    outcome.says(&["spoilt/raw/000002.pack", "byte ", "restore the pack from a backup"]);
    let doubled = |path: &Path| {
        fs::copy(path, path.with_file_name("000009.pack")).expect("copied");
    };
    verified_after(&place, pack, doubled).exits(1).says(&["spoilt/raw/000009.pack", "is stored twice"]);
    let cut = |path: &Path| {
        let bytes = fs::read(path).expect("readable");
        fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
    };
    verified_after(&place, "events/000002.parquet", cut).exits(1).says(&["spoilt/events/000002.parquet", "backup"]);
    assert_sound(&place, "archive");
}

/// The archive's last pull, after which everything at the registry is held.
fn settled() -> (Place, Replay, Vec<String>) {
    let (place, replay, names) = grown();
    place.run(&pull("archive", &names)).exits(0);
    (place, replay, names)
}

#[test]
fn a_lost_state_is_made_again_from_the_packs() {
    let (place, replay, names) = settled();
    let before = exported(&place, "archive");
    // With the database open its log stays, as after a kill.
    let held = rusqlite::Connection::open(place.path("archive/state.sqlite")).expect("a database");
    held.query_row("SELECT count(*) FROM packs", [], |row| row.get::<_, i64>(0)).expect("read");
    place.on_archive(&["watchlist", "add", "shed"]).exits(0);
    copy(&place.path("archive"), &place.path("logged"));
    drop(held);
    for (archive, log) in [("archive", false), ("logged", true)] {
        let state = place.path(archive).join("state.sqlite");
        assert_eq!(state.with_extension("sqlite-wal").exists(), log);
        fs::remove_file(&state).expect("removed");
        place.run(&["watchlist", "list", "--archive", archive]).exits(3).says(&["nothing is on the watch list"]);
        replay.forget();
        let out = place.run(&pull(archive, &names)).exits(0).out;
        assert!(out.contains("4 unchanged") && out.contains("4 requests (4 not modified"), "{out}");
        assert_eq!(replay.count(), 4);
        assert!(exported(&place, archive) == before, "{archive}: the events are others");
        assert_sound(&place, archive);
        place.run(&["archive", "export", "held.json", "--document", "weave-01", "--archive", archive]).exits(0);
    }
}

#[test]
fn a_state_before_its_tables_is_none() {
    let (place, _replay, names) = settled();
    for name in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(place.path(&format!("archive/state.sqlite{name}")));
    }
    // As of a program that was killed between the two.
    let state = rusqlite::Connection::open(place.path("archive/state.sqlite")).expect("a database");
    state.pragma_update(None, "journal_mode", "WAL").expect("set");
    drop(state);
    assert!(fs::metadata(place.path("archive/state.sqlite")).expect("there").len() > 0);
    place.on_archive(&["watchlist", "list"]).exits(3).says(&["nothing is on the watch list"]);
    place.on_archive(&["archive", "info"]).exits(0);
    place.on_archive(&["archive", "verify"]).exits(0);
    let out = place.run(&pull("archive", &names)).exits(0).out;
    assert!(out.contains("4 not modified"), "{out}");
}

#[test]
fn a_state_that_is_none_is_refused_and_says_what_to_do() {
    let (place, _replay, names) = settled();
    let state: PathBuf = place.path("archive/state.sqlite");
    let commands: [&[&str]; 5] = [
        &["pull"],
        &["archive", "info"],
        &["archive", "verify"],
        &["watchlist", "list"],
        &["watchlist", "add", "shed"],
    ];
    let sound = fs::read(&state).expect("readable");
    let mut torn = sound.clone();
    torn[4096..].fill(0xa5);
    for garbage in [b"no database".to_vec(), b"no database, ".repeat(1000), torn] {
        fs::write(&state, &garbage).expect("written");
        for command in commands {
            place.on_archive(command).exits(1).says(&["archive/state.sqlite", "move the file away"]);
        }
        assert!(fs::read(&state).expect("there") == garbage, "what was there was changed");
    }
    fs::rename(&state, place.path("away")).expect("moved");
    let out = place.run(&pull("archive", &names)).exits(0).out;
    assert!(out.contains("4 not modified"), "{out}");
    fs::write(&state, sound).expect("written");
    let later = rusqlite::Connection::open(&state).expect("a database");
    later.pragma_update(None, "user_version", 7).expect("set");
    drop(later);
    for command in commands {
        place.on_archive(command).exits(1).says(&["is of version 7", "knows up to 3", "update gaitkeeper"]);
    }
}

#[test]
fn a_list_that_is_known_to_be_empty_comes_back_from_csv_as_one() {
    let place = Place::new();
    let mut events = Scene::steady(3).events;
    for (event, names) in events.iter_mut().zip([Some(""), None, Some("left|right")]) {
        event.dependencies = names.map(str::to_owned);
    }
    place.import("events.parquet", parquet(&events));
    place.on_archive(&["archive", "export", "out.csv"]).exits(0);
    place.run(&["import", "out.csv", "--archive", "again"]).exits(0);
    assert_eq!(held(&place.path("again")), events);
}
