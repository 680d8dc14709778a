//! Is this the first attested version of the package?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::name;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "provenance-gained",
    group: Group::CiIdentity,
    question: "Is this the first attested version of the package?",
    why: "More evidence is not automatically better: two 2026 waves came with valid attestations.",
    benign: "The owner switches provenance on.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Manifest },
    measure: |look| {
        if look.package.provenance.with > 0 {
            return Evidence::NotApplicable;
        }
        Evidence::counted(look.event.provenance.is_some(), 0, look.package.n)
    },
    sentence: "First attestation ({observed}) after {n} publishes {usual}.",
    seen: |look| Seen::new(name(look.event.provenance, look.words), "without any", look.package.n),
    examples: &[
        fires("the first attestation", || {
            Scene::steady(20).next(|e| e.provenance = said("https://slsa.dev/provenance/v1"))
        }),
        quiet("never any", || Scene::steady(20)),
    ],
};
