//! Rekor v1: what can be asked, and what the answers say (the REST interface of `rekor.sigstore.dev`).
//!
//! Entries are read by [`entry::parse_answer`](crate::acquire::rekor::entry::parse_answer).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::acquire::rekor::question::Question;
use crate::acquire::rekor::{Hash, hash_of_hex};
use crate::error::{Error, Result};

/// Most entries that one question may ask for: the log refuses more with 422.
pub const MOST: usize = 10;

/// Longest subject that can be searched for, in characters.
const LONGEST_SUBJECT: usize = 512;
/// Digits of a uuid without a tree id: the leaf hash.
const LEAF: usize = 64;
/// Digits of a uuid with a tree id before the leaf hash.
const WITH_TREE: usize = 80;
/// Most hashes in a consistency proof: two for each level of a tree of 2^64 leaves.
const PROOF: usize = 128;
/// Most shards that a log may say it has.
const SHARDS: usize = 1000;
/// Most uuids that are taken from one answer of the index.
const NAMED: usize = 100_000;
/// Digits of the largest tree id, 2^64 - 1.
const TREE_DIGITS: usize = 20;

/// The name of an entry: 64 hex digits (leaf hash) or 80 (tree id before it), lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(String);

impl Uuid {
    /// Takes hex digits of either case; `None` for anything but 64 or 80 of them.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = matches!(text.len(), LEAF | WITH_TREE) && text.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The leaf hash, 64 digits.
    #[must_use]
    pub fn leaf(&self) -> &str {
        &self.0[self.0.len() - LEAF..]
    }

    /// The tree id, 16 digits, where it stands in the name.
    #[must_use]
    pub fn tree(&self) -> Option<&str> {
        Some(&self.0[..self.0.len() - LEAF]).filter(|tree| !tree.is_empty())
    }

    /// Whether the two name one entry: the same leaf, and no two different trees.
    #[must_use]
    pub fn names(&self, other: &Self) -> bool {
        self.leaf() == other.leaf() && self.tree().zip(other.tree()).is_none_or(|(one, two)| one == two)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the index can be searched by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A hash of what was signed, or of a subject of a signed statement: `sha256:HEX`, `sha512:HEX`, `sha1:HEX`.
    Digest(String),
    /// The e-mail address in a certificate.
    Email(String),
    /// A subject alternative name of a certificate, whole. Logs before v1.5.4 do not search by it.
    Subject(String),
    /// A public key or certificate as PEM, exactly as it was uploaded.
    PublicKey(String),
}

impl fmt::Debug for Key {
    /// Without what may be somebody's address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => f.debug_tuple("Digest").field(digest).finish(),
            Self::Email(_) | Self::Subject(_) | Self::PublicKey(_) => f.write_str(self.kind()),
        }
    }
}

impl Key {
    /// What it is, for people; never the key itself, which may be somebody's address.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Digest(_) => "digest",
            Self::Email(_) => "e-mail address",
            Self::Subject(_) => "certificate subject",
            Self::PublicKey(_) => "public key",
        }
    }

    /// The member of the question's object.
    fn member(&self) -> Result<serde_json::Value> {
        match self {
            Self::Digest(digest) => digest_key(digest).map(|digest| json!({ "hash": digest })).ok_or_else(|| {
                Error::usage("what is to be searched for is no digest")
                    .place(digest.chars().take(WITH_TREE).collect::<String>())
                    .remedy("write it as sha256:HEX or sha512:HEX")
            }),
            Self::Email(email) if email.contains('@') && email.len() <= LONGEST_SUBJECT => {
                Ok(json!({ "email": email }))
            }
            Self::Email(_) => Err(Error::usage("what is to be searched for is no e-mail address")),
            Self::Subject(subject) if (1..=LONGEST_SUBJECT).contains(&subject.chars().count()) => {
                // The index holds them in lower case and compares exactly.
                Ok(json!({ "subject": subject.to_lowercase() }))
            }
            Self::Subject(_) => {
                Err(Error::usage(format!("a subject to search for has 1 to {LONGEST_SUBJECT} characters"))
                    .remedy("name the whole subject alternative name of the certificate"))
            }
            Self::PublicKey(pem) => Ok(json!({ "publicKey": { "format": "x509", "content": STANDARD.encode(pem) } })),
        }
    }
}

/// A digest as the index writes it: the algorithm, a colon and lower-case hex digits, as many as it has.
#[must_use]
pub fn digest_key(text: &str) -> Option<String> {
    let (algorithm, digits) = text.split_once(':')?;
    let algorithm = algorithm.to_ascii_lowercase();
    let length = match algorithm.as_str() {
        "sha1" => 40,
        "sha256" => 64,
        "sha512" => 128,
        _ => return None,
    };
    let fits = digits.len() == length && digits.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| format!("{algorithm}:{}", digits.to_ascii_lowercase()))
}

/// Asks for the log's shards and their newest checkpoints; read by [`parse_log`].
#[must_use]
pub fn log() -> Question {
    Question::json("api/v1/log".to_owned())
}

/// Asks for the key of a shard, or of the active one, as PEM.
#[must_use]
pub fn public_key(tree_id: Option<&str>) -> Question {
    let query = tree_id.map_or_else(String::new, |id| format!("?treeID={}", digits(id)));
    Question::any(format!("api/v1/log/publicKey{query}"))
}

/// Asks for the proof that a shard only grew between two sizes; read by [`parse_proof`].
#[must_use]
pub fn proof(first: u64, last: u64, tree_id: &str) -> Question {
    let id = digits(tree_id);
    Question::json(format!("api/v1/log/proof?firstSize={first}&lastSize={last}&treeID={id}"))
}

/// Asks for the entry at an index over all shards.
#[must_use]
pub fn entry_at(index: u64) -> Question {
    Question::json(format!("api/v1/log/entries?logIndex={index}"))
}

/// Asks for the entry of a name.
#[must_use]
pub fn entry(uuid: &Uuid) -> Question {
    Question::json(format!("api/v1/log/entries/{uuid}"))
}

/// Asks for entries by name, [`MOST`] a question. Those that the log does not have are left out of its answer.
pub fn entries(uuids: &[Uuid]) -> impl Iterator<Item = Question> + '_ {
    uuids.chunks(MOST).map(|some| {
        let names: Vec<&str> = some.iter().map(Uuid::as_str).collect();
        Question::post("api/v1/log/entries/retrieve", &json!({ "entryUUIDs": names }))
    })
}

/// As [`entries`], by index over all shards.
pub fn entries_at(indexes: &[u64]) -> impl Iterator<Item = Question> + '_ {
    indexes.chunks(MOST).map(|some| Question::post("api/v1/log/entries/retrieve", &json!({ "logIndexes": some })))
}

/// Asks the index which entries have a key; read by [`parse_named`]. The index is deprecated and may be
/// incomplete: that it names nothing proves nothing.
///
/// # Errors
/// The key is not of the form that the index takes.
pub fn search(key: &Key) -> Result<Question> {
    Ok(Question::post("api/v1/index/retrieve", &key.member()?))
}

/// Only the digits: a tree id comes from outside and goes into a query.
fn digits(id: &str) -> String {
    id.chars().filter(char::is_ascii_digit).take(TREE_DIGITS).collect()
}

/// A v1 log as it describes itself. Only what its checkpoints repeat under a signature is to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The shard that still grows.
    pub active: Shard,
    /// Those that are closed, oldest first.
    pub closed: Vec<Shard>,
}

/// One tree of a v1 log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Tree id in decimal digits.
    pub tree_id: String,
    /// Leaves of this tree alone.
    pub size: u64,
    /// Root hash.
    pub root: Hash,
    /// The checkpoint, a signed note.
    pub note: String,
}

impl Log {
    /// The shard of a tree id.
    #[must_use]
    pub fn shard(&self, tree_id: &str) -> Option<&Shard> {
        std::iter::once(&self.active).chain(&self.closed).find(|shard| shard.tree_id == tree_id)
    }

    /// What is to be added to an index within a shard to make it one over all shards: the leaves of the
    /// shards before it. `None` for an unknown shard, or where the sum is no index.
    #[must_use]
    pub fn offset(&self, tree_id: &str) -> Option<u64> {
        let mut before = 0u64;
        for shard in self.closed.iter().chain([&self.active]) {
            if shard.tree_id == tree_id {
                return Some(before);
            }
            before = before.checked_add(shard.size)?;
        }
        None
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLog {
    #[serde(flatten)]
    active: RawShard,
    #[serde(default)]
    inactive_shards: Option<Vec<RawShard>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawShard {
    root_hash: String,
    signed_tree_head: String,
    #[serde(rename = "treeID")]
    tree_id: String,
    tree_size: u64,
}

impl RawShard {
    fn read(self) -> Result<Shard> {
        let root = hash_of_hex(&self.root_hash).ok_or_else(|| malformed("the root hash is not 64 hex digits"))?;
        if self.tree_id.is_empty() || self.tree_id.len() > TREE_DIGITS || digits(&self.tree_id) != self.tree_id {
            return Err(malformed("the tree id is not a number"));
        }
        Ok(Shard { tree_id: self.tree_id, size: self.tree_size, root, note: self.signed_tree_head })
    }
}

/// Reads the answer to [`log`].
///
/// # Errors
/// It is not JSON of that shape, or a hash or tree id is none.
pub fn parse_log(json: &[u8]) -> Result<Log> {
    let raw: RawLog = serde_json::from_slice(json).map_err(|e| malformed(&e.to_string()))?;
    let closed = raw.inactive_shards.unwrap_or_default();
    if closed.len() > SHARDS {
        return Err(malformed("it lists more shards than any log has"));
    }
    let closed = closed.into_iter().map(RawShard::read).collect::<Result<_>>()?;
    Ok(Log { active: raw.active.read()?, closed })
}

/// The proof that a shard only grew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The root of the larger tree, as the log repeats it without a signature.
    pub root: Hash,
    /// The proof's hashes.
    pub hashes: Vec<Hash>,
}

/// Reads the answer to [`proof`].
///
/// # Errors
/// It is not JSON of that shape, a hash is none, or there are more than any proof has.
pub fn parse_proof(json: &[u8]) -> Result<Growth> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Raw {
        root_hash: String,
        hashes: Vec<String>,
    }
    let raw: Raw = serde_json::from_slice(json).map_err(|e| malformed(&e.to_string()))?;
    if raw.hashes.len() > PROOF {
        return Err(malformed("the proof has more hashes than any tree is high"));
    }
    let read = |text: &String| hash_of_hex(text).ok_or_else(|| malformed("a hash is not 64 hex digits"));
    Ok(Growth { root: read(&raw.root_hash)?, hashes: raw.hashes.iter().map(read).collect::<Result<_>>()? })
}

/// What the index named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedEntries {
    /// Entries, each once, in the answer's order.
    pub uuids: Vec<Uuid>,
    /// Members of the answer that are no uuid.
    pub refused: usize,
    /// Members beyond what is taken from one answer.
    pub cut: usize,
}

/// Reads the answer to [`search`].
///
/// # Errors
/// It is not a JSON array.
pub fn parse_named(json: &[u8]) -> Result<NamedEntries> {
    let raw: Option<Vec<serde_json::Value>> = serde_json::from_slice(json).map_err(|e| malformed(&e.to_string()))?;
    let mut named = NamedEntries::default();
    let mut seen = std::collections::HashSet::new();
    // A server in Go writes an empty list as null.
    for value in raw.unwrap_or_default() {
        match value.as_str().and_then(Uuid::new) {
            None => named.refused += 1,
            Some(_) if named.uuids.len() == NAMED => named.cut += 1,
            Some(uuid) if seen.insert(uuid.clone()) => named.uuids.push(uuid),
            Some(_) => {}
        }
    }
    Ok(named)
}

fn malformed(what: &str) -> Error {
    Error::tool(format!("the log's answer is malformed: {what}"))
        .remedy("check the log's address; if it is right, tell the log's operator")
}
