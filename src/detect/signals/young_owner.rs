//! Did the publisher become an owner of the package only days ago?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, name, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "young-owner",
    group: Group::Identity,
    question: "Did the publisher become an owner of the package only days ago?",
    why: "A hand-over, or an attacker who added himself.",
    benign: "A new team member publishes soon after being added.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Owners },
    measure: |look| Evidence::rate(look.now.young_owner, &look.package.young_owners),
    sentence: "{observed} became an owner less than two weeks ago; that happened {usual} publishes.",
    seen: |look| {
        Seen::new(
            name(look.event.publisher, look.words),
            share(&look.package.young_owners),
            count(look.package.young_owners.n),
        )
    },
    examples: &[
        fires("a new owner publishes at once", || {
            Scene::steady(20).next(|e| {
                e.publisher = said("mallory");
                e.maintainers = said("ann|bob|mallory");
            })
        }),
        quiet("an owner since the beginning", || Scene::steady(20).next(|e| e.publisher = said("bob"))),
    ],
};
