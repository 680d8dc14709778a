//! Trees: their points, their growth, and an explanation that is the Shapley value and adds up.

use gaitkeeper::detect::forest::{Forest, Tree, whole};
use gaitkeeper::engine::train::boost::{Growth, Table, grow};
use proptest::prelude::*;

const GROWTH: Growth =
    Growth { trees: 30, depth: 3, rate: 0.3, ridge: 1.0, least: 0.5, gain: 0.0, columns: 1.0, rows: 1.0, seed: 7 };

/// Numbers from 0 up to 1 in a fixed order (a linear congruence).
fn numbers(n: usize, mut state: u64) -> Vec<f32> {
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u16::try_from(state >> 48).map_or(0.0, f32::from) / 65_536.0
    };
    (0..n).map(|_| next()).collect()
}

/// A thousand rows: an attack where both of the first two columns are high; the third says nothing.
fn learnt(bound: bool) -> (Forest, Vec<Vec<f32>>, Vec<bool>) {
    let columns: Vec<Vec<f32>> = (1..=3).map(|seed| numbers(1_000, seed)).collect();
    let targets: Vec<bool> = (0..1_000).map(|i| columns[0][i] > 0.6 && columns[1][i] > 0.5).collect();
    let names = ["a", "b", "c"].map(|name| (name.to_owned(), bound)).to_vec();
    let table = Table::new(names, &columns);
    let rows: Vec<u32> = (0..1_000).collect();
    let grown = grow(&table, &rows, &targets, &vec![1.0; 1_000], &|_| true, &GROWTH);
    let points = grown.score(&table);
    for i in 0..1_000 {
        let row: Vec<f32> = columns.iter().map(|c| c[i]).collect();
        assert_eq!(points[i], grown.forest.points(&row), "binned and plain trees agree on row {i}");
    }
    (grown.forest, columns, targets)
}

#[test]
fn trees_learn_what_only_two_columns_say_together() {
    let (forest, columns, targets) = learnt(true);
    let wrong = (0..1_000)
        .filter(|&i| {
            let row: Vec<f32> = columns.iter().map(|c| c[i]).collect();
            (forest.points(&row) > 0) != targets[i]
        })
        .count();
    assert!(wrong < 20, "{wrong} of 1,000 rows are on the wrong side");
}

#[test]
fn a_bound_column_never_lowers_a_score() {
    let (forest, columns, _) = learnt(true);
    for i in 0..1_000 {
        let mut row: Vec<f32> = columns.iter().map(|c| c[i]).collect();
        for column in 0..3 {
            let (old, before) = (row[column], forest.points(&row));
            row[column] = old + 0.2;
            assert!(forest.points(&row) >= before, "row {i}, column {column}");
            row[column] = old;
        }
    }
}

#[test]
fn the_same_seed_grows_the_same_trees() {
    assert_eq!(learnt(true).0, learnt(true).0);
}

/// Shapley values by their definition: the mean over all orders of what a column adds.
fn by_definition(forest: &Forest, row: &[f32], usual: &[f32]) -> Vec<f64> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut shares = vec![0.0; 3];
    for order in orders {
        let mut mixed = usual.to_vec();
        for column in order {
            let before = forest.points(&mixed);
            mixed[column] = row[column];
            shares[column] += f64::from(forest.points(&mixed) - before) / 6.0;
        }
    }
    shares
}

#[test]
fn an_explanation_is_the_shapley_value_and_adds_up() {
    let (forest, columns, _) = learnt(false);
    for i in 0..200 {
        let row: Vec<f32> = columns.iter().map(|c| c[i]).collect();
        let usual = [0.1, 0.2, 0.3];
        let parts = forest.explain(&row, &usual);
        assert_eq!(parts.iter().sum::<i32>(), forest.points(&row) - forest.points(&usual));
        for (part, exact) in parts.iter().zip(by_definition(&forest, &row, &usual)) {
            assert!((f64::from(*part) - exact).abs() < 1.0 + 1e-6, "row {i}: {part} for {exact}");
        }
    }
}

#[test]
fn a_broken_tree_is_recognised() {
    let sound =
        Tree { column: vec![0, -1, -1], limit: vec![0.5, 0.0, 0.0], left: vec![1, 0, 0], points: vec![0, 3, 9] };
    let forest = |tree: Tree| Forest { columns: vec!["a".to_owned()], start: 0, trees: vec![tree] };
    assert!(forest(sound.clone()).is_sound());
    let circle = Tree { left: vec![0, 0, 0], ..sound.clone() };
    let nowhere = Tree { left: vec![2, 0, 0], ..sound.clone() };
    let unknown = Tree { column: vec![1, -1, -1], ..sound.clone() };
    let endless = Tree { limit: vec![f32::NAN, 0.0, 0.0], ..sound.clone() };
    let short = Tree { points: vec![0, 3], ..sound };
    for broken in [circle, nowhere, unknown, endless, short, Tree::default()] {
        assert!(!forest(broken.clone()).is_sound(), "{broken:?}");
    }
}

proptest! {
    #[test]
    fn rounded_shares_keep_their_sum(shares in proptest::collection::vec(-50.0f64..50.0, 1..12)) {
        #[allow(clippy::cast_possible_truncation, reason = "small numbers")]
        let total = shares.iter().sum::<f64>().round() as i32;
        let off = f64::from(total) - shares.iter().sum::<f64>();
        let mut shares = shares;
        shares[0] += off;
        let points = whole(&shares, total);
        prop_assert_eq!(points.iter().sum::<i32>(), total);
        for (point, share) in points.iter().zip(&shares) {
            prop_assert!((f64::from(*point) - share).abs() < 1.0 + 1e-6);
        }
    }
}
