//! Are several old major lines revived at once?

use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "lines-revived",
    group: Group::Cadence,
    question: "Are several old major lines published again within hours?",
    why: "A payload on every line reaches whoever pinned an old one.",
    benign: "A security fix carried back to every line: the same shape, and rare too.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Number },
    measure: |look| Evidence::reaches(look.now.revived_lines, 2, &look.package.revived_lines),
    sentence: "{observed} old lines were revived within hours; {usual} of {n} earlier publishes saw as many.",
    seen: |look| {
        let past = &look.package.revived_lines;
        Seen::new(look.now.revived_lines.to_string(), past.at_least(look.now.revived_lines).to_string(), past.n)
    },
    examples: &[
        fires("two lines that were left behind years ago, a minute apart", || {
            let mut scene = Scene::steady(3);
            for major in 2..5 {
                for patch in 0..3 {
                    scene = scene.next(|e| e.version = Some(format!("{major}.0.{patch}")));
                }
            }
            for _ in 0..60 {
                scene =
                    scene.next(|e| e.version = Some(e.version.take().unwrap_or_default().replacen("1.0", "9.0", 1)));
            }
            scene.after(60 * DAY, |e| e.version = Some("2.0.9".to_owned())).after(60_000, |e| {
                e.version = Some("3.0.9".to_owned());
            })
        }),
        quiet("one line is revived", || {
            let mut scene = Scene::steady(10);
            for _ in 0..60 {
                scene =
                    scene.next(|e| e.version = Some(e.version.take().unwrap_or_default().replacen("1.0", "9.0", 1)));
            }
            scene.next(|e| e.version = Some("1.0.99".to_owned()))
        }),
    ],
};
