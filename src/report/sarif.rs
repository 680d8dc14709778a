//! For code scanning: SARIF 2.1.0 (OASIS), with what GitHub asks of it beyond the standard.
//!
//! The rule of a result is the signal that weighs most in it. A release has no line in a repository: its location is a
//! file name made of its purl, which no repository has, and the purl itself is the logical location. The fingerprint is the
//! finding's id, so that a second upload closes and reopens nothing.

mod rules;

use serde_json::{Map, Value, json};

use self::rules::{rule_of, rules};
use super::escape::shown;
use super::text::rarity;
use super::view::{Suppressed, View, suppressed};
use super::{Format, claims};
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, show_points};
use crate::names::ReleaseId;

/// The row of the table.
pub static FORMAT: Format =
    Format { id: "sarif", about: "SARIF 2.1.0, for code scanning", file: "findings.sarif", write };

/// Releases of the same campaign named with a result.
const RELATED: usize = 20;
/// From this rarity on a result is an error.
const ERROR: f64 = 1e-4;
/// And from this on a warning.
const WARNING: f64 = 1e-3;

fn write(view: &View) -> String {
    let mut results: Vec<Value> = view.findings.iter().map(|finding| result(finding, view)).collect();
    results.extend(view.suppressed.iter().map(|Suppressed { finding, by }| {
        let mut result = result(finding, view);
        let why = shown(&suppressed::sentence(by));
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
        result
    }));
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "gaitkeeper",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            }},
            "automationDetails": { "id": "gaitkeeper/publishes/" },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications(view) }],
            "results": results,
            "properties": {
                "source": view.source,
                "since": show_time(view.since),
                "asOf": show_time(view.as_of),
                "budget": view.budget.map(crate::detect::calibration::Budget::rate),
                "model": view.model,
                "publishes": view.publishes,
                "taught": view.taught,
                "alerts": view.alerts,
                "raised": view.raised,
            },
        }],
    });
    // Strings and numbers always serialise.
    super::escaped(&serde_json::to_string_pretty(&log).unwrap_or_default()) + "\n"
}

fn result(finding: &Finding, view: &View) -> Value {
    let rarest = finding.rarest();
    let level = if rarest <= ERROR {
        "error"
    } else if rarest <= WARNING {
        "warning"
    } else {
        "note"
    };
    let reason = finding.reasons.iter().find(|reason| reason.raises());
    let (rule, index) = rule_of(reason.map_or("", |reason| &reason.name));
    let mut properties = json!({
        "score": show_points(finding.points),
        "pValue": finding.p_value,
        "publishedAt": show_time(finding.at),
        "publisher": finding.actor,
        "cohort": finding.cohort,
        "removed": finding.removed,
        "points": points(finding),
    });
    for (name, value) in [
        ("hardlyJudged", finding.caveat.map(Value::from)),
        ("campaign", finding.campaign.as_ref().map(|of| json!({ "id": of.id, "size": of.size }))),
        ("raisedBy", finding.raised.as_ref().map(|raised| raised.by.to_string().into())),
        ("visibleAt", finding.raised.as_ref().map(|raised| show_time(raised.visible_at).into())),
        ("corroboration", (!finding.corroboration.is_empty()).then(|| claims(&finding.corroboration).into())),
    ] {
        if let Some(value) = value {
            properties[name] = value;
        }
    }
    let mut result = json!({
        "ruleId": rule,
        "ruleIndex": index,
        "level": level,
        "message": { "text": message(finding) },
        "locations": [location(&finding.release)],
        "partialFingerprints": {
            "gaitkeeperFinding/v1": finding.id(),
            "primaryLocationLineHash": format!("{}:1", finding.id()),
        },
        "properties": properties,
    });
    let related = related(finding, view);
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

/// The release, what of it weighs most, and how rare that is.
fn message(finding: &Finding) -> String {
    const SENTENCES: usize = 3;
    let alone = if finding.raised.is_some() { " alone" } else { "" };
    let mut text = format!(
        "{} by {} does not look like its maintainer: {}{alone}, score {}.",
        shown(&finding.release.to_string()),
        shown(&finding.actor),
        rarity(finding.p_value),
        show_points(finding.points)
    );
    let telling = finding.reasons.iter().filter(|reason| reason.raises());
    for reason in telling.take(SENTENCES) {
        text.extend([" ", &shown(&reason.sentence)]);
    }
    if let Some(caveat) = finding.caveat {
        text.extend([" Hardly judged: ", caveat, "."]);
    }
    if !finding.corroboration.is_empty() {
        text.extend([" Elsewhere: ", &shown(&claims(&finding.corroboration)), "."]);
    }
    plain(&text)
}

/// Text without links and placeholders (SARIF 2.1.0, sections 3.11.5 and 3.11.6).
fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '[' | ']' | '\\' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            _ => out.push(c),
        }
        out
    })
}

/// Every summand by its name; those of the same name, which there are none of, would be one.
fn points(finding: &Finding) -> Value {
    let points: Map<String, Value> =
        finding.reasons.iter().map(|reason| (reason.name.clone(), show_points(reason.points).into())).collect();
    points.into()
}

fn location(release: &ReleaseId) -> Value {
    let purl = release.purl().unwrap_or_default();
    let (path, name) = match purl.strip_prefix("pkg:") {
        Some(path) => (path.to_owned(), purl.clone()),
        None => ("unnamed".to_owned(), release.to_string()),
    };
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": format!("packages/{path}") },
            "region": { "startLine": 1 },
        },
        "logicalLocations": [{ "fullyQualifiedName": name, "kind": "package" }],
    })
}

/// What raised it, and other releases of its campaign.
fn related(finding: &Finding, view: &View) -> Vec<Value> {
    let mut related = Vec::new();
    let mut add = |release: &ReleaseId, why: String| {
        let mut at = location(release);
        at["id"] = related.len().into();
        at["message"] = json!({ "text": plain(&why) });
        related.push(at);
    };
    if let Some(raised) = &finding.raised {
        add(&raised.by, format!("raised by {}", shown(&raised.by.to_string())));
    }
    if let Some(of) = &finding.campaign {
        let others = view
            .findings
            .iter()
            .filter(|other| other.campaign.as_ref().is_some_and(|c| c.id == of.id) && other.release != finding.release);
        for other in others.take(RELATED) {
            add(&other.release, format!("same campaign: {}", shown(&other.release.to_string())));
        }
    }
    related
}

/// What holds for the window and no single release.
fn notifications(view: &View) -> Vec<Value> {
    let mut texts: Vec<String> =
        view.unjudged.iter().map(|(reason, n)| format!("{n} publishes hardly judged: {reason}.")).collect();
    texts.extend(
        view.campaigns
            .iter()
            .filter(|c| c.members.len() > 1)
            .map(|c| format!("Campaign {}: {} publishes of {} packages.", shown(&c.id), c.members.len(), c.packages)),
    );
    texts.extend(view.surges.iter().map(|surge| {
        format!(
            "A surge from {} to {}: {} accounts unusual.",
            show_time(surge.first),
            show_time(surge.last),
            surge.accounts
        )
    }));
    texts.extend(view.elsewhere.as_ref().map(super::view::Elsewhere::sentence));
    texts.iter().map(|text| json!({ "level": "note", "message": { "text": plain(text) } })).collect()
}
