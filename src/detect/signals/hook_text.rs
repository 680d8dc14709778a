//! Has the text of the install hook changed?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "hook-text",
    group: Group::Footprint,
    question: "Has the text of the install hook changed?",
    why: "A hook that is there already is the quietest place for a payload.",
    benign: "A build step is adjusted.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Manifest },
    measure: |look| {
        let (hooks, id) = (&look.package.hooks, look.event.install_script_id);
        let scheme = |sym| look.words.text(sym).contains(':');
        if !hooks.seen.iter().any(|s| scheme(s.value) == scheme(id)) {
            return Evidence::NotApplicable;
        }
        Evidence::novelty(hooks, id)
    },
    sentence: "The install hook's text is {observed}; {n} earlier publishes had {usual}.",
    seen: |look| Seen::new("new", format!("{} other text(s)", look.package.hooks.seen.len()), look.package.hooks.n),
    examples: &[
        fires("another text", || {
            Scene::steady(20)
                .all(|e| {
                    e.install_scripts = said("install");
                    e.install_script_id = said("h1");
                })
                .next(|e| {
                    e.install_scripts = said("install");
                    e.install_script_id = said("h2");
                })
        }),
        quiet("the same text", || {
            Scene::steady(20).all(|e| {
                e.install_scripts = said("install");
                e.install_script_id = said("h1");
            })
        }),
    ],
};
