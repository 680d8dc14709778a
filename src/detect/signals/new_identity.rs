//! Did somebody sign who never signed for this channel?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-identity",
    group: Group::CiIdentity,
    question: "Did somebody sign who never signed for this channel?",
    why: "A stolen account signs as itself.",
    benign: "A hand-over between release managers.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Identity },
    measure: |look| {
        // A workflow is judged by its path, repository and owner, each for itself.
        if look.event.ci_workflow.is_some() {
            return Evidence::NotApplicable;
        }
        Evidence::job_novelty(look, Attribute::Identity)
    },
    sentence: "Signed by {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::Identity),
    examples: &[
        fires("another signer", || {
            Scene::steady(20).all(|e| e.cert_identity = said("person 0a1b2c3d4e5f")).next(|e| {
                e.cert_identity = said("person ffffffffffff");
            })
        }),
        quiet("as always", || Scene::steady(21).all(|e| e.cert_identity = said("person 0a1b2c3d4e5f"))),
    ],
};
