//! An investigated release: what was judged, what could not be, and what happened around it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::text::rarity;
use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::detect::wording::span;
use crate::engine::investigate::{Investigation, Moment};
use crate::error::printable;

/// For reading.
#[must_use]
pub fn text(found: &Investigation) -> String {
    let mut out = String::new();
    let finding = &found.finding;
    let (bold, dim) = (anstyle::Style::new().bold(), anstyle::Style::new().dimmed());
    let removed = if finding.removed { ", no longer public" } else { "" };
    let _ = writeln!(out, "{bold}{}{bold:#}  published {}{removed}", finding.release, show_time(finding.at));
    let _ = writeln!(out, "by {} (cohort: {})\n", printable(&finding.actor), finding.cohort);
    if let Some(caveat) = finding.caveat {
        let _ = writeln!(out, "{bold}Hardly judged:{bold:#} {caveat}. A low score says nothing here.\n");
    }
    let _ = writeln!(out, "{bold}Score {}{bold:#}, {}", show_points(finding.points), rank(finding.p_value));
    for reason in &finding.reasons {
        let bits = reason.bits.map_or_else(String::new, |bits| format!(", {bits:.1} bits, n = {}", reason.seen.n));
        let _ = writeln!(
            out,
            "  {:>6}  {}  {dim}{}{bits}{dim:#}",
            show_points(reason.points),
            printable(&reason.sentence),
            printable(&reason.name)
        );
    }
    let _ = writeln!(out, "  {:>6}  in all\n", show_points(finding.points));
    for claim in &finding.corroboration {
        let _ = writeln!(out, "Elsewhere: {}", printable(&claim.to_string()));
    }
    let _ = writeln!(out, "{} signals judged and found nothing unusual.", finding.usual);
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, judgement) in &finding.unjudged {
        reasons.entry(judgement.reason().unwrap_or_default()).or_default().push(id);
    }
    for (reason, ids) in reasons {
        let _ = writeln!(out, "{} could not be judged ({reason}): {}", ids.len(), ids.join(", "));
    }
    let _ =
        writeln!(out, "\n{bold}The package around it{bold:#} ({} of {} versions)", found.package.len(), found.versions);
    for moment in &found.package {
        line(&mut out, moment, &moment.release.version);
    }
    let _ = writeln!(out, "\n{bold}Other packages by the same publisher within 12 hours{bold:#}");
    if found.siblings.is_empty() {
        let _ = writeln!(out, "  none in the archive");
    }
    for moment in &found.siblings {
        line(&mut out, moment, &moment.release.to_string());
    }
    if found.more_siblings > 0 {
        let _ = writeln!(out, "  and {} more", found.more_siblings);
    }
    out
}

/// A p-value as a place among the publishes before.
fn rank(p_value: f64) -> String {
    if p_value > 0.5 {
        "no higher than most publishes before it".to_owned()
    } else {
        format!("reached by {} of the publishes that calibrate it", rarity(p_value))
    }
}

fn line(out: &mut String, moment: &Moment, title: &str) {
    let bold = if moment.is_subject { anstyle::Style::new().bold() } else { anstyle::Style::new() };
    let mark = if moment.is_subject { ">" } else { " " };
    let mut facts =
        vec![if moment.actor.is_empty() { "publisher not recorded".to_owned() } else { printable(&moment.actor) }];
    if !moment.path.is_empty() {
        facts.push(printable(&moment.path));
    }
    if moment.attested {
        facts.push("attested".to_owned());
    }
    if !moment.workflow.is_empty() {
        facts.push(printable(&moment.workflow));
    }
    if moment.removed {
        facts.push("removed".to_owned());
    }
    let gap = moment.gap.map_or_else(String::new, |gap| format!("+{}", span(gap)));
    let _ = writeln!(
        out,
        "{bold}{mark} {}  {:<22} {:>10} {:>7}  {}{bold:#}",
        show_time(moment.at),
        printable(title),
        gap,
        show_points(moment.points),
        facts.join(", ")
    );
}
