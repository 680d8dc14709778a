//! Boosted regression trees for the logistic loss, grown level by level over binned columns.
//!
//! Newton steps with shrinkage and L2 regularisation (Friedman, Greedy function approximation, 2001;
//! Chen and Guestrin, XGBoost, 2016, sections 2.1 to 2.3). A column may be bound to raise the score or
//! leave it alone: a split that would lower it is not made, and the middle of the two sides bounds
//! everything below. One thread, no clock, one seeded generator: the same input gives the same trees.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::detect::forest::{Forest, Tree};

/// Points per unit of the log-odds.
pub const POINTS_PER_NAT: f64 = 100.0;
/// Bins a column is cut into at most.
const BINS: usize = 64;

/// How trees are grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Trees.
    pub trees: usize,
    /// Levels of splits.
    pub depth: usize,
    /// Share of a step that is taken.
    pub rate: f64,
    /// L2 penalty on a leaf's step.
    pub ridge: f64,
    /// Smallest weight of rows, as curvature, on either side of a split.
    pub least: f64,
    /// Smallest gain of a split.
    pub gain: f64,
    /// Share of the columns that a tree may ask about.
    pub columns: f64,
    /// Share of the rows that a tree is grown on; all of them take its steps.
    pub rows: f64,
    /// Seed of the choice of rows and columns.
    pub seed: u64,
}

/// A forest, and the same trees over bins, which score a table faster.
pub struct Grown {
    /// The forest.
    pub forest: Forest,
    /// The last bin that goes left, for every node of every tree.
    cuts: Vec<Vec<u8>>,
}

impl Grown {
    /// Points of every row of a table.
    #[must_use]
    pub fn score(&self, table: &Table) -> Vec<i32> {
        let mut points = vec![self.forest.start; table.rows()];
        for (tree, cuts) in self.forest.trees.iter().zip(&self.cuts) {
            for (row, points) in points.iter_mut().enumerate() {
                let mut at = 0;
                while let Ok(column) = usize::try_from(tree.column[at]) {
                    at = usize::from(tree.left[at]) + usize::from(table.bins[column][row] > cuts[at]);
                }
                *points += tree.points[at];
            }
        }
        points
    }
}

/// Columns cut into bins, and what each row is.
pub struct Table {
    /// Name, and whether larger values may only raise the score.
    pub columns: Vec<(String, bool)>,
    /// Upper edges of the bins, per column; the last bin has none.
    edges: Vec<Vec<f32>>,
    /// Bin of every row, per column.
    bins: Vec<Vec<u8>>,
}

impl Table {
    /// Cuts columns into bins that hold about equally many of the rows that differ.
    #[must_use]
    pub fn new(columns: Vec<(String, bool)>, values: &[Vec<f32>]) -> Self {
        let edges: Vec<Vec<f32>> = values.iter().map(|column| edges(column)).collect();
        let bins = values
            .iter()
            .zip(&edges)
            .map(|(column, edges)| {
                column.iter().map(|v| u8::try_from(edges.partition_point(|e| e < v)).unwrap_or(u8::MAX)).collect()
            })
            .collect();
        Self { columns, edges, bins }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.bins.first().map_or(0, Vec::len)
    }
}

#[allow(clippy::float_cmp, reason = "equal values share a bin, and the two zeros are equal")]
fn edges(column: &[f32]) -> Vec<f32> {
    let mut sorted = column.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut distinct: Vec<(f32, usize)> = Vec::new();
    for &value in &sorted {
        match distinct.last_mut() {
            Some((last, n)) if *last == value => *n += 1,
            _ => distinct.push((value, 1)),
        }
    }
    // The most frequent value has a bin of its own; the others share the rest of the bins evenly.
    let most = distinct.iter().map(|d| d.1).max().unwrap_or(0);
    let each = (column.len() - most).div_ceil(BINS - 2).max(1);
    let (mut edges, mut held) = (Vec::new(), 0);
    for pair in distinct.windows(2) {
        held += pair[0].1;
        if (held >= each || pair[0].1 == most || pair[1].1 == most) && edges.len() < BINS - 1 {
            edges.push(pair[0].0 + (pair[1].0 - pair[0].0) / 2.0);
            held = 0;
        }
    }
    edges
}

/// One column of the rows that teach. Most surprises are zero nearly everywhere: of such a column only the
/// other rows are visited, and the most frequent bin gets what is left of the node.
enum Laid {
    Dense(Vec<u8>),
    Sparse { usual: u8, others: Vec<(u32, u8)> },
}

/// Share of rows outside the most frequent bin up to which a column is laid out sparsely.
const SPARSE: usize = 3;

fn lay(bins: &[u8], rows: &[u32]) -> Laid {
    let taken: Vec<u8> = rows.iter().map(|&row| bins[row as usize]).collect();
    let mut counts = [0usize; BINS];
    for &bin in &taken {
        counts[usize::from(bin)] += 1;
    }
    let usual = (0..BINS).max_by_key(|&bin| (counts[bin], BINS - bin)).unwrap_or(0);
    if (taken.len() - counts[usual]) * SPARSE > taken.len() {
        return Laid::Dense(taken);
    }
    let usual = u8::try_from(usual).unwrap_or(0);
    let others = taken.iter().enumerate().filter(|(_, bin)| **bin != usual);
    let others = others.map(|(at, &bin)| (u32::try_from(at).unwrap_or(u32::MAX), bin)).collect();
    Laid::Sparse { usual, others }
}

#[derive(Clone, Copy, Default)]
struct Sum {
    slope: f64,
    curve: f64,
}

impl Sum {
    fn minus(self, other: Self) -> Self {
        Self { slope: self.slope - other.slope, curve: self.curve - other.curve }
    }

    fn step(self, ridge: f64, (low, high): (f64, f64)) -> f64 {
        (-self.slope / (self.curve + ridge)).clamp(low, high)
    }

    /// What the loss falls by when these rows take a step.
    fn worth(self, ridge: f64, step: f64) -> f64 {
        -(self.slope * step + 0.5 * (self.curve + ridge) * step * step)
    }
}

struct Node {
    at: usize,
    sum: Sum,
    bounds: (f64, f64),
}

struct Split {
    gain: f64,
    column: usize,
    bin: usize,
    left: Sum,
}

/// Grows a forest on some rows. `targets` says which rows are attacks, `weights` what each row counts,
/// `allowed` which columns may be asked about.
#[must_use]
pub fn grow(
    table: &Table,
    rows: &[u32],
    targets: &[bool],
    weights: &[f32],
    allowed: &dyn Fn(usize) -> bool,
    growth: &Growth,
) -> Grown {
    let total = |wanted| -> f64 {
        rows.iter().map(|&r| r as usize).filter(|&r| targets[r] == wanted).map(|r| f64::from(weights[r])).sum()
    };
    let start = (total(true).max(1e-9) / total(false).max(1e-9)).ln();
    let start_points = to_points(start);
    let mut scores = vec![f64::from(start_points) / POINTS_PER_NAT; rows.len()];
    let laid: Vec<Laid> = table.bins.iter().map(|bins| lay(bins, rows)).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(growth.seed);
    let mut slopes = vec![Sum::default(); rows.len()];
    let (mut trees, mut cuts) = (Vec::with_capacity(growth.trees), Vec::with_capacity(growth.trees));
    for _ in 0..growth.trees {
        for ((&row, score), slope) in rows.iter().zip(&scores).zip(&mut slopes) {
            let row = row as usize;
            let p = 1.0 / (1.0 + (-score).exp());
            let weight = f64::from(weights[row]);
            *slope = Sum { slope: weight * (p - f64::from(u8::from(targets[row]))), curve: weight * p * (1.0 - p) };
        }
        if growth.rows < 1.0 {
            slopes.iter_mut().filter(|_| !random.gen_bool(growth.rows)).for_each(|slope| *slope = Sum::default());
        }
        let mut columns: Vec<usize> = (0..table.columns.len()).filter(|&column| allowed(column)).collect();
        columns.shuffle(&mut random);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of some hundred columns"
        )]
        columns.truncate(((columns.len() as f64 * growth.columns).ceil() as usize).max(1));
        columns.sort_unstable();
        let (tree, tree_cuts, leaf_of) = tree(table, &laid, &slopes, &columns, growth);
        for (score, &leaf) in scores.iter_mut().zip(&leaf_of) {
            *score += f64::from(tree.points[usize::from(leaf)]) / POINTS_PER_NAT;
        }
        trees.push(tree);
        cuts.push(tree_cuts);
    }
    let columns = table.columns.iter().map(|c| c.0.clone()).collect();
    Grown { forest: Forest { columns, start: start_points, trees }, cuts }
}

#[allow(clippy::cast_possible_truncation, reason = "points are far below two billion")]
fn to_points(nats: f64) -> i32 {
    (nats * POINTS_PER_NAT).round() as i32
}

fn tree(table: &Table, laid: &[Laid], slopes: &[Sum], columns: &[usize], growth: &Growth) -> (Tree, Vec<u8>, Vec<u16>) {
    let mut cuts = vec![0];
    let mut grown = Tree { column: vec![-1], limit: vec![0.0], left: vec![0], points: vec![0] };
    let mut node_of = vec![0u16; slopes.len()];
    let whole = slopes.iter().fold(Sum::default(), |s, r| Sum { slope: s.slope + r.slope, curve: s.curve + r.curve });
    let mut level = vec![Node { at: 0, sum: whole, bounds: (f64::NEG_INFINITY, f64::INFINITY) }];
    let mut leaves = Vec::new();
    for depth in 0..=growth.depth {
        if depth == growth.depth || level.is_empty() {
            leaves.append(&mut level);
            break;
        }
        let best = best_splits(table, laid, slopes, columns, &level, &node_of, growth);
        let mut below = Vec::new();
        let mut moves: Vec<Option<(usize, usize, u16)>> = vec![None; grown.column.len()];
        for (node, split) in level.into_iter().zip(best) {
            let Some(split) = split else {
                leaves.push(node);
                continue;
            };
            let left_at = grown.column.len();
            grown.column[node.at] = i16::try_from(split.column).unwrap_or(i16::MAX);
            grown.limit[node.at] = table.edges[split.column][split.bin];
            cuts[node.at] = u8::try_from(split.bin).unwrap_or(u8::MAX);
            cuts.extend([0, 0]);
            grown.left[node.at] = u16::try_from(left_at).unwrap_or(u16::MAX);
            for _ in 0..2 {
                grown.column.push(-1);
                grown.limit.push(0.0);
                grown.left.push(0);
                grown.points.push(0);
            }
            moves[node.at] = Some((split.column, split.bin, grown.left[node.at]));
            let right = node.sum.minus(split.left);
            let (mut low, mut high) = (node.bounds, node.bounds);
            if table.columns[split.column].1 {
                let middle =
                    f64::midpoint(split.left.step(growth.ridge, node.bounds), right.step(growth.ridge, node.bounds));
                (low.1, high.0) = (middle, middle);
            }
            below.push(Node { at: left_at, sum: split.left, bounds: low });
            below.push(Node { at: left_at + 1, sum: right, bounds: high });
        }
        step_down(laid, &moves, &mut node_of);
        level = below;
    }
    for leaf in leaves {
        grown.points[leaf.at] = to_points(growth.rate * leaf.sum.step(growth.ridge, leaf.bounds));
    }
    (grown, cuts, node_of)
}

/// Moves every row to the child that its node's split sends it to.
fn step_down(laid: &[Laid], moves: &[Option<(usize, usize, u16)>], node_of: &mut [u16]) {
    let from = node_of.to_vec();
    for (at, step) in moves.iter().enumerate() {
        let Some((column, bin, left)) = *step else { continue };
        match &laid[column] {
            Laid::Dense(bins) => {
                for (node, &row_bin) in node_of.iter_mut().zip(bins) {
                    if usize::from(*node) == at {
                        *node = left + u16::from(usize::from(row_bin) > bin);
                    }
                }
            }
            Laid::Sparse { usual, others } => {
                let most = left + u16::from(usize::from(*usual) > bin);
                for node in node_of.iter_mut().filter(|node| usize::from(**node) == at) {
                    *node = most;
                }
                for &(row, row_bin) in others.iter().filter(|(row, _)| usize::from(from[*row as usize]) == at) {
                    node_of[row as usize] = left + u16::from(usize::from(row_bin) > bin);
                }
            }
        }
    }
}

fn best_splits(
    table: &Table,
    laid: &[Laid],
    slopes: &[Sum],
    columns: &[usize],
    level: &[Node],
    node_of: &[u16],
    growth: &Growth,
) -> Vec<Option<Split>> {
    let first = level.iter().map(|n| n.at).min().unwrap_or(0);
    let width = level.iter().map(|n| n.at).max().unwrap_or(0) - first + 1;
    let mut best: Vec<Option<Split>> = level.iter().map(|_| None).collect();
    let mut sums = vec![Sum::default(); width * BINS];
    for &column in columns {
        sums.fill(Sum::default());
        let mut note = |row: usize, bin: u8| {
            let Some(at) = usize::from(node_of[row]).checked_sub(first) else { return };
            let sum = &mut sums[at * BINS + usize::from(bin)];
            sum.slope += slopes[row].slope;
            sum.curve += slopes[row].curve;
        };
        match &laid[column] {
            Laid::Dense(bins) => bins.iter().enumerate().for_each(|(row, &bin)| note(row, bin)),
            Laid::Sparse { usual, others } => {
                for &(row, bin) in others {
                    note(row as usize, bin);
                }
                for node in level {
                    let here = &mut sums[(node.at - first) * BINS..(node.at - first + 1) * BINS];
                    let rest = here.iter().fold(node.sum, |rest, sum| rest.minus(*sum));
                    here[usize::from(*usual)] = rest;
                }
            }
        }
        for (node, best) in level.iter().zip(&mut best) {
            let here = &sums[(node.at - first) * BINS..(node.at - first + 1) * BINS];
            let stay = node.sum.worth(growth.ridge, node.sum.step(growth.ridge, node.bounds));
            let mut left = Sum::default();
            for (bin, sum) in here.iter().enumerate().take(table.edges[column].len()) {
                left.slope += sum.slope;
                left.curve += sum.curve;
                let right = node.sum.minus(left);
                if left.curve < growth.least || right.curve < growth.least {
                    continue;
                }
                let steps = (left.step(growth.ridge, node.bounds), right.step(growth.ridge, node.bounds));
                if table.columns[column].1 && steps.0 > steps.1 {
                    continue;
                }
                let gain = left.worth(growth.ridge, steps.0) + right.worth(growth.ridge, steps.1) - stay;
                if gain > growth.gain && best.as_ref().is_none_or(|b| gain > b.gain) {
                    *best = Some(Split { gain, column, bin, left });
                }
            }
        }
    }
    best
}
