//! Strings that publishes of many packages have.

use crate::archive::block::Repeated;
use crate::engine::simulate::habits::{Habits, Word};
use crate::names::{NPM, NPM_TRUSTED_PUBLISHER_ACCOUNT};

/// A workflow path by how common it is.
const WORKFLOWS: [&str; 6] = ["release.yml", "publish.yml", "ci.yml", "release.yaml", "nightly.yml", "main.yml"];

/// What is the same wherever it is said.
pub(super) struct Words {
    /// The registry, and the name of an environment.
    pub npm: Repeated,
    /// Account, e-mail and domain of who publishes for a trusted publisher.
    pub trusted: [Repeated; 3],
    /// Kinds of authentication.
    pub trusted_publisher: Repeated,
    pub account: Repeated,
    /// Whom packages trust.
    pub github: Repeated,
    pub tag: Repeated,
    pub branch: Repeated,
    pub main: Repeated,
    pub hosted: Repeated,
    pub preinstall: Repeated,
    pub workflows: Vec<Repeated>,
    pub triggers: Vec<Repeated>,
    pub predicates: Vec<Repeated>,
    pub hooks: Vec<Repeated>,
    /// Clients and their runtimes, by year.
    pub clients: Vec<Vec<[Repeated; 2]>>,
}

impl Words {
    pub(super) fn of(habits: &Habits) -> Self {
        let p = &habits.publishes;
        let all = |words: &[Word]| words.iter().map(|word| word.0.as_str().into()).collect();
        let clients = habits
            .years
            .iter()
            .map(|year| year.clients.iter().map(|c| [c.0.as_str().into(), c.1.as_str().into()]).collect());
        Self {
            npm: NPM.into(),
            trusted: [NPM_TRUSTED_PUBLISHER_ACCOUNT, "000000000001", "github.com"].map(Repeated::from),
            trusted_publisher: "trusted_publisher".into(),
            account: "account".into(),
            github: "github".into(),
            tag: "tag".into(),
            branch: "branch".into(),
            main: "refs/heads/main".into(),
            hosted: "hosted".into(),
            preinstall: "preinstall".into(),
            workflows: WORKFLOWS.map(|path| format!(".github/workflows/{path}").into()).into(),
            triggers: all(&p.triggers),
            predicates: all(&p.provenance),
            hooks: all(&p.hooks),
            clients: clients.collect(),
        }
    }
}
