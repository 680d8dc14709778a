//! The page of one alert: why it is one, what happened around it, and the form for its verdict.

use std::collections::BTreeMap;

use askama::Template;

use super::around::{Around, Moment};
use super::pages::{Form, Frame, Line, Said, order, short_time, suppression};
use super::{Held, Scored};
use crate::detect::alert::{Finding, show_points};
use crate::detect::wording::span;
use crate::error::printable;

/// Width of the drawing in which bars stand; half of it for each direction.
const BARS: i32 = 200;

/// One summand of a score.
pub(super) struct Bar {
    pub name: String,
    pub sentence: String,
    pub points: String,
    pub detail: String,
    pub x: i32,
    pub width: i32,
    pub raises: bool,
}

/// One publish of a timeline.
pub(super) struct Step {
    pub is_subject: bool,
    pub title: String,
    pub at: String,
    pub gap: String,
    pub score: String,
    pub by: String,
}

/// One alert.
#[derive(Template)]
#[template(path = "review/desk/alert.html")]
pub(super) struct Alert {
    pub frame: Frame,
    pub line: Line,
    pub cohort: &'static str,
    pub caveat: &'static str,
    pub removed: bool,
    pub raised: String,
    pub suppressed: String,
    pub campaign: Option<(String, usize)>,
    pub bars: Vec<Bar>,
    pub usual: usize,
    pub unjudged: Vec<(String, String)>,
    pub package: Vec<Step>,
    pub versions: usize,
    pub siblings: Vec<Step>,
    pub more_siblings: usize,
    pub earlier: Vec<Said>,
    pub form: Form,
    pub command: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Alert {
    pub(super) fn new(frame: Frame, scored: &Scored, held: &Held, finding: &Finding) -> Self {
        let around = Around::of(scored, &finding.release);
        let line = Line::of(finding, held);
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, judgement) in &finding.unjudged {
            reasons.entry(judgement.reason().unwrap_or_default()).or_default().push(id);
        }
        let order = order(scored, held);
        let place = order.iter().position(|id| *id == line.id);
        let neighbour = |step: isize| order.get(place?.checked_add_signed(step)?).cloned();
        Self {
            cohort: finding.cohort,
            caveat: finding.caveat.unwrap_or_default(),
            removed: finding.removed,
            raised: finding.raised.as_ref().map_or_else(String::new, |raised| {
                let (why, at) = (raised.cause.words(), short_time(raised.visible_at));
                format!("Raised by {why}, because of {}; visible from {at}", raised.by)
            }),
            suppressed: suppression(scored, finding),
            campaign: finding.campaign.as_ref().filter(|of| of.size > 1).map(|of| (of.id.clone(), of.size)),
            bars: bars(finding),
            usual: finding.usual,
            unjudged: reasons.into_iter().map(|(why, ids)| (format!("{} {why}", ids.len()), ids.join(", "))).collect(),
            package: but_repeated(
                around.package.iter().map(|moment| step(moment, &printable(&moment.release.version))).collect(),
            ),
            versions: around.versions,
            siblings: but_repeated(
                around.siblings.iter().map(|moment| step(moment, &moment.release.to_string())).collect(),
            ),
            more_siblings: around.more_siblings,
            earlier: held.all.iter().rev().filter(|k| k.given.release == finding.release).map(Said::of).collect(),
            form: Form::new(format!("/alert/{}", line.id), "Record".to_owned(), held),
            command: printable(&format!("{} {}", scored.view.investigate, finding.release)),
            before: neighbour(-1),
            after: neighbour(1),
            frame,
            line,
        }
    }
}

fn step(moment: &Moment, title: &str) -> Step {
    let by = if moment.actor.is_empty() { "publisher not recorded".to_owned() } else { printable(&moment.actor) };
    Step {
        is_subject: moment.is_subject,
        title: title.to_owned(),
        at: short_time(moment.at),
        gap: moment.gap.map_or_else(String::new, |gap| format!("+{}", span(gap))),
        score: show_points(moment.points),
        by: std::iter::once(by).chain(moment.facts.iter().map(|fact| printable(fact))).collect::<Vec<_>>().join(", "),
    }
}

/// Leaves out by whom and how where that is as at the line before: what changed is what is looked for.
fn but_repeated(mut steps: Vec<Step>) -> Vec<Step> {
    for at in (1..steps.len()).rev() {
        if steps[at].by == steps[at - 1].by {
            steps[at].by.clear();
        }
    }
    steps
}

/// The summands, each as long as its share of the longest.
fn bars(finding: &Finding) -> Vec<Bar> {
    let half = BARS / 2;
    let longest = finding.reasons.iter().map(|reason| reason.points.abs()).max().unwrap_or(1).max(1);
    finding
        .reasons
        .iter()
        .map(|reason| {
            let width = (reason.points.abs() * half / longest).max(1);
            let seen = &reason.seen;
            let detail = reason.bits.map_or_else(String::new, |bits| format!("{bits:.1} bits, n = {}", seen.n));
            Bar {
                name: printable(&reason.name),
                sentence: printable(&reason.sentence),
                points: show_points(reason.points),
                detail,
                x: if reason.points < 0 { half - width } else { half },
                width,
                raises: reason.points >= 0,
            }
        })
        .collect()
}
