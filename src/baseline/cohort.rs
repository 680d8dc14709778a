//! The kind of publisher an actor has been so far. Priors and intercepts are per cohort, because a
//! field that changes often for one kind surprises nobody there.

use super::actor::ActorHabits;
use crate::archive::history::Event;

/// Kinds of publisher, from what is known before the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cohort {
    /// The registry does not say who published.
    Unnamed,
    /// Fewer than [`NEWCOMER`] publishes so far.
    Newcomer,
    /// Trusted publisher of a repository.
    TrustedPublisher,
    /// More than [`ROBOT`] publishes a day over its life.
    Robot,
    /// Usually several packages at once.
    Monorepo,
    /// One package at a time.
    Solo,
}

/// Publishes below which an actor is a newcomer.
pub const NEWCOMER: u32 = 5;
/// Publishes a day above which an actor is a robot.
pub const ROBOT: f64 = 2.0;

impl Cohort {
    /// Every cohort, in the order of its number.
    pub const ALL: [Cohort; 6] =
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
    pub fn of(event: &Event, actor: &ActorHabits) -> Self {
        if event.actor.is_none() {
            Self::Unnamed
        } else if actor.n < NEWCOMER {
            Self::Newcomer
        } else if event.is_trusted_publisher() {
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
