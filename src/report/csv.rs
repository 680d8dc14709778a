//! For a spreadsheet: RFC 4180, one row a finding, times in UTC (RFC 3339).
//!
//! Text stands in quotation marks and numbers do not, so that an import that takes quoted fields as text keeps a
//! version such as `1.10`.

use super::view::{View, suppressed};
use super::{Format, claims};
use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::error::printable;

/// The row of the table.
pub static FORMAT: Format =
    Format { id: "csv", about: "one row a finding, for a spreadsheet", file: "findings.csv", write };

const REASONS: usize = 3;

fn write(view: &View) -> String {
    let mut header: Vec<String> = [
        "purl",
        "registry",
        "package",
        "version",
        "published_at",
        "publisher",
        "cohort",
        "removed",
        "hardly_judged",
        "score",
        "p_value",
    ]
    .map(str::to_owned)
    .to_vec();
    for i in 1..=REASONS {
        header.extend([format!("reason_{i}"), format!("points_{i}"), format!("sentence_{i}")]);
    }
    header.extend(
        [
            "not_judged",
            "campaign",
            "campaign_size",
            "raised_by",
            "raised_by_release",
            "visible_at",
            "id",
            "corroboration",
            "suppressed",
        ]
        .map(str::to_owned),
    );
    let mut out = String::new();
    row(&mut out, header.iter().map(|name| Cell::Text(name)));
    for (finding, quiet) in view.told() {
        let release = &finding.release;
        let (purl, at, points) =
            (release.purl().unwrap_or_default(), show_time(finding.at), show_points(finding.points));
        let (p_value, removed, id) = (format!("{:.6}", finding.p_value), finding.removed.to_string(), finding.id());
        let mut cells = vec![
            Cell::Text(&purl),
            Cell::Text(&release.registry),
            Cell::Text(&release.package),
            Cell::Text(&release.version),
            Cell::Text(&at),
            Cell::Text(&finding.actor),
            Cell::Text(finding.cohort),
            Cell::Text(&removed),
            Cell::Text(finding.caveat.unwrap_or_default()),
            Cell::Number(&points),
            Cell::Number(&p_value),
        ];
        let reasons: Vec<_> = finding.reasons.iter().filter(|r| r.points > 0).take(REASONS).collect();
        let reason_points: Vec<String> = reasons.iter().map(|r| show_points(r.points)).collect();
        for i in 0..REASONS {
            match (reasons.get(i), reason_points.get(i)) {
                (Some(reason), Some(points)) => {
                    cells.extend([Cell::Text(&reason.name), Cell::Number(points), Cell::Text(&reason.sentence)]);
                }
                _ => cells.extend([Cell::Text(""), Cell::Number(""), Cell::Text("")]),
            }
        }
        let unjudged = finding.unjudged.len().to_string();
        let size = finding.campaign.as_ref().map_or_else(String::new, |campaign| campaign.size.to_string());
        let (by, visible_at) = finding
            .raised
            .as_ref()
            .map_or_else(Default::default, |raised| (raised.by.to_string(), show_time(raised.visible_at)));
        let corroboration = claims(&finding.corroboration);
        let suppressed = quiet.map_or_else(String::new, suppressed::sentence);
        cells.extend([
            Cell::Number(&unjudged),
            Cell::Text(finding.campaign.as_ref().map_or("", |campaign| &campaign.id)),
            Cell::Number(&size),
            Cell::Text(finding.raised.as_ref().map_or("", |raised| raised.cause.name())),
            Cell::Text(&by),
            Cell::Text(&visible_at),
            Cell::Text(&id),
            Cell::Text(&corroboration),
            Cell::Text(&suppressed),
        ]);
        row(&mut out, cells.into_iter());
    }
    out
}

/// One cell.
pub(super) enum Cell<'a> {
    /// Anything that is no number, [`guarded`] and in quotation marks.
    Text(&'a str),
    /// A number of our own making, or nothing.
    Number(&'a str),
}

/// Adds one row.
pub(super) fn row<'a>(out: &mut String, cells: impl Iterator<Item = Cell<'a>>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        match cell {
            Cell::Number(number) => out.push_str(number),
            Cell::Text("") => {}
            Cell::Text(text) => out.extend(["\"", &guarded(text).replace('"', "\"\""), "\""]),
        }
    }
    out.push_str("\r\n");
}

/// A stranger's string as a cell that no spreadsheet takes for a formula: what begins like one, blanks left out, gets an
/// apostrophe before it (OWASP, CSV injection; the wide signs are formulas in East Asian versions). A purl begins with
/// `pkg:`, and so never needs one.
#[must_use]
pub fn guarded(text: &str) -> String {
    let safe = printable(text);
    let signs = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    if safe.trim_start().starts_with(signs) { format!("'{safe}") } else { safe }
}
