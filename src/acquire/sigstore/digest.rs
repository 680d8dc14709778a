//! The digest of a published file, in the spellings of the registries.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sigstore_verify::types::{ArtifactDigest, HashAlgorithm};

use crate::error::{Error, Result, printable};

/// A hash function by which statements name files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// SHA-256, 32 bytes: PyPI, most bundles.
    Sha256,
    /// SHA-512, 64 bytes: npm.
    Sha512,
}

impl Algorithm {
    /// The name in statements and integrity strings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The algorithm of that name, if it is one of the two.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// The digest of a file. Its length always is that of its algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl Digest {
    /// A digest from its bytes; `None` where their number is not the algorithm's.
    #[must_use]
    pub fn new(algorithm: Algorithm, bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == algorithm.len()).then_some(Self { algorithm, bytes })
    }

    /// The hash function.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads `sha256:HEX` or `sha512:HEX`.
    ///
    /// # Errors
    /// Another algorithm, a wrong number of digits, something that is not hexadecimal.
    pub fn parse(text: &str) -> Result<Self> {
        let digest = text.split_once(':').and_then(|(name, hex)| Self::of_hex(Algorithm::of_name(name)?, hex));
        digest.ok_or_else(|| {
            Error::usage(format!("`{}` is not a digest", printable(text)))
                .remedy("write sha256:HEX (64 digits) or sha512:HEX (128 digits)")
        })
    }

    /// Reads an integrity string as npm writes it in `dist.integrity`: `sha512-BASE64`. Of several the sha512
    /// counts, else the sha256; options after `?` are ignored.
    /// (Subresource Integrity, <https://www.w3.org/TR/SRI/>)
    ///
    /// # Errors
    /// None of the algorithms is known, or the digest is damaged.
    pub fn from_integrity(text: &str) -> Result<Self> {
        let of_algorithm = |algorithm: Algorithm| {
            text.split_ascii_whitespace().find_map(|part| {
                let encoded = part.strip_prefix(algorithm.name())?.strip_prefix('-')?;
                let encoded = encoded.split_once('?').map_or(encoded, |(encoded, _)| encoded);
                Self::new(algorithm, STANDARD.decode(encoded).ok()?)
            })
        };
        of_algorithm(Algorithm::Sha512).or_else(|| of_algorithm(Algorithm::Sha256)).ok_or_else(|| {
            Error::usage(format!("`{}` is not an integrity string with a sha512 or sha256", printable(text)))
                .remedy("take dist.integrity of the version as it stands: sha512-BASE64")
        })
    }

    /// A digest from hexadecimal digits of either case.
    pub(super) fn of_hex(algorithm: Algorithm, hex: &str) -> Option<Self> {
        if hex.len() != algorithm.len() * 2 || !hex.is_ascii() {
            return None;
        }
        let bytes: Option<Vec<u8>> =
            hex.as_bytes().chunks_exact(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect();
        Self::new(algorithm, bytes?)
    }

    /// The digest in lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.bytes)
    }

    /// As the verifier takes it; `None` never happens, since the length is right.
    pub(super) fn artifact(&self) -> Option<ArtifactDigest> {
        let algorithm = match self.algorithm {
            Algorithm::Sha256 => HashAlgorithm::Sha2256,
            Algorithm::Sha512 => HashAlgorithm::Sha2512,
        };
        ArtifactDigest::new(algorithm, self.bytes.clone()).ok()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex())
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}
