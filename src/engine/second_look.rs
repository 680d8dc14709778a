//! The second look: when a later publish of an act is an alert, the earlier ones that were below the
//! budget are alerts too.
//!
//! An act is what one account does in one burst, and what it does to one package within
//! [`RAPID`]. The known takeovers published their second version 4 to 134 minutes after the first, and
//! their bursts alert in the middle. What is [`UNUSUAL`] by itself is raised, and what is [`FAINT`] if its evidence is like
//! the alert's: the ordinary publishes of a burst stay as they are. What is raised changes no baseline
//! and no calibration, and raises nothing in its turn.

use rustc_hash::FxHashMap;

use super::trace::{Trace, UNUSUAL};
use crate::archive::vocabulary::Sym;
use crate::baseline::reach::{BURST_LENGTH, BURST_SILENCE};
use crate::baseline::stance::RAPID;

/// A larger p-value than this says nothing, whatever follows.
pub const FAINT: f64 = 0.05;
/// Cosine from which faint evidence is that of the alert.
const ALIKE: f64 = 0.7;

/// What joins an earlier publish to the alert that raises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Another version of the package within [`RAPID`].
    SamePackage,
    /// The same burst of the account.
    SameBurst,
}

/// One publish raised by a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The earlier publish, by its place among the traces.
    pub subject: usize,
    /// The alert, the same way: the first that speaks for it, so that a later one changes nothing.
    pub by: usize,
    /// What joins them.
    pub act: Act,
}

/// An account's burst, and its publishes that may yet be raised.
#[derive(Default)]
struct Account {
    start: i64,
    last: i64,
    burst: u32,
    below: Vec<(usize, u32)>,
}

impl Account {
    /// Number of the burst that a publish at `at` belongs to, by the rule of the baselines.
    fn burst_of(&mut self, at: i64) -> u32 {
        if self.burst == 0 || at - self.last > BURST_SILENCE || at - self.start > BURST_LENGTH {
            self.burst += 1;
            self.start = at;
        }
        self.last = at;
        self.burst
    }
}

/// Looks again at every publish before each alert. `traces` are in the order of the history, alerts are
/// those at or below `rate` from `since` on; earlier ones are left to the windows that they are in.
#[must_use]
pub fn second_look(traces: &[Trace], rate: f64, since: i64) -> Vec<Look> {
    let mut accounts: FxHashMap<Sym, Account> = FxHashMap::default();
    let mut looks = Vec::new();
    for (place, trace) in traces.iter().enumerate().filter(|(_, trace)| trace.actor.is_some()) {
        let account = accounts.entry(trace.actor).or_default();
        let burst = account.burst_of(trace.at);
        account.below.retain(|(earlier, _)| trace.at - traces[*earlier].at <= RAPID);
        if trace.p_value > rate {
            if trace.p_value <= FAINT {
                account.below.push((place, burst));
            }
        } else if trace.at >= since {
            account.below.retain(|&(subject, its_burst)| {
                let earlier = &traces[subject];
                if earlier.p_value > UNUSUAL && earlier.shape.alike(&trace.shape) < ALIKE {
                    return true;
                }
                let act = if earlier.package == trace.package {
                    Act::SamePackage
                } else if its_burst == burst {
                    Act::SameBurst
                } else {
                    return true;
                };
                looks.push(Look { subject, by: place, act });
                false
            });
        }
    }
    looks
}
