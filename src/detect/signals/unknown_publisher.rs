//! Has the archive never seen this account publish anything?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, name, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "unknown-publisher",
    group: Group::Identity,
    question: "Has the archive never seen this account publish anything?",
    why: "A package handed or sold to a stranger; an account made for the purpose.",
    benign: "A new team member with a fresh account; an account outside the watch list.",
    entity: Entity::Package,
    needs: Needs { history: 2, fact: Fact::Publisher },
    measure: |look| {
        if look.event.is_trusted_publisher() && look.package.trusted.with == 0 {
            return Evidence::NotApplicable;
        }
        Evidence::rate(look.now.stranger, &look.package.strangers)
    },
    sentence: "{observed} is unknown in the whole archive; that happened here {usual} publishes.",
    seen: |look| {
        Seen::new(name(look.event.actor, look.words), share(&look.package.strangers), count(look.package.strangers.n))
    },
    examples: &[
        fires("an account that nobody knows", || Scene::steady(20).next(|e| e.publisher = said("mallory"))),
        quiet("the usual account", || Scene::steady(20)),
    ],
};
