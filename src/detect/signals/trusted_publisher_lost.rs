//! Has the release line lost its trusted-publisher stamp?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};
use crate::detect::wording::name;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "trusted-publisher-lost",
    group: Group::Credential,
    question: "Has the release line lost its trusted-publisher stamp?",
    why: "A stolen token cannot publish through the pipeline: this is what gave the axios takeover away.",
    benign: "A hand release while the pipeline is broken; old lines never had the stamp and are not compared.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::AuthKind },
    measure: |look| {
        let practice = look.package.line(look.event).map_or(&look.package.trusted, |line| &line.trusted);
        if practice.with == 0 {
            return Evidence::NotApplicable;
        }
        Evidence::rate(!look.event.is_trusted_publisher(), &practice.lapses)
    },
    sentence: "Published by {observed}, after {usual} by trusted publisher.",
    seen: |look| {
        let practice = look.package.line(look.event).map_or(&look.package.trusted, |line| &line.trusted);
        Seen::new(
            format!("the account {}", name(look.event.publisher, look.words)),
            format!("{} publishes of this line", practice.with),
            practice.with,
        )
    },
    examples: &[
        fires("an account publishes a line that a pipeline always published", || {
            Scene::steady(20).all(trusted).next(|_| {})
        }),
        quiet("an old line that never had the stamp gets a backport by hand", || {
            let mut scene = Scene::steady(10);
            for patch in 0..10 {
                scene = scene.next(|e| {
                    trusted(e);
                    e.version = Some(format!("2.0.{patch}"));
                });
            }
            scene.next(|e| e.version = said("1.0.10"))
        }),
    ],
};
