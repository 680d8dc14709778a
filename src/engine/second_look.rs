//! The second look: when a later publish of an act is an alert, the earlier ones that were below the
//! budget are alerts too.
//!
//! An act is what one account does in one burst, and what it does to one package within
//! [`RAPID`]. The known takeovers published their second version 4 to 134 minutes after the first, and
//! their bursts alert in the middle. What is [`UNUSUAL`] by itself is raised, and what is [`FAINT`] if its evidence is like
//! the alert's: the ordinary publishes of a burst stay as they are. What is raised changes no baseline
//! and no calibration, and raises nothing in its turn.
//!
//! What comes after an alert of its act with evidence like it is told with it, and no alert: a release of a monorepo
//! would be ten alerts instead of one. Of a worm it is the larger part, because hundreds of its versions are so many high
//! scores that the next one is no longer rare.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::trace::{Trace, UNUSUAL};
use crate::archive::vocabulary::Sym;
use crate::baseline::reach::{BURST_LENGTH, BURST_SILENCE};
use crate::baseline::stance::RAPID;

/// A larger p-value than this says nothing, whatever follows.
pub const FAINT: f64 = 0.05;
/// Cosine from which faint evidence is that of the alert.
const ALIKE: f64 = 0.7;
/// Alerts of an account that speak for what follows: the last ones.
const SPEAK: usize = 256;

/// What joins a publish to the alert of its act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Another version of the package within [`RAPID`].
    SamePackage,
    /// The same burst of the account.
    SameBurst,
}

/// One publish below the budget, and an alert of its act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The publish, by its place among the traces.
    pub subject: usize,
    /// The alert, the same way: the first that speaks for it, so that a later one changes nothing. It raises what came
    /// before it.
    pub by: usize,
    /// What joins them.
    pub act: Act,
}

impl Look {
    /// The publish came after the alert, which does not raise it.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.subject > self.by
    }
}

/// A publish by its place, and its account's burst.
type Member = (usize, u32);

/// An account's burst, its publishes that may yet be raised, and its alerts.
#[derive(Default)]
struct Account {
    start: i64,
    last: i64,
    burst: u32,
    below: Vec<Member>,
    alerts: VecDeque<Member>,
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

/// What joins a publish to an alert of its account, if that speaks for it.
fn joins((alert, of_alert): (&Trace, u32), (subject, of_subject): (&Trace, u32)) -> Option<Act> {
    let by_itself = subject.p_value <= UNUSUAL && subject.index < alert.index;
    if !by_itself && subject.shape.alike(&alert.shape) < ALIKE {
        None
    } else if subject.package == alert.package {
        Some(Act::SamePackage)
    } else {
        (of_subject == of_alert).then_some(Act::SameBurst)
    }
}

/// Looks again at every publish before each alert, and at those after it. `traces` are in the order of the history, alerts are
/// those at or below `rate` from `since` on; earlier ones are left to the windows that they are in. One publish may follow an
/// alert and be raised by a later one.
#[must_use]
pub fn second_look(traces: &[Trace], rate: f64, since: i64) -> Vec<Look> {
    let mut accounts: FxHashMap<Sym, Account> = FxHashMap::default();
    let mut looks = Vec::new();
    for (place, trace) in traces.iter().enumerate().filter(|(_, trace)| trace.actor.is_some()) {
        let account = accounts.entry(trace.actor).or_default();
        let burst = account.burst_of(trace.at);
        let recent = |member: &Member| trace.at - traces[member.0].at <= RAPID;
        account.below.retain(recent);
        account.alerts.retain(recent);
        if trace.p_value > FAINT {
            continue;
        }
        if trace.p_value > rate {
            let mut joined = account.alerts.iter().filter_map(|&(by, its)| {
                let act = joins((&traces[by], its), (trace, burst))?;
                Some(Look { subject: place, by, act })
            });
            looks.extend(joined.next());
            account.below.push((place, burst));
        } else if trace.at >= since {
            account.below.retain(|&(subject, its)| {
                let act = joins((trace, burst), (&traces[subject], its));
                looks.extend(act.map(|act| Look { subject, by: place, act }));
                act.is_none()
            });
            account.alerts.push_back((place, burst));
            if account.alerts.len() > SPEAK {
                account.alerts.pop_front();
            }
        }
    }
    looks
}
