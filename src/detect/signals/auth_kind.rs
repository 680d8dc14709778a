//! Is this kind of authentication new to the release line?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, trusted};
use crate::detect::wording::{most, name};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "auth-kind",
    group: Group::Credential,
    question: "Is this kind of authentication new to the release line?",
    why: "A stolen token publishes where a pipeline used to.",
    benign: "The move to trusted publishing; a hand release while the pipeline is broken.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::AuthKind },
    measure: |look| {
        look.package
            .line(look.event)
            .map_or(Evidence::NotApplicable, |line| Evidence::novelty(&line.auth, look.event.auth_kind))
    },
    sentence: "Published with {observed}; this line so far: {usual}.",
    seen: |look| {
        let auth = look.package.line(look.event).map(|l| l.auth.clone()).unwrap_or_default();
        Seen::new(name(look.event.auth_kind, look.words), most(&auth, look.words), auth.n)
    },
    examples: &[
        fires("an account publishes a line that a pipeline always published", || {
            Scene::steady(20).all(trusted).next(|_| {})
        }),
        quiet("the pipeline publishes", || Scene::steady(20).all(trusted).next(trusted)),
    ],
};
