//! `score` and `investigate`.

use std::collections::BTreeMap;

use super::super::answers::{Found, Instant, Investigated, Scored, Together};
use super::super::asked;
use super::super::judged::Judged;
use crate::archive::lookup::{known, unknown_release};
use crate::archive::table::show_time;
use crate::detect::alert::Finding;
use crate::detect::calibration::Budget;
use crate::engine::trace::UNUSUAL;
use crate::error::{Error, Result};
use crate::names::ReleaseId;
use crate::pipeline::score::{beginning, time};

/// Answers `score`.
pub(super) fn score(judged: &Judged, asked: &asked::Score) -> Result<Scored> {
    let history = &judged.history;
    let newest = history.newest().unwrap_or_default();
    let as_of = asked.as_of.as_deref().map_or(Ok(newest), |text| time(text, "as_of"))?;
    let since = beginning(asked.since.as_deref().unwrap_or("30d"), as_of)?;
    if since > as_of {
        return Err(Error::usage("the window begins after it ends").remedy("give a `since` before `as_of`"));
    }
    let budget: Budget = asked.budget.as_deref().unwrap_or("1/1000").parse()?;
    if budget.rate() > UNUSUAL {
        return Err(Error::usage("the budget is larger than 1/100")
            .remedy("ask for at most 1/100: more is usual, and no person reads it"));
    }
    let packages = known(&asked.packages, "package", history, |e| e.package)?;
    let publishers = known(&asked.publishers, "publisher", history, |e| e.actor)?;
    let folded = judged.folded();
    let mut scored = Scored {
        source: judged.source.clone(),
        since: show_time(since),
        as_of: show_time(as_of),
        budget: budget.rate(),
        publishes: 0,
        alerts: 0,
        raised: 0,
        hardly_judged: BTreeMap::new(),
        findings: Vec::new(),
        more_findings: 0,
        campaigns: Vec::new(),
        model: judged.model.id.clone(),
    };
    let mut found: Vec<(usize, &Finding)> = Vec::new();
    let first = history.events.partition_point(|event| event.at < since);
    let end = history.events.partition_point(|event| event.at <= as_of);
    for index in first..end {
        let event = &history.events[index];
        let asked_for = (packages.is_empty() || packages.contains(&event.package))
            && (publishers.is_empty() || publishers.contains(&event.actor));
        if !asked_for {
            continue;
        }
        let row = folded.rows[index];
        scored.publishes += 1;
        if let Some(reason) = row.caveat {
            *scored.hardly_judged.entry(reason.to_owned()).or_default() += 1;
        }
        let alerts = row.p_value <= budget.rate();
        scored.alerts += usize::from(alerts);
        let Some(finding) = folded.findings.get(&index) else { continue };
        let raised = finding.raised.as_ref().is_some_and(|r| r.visible_at <= as_of && r.p_value <= budget.rate());
        scored.raised += usize::from(raised && !alerts);
        if alerts || raised {
            found.push((index, finding));
        }
    }
    found.sort_by(|(_, a), (_, b)| {
        b.points.cmp(&a.points).then(a.at.cmp(&b.at)).then_with(|| a.release.cmp(&b.release))
    });
    let limit = asked.limit.unwrap_or(asked::USUAL).clamp(1, asked::MOST);
    scored.more_findings = found.len().saturating_sub(limit);
    found.truncate(limit);
    let mut ids: Vec<&str> = Vec::new();
    for (index, finding) in found {
        scored.findings.push(Found::new(finding, false));
        if let Some(campaign) = folded.grouped.campaign_of(index).filter(|c| c.members.len() > 1)
            && !ids.contains(&campaign.id.as_str())
        {
            ids.push(&campaign.id);
            scored.campaigns.push(Together::new(campaign));
        }
    }
    Ok(scored)
}

/// Answers `investigate`.
pub(super) fn investigate(judged: &Judged, asked: &asked::Investigate) -> Result<Investigated> {
    let release: ReleaseId = asked.release.parse()?;
    let history = &judged.history;
    let at = history
        .find(&release.registry, &release.package, &release.version)
        .ok_or_else(|| unknown_release(&release, history))?;
    let found = judged.investigate(at).ok_or_else(|| unknown_release(&release, history))?;
    let mut not_judged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, judgement) in &found.finding.unjudged {
        let reason = judgement.reason().unwrap_or_default().to_owned();
        not_judged.entry(reason).or_default().push((*id).to_owned());
    }
    Ok(Investigated {
        signals_usual: found.finding.usual,
        not_judged,
        package_timeline: found.package.iter().map(|moment| Instant::new(moment, None)).collect(),
        versions: found.versions,
        same_publisher: found.siblings.iter().map(|moment| Instant::new(moment, None)).collect(),
        more_same_publisher: found.more_siblings,
        finding: Found::new(&found.finding, true),
    })
}
