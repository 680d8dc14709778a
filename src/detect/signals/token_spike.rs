//! Did one token publish far more in a day than any of this account's tokens before?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::typical_size;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "token-spike",
    group: Group::Credential,
    question: "Did one token publish far more in a day than any of this account's tokens before?",
    why: "A worm publishes everything that its token can reach.",
    benign: "A first release of a whole monorepo.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Token },
    measure: |look| Evidence::reaches(look.now.token_uses, 4, &look.actor.token_days),
    sentence: "The token's publish number {observed} of the day; usually {usual}.",
    seen: |look| {
        let past = &look.actor.token_days;
        Seen::new(look.now.token_uses.to_string(), typical_size(past), past.n)
    },
    examples: &[
        fires("thirty packages in an hour", || {
            let mut scene = Scene::steady(20);
            for i in 0..30 {
                scene = scene.after(60_000, |e| e.package = Some(format!("pkg-{i}")));
            }
            scene.all(|e| e.token_id = said("ci"))
        }),
        quiet("one a week", || Scene::steady(21).all(|e| e.token_id = said("ci"))),
    ],
};
