//! Is this the first trusted publish of the package?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, trusted};
use crate::detect::wording::{most, name};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "trusted-publisher-gained",
    group: Group::Credential,
    question: "Is this the first trusted publish of the package?",
    why: "More evidence is not automatically better: an attacker with push access can set up a pipeline of his own.",
    benign: "Nearly always the owner's move to trusted publishing.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::AuthKind },
    measure: |look| {
        if look.package.trusted.with > 0 {
            return Evidence::NotApplicable;
        }
        Evidence::counted(look.event.is_trusted_publisher(), 0, look.package.n)
    },
    sentence: "First publish through {observed}, after {n} by {usual}.",
    seen: |look| Seen::new(name(look.event.path, look.words), most(&look.package.paths, look.words), look.package.n),
    examples: &[
        fires("the first trusted publish after twenty by hand", || Scene::steady(20).next(trusted)),
        quiet("the second one", || Scene::steady(20).next(trusted).next(trusted)),
    ],
};
