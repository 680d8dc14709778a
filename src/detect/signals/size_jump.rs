//! Is the package much larger than the last of its line?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, factor};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "size-jump",
    group: Group::Footprint,
    question: "Is the package much larger than the last of its line?",
    why: "Bundled payloads are large: megabytes where kilobytes were.",
    benign: "Assets or a bundled dependency added.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Size },
    measure: |look| match look.now.size_ratio {
        Some(ratio) if ratio > 0.02 => Evidence::Above { value: ratio, past: look.package.size_ratio },
        Some(_) => Evidence::Usual,
        None => Evidence::NotApplicable,
    },
    sentence: "Grew {observed}; {n} earlier steps were typically {usual}.",
    seen: |look| {
        let past = &look.package.size_ratio;
        Seen::new(factor(look.now.size_ratio.unwrap_or_default()), factor(past.mean), count(past.n))
    },
    examples: &[
        fires("thirty times as large", || Scene::steady(20).next(|e| e.unpacked_size = Some(3_000_000))),
        quiet("one per cent larger", || Scene::steady(20).next(|e| e.unpacked_size = Some(101_000))),
    ],
};
