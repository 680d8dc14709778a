//! Backtests and evaluations: attacks take the place of what they replace, and the numbers agree.

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::table::show_time;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::engine::peers::{How, PEERS};
use polars::prelude::{Column, DataFrame, PlSmallStr, TimeUnit};
use serde_json::Value;

use crate::command::Place;
use crate::tables::{frame, parquet, with_columns};

const HEADER: [&str; 15] = [
    "registry",
    "package",
    "version",
    "published_at",
    "score",
    "p_value",
    "is_attack",
    "campaign",
    "instance",
    "reason_1",
    "points_1",
    "reason_2",
    "points_2",
    "reason_3",
    "points_3",
];

/// Two hundred usual publishes.
fn events() -> Vec<PublishEvent> {
    let scene = Scene::monorepo(2, 100).events;
    scene
        .into_iter()
        .enumerate()
        .map(|(i, e)| PublishEvent { file_count: Some(10 + i64::try_from(i % 7).expect("small")), ..e })
        .collect()
}

/// What a stranger publishes instead of the version at `at`.
fn stolen(events: &[PublishEvent], at: usize) -> PublishEvent {
    PublishEvent {
        publisher: said("eve"),
        publisher_email_id: said("eeeeeeeeeeee"),
        install_scripts: said("postinstall"),
        install_script_id: said("b3:000000000000"),
        dependencies: said("left|right|wrong"),
        node_version: said("6.0.0"),
        git_head: None,
        ..events[at].clone()
    }
}

/// Attacks of two campaigns: in run 0 one that replaces a version and is followed by a new one, in run 1 a third.
fn attacks(events: &[PublishEvent]) -> Vec<u8> {
    let mut second = stolen(events, 150);
    second.version = said("9.9.9");
    second.published_at = second.published_at.map(|at| at + 60_000);
    let rows = [stolen(events, 150), second, stolen(events, 181)];
    let text = |name: &str, cells: [&str; 3]| Column::new(name.into(), cells);
    let campaign = text("campaign", ["worm", "worm", "clipper"]);
    let instance = text("instance", ["real:1", "real:1", "made:2"]);
    with_columns(&rows, vec![campaign, instance, Column::new("fold".into(), [0_i64, 0, 1])])
}

fn place() -> Place {
    let place = Place::new();
    place.write("events.parquet", parquet(&events()));
    place.write("attacks.parquet", attacks(&events()));
    place
}

fn backtest(place: &Place, args: &[&str]) -> String {
    place.run(&[&["backtest", "--events", "events.parquet"], args].concat()).exits(0).err
}

/// A table of scores as CSV, cell by cell.
fn cells(place: &Place, name: &str) -> Vec<Vec<String>> {
    let mut table = csv::Reader::from_path(place.path(name)).expect("a table");
    assert_eq!(table.headers().expect("header"), HEADER.as_slice());
    table.records().map(|row| row.expect("row").iter().map(str::to_owned).collect()).collect()
}

fn scores(place: &Place, name: &str) -> DataFrame {
    frame(&std::fs::read(place.path(name)).expect("a table"))
}

fn names_of(table: &DataFrame) -> Vec<&str> {
    table.get_column_names().into_iter().map(PlSmallStr::as_str).collect()
}

/// A column as it stands in the CSV table.
fn shown(table: &DataFrame, name: &str) -> Vec<String> {
    let column = table.column(name).expect("column");
    let digits = if name == "p_value" { 6 } else { 2 };
    let show = |i: usize| -> Option<String> {
        if let Ok(texts) = column.str() {
            return texts.get(i).map(str::to_owned);
        }
        if let Ok(flags) = column.bool() {
            return flags.get(i).map(|flag| flag.to_string());
        }
        if let Ok(times) = column.datetime() {
            assert_eq!(times.time_unit(), TimeUnit::Milliseconds);
            return times.physical().get(i).map(show_time);
        }
        column.f64().expect("a number").get(i).map(|number| format!("{number:.digits$}"))
    };
    (0..column.len()).map(|i| show(i).unwrap_or_default()).collect()
}

#[test]
fn both_kinds_of_table_hold_the_same_scores() {
    let place = place();
    for attacks in [&[][..], &["--attacks", "attacks.parquet"]] {
        for name in ["scores.csv", "scores.parquet"] {
            let said = backtest(&place, &[&["--scores", name], attacks].concat());
            let counts =
                if attacks.is_empty() { "200 events scored, 0 of them" } else { "201 events scored, 2 of them" };
            assert!(said.contains(counts) && said.contains(name), "{said}");
        }
        let (rows, table) = (cells(&place, "scores.csv"), scores(&place, "scores.parquet"));
        assert_eq!(names_of(&table), HEADER);
        for (at, name) in HEADER.into_iter().enumerate() {
            let written: Vec<String> = rows.iter().map(|row| row[at].clone()).collect();
            assert_eq!(shown(&table, name), written, "{name}");
        }
    }
}

#[test]
fn attacks_replace_the_rows_of_their_versions_and_are_labelled() {
    let place = place();
    backtest(&place, &["--scores", "clean.csv"]);
    let clean = cells(&place, "clean.csv");
    assert!(clean.iter().all(|row| row[6..9] == ["false", "", ""]));
    for (fold, expected) in [
        ("0", &[("1.0.75", "worm", "real:1"), ("9.9.9", "worm", "real:1")][..]),
        ("1", &[("1.0.90", "clipper", "made:2")]),
    ] {
        backtest(&place, &["--scores", "run.csv", "--attacks", "attacks.parquet", "--fold", fold]);
        let run = cells(&place, "run.csv");
        let labelled: Vec<_> = run.iter().filter(|row| row[6] == "true").collect();
        let labels: Vec<_> = labelled.iter().map(|row| (&*row[2], &*row[7], &*row[8])).collect();
        assert_eq!(labels, expected);
        let score = |row: &[String]| row[4].parse::<f64>().expect("number");
        let mut scores: Vec<f64> = clean.iter().map(|row| score(row)).collect();
        scores.sort_by(f64::total_cmp);
        let usual = scores[scores.len() / 2];
        let replaced = |row: &[String]| clean.iter().find(|other| other[..3] == row[..3]).map(|other| score(other));
        for row in labelled {
            let before = replaced(row).unwrap_or(usual);
            assert!(score(row) > before + 3.0, "{row:?} {before}");
        }
        let mut keys: Vec<_> = run.iter().map(|row| &row[..3]).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), run.len(), "one row a version");
        let first = run.iter().position(|row| row[6] == "true").expect("an attack");
        assert_eq!(run[..first], clean[..first], "what came before an attack is judged as without it");
    }
}

#[test]
fn surprises_have_a_column_a_signal_and_a_row_an_event() {
    let place = place();
    backtest(&place, &["--scores", "s.csv", "--surprises", "bits.parquet", "--attacks", "attacks.parquet"]);
    let table = scores(&place, "bits.parquet");
    let ids = gaitkeeper::detect::signals::SIGNALS.iter().map(|signal| signal.id);
    let names: Vec<&str> = HEADER[..4].iter().copied().chain(ids).collect();
    assert_eq!(names_of(&table), names);
    let rows = cells(&place, "s.csv");
    assert_eq!(table.height(), rows.len());
    let (versions, bits) =
        (shown(&table, "version"), table.column("new-publisher").expect("column").f32().expect("bits"));
    let mut highest = (0.0, "");
    for (i, version) in versions.iter().enumerate() {
        assert_eq!(*version, rows[i][2]);
        let bits = bits.get(i).unwrap_or_default();
        assert!(bits.is_finite() && bits >= 0.0, "{version} {bits}");
        if bits > highest.0 {
            highest = (bits, version);
        }
    }
    assert_eq!(highest.1, "1.0.75", "the stranger's first publish");
}

#[test]
fn nothing_but_errors_is_said_where_quiet_is_asked() {
    let place = place();
    assert_eq!(backtest(&place, &["--scores", "loud.csv"]).lines().count(), 1);
    assert_eq!(backtest(&place, &["--scores", "quiet.csv", "--quiet"]), "");
    assert_eq!(cells(&place, "loud.csv"), cells(&place, "quiet.csv"));
    place
        .run(&["backtest", "--events", "none.csv", "--scores", "s.csv", "--quiet"])
        .exits(1)
        .says(&["none.csv", "help: "]);
}

fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or_else(|| panic!("{name} is no number: {value}"))
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// Share of incidents that `what` counts.
fn share(found: &Value, what: &str) -> f64 {
    number(found, what) / number(found, "incidents")
}

#[test]
fn the_numbers_of_an_evaluation_agree() {
    let place = place();
    let args = ["evaluate", "--events", "events.parquet", "--attacks", "attacks.parquet", "--json"];
    let run = place.run(&args).exits(0);
    let evaluation: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(
        (&evaluation["schema_version"], &evaluation["events"], &evaluation["benign"]),
        (&2.into(), &200.into(), &200.into())
    );
    let methods = evaluation["methods"].as_array().expect("a list");
    let names: Vec<_> =
        methods.iter().map(|m| (m["name"].as_str().unwrap_or_default(), m["budget"].as_u64())).collect();
    let budgets = [Some(100), Some(1_000), Some(10_000)];
    let mut expected: Vec<(&str, Option<u64>)> = budgets.map(|budget| ("gaitkeeper", budget)).to_vec();
    for peer in PEERS {
        match peer.how {
            How::Rule(_) => expected.push((peer.id, None)),
            How::Score(_) | How::Learnt(_) => expected.extend(budgets.map(|budget| (peer.id, budget))),
            How::Hold(_) => {}
        }
    }
    assert_eq!(names, expected);
    for method in methods {
        let rate = number(method, "alert_rate");
        assert!((0.0..=1.0).contains(&rate) && (0.0..=1.0).contains(&number(method, "not_applicable")), "{method}");
        if let Some(budget) = method["budget"].as_f64() {
            assert!(rate <= 1.0 / budget, "{method}");
        }
        let campaigns: Vec<&Value> = method["campaigns"].as_object().expect("an object").values().collect();
        assert_eq!(campaigns.len(), 2);
        for (what, mean) in [("found", "mean_campaign_recall"), ("at_once", "mean_campaign_first_recall")] {
            let recalls: Vec<f64> = campaigns.iter().map(|found| share(found, what)).collect();
            assert!(recalls.iter().all(|recall| (0.0..=1.0).contains(recall)), "{method}");
            assert!(same(number(method, mean), recalls.iter().sum::<f64>() / 2.0), "{method}");
            let all: f64 = campaigns.iter().map(|found| number(found, what)).sum();
            assert!(same(number(&method["all"], what), all), "{method}");
        }
        assert_eq!(method["all"]["incidents"], 2);
        assert!(number(&method["all"], "at_once") <= number(&method["all"], "found"), "{method}");
        assert_eq!(method["real"]["worm"], method["campaigns"]["worm"]);
        assert_eq!((&method["real"]["clipper"], &method["real_publishes"][0]), (&Value::Null, &2.into()));
    }
    assert_eq!(methods[0]["all"]["found"], 2, "{}", methods[0]);
    let releaser = methods.iter().find(|m| m["name"] == "new-releaser").expect("the rule's row");
    assert_eq!(releaser["all"]["at_once"], 2, "an unknown publisher is a new releaser");
    assert_eq!(number(releaser, "alert_rate").to_bits(), 0, "and no one else is");
    assert_eq!(place.run(&args).out, run.out);
    let table = place.run(&args[..5]).exits(0).out;
    assert!(table.starts_with("200 events, 200 of them benign; model "), "{table}");
    assert!(table.contains(" new-releaser "), "{table}");
}
