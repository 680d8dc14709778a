//! Does the version skip numbers that were never published?

use crate::baseline::stance::Step;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, name, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "version-skip",
    group: Group::Footprint,
    question: "Does the version skip numbers that were never published?",
    why: "Attackers and worms pick numbers by rule, not by release plan: one wave went from .9 to .12.",
    benign: "Failed releases; numbers shared over a monorepo.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Number },
    measure: |look| Evidence::rate(look.now.step == Step::Skip, &look.package.skips),
    sentence: "Version {observed} skips numbers; that happened {usual} publishes.",
    seen: |look| {
        Seen::new(name(look.event.version, look.words), share(&look.package.skips), count(look.package.skips.n))
    },
    examples: &[
        fires("1.0.19 is followed by 1.0.40", || Scene::steady(20).next(|e| e.version = said("1.0.40"))),
        quiet("1.1.0 follows", || Scene::steady(20).next(|e| e.version = said("1.1.0"))),
    ],
};
