//! Does the certificate name another owner of the repository, by number?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-owner-id",
    group: Group::CiIdentity,
    question: "Does the certificate name another owner of the repository, by number?",
    why: "An account deleted and registered again under the same name has another number.",
    benign: "A repository moved to an organisation.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::OwnerId },
    measure: |look| Evidence::job_novelty(look, Attribute::OwnerId),
    sentence: "The certificate names owner number {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::OwnerId),
    examples: &[
        fires("another owner", || {
            Scene::steady(20).all(|e| e.cert_owner_id = said("7")).next(|e| {
                e.cert_owner_id = said("8");
            })
        }),
        quiet("as always", || Scene::steady(21).all(|e| e.cert_owner_id = said("7"))),
    ],
};
