//! Minimum age: every version is held for a time, so that others find out first. It alerts on
//! nothing; its price is delay, and its worth is known only where the time of a removal is.

use serde::Serialize;

use crate::baseline::stance::HOUR;

/// What holding every version is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hold {
    /// Peer.
    pub name: String,
    /// What it does.
    pub rule: String,
    /// Hours that every version waits: its price.
    pub delay_hours: u32,
    /// Malicious versions of which it is known when they were reported or removed.
    pub measurable: usize,
    /// Malicious versions of which it is not.
    pub not_measurable: usize,
    /// Those that were reported or removed while they were held.
    pub caught: usize,
    /// Share of the measurable ones; none where nothing could be measured, which is not zero.
    pub recall: Option<f64>,
}

/// Measures a hold of so many hours on malicious versions, each with the milliseconds from its publish
/// to its report or removal, where that is known.
#[must_use]
pub fn measure(id: &str, rule: &str, hours: u32, lives: &[Option<i64>]) -> Hold {
    let measurable = lives.iter().flatten().count();
    let caught = lives.iter().flatten().filter(|lived| **lived <= i64::from(hours) * HOUR).count();
    #[allow(clippy::cast_precision_loss, reason = "counts of versions")]
    let recall = (measurable > 0).then(|| caught as f64 / measurable as f64);
    Hold {
        name: id.to_owned(),
        rule: rule.to_owned(),
        delay_hours: hours,
        measurable,
        not_measurable: lives.len() - measurable,
        caught,
        recall,
    }
}
