//! What every format shows.

pub mod suppressed;

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
    /// Findings that a suppression keeps quiet, the highest score first.
    pub suppressed: Vec<Suppressed>,
    /// Suppressions that every report names.
    pub standing: Vec<(Standing, Suppression)>,
}

impl View {
    /// Share of the window's publishes that are alerts.
    #[must_use]
    pub fn empirical_rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "counts of publishes")]
        let rate = self.alerts as f64 / self.publishes.max(1) as f64;
        rate
    }

    /// Every finding, what is kept quiet behind the others, with what keeps it quiet.
    pub fn told(&self) -> impl Iterator<Item = (&Finding, Option<&Suppression>)> {
        let quiet = self.suppressed.iter().map(|suppressed| (&suppressed.finding, Some(&suppressed.by)));
        self.findings.iter().map(|finding| (finding, None)).chain(quiet)
    }
}

/// A finding that somebody decided beforehand not to be troubled with: it fails nothing, and is never left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// What keeps it quiet.
    pub by: Suppression,
}

/// Why findings are kept quiet, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Who answers for it.
    pub who: String,
    /// Why.
    pub why: String,
    /// The last day on which it holds, `2026-08-31`.
    pub until: String,
    /// What it is about, in words: `npm axios@1.14.1`, `npm axios, all versions`, `npm account jane`.
    pub scope: String,
}

/// What every report says of a suppression, whether or not it kept something quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds for whatever comes: every version of a package, or every publish of an account.
    Wide,
    /// It ends within two weeks.
    Ending,
    /// It has ended, and keeps nothing quiet.
    Ended,
}

impl Standing {
    /// Name in forms that programs read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }
}
