//! For a person at a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::Format;
use super::view::View;
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, show_points};
use crate::detect::wording::span;
use crate::engine::campaign::Campaign;
use crate::error::printable;

/// The row of the table.
pub static FORMAT: Format = Format { id: "text", about: "for reading", file: "findings.txt", write };

/// Reasons shown for each finding.
const REASONS: usize = 6;
/// Members of a campaign shown in full.
const EXPANDED: usize = 3;
/// Accounts of a campaign named.
const ACCOUNTS: usize = 3;

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

/// Campaigns of several members stand together, where the highest of them stands; of those beyond [`EXPANDED`] only
/// the number is told, unless everything was asked for.
fn findings(out: &mut String, view: &View) {
    let several: BTreeMap<&str, &Campaign> =
        view.campaigns.iter().filter(|c| c.members.len() > 1).map(|c| (c.id.as_str(), c)).collect();
    let campaign_of = |finding: &Finding| several.get(finding.campaign.as_ref()?.id.as_str()).copied();
    let shown = if view.budget.is_some() { EXPANDED } else { usize::MAX };
    let mut told = BTreeSet::new();
    for one in &view.findings {
        let Some(campaign) = campaign_of(one) else {
            finding(out, one, &view.investigate);
            continue;
        };
        if !told.insert(&campaign.id) {
            continue;
        }
        self::campaign(out, campaign);
        let members = || view.findings.iter().filter(|f| campaign_of(f).is_some_and(|c| c.id == campaign.id));
        members().take(shown).for_each(|member| finding(out, member, &view.investigate));
        let more = members().count().saturating_sub(shown);
        if more > 0 {
            let _ = writeln!(out, "and {more} more of campaign {}; --format csv or jsonl lists them.\n", campaign.id);
        }
    }
}

fn campaign(out: &mut String, campaign: &Campaign) {
    let bold = anstyle::Style::new().bold();
    let accounts = match campaign.accounts.as_slice() {
        [] => "publishers not recorded".to_owned(),
        few if few.len() <= ACCOUNTS => few.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", "),
        many => format!("{} accounts", many.len()),
    };
    let shared = if campaign.shared.is_empty() {
        "no signal in most of them".to_owned()
    } else {
        format!("in common: {}", campaign.shared.join(", "))
    };
    let raised = if campaign.raised > 0 { format!("; {} of them raised", campaign.raised) } else { String::new() };
    let _ = writeln!(
        out,
        "{bold}Campaign {}{bold:#}  {} publishes of {} {} by {accounts} in {} from {}; {shared}{raised}\n",
        campaign.id,
        campaign.members.len(),
        campaign.packages,
        if campaign.packages == 1 { "package" } else { "packages" },
        span(campaign.last - campaign.first),
        show_time(campaign.first),
    );
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
        finding.release,
        show_points(finding.points),
        rarity(finding.p_value)
    );
    let _ = writeln!(out, "  {}  by {}{removed}", show_time(finding.at), printable(&finding.actor));
    if let Some(raised) = &finding.raised {
        let _ = writeln!(out, "  raised by {}, visible from {}", raised.cause.words(), show_time(raised.visible_at));
    }
    if let Some(caveat) = finding.caveat {
        let _ = writeln!(out, "  hardly judged: {caveat}");
    }
    let start = finding.reasons.iter().find(|r| r.kind == "start");
    let raising = finding.reasons.iter().filter(|r| r.points > 0 && r.kind != "start").take(REASONS);
    let mut rest = finding.points;
    for reason in raising.chain(start) {
        rest -= reason.points;
        let _ = writeln!(
            out,
            "  {:>6}  {}  {dim}{}{dim:#}",
            show_points(reason.points),
            printable(&reason.sentence),
            reason.name
        );
    }
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
    if view.raised > 0 {
        let _ = writeln!(out, "{} more were below it and raised by what came later.", view.raised);
    }
    for surge in &view.surges {
        let _ = writeln!(
            out,
            "A surge from {} to {}: {} accounts unusual, {} of them within an hour, {:.2} usually ({}); {} publishes raised by it.",
            show_time(surge.first),
            show_time(surge.last),
            surge.accounts,
            surge.at_once,
            surge.usual,
            rarity(surge.probability),
            surge.raised
        );
    }
    super::view::suppressed::text(out, view);
    for (reason, n) in &view.unjudged {
        let _ = writeln!(out, "{n} publishes hardly judged: {reason}.");
    }
    let _ = writeln!(out, "\"1 in N\" counts the last 100,000 publishes, and the model's reference history with them.");
    let _ = writeln!(out, "Unusual is not malicious: gaitkeeper says what differs from habit, and you decide.");
}
