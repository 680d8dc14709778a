//! Surges: many maintainers unusual at once, against how many usually are.
//!
//! The accounts with an [`UNUSUAL`] publish within the hour before are counted at every such publish.
//! In quiet times that count is taken as Poisson; its rate has a Gamma prior and the past of
//! [`PAST`], so that the predictive tail is that of a negative binomial, a regularised incomplete beta
//! function (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6). The last day is left out of the
//! past, so that a surge does not get used to itself. The hours of a day differ, which the Poisson law
//! does not know: the demands are strict for that reason. Over the history of the shared corpus,
//! without attacks, nothing reaches them.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};
use statrs::function::beta::beta_reg;

use super::trace::{Trace, UNUSUAL};
use crate::archive::vocabulary::Sym;
use crate::baseline::stance::{DAY, HOUR};

/// Accounts count together within this time.
const WITHIN: i64 = HOUR;
/// Length of the past that gives the usual rate.
const PAST: i64 = 28 * DAY;
/// What is younger than this is no past yet.
const PRESENT: i64 = DAY;
/// Publishes that are older than a window by more than this change no surge in it: its past, its present, and a day in
/// which it may have begun.
pub const REACH: i64 = PAST + PRESENT + DAY + WITHIN;
/// A shorter past than this cannot tell what is usual.
const LEAST_PAST: i64 = 6 * DAY;
/// Prior: one account in so many hours.
const PRIOR: (f64, f64) = (1.0, 24.0);
/// Fewer accounts than this are no surge, however quiet the past.
const LEAST_ACCOUNTS: usize = 4;
/// A surge is less probable than this.
const IMPROBABLE: f64 = 1e-6;
/// Cosine from which evidence counts as alike.
const ALIKE: f64 = 0.8;

/// Many accounts unusual at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Surge {
    /// First unusual publish that counts into it, milliseconds.
    pub first: i64,
    /// Last one at which the count was still improbable.
    pub last: i64,
    /// When it became visible.
    pub visible_at: i64,
    /// Most accounts within one hour.
    pub at_once: usize,
    /// Accounts that were unusual from `first` to `last`.
    pub accounts: usize,
    /// Accounts that are unusual in a usual hour.
    pub usual: f64,
    /// Probability of so many in an hour: the smallest on the way.
    pub probability: f64,
    /// Publishes that it raised.
    pub raised: usize,
}

/// Counts accounts along the history.
#[derive(Default)]
pub struct Counter {
    begin: Option<i64>,
    recent: VecDeque<(i64, Sym)>,
    now: FxHashMap<Sym, usize>,
    present: VecDeque<i64>,
    past: VecDeque<i64>,
    accounts: FxHashSet<Sym>,
    surges: Vec<Surge>,
}

impl Counter {
    /// The past began at this time: publishes from then on are passed over, and were not unusual.
    pub fn begin(&mut self, at: i64) {
        self.begin.get_or_insert(at);
    }

    /// Takes the next publish.
    pub fn note(&mut self, at: i64, actor: Sym, p_value: f64) {
        let begin = *self.begin.get_or_insert(at);
        if p_value > UNUSUAL || actor.is_none() {
            return;
        }
        while let Some(&(_, gone)) = self.recent.front().filter(|(t, _)| at - t > WITHIN) {
            self.recent.pop_front();
            if let Some(left) = self.now.get_mut(&gone) {
                *left -= 1;
                if *left == 0 {
                    self.now.remove(&gone);
                }
            }
        }
        if !self.now.contains_key(&actor) {
            self.present.push_back(at);
        }
        self.recent.push_back((at, actor));
        *self.now.entry(actor).or_default() += 1;
        while let Some(old) = self.present.front().copied().filter(|t| at - t > PRESENT) {
            self.present.pop_front();
            self.past.push_back(old);
        }
        while self.past.front().is_some_and(|t| at - t > PAST + PRESENT) {
            self.past.pop_front();
        }
        let length = (at - begin - PRESENT).min(PAST);
        if length >= LEAST_PAST && self.now.len() >= LEAST_ACCOUNTS {
            #[allow(clippy::cast_precision_loss, reason = "a count, and hours of a month")]
            let (count, hours) = (self.past.len() as f64, length as f64 / HOUR as f64);
            self.judge(at, PRIOR.0 + count, PRIOR.1 + hours);
        }
    }

    fn judge(&mut self, at: i64, count: f64, hours: f64) {
        let at_once = self.now.len();
        let probability = tail(at_once, count, hours);
        if probability > IMPROBABLE {
            return;
        }
        if let Some(surge) = self.surges.last_mut().filter(|surge| at - surge.last <= WITHIN) {
            surge.last = at;
            surge.at_once = surge.at_once.max(at_once);
            surge.probability = surge.probability.min(probability);
        } else {
            let first = self.recent.front().map_or(at, |(t, _)| *t);
            self.accounts.clear();
            self.surges.push(Surge {
                first,
                last: at,
                visible_at: at,
                at_once,
                accounts: 0,
                usual: count / hours,
                probability,
                raised: 0,
            });
        }
        self.accounts.extend(self.now.keys());
        if let Some(surge) = self.surges.last_mut() {
            surge.accounts = self.accounts.len();
        }
    }

    /// The surges so far.
    #[must_use]
    pub fn surges(self) -> Vec<Surge> {
        self.surges
    }
}

/// Probability of `n` accounts or more in an hour, after `count` in `hours`.
#[must_use]
pub fn tail(n: usize, count: f64, hours: f64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of accounts")]
    let n = n as f64;
    beta_reg(n, count, 1.0 / (hours + 1.0))
}

/// Publishes of a surge that resemble one of its alerts without being one: each with the alert (the first
/// that it resembles) and the cosine. `traces` are in the order of the history; alerts are those at or
/// below `rate` from `since` on.
#[must_use]
pub fn resembling(surge: &Surge, traces: &[Trace], rate: f64, since: i64) -> Vec<(usize, usize, f64)> {
    let from = traces.partition_point(|trace| trace.at < surge.first);
    let until = traces.partition_point(|trace| trace.at <= surge.last);
    let within = || traces[from..until].iter().enumerate().map(|(place, trace)| (place + from, trace));
    let alerts: Vec<_> = within().filter(|(_, trace)| trace.p_value <= rate && trace.at >= since).collect();
    within()
        .filter(|(_, trace)| trace.p_value > rate && trace.p_value <= UNUSUAL && trace.actor.is_some())
        .filter_map(|(place, trace)| {
            let alike = alerts.iter().map(|(alert, other)| (*alert, trace.shape.alike(&other.shape)));
            let (alert, cosine) = alike.into_iter().find(|(_, cosine)| *cosine >= ALIKE)?;
            Some((place, alert, cosine))
        })
        .collect()
}
