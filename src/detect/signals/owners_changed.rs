//! Is the owner list another than at the last publish?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::count;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "owners-changed",
    group: Group::Identity,
    question: "Is the owner list another than at the last publish?",
    why: "Attackers add themselves or remove the others.",
    benign: "Team changes; 5.6 % of consecutive publishes.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Owners },
    measure: |look| Evidence::rate(look.now.owners_change, &look.package.owner_changes),
    sentence: "The owners are now {observed}; before: {usual}.",
    seen: |look| {
        let list = |sym| look.words.text(sym).replace('|', ", ");
        Seen::new(list(look.event.maintainers), list(look.package.owner_list), count(look.package.owner_changes.n))
    },
    examples: &[
        fires("an owner more", || Scene::steady(20).next(|e| e.maintainers = said("ann|bob|mallory"))),
        quiet("the same owners", || Scene::steady(20)),
    ],
};
