//! Whom a verification trusts: a Sigstore root and npm's keys.

use std::fmt;

use sigstore_verify::Verifier;
use sigstore_verify::crypto::sha256;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};

use super::digest::hex;
use super::json::shown;
use super::npm_key::{self, NpmKey, Usage};
use crate::error::{Error, Result};

/// Most bytes of a trusted root; real ones have under 20 KB.
const MAX_ROOT: usize = 4 << 20;

/// Certificate authorities, logs, timestamp authorities and npm's keys, prepared once for many verifications.
pub struct Trust {
    verifier: Verifier,
    root: TrustedRoot,
    npm_keys: Vec<NpmKey>,
    id: String,
}

impl Trust {
    /// Sigstore's public good instance and npm's keys, as they stood when this was built.
    ///
    /// # Errors
    /// Never in practice: both are part of the program.
    pub fn embedded() -> Result<Self> {
        Self::from_json(SIGSTORE_PRODUCTION_TRUSTED_ROOT)
    }

    /// A `trusted_root.json` (sigstore/protobuf-specs, `sigstore_trustroot.proto`) with npm's embedded keys.
    ///
    /// # Errors
    /// It is no trusted root, is larger than 4 MB, holds no authority, or one of its keys, certificates or
    /// windows is unusable.
    pub fn from_json(text: &str) -> Result<Self> {
        const REMEDY: &str = "hand in trusted_root.json as Sigstore's TUF repository has it";
        let wrong = |what: String| Error::tool(what).remedy(REMEDY);
        if text.len() > MAX_ROOT {
            return Err(wrong(format!("the trusted root has {} bytes, at most {MAX_ROOT} are read", text.len())));
        }
        let root = TrustedRoot::from_json(text)
            .map_err(|error| wrong(format!("the trusted root cannot be read: {}", shown(&error.to_string()))))?;
        if root.certificate_authorities.is_empty() && root.tlogs.is_empty() {
            return Err(wrong("the trusted root names no certificate authority and no log".to_owned()));
        }
        let verifier = Verifier::new(&root)
            .map_err(|error| wrong(format!("the trusted root is unusable: {}", shown(&error.to_string()))))?;
        let mut id = hex(sha256(text.as_bytes()).as_slice());
        id.truncate(12);
        Ok(Self { verifier, root, npm_keys: npm_key::embedded()?, id })
    }

    /// The same root with other npm keys; the embedded ones no longer count.
    ///
    /// `json` is `keys.json` of the npm target in Sigstore's TUF repository, or a registry's own
    /// `-/npm/v1/keys`; a key of the latter may sign versions and attestations alike.
    ///
    /// # Errors
    /// It is neither, or a key is unusable; the error names its place.
    pub fn with_npm_keys(self, json: &str) -> Result<Self> {
        Ok(Self { npm_keys: npm_key::read(json)?, ..self })
    }

    /// The first 12 hexadecimal digits of the SHA-256 of the root's bytes.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What verifies signatures, certificates and log entries.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The root itself, with the keys of the logs.
    #[must_use]
    pub fn root(&self) -> &TrustedRoot {
        &self.root
    }

    /// npm's keys.
    #[must_use]
    pub fn npm_keys(&self) -> &[NpmKey] {
        &self.npm_keys
    }

    /// The key of that id for that usage, or the reason why there is none.
    pub(super) fn npm_key(&self, id: &str, usage: Usage) -> std::result::Result<&NpmKey, String> {
        let fits = |key: &&NpmKey| key.usage.is_none_or(|allowed| allowed == usage);
        let mut usable = self.npm_keys.iter().filter(fits);
        usable.clone().find(|key| key.id == id).ok_or_else(|| {
            let known: Vec<String> = usable.by_ref().map(|key| shown(&key.id)).collect();
            format!("the key `{}` is unknown; known are {}", shown(id), known.join(" and "))
        })
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("id", &self.id).field("npm_keys", &self.npm_keys).finish_non_exhaustive()
    }
}
