//! For a program: one JSON object a line, a summary last.

pub mod v1;

use serde::Serialize;

use self::v1::{
    CampaignLine, CampaignOf, ClaimLine, Contribution, ElsewhereLine, Line, NotAlertedLine, RaisedBy, SCHEMA_VERSION,
    Summary, SurgeLine, WatchedLine,
};
use super::Format;
use super::view::{Elsewhere, NotAlerted, View};
use crate::archive::corroboration::Claim;
use crate::archive::table::show_time;
use crate::archive::watchlist;
use crate::detect::alert::{Finding, show_points};
use crate::engine::campaign::Campaign;
use crate::engine::surge::Surge;

/// The row of the table.
pub static FORMAT: Format =
    Format { id: "jsonl", about: "one JSON object a finding, then a summary", file: "findings.jsonl", write };

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
        elsewhere: view.elsewhere.as_ref().map(elsewhere),
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
        quiet: campaign.quiet.iter().map(|release| release.purl().unwrap_or_default()).collect(),
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

fn claim(claim: &Claim) -> ClaimLine<'_> {
    ClaimLine { source: &claim.source, verdict: &claim.verdict, note: &claim.note }
}

fn not_alerted(one: &NotAlerted) -> NotAlertedLine<'_> {
    NotAlertedLine {
        purl: one.release.purl().unwrap_or_default(),
        registry: &one.release.registry,
        package: &one.release.package,
        version: &one.release.version,
        published_at: show_time(one.at),
        p_value: one.p_value,
        corroboration: one.claims.iter().map(claim).collect(),
    }
}

fn elsewhere(elsewhere: &Elsewhere) -> ElsewhereLine<'_> {
    ElsewhereLine {
        rows: elsewhere.rows,
        unmatched: elsewhere.unmatched,
        withdrawn: elsewhere.withdrawn,
        ranges_unread: elsewhere.ranges_unread,
        files_unread: elsewhere.files_unread.0,
        publishes: elsewhere.publishes,
        not_alerted: elsewhere.not_alerted.iter().map(not_alerted).collect(),
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
        corroboration: finding.corroboration.iter().map(claim).collect(),
        model,
    })
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
