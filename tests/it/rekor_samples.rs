//! Trusted roots, real entries and own logs for the tests of the transparency log.

use std::fs;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::acquire::rekor::keys::LogKeys;
use serde_json::{Value, json};
use sigstore_verify::crypto::{KeyPair, sha256};
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};

use crate::shared::shared;

/// The logs of the public instance.
pub fn public_logs() -> LogKeys {
    LogKeys::of_root(&TrustedRoot::from_embedded(SigstoreInstance::PublicGood).expect("embedded root"))
}

/// Logs of a root that is written here: base URL, SPKI, log id, window.
pub fn logs_of(tlogs: &[Value]) -> LogKeys {
    let root = json!({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": tlogs});
    LogKeys::of_root(&TrustedRoot::from_json(&root.to_string()).expect("a root"))
}

/// The line of the public root about the first log, to be altered.
pub fn public_tlog() -> Value {
    let text = SigstoreInstance::PublicGood.embedded_trusted_root_json();
    serde_json::from_str::<Value>(text).expect("JSON")["tlogs"][0].clone()
}

/// The real entries, each as `{uuid: LogEntry}`.
pub fn real_entries() -> Option<Vec<Value>> {
    let path = shared("sigstore/rekor_v1/reconstructed_entries.jsonl")?;
    let text = fs::read_to_string(path).expect("the entries");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

/// The line of a root about a log.
pub fn tlog(base_url: &str, spki: &[u8], log_id: &[u8], details: &str) -> Value {
    json!({
        "baseUrl": base_url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": STANDARD.encode(spki),
            "keyDetails": details,
            "validFor": {"start": "2020-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"},
        },
        "logId": {"keyId": STANDARD.encode(log_id)},
    })
}

/// A signature line of a note.
pub fn signature_line(name: &str, log_id: &[u8], signature: &[u8]) -> String {
    format!("— {name} {}\n", STANDARD.encode([&log_id[..4], signature].concat()))
}

/// A v1 log of our own.
pub struct EntryLog {
    key: KeyPair,
    /// Its id.
    pub log_id: [u8; 32],
    /// Its line in a root.
    pub tlog: Value,
}

impl EntryLog {
    pub fn new() -> Self {
        let key = KeyPair::generate_ecdsa_p256().expect("a key");
        let spki = key.public_key_der().expect("SPKI");
        let log_id = *sha256(spki.as_bytes()).as_bytes();
        let tlog = tlog("https://log.example/", spki.as_bytes(), &log_id, "PKIX_ECDSA_P256_SHA_256");
        Self { key, log_id, tlog }
    }

    /// The text as a note that this log signed under a name.
    pub fn note(&self, text: &str, name: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).expect("a signature");
        format!("{text}\n{}", signature_line(name, &self.log_id, signature.as_bytes()))
    }
}

/// A v2 log of our own, `https://tiles.example`.
pub struct TileLog {
    key: Ed25519KeyPair,
    /// Its id.
    pub log_id: [u8; 32],
    /// Its line in a root.
    pub tlog: Value,
}

impl TileLog {
    pub fn new() -> Self {
        const SPKI_OF_ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
        let public = key.public_key().as_ref();
        let log_id = *sha256(&[b"tiles.example\n\x01".as_slice(), public].concat()).as_bytes();
        let spki = [SPKI_OF_ED25519.as_slice(), public].concat();
        let tlog = tlog("https://tiles.example", &spki, &log_id, "PKIX_ED25519");
        Self { key, log_id, tlog }
    }

    /// The text as a note that this log signed under a name.
    pub fn note(&self, text: &str, name: &str) -> String {
        format!("{text}\n{}", self.line(text, name))
    }

    /// The signature line over a text.
    pub fn line(&self, text: &str, name: &str) -> String {
        signature_line(name, &self.log_id, self.key.sign(text.as_bytes()).as_ref())
    }
}
