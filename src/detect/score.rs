//! From judgements to a score that is the sum of its contributions, to the point.

use super::columns;
use super::evidence::{Entity, Evidence, Facts, Judgement, Signal};
use super::model::Model;
use super::signals::SIGNALS;
use super::surprise::{Prior, bits};
use crate::baseline::Look;
use crate::baseline::cohort::Cohort;
use crate::baseline::kind::Kind;

/// What a contribution comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The same publish in the same circumstances, with nothing unusual about it.
    Start(Cohort),
    /// A prerelease, on the scale of the other versions.
    Prerelease,
    /// A signal, by its position in the table.
    Signal(usize),
}

/// One summand of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Where it comes from.
    pub source: Source,
    /// Hundredths of the natural logarithm of the odds.
    pub points: i32,
}

/// How unusual one event is.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Hundredths of the natural logarithm of the odds that the model gives for a takeover, as often as
    /// it saw takeovers in training: an order, no probability in the field.
    pub points: i32,
    /// Kind of publisher.
    pub cohort: Cohort,
    /// Kind of package.
    pub kind: Kind,
    /// One judgement a signal, in the order of the table.
    pub judgements: Vec<Judgement>,
    /// What the model read, in the order of [`columns::names`].
    pub row: Vec<f32>,
}

impl Default for Assessment {
    fn default() -> Self {
        Self {
            points: 0,
            cohort: Cohort::Unnamed,
            kind: Kind::Young,
            judgements: vec![Judgement::Missing; SIGNALS.len()],
            row: Vec::with_capacity(columns::count()),
        }
    }
}

impl Assessment {
    /// Judges `look`, reusing this assessment's memory.
    pub fn assess(&mut self, look: &Look, model: &Model) {
        self.cohort = Cohort::of(look.event, look.actor, &model.publishers);
        self.kind = Kind::of(look.package, &model.packages);
        let (cohort, kind) = (self.cohort as usize, self.kind as usize);
        let facts = Facts::of(look.event);
        for ((signal, priors), judgement) in SIGNALS.iter().zip(&model.priors).zip(&mut self.judgements) {
            *judgement = judge(signal, look, facts, &priors[kind][cohort]);
        }
        columns::fill(look, &self.judgements, &mut self.row);
        let of_trees = model.packed.points(&self.row);
        self.points = if look.event.number.channel.is_none() { of_trees } else { model.prereleases.points(of_trees) };
    }

    /// The summands: the start, what a prerelease counts for less, then every signal that is surprised, in the
    /// order of the table; one that changes nothing here adds zero. They add up to the score. Worked out on demand: it costs a hundred times what the score costs.
    #[must_use]
    pub fn contributions(&self, model: &Model) -> Vec<Contribution> {
        let usual = columns::usual(&self.row);
        let start = Contribution { source: Source::Start(self.cohort), points: model.forest.points(&usual) };
        let shares = columns::by_signal(&self.row, &model.forest.explain(&self.row, &usual));
        let signals = shares.into_iter().enumerate().filter(|(i, points)| *points != 0 || self.row[*i] > 0.0);
        let equated = self.points - model.packed.points(&self.row);
        let prerelease = Contribution { source: Source::Prerelease, points: equated };
        std::iter::once(start)
            .chain((equated != 0).then_some(prerelease))
            .chain(signals.map(|(i, points)| Contribution { source: Source::Signal(i), points }))
            .collect()
    }
}

/// The `N` largest positive contributions of signals, largest first; of equal ones the earlier.
#[must_use]
pub fn largest<const N: usize>(contributions: &[Contribution]) -> [Option<Contribution>; N] {
    let mut best: [Option<Contribution>; N] = [None; N];
    for contribution in contributions {
        if contribution.points <= 0 || !matches!(contribution.source, Source::Signal(_)) {
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
