//! Did a token come alive that nobody had used for three months?

use crate::baseline::stance::TOKEN_DORMANT;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, share, span};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "token-dormant",
    group: Group::Credential,
    question: "Did a token come alive that nobody had used for three months?",
    why: "A forgotten token is found in a forgotten place.",
    benign: "A release token of a package that is rarely published.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Token },
    measure: |look| match look.now.token_silence {
        Some(silence) => Evidence::rate(silence > TOKEN_DORMANT, &look.actor.dormant_token),
        None => Evidence::NotApplicable,
    },
    sentence: "The token had not been used for {observed}; so long a silence {usual} publishes.",
    seen: |look| {
        let past = &look.actor.dormant_token;
        Seen::new(look.now.token_silence.map_or_else(String::new, span), share(past), count(past.n))
    },
    examples: &[
        fires("the old token again", || {
            Scene::steady(1)
                .all(|e| e.token_id = said("old"))
                .then(20, |e| e.token_id = said("new"))
                .next(|e| e.token_id = said("old"))
        }),
        quiet("the usual token", || Scene::steady(21).all(|e| e.token_id = said("new"))),
    ],
};
