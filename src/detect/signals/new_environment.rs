//! Does the job run in a deployment environment never seen for this channel?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-environment",
    group: Group::CiIdentity,
    question: "Does the job run in a deployment environment never seen for this channel?",
    why: "The environment is the gate that asks for a reviewer; another one may ask nobody.",
    benign: "An environment renamed, or one a package.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Environment },
    measure: |look| Evidence::job_novelty(look, Attribute::Environment),
    sentence: "Published from the environment {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::Environment),
    examples: &[
        fires("another environment", || {
            Scene::steady(20).all(|e| e.ci_environment = said("release")).next(|e| {
                e.ci_environment = said("test");
            })
        }),
        quiet("as always", || Scene::steady(21).all(|e| e.ci_environment = said("release"))),
    ],
};
