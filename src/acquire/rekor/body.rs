//! What was signed, by whom: the canonical bodies of log entries.
//!
//! Read are `hashedrekord`, `dsse`, `intoto` and `rekord` of v1, and `hashedrekord` and `dsse` of v2 (shapes:
//! the type definitions of sigstore/rekor and sigstore/rekor-tiles). Anything else keeps its kind and version.

mod spec;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{Error, Result};

/// Most bytes of a body that is read: some hundred times what entries of these kinds have.
pub const MAX_BYTES: usize = 2 << 20;

/// What an entry's body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Kind of the entry: `hashedrekord`, `dsse`, `intoto`, ...
    pub kind: String,
    /// Version of that kind: `0.0.1`.
    pub version: String,
    /// Hashes that the body names.
    pub digests: Vec<Digest>,
    /// Who signed, as far as the body holds it.
    pub identities: Vec<Identity>,
    /// What could not be taken up, one reason each. A kind that is not read here is one.
    pub skipped: Vec<String>,
}

/// One hash that a body names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    /// What was hashed.
    pub of: Named,
    /// `sha1`, `sha256`, `sha384` or `sha512`.
    pub algorithm: String,
    /// Lower-case hex digits.
    pub hex: String,
}

/// What a digest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// The signed bytes: the artifact itself, or for v2 also the pre-authentication encoding of an envelope.
    Artifact,
    /// The payload of a DSSE envelope: the statement.
    Payload,
    /// The DSSE envelope as it was uploaded.
    Envelope,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A certificate (DER).
    Certificate(Vec<u8>),
    /// A bare public key (DER, SPKI).
    PublicKey(Vec<u8>),
}

impl Digest {
    /// As the log's index and the archive write it: `sha256:HEX`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.algorithm, self.hex)
    }
}

/// What every body has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
}

/// Reads the canonical body of an entry (v1) or a leaf (v2).
///
/// # Errors
/// The bytes are no JSON object with `kind` and `apiVersion`, or more than [`MAX_BYTES`]. A kind that is not
/// known here is no error: it is in [`Body::skipped`], as is every part of a known kind that cannot be read.
pub fn parse(bytes: &[u8]) -> Result<Body> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::tool(format!("the body has {} bytes, more than {MAX_BYTES}", bytes.len()))
            .place("body")
            .remedy("look at the entry by hand: no signature needs that much"));
    }
    let frame: Frame = serde_json::from_slice(bytes).map_err(|error| {
        Error::tool(format!("the body is not that of an entry: {error}"))
            .place("body")
            .remedy("check that the log answered, and not something before it")
    })?;
    let mut body = Body {
        kind: frame.kind.into_owned(),
        version: frame.api_version.into_owned(),
        digests: Vec::new(),
        identities: Vec::new(),
        skipped: Vec::new(),
    };
    match frame.spec {
        Some(spec) => spec::read(&mut body, spec),
        None => body.skipped.push("it has no spec".to_owned()),
    }
    Ok(body)
}
