//! What an attestation claims: the in-toto statement inside a signed envelope.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::fields::{self, Notes};

/// Base64 with or without padding: writers differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What marks the predicate types of build provenance, whatever version.
const BUILD: &str = "slsa.dev/provenance";

/// `predicateType` of a statement in base64; `None` if it is none, or states none.
pub(super) fn predicate_type(statement: &str) -> Option<String> {
    let bytes = BASE64.decode(statement).ok()?;
    let statement = fields::object(&bytes).ok()?;
    statement.text("predicateType", &mut Notes::default()).filter(|text| !text.is_empty())
}

/// The predicate type that says most about a build: build provenance before anything else, then the first.
pub(super) fn strongest(types: impl Iterator<Item = String>) -> Option<String> {
    let mut first = None;
    for predicate_type in types {
        if predicate_type.contains(BUILD) {
            return Some(predicate_type);
        }
        first.get_or_insert(predicate_type);
    }
    first
}
