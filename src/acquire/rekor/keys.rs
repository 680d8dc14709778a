//! The keys of the transparency logs that a trusted root names.

use std::fmt;

use sigstore_verify::crypto::{SigningScheme, VerificationKey, sha256};
use sigstore_verify::trust_root::{TransparencyLog, TrustedRoot};
use sigstore_verify::types::SignatureBytes;

use crate::acquire::rekor::{Hash, hex};

/// One log of a trusted root, with its key.
pub struct LogKey {
    /// Base URL of the log, without a slash at its end.
    pub base_url: String,
    /// What the log calls itself in its checkpoints: the base URL without its scheme.
    pub name: String,
    /// The log's id. Its first four bytes mark the log's signature lines.
    pub log_id: Hash,
    /// How the log is read.
    pub style: Style,
    /// Unix seconds from which the key is good, `None` where the root sets no window.
    pub valid_from: Option<i64>,
    /// Unix seconds until which the key is good, that second included; `None` where it has no end.
    pub valid_until: Option<i64>,
    key: VerificationKey,
}

/// How a log is read; told by how its id comes from its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Rekor v1: entries by index and uuid, signed entry timestamps. The id is SHA-256 of the key's SPKI.
    Entries,
    /// Rekor v2: tiles. The id is the C2SP key id of an Ed25519 key, which the log's name is part of.
    Tiles,
}

/// The logs of a trusted root whose keys can be used.
#[derive(Debug, Default)]
pub struct LogKeys {
    logs: Vec<LogKey>,
    refused: Vec<(String, String)>,
}

impl LogKeys {
    /// Takes up the logs of a trusted root. Those that cannot be used are kept in [`LogKeys::refused`]:
    /// a key that is not understood, an id that is not that key's, an id that another log already has.
    #[must_use]
    pub fn of_root(root: &TrustedRoot) -> Self {
        let mut keys = Self::default();
        for log in &root.tlogs {
            match LogKey::of_log(log) {
                Ok(key) if keys.log(&key.log_id).is_some() => {
                    keys.refused.push((key.base_url, format!("log id {} is another log's already", hex(&key.log_id))));
                }
                Ok(key) => keys.logs.push(key),
                Err(reason) => keys.refused.push((log.base_url.clone(), reason)),
            }
        }
        keys
    }

    /// Every usable log, in the root's order.
    #[must_use]
    pub fn logs(&self) -> &[LogKey] {
        &self.logs
    }

    /// Base URL and reason of every log that could not be taken up.
    #[must_use]
    pub fn refused(&self) -> &[(String, String)] {
        &self.refused
    }

    /// The log of an id.
    #[must_use]
    pub fn log(&self, log_id: &Hash) -> Option<&LogKey> {
        self.logs.iter().find(|log| log.log_id == *log_id)
    }
}

impl LogKey {
    fn of_log(log: &TransparencyLog) -> Result<Self, String> {
        let base_url = log.base_url.trim_end_matches('/').to_owned();
        let name = base_url.split_once("://").map_or(base_url.as_str(), |(_, rest)| rest).to_owned();
        let spki = &log.public_key.raw_bytes;
        let key = VerificationKey::from_spki(spki).map_err(|error| format!("its key cannot be used: {error}"))?;
        let log_id =
            Hash::try_from(log.log_id.key_id.as_bytes()).map_err(|_| "its log id is not 32 bytes".to_owned())?;
        let style = if log_id == *sha256(spki.as_bytes()).as_bytes() {
            Style::Entries
        } else if key.scheme() == SigningScheme::Ed25519 && log_id == ed25519_key_id(&name, key.as_bytes()) {
            Style::Tiles
        } else {
            return Err(format!("log id {} is not the id of its key under the name {name}", hex(&log_id)));
        };
        let window = log.public_key.valid_for.as_ref();
        Ok(Self {
            valid_from: window.map(|window| window.start.as_second()),
            valid_until: window.and_then(|window| Some(window.end?.as_second())),
            base_url,
            name,
            log_id,
            style,
            key,
        })
    }

    /// Whether the key may have signed at `at` (Unix seconds). Both ends of the window belong to it.
    #[must_use]
    pub fn is_valid_at(&self, at: i64) -> bool {
        self.valid_from.is_none_or(|from| from <= at) && self.valid_until.is_none_or(|until| at <= until)
    }

    /// Whether `signature` is this log's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify(message, &SignatureBytes::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKey")
            .field("name", &self.name)
            .field("log_id", &hex(&self.log_id))
            .field("style", &self.style)
            .field("valid_from", &self.valid_from)
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

/// The id of an Ed25519 key in signed notes: its name, a line break, the algorithm's number, the key
/// (C2SP signed-note). Notes carry the first four bytes, Sigstore's log ids all of it.
fn ed25519_key_id(name: &str, key: &[u8]) -> Hash {
    const LINE_BREAK_AND_ED25519: [u8; 2] = [b'\n', 1];
    *sha256(&[name.as_bytes(), &LINE_BREAK_AND_ED25519, key].concat()).as_bytes()
}
