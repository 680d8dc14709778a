//! How rare a score is: conformal p-values over a rolling window of past publishes.
//!
//! The p-value of a score is (1 + past scores at least as high) / (1 + past scores), the
//! split-conformal form (Vovk et al., Algorithmic Learning in a Random World, 2005), with the model's
//! reference history counted among the past, so that an archive of a hundred publishes can tell
//! something. One window serves all: apart for each cohort, the takeovers would compete for the budget with the
//! newcomers that they look like. It uses only what came before.
//!
//! Exchangeability fails under drift: what many projects begin to do at once (another client, another way to log in) scores
//! high for a while and is common. So what is older than half a year leaves the window where enough is left. On the history in
//! the box 0.173 % of the publishes of 2026 are at or below 1/1,000 with this window (`gaitkeeper score --since 2026-01-01
//! --as-of 2026-08-12`), 0.26 % were with the last 100,000 publishes; in 2024 and 2025 it is 0.10 % with both. Reports
//! print the empirical rate beside the budget.

use std::collections::VecDeque;

use super::model::Reference;
use crate::error::{Error, Result};

/// Publishes that the window holds at most, enough to tell one in 100,000.
pub const MOST: usize = 100_000;
/// Publishes that it holds however old they are, enough to tell one in 30,000.
const LEAST: usize = 30_000;
/// Milliseconds after which a publish leaves, if [`LEAST`] later ones are there: half a year.
const RECENT: i64 = 180 * 86_400_000;

/// Whether the window holds the publish that so many followed, at this age in milliseconds when the last of them came.
#[must_use]
pub fn holds(followed_by: usize, age: i64) -> bool {
    followed_by < LEAST || (followed_by < MOST && age <= RECENT)
}

/// Points of the first bin: below it, scores are not told apart.
const LOWEST: i32 = -3_000;
/// Points a bin.
const WIDTH: i32 = 2;
/// Bins: scores up to 51.92.
const BINS: usize = 4_096;

/// Ranks of past scores.
#[derive(Clone, Debug)]
pub struct RollingRanks {
    /// Fenwick tree over the bins, highest scores first.
    counts: Vec<u32>,
    /// Time and bin, the oldest first.
    window: VecDeque<(i64, u16)>,
}

impl Default for RollingRanks {
    fn default() -> Self {
        Self { counts: vec![0; BINS + 1], window: VecDeque::new() }
    }
}

impl RollingRanks {
    /// p-value of a score against the window and the model's reference.
    #[must_use]
    pub fn p_value(&self, points: i32, reference: &Reference) -> f64 {
        let mut at_least = 0u32;
        let mut i = bin(points) + 1;
        while i > 0 {
            at_least += self.counts[i];
            i &= i - 1;
        }
        #[allow(clippy::cast_precision_loss, reason = "at most a hundred thousand")]
        let n = self.window.len() as f64;
        (1.0 + f64::from(at_least) + reference.weight * reference.share(points)) / (1.0 + n + reference.weight)
    }

    /// Adds the score of a publish at `at`, milliseconds, not earlier than those before it; what the window does not hold
    /// any more leaves.
    pub fn note(&mut self, at: i64, points: i32) {
        let bin = bin(points);
        self.change(bin, 1);
        self.window.push_back((at, u16::try_from(bin).unwrap_or(u16::MAX)));
        while let Some(&(oldest, bin)) = self.window.front()
            && !holds(self.window.len() - 1, at - oldest)
        {
            self.change(usize::from(bin), u32::MAX);
            self.window.pop_front();
        }
    }

    /// The window as bytes: of each publish, the oldest first, the time and what its score counts as.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.window.iter().flat_map(|(at, bin)| at.to_le_bytes().into_iter().chain(bin.to_le_bytes())).collect()
    }

    /// The ranks that [`Self::to_bytes`] gave; `None` where the bytes are something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (noted, []) = bytes.as_chunks::<10>() else { return None };
        let mut ranks = Self::default();
        for noted in noted {
            let at = i64::from_le_bytes(std::array::from_fn(|i| noted[i]));
            let bin = u16::from_le_bytes([noted[8], noted[9]]);
            if usize::from(bin) >= BINS || ranks.window.back().is_some_and(|(last, _)| *last > at) {
                return None;
            }
            ranks.change(usize::from(bin), 1);
            ranks.window.push_back((at, bin));
        }
        Some(ranks)
    }

    fn change(&mut self, bin: usize, by: u32) {
        let mut i = bin + 1;
        while i <= BINS {
            self.counts[i] = self.counts[i].wrapping_add(by);
            i += i & i.wrapping_neg();
        }
    }
}

/// [`RollingRanks`] along a history, in the order of time: publishes of one millisecond do not see each other.
#[derive(Clone, Debug)]
pub struct Ranking {
    ranks: RollingRanks,
    moment: i64,
    /// Scores of that moment.
    waiting: Vec<i32>,
}

impl Default for Ranking {
    fn default() -> Self {
        Self::after(RollingRanks::default())
    }
}

impl Ranking {
    /// Goes on from these ranks.
    #[must_use]
    pub fn after(ranks: RollingRanks) -> Self {
        Self { ranks, moment: i64::MIN, waiting: Vec::new() }
    }

    /// Share of the publishes before `at` (milliseconds, not earlier than those before) that scored at least as high.
    pub fn p_value(&mut self, at: i64, points: i32, reference: &Reference) -> f64 {
        if at != self.moment {
            self.settle();
            self.moment = at;
        }
        self.ranks.p_value(points, reference)
    }

    /// A publish of the moment that was asked about last is one of those that later ones are ranked among.
    pub fn teach(&mut self, points: i32) {
        self.waiting.push(points);
    }

    /// The ranks after everything that was taught.
    #[must_use]
    pub fn end(mut self) -> RollingRanks {
        self.settle();
        self.ranks
    }

    fn settle(&mut self) {
        self.waiting.drain(..).for_each(|points| self.ranks.note(self.moment, points));
    }
}

/// Bin of a score, highest scores first, so that "at least as high" is a prefix.
fn bin(points: i32) -> usize {
    BINS - 1 - usize::try_from(points.saturating_sub(LOWEST) / WIDTH).unwrap_or(0).min(BINS - 1)
}

/// Alerts that a person is willing to read, as a share of publishes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// One alert in so many publishes.
    pub one_in: f64,
    /// Alerts a day, where they were asked for so.
    pub a_day: Option<f64>,
}

impl Budget {
    /// The share of publishes.
    #[must_use]
    pub fn rate(self) -> f64 {
        1.0 / self.one_in
    }
}

impl std::str::FromStr for Budget {
    type Err = Error;

    /// Reads `1/1000`, `0.001` or `0.1%`.
    fn from_str(text: &str) -> Result<Self> {
        let rate = if let Some((above, below)) = text.split_once('/') {
            number(above).zip(number(below)).map(|(a, b)| a / b)
        } else if let Some(percent) = text.strip_suffix('%') {
            number(percent).map(|p| p / 100.0)
        } else {
            number(text)
        };
        match rate {
            Some(rate) if rate > 0.0 && rate <= 1.0 => Ok(Self { one_in: 1.0 / rate, a_day: None }),
            _ => Err(Error::usage(format!("`{text}` is not a share of publishes"))
                .remedy("write it as 1/1000, 0.001 or 0.1%")),
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().replace('_', "").parse().ok()
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.a_day {
            None => write!(f, "1/{:.0}", self.one_in),
            Some(alerts) => write!(f, "{alerts}/day (1/{:.0})", self.one_in),
        }
    }
}

/// Days before the end of a window over which publishes are counted for a budget by the day.
pub const DAYS_COUNTED: i64 = 30;

/// A budget as it is asked for: a share of publishes, or alerts a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Volume {
    /// A share, whatever the day brings.
    Share(Budget),
    /// Alerts a day, over as many publishes as the past month's days brought.
    Daily(f64),
}

impl Volume {
    /// The share that keeps to it where a day brings so many publishes. A day with fewer publishes than alerts
    /// that may be read is read whole.
    #[must_use]
    pub fn budget(self, publishes_a_day: f64) -> Budget {
        match self {
            Self::Share(budget) => budget,
            Self::Daily(alerts) => Budget { one_in: (publishes_a_day / alerts).max(1.0), a_day: Some(alerts) },
        }
    }
}

impl std::str::FromStr for Volume {
    type Err = Error;

    /// Reads what [`Budget`] reads, and `5/day`.
    fn from_str(text: &str) -> Result<Self> {
        let Some(alerts) = text.trim().strip_suffix("/day") else {
            return text.parse().map(Self::Share).map_err(|e: Error| e.remedy("write it as 1/1000, 0.1% or 5/day"));
        };
        match number(alerts) {
            Some(alerts) if alerts > 0.0 && alerts.is_finite() => Ok(Self::Daily(alerts)),
            _ => Err(Error::usage(format!("`{text}` is no number of alerts a day"))
                .remedy("write it as 5/day, or 0.5/day for one in two days")),
        }
    }
}
