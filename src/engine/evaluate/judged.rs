//! One run under our score, with what the other parts of an evaluation need of it.

use super::real::RealPublish;
use crate::detect::alert::Finding;
use crate::detect::model::Model;
use crate::engine::backtest::{REAL, Run};
use crate::engine::columns::Columns;
use crate::engine::embedded::fold;

/// What our score says of a run.
pub struct Judged {
    /// Points of every event.
    pub points: Vec<i32>,
    /// Surprises of the events that were asked for.
    pub columns: Columns,
    /// Their positions, in the order of the rows.
    pub kept: Vec<usize>,
    /// Publishes of real incidents, not ranked yet.
    pub real: Vec<RealPublish>,
}

/// Scores every event, and keeps the surprises of those that `keep` names by position.
pub fn judge(run: &Run, model: &Model, keep: impl Fn(usize) -> bool) -> Judged {
    let words = &run.history.words;
    let points = Vec::with_capacity(run.history.events.len());
    let mut judged = Judged { points, columns: Columns::of_signals(), kept: Vec::new(), real: Vec::new() };
    fold(&run.history, model, |assessed| {
        judged.points.push(assessed.assessment.points);
        if keep(assessed.index) {
            judged.kept.push(assessed.index);
            judged.columns.push(&assessed.assessment.judgements);
        }
        if let Some((campaign, instance)) = run.labels.get(&assessed.index)
            && words.text(*instance).starts_with(REAL)
        {
            let finding = Finding::new(assessed.look, assessed.assessment, model, assessed.p_value);
            let labels = [*campaign, *instance].map(|label| words.text(label).to_owned());
            judged.real.push(RealPublish::new(assessed.index, labels, &finding));
        }
    });
    judged
}
