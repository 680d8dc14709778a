//! Has the account been silent for much longer than usual?

use crate::baseline::actor::log_hours;
use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, span, typical_gap};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "dormant-account",
    group: Group::Cadence,
    question: "Has the account been silent for much longer than usual?",
    why: "Old accounts with old passwords, or with an e-mail domain that has expired, are the easy ones.",
    benign: "Somebody returns from leave, or to open source.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Publisher },
    measure: |look| match look.now.actor_gap {
        Some(gap) if gap > 60 * DAY => Evidence::Above { value: log_hours(gap), past: look.actor.gaps },
        _ => Evidence::Usual,
    },
    sentence: "The account last published {observed} ago; {n} earlier silences were typically {usual}.",
    seen: |look| {
        let past = &look.actor.gaps;
        Seen::new(look.now.actor_gap.map_or_else(String::new, span), typical_gap(past), count(past.n))
    },
    examples: &[
        fires("an account that published weekly is back after three years", || {
            Scene::steady(20).after(3 * 365 * DAY, |_| {})
        }),
        quiet("the next week", || Scene::steady(20)),
    ],
};
