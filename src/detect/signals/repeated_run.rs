//! Did a repeated run publish?

use crate::baseline::package::channel_kind;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "repeated-run",
    group: Group::CiIdentity,
    question: "Did a repeated run publish?",
    why: "Running an old job again publishes with its rights, and leaves no commit.",
    benign: "A flaky release job; the failed first attempt is repeated.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Attempt },
    measure: |look| {
        let past = &look.package.ci[channel_kind(look.event)].repeated;
        Evidence::rate(look.event.ci_attempt.get().is_some_and(|attempt| attempt > 1), past)
    },
    sentence: "Attempt {observed} of the run published; repeated runs {usual} publishes.",
    seen: |look| {
        let past = &look.package.ci[channel_kind(look.event)].repeated;
        let attempt = look.event.ci_attempt.get().map_or_else(String::new, |attempt| attempt.to_string());
        Seen::new(attempt, share(past), count(past.n))
    },
    examples: &[
        fires("the third attempt", || {
            Scene::steady(20).all(|e| e.ci_attempt = Some(1)).next(|e| {
                e.ci_attempt = Some(3);
            })
        }),
        quiet("as always", || Scene::steady(21).all(|e| e.ci_attempt = Some(1))),
    ],
};
