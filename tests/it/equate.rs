//! Prereleases on the scale of the other versions.

use std::path::Path;

use gaitkeeper::detect::equate::Equating;
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::score::Source;
use gaitkeeper::engine::backtest::Material;
use gaitkeeper::engine::embedded::fold;
use gaitkeeper::engine::train::made::{equating, steps};
use proptest::prelude::*;

use crate::command::Place;

#[test]
fn points_lie_on_the_line_between_two_steps() {
    let scale = Equating::of(&[(-100, -100), (100, 0), (200, 20)]).expect("steps in order");
    let counts = |points| scale.points(points);
    assert_eq!([-100, -50, 0, 100, 150, 200].map(counts), [-100, -75, -50, 0, 10, 20]);
    assert_eq!(counts(101), 0, "rounded down");
    assert_eq!(counts(-99), -100, "rounded down below zero too");
    assert_eq!([-130, 230].map(counts), [-130, 50], "beyond the outermost as far from it as before");
    assert_eq!(Equating::default().points(77), 77, "without steps nothing changes");
    let widest = Equating::of(&[(i32::MIN, i32::MIN), (i32::MAX, 0)]).expect("steps in order");
    assert_eq!([i32::MIN, i32::MAX].map(|points| widest.points(points)), [i32::MIN, 0]);
    assert_eq!(widest.points(0), -1_073_741_824, "half of the way, rounded down");
}

#[test]
fn steps_out_of_order_or_upwards_are_refused() {
    assert_eq!(Equating::of(&[(0, 0), (0, 0)]), None);
    assert_eq!(Equating::of(&[(0, -5), (10, -6)]), None);
    assert_eq!(Equating::of(&[(0, 1), (10, 2)]), None, "a prerelease would count for more");
    assert_eq!(Equating::of(&[(0, 0)]), None, "the rest is missing");
    assert!(Equating::of(&[(0, -5), (10, -5)]).is_some());
}

proptest! {
    #[test]
    fn more_points_never_count_as_fewer(
        rises in proptest::collection::vec((1..500i32, 0..500i32), 2..8),
        points in -3_000..3_000i32,
        more in 0..2_000i32,
    ) {
        let (mut from, mut counts) = (-1_000, -1_000);
        let given: Vec<(i32, i32)> = rises
            .iter()
            .map(|(by, then)| {
                from += by;
                counts = from.min(counts + then);
                (from, counts)
            })
            .collect();
        let scale = Equating::of(&given).expect("steps in order");
        prop_assert!(scale.points(points + more) >= scale.points(points));
        prop_assert!(scale.points(points) <= points);
    }
}

/// Ten thousand publishes: points from 0 to 99, each as often, times `by`.
fn publishes(by: i32) -> Vec<i32> {
    (0..10_000).map(|i| i % 100 * by).collect()
}

#[test]
fn what_prereleases_reach_more_often_counts_as_what_is_as_rare_among_the_others() {
    let (wild, usual) = (steps(publishes(10)), steps(publishes(1)));
    let scale = Equating::of(&equating(&wild, &usual)).expect("steps in order");
    assert_eq!(scale.points(990), 99, "the highest hundredth of both");
    assert_eq!(scale.points(900), 90, "the highest tenth of both");
    let calm = Equating::of(&equating(&usual, &wild)).expect("steps in order");
    assert_eq!([0, 50, 99].map(|points| calm.points(points)), [0, 50, 99], "what is rarer than elsewhere stays");
    assert!(equating(&steps(vec![1; 3]), &usual).is_empty(), "too few prereleases to tell");
}

#[test]
fn prereleases_do_not_use_up_the_smallest_budget() {
    let history = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/history.parquet");
    let clean = Material::read(&history, None).expect("the history in the box").run(None);
    let model = Model::embedded().expect("the embedded model");
    // Points, points of the trees, and whether it is a prerelease, of every ordinary publish.
    let mut ordinary: Vec<(i32, i32, bool)> = Vec::new();
    let mut explained = 0;
    fold(&clean.history, &model, |assessed| {
        let (event, assessment) = (assessed.look.event, assessed.assessment);
        let prerelease = !event.number.channel.is_none();
        let of_trees = model.packed.points(&assessment.row);
        let equated = assessment.points - of_trees;
        if event.removed != Some(true) {
            ordinary.push((assessment.points, of_trees, prerelease));
        }
        assert!(
            equated == 0 || prerelease && equated < 0,
            "only prereleases count for less, and nothing counts for more"
        );
        if equated != 0 && explained < 50 {
            let parts = assessment.contributions(&model);
            let scale: Vec<i32> = parts.iter().filter(|c| c.source == Source::Prerelease).map(|c| c.points).collect();
            assert_eq!(scale, [equated]);
            assert_eq!(parts.iter().map(|c| c.points).sum::<i32>(), assessment.points);
            explained += 1;
        }
    });
    assert_eq!(explained, 50, "the box holds prereleases that count for less");
    let alerts = ordinary.len() / 10_000;
    let mut prereleases_among = |key: fn(&(i32, i32, bool)) -> i32| {
        ordinary.sort_by_key(|publish| std::cmp::Reverse(key(publish)));
        ordinary[..alerts].iter().filter(|publish| publish.2).count()
    };
    assert!(prereleases_among(|publish| publish.1) * 2 > alerts, "by the trees alone most alerts are prereleases");
    assert!(prereleases_among(|publish| publish.0) * 2 < alerts, "two in five publishes are prereleases");
}

#[test]
fn an_alert_on_a_prerelease_says_what_that_costs_it() {
    let window = ["--since", "2024-10-20", "--as-of", "2024-10-27", "--package", "tinybench"];
    let finding = |format: &str| {
        Place::new().run(&[&["score", "--format", format, "--color", "never"], &window[..]].concat()).exits(0).out
    };
    let lines = finding("jsonl");
    let alert = lines.lines().find(|line| line.contains("\"3.0.0-rc.6\"")).expect("an alert on the prerelease");
    let alert: serde_json::Value = serde_json::from_str(alert).expect("JSON");
    let parts = alert["contributions"].as_array().expect("its summands");
    let part = parts.iter().find(|part| part["name"] == "prerelease").expect("what a prerelease counts for less");
    assert_eq!(part["kind"], "scale");
    let points = part["points"].as_str().expect("points");
    assert!(points.starts_with('-'), "{points}");
    for format in ["text", "markdown", "html"] {
        let told = finding(format);
        assert!(told.contains("which other versions reach as rarely") && told.contains(points), "{format}: {told}");
    }
}
