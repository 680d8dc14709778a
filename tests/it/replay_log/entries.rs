//! The real entries that the replay server holds, and the index over them by Rekor's own rules.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sigstore_verify::crypto::{parse_certificate_info, sha256};
use sigstore_verify::types::DerCertificate;

use crate::shared::shared;

/// One real entry.
pub struct Kept {
    /// Its name: 64 or 80 hex digits.
    pub uuid: String,
    /// Index over all shards.
    pub index: u64,
    /// The `LogEntry` object.
    pub entry: Value,
    /// The decoded body.
    pub body: Vec<u8>,
}

impl Kept {
    /// As the log answers.
    pub fn answer(&self) -> Value {
        Value::Object(Map::from_iter([(self.uuid.clone(), self.entry.clone())]))
    }
}

/// Entries, and their names by what they are indexed by.
pub type Indexed = (Vec<Kept>, BTreeMap<String, Vec<String>>);

/// Every real entry, by index, read once; `None`, and a remark, without shared material.
pub fn real() -> Option<Arc<Indexed>> {
    static REAL: OnceLock<Option<Arc<Indexed>>> = OnceLock::new();
    let indexed = |kept: Vec<Kept>| {
        let index = index(&kept);
        Arc::new((kept, index))
    };
    REAL.get_or_init(|| read_all().map(indexed)).clone()
}

fn read_all() -> Option<Vec<Kept>> {
    let text = fs::read_to_string(shared("sigstore/rekor_v1/reconstructed_entries.jsonl")?).expect("the entries");
    let mut kept: Vec<Kept> = text.lines().flat_map(read).collect();
    kept.sort_by_key(|kept| kept.index);
    Some(kept)
}

fn read(line: &str) -> Vec<Kept> {
    let object: Map<String, Value> = serde_json::from_str(line).expect("an object");
    let read = |(uuid, entry): (String, Value)| {
        let body = STANDARD.decode(entry["body"].as_str().expect("a body")).expect("base64");
        Kept { uuid, index: entry["logIndex"].as_u64().expect("an index"), entry, body }
    };
    object.into_iter().map(read).collect()
}

/// Names of entries by what they are indexed by: `sha256:HEX`, a subject in lower case, `key HEX` of a PEM.
fn index(kept: &[Kept]) -> BTreeMap<String, Vec<String>> {
    let mut index: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for kept in kept {
        let body: Value = serde_json::from_slice(&kept.body).expect("a body");
        for key in keys_of(&body) {
            let names = index.entry(key).or_default();
            if !names.contains(&kept.uuid) {
                names.push(kept.uuid.clone());
            }
        }
    }
    index
}

fn keys_of(body: &Value) -> Vec<String> {
    let spec = &body["spec"];
    let (hashes, signers) = match body["kind"].as_str() {
        Some("hashedrekord") => (vec![&spec["data"]["hash"]], vec![&spec["signature"]["publicKey"]["content"]]),
        Some("dsse") => (vec![&spec["payloadHash"], &spec["envelopeHash"]], each(&spec["signatures"], "verifier")),
        Some("intoto") => {
            (vec![&spec["content"]["payloadHash"]], each(&spec["content"]["envelope"]["signatures"], "publicKey"))
        }
        _ => (vec![], vec![]),
    };
    let hash = |value: &&Value| Some(format!("{}:{}", value["algorithm"].as_str()?, value["value"].as_str()?));
    let mut keys: Vec<String> = hashes.iter().filter_map(hash).collect();
    for pem in signers.into_iter().filter_map(|signer| STANDARD.decode(signer.as_str()?).ok()) {
        keys.push(key_of(&pem));
        keys.extend(subject(&pem));
    }
    keys
}

fn each<'a>(list: &'a Value, member: &str) -> Vec<&'a Value> {
    list.as_array().into_iter().flatten().map(|value| &value[member]).collect()
}

/// The index key of a PEM.
pub fn key_of(pem: &[u8]) -> String {
    format!("key {}", sha256(pem).to_hex())
}

/// The subject of the first certificate in a PEM, in lower case.
fn subject(pem: &[u8]) -> Option<String> {
    let info = parse_certificate_info(&DerCertificate::from_pem(str::from_utf8(pem).ok()?).ok()?).ok()?;
    Some(info.identity?.as_str().to_lowercase())
}
