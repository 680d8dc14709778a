//! Empirical-CDF outlier detection (Li et al., ECOD: Unsupervised Outlier Detection Using Empirical
//! Cumulative Distribution Functions, 2022): a row is as unusual as the tails of its columns are thin.

use super::Outlier;
use crate::engine::columns::Columns;

const VALUES: usize = 256;

/// Negative logarithms of one column's tail probabilities, by value.
struct Tails {
    left: [f32; VALUES],
    right: [f32; VALUES],
    /// The tail that the column's skewness points to is the left one.
    left_is_longer: bool,
}

struct Ecod(Vec<Tails>);

/// Learns the tails of every column.
#[must_use]
pub fn learn(columns: &Columns) -> Box<dyn Outlier> {
    let mut counts = vec![[0u32; VALUES]; columns.width()];
    for row in columns.rows() {
        for (count, &value) in counts.iter_mut().zip(row) {
            count[usize::from(value)] += 1;
        }
    }
    Box::new(Ecod(counts.iter().map(tails).collect()))
}

/// Tail probabilities with the judged row counted among the past, so that a value never seen is not
/// infinitely unusual: (1 + as extreme) / (1 + n).
fn tails(counts: &[u32; VALUES]) -> Tails {
    let n: u32 = counts.iter().sum();
    #[allow(clippy::cast_possible_truncation, reason = "a score needs no more than six digits")]
    let cost = |extreme: u32| -((1.0 + f64::from(extreme)) / (1.0 + f64::from(n))).ln() as f32;
    let (mut left, mut right) = ([0.0; VALUES], [0.0; VALUES]);
    let mut below = 0;
    for (value, &count) in counts.iter().enumerate() {
        right[value] = cost(n - below);
        below += count;
        left[value] = cost(below);
    }
    Tails { left, right, left_is_longer: third_moment(counts) < 0.0 }
}

/// Third central moment: its sign is that of the skewness.
fn third_moment(counts: &[u32; VALUES]) -> f64 {
    let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
        (0u8..=u8::MAX).zip(counts).map(|(value, &count)| f64::from(count) * of(f64::from(value))).sum()
    };
    let n = sum(&|_| 1.0).max(1.0);
    let mean = sum(&|value| value) / n;
    sum(&|value| (value - mean).powi(3)) / n
}

impl Outlier for Ecod {
    fn score(&self, row: &[u8]) -> f32 {
        let mut sums = [0.0f32; 3];
        for (tails, &value) in self.0.iter().zip(row) {
            let (left, right) = (tails.left[usize::from(value)], tails.right[usize::from(value)]);
            sums[0] += left;
            sums[1] += right;
            sums[2] += if tails.left_is_longer { left } else { right };
        }
        sums.into_iter().fold(0.0, f32::max)
    }
}
