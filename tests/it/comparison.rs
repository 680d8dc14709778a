//! The comparison: intervals, quantiles, nights, months, and the three forms in which it is shown.

use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::engine::evaluate::incidents::{Found, Quantiles};
use gaitkeeper::engine::evaluate::interval::of_means;
use gaitkeeper::engine::peers::{How, PEERS};
use polars::prelude::Column;
use serde_json::Value;

use crate::command::Place;
use crate::tables::{parquet, with_columns};

const EVALUATE: [&str; 5] = ["evaluate", "--events", "events.parquet", "--attacks", "attacks.parquet"];

/// Two packages a week for two years from 2024-01-02 on; `campaign` steals two versions of one within two minutes.
fn place(campaign: &str) -> Place {
    let place = Place::new();
    let events = Scene::monorepo(2, 104).events;
    place.write("events.parquet", parquet(&events));
    let mut first = events[150].clone();
    first.publisher = said("eve");
    first.publisher_email_id = said("eeeeeeeeeeee");
    first.install_scripts = said("postinstall");
    first.install_script_id = said("b3:000000000000");
    first.dependencies = said("left|right|wrong");
    let mut second = first.clone();
    second.version = said("9.9.9");
    second.published_at = first.published_at.map(|at| at + 120_000);
    let labels =
        [("campaign", campaign), ("instance", "real:1")].map(|(name, text)| Column::new(name.into(), [text; 2]));
    place.write("attacks.parquet", with_columns(&[first, second], labels.to_vec()));
    place
}

fn json(place: &Place, more: &[&str]) -> Value {
    serde_json::from_str(&place.run(&[&EVALUATE[..], &["--json"], more].concat()).exits(0).out).expect("JSON")
}

#[test]
fn intervals_hold_the_mean_and_narrow_with_more_campaigns() {
    let few: Vec<[f64; 2]> = (0..5).map(|i| [f64::from(i % 2), 0.25]).collect();
    let many: Vec<[f64; 2]> = few.iter().copied().cycle().take(200).collect();
    let mean = few.iter().map(|c| c[0]).sum::<f64>() / 5.0;
    let width = |campaigns: &[[f64; 2]]| {
        let [[low, high], constant] = of_means(campaigns);
        assert!(low <= mean && mean <= high, "{low} {mean} {high}");
        assert!(constant.iter().all(|end| (end - 0.25).abs() < 1e-12), "what never varies is certain");
        high - low
    };
    let (wide, narrow) = (width(&few), width(&many));
    assert!(narrow > 0.0 && narrow * 4.0 < wide, "{narrow} {wide}");
    assert_eq!(of_means(&few).map(|ends| ends.map(f64::to_bits)), of_means(&few).map(|ends| ends.map(f64::to_bits)));
    // For 200 zeros and ones with mean 0.4 the normal approximation gives 0.4 +- 0.068.
    assert!((narrow - 0.136).abs() < 0.02, "{narrow}");
    assert!(of_means::<1>(&[])[0].iter().all(|end| end.abs() < 1e-12));
}

#[test]
fn quantiles_are_nearest_ranks() {
    let of = |numbers: &[f64]| Quantiles::of(numbers.to_vec());
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[3.0]), Some(Quantiles { median: 3.0, p90: 3.0 }));
    let tens: Vec<f64> = (1..=10).rev().map(f64::from).collect();
    assert_eq!(of(&tens), Some(Quantiles { median: 5.0, p90: 9.0 }));
    assert!(Found::default().recall().abs() < 1e-12, "nothing to find is nothing found");
}

#[test]
fn the_json_has_every_row() {
    let found = json(&place("worm"), &[]);
    let methods = found["methods"].as_array().expect("a list");
    for peer in PEERS {
        let rows = methods.iter().filter(|m| m["name"] == peer.id).count();
        let holds = found["holds"].as_array().expect("a list").iter().filter(|h| h["name"] == peer.id).count();
        let expected = match peer.how {
            How::Rule(_) => (1, 0),
            How::Score(_) | How::Learnt(_) => (3, 0),
            How::Hold(_) => (0, 1),
        };
        assert_eq!((rows, holds), expected, "{}", peer.id);
    }
    for method in methods {
        assert!(method["rule"].as_str().is_some_and(|rule| !rule.is_empty()), "{method}");
        for (mean, ends) in
            [("mean_campaign_recall", "recall_interval"), ("mean_campaign_first_recall", "first_recall_interval")]
        {
            let [mean, low, high] =
                [&method[mean], &method[ends][0], &method[ends][1]].map(|n| n.as_f64().expect("number"));
            assert!(low <= mean && mean <= high, "{method}");
        }
        assert_eq!(method["first_alert"].is_null(), method["all"]["found"] == 0, "{method}");
        assert!(method["threshold"].is_null() || method["name"] == "gaitkeeper", "{method}");
        assert!(method["peer_threshold"].is_null() || method["name"] != "gaitkeeper", "{method}");
    }
    assert!(
        found["holds"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|hold| hold["recall"].is_null() && hold["measurable"] == 0 && hold["not_measurable"] == 2)
    );
}

#[test]
fn times_nights_and_real_publishes_are_those_of_the_history() {
    let found = json(&place("worm"), &[]);
    let row =
        |name: &str| found["methods"].as_array().expect("a list").iter().find(|m| m["name"] == name).expect("a row");
    assert_eq!(row("new-releaser")["first_alert"]["minutes"]["median"], 0.0);
    // The second version comes two minutes later: that is when a rule of windows sees it.
    let window = &row("temporal-window")["first_alert"];
    assert_eq!(
        (&window["publishes"]["median"], &window["minutes"]["p90"]),
        (&1.0.into(), &0.0.into()),
        "eve is no owner"
    );
    let volume = &row("publish-volume");
    assert_eq!((&volume["all"]["found"], &volume["first_alert"]), (&0.into(), &Value::Null));
    let nights = &found["nights"];
    assert_eq!((&nights["days"], &nights["listed"]), (&1.into(), &10.into()));
    // Three publishes that day: two malicious ones and the other package of the round.
    let share = 2.0 / 3.0;
    for what in ["precision", "best_possible"] {
        assert!((nights[what].as_f64().expect("number") - share).abs() < 1e-9, "{nights}");
    }
    let real = found["real"].as_array().expect("a list");
    let ranks: Vec<_> = real.iter().map(|r| (r["rank"].as_u64(), r["of"].as_u64())).collect();
    assert_eq!(real.len(), 2);
    assert!(ranks.contains(&(Some(1), Some(3))) && ranks.contains(&(Some(2), Some(3))), "{ranks:?}");
    assert!(real.iter().all(|r| !r["sentence"].as_str().unwrap_or_default().is_empty() && r["campaign"] == "worm"));
    let months = found["months"].as_array().expect("a list");
    assert_eq!((&months[0]["month"], &months[0]["days"]), (&"2024-01".into(), &30.into()), "from its second day on");
    assert!((months[0]["publishes_a_day"].as_f64().expect("number") - 10.0 / 30.0).abs() < 1e-9, "{}", months[0]);
}

#[test]
fn holds_are_measured_with_a_list_of_incidents() {
    let place = place("worm");
    let release = "npm,pkg-0,1.0.75";
    let ended = |when: &str| {
        place.write("incidents.csv", format!("registry,package,version,detected_or_removed_utc\n{release},{when}\n"));
    };
    // Published on 2025-06-10 at 10:00 UTC.
    ended("2025-06-12T09:00:00Z");
    let found = json(&place, &["--incidents", "incidents.csv"]);
    let recalls: Vec<_> = found["holds"].as_array().expect("a list").iter().map(|h| h["recall"].as_f64()).collect();
    assert_eq!(recalls, [Some(0.0), Some(1.0), Some(1.0), Some(1.0), Some(1.0)], "{}", found["holds"]);
    ended("2025-06-12");
    let found = json(&place, &["--incidents", "incidents.csv"]);
    assert!(found["holds"][0]["recall"].is_null(), "a day is not a time");
    let table = place.run(&EVALUATE).exits(0).out;
    assert!(table.contains("recall not measurable: 0 of 0 malicious versions; 2 not measurable"), "{table}");
    place.write("incidents.csv", "registry,package\nnpm,x\n");
    let run = place.run(&[&EVALUATE[..], &["--incidents", "incidents.csv"]].concat());
    run.exits(1).says(&["incidents.csv", "`version` is missing", "help: "]);
}

#[test]
fn the_page_needs_nothing_else_and_obeys_nobody() {
    let place = place("<script>alert(1)</script>");
    let run = place.run(&[&EVALUATE[..], &["--plots", "plots.html"]].concat()).exits(0);
    let page = std::fs::read_to_string(place.path("plots.html")).expect("a page");
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)"), "a name is shown, never run");
    for foreign in ["http:", "https:", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert_eq!(page.matches("<svg").count(), 4);
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(!page.contains("NaN") && !page.contains("inf\""), "every place is a number");
    for peer in PEERS {
        assert!(page.contains(peer.id), "{}", peer.id);
    }
    assert!(!run.out.is_empty());
    let again = place.run(&[&EVALUATE[..], &["--plots", "again.html"]].concat()).exits(0);
    assert_eq!(std::fs::read_to_string(place.path("again.html")).expect("a page"), page);
    assert_eq!(again.out, run.out);
}
