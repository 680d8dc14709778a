//! Does the package declare a repository it never declared?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "repository-changed",
    group: Group::Identity,
    question: "Does the package declare a repository it never declared?",
    why: "A fork that pretends to be the original; an organisation that was taken over.",
    benign: "The repository moved or was renamed.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Repository },
    measure: |look| Evidence::novelty(&look.package.repositories, look.event.repository),
    sentence: "Declares {observed}; so far {usual}.",
    seen: |look| Seen::among(look.event.repository, &look.package.repositories, look.words),
    examples: &[
        fires("another repository", || Scene::steady(20).next(|e| e.repository = said("github.com/mallory/pkg"))),
        quiet("the same repository", || Scene::steady(20)),
    ],
};
