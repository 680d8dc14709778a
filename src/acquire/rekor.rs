//! The transparency log of signatures (Rekor): entries, proofs and signed checkpoints, read and checked
//! without asking anyone. All of it is pure: what to fetch is the caller's part.

pub mod body;
pub mod checkpoint;
pub mod entry;
pub mod head;
pub mod keys;
pub mod proof;
pub mod question;
pub mod signer;
pub mod tile;
pub mod v1;
pub mod v2;

/// A SHA-256 hash of a Merkle tree (RFC 6962).
pub type Hash = [u8; 32];

/// Bytes as lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// 64 hex digits of either case as a hash; `None` for anything else.
#[must_use]
pub fn hash_of_hex(text: &str) -> Option<Hash> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(hash)
}
