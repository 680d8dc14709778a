//! The parts of a model file that are read off what was grown.

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
pub fn reference(examples: &Ready, points: &[i32]) -> Vec<(i32, f64)> {
    let mut all = steps(points.iter().zip(&examples.attacks).filter(|(_, a)| a.is_none()).map(|(p, _)| *p).collect());
    if all.len() == 1 {
        // Some dozen publishes tell nothing of rarity: a thousandth, ten units of the log-odds higher.
        all.push((all[0].0 + 1_000, all[0].1 / 1_000.0));
    }
    all
}

/// What the points of prereleases count as: at each share the points that as many of the others reach, if those are fewer.
/// A share at which either kind has no step has none here.
#[must_use]
pub fn equating(prereleases: &[(i32, f64)], others: &[(i32, f64)]) -> Vec<(i32, i32)> {
    let counts = |share: f64| others.iter().find(|step| step.1.total_cmp(&share).is_eq()).map(|step| step.0);
    prereleases.iter().filter_map(|(points, share)| Some((*points, counts(*share)?.min(*points)))).collect()
}

/// Steps of rising points.
#[must_use]
pub fn steps(mut points: Vec<i32>) -> Vec<(i32, f64)> {
    points.sort_unstable_by(|a, b| b.cmp(a));
    let sorted = points;
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
