//! Is a new dependency one that the archive first saw less than a month ago, or never?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, name, share, span};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "young-dependency",
    group: Group::Footprint,
    question: "Is a new dependency one that the archive first saw less than a month ago, or never?",
    why: "The dependency that carries the payload is made for the attack: hours old in the axios takeover.",
    benign: "A dependency outside the watch list; a package split in two. Names of the package's own scope are not counted.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Dependencies },
    measure: |look| Evidence::rate(look.now.young_addition.is_some(), &look.package.young_additions),
    sentence: "New dependency {observed}; that happened {usual} publishes.",
    seen: |look| {
        let observed = look.now.young_addition.map(|sym| {
            let known = look.world.first_seen(sym, look.event.at).map_or_else(
                || "never seen in the archive".to_owned(),
                |t| format!("first seen {} ago", span(look.event.at - t)),
            );
            format!("{}, {known}", name(sym, look.words))
        });
        Seen::new(
            observed.unwrap_or_default(),
            share(&look.package.young_additions),
            count(look.package.young_additions.n),
        )
    },
    examples: &[
        fires("a dependency that nobody ever had", || {
            Scene::steady(20).next(|e| e.dependencies = said("left|right|plain-crypto"))
        }),
        quiet("a dependency that another package has had for long", || {
            let mut scene = Scene::default().next(|e| {
                e.package = said("other");
                e.dependencies = said("plain-crypto");
            });
            for _ in 0..20 {
                scene = scene.next(|_| {});
            }
            scene.next(|e| e.dependencies = said("left|right|plain-crypto"))
        }),
    ],
};
