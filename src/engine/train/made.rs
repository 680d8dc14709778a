//! The parts of a model file that are read off what was grown.

use super::boost::Grown;
use super::examples::Ready;

/// Shares of publishes at which a reference has a step: two a decade.
const SHARES: [f64; 11] =
    [1.0, 0.333_333, 0.1, 0.033_333, 0.01, 0.003_333, 0.001, 0.000_333, 0.000_1, 0.000_033, 0.000_01];
/// Publishes that a step needs above it; what is rarer is drawn on from the last two steps.
const ENOUGH: f64 = 5.0;

/// Three significant digits: a prior needs no more.
#[must_use]
pub fn digits(x: f32) -> f32 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

/// Where the scores of ordinary publishes stand.
#[must_use]
pub fn reference(examples: &Ready, grown: &Grown) -> Vec<(i32, f64)> {
    let points = grown.score(&examples.table);
    let mut ordinary: Vec<i32> =
        points.iter().zip(&examples.attacks).filter(|(_, a)| a.is_none()).map(|(p, _)| *p).collect();
    ordinary.sort_unstable_by(|a, b| b.cmp(a));
    let mut all = steps(&ordinary);
    if all.len() == 1 {
        // Some dozen publishes tell nothing of rarity: a thousandth, ten units of the log-odds higher.
        all.push((all[0].0 + 1_000, all[0].1 / 1_000.0));
    }
    all
}

/// Steps of rising points; `sorted` holds the highest points first.
fn steps(sorted: &[i32]) -> Vec<(i32, f64)> {
    let mut steps: Vec<(i32, f64)> = Vec::new();
    for share in SHARES {
        #[allow(clippy::cast_precision_loss, reason = "a count of publishes")]
        let rank = sorted.len() as f64 * share;
        if rank < ENOUGH {
            break;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
        let points = sorted[(rank as usize - 1).min(sorted.len() - 1)];
        if steps.last().is_none_or(|last| points > last.0) {
            steps.push((points, share));
        }
    }
    steps
}
