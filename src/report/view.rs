//! What every format shows.

use std::collections::BTreeMap;

use crate::detect::alert::Finding;
use crate::detect::calibration::Budget;
use crate::engine::campaign::Campaign;
use crate::engine::surge::Surge;

/// The result of scoring a window of a history.
#[derive(Clone, Debug)]
pub struct View {
    /// Where the events came from.
    pub source: String,
    /// The command that looks at one finding in the same archive, without the release.
    pub investigate: String,
    /// Beginning of the window, milliseconds, inclusive.
    pub since: i64,
    /// End of the window, milliseconds, inclusive.
    pub as_of: i64,
    /// Budget that chose the findings; `None` where everything is listed.
    pub budget: Option<Budget>,
    /// Model that scored.
    pub model: String,
    /// Publishes in the window.
    pub publishes: usize,
    /// Publishes before it that taught the baselines.
    pub taught: usize,
    /// Publishes in the window at or below the budget's p-value.
    pub alerts: usize,
    /// Findings that a later alert or a surge raised. They may be of the hours before the window, if they became
    /// visible in it.
    pub raised: usize,
    /// Publishes in the window about which little could be judged, by reason.
    pub unjudged: BTreeMap<&'static str, usize>,
    /// What is shown, highest score first.
    pub findings: Vec<Finding>,
    /// The highest scores of the window, where none of them is a finding.
    pub closest: Vec<Finding>,
    /// Campaigns with at least one finding, the highest score first.
    pub campaigns: Vec<Campaign>,
    /// Surges of the window, whatever was asked for.
    pub surges: Vec<Surge>,
}

impl View {
    /// Share of the window's publishes that are alerts.
    #[must_use]
    pub fn empirical_rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "counts of publishes")]
        let rate = self.alerts as f64 / self.publishes.max(1) as f64;
        rate
    }
}
