//! Our own verdict on a case.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use gaitkeeper::acquire::sigstore::attestation::Verdict;
use gaitkeeper::acquire::sigstore::digest::Digest;
use gaitkeeper::acquire::sigstore::trust::Trust;
use gaitkeeper::acquire::sigstore::verify::{Artifact, Signer, verify_bundle};
use sigstore_verify::types::DerPublicKey;

use super::cases::Case;

/// Our trust, one for each trust root, made once.
#[derive(Default)]
pub struct Ours(HashMap<PathBuf, Result<Trust, String>>);

impl Ours {
    /// Whether a bundle verifies, and why not.
    pub fn judge(&mut self, case: &Case) -> Result<(), String> {
        let trust = self.0.entry(case.root.clone()).or_insert_with(|| {
            let root = fs::read_to_string(&case.root).expect("a trusted root");
            Trust::from_json(&root).map_err(|error| error.to_string())
        });
        let trust = trust.as_ref().map_err(Clone::clone)?;
        let bytes = case.artifact.as_ref().map(|path| fs::read(path).expect("an artifact"));
        let digest = case.digest.as_deref().map(|digest| Digest::parse(digest).expect("a digest"));
        let artifact = match (&bytes, &digest) {
            (Some(bytes), _) => Artifact::Bytes(bytes),
            (None, digest) => Artifact::Digest(digest.as_ref().expect("an artifact or its digest")),
        };
        let attestation = verify_bundle(case.bundle.as_bytes(), artifact, &signer(case)?, trust);
        match attestation.verdict() {
            Verdict::Verified => Ok(()),
            Verdict::Failed { step, why } => Err(format!("{step:?}: {why}")),
            Verdict::Unverifiable { why } | Verdict::Infrastructure { why } => Err(why),
            Verdict::Absent => Err("absent".to_owned()),
        }
    }
}

/// Who must have signed: npm's keys are ours to find by their hints.
fn signer(case: &Case) -> Result<Signer, String> {
    match (&case.key, &case.identity, &case.issuer) {
        (Some(_), _, _) if case.hint.is_some() => Ok(Signer::Any),
        (Some(key), _, _) => DerPublicKey::from_pem(key).map(Signer::Key).map_err(|error| error.to_string()),
        (None, Some(identity), Some(issuer)) => {
            Ok(Signer::Identity { identity: identity.clone(), issuer: issuer.clone() })
        }
        (None, ..) => Ok(Signer::Any),
    }
}
