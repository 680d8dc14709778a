//! Suppressions: what is kept quiet and until when, what is wrong with a file, and that nothing becomes invisible.

use std::fs;

use gaitkeeper::review::suppressions::{day, parse};

use crate::command::{Outcome, Place};
use crate::review_setting::{WINDOW, archive};

/// The day of the report that is asked for below.
const AS_OF: &str = "2024-06-02";

fn entry(lines: &str, until: &str) -> String {
    format!(
        "[[suppression]]\nregistry = \"npm\"\n{lines}\nwho = \"ann\"\nwhy = \"known <b>\"\ncreated = 2024-05-01\nuntil = {until}\n"
    )
}

fn score(place: &Place, more: &[&str]) -> Outcome {
    place.on_archive(&[&["score", "--as-of", AS_OF], &WINDOW[..], more].concat())
}

#[test]
fn every_problem_of_a_file_is_told_at_once_with_its_line() {
    let text = "surpression = 1\n\n[[suppression]]\nregistry = \"npm\"\npackage = \"a\"\nwho = \"ann\"\nwhy = \"\"\n\
        created = 2024-05-01\nuntil = \"soon\"\n\n[[suppression]]\nregistry = \"npm\"\npackage = \"a\"\nwho = \"ann\"\n\
        why = \"x\"\ncreated = 2024-05-01\n\n[[suppression]]\nregistry = \"npm\"\npackage = \"a/../b\"\nversion = 1\nwhom = \"x\"\n";
    let error = parse(text).expect_err("wrong");
    for part in [
        "has 7 problems",
        "line 1: `surpression` is not known",
        "line 7: `why` is empty",
        "line 9: `until` is not a day",
        "line 11: `until` is missing",
        "line 11: it is not clear what is kept quiet",
        "line 21: `version` is not a text",
        "line 22: `whom` is not known",
    ] {
        assert!(error.to_string().contains(part), "{part} is not in {error}");
    }
    assert!(error.remedy.is_some());
    for (lines, word) in [
        ("package = \"a\"", "not clear"),
        ("version = \"1\"", "not clear"),
        ("package = \"a\"\nversion = \"1\"\nall-versions = true", "not clear"),
        ("package = \"a\"\nall-versions = false", "not clear"),
        ("package = \"a\"\nversion = \"1\"\nactor = \"bob\"", "not clear"),
        ("all-versions = true", "not clear"),
        ("actor = \"bob\"\nactor = \"eve\"", "TOML"),
        ("actor = bob", "TOML"),
    ] {
        let error = parse(&entry(lines, "2024-07-01")).expect_err(lines);
        assert!(error.to_string().contains(word) && error.to_string().contains("line "), "{lines}: {error}");
    }
    let backwards = parse(&entry("actor = \"bob\"", "2024-04-01")).expect_err("an end before its beginning");
    assert!(backwards.to_string().contains("before `created`"), "{backwards}");
    assert_eq!(
        parse(&entry("actor = \"bob\"", "\"2024-07-01\"")).expect("a date as text")[0].until,
        day("2024-07-01").expect("a day")
    );
    assert!(parse("").expect("nothing is nothing").is_empty());
}

#[test]
fn what_is_suppressed_fails_nothing_and_is_in_every_report() {
    let place = archive();
    let all = score(&place, &["--format", "jsonl"]).exits(0).out;
    assert_eq!(all.matches("\"kind\":\"finding\"").count(), 5);
    place.write(
        "archive/suppressions.toml",
        [
            entry("package = \"lonely\"\nversion = \"2.0.0\"", "2024-12-01"),
            entry("actor = \"bob\"", "2024-06-10"),
            entry("package = \"<img>\"\nall-versions = true", "2024-06-01"),
            entry("package = \"right\"\nversion = \"1.1\"", "2024-12-01"),
        ]
        .concat(),
    );

    let quiet = score(&place, &["--format", "jsonl"]).exits(0);
    quiet.says(&[
        "a suppression ends soon: npm account bob",
        "has ended and keeps nothing quiet: npm <img>, all versions",
    ]);
    let out = score(&place, &["--format", "jsonl"]).exits(0).out;
    assert_eq!((out.matches("\"kind\":\"finding\"").count(), out.matches("\"kind\":\"suppressed\"").count()), (1, 4));
    assert!(
        out.contains("\"standing\":\"wide\",\"scope\":\"npm account bob\"") && out.contains("\"standing\":\"ended\""),
        "{out}"
    );
    let summary = |text: &str| text.lines().last().expect("a summary").split("\"campaigns\"").next().map(str::to_owned);
    assert_eq!(summary(&out), summary(&all), "the counts of the window stay what they are");

    let text = score(&place, &[]).exits(0).out;
    for part in [
        "4 suppressed:",
        "lonely@2.0.0",
        "known <b> (until 2024-12-01, by ann)",
        "Suppressed whatever comes: npm account bob",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let table = score(&place, &["--format", "csv"]).exits(0).out;
    assert_eq!(table.lines().filter(|line| line.contains("known <b>")).count(), 4, "{table}");
    assert!(table.lines().next().is_some_and(|header| header.contains("suppressed")), "{table}");

    place.write("more.toml", entry("package = \"<img>\"\nall-versions = true", "2024-06-02"));
    let fail = ["--fail-on", "1/10"];
    score(&place, &fail).exits(10);
    place.write(
        "archive/suppressions.toml",
        [
            fs::read_to_string(place.path("archive/suppressions.toml")).expect("text"),
            fs::read_to_string(place.path("more.toml")).expect("text"),
        ]
        .concat(),
    );
    let last_day = score(&place, &fail).exits(0);
    assert!(last_day.out.contains("5 suppressed"), "its last day counts: {}", last_day.out);
    score(&place, &[&fail[..], &["--suppressions", "more.toml"]].concat()).exits(10);
    score(&place, &["--suppressions", "none.toml"]).exits(1).says(&["none.toml"]);
    place.write("more.toml", "[[suppression]]\nwho = 1\n");
    score(&place, &["--suppressions", "more.toml"]).exits(2).says(&["more.toml", "line 2", "not a text"]);
}

#[test]
fn check_says_what_each_one_does() {
    let place = archive();
    place.on_archive(&["suppressions", "check"]).exits(0).says(&["there are no suppressions"]);
    place.write(
        "archive/suppressions.toml",
        [
            entry("package = \"lonely\"\nversion = \"2.0.0\"", "2024-12-01"),
            entry("actor = \"bob\"", "2024-06-01"),
            entry("package = \"right\"\nversion = \"1.1.0\"", "2024-12-01"),
            entry("package = \"typo\"\nall-versions = true", "2024-12-01"),
        ]
        .concat(),
    );
    let out = place.on_archive(&[&["suppressions", "check", "--as-of", AS_OF], &WINDOW[..]].concat()).exits(0).out;
    let parts: Vec<&str> = out.split("\n\n").collect();
    assert!(parts[1].starts_with("line 1: 182 days left  npm lonely@2.0.0"), "{out}");
    assert!(parts[1].contains("kept quiet: lonely@2.0.0  score"), "{out}");
    assert!(parts[2].contains("ended") && parts[2].matches("fires again").count() == 3, "{out}");
    assert!(parts[3].contains("matches no finding of this window; the archive holds 1 such publish"), "{out}");
    assert!(parts[4].contains("the archive holds no such publish"), "{out}");
    assert!(
        parts[5].contains("5 findings in the window, 1 of them kept quiet; 2 suppressions match none, 1 have ended"),
        "{out}"
    );
}

#[test]
fn one_is_added_behind_what_the_file_holds() {
    let place = archive();
    place.write("archive/suppressions.toml", "# ours\n");
    let add = |more: &[&str]| {
        let all = ["suppressions", "add", "--who", "ann \"a\" \\", "--why", "moves\nhouse", "--until", "2999-12-31"];
        place.on_archive(&[&all, more].concat())
    };
    add(&["--package", "@bob/middle", "--version", "1.10"]).exits(0).says(&["added: npm @bob/middle@1.10"]);
    add(&["--package", "pypi:requests", "--all-versions"]).exits(0).says(&["pypi requests, all versions"]);
    add(&["--actor", "eve"]).exits(0);
    let text = fs::read_to_string(place.path("archive/suppressions.toml")).expect("text");
    assert!(text.starts_with("# ours\n\n[[suppression]]"), "{text}");
    let entries = parse(&text).expect("what was added can be read");
    assert_eq!((entries.len(), entries[0].who.as_str(), entries[0].why.as_str()), (3, "ann \"a\" \\", "moves\nhouse"));
    let list = place.on_archive(&["suppressions", "list"]).exits(0).out;
    assert!(list.lines().count() == 3 && list.contains("days left  npm account eve: moves\\u{a}house"), "{list}");

    add(&["--actor", "eve"]).exits(2).says(&["kept quiet until 2999-12-31 already", "line "]);
    add(&["--package", "left"]).exits(2).says(&["--all-versions"]);
    add(&["--package", "left", "--version", "1", "--all-versions"]).exits(2);
    add(&["--package", "left", "--version", " "]).exits(2).says(&["`version` is empty"]);
    add(&[]).exits(2);
    let past = ["suppressions", "add", "--actor", "x", "--why", "y", "--who", "z", "--until"];
    place.on_archive(&[&past[..], &["2020-01-01"]].concat()).exits(2).says(&["is over"]);
    place.on_archive(&[&past[..], &["soon"]].concat()).exits(2).says(&["--until", "2026-12-31"]);
    place.run(&[&past[..], &["2999-01-01"]].concat()).exits(2).says(&["--archive"]);
    assert_eq!(
        fs::read_to_string(place.path("archive/suppressions.toml")).expect("text"),
        text,
        "refused is not written"
    );
    place.write("archive/suppressions.toml", "[[suppression]]\nwho = 1\n");
    add(&["--actor", "eve"]).exits(2).says(&["line 2"]);
    assert_eq!(
        fs::read_to_string(place.path("archive/suppressions.toml")).expect("text"),
        "[[suppression]]\nwho = 1\n"
    );

    place.write("archive/suppressions.toml", "");
    let actors: Vec<String> = (0..6).map(|n| format!("bot-{n}")).collect();
    let children = actors.iter().map(|actor| {
        let args = [&past[..], &["2999-01-01", "--archive", "archive"]].concat();
        let args: Vec<&str> = args.into_iter().map(|arg| if arg == "x" { actor.as_str() } else { arg }).collect();
        place.command(&args).stderr(std::process::Stdio::null()).spawn().expect("the program starts")
    });
    children.collect::<Vec<_>>().into_iter().for_each(|mut child| assert!(child.wait().expect("ends").success()));
    let text = fs::read_to_string(place.path("archive/suppressions.toml")).expect("text");
    assert_eq!(parse(&text).expect("readable").len(), 6, "six at once");
}
