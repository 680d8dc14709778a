//! A window of a history as the view that every format shows: what `score` and `nightly` share.

use std::collections::BTreeSet;

use super::elsewhere::{elsewhere, not_alerted};
use super::{Means, tell_apart};
use crate::archive::corroboration::Corroboration;
use crate::archive::history::{Event, History};
use crate::detect::alert::{Finding, hardly_judged};
use crate::detect::calibration::Budget;
use crate::detect::model::Model;
use crate::detect::raised::Raised;
use crate::engine::embedded::Assessed;
use crate::engine::policy::Policy;
use crate::engine::recent::fold_since;
use crate::engine::window::{Grouped, Window};
use crate::report::progress::Progress;
use crate::report::view::{NotAlerted, View};

/// Which publishes of a history are meant.
pub(super) struct Question<'a> {
    /// Beginning of the window, milliseconds, inclusive.
    pub since: i64,
    /// End of the window, milliseconds, inclusive: nothing later may be in the history.
    pub as_of: i64,
    /// Alerts that somebody is willing to read.
    pub budget: Budget,
    /// List every publish that is meant, not only the unusual ones.
    pub all: bool,
    /// What others say, where they are asked.
    pub others: Option<&'a Corroboration>,
    /// Is this publish of the window meant?
    pub asked: &'a dyn Fn(&Event) -> bool,
    /// Is this publish, which became an alert by what came later, meant?
    pub asked_raised: &'a dyn Fn(&Event, &Raised) -> bool,
}

/// Judges a window. Of the history only what is no longer needed may be missing afterwards: where something was raised
/// later, it ends with the last such publish.
pub(super) fn judge(history: &mut History, model: &Model, policy: &Policy, question: &Question, means: &Means) -> View {
    let rate = question.budget.rate();
    let mut view = View {
        source: means.source(),
        investigate: means.investigate(),
        since: question.since,
        as_of: question.as_of,
        budget: (!question.all).then_some(question.budget),
        model: model.id.clone(),
        taught: history.events.partition_point(|event| event.at < question.since),
        ..View::default()
    };
    let mut named: Vec<(usize, NotAlerted)> = Vec::new();
    let mut window = Window::new(question.since, rate);
    let mut listed: Vec<(usize, Finding)> = Vec::new();
    let needed = window.reaches(history);
    let mut progress = Progress::new("scoring", history.events.len(), means.terminal.quiet);
    fold_since(history, model, policy, needed, |assessed| {
        progress.at(assessed.index);
        window.note(assessed);
        let event = assessed.look.event;
        if event.at < question.since || !(question.asked)(event) {
            return;
        }
        view.publishes += 1;
        if let Some(reason) = hardly_judged(assessed.look) {
            *view.unjudged.entry(reason).or_default() += 1;
        }
        let claims = question.others.map_or(&[][..], |o| o.about(event.registry, event.package, event.version));
        if !claims.is_empty() {
            named.push((assessed.index, not_alerted(assessed, claims)));
        }
        let alerts = assessed.p_value <= rate;
        view.alerts += usize::from(alerts);
        if alerts || question.all {
            listed.push((assessed.index, found(assessed, model, question.others)));
        } else if listed.is_empty() {
            keep_closest(&mut view.closest, assessed, model);
        }
    });
    drop(progress);
    let grouped = window.close(history);
    listed.extend(raised_later(history, model, policy, &grouped, &listed, question));
    for (index, finding) in &mut listed {
        grouped.mark(*index, finding);
    }
    view.elsewhere = question.others.map(|others| elsewhere(others, named, &listed, rate));
    view.raised = listed.iter().filter(|(_, finding)| finding.raised.is_some()).count();
    let shown: BTreeSet<&str> =
        listed.iter().filter_map(|(_, finding)| Some(finding.campaign.as_ref()?.id.as_str())).collect();
    view.campaigns =
        grouped.campaigns.iter().filter(|campaign| shown.contains(campaign.id.as_str())).cloned().collect();
    view.surges = grouped.surges;
    view.findings = listed.into_iter().map(|(_, finding)| finding).collect();
    if !view.findings.is_empty() {
        view.closest.clear();
    }
    view.findings.sort_by(|a, b| b.points.cmp(&a.points).then(a.at.cmp(&b.at)).then(a.release.cmp(&b.release)));
    view
}

fn found(assessed: &Assessed, model: &Model, others: Option<&Corroboration>) -> Finding {
    let mut finding = Finding::new(assessed.look, assessed.assessment, model, assessed.p_value);
    tell_apart(&mut finding);
    let event = assessed.look.event;
    if let Some(others) = others {
        finding.corroboration = others.about(event.registry, event.package, event.version).to_vec();
    }
    finding
}

/// Findings for what was raised and is not listed yet. That it would be raised was not known when it was judged: it is
/// judged once more, from the same past, in the seldom case that there is any.
fn raised_later(
    history: &mut History,
    model: &Model,
    policy: &Policy,
    grouped: &Grouped,
    listed: &[(usize, Finding)],
    question: &Question,
) -> Vec<(usize, Finding)> {
    let known: BTreeSet<usize> = listed.iter().map(|(index, _)| *index).collect();
    let missing: BTreeSet<usize> = grouped
        .raised
        .iter()
        .filter(|(index, raised)| !known.contains(index) && (question.asked_raised)(&history.events[**index], raised))
        .map(|(index, _)| *index)
        .collect();
    let mut more = Vec::with_capacity(missing.len());
    if let (Some(first), Some(last)) = (missing.first(), missing.last()) {
        let since = history.events[*first].at;
        history.events.truncate(last + 1);
        fold_since(history, model, policy, since, |assessed| {
            if missing.contains(&assessed.index) {
                more.push((assessed.index, found(assessed, model, question.others)));
            }
        });
    }
    more
}

/// Keeps the highest scores, the earlier of two equal ones first.
fn keep_closest(closest: &mut Vec<Finding>, assessed: &Assessed, model: &Model) {
    const KEPT: usize = 3;
    if closest.len() < KEPT || closest.last().is_some_and(|last| assessed.assessment.points > last.points) {
        closest.push(Finding::new(assessed.look, assessed.assessment, model, assessed.p_value));
        closest.sort_by_key(|finding| std::cmp::Reverse(finding.points));
        closest.truncate(KEPT);
    }
}
