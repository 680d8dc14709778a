//! Does an install hook run a text that no package had a month ago?

use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "unknown-hook",
    group: Group::Footprint,
    question: "Does a new install hook run a text that no package of the archive had a month ago?",
    why: "Builds, funding notes and telemetry use the same few lines everywhere; a payload's line is its own.",
    benign: "A build script with a name of its own; a hook known only outside the watch list.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Manifest },
    measure: |look| Evidence::rate(look.now.young_hook, &look.package.young_hooks),
    sentence: "The install hook's text is {observed}; that happened {usual} publishes.",
    seen: |look| {
        let first = look.world.first_seen(look.event.install_script_id, look.event.at);
        let observed = first.map_or("one that no package ever had", |_| "one that no package had a month ago");
        Seen::new(observed, share(&look.package.young_hooks), count(look.package.young_hooks.n))
    },
    examples: &[
        fires("a hook that nobody ever had", || {
            Scene::steady(20).next(|e| {
                e.install_scripts = said("postinstall");
                e.install_script_id = said("h1");
            })
        }),
        quiet("a hook that another package has had for long", || {
            Scene::steady(20)
                .next(|e| {
                    e.package = said("other");
                    e.install_scripts = said("install");
                    e.install_script_id = said("h1");
                })
                .after(60 * DAY, |e| {
                    e.package = said("pkg");
                    e.install_scripts = said("install");
                    e.install_script_id = said("h1");
                })
        }),
    ],
};
