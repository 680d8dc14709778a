//! Is the package much larger than the last of its line?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::growth_of;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "size-jump",
    group: Group::Footprint,
    question: "Is the package much larger than the last of its line?",
    why: "Bundled payloads are large: megabytes where kilobytes were.",
    benign: "Assets or a bundled dependency added.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Size },
    measure: |look| {
        look.now
            .size_growth
            .map_or(Evidence::NotApplicable, |growth| Evidence::reaches(growth, 10, &look.package.size_growth))
    },
    sentence: "Grew by {observed} over the last of its line; {usual} of {n} earlier steps were as large.",
    seen: |look| {
        let (growth, past) = (look.now.size_growth.unwrap_or_default(), &look.package.size_growth);
        Seen::new(growth_of(growth), past.at_least(growth).to_string(), past.n)
    },
    examples: &[
        fires("thirty times as large", || Scene::steady(20).next(|e| e.unpacked_size = Some(3_000_000))),
        quiet("five per cent larger", || Scene::steady(20).next(|e| e.unpacked_size = Some(105_000))),
    ],
};
