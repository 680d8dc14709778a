//! A release on the shelf is what it is in the whole history: the same events, scores and rarity, and the same words about it.

use std::fs;
use std::path::Path;

use gaitkeeper::archive::columns::Row;
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::shelf::Shelf;
use gaitkeeper::archive::table;
use gaitkeeper::archive::vocabulary::{Sym, Vocabulary};
use gaitkeeper::detect::model::Model;
use gaitkeeper::engine::embedded::fold;
use gaitkeeper::engine::excerpt::{Excerpt, Judged};
use gaitkeeper::engine::policy::Policy;
use gaitkeeper::engine::shelved::excerpt;
use gaitkeeper::names::PackageId;

use crate::command::Place;
use crate::sweep::{cut, invented, the_box, written};

/// Sweeps tables and puts them on the shelf `shelf`, one after the other.
fn shelve(place: &Place, tables: &[&Path]) {
    for table in tables {
        let table = table.to_str().expect("UTF-8");
        place.run(&["sweep", "--events", table, "--habits", "habits", "--out", "scores.parquet"]).exits(0);
        place.run(&["shelve", "--events", table, "--scores", "scores.parquet", "--shelf", "shelf"]).exits(0);
    }
}

fn texts(mut excerpt: Excerpt) -> (Vec<u8>, usize, String, String) {
    let (teaching, past) = (format!("{:?}", excerpt.teaching), format!("{:?}", excerpt.past));
    let events = table::to_csv(&mut excerpt.history.events, &excerpt.history.words).expect("a table");
    (events, excerpt.subject, teaching, past)
}

/// Holds the excerpts of some releases against those that are cut out of the whole history.
fn assert_same(path: &Path, shelf: &Path, every: usize) -> usize {
    let mut words = Vocabulary::default();
    let rows = table::read(path, &mut words).expect("a table").rows;
    let history = History::new(rows, words);
    let mut judged = Judged { points: Vec::new(), held: Vec::new() };
    fold(&history, &Model::embedded().expect("the model"), |a| judged.points.push(a.assessment.points));
    let mut shelf = Shelf::open(shelf).expect("a shelf");
    assert_eq!(shelf.about.publishes, history.events.len() as u64);
    let mut looked = 0;
    for at in (0..history.events.len()).step_by(every) {
        let whole = Excerpt::cut(history.clone(), &judged, &Policy::default(), at);
        let event = &history.events[at];
        let [registry, name, version] =
            [event.registry, event.package, event.version].map(|sym| history.words.text(sym).to_owned());
        let package = PackageId { registry, name };
        let found =
            excerpt(&mut shelf, &package, Some(&version)).expect("a sound shelf").expect("the release is there");
        let ([events, teaching, past], subject) = {
            let (events, subject, teaching, past) = texts(whole);
            ([String::from_utf8(events).expect("UTF-8"), teaching, past], subject)
        };
        let (found_events, found_subject, found_teaching, found_past) = texts(found);
        assert_eq!(String::from_utf8(found_events).expect("UTF-8"), events, "{}@{version}", package.name);
        assert_eq!((found_subject, found_teaching, found_past), (subject, teaching, past), "{}", package.name);
        looked += 1;
    }
    looked
}

#[test]
fn releases_of_the_box_are_on_the_shelf_as_they_are_in_the_whole() {
    let place = Place::new();
    let mut words = Vocabulary::default();
    let rows = table::read(&the_box(), &mut words).expect("a table").rows;
    let history = History::new(rows, words);
    let before = history.events.len() - 40_000;
    let tables = cut(history, &[before], &place);
    shelve(&place, &[&tables[0], &tables[1]]);
    place.run(&["shelve", "--shelf", "shelf", "--compact"]).exits(0).says(&["one a package"]);
    assert!(assert_same(&the_box(), &place.path("shelf"), 17_001) > 20);
    let release = "size-sensor@1.0.4";
    let [whole, shelved] = [&[][..], &["--shelf", "shelf"]]
        .map(|more| place.run(&[&["investigate", release, "--html", "page.html"], more].concat()).exits(0).out);
    assert!(whole.contains("size-sensor") && whole == shelved, "{shelved}");
    let page = fs::read_to_string(place.path("page.html")).expect("a page");
    assert!(page.contains("--shelf shelf"), "the page says how to make it again");
    let list = place.run(&["investigate", "size-sensor", "--shelf", "shelf"]).exits(0).out;
    assert!(list.contains("1.0.4") && list.contains("more: gaitkeeper investigate --shelf shelf"), "{list}");
    let run = place.run(&["investigate", "size-sensor@9.9.9", "--shelf", "shelf"]).exits(3);
    run.says(&["the shelf knows no version 9.9.9 of", "size-sensor"]);
    place
        .run(&["investigate", "nobody-published-this", "--shelf", "shelf"])
        .exits(3)
        .says(&["the shelf knows no package"]);
}

#[test]
fn histories_in_which_everything_happens_are_on_the_shelf_as_they_are_in_the_whole() {
    for seed in [21, 22] {
        let place = Place::new();
        written(invented(seed, 2_000), &place.path("e.parquet"));
        let tables = cut(History::from_events(invented(seed, 2_000)), &[900, 1_000, 1_700], &place);
        assert_eq!(tables.len(), 4);
        let tables: Vec<&Path> = tables.iter().map(AsRef::as_ref).collect();
        shelve(&place, &tables);
        assert_eq!(assert_same(&place.path("e.parquet"), &place.path("shelf"), 13), 154);
        let run = place.run(&["shelve", "--shelf", "shelf", "--compact"]).exits(0);
        run.says(&["runs of publishes", "one a package"]);
        assert_eq!(assert_same(&place.path("e.parquet"), &place.path("shelf"), 31), 65);
    }
}

#[test]
fn what_does_not_belong_on_a_shelf_is_refused_and_leaves_it_as_it_was() {
    let place = Place::new();
    place.run(&["investigate", "a@1.0.0", "--shelf", "shelf"]).exits(3).says(&["no shelf", "gaitkeeper shelve"]);
    let tables = cut(History::from_events(invented(5, 600)), &[400, 500], &place);
    shelve(&place, &[&tables[0]]);
    let kept = fs::read(place.path("shelf/shelf.sqlite")).expect("the shelf");
    let put =
        |events: &str, scores: &str| place.run(&["shelve", "--events", events, "--scores", scores, "--shelf", "shelf"]);
    put("0.parquet", "scores.parquet").exits(1).says(&["0.parquet", "judged after 0 publishes", "--habits"]);
    put("1.parquet", "1.parquet").exits(1).says(&["no table of judgements", "sweep --out"]);
    // As many rows, of another time.
    let mut words = Vocabulary::default();
    let mut rows: Vec<Row> = table::read(&tables[1], &mut words).expect("a table").rows;
    for row in &mut rows {
        row.published_at = row.published_at.get().map(|at| at + 1).into();
    }
    place.write("later.parquet", table::to_parquet(&mut rows, &words).expect("a table"));
    place.run(&["sweep", "--events", "1.parquet", "--habits", "habits", "--out", "1s.parquet"]).exits(0);
    put("2.parquet", "1s.parquet").exits(1).says(&["scores are of another table", "rows"]);
    put("later.parquet", "1s.parquet").exits(1).says(&["scores are of another table", "publish 1"]);
    let other = gaitkeeper::detect::model::EMBEDDED.replacen("start = -", "start = -1", 1);
    place.write("other.toml", other);
    place.run(&["sweep", "--events", "1.parquet", "--model", "other.toml", "--out", "other.parquet"]).exits(0);
    put("1.parquet", "other.parquet").exits(1).says(&["judged by model", "another folder"]);
    place.run(&["sweep", "--events", "1.parquet", "--out", "alone.parquet"]).exits(0);
    put("1.parquet", "alone.parquet").exits(1).says(&["judged after 0 publishes", "--habits"]);
    let run = place.run(&["sweep", "--events", "1.parquet", "--out", "1.parquet"]).exits(2);
    run.says(&["would take the place of 1.parquet"]);
    // Another registry, after as many publishes at the same times.
    let mut words = Vocabulary::default();
    let mut rows: Vec<Row> = table::read(&tables[0], &mut words).expect("a table").rows;
    for row in &mut rows {
        row.publisher = Sym::NONE;
    }
    place.write("nobody.parquet", table::to_parquet(&mut rows, &words).expect("a table"));
    for (table, scores) in [("nobody.parquet", "0n.parquet"), ("1.parquet", "1n.parquet")] {
        place.run(&["sweep", "--events", table, "--habits", "others", "--out", scores]).exits(0);
    }
    let run = put("1.parquet", "1n.parquet").exits(1);
    run.says(&["1.parquet", "after other publishes than those of the shelf", "a folder of its own"]);
    let run = place.run(&["investigate", "a@1.0.0", "--shelf", "shelf", "--model", "other.toml"]).exits(2);
    run.says(&["judged by model", "--model"]);
    assert!(kept == fs::read(place.path("shelf/shelf.sqlite")).expect("the shelf"), "the shelf has changed");

    let mut words = Vocabulary::default();
    let rows = table::read(&tables[0], &mut words).expect("a table").rows;
    let first = rows.iter().find(|row| words.text(row.registry) == "npm").expect("a release of npm");
    let release = format!("{}@{}", words.text(first.package), words.text(first.version));
    place.run(&["investigate", &release, "--shelf", "shelf"]).exits(0);
    let connection = rusqlite::Connection::open(place.path("shelf/shelf.sqlite")).expect("the shelf");
    let change = "UPDATE packages SET run = CAST(substr(run, 1, 20) || x'00' || substr(run, 22) AS BLOB)";
    assert!(connection.execute(change, []).expect("a change") > 2);
    place.run(&["investigate", &release, "--shelf", "shelf"]).exits(1).says(&["seal of package", "gaitkeeper shelve"]);
    fs::write(place.path("shelf/shelf.sqlite"), &kept[..kept.len() / 3]).expect("the shelf");
    place.run(&["investigate", &release, "--shelf", "shelf"]).exits(1).says(&["cannot be used", "gaitkeeper shelve"]);
}

#[test]
fn a_shelf_outlives_those_who_were_interrupted_and_says_when_it_is_busy() {
    let place = Place::new();
    let tables = cut(History::from_events(invented(8, 600)), &[500], &place);
    shelve(&place, &[&tables[0]]);
    let mut words = Vocabulary::default();
    let rows = table::read(&tables[0], &mut words).expect("a table").rows;
    let one = rows.iter().find(|row| words.text(row.registry) == "npm").expect("a release of npm");
    let release = format!("{}@{}", words.text(one.package), words.text(one.version));
    let investigated = |shelf: &str| place.run(&["investigate", &release, "--shelf", shelf]).exits(0).out;
    let sound = investigated("shelf");

    // What somebody leaves who is killed after a part of what is new was written over what was there.
    let connection = rusqlite::Connection::open(place.path("shelf/shelf.sqlite")).expect("the shelf");
    let batch = "PRAGMA cache_size = 2; BEGIN IMMEDIATE; UPDATE packages SET run = zeroblob(20000); \
                 UPDATE firsts SET run = zeroblob(9000);";
    connection.execute_batch(batch).expect("a transaction");
    let busy = place.run(&["shelve", "--events", "0.parquet", "--scores", "scores.parquet", "--shelf", "shelf"]);
    busy.exits(5).says(&["is being put into", "try again"]);
    for left in ["mended", "taken-away"] {
        fs::create_dir(place.path(left)).expect("a folder");
        for file in ["shelf.sqlite", "shelf.sqlite-journal"] {
            fs::copy(place.path("shelf").join(file), place.path(left).join(file)).expect("a copy");
        }
    }
    drop(connection);
    let raw = rusqlite::Connection::open_with_flags(
        format!("file:{}?immutable=1", place.path("mended/shelf.sqlite").display()),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI,
    );
    let zero: bool = raw
        .expect("the shelf as it lies there")
        .query_row("SELECT count(*) > 0 FROM packages WHERE length(run) = 20000", [], |row| row.get(0))
        .unwrap_or(true);
    assert!(zero, "nothing was half written: the test shows nothing");
    assert_eq!(investigated("mended"), sound);

    fs::remove_file(place.path("taken-away/shelf.sqlite")).expect("removed");
    let again = ["shelve", "--events", "0.parquet", "--scores", "scores.parquet", "--shelf", "taken-away"];
    place.run(&again).exits(0);
    assert_eq!(investigated("taken-away"), sound);
    assert_eq!(place.files("taken-away").len(), 1, "only the shelf is there");
}

#[test]
fn who_waits_to_put_something_in_neither_stops_a_look_nor_is_stopped_by_it() {
    let place = Place::new();
    written(invented(31, 400), &place.path("e.parquet"));
    shelve(&place, &[Path::new("e.parquet")]);
    let path = place.path("shelf/shelf.sqlite");
    let mut shelf = Shelf::open(&place.path("shelf")).expect("a shelf");
    let writer = rusqlite::Connection::open(&path).expect("the file");
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO names VALUES (1, 1)").expect("a change");
    // Refused for the look that is taken: from now on nobody else is let in.
    writer.busy_timeout(std::time::Duration::ZERO).expect("no patience");
    assert!(writer.execute_batch("COMMIT").is_err());
    let nobody: Vec<i64> = (0..100).collect();
    let (mut words, mut rows) = (Vocabulary::default(), Vec::new());
    shelf.packages(&nobody, &mut words, &mut rows).expect("one reader is enough");
    assert!(rows.is_empty());
    drop(shelf);
    writer.execute_batch("COMMIT").expect("nobody looks any more");
    let mut shelf = Shelf::open(&place.path("shelf")).expect("a shelf");
    shelf.packages(&nobody, &mut words, &mut rows).expect("several readers");
}

#[test]
fn a_release_that_is_there_twice_in_a_moment_is_refused_by_name() {
    let place = Place::new();
    let History { words, mut events } = History::from_events(invented(1, 50));
    let twice = events[events.len() - 1].clone();
    let name = twice.release(&words).to_string();
    events.push(twice);
    fs::write(place.path("e.parquet"), table::to_parquet(&mut events, &words).expect("a table")).expect("a file");
    let told = ["e.parquet", &format!("{name} is there twice"), "leave one row of each release"];
    place.run(&["sweep", "--events", "e.parquet", "--out", "s.parquet"]).exits(1).says(&told);
    assert!(!place.path("s.parquet").exists());
}
