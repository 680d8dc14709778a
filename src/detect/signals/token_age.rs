//! Is the token younger than a day?

use crate::baseline::stance::{HOUR, YOUNG_TOKEN};
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, share, span};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "token-age",
    group: Group::Credential,
    question: "Is the token younger than a day?",
    why: "Some attackers mint their own token minutes before they use it.",
    benign: "Rotation: write tokens live 90 days at most. Needs the owner's token inventory; registries do not publish it.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::TokenAge },
    measure: |look| Evidence::rate(look.now.token_age.is_some_and(|age| age < YOUNG_TOKEN), &look.actor.young_token),
    sentence: "The token was {observed} old; that young {usual} publishes.",
    seen: |look| {
        let past = &look.actor.young_token;
        Seen::new(look.now.token_age.map_or_else(String::new, span), share(past), count(past.n))
    },
    examples: &[
        fires("a token made an hour before", || {
            Scene::steady(20)
                .all(|e| e.token_created_at = Some(0))
                .next(|e| e.token_created_at = e.published_at.map(|at| at - HOUR))
        }),
        quiet("the old token", || Scene::steady(20).all(|e| e.token_created_at = Some(0))),
    ],
};
