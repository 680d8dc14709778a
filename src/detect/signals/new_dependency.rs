//! Does the package depend on something it never depended on?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, name, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-dependency",
    group: Group::Footprint,
    question: "Does the package depend on something it never depended on?",
    why: "A payload in a dependency leaves the package itself clean.",
    benign: "Development. Weak alone.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Dependencies },
    measure: |look| Evidence::rate(look.now.added > 0, &look.package.additions),
    sentence: "New dependencies: {observed}; that happened {usual} publishes.",
    seen: |look| {
        let first = look.now.addition.map(|sym| name(sym, look.words)).unwrap_or_default();
        let observed = if look.now.added > 1 { format!("{first} and {} more", look.now.added - 1) } else { first };
        Seen::new(observed, share(&look.package.additions), count(look.package.additions.n))
    },
    examples: &[
        fires("a third dependency after twenty publishes with two", || {
            Scene::steady(20).next(|e| e.dependencies = said("left|right|plain-crypto"))
        }),
        quiet("the same dependencies", || Scene::steady(20)),
    ],
};
