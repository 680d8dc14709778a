//! Isolation forest (Liu, Ting and Zhou, 2008): a row that few random cuts set apart is unlike the others.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Outlier;
use crate::engine::columns::Columns;

/// Trees, and rows that each grows from: the method's own recommendation.
const TREES: usize = 100;
const SAMPLE: usize = 256;
const SEED: u64 = 20_081_215;

/// One node: a cut with its two sides, or a leaf where both are zero.
#[derive(Clone, Copy, Default)]
struct Node {
    column: usize,
    cut: u8,
    below: usize,
    above: usize,
    /// Cuts down to here, with those that the rows of a leaf would still need on average.
    depth: f32,
}

struct Forest {
    trees: Vec<Vec<Node>>,
    usual: f32,
}

/// Grows a forest from random samples of the rows.
#[must_use]
pub fn learn(columns: &Columns) -> Box<dyn Outlier> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let size = SAMPLE.min(columns.len());
    let deepest = size.max(2).next_power_of_two().trailing_zeros();
    let trees = (0..TREES)
        .map(|_| {
            let mut drawn = BTreeSet::new();
            while drawn.len() < size {
                drawn.insert(random.gen_range(0..columns.len()));
            }
            let rows: Vec<&[u8]> = drawn.iter().map(|at| columns.row(*at)).collect();
            let mut tree = Vec::new();
            grow(&mut tree, rows, 0, deepest, &mut random);
            tree
        })
        .collect();
    Box::new(Forest { trees, usual: cuts_needed(size).max(1.0) })
}

/// Adds the node for `rows` and everything below it, and gives its place.
fn grow(tree: &mut Vec<Node>, rows: Vec<&[u8]>, depth: u32, deepest: u32, random: &mut Xoshiro256PlusPlus) -> usize {
    let place = tree.len();
    tree.push(Node::default());
    let ranges = if depth < deepest { ranges(&rows) } else { Vec::new() };
    if ranges.is_empty() {
        #[allow(clippy::cast_precision_loss, reason = "at most a few dozen")]
        let so_far = depth as f32;
        tree[place].depth = so_far + cuts_needed(rows.len());
        return place;
    }
    let (column, low, high) = ranges[random.gen_range(0..ranges.len())];
    let cut = random.gen_range(low + 1..=high);
    let (below, above) = rows.into_iter().partition(|row| row[column] < cut);
    let below = grow(tree, below, depth + 1, deepest, random);
    let above = grow(tree, above, depth + 1, deepest, random);
    tree[place] = Node { column, cut, below, above, depth: 0.0 };
    place
}

/// The columns in which rows differ, with the smallest and the largest value.
fn ranges(rows: &[&[u8]]) -> Vec<(usize, u8, u8)> {
    let Some((first, rest)) = rows.split_first() else { return Vec::new() };
    let mut ranges: Vec<(usize, u8, u8)> = first.iter().enumerate().map(|(at, &value)| (at, value, value)).collect();
    for row in rest {
        for (range, &value) in ranges.iter_mut().zip(*row) {
            (range.1, range.2) = (range.1.min(value), range.2.max(value));
        }
    }
    ranges.retain(|range| range.1 < range.2);
    ranges
}

/// Cuts that set one of `n` rows apart on average: c(n) of the paper.
#[allow(clippy::cast_precision_loss, reason = "at most a sample")]
fn cuts_needed(n: usize) -> f32 {
    const EULER: f32 = 0.577_215_7;
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => 2.0 * (((n - 1) as f32).ln() + EULER) - 2.0 * (n - 1) as f32 / n as f32,
    }
}

impl Outlier for Forest {
    /// Two to the power of minus the mean depth over the usual depth: near 1 for what is set apart
    /// at once, below a half for what is not.
    fn score(&self, row: &[u8]) -> f32 {
        let depth = |tree: &Vec<Node>| {
            let mut node = &tree[0];
            while node.below != 0 {
                node = &tree[if row[node.column] < node.cut { node.below } else { node.above }];
            }
            node.depth
        };
        #[allow(clippy::cast_precision_loss, reason = "a count of trees")]
        let mean = self.trees.iter().map(depth).sum::<f32>() / self.trees.len() as f32;
        (-mean / self.usual).exp2()
    }
}
