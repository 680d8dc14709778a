//! Does the package have many more files than the last of its line?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, factor};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "file-jump",
    group: Group::Footprint,
    question: "Does the package have many more files than the last of its line?",
    why: "A payload brings its files.",
    benign: "A build that ships more.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Files },
    measure: |look| match look.now.file_ratio {
        Some(ratio) if ratio > 0.0 => Evidence::Above { value: ratio, past: look.package.file_ratio },
        Some(_) => Evidence::Usual,
        None => Evidence::NotApplicable,
    },
    sentence: "File count grew {observed}; {n} earlier steps were typically {usual}.",
    seen: |look| {
        let past = &look.package.file_ratio;
        Seen::new(factor(look.now.file_ratio.unwrap_or_default()), factor(past.mean), count(past.n))
    },
    examples: &[
        fires("ten times the files", || Scene::steady(20).next(|e| e.file_count = Some(100))),
        quiet("the same files", || Scene::steady(20)),
    ],
};
