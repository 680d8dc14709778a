//! Did provenance disappear while the same pipeline published?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};
use crate::detect::wording::{count, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "lapse-in-place",
    group: Group::CiIdentity,
    question: "Is provenance missing although account, client and node are those of the last publish that had it?",
    why: "An edited release workflow drops the attestation and changes nothing else.",
    benign: "`--provenance` failing silently; an owner who switches it off. A hand release comes with another client or account and is judged by provenance-lost alone.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Client },
    measure: |look| {
        if look.package.provenance.with == 0 {
            return Evidence::NotApplicable;
        }
        Evidence::rate(look.now.lapse_in_place, &look.package.lapses_in_place)
    },
    sentence: "{observed} by the account, client and node that last published with it; that happened {usual} publishes.",
    seen: |look| {
        let past = &look.package.lapses_in_place;
        Seen::new("No provenance", share(past), count(past.n))
    },
    examples: &[
        fires("the same pipeline without its attestation", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.provenance = None;
            })
        }),
        quiet("a hand release from another machine", || {
            Scene::steady(20).all(trusted).next(|e| e.node_version = said("18.0.0"))
        }),
    ],
};
