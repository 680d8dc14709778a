//! The queue as a spreadsheet: out, edited as people and programs edit, and back in.

use std::fs;

use gaitkeeper::archive::verdicts::Verdict;
use gaitkeeper::names::ReleaseId;
use gaitkeeper::review::store::{Given, Kept, Store};

use crate::command::{Outcome, Place};
use crate::review_setting::{WINDOW, archive};

fn held(place: &Place) -> Vec<Kept> {
    Store::read(&place.path("archive")).expect("readable").map_or_else(Vec::new, |store| store.all().expect("read"))
}

fn export(place: &Place) -> String {
    place.on_archive(&[&["review", "export", "q.csv"], &WINDOW[..]].concat()).exits(0);
    String::from_utf8(fs::read(place.path("q.csv")).expect("the table")).expect("UTF-8")
}

/// The cells of a table.
fn cells(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect()
}

/// A table from cells, as a spreadsheet with these habits saves it.
fn saved(cells: &[Vec<String>], separator: u8, bom: bool, crlf: bool) -> Vec<u8> {
    let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let start = if bom { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
    let mut writer = csv::WriterBuilder::new().delimiter(separator).terminator(terminator).from_writer(start);
    for row in cells {
        writer.write_record(row).expect("memory");
    }
    writer.into_inner().expect("memory")
}

fn import(place: &Place, table: impl AsRef<[u8]>, more: &[&str]) -> Outcome {
    place.write("back.csv", table);
    place.on_archive(&[&["review", "import", "back.csv", "--reviewer", "ann"], more].concat())
}

/// Fills in the row about a release, known by its package.
fn decide(cells: &mut [Vec<String>], package: &str, verdict: &str, reason: &str) {
    let column = |name: &str| cells[0].iter().position(|n| n == name).expect("a column");
    let (p, v, r) = (column("package"), column("verdict"), column("reason"));
    let row = cells.iter_mut().find(|row| row[p].trim_start_matches('\'') == package).expect("a row");
    verdict.clone_into(&mut row[v]);
    reason.clone_into(&mut row[r]);
}

#[test]
fn what_was_filled_in_is_recorded_however_the_spreadsheet_saves() {
    for (separator, bom, crlf, reordered, eaten) in [
        (b',', true, true, false, false),
        (b';', true, true, false, true),
        (b';', false, false, true, false),
        (b'\t', false, true, true, true),
    ] {
        let place = archive();
        let mut table = cells(&export(&place));
        assert_eq!(table.len(), 6, "{table:?}");
        assert!(table[1..].iter().any(|row| row[3] == "'1.10" && row[2].starts_with("'@bob")), "{table:?}");
        decide(&mut table, "right", "Malicious", "=cmd|' /C calc'!A0; \"quoted\",\r\nsecond line");
        decide(&mut table, "lonely", " benign ", "asked her; she says \u{e9}");
        if eaten {
            table.iter_mut().flatten().for_each(|cell| *cell = cell.trim_start_matches('\'').to_owned());
        }
        for row in &mut table {
            row.push(String::new());
        }
        "notes".clone_into(table[0].last_mut().expect("a column"));
        table.push(vec![String::new(); table[0].len()]);
        if reordered {
            for row in &mut table {
                row.reverse();
            }
        }
        let bytes = saved(&table, separator, bom, crlf);
        let before = place.files("archive");
        let dry = import(&place, &bytes, &["--dry-run"]).exits(0);
        assert!(dry.out.contains("2 would be recorded, 3 unchanged"), "{}", dry.out);
        assert_eq!(place.files("archive"), before, "a dry run writes nothing");
        let done = import(&place, &bytes, &[]).exits(0);
        assert!(done.out.contains("2 recorded, 3 unchanged, 0 decided otherwise"), "{}", done.out);
        let latest = Store::read(&place.path("archive")).expect("readable").expect("there").latest().expect("read");
        let of = |package: &str, version: &str| {
            let release = ReleaseId { registry: "npm".into(), package: package.into(), version: version.into() };
            latest[&release].given.clone()
        };
        let right = of("right", "1.10");
        assert_eq!((right.verdict, right.reviewer.as_str()), (Verdict::Malicious, "ann"));
        assert_eq!(right.reason, "=cmd|' /C calc'!A0; \"quoted\",\nsecond line");
        assert_eq!(of("lonely", "2.0.0").reason, "asked her; she says \u{e9}");
        assert!(import(&place, &bytes, &[]).exits(0).out.contains("0 recorded, 5 unchanged"), "twice is once");

        let again = export(&place);
        assert!(import(&place, &again, &[]).exits(0).out.contains("0 recorded, 5 unchanged"), "{again}");
        assert_eq!(held(&place).len(), 2);
    }
}

#[test]
fn a_row_that_was_decided_otherwise_in_the_meantime_is_left_unless_it_is_said_whose_holds() {
    let place = archive();
    let mut table = cells(&export(&place));
    decide(&mut table, "lonely", "malicious", "mine");
    decide(&mut table, "left", "unsure", "look again");
    let mine = saved(&table, b',', true, true);
    let release = ReleaseId { registry: "npm".into(), package: "lonely".into(), version: "2.0.0".into() };
    let theirs = Given {
        release: release.clone(),
        verdict: Verdict::Benign,
        reason: "theirs".into(),
        reviewer: "eve".into(),
        at: 9,
    };
    Store::open(&place.path("archive")).expect("the store").record(&theirs).expect("recorded");

    for flag in ["--theirs", "--mine"] {
        let dry = import(&place, &mine, &[flag, "--dry-run"]);
        assert!(dry.out.contains("lonely@2.0.0 was decided in the meantime: benign by eve"), "{}", dry.out);
    }
    let refused = import(&place, &mine, &[]).exits(1).says(&["1 rows were decided otherwise", "--mine", "--theirs"]);
    assert!(
        refused.out.contains("theirs") && refused.out.contains("the table says malicious: mine"),
        "{}",
        refused.out
    );
    assert_eq!(held(&place).len(), 2, "the other row is recorded");
    import(&place, &mine, &["--theirs"]).exits(0);
    assert_eq!(held(&place).len(), 2);
    import(&place, &mine, &["--mine"]).exits(0);
    let last = held(&place).pop().expect("a verdict");
    assert_eq!((last.id, last.given.reason.as_str(), last.given.release), (3, "mine", release));
    place.on_archive(&["review", "import", "back.csv", "--mine", "--theirs"]).exits(2);

    // Who exported after a verdict and changes it contradicts nobody; who did not touch the row says nothing.
    let mut fresh = cells(&export(&place));
    let untouched = saved(&fresh, b';', true, true);
    decide(&mut fresh, "lonely", "benign", "all clear");
    assert!(import(&place, saved(&fresh, b';', true, true), &[]).exits(0).out.contains("1 recorded"));
    assert!(import(&place, untouched, &[]).exits(0).out.contains("0 recorded"), "an old copy overrules nobody");
}

#[test]
fn one_bad_cell_and_nothing_is_recorded() {
    let place = archive();
    let good = cells(&export(&place));
    let with = |change: &dyn Fn(&mut Vec<Vec<String>>)| {
        let mut table = good.clone();
        decide(&mut table, "left", "benign", "fine");
        change(&mut table);
        saved(&table, b',', false, false)
    };
    let version = |table: &mut Vec<Vec<String>>, text: &str| {
        let row = table.iter_mut().find(|row| row[2] == "right").expect("a row");
        text.clone_into(&mut row[3]);
    };
    let utf16: Vec<u8> = "\u{feff}id,registry".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(Vec<u8>, &[&str]); 13] = [
        (with(&|t| decide(t, "right", "guilty", "x")), &["column verdict", "`guilty`", "benign, malicious or unsure"]),
        (with(&|t| decide(t, "right", "benign", "")), &["column reason", "is empty"]),
        (with(&|t| decide(t, "right", "", "why")), &["column verdict", "no verdict"]),
        (with(&|t| decide(t, "right", "benign", &"x".repeat(4_001))), &["column reason", "4001 bytes"]),
        (with(&|t| version(t, "1.1")), &["column version", "`1.1` was `1.10`", "as text"]),
        (with(&|t| version(t, "")), &["column version", "is empty"]),
        (with(&|t| t[1][0] = "0123456789abcdef".into()), &["line 2", "column id", "no id of this archive"]),
        (
            with(&|t| {
                t[1][0].clear();
                t[1][3] = "9.9.9".into();
            }),
            &["line 2", "column version", "the archive holds no"],
        ),
        (with(&|t| t[2][11] = "yesterday".into()), &["line 3", "column decided_at", "`yesterday`"]),
        (with(&|t| t[0][8] = "opinion".into()), &["line 1", "verdict are missing"]),
        (with(&|t| t[0][7] = "verdict".into()), &["line 1", "`verdict` is there twice"]),
        ([&with(&|_| ()), &b"\xff\n"[..]].concat(), &["not in UTF-8", "CSV UTF-8"]),
        (utf16, &["not in UTF-8"]),
    ];
    for (bytes, words) in cases {
        let refused = import(&place, &bytes, &[]).exits(1).says(words).says(&["back.csv", "help:"]);
        assert!(refused.out.is_empty() && held(&place).is_empty(), "{words:?}");
    }
    let several = with(&|t| {
        decide(t, "right", "guilty", "x");
        decide(t, "lonely", "benign", "");
    });
    import(&place, several, &[]).exits(1).says(&["2 rows", "column verdict", "column reason"]);
    let contradiction = with(&|t| {
        let mut again = t.iter().find(|row| row[2] == "left").expect("a row").clone();
        again[8] = "malicious".into();
        t.push(again);
    });
    import(&place, contradiction, &[]).exits(1).says(&["about the same release, left@1.10"]);
    let ragged = with(&|_| ()).strip_suffix(b"\n").map(|b| [b, b",stray\n"].concat()).expect("a line");
    import(&place, ragged, &[]).exits(1).says(&["`stray` stands beyond the last column", "cell 13"]);
    assert!(held(&place).is_empty());
}

#[test]
fn an_export_brings_verdicts_back_that_were_lost() {
    let place = archive();
    let mut table = cells(&export(&place));
    decide(&mut table, "lonely", "malicious", "stolen");
    import(&place, saved(&table, b',', true, true), &[]).exits(0);
    let before = held(&place);
    let kept = export(&place);
    for name in ["review.sqlite", "review.sqlite-wal", "review.sqlite-shm"] {
        let _ = fs::remove_file(place.path("archive").join(name));
    }
    place.write("back.csv", kept);
    place.on_archive(&["review", "import", "back.csv", "--reviewer", "somebody else"]).exits(0);
    assert_eq!(held(&place), before, "with the name and the time that they had");
}

#[test]
fn two_imports_at_once_record_each_row_once() {
    let place = archive();
    let mut table = cells(&export(&place));
    for package in ["left", "right", "lonely"] {
        decide(&mut table, package, "benign", "fine");
    }
    place.write("back.csv", saved(&table, b',', true, true));
    let args = ["review", "import", "back.csv", "--reviewer", "ann", "--archive", "archive"];
    let children: Vec<_> = (0..4)
        .map(|_| place.command(&args).stderr(std::process::Stdio::piped()).spawn().expect("the program starts"))
        .collect();
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let late = said.contains("in the same moment") || said.contains("decided otherwise");
        assert!(output.status.success() || late, "{said}");
    }
    assert_eq!(held(&place).len(), 3);
}

#[test]
fn a_row_is_named_by_the_line_on_which_an_editor_shows_it() {
    let place = archive();
    let mut table = cells(&export(&place));
    decide(&mut table, "left", "benign", "first\nsecond");
    decide(&mut table, "right", "guilty", "x");
    let at = |package: &str| table.iter().position(|row| row[2] == package).expect("a row");
    let line = 1 + at("right") + usize::from(at("left") < at("right"));
    for crlf in [false, true] {
        let bytes = saved(&table, b',', true, crlf);
        import(&place, bytes, &[]).exits(1).says(&[&format!("line {line}, column verdict")]);
    }
}

#[test]
fn a_copy_that_names_its_reviewers_needs_nobody_else_to_sign() {
    let place = archive();
    let mut table = cells(&export(&place));
    decide(&mut table, "left", "benign", "ours");
    let unsigned = |name: &str| place.on_archive(&["review", "import", name]);
    place.write("new.csv", saved(&table, b',', true, true));
    unsigned("new.csv").exits(2).says(&["names no login", "--reviewer NAME"]);
    decide(&mut table, "left", "guilty", "ours");
    place.write("wrong.csv", saved(&table, b',', true, true));
    unsigned("wrong.csv").exits(1).says(&["`guilty`"]);
    decide(&mut table, "left", "benign", "ours");
    let row = table.iter_mut().find(|row| row[2] == "left").expect("a row");
    "bob".clone_into(&mut row[10]);
    "2024-06-01T10:00:00.000Z".clone_into(&mut row[11]);
    place.write("copy.csv", saved(&table, b',', true, true));
    unsigned("copy.csv").exits(0);
    assert_eq!(held(&place).iter().map(|kept| kept.given.reviewer.as_str()).collect::<Vec<_>>(), ["bob"]);
}
