//! What every format shows.

pub mod suppressed;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::escape::shown;
use crate::archive::corroboration::Claim;
use crate::detect::alert::Finding;
use crate::detect::calibration::Budget;
use crate::engine::campaign::Campaign;
use crate::engine::surge::Surge;
use crate::names::ReleaseId;

/// The result of scoring a window of a history.
#[derive(Clone, Debug, Default)]
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
    /// What others say of the window, where they were asked.
    pub elsewhere: Option<Elsewhere>,
}

/// What others say of the publishes of a window.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// What was read: CSV rows, and affected packages of OSV records.
    pub rows: usize,
    /// Of them, about no publish that the archive held at the end of the window.
    pub unmatched: usize,
    /// OSV records that were withdrawn, and so say nothing.
    pub withdrawn: usize,
    /// Affected packages whose range of versions could not be worked out, in whole or in part.
    pub ranges_unread: usize,
    /// Files of a folder that were no OSV record, with the reason of the first.
    pub files_unread: (usize, Option<String>),
    /// Publishes of the window with at least one claim.
    pub publishes: usize,
    /// Publishes of the window that others call malicious and that are neither alerts nor raised, oldest first.
    pub not_alerted: Vec<NotAlerted>,
}

impl Elsewhere {
    /// What was read, what of it was of no use, and what is known elsewhere and no alert here.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut text = format!(
            "Asked elsewhere: {} rows, {} of them about no publish of this archive; {} publishes of the window are named.",
            self.rows, self.unmatched, self.publishes
        );
        for (n, what) in [
            (self.withdrawn, "records were withdrawn"),
            (self.ranges_unread, "rows name versions by a range that could not be worked out in full"),
        ] {
            if n > 0 {
                let _ = write!(text, " {n} {what}.");
            }
        }
        if let (n, Some(reason)) = &self.files_unread {
            let _ = write!(text, " {n} files are no OSV record, the first: {}.", shown(reason));
        }
        let _ = write!(text, " Known elsewhere as malicious, not alerted here: {}.", self.not_alerted.len());
        text
    }
}

/// A publish that others call malicious and that is no alert here.
#[derive(Clone, Debug)]
pub struct NotAlerted {
    /// Which release.
    pub release: ReleaseId,
    /// When it was published, milliseconds.
    pub at: i64,
    /// Share of past publishes that scored at least as high.
    pub p_value: f64,
    /// What others say.
    pub claims: Vec<Claim>,
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
