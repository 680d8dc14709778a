//! Is the publishing client, or its major version, new to this account?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-client",
    group: Group::Toolchain,
    question: "Is the publishing client, or its major version, new to this account?",
    why: "Another machine has another client.",
    benign: "An upgrade: 36 % of publishes change the full version, few the major. Weak alone.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Client },
    measure: |look| Evidence::novelty(&look.actor.clients, look.event.client),
    sentence: "Client {observed}; so far {usual}.",
    seen: |look| Seen::among(look.event.client, &look.actor.clients, look.words),
    examples: &[
        fires("npm 6 where npm 10 was", || Scene::steady(20).next(|e| e.npm_version = said("6.14.8"))),
        quiet("a new minor of npm 10", || Scene::steady(20).next(|e| e.npm_version = said("10.9.0"))),
    ],
};
