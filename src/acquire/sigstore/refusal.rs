//! Where a verification ended: the verifier's errors as steps of the table.
//!
//! The verifier ends at the first failure and does not say what it had done by then; its order is known, though.
//! For a certificate: shape of the bundle, then per timestamp and per promise the trusted times, certificate
//! chain, certificate log, inclusion, signature, content of the entries. For a key: shape, inclusion and promise,
//! timestamps, signature, content of the entries.

use std::time::{Duration, SystemTime};

use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, KindVersion, LogKeyId};
use sigstore_verify::{Error, TransparencyLogError, bundle};

use super::attestation::Verdict;
use super::digest::hex;
use super::json::shown;
use super::steps::StepId;

/// The order in which the steps run for a certificate, after the subject.
pub(super) const CERTIFICATE_ORDER: &[StepId] = &[
    StepId::Promise,
    StepId::Time,
    StepId::Certificate,
    StepId::Sct,
    StepId::Inclusion,
    StepId::Signature,
    StepId::Entry,
];

/// The order in which the steps run for a key, after the subject.
pub(super) const KEY_ORDER: &[StepId] =
    &[StepId::Inclusion, StepId::Promise, StepId::Time, StepId::Signature, StepId::Entry, StepId::KeyWindow];

/// How a verification ended early.
pub(super) struct Refusal {
    /// The step at which it ended.
    pub(super) step: StepId,
    /// What had been done by then and holds.
    pub(super) done: Done,
    pub(super) verdict: Verdict,
}

/// Which steps hold although the verification ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// None that are known.
    Nothing,
    /// Those before the failed one, in the order of running.
    Earlier,
    /// All that the verifier runs: what failed was looked at after it.
    Signed,
}

impl Refusal {
    /// The step does not hold.
    pub(super) fn failed(step: StepId, done: Done, why: String) -> Self {
        Self { step, done, verdict: Verdict::Failed { step, why } }
    }

    /// The object cannot be judged.
    pub(super) fn unverifiable(step: StepId, why: String) -> Self {
        Self { step, done: Done::Nothing, verdict: Verdict::Unverifiable { why } }
    }

    /// The reason, in words.
    pub(super) fn why(&self) -> &str {
        match &self.verdict {
            Verdict::Failed { why, .. } | Verdict::Unverifiable { why } | Verdict::Infrastructure { why } => why,
            Verdict::Verified | Verdict::Absent => "",
        }
    }

    /// The verifier's error as a step. What the caller has compared before, above all that the digest is one that
    /// the bundle names, is not looked at again.
    pub(super) fn of(error: &Error, bundle: &Bundle, root: &TrustedRoot) -> Self {
        let refusal = Self::of_error(error, bundle);
        match (&refusal.verdict, unknown_log(bundle, root)) {
            // A log that began after the root was written fails just so: the reader is to know.
            (Verdict::Failed { why, .. }, Some(log)) if matches!(refusal.step, StepId::Promise | StepId::Inclusion) => {
                let why = format!("{why} (the trusted root does not know the log {log})");
                Self::failed(refusal.step, refusal.done, why)
            }
            _ => refusal,
        }
    }

    fn of_error(error: &Error, bundle: &Bundle) -> Self {
        let why = shown(&error.to_string());
        let (step, done) = match error {
            Error::SignatureInvalid(_) => (StepId::Signature, Done::Earlier),
            Error::Crypto(_) | Error::Types(_) => (StepId::Signature, Done::Nothing),
            Error::ArtifactMismatch(_) => (StepId::Entry, Done::Earlier),
            Error::Certificate(kind) => of_certificate(kind),
            Error::IdentityMismatch { .. } | Error::IssuerMismatch { .. } => (StepId::Certificate, Done::Earlier),
            Error::TransparencyLog(TransparencyLogError::IntegratedTime(_)) if is_ahead(bundle) => {
                let why = format!("{why}: the clock of this machine, or the log's, is wrong");
                return Self { step: StepId::Time, done: Done::Nothing, verdict: Verdict::Infrastructure { why } };
            }
            Error::TransparencyLog(kind) => of_log(kind, bundle),
            Error::Timestamp(_) => {
                let is_key = bundle.signing_certificate().is_none();
                (StepId::Time, if is_key { Done::Earlier } else { Done::Nothing })
            }
            Error::InvalidBundle(_) => (StepId::Subject, Done::Nothing),
            Error::UnsupportedBundle(_) => return Self::unverifiable(StepId::Entry, why),
            Error::UnsupportedArtifact(_) => return Self::unverifiable(StepId::Subject, why),
            Error::Bundle(kind) => return of_structure(kind, why),
            _ => {
                let verdict = Verdict::Infrastructure { why };
                return Self { step: StepId::Certificate, done: Done::Nothing, verdict };
            }
        };
        Self::failed(step, done, why)
    }
}

fn of_certificate(error: &sigstore_verify::CertificateError) -> (StepId, Done) {
    use sigstore_verify::CertificateError as E;
    match error {
        E::Sct(_) => (StepId::Sct, Done::Earlier),
        // It may have been the very first thing that was looked at.
        E::Malformed(_) => (StepId::Certificate, Done::Nothing),
        _ => (StepId::Certificate, Done::Earlier),
    }
}

fn of_log(error: &TransparencyLogError, bundle: &Bundle) -> (StepId, Done) {
    use TransparencyLogError as E;
    match error {
        E::InclusionProof(_) | E::Checkpoint(_) => (StepId::Inclusion, Done::Earlier),
        E::InclusionPromise(_) | E::UnknownLog { .. } => (StepId::Promise, Done::Earlier),
        E::IntegratedTime(_) => (StepId::Time, Done::Nothing),
        E::EntryMismatch(_) => (StepId::Entry, Done::Earlier),
        // The id of the log is read with the promise, the body at the very end.
        _ if has_odd_log_id(bundle) => (StepId::Promise, Done::Nothing),
        _ => (StepId::Entry, Done::Earlier),
    }
}

fn of_structure(error: &bundle::Error, why: String) -> Refusal {
    use bundle::Error as E;
    match error {
        E::MissingInclusionPromise(_) => Refusal::failed(StepId::Promise, Done::Nothing, why),
        E::MissingInclusionProof(_)
        | E::MissingSigningTimeEvidence
        | E::MissingCheckpoint
        | E::LogIndexOutOfRange { .. }
        | E::CheckpointRootMismatch => Refusal::failed(StepId::Inclusion, Done::Nothing, why),
        E::MissingTimestamp => Refusal::failed(StepId::Time, Done::Nothing, why),
        _ => Refusal::unverifiable(StepId::Parse, why),
    }
}

/// The id of an entry's log that the trusted root does not name.
fn unknown_log(bundle: &Bundle, root: &TrustedRoot) -> Option<String> {
    let mut ids = bundle.verification_material.tlog_entries.iter().map(|entry| &entry.log_id.key_id);
    let is_known = |id: &LogKeyId| root.tlogs.iter().any(|log| log.log_id.key_id == *id);
    ids.find(|id| !is_known(id)).map(|id| hex(id.as_bytes()))
}

/// Log ids are SHA-256 digests, in the first version of the log and in the second.
fn has_odd_log_id(bundle: &Bundle) -> bool {
    bundle.verification_material.tlog_entries.iter().any(|entry| entry.log_id.key_id.len() != 32)
}

/// Whether an entry has a time that is still to come.
fn is_ahead(bundle: &Bundle) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let mut times = bundle.verification_material.tlog_entries.iter().filter_map(|entry| entry.integrated_time);
    times.any(|time| time.as_second() > now)
}

/// What keeps an entry of the bundle from being authenticated at all: bundles from version 0.2 on prove each
/// entry, those of version 0.1 have a promise or a proof.
pub(super) fn unproven_entry(bundle: &Bundle) -> Option<Refusal> {
    use sigstore_verify::types::MediaType;
    let entries = bundle.verification_material.tlog_entries.iter().enumerate();
    for (at, entry) in entries {
        let has_promise = entry.inclusion_promise.is_some() && entry.kind_version != KindVersion::HashedRekordV002;
        if entry.inclusion_proof.is_none() && (bundle.media_type != MediaType::Bundle0_1 || !has_promise) {
            let why = format!("tlogEntries[{at}] has no inclusion proof");
            return Some(Refusal::failed(StepId::Inclusion, Done::Nothing, why));
        }
    }
    None
}
