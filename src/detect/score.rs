//! From judgements to a score that is the sum of its contributions, to the point.

use super::evidence::{Entity, Evidence, Facts, Group, Judgement, Signal};
use super::model::{Model, to_points};
use super::signals::SIGNALS;
use super::surprise::{Prior, bits};
use crate::baseline::Look;
use crate::baseline::cohort::Cohort;

/// What a contribution comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The cohort's starting point.
    Cohort(Cohort),
    /// A signal, by its position in the table.
    Signal(usize),
    /// A pair of signals, by its position in the model.
    Together(usize),
    /// A group reached its cap: what was above it, negative.
    Cap(Group),
}

/// One summand of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Where it comes from.
    pub source: Source,
    /// Hundredths of a weighted bit.
    pub points: i32,
}

/// How unusual one event is.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Sum of the contributions, in hundredths.
    pub points: i32,
    /// Kind of publisher.
    pub cohort: Cohort,
    /// One judgement a signal, in the order of the table.
    pub judgements: Vec<Judgement>,
    /// The summands that are not zero: cohort, signals in the order of the table, pairs, caps.
    pub contributions: Vec<Contribution>,
}

impl Default for Assessment {
    fn default() -> Self {
        Self {
            points: 0,
            cohort: Cohort::Unnamed,
            judgements: vec![Judgement::Missing; SIGNALS.len()],
            contributions: Vec::with_capacity(16),
        }
    }
}

impl Assessment {
    /// The `N` largest positive contributions but the cohort's, largest first; of equal ones the
    /// earlier in the table.
    #[must_use]
    pub fn largest<const N: usize>(&self) -> [Option<Contribution>; N] {
        let mut best: [Option<Contribution>; N] = [None; N];
        for contribution in &self.contributions {
            if contribution.points <= 0 || matches!(contribution.source, Source::Cohort(_)) {
                continue;
            }
            let mut next = Some(*contribution);
            for slot in &mut best {
                if next.is_some_and(|n| slot.is_none_or(|held| n.points > held.points)) {
                    std::mem::swap(slot, &mut next);
                }
            }
        }
        best
    }

    /// Judges `look`, reusing this assessment's memory.
    pub fn assess(&mut self, look: &Look, model: &Model) {
        self.cohort = Cohort::of(look.event, look.actor);
        self.contributions.clear();
        let cohort = self.cohort as usize;
        let mut groups = [0i32; 6];
        self.add(Source::Cohort(self.cohort), model.intercepts[cohort]);
        let facts = Facts::of(look.event);
        for (i, (signal, weighing)) in SIGNALS.iter().zip(&model.signals).enumerate() {
            let judgement = judge(signal, look, facts, &weighing.priors[cohort]);
            self.judgements[i] = judgement;
            let surprise = judgement.bits();
            if surprise > 0.0 {
                let points = weighing.points(surprise);
                groups[signal.group as usize] += points;
                self.add(Source::Signal(i), points);
            }
        }
        for (i, together) in model.together.iter().enumerate() {
            let both = self.judgements[together.pair.0].bits().min(self.judgements[together.pair.1].bits());
            self.add(Source::Together(i), to_points(together.weight * both));
        }
        for group in Group::ALL {
            let above = groups[group as usize] - model.caps[group as usize];
            if above > 0 {
                self.add(Source::Cap(group), -above);
            }
        }
        self.points = self.contributions.iter().map(|c| c.points).sum();
    }

    fn add(&mut self, source: Source, points: i32) {
        if points != 0 {
            self.contributions.push(Contribution { source, points });
        }
    }
}

fn judge(signal: &Signal, look: &Look, facts: Facts, prior: &Prior) -> Judgement {
    match evidence(signal, look, facts) {
        Ok(evidence) => bits(evidence, prior).map_or(Judgement::NotApplicable, Judgement::Bits),
        Err(unjudged) => unjudged,
    }
}

/// What a signal finds, or why it cannot judge.
///
/// # Errors
/// The judgement without bits: what is missing.
pub fn evidence(signal: &Signal, look: &Look, facts: Facts) -> std::result::Result<Evidence, Judgement> {
    let fact = signal.needs.fact;
    if fact.needs_certificate() && look.event.unverified {
        return Err(Judgement::Unverified);
    }
    if !facts.has(fact) {
        return Err(Judgement::Missing);
    }
    let history = match signal.entity {
        Entity::Actor => look.actor.n,
        Entity::Package => look.package.n,
    };
    if history < signal.needs.history {
        return Err(Judgement::NoHistory);
    }
    Ok((signal.measure)(look))
}
