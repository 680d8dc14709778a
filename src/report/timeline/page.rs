//! An investigated release as one page that needs nothing else: no script, no other file, and a policy in it that
//! lets the browser load nothing.

use std::collections::BTreeMap;

use askama::Template;
use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::act::{self, Minute};
use super::waterfall::{self, Step};
use super::{cadence, rank, short, spoken, week};
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, show_points};
use crate::detect::evidence::Judgement;
use crate::detect::signals::{SIGNALS, position};
use crate::detect::wording::span;
use crate::engine::investigate::{Investigation, Moment, Sources};
use crate::error::{Error, Result, is_unsafe};
use crate::report::text::{grouped, rarity};

const STYLE: &str = concat!(include_str!("../style.css"), include_str!("page.css"));
/// Addresses longer than this are shown and not linked.
const LONGEST_ADDRESS: usize = 500;

/// What a page says of its own making.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Making {
    /// Id of the model.
    pub model: String,
    /// What the history was read from.
    pub source: String,
    /// The command that makes it again.
    pub command: String,
}

struct Field {
    name: &'static str,
    before: String,
    usual: String,
    now: String,
    is_new: bool,
}

struct Row {
    is_subject: bool,
    version: String,
    time: String,
    gap: String,
    actor: String,
    path: String,
    job: String,
    marks: &'static str,
    score: String,
}

struct Unjudged {
    reason: &'static str,
    about: &'static str,
    signals: Vec<(&'static str, &'static str)>,
}

struct Link {
    about: &'static str,
    text: String,
    address: Option<String>,
}

#[derive(Template)]
#[template(path = "report/timeline/page.html")]
struct Page {
    style: &'static str,
    style_hash: String,
    title: String,
    time: String,
    actor: String,
    cohort: &'static str,
    removed: bool,
    class: &'static str,
    verdict: String,
    strongest: Option<String>,
    score: String,
    rank: String,
    steps: Vec<Step>,
    before: Option<String>,
    past: usize,
    young: Option<String>,
    fields: Vec<Field>,
    same: String,
    near: Vec<Row>,
    rows: Vec<Row>,
    versions: String,
    versions_left: usize,
    scores: Option<String>,
    minutes: Vec<Minute>,
    acts: String,
    acts_left: usize,
    packages: usize,
    act_plot: Option<String>,
    week: String,
    week_says: String,
    gaps: Option<String>,
    gap_says: String,
    usual: usize,
    unjudged: Vec<Unjudged>,
    links: Vec<Link>,
    making: Making,
    program: &'static str,
}

/// The page.
///
/// # Errors
/// When the template fails, which no input makes it do.
pub fn html(found: &Investigation, making: &Making) -> Result<String> {
    let finding = &found.finding;
    let strongest = finding.reasons.iter().find(|r| r.raises());
    let (class, verdict) = verdict(finding);
    let rows: Vec<Row> = found.timeline.iter().map(row).collect();
    let near: Vec<Row> = found.package.iter().map(row).collect();
    let packages: std::collections::BTreeSet<&str> = found.act.iter().map(|m| m.release.package.as_str()).collect();
    let page = Page {
        style: STYLE,
        style_hash: base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE)),
        title: short(&finding.release.to_string()),
        time: show_time(finding.at),
        actor: short(&finding.actor),
        cohort: finding.cohort,
        removed: finding.removed,
        class,
        verdict,
        strongest: strongest.map(|reason| spoken(&reason.sentence)),
        score: show_points(finding.points),
        rank: rank(finding.p_value),
        steps: waterfall::steps(finding),
        before: found.changes.before.as_deref().map(short),
        past: found.changes.past,
        young: super::young(&found.changes),
        fields: fields(found),
        same: found.changes.same.join(", "),
        rows: if rows.len() > near.len() { rows } else { Vec::new() },
        near,
        versions: grouped(found.versions as u64),
        versions_left: found.versions - found.timeline.len(),
        scores: if found.timeline.len() > 1 { cadence::scores(&found.timeline) } else { None },
        minutes: act::minutes(&found.act),
        acts: grouped(found.acts as u64),
        acts_left: found.acts - found.act.len(),
        packages: packages.len(),
        act_plot: act::plot(&found.act),
        week: week::plot(&found.habits),
        week_says: week_says(found),
        gaps: cadence::gaps(&found.habits),
        gap_says: gap_says(found),
        usual: finding.usual,
        unjudged: unjudged(finding),
        links: links(&found.sources),
        making: Making {
            model: short(&making.model),
            source: short(&making.source),
            command: crate::error::printable(&making.command),
        },
        program: env!("CARGO_PKG_VERSION"),
    };
    page.render().map_err(|e| Error::tool(format!("the page cannot be written: {e}")))
}

/// The judgement in one sentence, and how loud it is.
fn verdict(finding: &Finding) -> (&'static str, String) {
    let release = short(&finding.release.to_string());
    let one_in = rarity(finding.p_value);
    if let Some(caveat) = finding.caveat {
        return ("", format!("{release} can hardly be judged: {caveat}. A low score says nothing here."));
    }
    match finding.p_value {
        p if p <= 0.001 => (
            "alarm",
            format!("{release} does not look like its maintainer: {one_in} publishes before it scored as high."),
        ),
        p if p <= 0.01 => {
            ("alarm", format!("{release} is unusual for its maintainer: {one_in} publishes before it scored as high."))
        }
        p if p <= 0.5 => {
            ("", format!("{release} is a little unlike its maintainer: {one_in} publishes before it scored as high."))
        }
        _ => ("calm", format!("{release} looks like its maintainer: most publishes before it scored as high.")),
    }
}

fn fields(found: &Investigation) -> Vec<Field> {
    let field = |c: &crate::engine::investigate::changes::Change| Field {
        name: c.field,
        before: short(&c.before),
        usual: short(&c.usual),
        now: short(&c.now),
        is_new: c.is_new,
    };
    found.changes.changed.iter().map(field).collect()
}

fn row(moment: &Moment) -> Row {
    let job = match (moment.identity.as_str(), moment.workflow.as_str()) {
        ("", "") => String::new(),
        ("", workflow) => short(workflow),
        (identity, _) => short(identity),
    };
    Row {
        is_subject: moment.is_subject,
        version: short(&moment.release.version),
        time: show_time(moment.at)[..19].replace('T', " "),
        gap: moment.gap.map_or_else(String::new, |gap| format!("+{}", span(gap))),
        actor: if moment.actor.is_empty() { "not recorded".to_owned() } else { short(&moment.actor) },
        path: short(&moment.path),
        job,
        marks: match (moment.removed, moment.certificate.as_str(), moment.attested) {
            (true, _, _) => "no longer public",
            (_, "verified", _) => "certificate verified",
            (_, "unverified", _) => "attestation refused",
            (_, _, true) => "attested",
            _ => "",
        },
        score: show_points(moment.points),
    }
}

fn week_says(found: &Investigation) -> String {
    let habits = &found.habits;
    let (day, hour) = habits.now;
    let here = habits.week[day][hour];
    if habits.publishes == 0 {
        return "The archive knows no earlier publish of this account.".to_owned();
    }
    format!(
        "{} past publishes of the account by hour of the week, UTC; {here} of them in the hour of this one.",
        grouped(u64::from(habits.publishes))
    )
}

fn gap_says(found: &Investigation) -> String {
    let Some(gap) = found.habits.gap.1 else { return "The first publish of its package in the archive.".to_owned() };
    let mut gaps: Vec<i64> = found.habits.gaps.iter().map(|(_, gap)| *gap).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).map_or_else(
        || format!("{} after the only version before it.", span(gap)),
        |middle| {
            format!(
                "{} after the version before it; half of {} gaps were shorter than {}.",
                span(gap),
                gaps.len(),
                span(*middle)
            )
        },
    )
}

fn unjudged(finding: &Finding) -> Vec<Unjudged> {
    let mut reasons: BTreeMap<&'static str, Unjudged> = BTreeMap::new();
    for (id, judgement) in &finding.unjudged {
        let Some(reason) = judgement.reason() else { continue };
        let group =
            reasons.entry(reason).or_insert_with(|| Unjudged { reason, about: about(*judgement), signals: Vec::new() });
        group.signals.push((id, position(id).map_or("", |at| SIGNALS[at].needs.fact.name())));
    }
    reasons.into_values().collect()
}

fn about(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Bits(_) => "",
        Judgement::NoHistory => "The package or the account has too short a history to say what is usual.",
        Judgement::Missing => "The documents of this release do not say.",
        Judgement::NotOffered => "This registry never shows the fact; an owner can supply it.",
        Judgement::NotApplicable => "The question does not arise for this release.",
        Judgement::Unverified => "There is a claim, but its certificate was not verified.",
    }
}

fn links(sources: &Sources) -> Vec<Link> {
    let mut links = Vec::new();
    if let Some(index) = sources.log_index.filter(|index| *index >= 0) {
        links.push(Link {
            about: "transparency log entry",
            text: format!("log index {index}"),
            address: Some(format!("https://search.sigstore.dev/?logIndex={index}")),
        });
    }
    if !sources.repository.is_empty() {
        let text = &sources.repository;
        let address = if text.contains("://") { address(text) } else { address(&format!("https://{text}")) };
        links.push(Link { about: "source repository, as stated", text: short(text), address });
    }
    if !sources.run.is_empty() {
        links.push(Link { about: "CI run, as certified", text: short(&sources.run), address: address(&sources.run) });
    }
    links
}

/// An address that may be followed: http or https, with a host, without a name or a password.
fn address(text: &str) -> Option<String> {
    if text.len() > LONGEST_ADDRESS || text.chars().any(|c| is_unsafe(c) || c.is_whitespace()) {
        return None;
    }
    let url = url::Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    let host = url.host_str()?;
    (plain && host.contains('.')).then(|| url.to_string())
}
