//! Is the major version of node new to this account?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-node",
    group: Group::Toolchain,
    question: "Is the major version of node new to this account?",
    why: "Another machine has another node.",
    benign: "An upgrade. Weak alone.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Node },
    measure: |look| Evidence::novelty(&look.actor.nodes, look.event.node),
    sentence: "Published under {observed}; so far {usual}.",
    seen: |look| Seen::among(look.event.node, &look.actor.nodes, look.words),
    examples: &[
        fires("node 14 where node 20 was", || Scene::steady(20).next(|e| e.node_version = said("14.21.3"))),
        quiet("a new minor of node 20", || Scene::steady(20).next(|e| e.node_version = said("20.12.0"))),
    ],
};
