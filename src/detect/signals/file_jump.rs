//! Does the package have many more files than the last of its line?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::growth_of;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "file-jump",
    group: Group::Footprint,
    question: "Does the package have many more files than the last of its line?",
    why: "A payload brings its files.",
    benign: "A build that ships more.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Files },
    measure: |look| {
        look.now
            .file_growth
            .map_or(Evidence::NotApplicable, |growth| Evidence::reaches(growth, 2, &look.package.file_growth))
    },
    sentence: "File count grew by {observed}; {usual} of {n} earlier steps were as large.",
    seen: |look| {
        let (growth, past) = (look.now.file_growth.unwrap_or_default(), &look.package.file_growth);
        Seen::new(growth_of(growth), past.at_least(growth).to_string(), past.n)
    },
    examples: &[
        fires("ten times the files", || Scene::steady(20).next(|e| e.file_count = Some(100))),
        quiet("the same files", || Scene::steady(20)),
    ],
};
