//! Does an attestation come with it that does not verify?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, name, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "attestation-refused",
    group: Group::CiIdentity,
    question: "Does an attestation come with it that does not verify?",
    why: "A forged, borrowed or altered attestation looks like one until somebody checks.",
    benign: "A damaged document, or a log key that the trusted root does not hold yet.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Attestation },
    measure: |look| Evidence::rate(look.event.refused, &look.package.refused),
    sentence: "The attestation does not verify: {observed}; that {usual} attestations.",
    seen: |look| {
        let past = &look.package.refused;
        Seen::new(name(look.event.cert_failed, look.words), share(past), count(past.n))
    },
    examples: &[
        fires("a signature that does not hold", || {
            Scene::steady(20).all(|e| e.cert_state = said("verified")).next(|e| {
                e.cert_state = said("unverified");
                e.cert_failed = said("signature");
            })
        }),
        quiet("as always", || Scene::steady(21).all(|e| e.cert_state = said("verified"))),
    ],
};
