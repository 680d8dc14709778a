//! Has the package been silent for much longer than usual?

use crate::baseline::actor::log_hours;
use crate::baseline::package::channel_kind;
use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, span, typical_gap};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "dormant-package",
    group: Group::Cadence,
    question: "Has the package been silent for much longer than usual?",
    why: "Finished packages with many users and no watcher are what thieves look for.",
    benign: "A finished package gets its yearly maintenance release.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Time },
    measure: |look| match look.now.silence {
        Some(gap) if gap > 30 * DAY => {
            Evidence::Above { value: log_hours(gap), past: look.package.gaps[channel_kind(look.event)] }
        }
        _ => Evidence::Usual,
    },
    sentence: "This channel had been silent for {observed}; {n} earlier gaps were typically {usual}.",
    seen: |look| {
        let past = &look.package.gaps[channel_kind(look.event)];
        Seen::new(look.now.silence.map_or_else(String::new, span), typical_gap(past), count(past.n))
    },
    examples: &[
        fires("the first version in four years", || Scene::steady(20).after(4 * 365 * DAY, |_| {})),
        quiet("the next weekly version", || Scene::steady(20)),
    ],
};
