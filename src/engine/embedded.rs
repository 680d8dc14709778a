//! The fold: look, assess, then learn. Events of the same millisecond do not see each other.

use super::policy::Policy;
use crate::archive::history::History;
use crate::baseline::package::Teaching;
use crate::baseline::stance::Stance;
use crate::baseline::{Baselines, Look};
use crate::detect::calibration::Ranking;
use crate::detect::model::Model;
use crate::detect::score::Assessment;

/// One event as the fold hands it out.
pub struct Assessed<'a> {
    /// Position in the history.
    pub index: usize,
    /// The event beside its habits, as they were before it.
    pub look: &'a Look<'a>,
    /// The judgement.
    pub assessment: &'a Assessment,
    /// The model that judged.
    pub model: &'a Model,
    /// Share of past publishes that scored at least as high.
    pub p_value: f64,
}

/// Folds a history from its beginning, and hands out every event with its judgement. An event is
/// judged from what came strictly before it; publishes that are known to be removed are judged, and
/// neither teach nor calibrate.
pub fn fold(history: &History, model: &Model, visit: impl FnMut(&Assessed)) {
    fold_under(history, model, &Policy::default(), visit);
}

/// The same under a policy of what teaches. What a verdict calls malicious neither teaches nor calibrates.
/// Verdicts have no time: they are what is known today, whatever the event's time.
pub fn fold_under(history: &History, model: &Model, policy: &Policy, mut visit: impl FnMut(&Assessed)) {
    let mut ranking = Ranking::default();
    let mut assessment = Assessment::default();
    walk(history, |index, look| {
        assessment.assess(look, model);
        let p_value = ranking.p_value(look.event.at, assessment.points, &model.reference);
        visit(&Assessed { index, look, assessment: &assessment, model, p_value });
        let teaching = policy.teaching(look.event, p_value);
        if teaching != Teaching::Never {
            ranking.teach(assessment.points);
        }
        teaching
    });
}

/// Shows every event beside its habits, which then learn it as `judge` says.
pub fn walk(history: &History, judge: impl FnMut(usize, &Look) -> Teaching) {
    walk_until(history, history.events.len(), judge);
}

/// The same for the events before a position.
pub fn walk_until(history: &History, end: usize, mut judge: impl FnMut(usize, &Look) -> Teaching) {
    let events = &history.events[..end];
    let mut baselines = Baselines::new(history);
    let mut pending: Vec<(Stance, Teaching)> = Vec::new();
    let mut start = 0;
    while start < events.len() {
        let end = start + events[start..].iter().take_while(|e| e.at == events[start].at).count();
        pending.clear();
        for (index, event) in events.iter().enumerate().take(end).skip(start) {
            baselines.settle(event, &history.words);
            let look = baselines.look(event, &history.words);
            let teaching = judge(index, &look);
            pending.push((look.now, teaching));
        }
        for (event, (now, teaching)) in events[start..end].iter().zip(&pending) {
            baselines.absorb(event, &history.words, now, *teaching);
        }
        start = end;
    }
}
