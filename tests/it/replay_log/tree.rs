//! A Merkle tree (RFC 6962) as its definition has it: slow, short, and no code of the product.

use sigstore_verify::crypto::sha256;

/// A hash of the tree.
pub type Hash = [u8; 32];

/// The hash of a leaf.
pub fn leaf(body: &[u8]) -> Hash {
    digest(&[&[0], body].concat())
}

fn node(left: &Hash, right: &Hash) -> Hash {
    digest(&[&[1], left.as_slice(), right].concat())
}

fn digest(bytes: &[u8]) -> Hash {
    sha256(bytes).into()
}

/// Largest power of two below a number of leaves.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// The root over leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => digest(&[]),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The proof that the tree over `leaves` begins with the tree over the first `count` of them.
pub fn growth(count: usize, leaves: &[Hash]) -> Vec<Hash> {
    subproof(count, leaves, true)
}

fn subproof(count: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if count == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if count <= left.len() {
        let mut proof = subproof(count, left, whole);
        proof.push(root(right));
        proof
    } else {
        let mut proof = subproof(count - left.len(), right, false);
        proof.push(root(left));
        proof
    }
}

/// The hashes of a tile: roots of `width` neighbouring subtrees of 256^level leaves each.
pub fn tile(leaves: &[Hash], level: u32, index: usize, width: usize) -> Option<Vec<Hash>> {
    let span = 256usize.checked_pow(level)?;
    let begin = index.checked_mul(256)?;
    (begin..begin + width).map(|n| leaves.get(n.checked_mul(span)?..(n + 1).checked_mul(span)?).map(root)).collect()
}
