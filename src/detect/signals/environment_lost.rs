//! Did the job run in no deployment environment, where this channel always used one?

use crate::baseline::package::channel_kind;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};
use crate::detect::wording::{count, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "environment-lost",
    group: Group::CiIdentity,
    question: "Did the job run in no deployment environment, where this channel always used one?",
    why: "A job outside the environment needs no approval.",
    benign: "The owner drops environments, or moves to another pipeline.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Workflow },
    measure: |look| {
        let gate = &look.package.ci[channel_kind(look.event)].gate;
        if gate.with == 0 {
            return Evidence::NotApplicable;
        }
        Evidence::rate(look.event.ci_environment.is_none(), &gate.lapses)
    },
    sentence: "No deployment environment; this channel {usual} publishes used one.",
    seen: |look| {
        let gate = &look.package.ci[channel_kind(look.event)].gate;
        Seen::new("none", format!("has, and none lacked it {} of its", share(&gate.lapses)), count(gate.lapses.n))
    },
    examples: &[
        fires("without the environment", || {
            Scene::steady(20)
                .all(|e| {
                    trusted(e);
                    e.ci_environment = said("release");
                })
                .next(trusted)
        }),
        quiet("never one", || Scene::steady(21).all(trusted)),
    ],
};
