//! Is this a second version within three hours?

use crate::baseline::stance::HOUR;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, share, span};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "second-version",
    group: Group::Cadence,
    question: "Is this a second version within three hours?",
    why: "In the known takeovers a second malicious version came 4 to 134 minutes after the first.",
    benign: "A broken release is repaired at once; nightly and canary channels.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Time },
    measure: |look| Evidence::rate(look.now.rapid, &look.package.rapid),
    sentence: "A version of this channel had appeared only {observed} earlier; that happened {usual} publishes.",
    seen: |look| {
        let past = &look.package.rapid;
        Seen::new(look.now.channel_gap.map_or_else(String::new, span), share(past), count(past.n))
    },
    examples: &[
        fires("a second version 20 minutes after a weekly release", || Scene::steady(20).after(HOUR / 3, |_| {})),
        quiet("a second version where every release takes two", || {
            let mut scene = Scene::steady(1);
            for _ in 0..20 {
                scene = scene.next(|_| {}).after(HOUR / 3, |_| {});
            }
            scene
        }),
    ],
};
