//! Scoring an archive: the window, the filters, and what each format promises.

use std::collections::BTreeSet;

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::table::show_time;
use gaitkeeper::detect::scene::{Scene, said};
use serde_json::Value;

use crate::command::Place;
use crate::tables::parquet;

const DAY: i64 = 86_400_000;

/// A stranger publishes with a hook after sixty usual weeks, among packages whose names are awkward in a table.
fn scene() -> Scene {
    Scene::steady(60)
        .all(|e| e.package = said("@scope/pkg"))
        .after(DAY, |e| {
            e.package = said("@scope/pkg");
            e.publisher = said("=eve, \"the\" one");
            e.publisher_email_id = said("eeeeeeeeeeee");
            e.install_scripts = said("postinstall");
            e.install_script_id = said("b3:000000000000");
            e.dependencies = said("left|right|=wrong, \"here\"");
            e.node_version = said("6.0.0");
        })
        .after(DAY, |e| e.package = said("other"))
}

fn place(events: &[PublishEvent]) -> Place {
    let place = Place::new();
    place.import("events.parquet", parquet(events));
    place
}

/// The lines of a score as JSON: the findings, and the summary.
fn lines(place: &Place, args: &[&str]) -> (Vec<Value>, Value) {
    let run = place.on_archive(&[&["score", "--format", "jsonl"], args].concat()).exits(0);
    let mut lines: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().all(|line| line["schema_version"] == 1), "{}", run.out);
    let summary = lines.pop().expect("a summary");
    assert_eq!(summary["kind"], "summary");
    assert!(lines.iter().all(|line| line["kind"] == "finding"), "{}", run.out);
    (lines, summary)
}

/// Hundredths of a shown number of points.
fn hundredths(points: &str) -> i64 {
    let (whole, part) = points.split_once('.').unwrap_or_else(|| panic!("{points} has two digits"));
    assert_eq!(part.len(), 2, "{points}");
    format!("{whole}{part}").parse().unwrap_or_else(|_| panic!("{points} is a number"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is no string: {value}"))
}

fn time_of(event: &PublishEvent) -> i64 {
    event.published_at.expect("a time")
}

#[test]
fn the_window_is_the_last_thirty_days_unless_asked_otherwise() {
    let events = scene().events;
    let place = place(&events);
    let newest = time_of(&events[61]);
    for (args, from, to) in [
        (&["--all"][..], newest - 30 * DAY, newest),
        (&["--all", "--since", "8d"], newest - 8 * DAY, newest),
        (&["--all", "--since", "36h"], newest - 36 * DAY / 24, newest),
        (&["--all", "--since", "2024-12-20"], 1_734_652_800_000, newest),
        (&["--all", "--as-of", "2024-12-20T00:00:00Z"], 1_734_652_800_000 - 30 * DAY, 1_734_652_800_000),
    ] {
        let (findings, summary) = lines(&place, args);
        let inside = events.iter().filter(|e| (from..=to).contains(&time_of(e))).count();
        let before = events.iter().filter(|e| time_of(e) < from).count();
        assert!(inside > 0 && before > 0, "{args:?}");
        assert_eq!((text(&summary, "since"), text(&summary, "as_of")), (&*show_time(from), &*show_time(to)));
        assert_eq!(
            (findings.len(), &summary["publishes"], &summary["taught"]),
            (inside, &inside.into(), &before.into())
        );
    }
}

#[test]
fn what_comes_after_the_end_of_the_window_changes_nothing() {
    let events = scene().events;
    let (past, future) = events.split_at(57);
    let as_of = show_time(time_of(&past[56]));
    let mut removed = past[50].clone();
    removed.package = said("new-name");
    removed.published_at = future.last().and_then(|e| e.published_at);
    let short = place(past);
    let mut all: Vec<_> = events.clone();
    all.push(removed);
    all.reverse();
    let long = place(&all);
    for format in ["text", "csv", "jsonl"] {
        let args = ["score", "--as-of", &as_of, "--budget", "1/5", "--format", format];
        let expected = short.on_archive(&args).exits(0).out;
        assert_eq!(long.on_archive(&args).exits(0).out, expected, "{format}");
        let all = [&args[..], &["--all"]].concat();
        assert_eq!(long.on_archive(&all).exits(0).out, short.on_archive(&all).exits(0).out, "{format}");
        let open = ["score", "--budget", "1/5", "--format", format];
        assert_ne!(long.on_archive(&open).exits(0).out, expected, "{format}");
    }
}

#[test]
fn filters_choose_findings_and_leave_scores_as_they_are() {
    let place = place(&scene().events);
    let (all, _) = lines(&place, &["--all"]);
    let eve = "=eve, \"the\" one";
    for (args, name, value) in [
        (&["--package", "other"][..], "package", &["other"][..]),
        (&["--actor", eve], "publisher", &[eve]),
        (&["--actor", eve, "--actor", "ann"], "publisher", &[eve, "ann"]),
    ] {
        let (found, summary) = lines(&place, &[&["--all"], args].concat());
        let expected: Vec<_> = all.iter().filter(|line| value.contains(&text(line, name))).cloned().collect();
        assert!(!expected.is_empty(), "{args:?}");
        assert_eq!((&found, &summary["publishes"]), (&expected, &expected.len().into()));
    }
    let (found, _) = lines(&place, &["--all", "--package", "other", "--actor", eve]);
    assert_eq!(found, Vec::<Value>::new(), "both must hold");
}

#[test]
fn the_budget_chooses_what_is_listed_and_the_summary_counts_it() {
    let place = place(&scene().events);
    let (all, _) = lines(&place, &["--all", "--budget", "1/20"]);
    let (found, summary) = lines(&place, &["--budget", "1/20"]);
    let rare: Vec<_> = all.iter().filter(|line| line["p_value"].as_f64() <= Some(0.05)).cloned().collect();
    assert_eq!(found, rare);
    assert_eq!(text(&found[0], "publisher"), "=eve, \"the\" one");
    assert_eq!((&summary["alerts"], &summary["publishes"]), (&found.len().into(), &all.len().into()));
    let share = summary["alerts"].as_f64().zip(summary["publishes"].as_f64()).map(|(alerts, all)| alerts / all);
    assert_eq!(summary["empirical_rate"].as_f64(), share);
    assert_eq!(summary["budget"].as_f64(), Some(0.05));
    let ids: BTreeSet<&str> = all.iter().map(|line| text(line, "id")).collect();
    assert_eq!(ids.len(), all.len(), "ids are distinct");
    let scores: Vec<i64> = all.iter().map(|line| hundredths(text(line, "score"))).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
}

#[test]
fn contributions_sum_to_the_score() {
    let place = place(&scene().events);
    let (all, _) = lines(&place, &["--all", "--since", "2020-01-01"]);
    assert_eq!(all.len(), 62);
    for line in &all {
        let contributions = line["contributions"].as_array().expect("a list");
        let sum: i64 = contributions.iter().map(|c| hundredths(text(c, "points"))).sum();
        assert_eq!(sum, hundredths(text(line, "score")), "{line}");
    }
    assert!(all[0]["contributions"].as_array().expect("a list").len() > 3, "{}", all[0]);
}

#[test]
fn the_table_has_a_row_a_finding_and_no_formulas() {
    let place = place(&scene().events);
    let (found, _) = lines(&place, &["--all"]);
    let run = place.on_archive(&["score", "--all", "--format", "csv"]).exits(0);
    assert_eq!(run.out.matches("\r\n").count(), run.out.matches('\n').count(), "{:?}", run.out);
    let mut table = csv::Reader::from_reader(run.out.as_bytes());
    let header = table.headers().expect("header").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect("column");
    let rows: Vec<_> = table.records().map(|row| row.expect("as many cells as columns")).collect();
    assert_eq!(rows.len(), found.len());
    for (row, line) in rows.iter().zip(&found) {
        assert_eq!(&row[at("purl")], text(line, "purl"));
        assert_eq!(&row[at("score")], text(line, "score"));
        assert_eq!(&row[at("published_at")], text(line, "published_at"));
        assert_eq!(row[at("not_judged")].parse().ok(), line["not_judged"].as_object().map(serde_json::Map::len));
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '@', '\t', '\r']), "{cell}");
        }
    }
    let first = &rows[0];
    assert_eq!(&first[at("purl")], "pkg:npm/%40scope/pkg@1.0.60");
    assert_eq!((&first[at("package")], &first[at("publisher")]), ("'@scope/pkg", "'=eve, \"the\" one"));
    let reasons = found[0]["contributions"].as_array().expect("a list");
    assert_eq!(
        (&first[at("reason_1")], &first[at("points_1")]),
        (text(&reasons[0], "name"), text(&reasons[0], "points"))
    );
}

/// Score and summands of each finding in a text for reading.
fn blocks(out: &str) -> Vec<(i64, i64)> {
    let mut blocks: Vec<(i64, i64)> = Vec::new();
    for line in out.lines() {
        if let Some((_, rest)) = line.split_once("  score ") {
            blocks.push((hundredths(rest.split_whitespace().next().unwrap_or_default()), 0));
        } else if let (Some(block), Some(first)) = (blocks.last_mut(), line.split_whitespace().next())
            && line.starts_with("  ")
            && first.contains('.')
            && first.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit() || b == b'.')
        {
            block.1 += hundredths(first);
        }
    }
    blocks
}

#[test]
fn the_numbers_for_reading_add_up() {
    let place = place(&scene().events);
    let run = place.on_archive(&["score", "--all", "--since", "2020-01-01"]).exits(0);
    let blocks = blocks(&run.out);
    assert_eq!(blocks.len(), 62);
    assert!(blocks[0].0 > blocks[1].0 + 500, "{}", run.out);
    assert!(blocks.iter().all(|(score, sum)| score == sum), "{blocks:?}\n{}", run.out);
    let run = place.on_archive(&["investigate", "@scope/pkg@1.0.60"]).exits(0);
    assert!(run.out.contains("The package around it (9 of 61 versions)"), "{}", run.out);
    let summands = run.out.lines().skip_while(|line| !line.starts_with("Score")).skip(1);
    let mut summands: Vec<i64> = summands
        .take_while(|line| line.starts_with("  "))
        .map(|line| hundredths(line.split_whitespace().next().unwrap_or_default()))
        .collect();
    let all = summands.pop().expect("in all");
    assert_eq!((summands.iter().sum::<i64>(), all), (blocks[0].0, blocks[0].0), "{}", run.out);
}

#[test]
fn what_comes_closest_is_shown_where_nothing_is_rare_enough() {
    let place = place(&scene().events);
    let run = place.on_archive(&["score", "--budget", "1/100000"]).exits(0);
    assert!(run.out.starts_with("Nothing in the window is unusual enough for the budget."), "{}", run.out);
    let highest: Vec<_> = blocks(&place.on_archive(&["score", "--all"]).exits(0).out).into_iter().take(3).collect();
    assert_eq!(blocks(&run.out), highest);
    assert!(run.out.contains("\n0 unusual at a budget of 1/100000: 0.000 %"), "{}", run.out);
}

#[test]
fn the_exit_code_speaks_of_what_is_listed() {
    let place = place(&scene().events);
    for (args, code) in [
        (&[][..], 0),
        (&["--budget", "1/20"], 0),
        (&["--budget", "1/20", "--fail-on", "1/20"], 10),
        (&["--budget", "5%", "--fail-on", "1/1000"], 10),
        (&["--budget", "5%", "--fail-on", "1/100000"], 0),
        (&["--budget", "1/100000", "--fail-on", "1/20"], 0),
        (&["--all", "--fail-on", "1/20"], 10),
        (&["--budget", "1/20", "--fail-on", "1/20", "--package", "other"], 0),
    ] {
        place.on_archive(&[&["score"], args].concat()).exits(code);
    }
}

#[test]
fn a_small_archive_can_alert_at_the_default_budget() {
    let run = place(&scene().events).on_archive(&["score", "--fail-on", "1/1000"]).exits(10);
    assert!(run.out.starts_with("@scope/pkg@1.0.60"), "{}", run.out);
}

#[test]
fn a_window_without_publishes_and_one_that_ends_before_it_begins_are_errors() {
    let place = place(&scene().events);
    place.on_archive(&["score", "--as-of", "2005-01-01"]).exits(3).says(&["no publish from", "help:"]);
    place.on_archive(&["score", "--since", "2099-01-01"]).exits(2).says(&["ends before that", "help:"]);
}

#[test]
fn the_same_question_has_the_same_answer() {
    let place = place(&scene().events);
    let files = place.files("archive");
    for args in [
        &["score", "--all"][..],
        &["score", "--all", "--format", "csv"],
        &["score", "--budget", "1/20", "--format", "jsonl"],
        &["investigate", "@scope/pkg@1.0.60"],
        &["investigate", "pkg:npm/%40scope/pkg@1.0.60", "--format", "jsonl"],
    ] {
        let run = place.on_archive(args).exits(0);
        assert!(!run.out.is_empty() && run.err.is_empty(), "{args:?} {}", run.err);
        assert_eq!(place.on_archive(args).out, run.out, "{args:?}");
        let quiet = place.on_archive(&[args, &["--quiet"]].concat()).exits(0);
        assert_eq!((quiet.out, quiet.err), (run.out, String::new()), "{args:?}");
    }
    assert_eq!(place.files("archive"), files, "judging changes nothing");
}

#[test]
fn strings_of_strangers_reach_a_program_as_they_are() {
    let odd = "eve\u{1b}[2J\u{7f}\u{9b}31m\u{202e}\"\\\n=";
    let place = place(&Scene::steady(3).next(|e| e.publisher = said(odd)).events);
    for colour in ["never", "always"] {
        let (found, _) = lines(&place, &["--all", "--color", colour]);
        assert!(found.iter().any(|line| line["publisher"] == odd), "{found:?}");
    }
}

#[test]
fn a_budget_by_the_day_is_the_share_that_the_past_month_makes_of_it() {
    use gaitkeeper::detect::calibration::Volume;
    let daily: Volume = "5/day".parse().expect("a volume");
    let budget = daily.budget(85.0);
    assert_eq!(budget.to_string(), "5/day (1/17)");
    // A day with fewer publishes than may be read is read whole.
    assert_eq!(daily.budget(2.0).to_string(), "5/day (1/1)");
    let share: Volume = "1/1000".parse().expect("a volume");
    assert_eq!((share.budget(85.0).to_string(), share.budget(2.0).to_string()), ("1/1000".into(), "1/1000".into()));

    // Hourly publishes: 24 a day in the past month, so that 1/day is one in 24 of them, as 1/24 says.
    let hourly = (0..24 * 40).fold(Scene::default(), |scene, _| scene.after(DAY / 24, |_| {}));
    let place = place(&hourly.events);
    let (alerts, summary) = lines(&place, &["--since", "2d", "--budget", "1/day"]);
    let (same, share) = lines(&place, &["--since", "2d", "--budget", "1/24"]);
    assert_eq!(alerts, same);
    assert!((summary["budget"].as_f64().expect("a share") * 24.0 - 1.0).abs() < 1e-9, "{summary}");
    assert_eq!(summary["alerts"], share["alerts"]);
}
