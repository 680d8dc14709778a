//! Does the publish name no client, where this account's publishes do?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "client-lost",
    group: Group::Toolchain,
    question: "Does the publish name no client, where this account's publishes do?",
    why: "Malware that talks to the registry itself names none.",
    benign: "A move to a client that sends no version (pnpm, yarn, bun).",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Manifest },
    measure: |look| Evidence::rate(look.event.client.is_none() && !look.event.is_bare(), &look.actor.client_absent),
    sentence: "{observed}; that happened {usual} publishes of the account.",
    seen: |look| {
        Seen::new("No client version was sent", share(&look.actor.client_absent), count(look.actor.client_absent.n))
    },
    examples: &[
        fires("no client version, for the first time", || Scene::steady(20).next(|e| e.npm_version = None)),
        quiet("an account whose client never sends one", || Scene::steady(20).all(|e| e.npm_version = None)),
    ],
};
