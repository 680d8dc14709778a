//! Is the credential path younger than a day on this package?

use crate::baseline::stance::DAY;
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "path-age",
    group: Group::Credential,
    question: "Is the credential path younger than a day on this package?",
    why: "The public proxy for token age: how long this way of publishing (account, account with provenance, a trusted-publisher configuration) has been in use.",
    benign: "A changed pipeline; the move to trusted publishing.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::AuthKind },
    measure: |look| match look.package.paths.get(look.event.path) {
        None => Evidence::novelty(&look.package.paths, look.event.path),
        Some(known) => {
            let young = look.event.at - known.first < DAY && look.package.paths.seen.len() > 1;
            Evidence::counted(young, look.package.paths.novelties, look.package.paths.n)
        }
    },
    sentence: "This way of publishing ({observed}) was first seen here less than a day ago; so far: {usual}.",
    seen: |look| Seen::among(look.event.path, &look.package.paths, look.words),
    examples: &[
        fires("a trusted-publisher configuration never seen", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.oidc_config_id = said("c2");
            })
        }),
        quiet("the usual configuration", || Scene::steady(20).all(trusted).next(trusted)),
    ],
};
