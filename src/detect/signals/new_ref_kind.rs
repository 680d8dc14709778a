//! Was it built from a kind of ref never used for this channel?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-ref-kind",
    group: Group::CiIdentity,
    question: "Was it built from a kind of ref never used for this channel?",
    why: "Throwaway branches published where tags did.",
    benign: "A release process changes.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::RefKind },
    measure: |look| Evidence::job_novelty(look, Attribute::RefKind),
    sentence: "Built from a {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::RefKind),
    examples: &[
        fires("from a branch where tags publish", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.ci_ref_kind = said("branch");
            })
        }),
        quiet("as always", || Scene::steady(20).all(trusted).next(trusted)),
    ],
};
