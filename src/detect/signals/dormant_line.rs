//! Does an old major line that was left behind come back to life?

use crate::baseline::stance::{DAY, STALE};
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
    sentence: "An old line while a newer one exists, {observed}; that happened {usual} publishes.",
    seen: |look| {
        let past = &look.package.revivals;
        let gap = look.now.line_gap.map_or_else(String::new, span);
        let observed = if look.now.in_session && look.now.line_gap.is_some_and(|gap| gap < STALE) {
            format!("revived {gap} ago")
        } else {
            format!("silent for {gap}")
        };
        Seen::new(observed, share(past), count(past.n))
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
