//! Has the release line lost its provenance attestation?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "provenance-lost",
    group: Group::CiIdentity,
    question: "Has the release line lost its provenance attestation?",
    why: "Who publishes from his own machine has none to give.",
    benign: "A hand release; `--provenance` failing silently. Old lines that never had it are not compared.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Manifest },
    measure: |look| {
        let practice = look.package.line(look.event).map_or(&look.package.provenance, |line| &line.provenance);
        if practice.with == 0 {
            return Evidence::NotApplicable;
        }
        Evidence::rate(look.event.provenance.is_none(), &practice.lapses)
    },
    sentence: "{observed}; this line had it in {usual} publishes.",
    seen: |look| {
        let practice = look.package.line(look.event).map_or(&look.package.provenance, |line| &line.provenance);
        Seen::new("No provenance attestation", practice.with.to_string(), practice.with)
    },
    examples: &[
        fires("an attested line without attestation", || {
            Scene::steady(20).all(|e| e.provenance = said("https://slsa.dev/provenance/v1")).next(|_| {})
        }),
        quiet("a package that never had any", || Scene::steady(20)),
    ],
};
