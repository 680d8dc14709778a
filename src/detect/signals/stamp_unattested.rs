//! Does a trusted publish come without the attestation that this package's always had?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, trusted};
use crate::detect::wording::{count, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "stamp-unattested",
    group: Group::CiIdentity,
    question: "Does a trusted publish come without the attestation that this package's always had?",
    why: "With the short-lived token in hand one can publish from anywhere, but not attest.",
    benign: "Provenance is off for private repositories and for some providers, and can be switched off.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::TrustedPublisher },
    measure: |look| {
        if look.package.stamped.with == 0 {
            return Evidence::NotApplicable;
        }
        Evidence::rate(look.event.provenance.is_none(), &look.package.stamped.lapses)
    },
    sentence: "A trusted publish without attestation; that {usual} trusted publishes.",
    seen: |look| {
        let past = &look.package.stamped.lapses;
        Seen::new("none", share(past), count(past.n))
    },
    examples: &[
        fires("the stamp alone", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.provenance = None;
            })
        }),
        quiet("as always", || Scene::steady(21).all(trusted)),
    ],
};
