//! Does one burst hit more of the account's portfolio than usual?

use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "burst-share",
    group: Group::Cadence,
    question: "Does one burst hit more of the account's portfolio than usual?",
    why: "Whoever holds a stolen token has no reason to leave packages out.",
    benign: "Small accounts with few packages; a release of everything for a new platform version.",
    entity: Entity::Actor,
    needs: Needs { history: 5, fact: Fact::Publisher },
    measure: |look| {
        let burst = &look.now.burst;
        if burst.width < 3 || look.actor.portfolio.len() < 4 {
            return Evidence::Usual;
        }
        Evidence::reaches(burst.share, 1, &look.actor.bursts.share)
    },
    sentence: "This burst has hit {observed} of the account's packages; in {n} earlier bursts that was {usual}.",
    seen: |look| {
        let past = &look.actor.bursts.share;
        Seen::new(
            format!("{} %", look.now.burst.share),
            format!("reached {} times", past.at_least(look.now.burst.share)),
            past.n,
        )
    },
    examples: &[
        fires("all six packages at once by an account that publishes them in turn", || {
            let mut scene = Scene::default();
            for i in 0..24 {
                scene = scene.next(|e| e.package = Some(format!("pkg-{}", i % 6)));
            }
            for i in 0..6 {
                scene = scene.after(if i == 0 { 7 * DAY } else { 10_000 }, |e| e.package = Some(format!("pkg-{i}")));
            }
            scene
        }),
        quiet("a monorepo publishes all it has, as always", || Scene::monorepo(6, 10)),
    ],
};
