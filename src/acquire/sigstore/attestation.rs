//! What a verification comes to.

use super::digest::Digest;
use super::document::Form;
use super::steps::{State, Step, StepId};

/// What an attestation or a document comes to. The order of severity is that of [`Report::verdict`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every step that applies holds.
    Verified,
    /// A step does not hold.
    Failed {
        /// The step.
        step: StepId,
        /// Why, in words.
        why: String,
    },
    /// The object is damaged or of an unsupported kind: it cannot be judged, and nothing says that it is forged.
    Unverifiable {
        /// Why, in words.
        why: String,
    },
    /// The clock of this machine or the trusted root stood in the way.
    Infrastructure {
        /// Why, in words.
        why: String,
    },
    /// There is nothing to judge.
    Absent,
}

/// Which digest a signature was verified for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundTo {
    /// The file's digest, as the caller expected it.
    Expected(Digest),
    /// The digest that the attestation itself names: none was expected, so that nothing ties it to a file yet.
    Own(Digest),
    /// None: verification did not come that far, or the digest is of a kind that is only found in bundles.
    Nothing,
}

/// A log entry that an attestation carries, as found, verified or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRef {
    /// The log's id in hexadecimal digits.
    pub log_id: String,
    /// The index in the log, over all its shards.
    pub index: i64,
    /// When the log took the entry up, in seconds since 1970; logs of version 2 do not say.
    pub integrated_at: Option<i64>,
    /// Kind and version of the entry: `dsse 0.0.1`.
    pub kind: String,
}

/// One attestation with the steps of its verification.
#[derive(Clone, Debug)]
pub struct Attestation {
    /// Where in the document: `attestations[1]`.
    pub place: String,
    /// The purl that the document itself gives for this attestation: npm's audit output names many packages.
    pub about: Option<String>,
    /// The predicate type that the signed statement states, or the document where there is no statement to read.
    pub predicate_type: Option<String>,
    /// The media type of the bundle, for PEP 740 of the one that it is mapped to; empty where none could be read.
    pub media_type: String,
    /// The steps, in the order of [`StepId::ALL`].
    pub steps: Vec<Step>,
    /// The signer's certificate in DER, as found, verified or not.
    pub certificate: Option<Vec<u8>>,
    /// The signed statement, as found, verified or not.
    pub statement: Option<Vec<u8>>,
    /// The log entries, as found, verified or not.
    pub log: Vec<LogRef>,
    /// The times that trusted sources give for the signature, in seconds since 1970; empty unless verified.
    pub verified_at: Vec<i64>,
    /// The id of the key that signed, where that is not a certificate's.
    pub key_id: Option<String>,
    /// PEP 740's `publisher` object, in JSON: the registry's own claim, not part of what is signed.
    pub publisher: Option<String>,
    /// Which digest the signature was verified for.
    pub bound_to: BoundTo,
    /// The purl that the subject was compared with, if any.
    pub compared_with: Option<String>,
    pub(super) verdict: Verdict,
}

impl Attestation {
    /// What it comes to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict.clone()
    }

    /// How a step ended.
    #[must_use]
    pub fn state(&self, id: StepId) -> &State {
        self.steps.iter().find(|step| step.id == id).map_or(&State::NotReached, |step| &step.state)
    }
}

/// A document with its attestations.
#[derive(Clone, Debug)]
pub struct Report {
    /// What kind of document it is.
    pub form: Form,
    /// Each attestation, in the order of the document.
    pub attestations: Vec<Attestation>,
    /// What the document says beyond its attestations, and what was left out and why.
    pub remarks: Vec<String>,
    /// The trusted root: [`super::trust::Trust::id`].
    pub trusted_root: String,
}

impl Report {
    /// Verified where there is at least one attestation and each verifies; else the gravest verdict among them:
    /// a failure before an obstacle of the infrastructure before what cannot be judged. Absent where there are
    /// none.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let gravity = |attestation: &&Attestation| match attestation.verdict {
            Verdict::Absent => 0,
            Verdict::Verified => 1,
            Verdict::Unverifiable { .. } => 2,
            Verdict::Infrastructure { .. } => 3,
            Verdict::Failed { .. } => 4,
        };
        // Of equally grave ones the first counts.
        let gravest = self.attestations.iter().rev().max_by_key(gravity);
        gravest.map_or(Verdict::Absent, Attestation::verdict)
    }
}
