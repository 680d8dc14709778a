//! Alerts as points: what is near in this space is one campaign.
//!
//! The space is Euclidean, so that a tree of neighbours can be built over it. Its coordinates are time
//! ([`TIME_UNIT`] is one), the shape of the evidence with length [`EVIDENCE`], and three of
//! [`CODE`] coordinates each for the account, with length [`ACCOUNT`], and for its scope or repository, with
//! length [`KIN`]. Which three follows from the hash of the name: two names share none, or seldom one.
//! With tolerance 1, and c for the cosine of two shapes, two alerts are neighbours
//!
//! - of one account and scope: within 17 min whatever they show, within 2 h if they show the same;
//! - of one account and several scopes: from c = 0.25 on at once, within 103 min at c = 1;
//! - of two accounts and scopes: from c = 0.76 on at once, within 45 min at c = 0.9, within 59 min at c = 1.

use ndarray::Array2;

use super::Point;
use crate::baseline::stance::HOUR;
use crate::detect::signals::SIGNALS;

/// Two hours are one unit.
pub const TIME_UNIT: i64 = 2 * HOUR;
/// Distance at which two alerts are neighbours.
pub const TOLERANCE: f64 = 1.0;
const EVIDENCE: f64 = 0.7;
const ACCOUNT: f64 = 0.5;
const KIN: f64 = 0.36;
const CODE: usize = 64;
const ONES: usize = 3;

/// The alerts as rows, without the columns that are nought for all of them.
pub(super) fn matrix(points: &[&Point]) -> Array2<f64> {
    let begin = points.iter().map(|point| point.at).min().unwrap_or_default();
    let shapes = 1 + SIGNALS.len() + 1;
    let rows: Vec<Vec<(usize, f64)>> = points
        .iter()
        .map(|point| {
            #[allow(clippy::cast_precision_loss, reason = "milliseconds of a window")]
            let time = (point.at - begin) as f64 / TIME_UNIT as f64;
            let mut row = vec![(0, time)];
            row.extend(point.shape.parts().iter().map(|(signal, part)| (1 + signal, part * EVIDENCE)));
            row.extend(code(&point.account).map(|place| (shapes + place, ACCOUNT / 3f64.sqrt())));
            row.extend(code(&point.kin).map(|place| (shapes + CODE + place, KIN / 3f64.sqrt())));
            row
        })
        .collect();
    let mut used: Vec<usize> = rows.iter().flatten().map(|cell| cell.0).collect();
    used.sort_unstable();
    used.dedup();
    let mut matrix = Array2::zeros((points.len(), used.len()));
    for (at, row) in rows.iter().enumerate() {
        for (column, value) in row {
            if let Ok(place) = used.binary_search(column) {
                matrix[(at, place)] = *value;
            }
        }
    }
    matrix
}

/// Three distinct places of [`CODE`] for a name.
fn code(name: &str) -> [usize; ONES] {
    let hash = blake3::hash(name.as_bytes());
    let mut places = [usize::MAX; ONES];
    let mut found = 0;
    for byte in hash.as_bytes() {
        let place = usize::from(*byte) % CODE;
        if found < ONES && !places.contains(&place) {
            places[found] = place;
            found += 1;
        }
    }
    // Thirty-two bytes hold three different places for every name that anybody will find.
    places.map(|place| place % CODE)
}
