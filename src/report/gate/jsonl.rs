//! For a program: one JSON object a release or entry, a summary last. The form's version 1; a change that breaks a
//! reader makes a version 2 beside it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Entry, GateView, Hold, Outcome, Problem, Release};
use crate::archive::table::show_time;
use crate::detect::alert::show_points;

const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct ReleaseLine<'a> {
    schema_version: u32,
    kind: &'static str,
    outcome: &'static str,
    purl: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cooldown: Option<&'static str>,
    integrity: &'a [String],
    hosts: &'a [String],
    problems: Vec<ProblemOf<'a>>,
}

#[derive(Serialize)]
struct EntryLine<'a> {
    schema_version: u32,
    kind: &'static str,
    outcome: &'static str,
    entry: &'a str,
    problems: Vec<ProblemOf<'a>>,
}

#[derive(Serialize)]
struct ProblemOf<'a> {
    reason: &'static str,
    outcome: &'static str,
    accepted: bool,
    says: &'a str,
    remedy: &'a str,
}

#[derive(Serialize)]
struct Summary<'a> {
    schema_version: u32,
    kind: &'static str,
    outcome: &'static str,
    lock_file: &'a str,
    format: &'a str,
    source: &'a str,
    as_of: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_publish: Option<String>,
    fail_on: f64,
    cooldown_seconds: i64,
    releases: usize,
    entries: usize,
    local_entries: usize,
    fail: usize,
    warn: usize,
    pass: usize,
    reasons: BTreeMap<&'static str, usize>,
    young_may_skip: usize,
    young_keep: usize,
    young_deserve: usize,
    model: &'a str,
}

pub(super) fn write(view: &GateView) -> String {
    let mut out: String = view.listed().map(release).collect();
    out.extend(view.listed_entries().map(entry));
    out.push_str(&json(&Summary {
        schema_version: SCHEMA_VERSION,
        kind: "gate_summary",
        outcome: view.outcome().name(),
        lock_file: &view.lock_file,
        format: view.format,
        source: &view.source,
        as_of: show_time(view.as_of),
        newest_publish: view.newest.map(show_time),
        fail_on: view.fail_on.rate(),
        cooldown_seconds: view.cooldown / 1000,
        releases: view.releases.len(),
        entries: view.entries.len(),
        local_entries: view.local,
        fail: view.count(Outcome::Fail),
        warn: view.count(Outcome::Warn),
        pass: view.count(Outcome::Pass),
        reasons: view.reasons().into_iter().map(|(reason, n)| (reason.name(), n)).collect(),
        young_may_skip: view.holds(Hold::MaySkip),
        young_keep: view.holds(Hold::Keep),
        young_deserve: view.holds(Hold::Deserves),
        model: &view.model,
    }));
    out
}

fn release(release: &Release) -> String {
    let finding = release.finding.as_ref();
    json(&ReleaseLine {
        schema_version: SCHEMA_VERSION,
        kind: "gate_release",
        outcome: release.outcome().name(),
        purl: &release.purl,
        id: finding.map(crate::detect::alert::Finding::id),
        published_at: finding.map(|f| show_time(f.at)),
        publisher: finding.map(|f| f.actor.as_str()),
        score: finding.map(|f| show_points(f.points)),
        p_value: finding.map(crate::detect::alert::Finding::rarest),
        cooldown: release.hold.map(Hold::name),
        integrity: &release.integrity,
        hosts: &release.hosts,
        problems: release.problems.iter().map(problem).collect(),
    })
}

fn entry(entry: &Entry) -> String {
    json(&EntryLine {
        schema_version: SCHEMA_VERSION,
        kind: "gate_entry",
        outcome: entry.problem.outcome.name(),
        entry: &entry.name,
        problems: vec![problem(&entry.problem)],
    })
}

fn problem(problem: &Problem) -> ProblemOf<'_> {
    ProblemOf {
        reason: problem.reason.name(),
        outcome: problem.outcome.name(),
        accepted: problem.accepted,
        says: &problem.says,
        remedy: &problem.remedy,
    }
}

fn json(value: &impl Serialize) -> String {
    // Strings and numbers always serialise.
    crate::report::escaped(&serde_json::to_string(value).unwrap_or_default()) + "\n"
}
