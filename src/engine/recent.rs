//! The fold for the end of a history: the same judgements as [`super::embedded::fold_under`] gives there, without those
//! that nobody asks for.
//!
//! What is usual is learnt from the beginning. Scores are needed only of the publishes that the rolling window of
//! [`Ranking`] may hold at the first one that is handed out, and of what follows. Where alerts are held back every p-value
//! decides what teaches, and the whole history is judged.

use super::embedded::{Assessed, fold_under, walk};
use super::policy::Policy;
use crate::archive::history::History;
use crate::baseline::package::Teaching;
use crate::detect::calibration::{MOST, Ranking};
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
    let ranked = (0..first).rev().filter(|&at| teaches(at)).nth(MOST - 1).unwrap_or(0);
    let mut ranking = Ranking::default();
    let mut assessment = Assessment::default();
    walk(history, |index, look| {
        let teaching = policy.teaching(look.event, 1.0);
        if index < ranked {
            return teaching;
        }
        assessment.assess(look, model);
        let p_value = ranking.p_value(look.event.at, assessment.points, &model.reference);
        if index >= first {
            visit(&Assessed { index, look, assessment: &assessment, model, p_value });
        }
        if teaching != Teaching::Never {
            ranking.teach(assessment.points);
        }
        teaching
    });
}
