//! Merkle proofs (RFC 6962) and trees that grow leaf by leaf.

use std::fmt;

use sigstore_merkle::{Error as MerkleError, hash_children, hash_leaf};
use sigstore_verify::crypto::sha256;
use sigstore_verify::types::Sha256Hash;

use crate::acquire::rekor::{Hash, hex};

/// Why a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The numbers cannot be: an index beyond the tree, a tree that shrinks, an empty tree.
    Sizes(String),
    /// The proof has more or fewer hashes than these sizes need.
    Length {
        /// Hashes that a proof for these sizes has.
        expected: usize,
        /// Hashes that this one has.
        found: usize,
    },
    /// The hashes lead to another root.
    Root {
        /// The root that was to be proved.
        expected: Hash,
        /// The root that the hashes lead to.
        found: Hash,
    },
    /// A hash is needed that is not there. Says which.
    Missing(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sizes(what) => write!(f, "{what}"),
            Self::Length { expected, found } => write!(f, "the proof has {found} hashes, {expected} belong in it"),
            Self::Root { expected, found } => {
                write!(f, "the proof leads to root {}, not {}", hex(found), hex(expected))
            }
            Self::Missing(what) => write!(f, "{what} is missing"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<MerkleError> for Fault {
    fn from(error: MerkleError) -> Self {
        match error {
            MerkleError::WrongProofLength { expected, actual } => Self::Length { expected, found: actual },
            MerkleError::RootMismatch { expected, actual } => {
                Self::Root { expected: *expected.as_bytes(), found: *actual.as_bytes() }
            }
            sizes => Self::Sizes(sizes.to_string()),
        }
    }
}

/// The hash of a leaf: SHA-256 of a zero byte and the entry's body.
#[must_use]
pub fn leaf_hash(body: &[u8]) -> Hash {
    *hash_leaf(body).as_bytes()
}

/// The hash of an inner node: SHA-256 of a one byte and its two children.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    *hash_children(&Sha256Hash::new(*left), &Sha256Hash::new(*right)).as_bytes()
}

/// Checks that the leaf is number `index` (from 0) of the tree of `size` leaves with this root.
///
/// # Errors
/// [`Fault`] says why it is not proved.
pub fn inclusion(leaf: &Hash, index: u64, size: u64, hashes: &[Hash], root: &Hash) -> Result<(), Fault> {
    let proof: Vec<_> = hashes.iter().copied().map(Sha256Hash::new).collect();
    let (leaf, root) = (Sha256Hash::new(*leaf), Sha256Hash::new(*root));
    Ok(sigstore_merkle::verify_inclusion_proof(&leaf, index, size, &proof, &root)?)
}

/// Checks that the tree of `last_size` leaves begins with the whole tree of `first_size` leaves.
///
/// # Errors
/// [`Fault`] says why it is not proved. An empty first tree is part of every tree, so a proof from it says
/// nothing: it is refused unless the last is the same empty tree.
pub fn consistency(
    first_size: u64,
    first_root: &Hash,
    last_size: u64,
    last_root: &Hash,
    hashes: &[Hash],
) -> Result<(), Fault> {
    if first_size == 0 && last_size > 0 {
        return Err(from_nothing());
    }
    let proof: Vec<_> = hashes.iter().copied().map(Sha256Hash::new).collect();
    let (first, last) = (Sha256Hash::new(*first_root), Sha256Hash::new(*last_root));
    Ok(sigstore_merkle::verify_consistency_proof(first_size, last_size, &proof, &first, &last)?)
}

fn from_nothing() -> Fault {
    Fault::Sizes("a proof from an empty tree says nothing".to_owned())
}

/// A tree that leaves are added to, known by the roots of its perfect subtrees only: at most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees, largest (leftmost) first: one for every bit set in `size`.
    roots: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of `size` leaves from the roots of its perfect subtrees, largest first.
    ///
    /// # Errors
    /// [`Fault::Length`] unless there is one root for every bit set in `size`.
    pub fn of_roots(size: u64, roots: Vec<Hash>) -> Result<Self, Fault> {
        let expected = size.count_ones() as usize;
        if roots.len() == expected {
            Ok(Self { size, roots })
        } else {
            Err(Fault::Length { expected, found: roots.len() })
        }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the perfect subtrees, largest first: what to store to go on later.
    #[must_use]
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Adds one leaf by its hash.
    ///
    /// # Errors
    /// [`Fault::Sizes`] when the tree cannot grow: it has 2^64 - 1 leaves.
    pub fn push(&mut self, leaf: Hash) -> Result<(), Fault> {
        let grown = self.size.checked_add(1).ok_or_else(|| Fault::Sizes("the tree is full".to_owned()))?;
        let mut subtree = leaf;
        // Every one bit at the end of the old size is a subtree that the new leaf completes to a pair.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                subtree = node_hash(&left, &subtree);
            }
        }
        self.roots.push(subtree);
        self.size = grown;
        Ok(())
    }

    /// The root; of the empty tree it is SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        join(&self.roots).unwrap_or_else(|| *sha256(b"").as_bytes())
    }
}

/// The hash of neighbouring perfect subtrees, largest first; `None` of none.
pub(super) fn join(subtrees: &[Hash]) -> Option<Hash> {
    let (last, before) = subtrees.split_last()?;
    Some(before.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

/// A run of leaves that stands as one hash in a proof, from `begin` up to but not with `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First leaf.
    pub begin: u64,
    /// One past the last leaf.
    pub end: u64,
}

impl Span {
    /// Where the left half ends: the largest power of two smaller than the span. Only for spans of two or more.
    fn middle(self) -> u64 {
        self.begin + (1 << (self.end - self.begin - 1).ilog2())
    }

    /// Both children, left and right.
    fn halves(self) -> (Self, Self) {
        let middle = self.middle();
        (Self { begin: self.begin, end: middle }, Self { begin: middle, end: self.end })
    }
}

/// The spans whose hashes make the inclusion proof of leaf `index` in a tree of `size`, in the proof's order
/// (RFC 6962, 2.1.1).
///
/// # Errors
/// [`Fault::Sizes`] when the leaf is not in the tree.
pub fn inclusion_spans(index: u64, size: u64) -> Result<Vec<Span>, Fault> {
    if index >= size {
        return Err(Fault::Sizes(format!("leaf {index} is not in a tree of {size}")));
    }
    let mut spans = Vec::new();
    let mut around = Span { begin: 0, end: size };
    while around.end - around.begin > 1 {
        let (left, right) = around.halves();
        let (sibling, next) = if index < left.end { (right, left) } else { (left, right) };
        spans.push(sibling);
        around = next;
    }
    spans.reverse();
    Ok(spans)
}

/// The spans whose hashes make the consistency proof between two sizes, in the proof's order
/// (RFC 6962, 2.1.2).
///
/// # Errors
/// [`Fault::Sizes`] when the first tree is empty or larger than the last.
pub fn consistency_spans(first_size: u64, last_size: u64) -> Result<Vec<Span>, Fault> {
    if first_size == 0 {
        return Err(from_nothing());
    }
    if first_size > last_size {
        return Err(Fault::Sizes(format!("a tree of {first_size} does not fit in one of {last_size}")));
    }
    let mut spans = Vec::new();
    let mut around = Span { begin: 0, end: last_size };
    while around.end != first_size {
        let (left, right) = around.halves();
        let (sibling, next) = if first_size <= left.end { (right, left) } else { (left, right) };
        spans.push(sibling);
        around = next;
    }
    // Where the descent never went right, what is left is the first tree itself: its root is known.
    if around.begin > 0 {
        spans.push(around);
    }
    spans.reverse();
    Ok(spans)
}

/// The perfect subtrees of a tree of `size` leaves, largest first: their hashes are [`Frontier::of_roots`].
#[must_use]
pub fn frontier_spans(size: u64) -> Vec<Span> {
    let mut begin = 0;
    let mut spans = Vec::new();
    for level in (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1) {
        let end = begin + (1 << level);
        spans.push(Span { begin, end });
        begin = end;
    }
    spans
}
