//! Log entries, as Rekor v1 answers with them.
//!
//! The shape is `{"UUID": {body, integratedTime, logID, logIndex, verification}}`. What an answer says
//! about an entry is only what it says: [`check`] tells what of it the log signed.

mod answer;
mod check;

pub use self::answer::{MAX_ENTRIES, parse_answer};
pub use self::check::{EntryReport, Step, check};

use crate::acquire::rekor::body::{self, Body};
use crate::acquire::rekor::{Hash, hex, proof};
use crate::error::Result;

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As the log answered: 64 hex digits (leaf hash) or 80 (tree id before it), lower case. For v2 the leaf hash.
    pub uuid: String,
    /// The first 16 hex digits of an 80 digit uuid.
    pub tree_id: Option<String>,
    /// Leaf hash, computed from the body.
    pub leaf_hash: Hash,
    /// Index: over all shards for v1, within the log for v2. Of v1 only the signed entry timestamp vouches for it.
    pub index: u64,
    /// When the log says it took the entry up, Unix seconds; `None` for v2, which does not say. Believe it
    /// only as [`EntryReport::time`].
    pub integrated_at: Option<i64>,
    /// Log id, 64 lower-case hex digits.
    pub log_id: String,
    /// What the body says.
    pub body: Body,
    /// The body, decoded: what the leaf hash is over.
    pub canonical: Vec<u8>,
    /// Inclusion proof with its checkpoint, where the answer holds one.
    pub proof: Option<InclusionProof>,
    /// Signed entry timestamp (DER signature), where the answer holds one.
    pub set: Option<Vec<u8>>,
}

/// An inclusion proof as an answer holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Index within the shard.
    pub index: u64,
    /// Number of leaves of the tree that it is for.
    pub size: u64,
    /// Root of that tree, as the answer says.
    pub root: Hash,
    /// Sibling hashes, leaf first.
    pub hashes: Vec<Hash>,
    /// The signed note over that tree.
    pub checkpoint: Option<String>,
}

/// What an answer held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Entries, in the answer's order.
    pub entries: Vec<Entry>,
    /// What could not be taken up.
    pub refused: Vec<RefusedEntry>,
}

/// An entry that could not be taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedEntry {
    /// Its key in the answer; empty where it stands for several.
    pub uuid: String,
    /// Why.
    pub reason: String,
}

/// An entry from a leaf of a v2 log's entry bundle.
///
/// # Errors
/// As [`body::parse`].
pub fn of_leaf(log_id: &Hash, index: u64, leaf: Vec<u8>) -> Result<Entry> {
    let leaf_hash = proof::leaf_hash(&leaf);
    Ok(Entry {
        uuid: hex(&leaf_hash),
        tree_id: None,
        leaf_hash,
        index,
        integrated_at: None,
        log_id: hex(log_id),
        body: body::parse(&leaf)?,
        canonical: leaf,
        proof: None,
        set: None,
    })
}
