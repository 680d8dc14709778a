//! Was it built on a kind of runner never used for this channel?

use crate::baseline::ci::Attribute;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-runner",
    group: Group::CiIdentity,
    question: "Was it built on a kind of runner never used for this channel?",
    why: "A self-hosted runner is a machine that somebody owns.",
    benign: "A project moves to its own runners.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Runner },
    measure: |look| Evidence::job_novelty(look, Attribute::Runner),
    sentence: "Built on a {observed} runner; this channel so far: {usual}.",
    seen: |look| Seen::among_jobs(look, Attribute::Runner),
    examples: &[
        fires("self-hosted where hosted was the habit", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.ci_runner = said("self-hosted");
            })
        }),
        quiet("as always", || Scene::steady(20).all(trusted).next(trusted)),
    ],
};
