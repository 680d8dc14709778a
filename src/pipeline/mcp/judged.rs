//! The history of an archive, judged once: a row for every publish, and in full what is unusual.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::super::tell_apart;
use crate::archive::history::History;
use crate::detect::alert::{Finding, hardly_judged};
use crate::detect::model::Model;
use crate::engine::embedded::{Assessed, fold_under};
use crate::engine::investigate::{Investigation, investigate_under};
use crate::engine::policy::{ALERTED, Policy};
use crate::engine::trace::UNUSUAL;
use crate::engine::window::{Grouped, Window};

/// A publish as far as every answer needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Hundredths.
    pub(super) points: i32,
    /// Share of past publishes that scored at least as high.
    pub(super) p_value: f64,
    /// Why little could be judged.
    pub(super) caveat: Option<&'static str>,
}

/// What a fold leaves behind.
pub(super) struct Folded {
    /// One for each publish of the history.
    pub(super) rows: Vec<Row>,
    /// What is among the most unusual [`UNUSUAL`] of publishes or was raised, by position.
    pub(super) findings: BTreeMap<usize, Finding>,
    /// Campaigns and surges of the alerts at [`ALERTED`].
    pub(super) grouped: Grouped,
}

/// A history with its judgement.
pub(super) struct Judged {
    pub(super) history: History,
    pub(super) model: Model,
    /// Where it is from, for people.
    pub(super) source: String,
    policy: Policy,
    folded: OnceLock<Folded>,
}

impl Judged {
    pub(super) fn new(history: History, model: Model, policy: Policy, source: String) -> Self {
        Self { history, model, source, policy, folded: OnceLock::new() }
    }

    /// The judgement, made at the first call; other callers wait for it.
    pub(super) fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| self.fold())
    }

    /// One release in full.
    pub(super) fn investigate(&self, position: usize) -> Option<Investigation> {
        let mut found = investigate_under(&self.history, &self.model, &self.policy, position)?;
        tell_apart(&mut found.finding);
        if let Some(finding) = self.folded().findings.get(&position) {
            // What it belongs to and what raised it is known from the whole.
            found.finding = finding.clone();
        }
        Some(found)
    }

    fn found(&self, assessed: &Assessed) -> Finding {
        let mut finding = Finding::new(assessed.look, assessed.assessment, &self.model, assessed.p_value);
        tell_apart(&mut finding);
        finding
    }

    fn fold(&self) -> Folded {
        let first = self.history.events.first().map_or(0, |event| event.at);
        let mut window = Window::new(first, ALERTED);
        let mut rows = Vec::with_capacity(self.history.events.len());
        let mut findings = BTreeMap::new();
        fold_under(&self.history, &self.model, &self.policy, |assessed| {
            window.note(assessed);
            rows.push(Row {
                points: assessed.assessment.points,
                p_value: assessed.p_value,
                caveat: hardly_judged(assessed.look),
            });
            if assessed.p_value <= UNUSUAL {
                findings.insert(assessed.index, self.found(assessed));
            }
        });
        let grouped = window.close(&self.history);
        // That it would be raised was not known when it was judged: then it is judged once more, from the same past.
        if grouped.raised.keys().any(|index| !findings.contains_key(index)) {
            fold_under(&self.history, &self.model, &self.policy, |assessed| {
                if grouped.raised.contains_key(&assessed.index) {
                    findings.entry(assessed.index).or_insert_with(|| self.found(assessed));
                }
            });
        }
        for (index, finding) in &mut findings {
            grouped.mark(*index, finding);
        }
        Folded { rows, findings, grouped }
    }
}
