//! The judgement of an event in two steps, one beside each of its entities, where the habits of both are not at hand at
//! once: first [`ActorSide`], beside the account's habits, then [`columns`], beside the package's: what the trees read. It comes to the score of
//! [`Assessment::assess`](super::score::Assessment::assess), to the bit: the same measures see the same habits, and what
//! one step needs of the other is carried across.

use super::columns::{CIRCUMSTANCES, add_sums};
use super::evidence::{Entity, Evidence, Facts};
use super::model::Model;
use super::score::evidence;
use super::signals::SIGNALS;
use super::surprise::bits;
use crate::baseline::Look;
use crate::baseline::ci::KnownJobs;
use crate::baseline::cohort::Cohort;
use crate::baseline::kind::Kind;
use crate::baseline::stance::Stance;
use crate::baseline::tally::Spread;

/// What the habits of its account say of one event.
#[derive(Clone, Debug, PartialEq)]
pub struct ActorSide {
    cohort: Cohort,
    stranger: bool,
    known_jobs: KnownJobs,
    circumstances: Vec<f32>,
    /// What may surprise, by signal.
    evidence: Vec<(u8, Evidence)>,
}

impl Default for ActorSide {
    fn default() -> Self {
        Self {
            cohort: Cohort::Unnamed,
            stranger: false,
            known_jobs: KnownJobs::default(),
            circumstances: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

impl ActorSide {
    /// Looks at an event beside the habits of its account; its package's are not read.
    pub fn observe(&mut self, look: &Look, model: &Model) {
        self.cohort = Cohort::of(look.event, look.actor, &model.publishers);
        self.stranger = look.now.stranger;
        self.known_jobs = look.now.known_jobs;
        self.circumstances.clear();
        self.circumstances.extend(of(Entity::Actor).map(|c| (c.measure)(look)));
        self.evidence.clear();
        let facts = Facts::of(look.event);
        for (at, signal) in SIGNALS.iter().enumerate().filter(|(_, s)| s.entity == Entity::Actor) {
            if let (Ok(found), Ok(at)) = (evidence(signal, look, facts), u8::try_from(at))
                && may_surprise(found)
            {
                self.evidence.push((at, found));
            }
        }
    }

    /// What the package's habits must be told of the account's.
    #[must_use]
    pub fn stance(&self) -> Stance {
        Stance { stranger: self.stranger, known_jobs: self.known_jobs, ..Stance::default() }
    }

    /// Appends it to `bytes`, little-endian, for the time of one run on one machine.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.cohort as u8);
        bytes.push(u8::from(self.stranger));
        bytes.extend(self.known_jobs.bits().to_le_bytes());
        for circumstance in &self.circumstances {
            bytes.extend(circumstance.to_le_bytes());
        }
        bytes.push(u8::try_from(self.evidence.len()).unwrap_or(u8::MAX));
        for (signal, evidence) in &self.evidence {
            let (kind, numbers) = numbers(*evidence);
            bytes.extend([*signal, kind]);
            for number in numbers {
                bytes.extend(number.to_le_bytes());
            }
        }
    }

    /// Takes back what [`Self::write`] wrote at the beginning of `bytes`.
    ///
    /// # Panics
    /// When `bytes` is something else.
    pub fn read(&mut self, mut bytes: &[u8]) {
        let [cohort, stranger] = take(&mut bytes);
        self.cohort = Cohort::ALL[usize::from(cohort)];
        self.stranger = stranger == 1;
        self.known_jobs = KnownJobs::from_bits(u16::from_le_bytes(take(&mut bytes)));
        self.circumstances.clear();
        self.circumstances.extend(of(Entity::Actor).map(|_| f32::from_le_bytes(take(&mut bytes))));
        self.evidence.clear();
        let [count] = take(&mut bytes);
        for _ in 0..count {
            let [signal, kind] = take(&mut bytes);
            let numbers = std::array::from_fn(|_| f32::from_le_bytes(take(&mut bytes)));
            self.evidence.push((signal, with_numbers(kind, numbers)));
        }
    }
}

fn of(entity: Entity) -> impl Iterator<Item = &'static super::columns::Circumstance> {
    CIRCUMSTANCES.iter().filter(move |c| c.entity == entity)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (taken, rest) = bytes.split_first_chunk::<N>().expect("what was written");
    *bytes = rest;
    *taken
}

/// Is there a prior under which it has bits?
fn may_surprise(evidence: Evidence) -> bool {
    !matches!(evidence, Evidence::Usual | Evidence::NotApplicable | Evidence::Chance { happens: false, .. })
}

fn numbers(evidence: Evidence) -> (u8, [f32; 4]) {
    match evidence {
        Evidence::Chance { hits, n, .. } => (0, [hits, n, 0.0, 0.0]),
        Evidence::Above { value, past } => (1, [value, past.n, past.mean, past.m2]),
        Evidence::Below { value, past } => (2, [value, past.n, past.mean, past.m2]),
        Evidence::Reaches { size, hits, n } => (3, [size, hits, n, 0.0]),
        Evidence::Probability(p) => (4, [p, 0.0, 0.0, 0.0]),
        Evidence::Usual | Evidence::NotApplicable => (5, [0.0; 4]),
    }
}

fn with_numbers(kind: u8, [a, b, c, d]: [f32; 4]) -> Evidence {
    let past = Spread { n: b, mean: c, m2: d };
    match kind {
        0 => Evidence::Chance { happens: true, hits: a, n: b },
        1 => Evidence::Above { value: a, past },
        2 => Evidence::Below { value: a, past },
        3 => Evidence::Reaches { size: a, hits: b, n: c },
        4 => Evidence::Probability(a),
        _ => Evidence::Usual,
    }
}

/// Fills `row` with what the model's trees read of an event beside the habits of its package, of whose account `actor` tells;
/// the account's habits of `look` are not read.
pub fn columns(look: &Look, actor: &ActorSide, model: &Model, row: &mut Vec<f32>) {
    let priors = |signal: usize, kind: Kind| &model.priors[signal][kind as usize][actor.cohort as usize];
    let kind = Kind::of(look.package, &model.packages);
    let facts = Facts::of(look.event);
    row.clear();
    row.resize(SIGNALS.len(), 0.0);
    for (at, signal) in SIGNALS.iter().enumerate().filter(|(_, s)| s.entity == Entity::Package) {
        if let Ok(found) = evidence(signal, look, facts) {
            row[at] = bits(found, priors(at, kind)).unwrap_or_default();
        }
    }
    for (at, found) in &actor.evidence {
        let at = usize::from(*at);
        row[at] = bits(*found, priors(at, kind)).unwrap_or_default();
    }
    add_sums(row);
    let mut of_actor = actor.circumstances.iter();
    row.extend(CIRCUMSTANCES.iter().map(|c| match c.entity {
        Entity::Actor => of_actor.next().copied().unwrap_or_default(),
        Entity::Package => (c.measure)(look),
    }));
}
