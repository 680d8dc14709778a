//! Scores that need no thought, and that anything worth its price must beat. Each reads one column
//! or two, from what came before the event.

use std::collections::VecDeque;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{by_actor, by_package};
use crate::archive::history::History;
use crate::baseline::actor::log_hours;
use crate::baseline::stance::HOUR;
use crate::baseline::tally::{Sizes, Values};

/// Past observations below which a score cannot say.
const ENOUGH: usize = 5;
const HOURS_A_WEEK: usize = 7 * 24;
const SEED: u64 = 1_976;

/// Robust z of the logarithm of the gap since the package's last version, either way.
pub fn gap(history: &History) -> Vec<Option<f32>> {
    #[derive(Default)]
    struct Past {
        last: Option<i64>,
        sorted: Vec<f32>,
    }
    by_package(history, |event, past: &mut Past| {
        let gap = log_hours(event.at - past.last.replace(event.at)?);
        let score = (past.sorted.len() >= ENOUGH).then(|| robust_z(gap, &past.sorted));
        past.sorted.insert(past.sorted.partition_point(|known| *known < gap), gap);
        score
    })
}

/// Distance from the median in median absolute deviations, scaled to standard deviations of a normal
/// distribution. A package that publishes by the clock has almost none: ten per cent is the least.
fn robust_z(value: f32, sorted: &[f32]) -> f32 {
    const TO_SD: f32 = 1.4826;
    const LEAST: f32 = 0.1;
    let middle = sorted.len() / 2;
    let median = sorted[middle];
    let (mut below, mut above) = (middle, middle);
    let mut deviation = 0.0;
    for _ in 0..=middle {
        let down = below.checked_sub(1).map_or(f32::INFINITY, |at| median - sorted[at]);
        let up = sorted.get(above).map_or(f32::INFINITY, |high| high - median);
        if down < up {
            below -= 1;
        } else {
            above += 1;
        }
        deviation = down.min(up);
    }
    (value - median).abs() / (TO_SD * deviation).max(LEAST)
}

/// Bits of the account's publishes in the last hour, this one among them, against its own past.
pub fn account_rate(history: &History) -> Vec<Option<f32>> {
    #[derive(Default)]
    struct Past {
        recent: VecDeque<i64>,
        rates: Sizes,
    }
    by_actor(history, |event, past: &mut Past| {
        past.recent.push_back(event.at);
        while past.recent.front().is_some_and(|at| event.at - at > HOUR) {
            past.recent.pop_front();
        }
        let rate = u32::try_from(past.recent.len()).unwrap_or(u32::MAX);
        let score =
            (past.rates.n as usize >= ENOUGH).then(|| rarity(f64::from(past.rates.at_least(rate)), past.rates.n));
        past.rates.note(rate);
        score
    })
}

/// Bits of one in (1 + n) chances, of which `hits` went the same way.
#[allow(clippy::cast_possible_truncation, reason = "a score needs no more than six digits")]
fn rarity(hits: f64, n: u32) -> f32 {
    -((1.0 + hits) / (1.0 + f64::from(n))).log2() as f32
}

/// Bits of the hour of the week among the account's hours, each counted once more than it happened.
pub fn hour_of_week(history: &History) -> Vec<Option<f32>> {
    struct Past([u16; HOURS_A_WEEK], u16);
    impl Default for Past {
        fn default() -> Self {
            Self([0; HOURS_A_WEEK], 0)
        }
    }
    by_actor(history, |event, past: &mut Past| {
        let hour = usize::try_from(event.at.div_euclid(HOUR).rem_euclid(7 * 24)).unwrap_or(0);
        let chance = (f32::from(past.0[hour]) + 1.0) / (f32::from(past.1) + 168.0);
        let score = (usize::from(past.1) >= ENOUGH).then(|| -chance.log2());
        past.0[hour] = past.0[hour].saturating_add(1);
        past.1 = past.1.saturating_add(1);
        score
    })
}

/// Bits of publisher, repository, workflow, ref kind and trigger that the package never had, each by
/// how often it had a new one before.
pub fn first_seen(history: &History) -> Vec<Option<f32>> {
    by_package(history, |event, (versions, past): &mut (u32, [Values; 5])| {
        let values = [event.publisher, event.repository, event.ci_workflow, event.ci_ref_kind, event.ci_trigger];
        let new = past.iter().zip(values).filter(|(known, value)| known.is_new(*value));
        let bits: f32 = new.map(|(known, _)| rarity(f64::from(known.novelties), known.n)).sum();
        for (known, value) in past.iter_mut().zip(values) {
            known.note(value, event.at);
        }
        *versions = versions.saturating_add(1);
        (*versions > 1 && !event.is_bare()).then_some(bits)
    })
}

/// The account's publishes so far.
pub fn volume(history: &History) -> Vec<Option<f32>> {
    by_actor(history, |_, n: &mut u32| {
        *n = n.saturating_add(1);
        #[allow(clippy::cast_precision_loss, reason = "a count of publishes, far below 2^24")]
        Some(*n as f32)
    })
}

/// A random number, the same in every run of the program.
pub fn random(history: &History) -> Vec<Option<f32>> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
    history.events.iter().map(|_| Some(random.r#gen::<f32>())).collect()
}
