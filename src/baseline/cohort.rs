//! The kind of publisher an actor has been so far. Priors are per cohort, because a
//! field that changes often for one kind surprises nobody there.
//!
//! Who is not recorded, and who has hardly published, has no summary and a cohort by rule. Everybody
//! else belongs to the component of a Gaussian mixture under which the summary of the actor's habits
//! is most likely; `train` fits the mixture and names its components.

use super::actor::ActorHabits;
use super::mixture::{COMPONENTS, Mixture, TRAITS};
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
/// Cohorts in all; the last of [`Cohort::ALL`] are components of the mixture.
pub const COHORTS: usize = 6;
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
