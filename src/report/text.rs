//! For a person at a terminal.

use std::fmt::Write;

use super::escape::{self, shown};
use super::grouping::{Block, blocks, in_brief};
use super::view::{Elsewhere, View, suppressed};
use super::{Format, claims};
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, show_points};
use crate::engine::campaign::Campaign;

/// The row of the table.
pub static FORMAT: Format = Format { id: "text", about: "for reading", file: "findings.txt", write };

/// Reasons shown for each finding.
const REASONS: usize = 6;
/// Members of a campaign shown in full.
const EXPANDED: usize = 3;

fn write(view: &View) -> String {
    let mut out = String::new();
    findings(&mut out, view);
    if !view.closest.is_empty() {
        out.push_str("Nothing in the window is unusual enough for the budget. What comes closest:\n\n");
        for finding in &view.closest {
            self::finding(&mut out, finding, &view.investigate);
        }
    }
    summary(&mut out, view);
    out
}

/// Of a campaign's members beyond [`EXPANDED`] only the number is told, unless everything was asked for.
fn findings(out: &mut String, view: &View) {
    let shown = if view.budget.is_some() { EXPANDED } else { usize::MAX };
    for block in blocks(view) {
        match block {
            Block::One(one) => finding(out, one, &view.investigate),
            Block::Campaign(campaign, members) => {
                self::campaign(out, campaign);
                members.iter().take(shown).for_each(|member| finding(out, member, &view.investigate));
                let more = members.len().saturating_sub(shown);
                if more > 0 {
                    let id = escape::shown(&campaign.id);
                    let _ = writeln!(out, "and {more} more of campaign {id}; --format csv or jsonl lists them.\n");
                }
            }
        }
    }
}

fn campaign(out: &mut String, campaign: &Campaign) {
    let bold = anstyle::Style::new().bold();
    let _ = writeln!(out, "{bold}Campaign {}{bold:#}  {}\n", shown(&campaign.id), in_brief(campaign));
}

/// A p-value as a rarity: `1 in 4,000`.
#[must_use]
pub fn rarity(p_value: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of publishes")]
    let one_in = (1.0 / p_value.max(1e-9)).round() as u64;
    format!("1 in {}", grouped(one_in))
}

/// A whole number with a comma before every third digit: `12,345`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<String> =
        digits.as_bytes().rchunks(3).rev().map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    groups.join(",")
}

/// One finding in full.
pub fn finding(out: &mut String, finding: &Finding, investigate: &str) {
    let (bold, dim) = (anstyle::Style::new().bold(), anstyle::Style::new().dimmed());
    let removed = if finding.removed { "  (no longer public)" } else { "" };
    let alone = if finding.raised.is_some() { " alone" } else { "" };
    let _ = writeln!(
        out,
        "{bold}{}{bold:#}  score {}  {}{alone}",
        shown(&finding.release.to_string()),
        show_points(finding.points),
        rarity(finding.p_value)
    );
    let _ = writeln!(out, "  {}  by {}{removed}", show_time(finding.at), shown(&finding.actor));
    if let Some(raised) = &finding.raised {
        let _ = writeln!(out, "  raised by {}, visible from {}", raised.cause.words(), show_time(raised.visible_at));
    }
    if let Some(caveat) = finding.caveat {
        let _ = writeln!(out, "  hardly judged: {caveat}");
    }
    let footing = finding.reasons.iter().filter(|r| r.is_footing());
    let raising = finding.reasons.iter().filter(|r| r.raises()).take(REASONS);
    let mut rest = finding.points;
    for reason in raising.chain(footing) {
        rest -= reason.points;
        let _ = writeln!(
            out,
            "  {:>6}  {}  {dim}{}{dim:#}",
            show_points(reason.points),
            shown(&reason.sentence),
            shown(&reason.name)
        );
    }
    if rest != 0 {
        let _ = writeln!(out, "  {:>6}  everything else", show_points(rest));
    }
    for claim in &finding.corroboration {
        let _ = writeln!(out, "  elsewhere: {}", shown(&claim.to_string()));
    }
    let release = shown(&finding.release.to_string());
    let _ = writeln!(out, "  {dim}more: {} {release}{dim:#}\n", shown(investigate));
}

/// A publish that is as usual, in one line.
pub fn usual(out: &mut String, finding: &Finding) {
    let (release, score) = (shown(&finding.release.to_string()), show_points(finding.points));
    let actor = shown(&finding.actor);
    let _ =
        writeln!(out, "{}  {release} by {actor}: score {score}, {}", show_time(finding.at), rarity(finding.p_value));
}

fn summary(out: &mut String, view: &View) {
    for line in remarks(view) {
        let _ = writeln!(out, "{line}");
    }
    if let Some(elsewhere) = &view.elsewhere {
        self::elsewhere(out, elsewhere);
    }
    for line in suppressed::lines(view) {
        let _ = writeln!(out, "{line}");
    }
    for line in CLOSING {
        let _ = writeln!(out, "{line}");
    }
}

/// How to read what was told.
pub const CLOSING: [&str; 2] = [
    "\"1 in N\" counts the past half year, at least 30,000 and at most 100,000 publishes, with the model's reference.",
    "Unusual is not malicious: gaitkeeper says what differs from habit, and you decide.",
];

/// What holds for the window as a whole, a line each.
#[must_use]
pub fn remarks(view: &View) -> Vec<String> {
    let mut lines = vec![format!(
        "{} publishes from {} to {} in {}, judged against {} before them.",
        view.publishes,
        show_time(view.since),
        show_time(view.as_of),
        shown(&view.source),
        view.taught
    )];
    if let Some(budget) = view.budget {
        lines.push(format!(
            "{} unusual at a budget of {budget}: {:.3} % of the window's publishes, {:.3} % expected.",
            view.alerts,
            view.empirical_rate() * 100.0,
            budget.rate() * 100.0
        ));
    }
    if view.raised > 0 {
        let were = if view.raised == 1 { "was" } else { "were" };
        lines.push(format!("{} more {were} below it and raised by what came later.", view.raised));
    }
    for surge in &view.surges {
        lines.push(format!(
            "A surge from {} to {}: {} accounts unusual, {} of them within an hour, {:.2} usually ({}); {} publishes raised by it.",
            show_time(surge.first),
            show_time(surge.last),
            surge.accounts,
            surge.at_once,
            surge.usual,
            rarity(surge.probability),
            surge.raised
        ));
    }
    lines.extend(view.unjudged.iter().map(|(reason, n)| format!("{n} publishes hardly judged: {reason}.")));
    lines
}

fn elsewhere(out: &mut String, elsewhere: &Elsewhere) {
    const LISTED: usize = 20;
    let _ = writeln!(out, "{}", elsewhere.sentence());
    for one in elsewhere.not_alerted.iter().take(LISTED) {
        let release = shown(&one.release.to_string());
        let _ = writeln!(
            out,
            "  {}  {release}  {}: {}",
            show_time(one.at),
            rarity(one.p_value),
            shown(&claims(&one.claims))
        );
    }
    let more = elsewhere.not_alerted.len().saturating_sub(LISTED);
    if more > 0 {
        let _ = writeln!(out, "  and {more} more; --format jsonl lists them");
    }
}
