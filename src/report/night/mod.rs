//! The report of a night: what was fetched, what was judged, who was told, and what did not work.
//!
//! [`Night`] is the one view; [`text`] is for reading, [`json`] for programs (`run.json`), [`metrics`] for a collector.

pub mod metrics;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::escaped;
use crate::error::printable;

/// Version of the JSON form.
const SCHEMA_VERSION: u32 = 1;
/// Lines of one kind that are shown in full.
const IN_FULL: usize = 20;

/// What the registries gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// Packages that were asked for.
    pub asked: usize,
    /// Of those, known for the first time.
    pub first: usize,
    /// With another document than before.
    pub changed: usize,
    /// With the same.
    pub unchanged: usize,
    /// Not there.
    pub absent: usize,
    /// Older than what was known, and left.
    pub behind: usize,
    /// Not fetched.
    pub failed: usize,
    /// Versions that the archive did not have.
    pub versions: usize,
    /// Why packages were not fetched, a line each.
    pub failures: Vec<String>,
    /// What else somebody should know, a line each.
    pub remarks: Vec<String>,
}

/// What was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Publishes of the night.
    pub publishes: usize,
    /// Those among them that are older than the night before: they arrived late.
    pub late: usize,
    /// Older publishes of packages that were taken up tonight: they teach, and are not judged.
    pub taught_only: usize,
    /// About which little could be judged, by reason.
    pub hardly_judged: BTreeMap<String, usize>,
    /// At or below the budget.
    pub alerts: usize,
    /// Raised by what came later.
    pub raised: usize,
    /// Campaigns among the findings.
    pub campaigns: usize,
    /// What others said, in a sentence; none where nobody was asked.
    pub elsewhere: Option<String>,
}

/// Alerts over the last nights, this one among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rate {
    /// Nights.
    pub nights: usize,
    /// Publishes that were judged in them.
    pub publishes: u64,
    /// Alerts.
    pub alerts: u64,
    /// Alerts a publish; none where nothing was judged.
    pub rate: Option<f64>,
    /// Alerts a publish that somebody is willing to read.
    pub budget: f64,
}

/// What became of the messages of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Sent in this run.
    pub sent: usize,
    /// Waiting for the next run.
    pub waiting: usize,
    /// Refused for what they are.
    pub refused: usize,
    /// The last reason.
    pub failure: Option<String>,
}

/// One night.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Night {
    /// Version of this form.
    pub schema_version: u32,
    /// Number, from 1.
    pub number: i64,
    /// When this run began, RFC 3339.
    pub started_at: String,
    /// When it ended; none while it is under way.
    pub ended_at: Option<String>,
    /// Times in milliseconds since the epoch, for figures.
    #[serde(skip)]
    pub ended_ms: i64,
    /// An earlier run of this night was ended before its time; this one finished it.
    pub resumed: bool,
    /// Time up to which publishes were judged, RFC 3339.
    pub as_of: String,
    /// What was fetched; none where nothing was to be.
    pub fetched: Option<Fetched>,
    /// What was judged; none where that did not come about.
    pub judged: Option<Judged>,
    /// Alerts over the last nights.
    pub rate: Rate,
    /// Folder of the exports.
    pub exports: Option<String>,
    /// Messages by channel.
    pub notifications: BTreeMap<String, Delivered>,
    /// What of the surroundings did not work, a line each: registries, receivers, places to write. No findings.
    pub failures: Vec<String>,
    /// Milliseconds each phase took.
    pub durations_ms: BTreeMap<&'static str, i64>,
    /// Hash over the effective settings, secrets left out.
    pub config_hash: String,
    /// Model that judged.
    pub model: String,
    /// Version of the program.
    pub version: &'static str,
}

impl Night {
    /// A night that begins.
    #[must_use]
    pub fn new(number: i64, resumed: bool, started_at: String) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            number,
            resumed,
            started_at,
            version: env!("CARGO_PKG_VERSION"),
            ..Self::default()
        }
    }

    /// Everything worked.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.failures.is_empty()
    }
}

/// For programs.
#[must_use]
pub fn json(night: &Night) -> String {
    // Strings and numbers always serialise.
    escaped(&serde_json::to_string_pretty(night).unwrap_or_default()) + "\n"
}

/// For reading.
#[must_use]
pub fn text(night: &Night) -> String {
    let mut out = String::new();
    let resumed = if night.resumed { ", which an earlier run had begun" } else { "" };
    let _ = writeln!(out, "night {}{resumed}: publishes up to {}", night.number, night.as_of);
    match &night.fetched {
        None => out.push_str("fetched: nothing was asked for\n"),
        Some(f) => {
            let _ = writeln!(
                out,
                "fetched: {} packages asked, {} new, {} changed, {} unchanged, {} not there, {} behind, {} failed; {} new versions",
                f.asked, f.first, f.changed, f.unchanged, f.absent, f.behind, f.failed, f.versions
            );
            lines(&mut out, &f.remarks);
        }
    }
    match &night.judged {
        None => out.push_str("judged: nothing, see the failures\n"),
        Some(j) => {
            let _ = writeln!(
                out,
                "judged: {} publishes, {} of them late; {} older ones of packages taken up tonight only teach",
                j.publishes, j.late, j.taught_only
            );
            for (reason, n) in &j.hardly_judged {
                let _ = writeln!(out, "  {n} hardly judged: {reason}");
            }
            let _ = writeln!(
                out,
                "found: {} alerts, {} raised by what came later, {} campaigns",
                j.alerts, j.raised, j.campaigns
            );
            if let Some(elsewhere) = &j.elsewhere {
                let _ = writeln!(out, "  {}", printable(elsewhere));
            }
        }
    }
    let rate = night.rate.rate.map_or_else(|| "no rate".to_owned(), |rate| format!("{:.3} %", rate * 100.0));
    let _ = writeln!(
        out,
        "alert rate: {rate} ({} of {} publishes in {} {}), budget {:.3} %",
        night.rate.alerts,
        night.rate.publishes,
        night.rate.nights,
        if night.rate.nights == 1 { "night" } else { "nights" },
        night.rate.budget * 100.0
    );
    if let Some(folder) = &night.exports {
        let _ = writeln!(out, "exports: {}", printable(folder));
    }
    for (channel, delivered) in &night.notifications {
        let why = delivered.failure.as_ref().map_or_else(String::new, |why| format!(": {}", printable(why)));
        let _ = writeln!(
            out,
            "{channel}: {} sent, {} waiting, {} refused{why}",
            delivered.sent, delivered.waiting, delivered.refused
        );
    }
    if !night.failures.is_empty() {
        let _ = writeln!(out, "did not work:");
        lines(&mut out, &night.failures);
    }
    let phases: Vec<String> = night.durations_ms.iter().map(|(phase, ms)| format!("{phase} {ms} ms")).collect();
    if !phases.is_empty() {
        let _ = writeln!(out, "took: {}", phases.join(", "));
    }
    let _ = writeln!(out, "model {}, settings {}, gaitkeeper {}", night.model, night.config_hash, night.version);
    out
}

fn lines(out: &mut String, lines: &[String]) {
    for line in lines.iter().take(IN_FULL) {
        let _ = writeln!(out, "  {}", printable(line));
    }
    if lines.len() > IN_FULL {
        let _ = writeln!(out, "  and {} more", lines.len() - IN_FULL);
    }
}
