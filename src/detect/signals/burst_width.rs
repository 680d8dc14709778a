//! Does one burst by this account touch more packages than its bursts do?

use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::span;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "burst-width",
    group: Group::Cadence,
    question: "Does one burst by this account touch more packages than its bursts do?",
    why: "A worm or a thief publishes everything that the stolen account may publish, within minutes.",
    benign: "A monorepo grows; a licence or owner change is published everywhere at once.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Publisher },
    measure: |look| Evidence::reaches(look.now.burst.width, 2, &look.actor.bursts.width),
    sentence: "This burst has touched {observed} so far; the widest of {n} earlier bursts had {usual}.",
    seen: |look| {
        let past = &look.actor.bursts;
        Seen::new(
            format!("{} packages in {}", look.now.burst.width, span(look.now.burst.age)),
            past.widest.to_string(),
            past.width.n,
        )
    },
    examples: &[
        fires("twelve packages in two minutes by an account that publishes one at a time", || {
            let mut scene = Scene::steady(20);
            for i in 0..12 {
                scene = scene.after(if i == 0 { 7 * DAY } else { 10_000 }, |e| e.package = Some(format!("other-{i}")));
            }
            scene
        }),
        quiet("a monorepo publishes its twelve packages as every week", || Scene::monorepo(12, 10)),
    ],
};
