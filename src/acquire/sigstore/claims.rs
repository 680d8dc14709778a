//! What a build claims about itself: the SLSA provenance in an in-toto statement, written by the job, and where it
//! differs from what the certificate's authority vouches for.
//!
//! Read are predicate v1 (<https://slsa.dev/spec/v1.0/provenance>) with the build types of GitHub's workflows and
//! of GitLab's runner, and predicate v0.2 (<https://slsa.dev/spec/v0.2/provenance>) as npm's client and the SLSA
//! generators for GitHub write it.

use serde::Deserialize;
use serde_json::Value;

pub use super::differences::{Difference, differences};
use super::identity::runner;
use crate::error::{Error, Result};

/// Largest statement that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// Most claims that are kept beside the first of their field, and most that are noted as unread.
const MAX_NOTES: usize = 64;

const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];
/// What every version of the provenance predicate begins with.
const PROVENANCE: &str = "https://slsa.dev/provenance/";
/// The build type whose builder is the workflow that signed (actions/attest).
pub(super) const ATTESTED: &str = "https://actions.github.io/buildtypes/workflow/v1";
const REMEDY: &str = "fetch the attestation again from the registry itself";

/// What a provenance statement claims, in the form that [`Ci`] has. Nothing of it is proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Predicate type of the statement.
    pub predicate_type: String,
    /// How the build was done, as a URI.
    pub build_type: Option<String>,
    /// Source repository, as lower-case host/owner/name.
    pub repository: Option<String>,
    /// Full git ref that was built.
    pub ref_: Option<String>,
    /// Path of the workflow in the repository.
    pub workflow: Option<String>,
    /// Ref of the workflow.
    pub workflow_ref: Option<String>,
    /// Commit that was built, in lower case.
    pub commit: Option<String>,
    /// Event that started the build.
    pub trigger: Option<String>,
    /// Identifier of the repository.
    pub repository_id: Option<String>,
    /// Identifier of its owner.
    pub owner_id: Option<String>,
    /// `hosted`, `self-hosted`, or what else the runner is called.
    pub runner: Option<String>,
    /// Address of the run.
    pub run_uri: Option<String>,
    /// Identity of the builder.
    pub builder: Option<String>,
    /// Further values of the same fields that are not equal to the first: the statement contradicts itself.
    pub contradictions: Vec<(Field, String)>,
    /// Members that are there and could not be taken up, and why.
    pub unread: Vec<(&'static str, &'static str)>,
}

/// A fact that both a statement and a certificate give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Source repository.
    Repository,
    /// Git ref that was built.
    Ref,
    /// Path of the workflow.
    Workflow,
    /// Ref of the workflow.
    WorkflowRef,
    /// Commit that was built.
    Commit,
    /// Event that started the build.
    Trigger,
    /// Identifier of the repository.
    RepositoryId,
    /// Identifier of the owner.
    OwnerId,
    /// Kind of runner.
    Runner,
    /// Address of the run.
    RunUri,
}

impl Field {
    /// Every field, in the order in which differences are reported.
    pub const ALL: [Self; 10] = [
        Self::Repository,
        Self::Ref,
        Self::Workflow,
        Self::WorkflowRef,
        Self::Commit,
        Self::Trigger,
        Self::RepositoryId,
        Self::OwnerId,
        Self::Runner,
        Self::RunUri,
    ];

    /// The name under which it is reported.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Ref => "ref",
            Self::Workflow => "workflow",
            Self::WorkflowRef => "workflow_ref",
            Self::Commit => "commit",
            Self::Trigger => "trigger",
            Self::RepositoryId => "repository_id",
            Self::OwnerId => "owner_id",
            Self::Runner => "runner",
            Self::RunUri => "run_uri",
        }
    }
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

/// Reads a statement; `None` if it is no build provenance. Provenance of another version than v0.2 and v1 gives
/// nothing but its type, and is noted as unread.
///
/// # Errors
/// It is longer than [`MAX_BYTES`], no JSON, or no in-toto statement.
pub fn read(statement: &[u8]) -> Result<Option<Claims>> {
    let wrong = |what: String| Err(Error::tool(what).place("statement").remedy(REMEDY));
    if statement.len() > MAX_BYTES {
        return wrong(format!("the statement has {} bytes, of which {MAX_BYTES} are allowed", statement.len()));
    }
    let statement: Statement = match serde_json::from_slice(statement) {
        Ok(statement) => statement,
        Err(e) => return wrong(format!("is no in-toto statement: {e}")),
    };
    if !STATEMENTS.contains(&statement.kind.as_str()) {
        return wrong("is no in-toto statement of version 0.1 or 1".to_owned());
    }
    let Some(version) = statement.predicate_type.strip_prefix(PROVENANCE) else { return Ok(None) };
    let mut claims = Claims::default();
    match version {
        "v1" => claims.take_up_v1(&statement.predicate),
        "v0.2" => claims.take_up_v02(&statement.predicate),
        _ => claims.note("predicateType", "a version of the provenance that is not known"),
    }
    claims.predicate_type = statement.predicate_type;
    Ok(Some(claims))
}

impl Claims {
    /// Every value that the statement claims for a field.
    pub fn values(&self, field: Field) -> impl Iterator<Item = &str> {
        let first = match field {
            Field::Repository => &self.repository,
            Field::Ref => &self.ref_,
            Field::Workflow => &self.workflow,
            Field::WorkflowRef => &self.workflow_ref,
            Field::Commit => &self.commit,
            Field::Trigger => &self.trigger,
            Field::RepositoryId => &self.repository_id,
            Field::OwnerId => &self.owner_id,
            Field::Runner => &self.runner,
            Field::RunUri => &self.run_uri,
        };
        let further = self.contradictions.iter().filter(move |(known, _)| *known == field);
        first.as_deref().into_iter().chain(further.map(|(_, value)| value.as_str()))
    }

    /// Takes up a claim: the first of its field, or one that contradicts it.
    pub(super) fn add(&mut self, field: Field, claim: Option<String>) {
        let Some(claim) = claim else { return };
        let claim = match field {
            Field::Commit => claim.to_ascii_lowercase(),
            Field::Runner => runner(&claim),
            _ => claim,
        };
        if self.values(field).any(|known| known == claim) {
            return;
        }
        let slot = self.slot(field);
        if slot.is_none() {
            *slot = Some(claim);
        } else if self.contradictions.len() < MAX_NOTES {
            self.contradictions.push((field, claim));
        } else {
            self.note("statement", "contradicts itself more often than is kept");
        }
    }

    fn slot(&mut self, field: Field) -> &mut Option<String> {
        match field {
            Field::Repository => &mut self.repository,
            Field::Ref => &mut self.ref_,
            Field::Workflow => &mut self.workflow,
            Field::WorkflowRef => &mut self.workflow_ref,
            Field::Commit => &mut self.commit,
            Field::Trigger => &mut self.trigger,
            Field::RepositoryId => &mut self.repository_id,
            Field::OwnerId => &mut self.owner_id,
            Field::Runner => &mut self.runner,
            Field::RunUri => &mut self.run_uri,
        }
    }

    /// Notes what could not be taken up.
    pub(super) fn note(&mut self, place: &'static str, reason: &'static str) {
        if self.unread.len() < MAX_NOTES && !self.unread.contains(&(place, reason)) {
            self.unread.push((place, reason));
        }
    }
}
