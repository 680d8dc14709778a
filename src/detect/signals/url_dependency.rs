//! Does the package depend on a git or http address it never depended on?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, name, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "url-dependency",
    group: Group::Footprint,
    question: "Does the package depend on a git or http address it never depended on?",
    why: "Such a dependency escapes the registry's checks and can change after the publish: the mark of two 2026 waves.",
    benign: "Forks used until a fix is released; among the rarest of benign events.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Manifest },
    measure: |look| Evidence::rate(look.now.added_url.is_some(), &look.package.url_additions),
    sentence: "New dependency by address: {observed}; that happened {usual} publishes.",
    seen: |look| {
        let observed = look.now.added_url.map(|sym| name(sym, look.words)).unwrap_or_default();
        Seen::new(observed, share(&look.package.url_additions), count(look.package.url_additions.n))
    },
    examples: &[
        fires("a dependency by git address", || Scene::steady(20).next(|e| e.url_dependencies = said("left"))),
        quiet("the same as always", || Scene::steady(20).all(|e| e.url_dependencies = said("left"))),
    ],
};
