//! Does the provenance statement say another thing than the certificate?

use crate::baseline::ci::differs;
use crate::baseline::package::channel_kind;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, certified, said};
use crate::detect::wording::{count, name, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "claims-differ",
    group: Group::CiIdentity,
    question: "Does the provenance statement say another thing than the certificate?",
    why: "The job writes the statement, the identity provider the certificate: whoever controls the job can lie in one only.",
    benign: "A reusable builder that names its caller differently.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Certificate },
    measure: |look| {
        let past = &look.package.ci[channel_kind(look.event)].differs;
        Evidence::rate(differs(look.event), past)
    },
    sentence: "Statement and certificate differ in {observed}; that {usual} attestations.",
    seen: |look| {
        let past = &look.package.ci[channel_kind(look.event)].differs;
        Seen::new(name(look.event.cert_differs, look.words).replace('|', ", "), share(past), count(past.n))
    },
    examples: &[
        fires("another repository in the statement", || {
            Scene::steady(20).all(certified).next(|e| {
                certified(e);
                e.cert_differs = said("repository");
            })
        }),
        quiet("as always", || Scene::steady(21).all(certified)),
    ],
};
