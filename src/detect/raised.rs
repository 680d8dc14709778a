//! What a later publish makes of an earlier one: that it is raised, and the campaign it belongs to.

use super::alert::{Finding, Reason};
use super::evidence::Seen;
use crate::names::ReleaseId;

/// Hundredths by which a raised publish stays below the release that raised it.
pub const MARGIN: i32 = 10;

/// Why a publish was looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A later publish of the same act is an alert.
    SecondLook,
    /// Many accounts were unusual at once, and it resembles the alerts among them.
    Surge,
}

impl Cause {
    /// Name of the contribution.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SecondLook => "second-look",
            Self::Surge => "surge",
        }
    }

    /// The same in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::SecondLook => "a second look",
            Self::Surge => "a surge",
        }
    }
}

/// A publish below the budget that something later made an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    /// What made it one.
    pub cause: Cause,
    /// The alert that it was raised by.
    pub by: ReleaseId,
    /// Share of past publishes that scored at least as high as that alert.
    pub p_value: f64,
    /// When it became visible, milliseconds: not before everything that speaks for it was published.
    pub visible_at: i64,
    /// Hundredths that it adds to the score: what lacks to the score of `by`, less [`MARGIN`], and at least one.
    pub points: i32,
    /// One sentence.
    pub sentence: String,
}

impl Raised {
    /// Hundredths that lift a score to just below that of the alert that raises it.
    #[must_use]
    pub fn lift(own: i32, alert: i32) -> i32 {
        (alert - MARGIN - own).max(1)
    }
}

/// The campaign of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The campaign.
    pub id: String,
    /// Its members, this one among them.
    pub size: usize,
}

impl Finding {
    /// Adds what raised it as one more reason, so that the reasons still sum to the score. Its own
    /// p-value stays.
    pub fn raise(&mut self, raised: Raised) {
        self.points += raised.points;
        self.reasons.push(Reason {
            name: raised.cause.name().to_owned(),
            kind: "raised",
            points: raised.points,
            bits: None,
            seen: Seen::default(),
            sentence: raised.sentence.clone(),
        });
        self.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.points));
        self.raised = Some(raised);
    }

    /// How rare it is: its own p-value, or that of the alert that raised it.
    #[must_use]
    pub fn rarest(&self) -> f64 {
        self.raised.as_ref().map_or(self.p_value, |raised| raised.p_value.min(self.p_value))
    }
}
