//! How much of a mean over campaigns is the luck of which campaigns there were: a percentile
//! bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Resamples of the campaigns.
const RESAMPLES: usize = 2_000;
const SEED: u64 = 95;

/// The central 95 % of the means of campaigns drawn with replacement, for several measures of the
/// same campaigns at once. Every call draws the same campaigns, so that methods are compared on the
/// same luck. Without campaigns both ends are zero.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a count of campaigns")]
pub fn of_means<const N: usize>(campaigns: &[[f64; N]]) -> [[f64; 2]; N] {
    if campaigns.is_empty() {
        return [[0.0; 2]; N];
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let mut means = [(); N].map(|()| Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        let mut sums = [0.0; N];
        for _ in campaigns {
            let drawn = campaigns[random.gen_range(0..campaigns.len())];
            sums.iter_mut().zip(drawn).for_each(|(sum, value)| *sum += value);
        }
        means.iter_mut().zip(sums).for_each(|(means, sum)| means.push(sum / campaigns.len() as f64));
    }
    means.map(|mut means| {
        means.sort_unstable_by(f64::total_cmp);
        let cut = RESAMPLES / 40;
        [means[cut], means[RESAMPLES - 1 - cut]]
    })
}
