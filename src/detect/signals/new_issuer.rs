//! Did another identity provider issue the certificate?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, certified, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-issuer",
    group: Group::CiIdentity,
    question: "Did another identity provider issue the certificate?",
    why: "A thief signs with what he has.",
    benign: "A move to another CI service.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Certificate },
    measure: |look| Evidence::job_novelty(look, Attribute::Issuer),
    sentence: "The certificate was issued by {observed}; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::Issuer),
    examples: &[
        fires("another issuer", || {
            Scene::steady(20).all(certified).next(|e| {
                certified(e);
                e.cert_issuer = said("https://other.example");
            })
        }),
        quiet("as always", || Scene::steady(20).all(certified).next(certified)),
    ],
};
