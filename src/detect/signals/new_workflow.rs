//! Was this published by a workflow never seen for this channel?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-workflow",
    group: Group::CiIdentity,
    question: "Was this published by a workflow never seen for this channel?",
    why: "An attacker with push access adds a workflow; the release job itself is watched.",
    benign: "A workflow renamed or split; a repository moved.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Workflow },
    measure: |look| Evidence::job_novelty(look, Attribute::Workflow),
    sentence: "Published by the workflow {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::Workflow),
    examples: &[
        fires("another workflow file", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.ci_workflow = said(".github/workflows/ci.yml");
            })
        }),
        quiet("as always", || Scene::steady(20).all(trusted).next(trusted)),
    ],
};
