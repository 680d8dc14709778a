//! Is the token older than the rotation policy allows?

use crate::baseline::stance::{DAY, ROTATION};
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, share, span};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "token-overdue",
    group: Group::Credential,
    question: "Is the token older than the rotation policy allows?",
    why: "Old tokens lie in old places.",
    benign: "A policy that nobody follows: then it is usual, and weighs nothing.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::TokenAge },
    measure: |look| Evidence::rate(look.now.token_age.is_some_and(|age| age > ROTATION), &look.actor.overdue_token),
    sentence: "The token was {observed} old, over 30 days; that old {usual} publishes.",
    seen: |look| {
        let past = &look.actor.overdue_token;
        Seen::new(look.now.token_age.map_or_else(String::new, span), share(past), count(past.n))
    },
    examples: &[
        fires("a token of two months", || {
            Scene::steady(20)
                .all(|e| e.token_created_at = e.published_at.map(|at| at - DAY))
                .next(|e| e.token_created_at = e.published_at.map(|at| at - 60 * DAY))
        }),
        quiet("rotated", || Scene::steady(21).all(|e| e.token_created_at = e.published_at.map(|at| at - DAY))),
    ],
};
