//! Does the package run a script at install time for the first time?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::name;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "first-hook",
    group: Group::Footprint,
    question: "Does the package run a script at install time for the first time?",
    why: "The shortest way from publish to execution on the user's machine.",
    benign: "Native builds, telemetry, a build step: 0.09 % of publishes add one.",
    entity: Entity::Package,
    needs: Needs { history: 2, fact: Fact::Manifest },
    measure: |look| {
        let session = if look.now.in_session { look.package.session.start } else { look.event.at };
        if look.package.hooks.seen.first().is_some_and(|oldest| oldest.first < session) {
            return Evidence::NotApplicable;
        }
        Evidence::rate(look.event.install_scripts.is_some(), &look.package.hooked)
    },
    sentence: "Runs {observed} at install time; {usual} of {n} earlier publishes did.",
    seen: |look| Seen::new(name(look.event.install_scripts, look.words), "none", look.package.n),
    examples: &[
        fires("a preinstall script where there never was one", || {
            Scene::steady(20).next(|e| {
                e.install_scripts = said("preinstall");
                e.install_script_id = said("h1");
            })
        }),
        quiet("a package that always had one", || {
            Scene::steady(20).all(|e| {
                e.install_scripts = said("install");
                e.install_script_id = said("h1");
            })
        }),
    ],
};
