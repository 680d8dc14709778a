//! What of an entry the log vouches for, each step on its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Entry, InclusionProof};
use crate::acquire::rekor::checkpoint::{self, Checkpoint};
use crate::acquire::rekor::keys::{LogKeys, Style};
use crate::acquire::rekor::{hash_of_hex, hex, proof};

/// How one check came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It holds.
    Verified,
    /// It does not; why.
    Failed(String),
    /// There is nothing to check.
    Absent,
}

/// What was checked of an entry, each on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryReport {
    /// The uuid is the body's leaf hash, and the tree in it, if any, is that of a checkpoint that holds.
    pub uuid: Step,
    /// The signed entry timestamp: body, time, log and global index are what the log signed.
    pub set: Step,
    /// The leaf is in the tree that the proof names.
    pub inclusion: Step,
    /// A known log signed that tree, and it is the log of the entry.
    pub checkpoint: Step,
    /// Unix seconds at which the log took the entry up; only where `set` holds.
    pub time: Option<i64>,
}

impl Step {
    /// Whether the check was made and does not hold.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    fn of(result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self::Verified,
            Err(why) => Self::Failed(why),
        }
    }
}

impl EntryReport {
    /// Whether the log vouches for the entry: nothing failed, and at least the promise (SET) or the proof
    /// with its checkpoint holds.
    #[must_use]
    pub fn is_vouched(&self) -> bool {
        let steps = [&self.uuid, &self.set, &self.inclusion, &self.checkpoint];
        let is_proved = self.inclusion == Step::Verified && self.checkpoint == Step::Verified;
        !steps.iter().any(|step| step.has_failed()) && (is_proved || self.set == Step::Verified)
    }
}

/// Checks everything about an entry that needs no further answer.
#[must_use]
pub fn check(entry: &Entry, keys: &LogKeys) -> EntryReport {
    let set = match &entry.set {
        Some(signature) => Step::of(check_set(entry, signature, keys)),
        None => Step::Absent,
    };
    let inclusion = match &entry.proof {
        Some(proof) => Step::of(check_inclusion(entry, proof, keys)),
        None => Step::Absent,
    };
    let signed = entry.proof.as_ref().and_then(|proof| {
        let note = proof.checkpoint.as_deref()?;
        Some(check_checkpoint(entry, proof, note, keys))
    });
    let time = entry.integrated_at.filter(|_| set == Step::Verified);
    let tree = signed.as_ref().and_then(|signed| signed.as_ref().ok());
    EntryReport {
        uuid: Step::of(check_uuid(entry, tree)),
        set,
        inclusion,
        checkpoint: signed.map_or(Step::Absent, |signed| Step::of(signed.map(|_| ()))),
        time,
    }
}

fn check_uuid(entry: &Entry, tree: Option<&Checkpoint>) -> Result<(), String> {
    let leaf = hex(&entry.leaf_hash);
    if !entry.uuid.ends_with(&leaf) {
        return Err(format!("the body's leaf hash is {leaf}, which is not the uuid's"));
    }
    let named = entry.tree_id.as_deref();
    match (named, tree.and_then(|tree| tree.tree_id.as_deref())) {
        (Some(named), Some(signed)) if u64::from_str_radix(named, 16).ok() != signed.parse().ok() => {
            Err(format!("the uuid names tree {named} (hex), the checkpoint is of tree {signed}"))
        }
        _ => Ok(()),
    }
}

/// The signature is over the canonical JSON (RFC 8785) of four fields: keys in order, no blanks, and values
/// that need no escapes, since the log id is hex and the body base64.
fn check_set(entry: &Entry, signature: &[u8], keys: &LogKeys) -> Result<(), String> {
    let log = hash_of_hex(&entry.log_id).and_then(|id| keys.log(&id));
    let log = log.ok_or_else(|| format!("no known log has the id {}", entry.log_id))?;
    let time = entry.integrated_at.ok_or("the entry has no time that could be signed")?;
    if !log.is_valid_at(time) {
        return Err(format!("the key of {} was not valid at {time}", log.name));
    }
    let body = STANDARD.encode(&entry.canonical);
    let (log_id, index) = (&entry.log_id, entry.index);
    let signed = format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{log_id}","logIndex":{index}}}"#);
    if log.verifies(signed.as_bytes(), signature) {
        Ok(())
    } else {
        Err(format!("{} did not sign this body, time, log id and index", log.name))
    }
}

fn check_inclusion(entry: &Entry, proof: &InclusionProof, keys: &LogKeys) -> Result<(), String> {
    let log = hash_of_hex(&entry.log_id).and_then(|id| keys.log(&id));
    // The index of v1 counts the earlier shards too; that of v2 is the proof's own.
    let is_possible = match log.map(|log| log.style) {
        Some(Style::Tiles) => proof.index == entry.index,
        Some(Style::Entries) | None => proof.index <= entry.index,
    };
    if !is_possible {
        return Err(format!("the proof is for index {} of its tree, the entry has {}", proof.index, entry.index));
    }
    proof::inclusion(&entry.leaf_hash, proof.index, proof.size, &proof.hashes, &proof.root)
        .map_err(|fault| fault.to_string())
}

fn check_checkpoint(entry: &Entry, proof: &InclusionProof, note: &str, keys: &LogKeys) -> Result<Checkpoint, String> {
    let tree = checkpoint::open(note, keys).map_err(|refused| refused.to_string())?;
    let signer = hex(&tree.log_id);
    if signer != entry.log_id {
        Err(format!("log {signer} signed it, the entry is of log {}", entry.log_id))
    } else if tree.size != proof.size {
        Err(format!("it is of a tree of {}, the proof of one of {}", tree.size, proof.size))
    } else if tree.root != proof.root {
        Err(format!("its root is {}, the proof's {}", hex(&tree.root), hex(&proof.root)))
    } else {
        Ok(tree)
    }
}
