//! Does the certificate name another repository, by its number?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, certified, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-repository-id",
    group: Group::CiIdentity,
    question: "Does the certificate name another repository, by its number?",
    why: "A deleted repository registered again under the same name has another number.",
    benign: "A repository recreated or moved by its owner.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::RepositoryId },
    measure: |look| Evidence::job_novelty(look, Attribute::RepositoryId),
    sentence: "The certificate names repository number {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::RepositoryId),
    examples: &[
        fires("another repository number", || {
            Scene::steady(20).all(certified).next(|e| {
                certified(e);
                e.cert_repository_id = said("2");
            })
        }),
        quiet("as always", || Scene::steady(20).all(certified).next(certified)),
    ],
};
