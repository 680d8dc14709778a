//! The kind of publisher an actor has been so far. Priors are per cohort, because a
//! field that changes often for one kind surprises nobody there.
//!
//! Who is not recorded, and who has hardly published, has no summary and a cohort by rule. Everybody
//! else belongs to the component of a Gaussian mixture under which the summary of the actor's habits
//! is most likely; `train` fits the mixture and names its components.

use super::actor::ActorHabits;
use crate::archive::history::Event;

/// Kinds of publisher, from what is known before the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cohort {
    /// The registry does not say who published.
    Unnamed,
    /// Fewer than [`NEWCOMER`] publishes so far.
    Newcomer,
    /// Component of which trusted publishers are most typical.
    TrustedPublisher,
    /// Component of which accounts with more than [`ROBOT`] publishes a day are most typical.
    Robot,
    /// Component of which accounts that usually publish several packages at once are most typical.
    Monorepo,
    /// Component of which accounts that publish one package at a time are most typical.
    Solo,
}

/// Publishes below which an actor is a newcomer.
pub const NEWCOMER: u32 = 5;
/// Publishes a day above which an account counts as a robot when components are named.
pub const ROBOT: f64 = 2.0;
/// Cohorts in all.
pub const COHORTS: usize = 6;
/// Cohorts that are components of the mixture: the last of [`Cohort::ALL`].
pub const COMPONENTS: usize = 4;
/// Numbers in a summary.
pub const TRAITS: usize = 6;

/// What a summary holds, in order.
pub const TRAIT_NAMES: [&str; TRAITS] = [
    "ln publishes",
    "ln publishes a day",
    "ln middle burst width",
    "ln packages",
    "mean ln hours between bursts",
    "trusted publisher",
];

impl Cohort {
    /// Every cohort, in the order of its number.
    pub const ALL: [Cohort; COHORTS] =
        [Self::Unnamed, Self::Newcomer, Self::TrustedPublisher, Self::Robot, Self::Monorepo, Self::Solo];

    /// Name in the model file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unnamed => "unnamed",
            Self::Newcomer => "newcomer",
            Self::TrustedPublisher => "trusted-publisher",
            Self::Robot => "robot",
            Self::Monorepo => "monorepo",
            Self::Solo => "solo",
        }
    }

    /// The cohort of an event's actor before the event.
    #[must_use]
    pub fn of(event: &Event, actor: &ActorHabits, mixture: &Mixture) -> Self {
        if event.actor.is_none() {
            Self::Unnamed
        } else if actor.n < NEWCOMER {
            Self::Newcomer
        } else {
            Self::ALL[COHORTS - COMPONENTS + mixture.nearest(&traits(event, actor))]
        }
    }

    /// The kind that a rule of thumb would call an actor: it names the components.
    #[must_use]
    pub fn by_rule(event: &Event, actor: &ActorHabits) -> Self {
        if event.is_trusted_publisher() {
            Self::TrustedPublisher
        } else if actor.per_day() > ROBOT {
            Self::Robot
        } else if 2 * actor.bursts.width.at_least(3) > actor.bursts.width.n {
            Self::Monorepo
        } else {
            Self::Solo
        }
    }
}

/// The summary of an actor's habits before an event, in the order of [`TRAIT_NAMES`].
#[must_use]
pub fn traits(event: &Event, actor: &ActorHabits) -> [f64; TRAITS] {
    #[allow(clippy::cast_precision_loss, reason = "a count of packages")]
    let portfolio = actor.portfolio.len().max(1) as f64;
    [
        f64::from(actor.n.max(1)).ln(),
        (0.001 + actor.per_day()).ln(),
        f64::from(actor.bursts.width.middle().unwrap_or(1).max(1)).ln(),
        portfolio.ln(),
        f64::from(actor.gaps.mean),
        f64::from(u8::from(event.is_trusted_publisher())),
    ]
}

/// A Gaussian component.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Share of the actors.
    pub share: f64,
    /// Mean of each trait.
    pub mean: [f64; TRAITS],
    /// Inverse of the covariance, row by row.
    pub precision: [[f64; TRAITS]; TRAITS],
    /// Natural logarithm of the determinant of the inverse.
    pub log_det: f64,
}

/// The mixture, in the order of the last cohorts.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture(pub [Component; COMPONENTS]);

impl Mixture {
    /// The component under which a summary is most likely, its share taken into account.
    #[must_use]
    pub fn nearest(&self, summary: &[f64; TRAITS]) -> usize {
        let likelihood = |c: &Component| {
            let mut off = [0.0; TRAITS];
            for ((o, x), m) in off.iter_mut().zip(summary).zip(&c.mean) {
                *o = x - m;
            }
            let distance: f64 = c
                .precision
                .iter()
                .zip(&off)
                .map(|(row, a)| a * row.iter().zip(&off).map(|(p, b)| p * b).sum::<f64>())
                .sum();
            c.share.ln() + 0.5 * (c.log_det - distance)
        };
        let mut best = (0, f64::NEG_INFINITY);
        for (k, component) in self.0.iter().enumerate() {
            let l = likelihood(component);
            if l > best.1 {
                best = (k, l);
            }
        }
        best.0
    }
}
