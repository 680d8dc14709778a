//! Answers of the log's entry calls, to entries.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Answer, Entry, InclusionProof, RefusedEntry};
use crate::acquire::rekor::{Hash, body, hash_of_hex, proof};
use crate::error::{Error, Result, printable};

/// Most entries of one answer that are taken up. The log gives ten at a time at most.
pub const MAX_ENTRIES: usize = 1000;
/// Most hashes of a proof: a tree of 2^64 leaves has no more levels.
const MAX_HASHES: usize = 64;
/// Most bytes of a stranger's string that are repeated in a reason.
const MAX_QUOTE: usize = 200;

/// Reads an answer with entries: `{"UUID": LogEntry}` or an array of such objects.
///
/// # Errors
/// The answer is not JSON or of another shape as a whole. An entry that is malformed in itself is in
/// [`Answer::refused`], and so is what is beyond [`MAX_ENTRIES`].
pub fn parse_answer(json: &[u8]) -> Result<Answer> {
    let wrong = |error: serde_json::Error| {
        Error::tool(format!("the answer is not one with log entries: {error}"))
            .place(format!("line {}, column {}", error.line(), error.column()))
            .remedy("check the log's address: something else may answer in its place")
    };
    let is_list = json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let lists: Vec<Keyed> = if is_list {
        serde_json::from_slice(json).map_err(wrong)?
    } else {
        vec![serde_json::from_slice(json).map_err(wrong)?]
    };
    let mut answer = Answer::default();
    let mut seen = BTreeSet::new();
    let mut left_out = 0_usize;
    for (uuid, entry) in lists.into_iter().flat_map(|keyed| keyed.0) {
        if seen.len() == MAX_ENTRIES {
            left_out += 1;
            continue;
        }
        let parsed = if seen.insert(uuid.to_ascii_lowercase()) {
            entry_of(&uuid, entry)
        } else {
            Err("the answer repeats it".to_owned())
        };
        match parsed {
            Ok(entry) => answer.entries.push(entry),
            Err(reason) => answer.refused.push(RefusedEntry { uuid: quote(&uuid), reason: quote(&reason) }),
        }
    }
    if left_out > 0 {
        let reason = format!("{left_out} more than the {MAX_ENTRIES} entries that are taken from one answer");
        answer.refused.push(RefusedEntry { uuid: String::new(), reason });
    }
    Ok(answer)
}

/// A stranger's text, made safe to show and short.
fn quote(text: &str) -> String {
    let mut shown = printable(text);
    if shown.len() > MAX_QUOTE {
        shown.truncate(shown.floor_char_boundary(MAX_QUOTE));
        shown.push_str("...");
    }
    shown
}

/// One object of entries by their uuid, in its order and with what it repeats.
struct Keyed<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Keyed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of log entries by uuid")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Text(uuid), entry)) = map.next_entry()? {
                    entries.push((uuid, entry));
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(InOrder).map(Keyed)
    }
}

/// A string that is borrowed unless it has escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An entry as it stands in an answer. The attestation that some old entries store is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEntry<'a> {
    #[serde(borrow)]
    body: Cow<'a, str>,
    integrated_time: Option<i64>,
    #[serde(rename = "logID", borrow)]
    log_id: Cow<'a, str>,
    log_index: u64,
    #[serde(borrow)]
    verification: Option<Verification<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification<'a> {
    #[serde(borrow)]
    inclusion_proof: Option<Proof<'a>>,
    signed_entry_timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof<'a> {
    checkpoint: Option<String>,
    #[serde(borrow)]
    hashes: Vec<Text<'a>>,
    log_index: u64,
    #[serde(borrow)]
    root_hash: Cow<'a, str>,
    tree_size: u64,
}

fn entry_of(uuid: &str, entry: &RawValue) -> std::result::Result<Entry, String> {
    let is_hex = uuid.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hex || !matches!(uuid.len(), 64 | 80) {
        return Err("its uuid is not 64 or 80 hex digits".to_owned());
    }
    let entry: LogEntry =
        serde_json::from_str(entry.get()).map_err(|error| format!("it is not a log entry: {error}"))?;
    if hash_of_hex(&entry.log_id).is_none() {
        return Err("its logID is not 64 hex digits".to_owned());
    }
    let canonical = STANDARD.decode(&*entry.body).map_err(|error| format!("its body is not base64: {error}"))?;
    let body = body::parse(&canonical).map_err(|error| error.what)?;
    let uuid = uuid.to_ascii_lowercase();
    let (proof, set) = match entry.verification {
        Some(verification) => (
            verification.inclusion_proof.map(proof_of).transpose()?,
            verification.signed_entry_timestamp.map(|set| STANDARD.decode(set)),
        ),
        None => (None, None),
    };
    Ok(Entry {
        tree_id: (uuid.len() == 80).then(|| uuid.chars().take(16).collect()),
        uuid,
        leaf_hash: proof::leaf_hash(&canonical),
        index: entry.log_index,
        integrated_at: entry.integrated_time.filter(|time| *time != 0),
        log_id: entry.log_id.to_ascii_lowercase(),
        body,
        canonical,
        proof,
        set: set.transpose().map_err(|error| format!("its signedEntryTimestamp is not base64: {error}"))?,
    })
}

fn proof_of(proof: Proof<'_>) -> std::result::Result<InclusionProof, String> {
    if proof.hashes.len() > MAX_HASHES {
        return Err(format!("its proof has {} hashes, more than {MAX_HASHES}", proof.hashes.len()));
    }
    let hash = |text: &str| hash_of_hex(text).ok_or_else(|| "a hash of its proof is not 64 hex digits".to_owned());
    let hashes: std::result::Result<Vec<Hash>, String> = proof.hashes.iter().map(|Text(text)| hash(text)).collect();
    Ok(InclusionProof {
        index: proof.log_index,
        size: proof.tree_size,
        root: hash(&proof.root_hash)?,
        hashes: hashes?,
        checkpoint: proof.checkpoint,
    })
}
