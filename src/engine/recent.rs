//! The fold for the end of a history: the same judgements as [`super::embedded::fold_under`] gives there, without those
//! that nobody asks for.
//!
//! What is usual is learnt from the beginning. Scores are needed only of the publishes that the rolling window of
//! [`RollingRanks`] holds at the first one that is handed out, and of what follows. Where alerts are held back every p-value
//! decides what teaches, and the whole history is judged.

use super::embedded::{Assessed, fold_under};
use super::policy::Policy;
use crate::archive::history::History;
use crate::baseline::Baselines;
use crate::baseline::package::Teaching;
use crate::baseline::stance::Stance;
use crate::detect::calibration::{RollingRanks, WINDOW};
use crate::detect::model::Model;
use crate::detect::score::Assessment;

/// Folds a history, and hands out the events at `since` (milliseconds) and later with their judgements.
pub fn fold_since(history: &History, model: &Model, policy: &Policy, since: i64, mut visit: impl FnMut(&Assessed)) {
    let events = &history.events;
    let first = events.partition_point(|event| event.at < since);
    if policy.hold_alerts {
        return fold_under(history, model, policy, |assessed| {
            if assessed.index >= first {
                visit(assessed);
            }
        });
    }
    // Without holding back no p-value decides what teaches.
    let teaches = |at: usize| policy.teaching(&events[at], 1.0) != Teaching::Never;
    let ranked = (0..first).rev().filter(|&at| teaches(at)).nth(WINDOW - 1).unwrap_or(0);
    let mut baselines = Baselines::new(history);
    let mut ranks = RollingRanks::default();
    let mut assessment = Assessment::default();
    let mut pending: Vec<(Stance, Option<i32>, Teaching)> = Vec::new();
    let mut start = 0;
    while start < events.len() {
        let end = start + events[start..].iter().take_while(|e| e.at == events[start].at).count();
        pending.clear();
        for (index, event) in events.iter().enumerate().take(end).skip(start) {
            baselines.settle(event, &history.words);
            let look = baselines.look(event, &history.words);
            let points = (index >= ranked).then(|| {
                assessment.assess(&look, model);
                if index >= first {
                    let p_value = ranks.p_value(assessment.points, &model.reference);
                    visit(&Assessed { index, look: &look, assessment: &assessment, model, p_value });
                }
                assessment.points
            });
            pending.push((look.now, points, policy.teaching(event, 1.0)));
        }
        for (event, (now, points, teaching)) in events[start..end].iter().zip(&pending) {
            baselines.absorb(event, &history.words, now, *teaching);
            if let Some(points) = points.filter(|_| *teaching != Teaching::Never) {
                ranks.note(points);
            }
        }
        start = end;
    }
}
