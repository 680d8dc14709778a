//! Does the burst wake packages that nobody had published for half a year?

use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "burst-stale",
    group: Group::Cadence,
    question: "Does the burst wake packages that nobody had published for half a year?",
    why: "A thief publishes what the account may publish, finished packages included; their owner had no reason to touch them.",
    benign: "A sweep over old packages: new licence file, new repository address, dependency advisory.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Publisher },
    measure: |look| Evidence::reaches(look.now.burst.stale, 1, &look.actor.bursts.stale),
    sentence: "This burst has woken {observed} so far; {usual} of {n} earlier bursts woke as many.",
    seen: |look| {
        let past = &look.actor.bursts.stale;
        let stale = look.now.burst.stale;
        let packages = if stale == 1 { "package" } else { "packages" };
        Seen::new(format!("{stale} {packages} silent for half a year"), past.at_least(stale).to_string(), past.n)
    },
    examples: &[
        fires("three packages untouched for a year are published together", || {
            let mut scene = Scene::monorepo(3, 1);
            for _ in 0..30 {
                scene = scene.after(14 * DAY, |_| {});
            }
            for i in 0..3 {
                scene = scene.after(60_000, |e| e.package = Some(format!("pkg-{i}")));
            }
            scene
        }),
        quiet("the weekly release of a package in use", || Scene::steady(20)),
    ],
};
