//! Is this a trusted-publisher configuration never seen on this package?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said, trusted};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "new-config",
    group: Group::CiIdentity,
    question: "Is this a trusted-publisher configuration never seen on this package?",
    why: "Whoever controls the account can bind the package to a repository of his own.",
    benign: "A changed workflow file or environment: 28 of 678 packages had two or three.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::Manifest },
    measure: |look| Evidence::novelty(&look.package.configs, look.event.oidc_config_id),
    sentence: "Configuration {observed}; so far {usual}.",
    seen: |look| Seen::among(look.event.oidc_config_id, &look.package.configs, look.words),
    examples: &[
        fires("another configuration", || {
            Scene::steady(20).all(trusted).next(|e| {
                trusted(e);
                e.oidc_config_id = said("c2");
            })
        }),
        quiet("the usual one", || Scene::steady(20).all(trusted).next(trusted)),
    ],
};
