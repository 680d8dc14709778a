//! For a person at a terminal.

use std::fmt::Write;

use super::Format;
use super::view::View;
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, show_points};
use crate::error::printable;

/// The row of the table.
pub static FORMAT: Format = Format { id: "text", about: "for reading", write };

/// Reasons shown for each finding.
const REASONS: usize = 6;

fn write(view: &View) -> String {
    let mut out = String::new();
    for finding in &view.findings {
        self::finding(&mut out, finding, &view.investigate);
    }
    if !view.closest.is_empty() {
        out.push_str("Nothing in the window is unusual enough for the budget. What comes closest:\n\n");
        for finding in &view.closest {
            self::finding(&mut out, finding, &view.investigate);
        }
    }
    summary(&mut out, view);
    out
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
    let _ = writeln!(
        out,
        "{bold}{}{bold:#}  score {}  {}",
        finding.release,
        show_points(finding.points),
        rarity(finding.p_value)
    );
    let _ = writeln!(out, "  {}  by {}{removed}", show_time(finding.at), printable(&finding.actor));
    if let Some(caveat) = finding.caveat {
        let _ = writeln!(out, "  hardly judged: {caveat}");
    }
    for reason in finding.reasons.iter().filter(|r| r.points > 0).take(REASONS) {
        let _ = writeln!(
            out,
            "  {:>6}  {}  {dim}{}{dim:#}",
            show_points(reason.points),
            printable(&reason.sentence),
            reason.name
        );
    }
    let rest: i32 =
        finding.points - finding.reasons.iter().filter(|r| r.points > 0).take(REASONS).map(|r| r.points).sum::<i32>();
    if rest != 0 {
        let _ = writeln!(out, "  {:>6}  everything else", show_points(rest));
    }
    let _ = writeln!(out, "  {dim}more: {} {}{dim:#}\n", printable(investigate), finding.release);
}

/// A publish that is as usual, in one line.
pub fn usual(out: &mut String, finding: &Finding) {
    let (release, score) = (&finding.release, show_points(finding.points));
    let actor = printable(&finding.actor);
    let _ =
        writeln!(out, "{}  {release} by {actor}: score {score}, {}", show_time(finding.at), rarity(finding.p_value));
}

fn summary(out: &mut String, view: &View) {
    let _ = writeln!(
        out,
        "{} publishes from {} to {} in {}, judged against {} before them.",
        view.publishes,
        show_time(view.since),
        show_time(view.as_of),
        printable(&view.source),
        view.taught
    );
    if let Some(budget) = view.budget {
        let _ = writeln!(
            out,
            "{} unusual at a budget of {budget}: {:.3} % of the window's publishes, {:.3} % expected.",
            view.alerts,
            view.empirical_rate() * 100.0,
            budget.rate() * 100.0
        );
    }
    for (reason, n) in &view.unjudged {
        let _ = writeln!(out, "{n} publishes hardly judged: {reason}.");
    }
    let _ = writeln!(out, "\"1 in N\" counts the last 100,000 publishes, and the model's reference history with them.");
    let _ = writeln!(out, "Unusual is not malicious: gaitkeeper says what differs from habit, and you decide.");
}
