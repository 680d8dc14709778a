//! Does the publish name no commit, where this package's publishes do?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "git-head-lost",
    group: Group::Footprint,
    question: "Does the publish name no commit, where this package's publishes do?",
    why: "Published from a folder that is no checkout.",
    benign: "Another client or another build directory: only 35 to 48 % of recent publishes name one, so the package's own habit counts.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Manifest },
    measure: |look| {
        Evidence::rate(look.event.git_head.is_none() && !look.event.is_bare(), &look.package.git_head_absent)
    },
    sentence: "{observed}; that happened {usual} publishes.",
    seen: |look| {
        Seen::new("No commit was named", share(&look.package.git_head_absent), count(look.package.git_head_absent.n))
    },
    examples: &[
        fires("no commit, for the first time", || Scene::steady(20).next(|e| e.git_head = None)),
        quiet("a package that never names one", || Scene::steady(20).all(|e| e.git_head = None)),
    ],
};
