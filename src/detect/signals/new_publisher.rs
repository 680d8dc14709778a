//! Has this account never published this package?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-publisher",
    group: Group::Identity,
    question: "Has this account never published this package?",
    why: "A stolen account may publish packages that its owner left to others.",
    benign: "A new team member; 1.1 to 2.8 % of publishes. The first trusted publish is judged by its own signal.",
    entity: Entity::Package,
    needs: Needs { history: 2, fact: Fact::Publisher },
    measure: |look| {
        if look.event.is_trusted_publisher() && look.package.trusted.with == 0 {
            return Evidence::NotApplicable;
        }
        let actors = &look.package.actors;
        let since = if look.now.in_session { look.package.session.start } else { look.event.at };
        Evidence::counted(actors.is_new_since(look.event.actor, since), actors.novelties, actors.n)
    },
    sentence: "Published by {observed}, new to this package; so far: {usual} ({n} publishes).",
    seen: |look| Seen::among(look.event.actor, &look.package.actors, look.words),
    examples: &[
        fires("an account that never published it", || Scene::steady(20).next(|e| e.publisher = said("bob"))),
        quiet("one of two who take turns", || {
            let mut scene = Scene::steady(2);
            for i in 0..20 {
                scene = scene.next(|e| {
                    if i % 2 == 0 {
                        e.publisher = said("bob");
                    }
                });
            }
            scene
        }),
    ],
};
