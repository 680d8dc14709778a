//! Which rows of a table say something that the archive does not know yet, and which contradict it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::cells::{Cells, Table};
use crate::archive::history::History;
use crate::archive::table::{parse_time, show_time};
use crate::archive::verdicts::Verdict;
use crate::detect::alert::id_of;
use crate::error::{Error, Result, printable};
use crate::names::ReleaseId;
use crate::review::store::{Given, Kept};

/// Most rows that are listed one by one.
const MOST_LISTED: usize = 30;

/// What to do where somebody decided otherwise in the meantime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Leave it, and say so.
    Refuse,
    /// Record what the table says.
    Mine,
    /// Leave what was decided.
    Theirs,
}

/// Who imports, and how.
#[derive(Clone, Copy, Debug)]
pub struct Importing<'a> {
    /// In whose name, where the table names nobody new.
    pub reviewer: &'a str,
    /// When, milliseconds since the epoch.
    pub now: i64,
    /// What to do with conflicts.
    pub choice: Choice,
}

/// A row that contradicts what somebody decided in the meantime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its line in the file.
    pub line: u64,
    /// What it says.
    pub row: (Verdict, String),
    /// What holds.
    pub kept: Kept,
}

/// What an import comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be recorded.
    pub given: Vec<Given>,
    /// Lines of what is to be recorded.
    pub lines: Vec<u64>,
    /// Rows that say what holds already, or nothing.
    pub unchanged: usize,
    /// Rows that were decided otherwise since the table was written.
    pub conflicts: Vec<Conflict>,
    /// How conflicts are met.
    mine: bool,
    /// The newest verdict that was taken into account; 0 where there was none.
    pub seen: i64,
}

/// What a row says.
struct Said {
    line: u64,
    release: ReleaseId,
    verdict: Option<Verdict>,
    reason: String,
    reviewer: String,
    decided_at: Option<i64>,
}

/// Compares a table with what was recorded, in the order of recording.
///
/// # Errors
/// When a row cannot be read: every such row, with its column.
pub fn plan(table: &Table, history: &History, all: &[Kept], importing: &Importing) -> Result<Plan> {
    let mut said: BTreeMap<ReleaseId, Said> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut twice = 0;
    for cells in &table.rows {
        match row(cells, history, all) {
            Err(problem) => problems.push(problem),
            Ok(one) => match said.get(&one.release) {
                None => {
                    said.insert(one.release.clone(), one);
                }
                Some(first) if first.verdict == one.verdict && first.reason == one.reason => twice += 1,
                Some(first) => problems.push(problem(
                    one.line,
                    "verdict",
                    &format!("line {} is about the same release, {}, and says otherwise", first.line, one.release),
                )),
            },
        }
    }
    if !problems.is_empty() {
        return Err(wrong(&problems));
    }
    let mut plan = Plan {
        seen: all.last().map_or(0, |kept| kept.id),
        unchanged: twice,
        mine: importing.choice == Choice::Mine,
        ..Plan::default()
    };
    let mut rows: Vec<Said> = said.into_values().collect();
    rows.sort_by_key(|one| one.line);
    for one in rows {
        plan.take(one, all, importing);
    }
    Ok(plan)
}

impl Plan {
    fn take(&mut self, one: Said, all: &[Kept], importing: &Importing) {
        let Some(verdict) = one.verdict else {
            self.unchanged += 1;
            return;
        };
        let about: Vec<&Kept> = all.iter().filter(|kept| kept.given.release == one.release).collect();
        let says = |kept: &Kept| {
            kept.given.verdict == verdict
                && (kept.given.reason == one.reason || printable(&kept.given.reason) == one.reason)
        };
        let latest = about.last().copied();
        let base = about.iter().rev().find(|kept| one.decided_at.is_some_and(|at| is_same(kept.given.at, at))).copied();
        if latest.is_some_and(says) || base.is_some_and(says) {
            self.unchanged += 1;
            return;
        }
        if let Some(kept) = latest
            && base.is_none_or(|base| base.id != kept.id)
        {
            let row = (verdict, one.reason.clone());
            self.conflicts.push(Conflict { line: one.line, row, kept: kept.clone() });
            if importing.choice != Choice::Mine {
                return;
            }
        }
        // A verdict that this archive does not hold comes from another copy of it: it keeps its name and its time.
        let restored = if latest.is_none() { one.decided_at } else { None };
        let new_name = !one.reviewer.is_empty()
            && (restored.is_some() || base.is_none_or(|base| printable(&base.given.reviewer) != one.reviewer));
        self.lines.push(one.line);
        self.given.push(Given {
            release: one.release,
            verdict,
            reason: one.reason,
            reviewer: if new_name { one.reviewer } else { importing.reviewer.to_owned() },
            at: restored.unwrap_or(importing.now),
        });
    }

    /// What was recorded, or would be.
    #[must_use]
    pub fn text(&self, dry_run: bool) -> String {
        let mut out = String::new();
        for (given, line) in self.given.iter().zip(&self.lines) {
            let (verdict, reason) = (given.verdict.name(), printable(&given.reason));
            let _ = writeln!(out, "line {line}: {} is {verdict}: {reason}", given.release);
        }
        for conflict in &self.conflicts {
            let given = &conflict.kept.given;
            let _ = writeln!(
                out,
                "line {}: {} was decided in the meantime: {} by {} at {} ({}); the table says {}: {}",
                conflict.line,
                given.release,
                given.verdict.name(),
                printable(&given.reviewer),
                show_time(given.at),
                printable(&given.reason),
                if self.mine {
                    format!("{}, which goes before it", conflict.row.0.name())
                } else {
                    conflict.row.0.name().to_owned()
                },
                printable(&conflict.row.1)
            );
        }
        let verb = if dry_run { "would be recorded" } else { "recorded" };
        let _ = writeln!(
            out,
            "{} {verb}, {} unchanged, {} decided otherwise in the meantime",
            self.given.len(),
            self.unchanged,
            self.conflicts.len()
        );
        out
    }
}

/// Whether two times are one: spreadsheets may drop the milliseconds.
fn is_same(kept: i64, cell: i64) -> bool {
    kept == cell || (cell % 1_000 == 0 && kept.div_euclid(1_000) == cell.div_euclid(1_000))
}

fn row(cells: &Cells, history: &History, all: &[Kept]) -> std::result::Result<Said, String> {
    let text = |column: &str| cells.get(column).trim().replace("\r\n", "\n");
    let release = release(cells, history, all)?;
    let decided_at = match text("decided_at").as_str() {
        "" => None,
        time => Some(parse_time(time).ok_or_else(|| {
            problem(cells.line, "decided_at", &format!("`{time}` is not the time that was exported; do not change it"))
        })?),
    };
    let (verdict, reason) = (text("verdict"), text("reason"));
    let verdict = match verdict.to_lowercase().as_str() {
        "" if reason.is_empty() && decided_at.is_none() => None,
        "" if reason.is_empty() => {
            let what = "a verdict is never taken back: write unsure, and why";
            return Err(problem(cells.line, "verdict", what));
        }
        "" => return Err(problem(cells.line, "verdict", "there is a reason and no verdict")),
        other => Some(other.parse::<Verdict>().map_err(|e| {
            problem(cells.line, "verdict", &format!("{e}; {}", e.remedy.as_deref().unwrap_or_default()))
        })?),
    };
    if verdict.is_some() {
        let about = release.clone();
        let given =
            Given { release: about, verdict: Verdict::Unsure, reason: reason.clone(), reviewer: "x".into(), at: 0 };
        given.check().map_err(|e| problem(cells.line, e.place.as_deref().unwrap_or_default(), &e.what))?;
    }
    Ok(Said { line: cells.line, release, verdict, reason, reviewer: text("reviewer"), decided_at })
}

/// The release that a row is about. Its id tells what a spreadsheet made of a version that looks like a number.
fn release(cells: &Cells, history: &History, all: &[Kept]) -> std::result::Result<ReleaseId, String> {
    let text = |column: &str| cells.get(column).trim().to_owned();
    for column in ["registry", "package", "version"] {
        if text(column).is_empty() {
            return Err(problem(cells.line, column, "is empty"));
        }
    }
    let named = ReleaseId { registry: text("registry"), package: text("package"), version: text("version") };
    let id = text("id");
    if id == id_of(&named) {
        return Ok(named);
    }
    if id.is_empty() {
        let known = history.find(&named.registry, &named.package, &named.version).is_some();
        return if known {
            Ok(named)
        } else {
            Err(problem(cells.line, "version", &format!("the archive holds no {named}")))
        };
    }
    let words = &history.words;
    let in_history = history.events.iter().map(|event| {
        let [registry, package, version] =
            [event.registry, event.package, event.version].map(|s| words.text(s).to_owned());
        ReleaseId { registry, package, version }
    });
    let meant =
        all.iter().map(|kept| kept.given.release.clone()).chain(in_history).find(|release| id_of(release) == id);
    let Some(meant) = meant else {
        return Err(problem(
            cells.line,
            "id",
            &format!("`{id}` is no id of this archive; empty the cell to go by names"),
        ));
    };
    let parts = |release: &ReleaseId| {
        [("registry", &release.registry), ("package", &release.package), ("version", &release.version)]
            .map(|(column, text)| (column, printable(text)))
    };
    let differs = parts(&meant).into_iter().zip(parts(&named)).find(|(meant, named)| meant != named);
    match differs {
        None => Ok(meant),
        Some(((column, meant), (_, named))) => Err(problem(
            cells.line,
            column,
            &format!("`{named}` was `{meant}` when it was exported: format the column as text, or empty the cell `id`"),
        )),
    }
}

fn problem(line: u64, column: &str, what: &str) -> String {
    format!("line {line}, column {column}: {}", printable(what))
}

fn wrong(problems: &[String]) -> Error {
    let mut listed: Vec<&str> = problems.iter().take(MOST_LISTED).map(String::as_str).collect();
    let more = format!("and {} more", problems.len().saturating_sub(MOST_LISTED));
    if problems.len() > MOST_LISTED {
        listed.push(&more);
    }
    Error::tool(format!("{} rows cannot be read: {}", problems.len(), listed.join("; ")))
        .remedy("correct these cells; nothing was recorded")
}
