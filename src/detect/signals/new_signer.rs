//! Did another reusable workflow sign, or one where none did?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-signer",
    group: Group::CiIdentity,
    question: "Did another reusable workflow sign, or one where none did?",
    why: "A reusable workflow of somebody else signs in the name of whoever calls it.",
    benign: "The release job moves into a shared workflow.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Workflow },
    measure: |look| Evidence::job_novelty(look, Attribute::Signer),
    sentence: "Signed by {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::Signer),
    examples: &[
        fires("a reusable workflow of somebody else", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.ci_signer = said("eve/tools/.github/workflows/publish.yml");
            })
        }),
        quiet("as always", || Scene::steady(21).all(trusted)),
    ],
};
