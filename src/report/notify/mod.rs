//! Messages about a night, as bytes; nothing here sends them.
//!
//! [`Digest`] is what every channel tells; [`slack`], [`webhook`] and [`mail`] write it. Every string in it comes from
//! a stranger: Slack gets it as text without markup, mail escaped, JSON escaped.

pub mod mail;
pub mod slack;
pub mod webhook;

use crate::detect::alert::{Finding, show_points};
use crate::error::printable;
use crate::report::night::Night;
use crate::report::text::rarity;
use crate::report::view::View;

/// Reasons told of a finding.
const REASONS: usize = 3;

/// What is told about a night.
#[derive(Clone, Copy, Debug)]
pub struct Digest<'a> {
    /// The night.
    pub night: &'a Night,
    /// What was found.
    pub view: &'a View,
    /// Of it what the channel was not told yet, highest score first.
    pub findings: &'a [&'a Finding],
}

impl Digest<'_> {
    /// One line that says what there is.
    #[must_use]
    pub fn headline(&self) -> String {
        let n = self.findings.len();
        let what = match n {
            0 => "nothing unusual".to_owned(),
            1 => "1 unusual publish".to_owned(),
            n => format!("{n} unusual publishes"),
        };
        let partly = if self.night.is_whole() { "" } else { "; not everything worked" };
        format!("gaitkeeper: {what} in night {}{partly}", self.night.number)
    }

    /// One line of figures.
    #[must_use]
    pub fn figures(&self) -> String {
        let judged = self.night.judged.as_ref().map_or(0, |judged| judged.publishes);
        let rate = self.night.rate.rate.map_or_else(|| "no rate".to_owned(), |rate| format!("{:.3} %", rate * 100.0));
        format!(
            "{judged} publishes judged up to {}; alerts over {} nights {rate}, budget {:.3} %",
            self.night.as_of,
            self.night.rate.nights,
            self.night.rate.budget * 100.0
        )
    }

    /// What each finding is not.
    pub const CAUTION: &'static str =
        "Unusual is not malicious: gaitkeeper says what differs from habit, and you decide.";
}

/// What is told when a night failed, in whole or in part.
#[must_use]
pub fn trouble_headline(night: &Night) -> String {
    match night.failures.len() {
        1 => format!("gaitkeeper: night {} finished, but 1 thing did not work", night.number),
        n => format!("gaitkeeper: night {} finished, but {n} things did not work", night.number),
    }
}

/// What a channel says when it is tried.
pub const TEST: &str = "gaitkeeper: this channel works. It is a test, and nothing was found.";

/// A finding's score in words.
pub(crate) fn standing(finding: &Finding) -> String {
    let alone = if finding.raised.is_some() { " alone" } else { "" };
    format!("score {}, {}{alone}", show_points(finding.points), rarity(finding.p_value))
}

/// Its reasons, the largest first.
pub(crate) fn reasons(finding: &Finding) -> impl Iterator<Item = String> {
    let raising = finding.reasons.iter().filter(|r| r.raises()).take(REASONS);
    raising.map(|r| format!("{} {}", show_points(r.points), printable(&r.sentence)))
}

/// Text of at most so many characters; what is cut off is told by an ellipsis.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect()
}
