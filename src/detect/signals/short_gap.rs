//! Does this version follow the last one much faster than usual?

use crate::baseline::actor::log_hours;
use crate::baseline::package::channel_kind;
use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, span, typical_gap};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "short-gap",
    group: Group::Cadence,
    question: "Does this version follow the last one much faster than usual?",
    why: "A thief has no release cycle to keep.",
    benign: "A hot fix.",
    entity: Entity::Package,
    needs: Needs { history: 5, fact: Fact::Time },
    measure: |look| match look.now.channel_gap {
        Some(gap) if gap < DAY => {
            Evidence::Below { value: log_hours(gap), past: look.package.gaps[channel_kind(look.event)] }
        }
        _ => Evidence::Usual,
    },
    sentence: "Only {observed} after the last version; {n} earlier gaps were typically {usual}.",
    seen: |look| {
        let past = &look.package.gaps[channel_kind(look.event)];
        Seen::new(look.now.channel_gap.map_or_else(String::new, span), typical_gap(past), count(past.n))
    },
    examples: &[
        fires("a minute after the last version of a weekly package", || Scene::steady(30).after(60_000, |_| {})),
        quiet("a day earlier than usual", || Scene::steady(30).after(6 * DAY, |_| {})),
    ],
};
