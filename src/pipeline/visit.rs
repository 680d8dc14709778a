//! A visit to a package: what is to be visited, what became of it, and what it brings for the next commit.

use crate::archive::merge::News;
use crate::archive::packs::Packed;
use crate::archive::state::Memory;
use crate::error::Error;
use crate::names::PackageId;

/// A package to visit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// The package.
    pub id: PackageId,
    /// Revision that the change feed announced.
    pub least: Option<i64>,
    /// The change feed says that it was deleted.
    pub deleted: bool,
}

impl Target {
    /// A package of which nothing was announced.
    pub(super) fn of(id: PackageId) -> Self {
        Self { id, least: None, deleted: false }
    }
}

/// What became of a package.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Nothing new.
    Unchanged,
    /// Another document than before; the first one, if none was held.
    Changed { first: bool },
    /// The document is older than what is held, or than what the feed announced, and was not taken.
    Stale,
    /// The registry has no such package; it had, if one was held.
    Absent { known: bool },
    /// Nothing was taken: no answer, or a document that cannot be learnt from.
    Failed(Error),
}

/// What a visit brought, for the next commit.
pub(super) struct Visit {
    /// The package.
    pub id: PackageId,
    /// What became of it.
    pub outcome: Outcome,
    /// Documents to store.
    pub documents: Vec<Packed>,
    /// What its documents say that they did not say before.
    pub news: News,
    /// What is to be remembered.
    pub memory: Memory,
    /// Reasons to trust the document less.
    pub warnings: Vec<String>,
    /// Facts of the document that could not be taken up.
    pub skipped: usize,
    /// Attestation documents that were fetched.
    pub attestations: usize,
    /// Their paths and texts, for facts that only they state.
    pub attested: Vec<(String, Vec<u8>)>,
    /// Attestation documents among them that verified.
    pub verified: usize,
    /// Those that did not, each with the step and the reason.
    pub refused: Vec<String>,
    /// Attestation documents that could not be had, with the last reason.
    pub owed: Option<(usize, Error)>,
}

impl Visit {
    /// A visit that has brought nothing yet.
    pub(super) fn of(id: &PackageId) -> Self {
        Self {
            id: id.clone(),
            outcome: Outcome::Unchanged,
            documents: Vec::new(),
            news: News::default(),
            memory: Memory::default(),
            warnings: Vec::new(),
            skipped: 0,
            attestations: 0,
            attested: Vec::new(),
            verified: 0,
            refused: Vec::new(),
            owed: None,
        }
    }
}
