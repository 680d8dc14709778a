//! The queue as a table for a spreadsheet, out and back in: what a reviewer fills in or changes there is recorded.
//!
//! [`write`] makes the table, [`read`] takes it in whatever way a spreadsheet saved it, [`plan`] finds out which rows say
//! something new.

mod cells;
mod planning;

use std::collections::BTreeMap;

pub use cells::{Table, read, read_bytes};
pub use planning::{Choice, Conflict, Importing, Plan, plan};

use self::cells::guarded;
use super::store::Kept;
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, id_of, show_points};
use crate::error::printable;
use crate::names::ReleaseId;
use crate::report::view::View;

/// The columns, in the order in which they are written.
pub const COLUMNS: [&str; 12] = [
    "id",
    "registry",
    "package",
    "version",
    "published_at",
    "score",
    "p_value",
    "sentence",
    "verdict",
    "reason",
    "reviewer",
    "decided_at",
];

/// One row to write.
pub struct Row<'a> {
    release: &'a ReleaseId,
    finding: Option<&'a Finding>,
    kept: Option<&'a Kept>,
}

/// The findings of a window, suppressed ones behind the others, then whatever else was decided: an export of all that a
/// desk knows.
#[must_use]
pub fn rows<'a>(view: &'a View, all: &'a [Kept]) -> Vec<Row<'a>> {
    let mut latest: BTreeMap<&ReleaseId, &Kept> = all.iter().map(|kept| (&kept.given.release, kept)).collect();
    let mut rows: Vec<Row> = view
        .told()
        .map(|(finding, _)| {
            let release = &finding.release;
            Row { release, finding: Some(finding), kept: latest.remove(release) }
        })
        .collect();
    rows.extend(latest.into_iter().map(|(release, kept)| Row { release, finding: None, kept: Some(kept) }));
    rows
}

/// The table as a file: UTF-8 with a mark that tells spreadsheets so, RFC 4180, times in UTC.
#[must_use]
pub fn write(rows: &[Row]) -> Vec<u8> {
    let mut table =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    let records = rows.iter().map(|row| {
        let number = |of: fn(&Finding) -> String| row.finding.map_or_else(String::new, of);
        let said = |of: fn(&Kept) -> &str| row.kept.map_or_else(String::new, |kept| guarded(&printable(of(kept))));
        [
            guarded(&id_of(row.release)),
            guarded(&printable(&row.release.registry)),
            guarded(&printable(&row.release.package)),
            guarded(&printable(&row.release.version)),
            number(|finding| show_time(finding.at)),
            number(|finding| show_points(finding.points)),
            number(|finding| format!("{:.6}", finding.p_value)),
            number(|finding| {
                finding.reasons.first().map_or_else(String::new, |reason| guarded(&printable(&reason.sentence)))
            }),
            said(|kept| kept.given.verdict.name()),
            said(|kept| &kept.given.reason),
            said(|kept| &kept.given.reviewer),
            row.kept.map_or_else(String::new, |kept| guarded(&show_time(kept.given.at))),
        ]
    });
    for record in std::iter::once(COLUMNS.map(str::to_owned)).chain(records) {
        // A vector takes every byte.
        let _ = table.write_record(&record);
    }
    table.into_inner().unwrap_or_default()
}
