//! For the summary of a CI job or a comment on a change: a table, every cell of it escaped.

use std::fmt::Write;

use super::{GateView, Outcome, Problem};
use crate::archive::table::show_time;
use crate::error::printable;
use crate::report::text::rarity;

/// Rows that are shown; the rest is counted, because the places that show such a summary cut long ones.
const ROWS: usize = 200;

pub(super) fn write(view: &GateView) -> String {
    let mut out = String::new();
    let verdict = match view.outcome() {
        Outcome::Fail => "fails",
        Outcome::Warn => "passes, with warnings",
        Outcome::Pass => "passes",
    };
    let _ = writeln!(out, "## gaitkeeper gate: {} {verdict}\n", escaped(&view.lock_file));
    let _ = writeln!(
        out,
        "{} releases and {} other entries as of {}: **{} fail**, {} warn, {} pass.\n",
        view.releases.len(),
        view.entries.len(),
        show_time(view.as_of),
        view.count(Outcome::Fail),
        view.count(Outcome::Warn),
        view.count(Outcome::Pass),
    );
    let releases = view.listed().map(|release| {
        let rarity = release.finding.as_ref().map_or_else(String::new, |finding| rarity(finding.rarest()));
        (release.outcome(), escaped(&release.name), rarity, release.problems.as_slice())
    });
    let entries = view.listed_entries().map(|entry| {
        (entry.problem.outcome, escaped(&entry.name), String::new(), std::slice::from_ref(&entry.problem))
    });
    let rows: Vec<_> = releases.chain(entries).collect();
    if !rows.is_empty() {
        out.push_str("| | release | rarity | why | what to do |\n| --- | --- | --- | --- | --- |\n");
    }
    for (outcome, name, rarity, problems) in rows.iter().take(ROWS) {
        let why: Vec<String> = problems.iter().map(why).collect();
        let todo = problems.iter().filter(|problem| problem.outcome > Outcome::Pass);
        let todo: Vec<String> = todo.map(|problem| escaped(&problem.remedy)).collect();
        let _ =
            writeln!(out, "| {} | {name} | {rarity} | {} | {} |", outcome.name(), why.join("<br>"), todo.join("<br>"));
    }
    if rows.len() > ROWS {
        let _ = writeln!(out, "\nand {} more; `--format jsonl` lists them.", rows.len() - ROWS);
    }
    let newest = view.newest.map_or_else(|| "nothing".to_owned(), show_time);
    let _ =
        writeln!(out, "\nThe newest publish known is of {newest}. Unusual is not malicious, and quiet is not safe.");
    out
}

fn why(problem: &Problem) -> String {
    let accepted = if problem.accepted { " (accepted)" } else { "" };
    format!("**{}**: {}{accepted}", problem.reason.name(), escaped(&problem.says))
}

/// Text that a table of Markdown shows as it is: no link, no mark-up, no tag, no other cell.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            ':' => out.push_str("&#58;"),
            c if c.is_ascii_punctuation() && !matches!(c, ',' | '.' | '\'' | '/' | ';' | '%' | '=' | '?') => {
                out.extend(['\\', c]);
            }
            c => out.push(c),
        }
    }
    out
}
