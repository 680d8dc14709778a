//! Every method through the same runs: a threshold for each budget from the run without attacks, then
//! the attacks.

use std::collections::BTreeMap;

use super::incidents::{Found, Incidents, Method};
use super::judged::Judged;
use super::{BUDGETS, OURS};
use crate::archive::history::History;
use crate::engine::backtest::Run;
use crate::engine::peers::{How, Outlier, PEERS, Ruling};

/// What gives the scores.
enum Judge {
    Ours,
    Rule(fn(&History) -> Vec<Ruling>),
    Score(fn(&History) -> Vec<Option<f32>>),
    Learnt(Box<dyn Outlier>),
}

/// One threshold, and what was found with it.
struct Entry {
    budget: Option<u32>,
    threshold: f32,
    alert_rate: f64,
    incidents: Incidents,
}

/// A method with all its thresholds.
pub struct Contest {
    name: &'static str,
    rule: &'static str,
    judge: Judge,
    not_applicable: f64,
    entries: Vec<Entry>,
}

impl Contest {
    /// Ours, then every peer that alerts, with the thresholds that the run without attacks gives.
    #[must_use]
    pub fn all(clean: &Run, judged: &Judged, benign: &[bool]) -> Vec<Self> {
        let ours = (OURS, "surprise of every signal, weighed and added", Judge::Ours);
        let peers = PEERS.iter().filter_map(|peer| {
            let judge = match peer.how {
                How::Rule(run) => Judge::Rule(run),
                How::Score(run) => Judge::Score(run),
                How::Learnt(learn) => Judge::Learnt(learn(&judged.columns)),
                How::Hold(_) => return None,
            };
            Some((peer.id, peer.rule, judge))
        });
        std::iter::once(ours)
            .chain(peers)
            .map(|(name, rule, judge)| {
                let scores = judge.scores(clean, judged);
                let scores = scores.iter().zip(benign).filter_map(|(score, benign)| benign.then_some(*score));
                Self::new(name, rule, judge, &scores.collect::<Vec<_>>())
            })
            .collect()
    }

    fn new(name: &'static str, rule: &'static str, judge: Judge, benign: &[Option<f32>]) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "counts of events")]
        let share = |count: usize| count as f64 / benign.len().max(1) as f64;
        let above = |threshold: f32| share(benign.iter().flatten().filter(|score| **score > threshold).count());
        let entry = |budget: Option<u32>, threshold: f32| Entry {
            budget,
            threshold,
            alert_rate: above(threshold),
            incidents: Incidents::default(),
        };
        let not_applicable = share(benign.iter().filter(|score| score.is_none()).count());
        let entries = if matches!(judge, Judge::Rule(_)) {
            vec![entry(None, PASSED)]
        } else {
            // What cannot be judged takes the last places.
            let mut sorted: Vec<f32> = benign.iter().map(|score| score.unwrap_or(f32::NEG_INFINITY)).collect();
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            let threshold = |budget: u32| sorted.get(sorted.len() / budget as usize).copied().unwrap_or(f32::INFINITY);
            BUDGETS.map(|budget| entry(Some(budget), threshold(budget))).into()
        };
        Self { name, rule, judge, not_applicable, entries }
    }

    /// Its thresholds, in the order of the budgets.
    pub fn thresholds(&self) -> impl Iterator<Item = f32> {
        self.entries.iter().map(|entry| entry.threshold)
    }

    /// Judges the attacks of a run.
    pub fn meet(&mut self, run: &Run, judged: &Judged) {
        let scores = self.judge.scores(run, judged);
        for entry in &mut self.entries {
            let threshold = entry.threshold;
            entry.incidents.collect(run, |at| scores[at].is_some_and(|score| score > threshold));
        }
    }

    /// One row of the comparison for each threshold.
    #[must_use]
    pub fn methods(self) -> Vec<Method> {
        let ours = matches!(self.judge, Judge::Ours);
        let methods = self.entries.iter().map(|entry| {
            #[allow(clippy::cast_possible_truncation, reason = "at most some thousand points")]
            let points = (ours && entry.threshold.is_finite()).then_some(entry.threshold as i32);
            let theirs = !ours && entry.budget.is_some() && entry.threshold.is_finite();
            entry.incidents.measure(Method {
                name: self.name.to_owned(),
                rule: self.rule.to_owned(),
                budget: entry.budget,
                threshold: points,
                peer_threshold: theirs.then_some(entry.threshold),
                alert_rate: entry.alert_rate,
                not_applicable: self.not_applicable,
                all: Found::default(),
                mean_campaign_recall: 0.0,
                recall_interval: [0.0; 2],
                mean_campaign_first_recall: 0.0,
                first_recall_interval: [0.0; 2],
                first_alert: None,
                campaigns: BTreeMap::new(),
                real: BTreeMap::new(),
                real_publishes: (0, 0),
            })
        });
        methods.collect()
    }
}

/// Rules score 0 and 1, and alert above this.
const PASSED: f32 = 0.5;

impl Judge {
    /// A score an event, `None` where there is no telling. What was learnt scores the events that were kept.
    fn scores(&self, run: &Run, judged: &Judged) -> Vec<Option<f32>> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "at most some thousand points")]
            Self::Ours => judged.points.iter().map(|points| Some(*points as f32)).collect(),
            Self::Rule(rule) => rule(&run.history)
                .into_iter()
                .map(|ruling| match ruling {
                    Ruling::Fire => Some(1.0),
                    Ruling::Pass => Some(0.0),
                    Ruling::NotApplicable => None,
                })
                .collect(),
            Self::Score(score) => score(&run.history),
            Self::Learnt(outlier) => {
                let mut scores = vec![None; judged.points.len()];
                for (at, row) in judged.kept.iter().zip(judged.columns.rows()) {
                    scores[*at] = Some(outlier.score(row));
                }
                scores
            }
        }
    }
}
