//! For a spreadsheet: RFC 4180, one row a finding, times in UTC.

use super::Format;
use super::view::{View, suppressed};
use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::error::printable;

/// The row of the table.
pub static FORMAT: Format =
    Format { id: "csv", about: "one row a finding, for a spreadsheet", file: "findings.csv", write };

const REASONS: usize = 3;

fn write(view: &View) -> String {
    let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
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
        ["not_judged", "campaign", "campaign_size", "raised_by", "raised_by_release", "visible_at", "suppressed"]
            .map(str::to_owned),
    );
    let mut records = vec![header];
    for (finding, quiet) in view.told() {
        let release = &finding.release;
        let mut record = vec![
            release.purl().unwrap_or_default(),
            guarded(&release.registry),
            guarded(&release.package),
            guarded(&release.version),
            show_time(finding.at),
            guarded(&finding.actor),
            finding.cohort.to_owned(),
            finding.removed.to_string(),
            finding.caveat.unwrap_or_default().to_owned(),
            show_points(finding.points),
            format!("{:.6}", finding.p_value),
        ];
        for i in 0..REASONS {
            match finding.reasons.get(i).filter(|r| r.points > 0) {
                Some(reason) => {
                    record.extend([reason.name.clone(), show_points(reason.points), guarded(&reason.sentence)]);
                }
                None => record.extend([String::new(), String::new(), String::new()]),
            }
        }
        record.push(finding.unjudged.len().to_string());
        record.extend(match &finding.campaign {
            Some(campaign) => [campaign.id.clone(), campaign.size.to_string()],
            None => [String::new(), String::new()],
        });
        record.extend(match &finding.raised {
            Some(raised) => {
                [raised.cause.name().to_owned(), guarded(&raised.by.to_string()), show_time(raised.visible_at)]
            }
            None => [String::new(), String::new(), String::new()],
        });
        record.push(quiet.map_or_else(String::new, |by| guarded(&suppressed::sentence(by))));
        records.push(record);
    }
    for record in records {
        // A vector takes every byte.
        let _ = rows.write_record(&record);
    }
    rows.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// A stranger's string as a cell that no spreadsheet takes for a formula: what begins like one gets
/// an apostrophe before it (OWASP, CSV injection). The purl column keeps every name as it is.
#[must_use]
pub fn guarded(text: &str) -> String {
    let safe = printable(text);
    if safe.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{safe}") } else { safe }
}
