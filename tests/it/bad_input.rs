//! Files that cannot be taken up: each is named with its place and a remedy, and the archive stays as it was.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::detect::scene::{Scene, said};
use polars::prelude::{Column, DataType, TimeUnit, TimeZone};

use crate::command::{Outcome, Place};
use crate::packuments::{Document, SOUND};
use crate::tables::{csv, frame, held, of_schema, parquet, with_columns};

const TIME: &str = "2024-01-02T03:04:05.678Z";

/// A folder whose archive holds something that could be harmed.
fn prepared() -> Place {
    let place = Place::new();
    place.import("start.parquet", parquet(&Scene::steady(3).events));
    place
}

/// Imports a file that must be refused with `words`, and changes nothing.
fn refused(place: &Place, name: &str, bytes: impl AsRef<[u8]>, words: &[&str]) -> Outcome {
    place.write(name, bytes);
    let before = place.files("archive");
    let run = place.on_archive(&["import", name]).exits(1).says(words).says(&[name, "help: "]);
    assert_eq!(place.files("archive"), before, "{name}");
    run
}

/// Imports a document of which something is left out, and gives what the import says.
fn partly(place: &Place, document: &Document) -> String {
    place.import("doc.json", document.json()).out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(bytes).expect("written");
    writer.finish().expect("written")
}

/// One publish as a CSV table, with one cell as given.
fn csv_with(column: &str, cell: &str) -> String {
    let row = |name: &str, usual: &str| if name == column { cell.to_owned() } else { usual.to_owned() };
    let usual = [
        ("registry", "npm"),
        ("package", "other"),
        ("version", "1.0.0"),
        ("published_at", "2024-01-02T10:00:00Z"),
        ("publisher", "ann"),
        ("removed", "false"),
        ("file_count", "3"),
    ];
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(usual.map(|(name, _)| name)).expect("header");
    table.write_record(usual.map(|(_, cell)| cell)).expect("row");
    table.write_record(usual.map(|(name, usual)| row(name, usual))).expect("row");
    String::from_utf8(table.into_inner().expect("bytes")).expect("UTF-8")
}

#[test]
fn a_cut_document_is_refused_plain_and_packed() {
    let place = prepared();
    let text = Document::new("pkg").sound_versions(40).json();
    let half = text.len() / 2;
    refused(
        &place,
        "cut.json",
        &text[..half],
        &["at line 1 column ", "is not valid JSON", "cut short: fetch it again"],
    );
    let packed = gzip(text.as_bytes());
    refused(&place, "cut.json.gz", &packed[..packed.len() / 2], &["the gzip data is cut short"]);
    let packed = zstd::encode_all(text.as_bytes(), 3).expect("packed");
    refused(&place, "cut.json.zst", &packed[..packed.len() / 2], &["the zstd data is cut short"]);
}

#[test]
fn deep_nesting_is_stepped_over_or_refused_but_not_followed() {
    let (open, close) = ("[{\"a\":".repeat(100), "}]".repeat(100));
    let place = prepared();
    let readme = Document::new("deep").version("1.0.0", TIME, "").member("readme", &format!("{open}1{close}"));
    let out = partly(&place, &readme);
    assert!(out.contains("1 new") && !out.contains("skipped"), "{out}");
    let fields = format!("{SOUND},\"gitHead\":{open}1{close}");
    let out = partly(&place, &Document::new("deeper").version("1.0.0", TIME, &fields));
    assert!(out.contains("1 new") && out.contains("skipped 1.0.0: gitHead "), "{out}");
    let whole = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    refused(&place, "deep.json", whole, &["is JSON, but not an npm package document"]);
    refused(&place, "open.json", "{\"a\":".repeat(200), &["is not valid JSON", "at line 1 column "]);
}

#[test]
fn a_bomb_is_refused_at_the_limit() {
    let place = prepared();
    let spaces = vec![b' '; 1 << 20];
    let bomb = [gzip(b"{"), gzip(&spaces).repeat(300)].concat();
    refused(&place, "bomb.json.gz", bomb, &["larger than 256 MB once unpacked"]);
    let bomb = [zstd::encode_all(&b"{"[..], 1), zstd::encode_all(&spaces[..], 1)].map(|frame| frame.expect("packed"));
    let bomb = [bomb[0].clone(), bomb[1].repeat(300)].concat();
    refused(&place, "bomb.json.zst", bomb, &["larger than 256 MB once unpacked"]);
}

#[test]
fn other_formats_are_refused_whatever_their_name() {
    let place = prepared();
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    refused(&place, "picture.json", picture, &["expected a JSON object, found something else", "\\x89PNG"]);
    refused(&place, "picture.csv", picture, &["not a readable CSV table"]);
    refused(&place, "text.parquet", "no table at all", &["expected a JSON object"]);
    refused(&place, "nothing.json", "", &["the document is empty"]);
    refused(&place, "nothing.csv", "", &["column `registry` is missing"]);
}

#[test]
fn a_damaged_parquet_table_is_refused() {
    let place = prepared();
    let whole = parquet(&Scene::steady(20).events);
    for keep in [4, whole.len() / 2, whole.len() - 1] {
        refused(&place, "cut.parquet", &whole[..keep], &["not a readable Parquet file", "cut off"]);
    }
    let mut damaged = whole.clone();
    let middle = whole.len() / 4;
    damaged[middle..middle + 200].fill(0x55);
    refused(&place, "damaged.parquet", damaged, &["damaged.parquet: "]);
}

#[test]
fn a_table_of_another_shape_is_refused_with_the_column() {
    let place = prepared();
    let events = Scene::steady(2).events;
    for missing in ["registry", "published_at", "publisher"] {
        let narrow = of_schema(frame(&parquet(&events)).drop(missing).expect("column"), "1");
        let words = [&format!("the column `{missing}` is missing"), "needs at least registry, package, version"];
        refused(&place, "narrow.parquet", narrow, &words);
    }
    let text = Column::new("published_at".into(), ["2024-01-02T10:00:00Z"; 2]);
    let number = Column::new("publisher".into(), [1_i64, 2]);
    let flag = Column::new("removed".into(), ["true", "false"]);
    let part = Column::new("file_count".into(), [1.5_f64, 2.0]);
    for (column, words) in [
        (text, "at column published_at: is of type str, not a timestamp"),
        (number, "at column publisher: is of type i64, not a string"),
        (flag, "at column removed: is of type str, not a boolean"),
        (part, "at column file_count: is of type f64, not an integer"),
    ] {
        refused(&place, "mistyped.parquet", with_columns(&events, vec![column]), &[words, "`gaitkeeper columns`"]);
    }
}

#[test]
fn a_bad_cell_is_named_by_line_and_column() {
    let place = prepared();
    for (column, cell, words) in [
        ("file_count", "many", "at row 2, line 3, column file_count: `many` is not a whole number"),
        ("removed", "yes", "at row 2, line 3, column removed: `yes` is not true or false"),
        ("published_at", "yesterday", "at row 2, line 3, column published_at: `yesterday` is not a time"),
        ("published_at", "", "at row 2, column published_at: is empty"),
        ("package", "", "at row 2, column package: is empty"),
        ("version", "", "at row 2, column version: is empty"),
    ] {
        refused(&place, "cell.csv", csv_with(column, cell), &[words]);
    }
    let long = format!("{}x,y\r\n", csv_with("", ""));
    refused(&place, "long.csv", long, &["not a readable CSV table", "line: 4"]);
    refused(&place, "latin.csv", b"registry,package,version,published_at,publisher\nnpm,p\xe4,1,2,3\n", &["UTF-8"]);
}

#[test]
fn publish_times_that_cannot_be_are_refused_in_every_format() {
    let place = prepared();
    for (year, shown) in [("0000", "0000-01-01"), ("1970", "1970-01-01"), ("9999", "9999-01-01")] {
        let words = format!("at row 2, column published_at: {shown}");
        let cell = format!("{year}-01-01T00:00:00Z");
        refused(&place, "time.csv", csv_with("published_at", &cell), &[&words, "is outside 2009 to 2099"]);
        let document = Document::new(&format!("pkg-{year}")).sound_versions(1).version("9.0.0", &cell, "");
        let out = partly(&place, &document);
        assert!(out.contains("1 new") && out.contains("skipped 9.0.0: the time"), "{out}");
    }
    for millis in [i64::MIN, -62_167_219_200_000, 0, 253_402_300_799_999, i64::MAX] {
        let event = PublishEvent { published_at: Some(millis), ..Scene::steady(1).events.remove(0) };
        let words = ["at row 1, column published_at: ", "is outside 2009 to 2099"];
        refused(&place, "time.parquet", parquet(&[event]), &words);
    }
    let stamps = Column::new("published_at".into(), [i64::MAX]);
    let stamps = stamps.cast(&DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC))).expect("cast");
    let table = with_columns(&Scene::steady(1).events, vec![stamps]);
    refused(&place, "time.parquet", table, &["2262-04-11", "is outside 2009 to 2099"]);
}

#[test]
fn the_first_of_two_different_rows_of_a_version_stays() {
    let place = Place::new();
    let event = PublishEvent { package: said("twice"), ..Scene::steady(1).events.remove(0) };
    let other = PublishEvent { publisher: said("eve"), ..event.clone() };
    for (name, bytes) in
        [("twice.parquet", parquet(&[event.clone(), other.clone()])), ("twice.csv", csv(&[event, other]))]
    {
        let run = place.import(name, bytes);
        assert!(run.out.contains("1 refused") && run.out.contains("publisher was `ann`"), "{}", run.out);
    }
    let document = Document::new("doc").version("1.0.0", TIME, "");
    let other = SOUND.replace("ada", "eve");
    let out = partly(&place, &document.object("1.0.0", &other));
    assert!(out.contains("1 new") && out.contains("skipped 1.0.0: second, different object"), "{out}");
    let publishers: Vec<_> = held(&place.path("archive")).into_iter().filter_map(|e| e.publisher).collect();
    assert_eq!(publishers, ["ada", "ann"]);
}

#[test]
fn names_that_could_do_harm_are_refused() {
    let place = prepared();
    let ringing =
        [("../x", "it holds a path"), ("\u{1b}[2Jx", "control characters"), ("a\u{202e}b", "control characters")];
    for (name, why) in ringing {
        let words = ["at row 2, column package: ", "is not a package name", why];
        let run = refused(&place, "name.csv", csv_with("package", name), &words);
        assert!(!run.err.contains(['\u{1b}', '\u{202e}']), "{}", run.err);
        let document = Document::new(name).sound_versions(1).json();
        let run = refused(&place, "name.json", document, &["at name: ", "is not a package name", why]);
        assert!(!run.err.contains(['\u{1b}', '\u{202e}']), "{}", run.err);
    }
}

#[test]
fn good_files_are_taken_up_beside_bad_ones() {
    let place = prepared();
    place.write("good.csv", csv_with("version", "1.0.1"));
    place.write("bad.json", "{");
    let run = place.on_archive(&["import", "bad.json", "good.csv", "missing.json"]).exits(1);
    assert!(run.out.contains("good.csv: 2 new"), "{}", run.out);
    run.says(&["bad.json: at line 1", "missing.json: cannot be read", "2 of 3 files were not taken up", "help: see"]);
    assert_eq!(held(&place.path("archive")).len(), 5);
}

#[test]
fn what_is_not_a_file_is_refused() {
    let place = prepared();
    let before = place.files("archive");
    for name in ["missing.json", "missing.csv", "archive"] {
        let words = [&format!("{name}: cannot be read"), "help: check the path"];
        place.on_archive(&["import", name]).exits(1).says(&words);
    }
    assert_eq!(place.files("archive"), before);
    place.write("file", b"x");
    place.run(&["import", "start.parquet", "--archive", "file"]).exits(1).says(&["file", "help: "]);
}

#[test]
fn a_damaged_segment_is_named_and_nothing_is_added() {
    let place = prepared();
    place.write("archive/events/000002.parquet", b"PAR1 cut off");
    let before = place.files("archive");
    place.write("good.csv", csv_with("version", "1.0.1"));
    for args in [&["import", "good.csv"][..], &["score"], &["investigate", "pkg@1.0.0"]] {
        place.on_archive(args).exits(1).says(&["000002.parquet", "not a readable Parquet file", "help: "]);
    }
    assert_eq!(place.files("archive"), before);
}
