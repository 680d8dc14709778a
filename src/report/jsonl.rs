//! For a program: one JSON object a line, a summary last. The structures here are the form's
//! version 1; a change that breaks a reader makes a version 2 beside it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Format;
use super::view::View;
use crate::archive::table::show_time;
use crate::archive::watchlist;
use crate::detect::alert::{Finding, show_points};
use crate::engine::campaign::Campaign;
use crate::engine::surge::Surge;

/// The row of the table.
pub static FORMAT: Format =
    Format { id: "jsonl", about: "one JSON object a finding, then a summary", file: "findings.jsonl", write };

const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Line<'a> {
    schema_version: u32,
    kind: &'static str,
    id: String,
    purl: String,
    registry: &'a str,
    package: &'a str,
    version: &'a str,
    published_at: String,
    publisher: &'a str,
    cohort: &'a str,
    removed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hardly_judged: Option<&'a str>,
    score: String,
    p_value: f64,
    contributions: Vec<Contribution<'a>>,
    signals_usual: usize,
    not_judged: BTreeMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<CampaignOf<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raised: Option<RaisedBy<'a>>,
    model: &'a str,
}

#[derive(Serialize)]
struct CampaignOf<'a> {
    id: &'a str,
    size: usize,
}

#[derive(Serialize)]
struct RaisedBy<'a> {
    cause: &'static str,
    release: String,
    purl: String,
    visible_at: String,
    points: String,
    p_value: f64,
    sentence: &'a str,
}

#[derive(Serialize)]
struct Contribution<'a> {
    name: &'a str,
    kind: &'a str,
    points: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<f32>,
    observed: &'a str,
    usual: &'a str,
    n: u32,
    sentence: &'a str,
}

#[derive(Serialize)]
struct Summary<'a> {
    schema_version: u32,
    kind: &'static str,
    source: &'a str,
    since: String,
    as_of: String,
    budget: Option<f64>,
    publishes: usize,
    taught: usize,
    alerts: usize,
    empirical_rate: f64,
    raised: usize,
    campaigns: Vec<CampaignLine<'a>>,
    surges: Vec<SurgeLine>,
    hardly_judged: &'a BTreeMap<&'static str, usize>,
    model: &'a str,
}

#[derive(Serialize)]
struct CampaignLine<'a> {
    id: &'a str,
    first_at: String,
    last_at: String,
    visible_at: String,
    members: usize,
    raised: usize,
    accounts: &'a [String],
    packages: usize,
    shared: &'a [&'static str],
    highest_score: String,
}

#[derive(Serialize)]
struct SurgeLine {
    first_at: String,
    last_at: String,
    visible_at: String,
    accounts: usize,
    accounts_within_an_hour: usize,
    usual_within_an_hour: f64,
    probability: f64,
    raised: usize,
}

fn write(view: &View) -> String {
    let mut out: String = view.findings.iter().map(|f| line(f, &view.model)).collect();
    out.push_str(&super::view::suppressed::jsonl(view));
    out.push_str(&json(&Summary {
        schema_version: SCHEMA_VERSION,
        kind: "summary",
        source: &view.source,
        since: show_time(view.since),
        as_of: show_time(view.as_of),
        budget: view.budget.map(crate::detect::calibration::Budget::rate),
        publishes: view.publishes,
        taught: view.taught,
        alerts: view.alerts,
        empirical_rate: view.empirical_rate(),
        raised: view.raised,
        campaigns: view.campaigns.iter().map(campaign).collect(),
        surges: view.surges.iter().map(surge).collect(),
        hardly_judged: &view.unjudged,
        model: &view.model,
    }));
    out
}

fn campaign(campaign: &Campaign) -> CampaignLine<'_> {
    CampaignLine {
        id: &campaign.id,
        first_at: show_time(campaign.first),
        last_at: show_time(campaign.last),
        visible_at: show_time(campaign.visible_at),
        members: campaign.members.len(),
        raised: campaign.raised,
        accounts: &campaign.accounts,
        packages: campaign.packages,
        shared: &campaign.shared,
        highest_score: show_points(campaign.highest),
    }
}

fn surge(surge: &Surge) -> SurgeLine {
    SurgeLine {
        first_at: show_time(surge.first),
        last_at: show_time(surge.last),
        visible_at: show_time(surge.visible_at),
        accounts: surge.accounts,
        accounts_within_an_hour: surge.at_once,
        usual_within_an_hour: surge.usual,
        probability: surge.probability,
        raised: surge.raised,
    }
}

/// One finding as a line.
#[must_use]
pub fn line(finding: &Finding, model: &str) -> String {
    let release = &finding.release;
    json(&Line {
        schema_version: SCHEMA_VERSION,
        kind: "finding",
        id: finding.id(),
        purl: release.purl().unwrap_or_default(),
        registry: &release.registry,
        package: &release.package,
        version: &release.version,
        published_at: show_time(finding.at),
        publisher: &finding.actor,
        cohort: finding.cohort,
        removed: finding.removed,
        hardly_judged: finding.caveat,
        score: show_points(finding.points),
        p_value: finding.p_value,
        contributions: finding
            .reasons
            .iter()
            .map(|r| Contribution {
                name: &r.name,
                kind: r.kind,
                points: show_points(r.points),
                bits: r.bits,
                observed: &r.seen.observed,
                usual: &r.seen.usual,
                n: r.seen.n,
                sentence: &r.sentence,
            })
            .collect(),
        signals_usual: finding.usual,
        not_judged: finding.unjudged.iter().filter_map(|(id, j)| Some((*id, j.reason()?))).collect(),
        campaign: finding.campaign.as_ref().map(|of| CampaignOf { id: &of.id, size: of.size }),
        raised: finding.raised.as_ref().map(|raised| RaisedBy {
            cause: raised.cause.name(),
            release: raised.by.to_string(),
            purl: raised.by.purl().unwrap_or_default(),
            visible_at: show_time(raised.visible_at),
            points: show_points(raised.points),
            p_value: raised.p_value,
            sentence: &raised.sentence,
        }),
        model,
    })
}

#[derive(Serialize)]
struct WatchedLine<'a> {
    schema_version: u32,
    kind: &'static str,
    registry: &'a str,
    watched: &'static str,
    name: &'a str,
    projects: BTreeMap<&'a str, &'a [String]>,
}

/// One line of the watch list.
#[must_use]
pub fn watched(line: &watchlist::Line) -> String {
    json(&WatchedLine {
        schema_version: SCHEMA_VERSION,
        kind: "watched",
        registry: &line.watched.registry,
        watched: line.watched.kind.name(),
        name: &line.watched.name,
        projects: line.projects.iter().map(|(project, versions)| (project.as_str(), versions.as_slice())).collect(),
    })
}

fn json(value: &impl Serialize) -> String {
    // Strings and numbers always serialise.
    super::escaped(&serde_json::to_string(value).unwrap_or_default()) + "\n"
}
