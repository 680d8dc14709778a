//! An investigated release: what was judged, what could not be, what changed, and what happened around it.
//! Here for reading and for a program; [`page`] is the same as a page with pictures.

mod act;
mod cadence;
pub mod page;
mod waterfall;
mod week;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::jsonl::v1::{ChangeLine, MomentLine, SCHEMA_VERSION, SurroundingsLine};
use super::text::rarity;
use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::detect::wording::span;
use crate::engine::investigate::changes::Changes;
use crate::engine::investigate::{Investigation, Moment};
use crate::error::printable;

/// Characters of a stranger's string that are shown at most.
const LONGEST: usize = 160;

/// A stranger's string, made safe and cut to what can be read.
fn short(text: &str) -> String {
    cut(text, LONGEST)
}

/// A sentence with strangers' strings in it, the same way.
fn spoken(text: &str) -> String {
    cut(text, 4 * LONGEST)
}

fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return printable(text) };
    format!("{}\u{2026} ({} bytes)", printable(&text[..end]), super::text::grouped(text.len() as u64))
}

/// For reading.
#[must_use]
pub fn text(found: &Investigation) -> String {
    let mut out = String::new();
    let finding = &found.finding;
    let (bold, dim) = (anstyle::Style::new().bold(), anstyle::Style::new().dimmed());
    let removed = if finding.removed { ", no longer public" } else { "" };
    let _ = writeln!(
        out,
        "{bold}{}{bold:#}  published {}{removed}",
        short(&finding.release.to_string()),
        show_time(finding.at)
    );
    let _ = writeln!(out, "by {} (cohort: {})\n", short(&finding.actor), finding.cohort);
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
            spoken(&reason.sentence),
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
    changes(&mut out, found);
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
    let unnamed =
        found.act.iter().filter(|m| m.actor.is_empty() && m.release.package != finding.release.package).count();
    if unnamed > 0 {
        let _ = writeln!(out, "  and {unnamed} without a recorded publisher in packages of this publisher");
    }
    out
}

fn changes(out: &mut String, found: &Investigation) {
    let bold = anstyle::Style::new().bold();
    let changes = &found.changes;
    let Some(before) = &changes.before else { return };
    let _ =
        writeln!(out, "\n{bold}What changed against {}{bold:#} ({} versions before it)", short(before), changes.past);
    if let Some(young) = young(changes) {
        let _ = writeln!(out, "  {young}");
    }
    if changes.changed.is_empty() && changes.same.is_empty() {
        let _ = writeln!(out, "  not known: the version was gone before its document was seen");
    }
    for change in &changes.changed {
        let _ = writeln!(
            out,
            "{} {}: {}  (before: {}; usual: {})",
            if change.is_new { "!" } else { " " },
            change.field,
            short(&change.now),
            short(&change.before),
            short(&change.usual)
        );
    }
    if !changes.same.is_empty() {
        let _ = writeln!(out, "  as before: {}", changes.same.join(", "));
    }
}

/// Why what is as before may surprise all the same, if so.
fn young(changes: &Changes) -> Option<String> {
    let which = match changes.young {
        0 => return None,
        1 => "1 of them is younger than three hours and has not taught yet: what began with it".to_owned(),
        n => format!("{n} of them are younger than three hours and have not taught yet: what began with them"),
    };
    Some(format!("{which} still counts as new above."))
}

impl<'a> MomentLine<'a> {
    fn of(moment: &'a Moment) -> Self {
        Self {
            package: &moment.release.package,
            version: &moment.release.version,
            published_at: show_time(moment.at),
            publisher: &moment.actor,
            credential_path: &moment.path,
            attested: moment.attested,
            certificate: &moment.certificate,
            removed: moment.removed,
            score: show_points(moment.points),
        }
    }
}

/// What surrounds the release, for a program: one JSON object on a line.
#[must_use]
pub fn surroundings(found: &Investigation) -> String {
    let changes = found.changes.changed.iter().map(|c| ChangeLine {
        field: c.field,
        before: &c.before,
        usual: &c.usual,
        now: &c.now,
        is_new: c.is_new,
    });
    let line = SurroundingsLine {
        schema_version: SCHEMA_VERSION,
        kind: "surroundings",
        id: found.finding.id(),
        changed_against: found.changes.before.as_deref(),
        changes: changes.collect(),
        unchanged: &found.changes.same,
        versions: found.versions,
        package: found.timeline.iter().map(MomentLine::of).collect(),
        same_hours: found.acts,
        publishes: found.act.iter().map(MomentLine::of).collect(),
        log_index: found.sources.log_index,
    };
    // Strings and numbers always serialise.
    super::escaped(&serde_json::to_string(&line).unwrap_or_default()) + "\n"
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
        vec![if moment.actor.is_empty() { "publisher not recorded".to_owned() } else { short(&moment.actor) }];
    if !moment.path.is_empty() {
        facts.push(short(&moment.path));
    }
    if moment.attested {
        facts.push("attested".to_owned());
    }
    if !moment.workflow.is_empty() {
        facts.push(short(&moment.workflow));
    }
    if moment.removed {
        facts.push("removed".to_owned());
    }
    let gap = moment.gap.map_or_else(String::new, |gap| format!("+{}", span(gap)));
    let _ = writeln!(
        out,
        "{bold}{mark} {}  {:<22} {:>10} {:>7}  {}{bold:#}",
        show_time(moment.at),
        short(title),
        gap,
        show_points(moment.points),
        facts.join(", ")
    );
}
