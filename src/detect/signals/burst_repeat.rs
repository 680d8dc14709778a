//! Are several packages of the burst published twice?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "burst-repeat",
    group: Group::Cadence,
    question: "Are several packages of the burst published twice?",
    why: "Attackers repair or extend their payload minutes later: 42 of 42 and 316 of 323 packages in two known waves had two versions.",
    benign: "A release train that failed half-way and is run again.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Publisher },
    measure: |look| Evidence::reaches(look.now.burst.repeats, 2, &look.actor.bursts.repeats),
    sentence: "{observed} of this burst have two versions or more; {usual} of {n} earlier bursts had as many.",
    seen: |look| {
        let past = &look.actor.bursts.repeats;
        let repeats = look.now.burst.repeats;
        Seen::new(format!("{repeats} packages"), past.at_least(repeats).to_string(), past.n)
    },
    examples: &[
        fires("a monorepo of four is published twice within five minutes", || {
            let mut scene = Scene::monorepo(4, 10);
            for i in 0..4 {
                scene = scene.after(60_000, |e| e.package = Some(format!("pkg-{i}")));
            }
            scene
        }),
        quiet("the same monorepo published once", || Scene::monorepo(4, 10)),
    ],
};
