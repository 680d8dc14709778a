//! Does an old major line that was left behind come back to life?

use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{count, share, span};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "dormant-line",
    group: Group::Cadence,
    question: "Does an old major line that was left behind come back to life?",
    why: "A forgotten line still has users, and nobody reads its releases.",
    benign: "A security fix for an old line.",
    entity: Entity::Package,
    needs: Needs { history: 5, fact: Fact::Number },
    measure: |look| Evidence::rate(look.now.revives_line, &look.package.revivals),
    sentence: "This line was last published {observed} ago and a newer one exists; that happened {usual} publishes.",
    seen: |look| {
        let past = &look.package.revivals;
        Seen::new(look.now.line_gap.map_or_else(String::new, span), share(past), count(past.n))
    },
    examples: &[
        fires("1.x again, two years after 2.0.0", || {
            let mut scene = Scene::steady(10);
            for patch in 0..50 {
                scene = scene.after(14 * DAY, |e| e.version = Some(format!("2.0.{patch}")));
            }
            scene.next(|e| e.version = said("1.0.10"))
        }),
        quiet("the next patch of the only line", || Scene::steady(20)),
    ],
};
