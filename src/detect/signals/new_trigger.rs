//! Was the workflow started by an event never seen for this channel?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-trigger",
    group: Group::CiIdentity,
    question: "Was the workflow started by an event never seen for this channel?",
    why: "Dispatch by hand, or a pull-request event that runs with secrets.",
    benign: "A release process changes.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Trigger },
    measure: |look| Evidence::job_novelty(look, Attribute::Trigger),
    sentence: "The workflow was started by {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::Trigger),
    examples: &[
        fires("dispatched by hand where pushes publish", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.ci_trigger = said("workflow_dispatch");
            })
        }),
        quiet("as always", || Scene::steady(20).all(trusted).next(trusted)),
    ],
};
