//! Which publishes may teach what is usual, where somebody has looked at alerts.

use crate::archive::history::Event;
use crate::archive::verdicts::{ByRelease, Verdict};
use crate::baseline::package::Teaching;

/// A publish with this p-value or a smaller one is an alert that can be held back.
pub const ALERTED: f64 = 0.001;

/// What teaches, and when. The default asks nobody: every publish teaches after its quarantine, removed ones never.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Conclusions. They have no time: a past history is judged with what is known today.
    pub verdicts: ByRelease,
    /// Alerts without a conclusion do not teach their package for [`crate::baseline::package::HELD`].
    ///
    /// Off unless asked for: what an owner does differently from now on stays unusual until somebody says that it is
    /// the owner's, and such repeats push takeovers out of a small budget. `gaitkeeper backtest`, with and without
    /// `--hold-alerts`, on the whole corpus and an earlier model, trained on the same campaigns: at 1/10,000 the mean
    /// recall of campaigns falls from 0.927 to 0.867, at 1/1,000 it stays at 0.998; of 430 alerts at 1/1,000 without
    /// attacks, those on a package that had one within the last 30 days rise from 55 to 102.
    pub hold_alerts: bool,
}

impl Policy {
    /// How an event teaches that was judged with this p-value.
    #[must_use]
    pub fn teaching(&self, event: &Event, p_value: f64) -> Teaching {
        let verdict = if self.verdicts.is_empty() {
            None
        } else {
            self.verdicts.get(&[event.registry, event.package, event.version])
        };
        match verdict {
            // Of a removed version the registry keeps the time alone: there is nothing to learn from.
            _ if event.removed == Some(true) => Teaching::Never,
            Some(Verdict::Malicious) => Teaching::Never,
            Some(Verdict::Benign) => Teaching::AtOnce,
            _ if self.hold_alerts && p_value <= ALERTED => Teaching::Held,
            _ => Teaching::Settled,
        }
    }
}
