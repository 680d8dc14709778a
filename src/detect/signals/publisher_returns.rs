//! Does the account come back to this package after more than a year?

use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, name, share, span};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "publisher-returns",
    group: Group::Identity,
    question: "Does the account come back to this package after more than a year?",
    why: "Former maintainers keep their rights, and their old passwords.",
    benign: "The original author fixes something.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Publisher },
    measure: |look| Evidence::rate(look.now.returns, &look.package.returns),
    sentence: "{observed}; such a return happened {usual} publishes.",
    seen: |look| {
        let last = look.package.familiarity(look.event.actor).map_or(look.event.at, |f| f.last);
        let observed =
            format!("{} last published it {} ago", name(look.event.actor, look.words), span(look.event.at - last));
        Seen::new(observed, share(&look.package.returns), count(look.package.returns.n))
    },
    examples: &[
        fires("the first author returns after two years of another's releases", || {
            let mut scene = Scene::steady(1);
            for _ in 0..52 {
                scene = scene.after(14 * DAY, |e| e.publisher = said("bob"));
            }
            scene.next(|_| {})
        }),
        quiet("the usual account", || Scene::steady(20)),
    ],
};
