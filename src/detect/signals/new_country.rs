//! Does the account publish from a country it never published from?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-country",
    group: Group::Credential,
    question: "Does the account publish from a country it never published from?",
    why: "Thieves are elsewhere.",
    benign: "Travel; a moved build server. Needs the owner's audit log; registries do not publish it.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Country },
    measure: |look| Evidence::novelty(&look.actor.countries, look.event.country),
    sentence: "Published from {observed}; so far from {usual}.",
    seen: |look| Seen::among(look.event.country, &look.actor.countries, look.words),
    examples: &[
        fires("a country never seen", || {
            Scene::steady(20).all(|e| e.country = said("SE")).next(|e| e.country = said("NZ"))
        }),
        quiet("the usual country", || Scene::steady(20).all(|e| e.country = said("SE"))),
    ],
};
