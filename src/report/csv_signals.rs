//! For a spreadsheet or a data frame: one row a summand of each finding, joined to the findings by `id`. The points of
//! one `id` sum to its score; signals that could not judge are rows without points that say why.

use super::Format;
use super::csv::{Cell, row};
use super::view::View;
use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::detect::signals::{SIGNALS, position};

/// The row of the table.
pub static FORMAT: Format = Format {
    id: "csv-signals",
    about: "one row a signal of each finding, for a pivot table",
    file: "signals.csv",
    write,
};

const HEADER: [&str; 15] = [
    "id",
    "purl",
    "registry",
    "package",
    "version",
    "published_at",
    "signal",
    "group",
    "points",
    "bits",
    "observed",
    "usual",
    "n",
    "sentence",
    "not_judged",
];

fn write(view: &View) -> String {
    let mut out = String::new();
    row(&mut out, HEADER.into_iter().map(Cell::Text));
    for finding in &view.findings {
        let (id, at, release) = (finding.id(), show_time(finding.at), &finding.release);
        let purl = release.purl().unwrap_or_default();
        let start = || {
            [&id, &purl, &release.registry, &release.package, &release.version, &at]
                .map(|text| Cell::Text(text))
                .into_iter()
        };
        for reason in &finding.reasons {
            let points = show_points(reason.points);
            let (bits, n) = match reason.bits {
                Some(bits) => (format!("{bits:.3}"), reason.seen.n.to_string()),
                None => Default::default(),
            };
            let cells = [
                Cell::Text(&reason.name),
                Cell::Text(reason.kind),
                Cell::Number(&points),
                Cell::Number(&bits),
                Cell::Text(&reason.seen.observed),
                Cell::Text(&reason.seen.usual),
                Cell::Number(&n),
                Cell::Text(&reason.sentence),
                Cell::Text(""),
            ];
            row(&mut out, start().chain(cells));
        }
        for (signal, judgement) in &finding.unjudged {
            let why = judgement.reason().unwrap_or_default();
            let group = position(signal).map_or("", |at| SIGNALS[at].group.name());
            let cells = ["", "", "", "", "", "", why].map(Cell::Text);
            row(&mut out, start().chain([Cell::Text(signal), Cell::Text(group)]).chain(cells));
        }
    }
    out
}
