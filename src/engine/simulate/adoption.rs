//! When what is new is taken up: shares by quarter, read the other way round.

use super::habits::{Habits, Quarter};
use super::population::Adopts;

const YEAR_2000: i64 = 946_684_800_000;
const YEAR: f64 = 365.25 * 86_400_000.0;

/// Shares that had taken up trusted publishing and provenance, never falling: who has adopted stays.
pub struct Adoption {
    /// Time from which there is anything to adopt, milliseconds since the epoch.
    pub begins: i64,
    trusted: Vec<(f64, f64)>,
    provenance: Vec<(f64, f64)>,
}

impl Adoption {
    /// As the habits tell.
    #[must_use]
    pub fn of(habits: &Habits) -> Self {
        // The last quarter is as good as whole only where the history fills it: its share stands in the middle all the same.
        let curve = |share: fn(&Quarter) -> f64| {
            let mut highest = 0.0_f64;
            let rising = habits.quarters.iter().map(|q| {
                highest = highest.max(share(q));
                (q.quarter + 0.125, highest)
            });
            rising.collect()
        };
        Self {
            begins: millis(habits.quarters[0].quarter),
            trusted: curve(|q| q.trusted),
            provenance: curve(|q| q.provenance),
        }
    }

    /// Times of a team before which a share `u` of publishes is of teams that adopt earlier.
    #[must_use]
    pub fn of_rank(&self, u: f64) -> Adopts {
        Adopts { trusted: when(&self.trusted, u), provenance: when(&self.provenance, u) }
    }
}

fn when(curve: &[(f64, f64)], u: f64) -> i64 {
    let Some(k) = curve.iter().position(|(_, share)| *share > u) else { return i64::MAX };
    if k == 0 {
        return millis(curve[0].0);
    }
    let ((t0, s0), (t1, s1)) = (curve[k - 1], curve[k]);
    millis(t0 + (t1 - t0) * (u - s0) / (s1 - s0))
}

#[allow(clippy::cast_possible_truncation, reason = "milliseconds of a few decades")]
fn millis(year: f64) -> i64 {
    YEAR_2000 + ((year - 2000.0) * YEAR) as i64
}
