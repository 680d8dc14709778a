//! The keys of the logs in the tests: they sign checkpoints, and stand in a trusted root beside the real ones.

use std::fs;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_verify::crypto::{KeyPair, sha256};
use sigstore_verify::trust_root::TrustedRoot;

use super::tree::Hash;
use crate::shared::shared;

/// The name of the v1 log.
pub const ENTRIES: &str = "rekor.example";
/// The name of the v2 log.
pub const TILES: &str = "log.example";
/// Before the 32 bytes of an Ed25519 key in its SPKI form (RFC 8410).
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A key that signs checkpoints.
pub enum Signer {
    /// Of a v1 log.
    Entries(KeyPair),
    /// Of a v2 log.
    Tiles(Ed25519KeyPair),
}

impl Signer {
    /// A new key of a v1 log.
    pub fn entries() -> Self {
        Self::Entries(KeyPair::generate_ecdsa_p256().expect("a key"))
    }

    /// A new key of a v2 log.
    pub fn tiles() -> Self {
        Self::Tiles(Ed25519KeyPair::generate().expect("a key"))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Entries(_) => ENTRIES,
            Self::Tiles(_) => TILES,
        }
    }

    fn spki(&self) -> Vec<u8> {
        match self {
            Self::Entries(key) => key.public_key_der().expect("a key").as_bytes().to_vec(),
            Self::Tiles(key) => [&ED25519, key.public_key().as_ref()].concat(),
        }
    }

    /// The log's id.
    pub fn log_id(&self) -> Hash {
        let named = match self {
            Self::Entries(_) => self.spki(),
            Self::Tiles(key) => [TILES.as_bytes(), b"\n\x01", key.public_key().as_ref()].concat(),
        };
        sha256(&named).into()
    }

    /// A signed note with this origin, size and root.
    pub fn note(&self, origin: &str, size: usize, root: &Hash) -> String {
        let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root));
        let signature = match self {
            Self::Entries(key) => key.sign(text.as_bytes()).expect("a signature").as_bytes().to_vec(),
            Self::Tiles(key) => key.sign(text.as_bytes()).as_ref().to_vec(),
        };
        let line = [&self.log_id()[..4], &signature].concat();
        format!("{text}\n— {} {}\n", self.name(), STANDARD.encode(line))
    }

    fn entry(&self) -> Value {
        let details = match self {
            Self::Entries(_) => "PKIX_ECDSA_P256_SHA_256",
            Self::Tiles(_) => "PKIX_ED25519",
        };
        json!({
            "baseUrl": format!("https://{}", self.name()),
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": STANDARD.encode(self.spki()),
                "keyDetails": details,
                "validFor": {"start": "2021-01-12T11:53:27Z"},
            },
            "logId": {"keyId": STANDARD.encode(self.log_id())},
        })
    }
}

/// The public trusted root with the logs of the tests added; `None`, and a remark, without shared material.
pub fn trusted_root(signers: &[&Signer]) -> Option<TrustedRoot> {
    let text = fs::read_to_string(shared("sigstore/trust/trusted_root.json")?).expect("the trusted root");
    let mut root: Value = serde_json::from_str(&text).expect("JSON");
    let logs = root["tlogs"].as_array_mut().expect("logs");
    logs.extend(signers.iter().map(|signer| signer.entry()));
    Some(TrustedRoot::from_json(&root.to_string()).expect("a trusted root"))
}
