//! Are several major lines published within a day?

use crate::baseline::stance::HOUR;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, share};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "several-majors",
    group: Group::Cadence,
    question: "Are several major lines published within a day?",
    why: "Taking several lines at once reaches users who pin an old major: the mark of hand-driven takeovers.",
    benign: "A security fix carried back to every supported line.",
    entity: Entity::Package,
    needs: Needs { history: 5, fact: Fact::Number },
    measure: |look| Evidence::rate(look.now.majors > 1, &look.package.several_majors),
    sentence: "{observed} major lines within a day; that happened {usual} publishes.",
    seen: |look| {
        let past = &look.package.several_majors;
        Seen::new(look.now.majors.to_string(), share(past), count(past.n))
    },
    examples: &[
        fires("2.0.0 within an hour of a patch to 1.x", || {
            Scene::steady(20).after(HOUR, |e| e.version = said("2.0.0"))
        }),
        quiet("the next patch", || Scene::steady(20)),
    ],
};
