//! A sum of small decision trees, and its exact explanation.
//!
//! Every leaf holds whole points, so a score is a sum of whole numbers. The explanation is the
//! Shapley value against the same publish with nothing unusual about it (Lundberg et al., From local
//! explanations to global understanding with explainable AI for trees, 2020, the interventional form
//! with one background): what a column adds, averaged over all orders in which the columns could
//! become unusual. Its parts are rounded to whole points so that they sum up exactly.

pub mod packed;

use serde::{Deserialize, Serialize};

/// A tree as arrays of nodes; the root is node 0, and children stand after their parent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Column that a node asks about; -1 for a leaf.
    pub column: Vec<i16>,
    /// Values up to this one go left.
    pub limit: Vec<f32>,
    /// Left child; the right one follows it. Zero for a leaf.
    pub left: Vec<u16>,
    /// Points of a leaf; zero elsewhere.
    pub points: Vec<i32>,
}

impl Tree {
    /// Points that a row gets.
    #[must_use]
    pub fn points(&self, row: &[f32]) -> i32 {
        let mut at = 0;
        while let Ok(column) = usize::try_from(self.column[at]) {
            at = self.next(at, row[column]);
        }
        self.points[at]
    }

    fn next(&self, at: usize, value: f32) -> usize {
        usize::from(self.left[at]) + usize::from(value > self.limit[at])
    }

    /// Is it a tree over `columns` columns whose every walk ends?
    fn is_sound(&self, columns: usize) -> bool {
        let n = self.column.len();
        n > 0
            && [self.limit.len(), self.left.len(), self.points.len()] == [n; 3]
            && (0..n).all(|at| match usize::try_from(self.column[at]) {
                Ok(column) => {
                    let left = usize::from(self.left[at]);
                    column < columns && self.limit[at].is_finite() && left > at && left + 1 < n
                }
                Err(_) => self.points[at].abs() < 1_000_000,
            })
    }
}

/// Trees whose points add up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    /// Names of the columns that the trees ask about.
    pub columns: Vec<String>,
    /// Points that every row starts with.
    pub start: i32,
    /// The trees.
    pub trees: Vec<Tree>,
}

impl Forest {
    /// Is every tree one over these columns?
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.trees.iter().all(|tree| tree.is_sound(self.columns.len()))
    }

    /// Points of a row, one value a column.
    #[must_use]
    pub fn points(&self, row: &[f32]) -> i32 {
        self.start + self.trees.iter().map(|tree| tree.points(row)).sum::<i32>()
    }

    /// What each column adds to `usual`'s points to make `row`'s: whole points that sum up exactly.
    #[must_use]
    pub fn explain(&self, row: &[f32], usual: &[f32]) -> Vec<i32> {
        let mut shares = vec![0.0; row.len()];
        for tree in &self.trees {
            Walk { tree, row, usual, shares: &mut shares }.walk(0, &mut Vec::new(), &mut Vec::new());
        }
        whole(&shares, self.points(row) - self.points(usual))
    }
}

struct Walk<'a> {
    tree: &'a Tree,
    row: &'a [f32],
    usual: &'a [f32],
    shares: &'a mut [f64],
}

impl Walk<'_> {
    /// Follows both rows to every leaf that a mixture of them can reach. `ours` are the columns in which
    /// the mixture must be as `row`, `theirs` those in which it must be as `usual`.
    fn walk(&mut self, at: usize, ours: &mut Vec<usize>, theirs: &mut Vec<usize>) {
        let Ok(column) = usize::try_from(self.tree.column[at]) else {
            return self.share(f64::from(self.tree.points[at]), ours, theirs);
        };
        let here = self.tree.next(at, self.row[column]);
        let there = self.tree.next(at, self.usual[column]);
        if here == there || ours.contains(&column) {
            return self.walk(here, ours, theirs);
        }
        if theirs.contains(&column) {
            return self.walk(there, ours, theirs);
        }
        ours.push(column);
        self.walk(here, ours, theirs);
        ours.pop();
        theirs.push(column);
        self.walk(there, ours, theirs);
        theirs.pop();
    }

    /// A leaf that is reached when `a` columns are ours and `b` are theirs is worth (a-1)! b! / (a+b)! to
    /// each of ours and costs a! (b-1)! / (a+b)! to each of theirs.
    fn share(&mut self, points: f64, ours: &[usize], theirs: &[usize]) {
        // A tree has some dozen levels at most.
        let small = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        let (a, b) = (ours.len(), theirs.len());
        let choose = (1..=a).fold(1.0, |c, k| c * small(b + k) / small(k));
        for &column in ours {
            self.shares[column] += points / choose / small(a);
        }
        for &column in theirs {
            self.shares[column] -= points / choose / small(b);
        }
    }
}

/// What the order of additions may have cost: a share just below a whole number is that number.
const NOISE: f64 = 1e-9;

/// Rounds shares to whole numbers that sum up to `total`: down first, then up where most was lost.
#[must_use]
pub fn whole(shares: &[f64], total: i32) -> Vec<i32> {
    #[allow(clippy::cast_possible_truncation, reason = "points are far below two billion")]
    let mut points: Vec<i32> = shares.iter().map(|share| (share + NOISE).floor() as i32).collect();
    let missing = total - points.iter().sum::<i32>();
    let mut order: Vec<usize> = (0..shares.len()).filter(|&i| shares[i] != 0.0).collect();
    let lost = |i: usize| shares[i] - shares[i].floor();
    order.sort_by(|&a, &b| lost(b).total_cmp(&lost(a)).then(a.cmp(&b)));
    for &i in order.iter().cycle().take(usize::try_from(missing).unwrap_or(0)) {
        points[i] += 1;
    }
    points
}
