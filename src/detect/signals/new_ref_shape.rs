//! Was it built from a ref of a shape that no release of this channel was built from?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};
use crate::detect::wording::name;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-ref-shape",
    group: Group::CiIdentity,
    question: "Was it built from a ref of a shape that no release of this channel was built from?",
    why: "Two 2026 waves pushed a branch of their own, because the main branch and tags were protected.",
    benign: "A first release from a release branch or a tag.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Ref },
    measure: |look| Evidence::job_novelty(look, Attribute::RefShape),
    sentence: "Built from {observed}; this channel so far: {usual}.",
    seen: |look| Seen {
        observed: format!("{} ({})", name(look.event.ci_ref, look.words), look.words.text(look.event.ref_shape)),
        ..Seen::among_jobs(look, Attribute::RefShape)
    },
    examples: &[
        fires("a branch of its own", || {
            Scene::steady(20)
                .all(|e| {
                    trusted(e);
                    e.ci_ref = said("refs/heads/main");
                })
                .next(|e| {
                    trusted(e);
                    e.ci_ref = said("refs/heads/snapshot-1f2e3d4c");
                })
        }),
        quiet("the tag of each version", || {
            Scene::steady(21).all(|e| {
                trusted(e);
                e.ci_ref = e.version.as_ref().map(|version| format!("refs/tags/v{version}"));
            })
        }),
    ],
};
