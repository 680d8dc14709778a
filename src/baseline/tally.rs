//! The statistics that habits are made of. Each is small, bounded and updated in place.

use serde::{Deserialize, Serialize};

use crate::archive::vocabulary::{Sym, Symbols};

/// How often something happened in how many chances, older chances counting less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Times it happened.
    pub hits: f32,
    /// Chances it had.
    pub n: f32,
}

impl Rate {
    /// Share of the past that a new observation leaves standing: a memory of about 200 publishes.
    const KEEP: f32 = 0.995;

    /// Adds one chance.
    pub fn note(&mut self, happened: bool) {
        self.hits = self.hits * Self::KEEP + f32::from(u8::from(happened));
        self.n = self.n * Self::KEEP + 1.0;
    }
}

/// Something that a package or an account begins to do at some time, and whether it kept it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Practice {
    /// Publishes with it.
    pub with: u32,
    /// Publishes since the first with it, and how many of those lacked it.
    pub lapses: Rate,
}

impl Practice {
    /// Adds one publish.
    pub fn note(&mut self, has: bool) {
        if self.with > 0 {
            self.lapses.note(!has);
        }
        self.with = self.with.saturating_add(u32::from(has));
    }
}

/// One value that an attribute has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The value.
    pub value: Sym,
    /// How often.
    pub n: u32,
    /// First time, milliseconds.
    pub first: i64,
    /// Last time, milliseconds.
    pub last: i64,
}

/// The values an attribute has had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Values {
    /// Each value, in the order of first sight.
    pub seen: Vec<Seen>,
    /// Observations.
    pub n: u32,
    /// Observations that brought a value never seen before, the very first one apart.
    pub novelties: u32,
}

impl Values {
    /// Values kept at most; past that the one unseen for longest is forgotten.
    const KEPT: usize = 64;

    /// Adds one observation; "not recorded" is none.
    pub fn note(&mut self, value: Sym, at: i64) {
        if value.is_none() {
            return;
        }
        self.n += 1;
        if let Some(known) = self.seen.iter_mut().find(|s| s.value == value) {
            known.n += 1;
            known.last = at;
            return;
        }
        self.novelties += u32::from(!self.seen.is_empty());
        if self.seen.len() == Self::KEPT
            && let Some(oldest) = (0..self.seen.len()).min_by_key(|&i| self.seen[i].last)
        {
            self.seen.remove(oldest);
        }
        self.seen.push(Seen { value, n: 1, first: at, last: at });
    }

    /// What is known of a value.
    #[must_use]
    pub fn get(&self, value: Sym) -> Option<&Seen> {
        self.seen.iter().find(|s| s.value == value)
    }

    /// Values had been seen before `since`, but this one was not.
    #[must_use]
    pub fn is_new_since(&self, value: Sym, since: i64) -> bool {
        value.is_some()
            && self.seen.first().is_some_and(|oldest| oldest.first < since)
            && self.get(value).is_none_or(|known| known.first >= since)
    }

    /// Some value has been seen, but never this one.
    #[must_use]
    pub fn is_new(&self, value: Sym) -> bool {
        value.is_some() && !self.seen.is_empty() && self.get(value).is_none()
    }
}

impl Symbols for Values {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        for seen in &mut self.seen {
            visit(&mut seen.value);
        }
    }
}

/// Location and spread of a quantity, older observations counting less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Weight of the observations.
    pub n: f32,
    /// Their mean.
    pub mean: f32,
    /// Sum of squared deviations.
    pub m2: f32,
}

impl Spread {
    const KEEP: f32 = 0.98;

    /// Adds one observation (Welford's update under exponential decay).
    pub fn note(&mut self, value: f32) {
        self.n = self.n * Self::KEEP + 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.n;
        self.m2 = self.m2 * Self::KEEP + delta * (value - self.mean);
    }
}

/// Bins of [`Sizes`]: the last begins above 20,000.
const SIZE_BINS: usize = 30;

/// How often a count reached each size, in bins that double.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    bins: [u32; SIZE_BINS],
    /// Observations.
    pub n: u32,
}

impl Sizes {
    /// Bin of a size: 0, 1, 2, 3, 4, 5-6, 7-8, 9-12, 13-16, 17-24, 25-32, ...
    fn bin(size: u32) -> usize {
        if size <= 4 {
            return size as usize;
        }
        let doubling = 32 - (size - 1).leading_zeros();
        let upper_half = u32::from(size > (1 << (doubling - 1)) + (1 << (doubling - 2)));
        ((5 + 2 * (doubling - 3) + upper_half) as usize).min(SIZE_BINS - 1)
    }

    /// Adds one observation.
    pub fn note(&mut self, size: u32) {
        self.bins[Self::bin(size)] += 1;
        self.n += 1;
    }

    /// The middle size, as the lower edge of its bin.
    #[must_use]
    pub fn middle(&self) -> Option<u32> {
        let half = |bin: &usize| 2 * self.bins[*bin..].iter().sum::<u32>() >= self.n;
        (0..SIZE_BINS).rev().find(|bin| self.n > 0 && half(bin)).map(Self::edge)
    }

    /// The smallest size in a bin.
    fn edge(bin: usize) -> u32 {
        if bin <= 4 {
            return u32::try_from(bin).unwrap_or(0);
        }
        let (doubling, upper_half) = ((bin - 5) / 2 + 3, (bin - 5) % 2);
        (1 << (doubling - 1)) + 1 + if upper_half == 1 { 1 << (doubling - 2) } else { 0 }
    }

    /// Observations at least as large, to the resolution of the bins.
    #[must_use]
    pub fn at_least(&self, size: u32) -> u32 {
        self.bins[Self::bin(size)..].iter().sum()
    }
}

/// Publishes a day between the first and the last of `n`, milliseconds; within a day that counts as one.
#[must_use]
pub fn per_day(n: u32, first: i64, last: i64) -> f64 {
    const DAY: f64 = 86_400_000.0;
    #[allow(clippy::cast_precision_loss, reason = "a span of years is far below 2^52 milliseconds")]
    let days = ((last - first) as f64 / DAY).max(1.0);
    f64::from(n) / days
}
