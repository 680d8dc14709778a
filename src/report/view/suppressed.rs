//! What is kept quiet, for the formats that show it beside the findings.

use serde::Serialize;

use super::{Standing, Suppressed, Suppression, View};
use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::error::printable;
use crate::report::escape::shown;
use crate::report::escaped;
use crate::report::jsonl::v1::{SCHEMA_VERSION, StandingLine, SuppressedLine};
use crate::report::text::rarity;

/// For reading, a line each: how many are kept quiet, which, and what holds for whatever comes.
#[must_use]
pub fn lines(view: &View) -> Vec<String> {
    let mut lines = Vec::new();
    if !view.suppressed.is_empty() {
        lines.push(format!("{} suppressed:", view.suppressed.len()));
    }
    lines.extend(view.suppressed.iter().map(|Suppressed { finding, by }| {
        format!(
            "{}  score {}  {}  by {}: {} (until {}, by {})",
            shown(&finding.release.to_string()),
            show_points(finding.points),
            rarity(finding.rarest()),
            shown(&finding.actor),
            shown(&by.why),
            shown(&by.until),
            shown(&by.who)
        )
    }));
    let wide = view.standing.iter().filter(|(standing, _)| *standing == Standing::Wide);
    lines.extend(wide.map(|(_, wide)| format!("Suppressed whatever comes: {}", shown(&sentence(wide)))));
    lines
}

/// A suppression in one sentence.
#[must_use]
pub fn sentence(by: &Suppression) -> String {
    format!("{}: {} (until {}, by {})", by.scope, printable(&by.why), by.until, printable(&by.who))
}

/// For a program: one line of the kind `suppressed` a finding, one of the kind `suppression` for each that every report
/// names. A reader of the kind `finding` sees neither.
#[must_use]
pub fn jsonl(view: &View) -> String {
    let suppressed = view.suppressed.iter().map(|Suppressed { finding, by }| {
        json(&SuppressedLine {
            schema_version: SCHEMA_VERSION,
            kind: "suppressed",
            id: finding.id(),
            purl: finding.release.purl().unwrap_or_default(),
            registry: &finding.release.registry,
            package: &finding.release.package,
            version: &finding.release.version,
            published_at: show_time(finding.at),
            publisher: &finding.actor,
            score: show_points(finding.points),
            p_value: finding.p_value,
            scope: &by.scope,
            who: &by.who,
            why: &by.why,
            until: &by.until,
        })
    });
    let standing = view.standing.iter().map(|(standing, by)| {
        json(&StandingLine {
            schema_version: SCHEMA_VERSION,
            kind: "suppression",
            standing: standing.name(),
            scope: &by.scope,
            who: &by.who,
            why: &by.why,
            until: &by.until,
        })
    });
    suppressed.chain(standing).collect()
}

fn json(value: &impl Serialize) -> String {
    // Strings and numbers always serialise.
    escaped(&serde_json::to_string(value).unwrap_or_default()) + "\n"
}
