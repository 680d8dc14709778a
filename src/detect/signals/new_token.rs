//! Is this a token that the account never used?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-token",
    group: Group::Credential,
    question: "Is this a token that the account never used?",
    why: "Some attackers mint their own token.",
    benign: "Rotation. Needs the owner's audit log; registries do not publish it.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Token },
    measure: |look| Evidence::novelty(&look.actor.tokens, look.event.token_id),
    sentence: "Published with token {observed}; so far {usual}.",
    seen: |look| Seen::among(look.event.token_id, &look.actor.tokens, look.words),
    examples: &[
        fires("a token never used", || {
            Scene::steady(20).all(|e| e.token_id = said("t1")).next(|e| e.token_id = said("t2"))
        }),
        quiet("the usual token", || Scene::steady(20).all(|e| e.token_id = said("t1"))),
    ],
};
