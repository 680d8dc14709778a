//! PEP 740 attestation objects, mapped to bundles of version 0.3.
//!
//! Format: <https://peps.python.org/pep-0740/>. An object has no field for RFC 3161 timestamps, so that only
//! entries of the first log version can be carried.

use serde::Deserialize;
use sigstore_verify::types::{
    Bundle, CertificateContent, DsseEnvelope, DsseSignature, KeyId, MediaType, PayloadBytes, SignatureBytes,
    SignatureContent, VerificationMaterialContent,
};

use super::bundle::{MAX_ENTRIES, Reading, WireEntry, certificate_bytes, decode, entries, material};
use super::json::{AtMost, Text};
use super::statement::PAYLOAD_TYPE;

#[derive(Deserialize)]
pub(super) struct WireAttestation<'a> {
    version: Option<u64>,
    #[serde(borrow)]
    verification_material: Option<WireMaterial<'a>>,
    #[serde(borrow)]
    envelope: Option<WireEnvelope<'a>>,
}

#[derive(Deserialize)]
struct WireMaterial<'a> {
    #[serde(borrow)]
    certificate: Option<Text<'a>>,
    #[serde(borrow)]
    transparency_entries: Option<AtMost<WireEntry<'a>, MAX_ENTRIES>>,
}

#[derive(Deserialize)]
struct WireEnvelope<'a> {
    #[serde(borrow)]
    statement: Option<Text<'a>>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
}

impl WireAttestation<'_> {
    /// The object as a bundle.
    pub(super) fn decode(self) -> Reading<Bundle> {
        match self.version {
            Some(1) => {}
            Some(version) => return Err(format!("unsupported version {version} of an attestation object")),
            None => return Err("the attestation object has no version".to_owned()),
        }
        let object = self.verification_material.ok_or("the attestation object has no verification_material")?;
        let envelope = self.envelope.ok_or("the attestation object has no envelope")?;
        let certificate = certificate_bytes("verification_material.certificate", object.certificate)?;
        let entries = entries("transparency_entries", object.transparency_entries.unwrap_or_default())?;
        let payload = decode("envelope.statement", envelope.statement, usize::MAX, PayloadBytes::from_base64)?;
        let signature = decode("envelope.signature", envelope.signature, 8 << 10, SignatureBytes::from_base64)?;
        Ok(Bundle::new(
            MediaType::Bundle0_3,
            material(VerificationMaterialContent::Certificate(CertificateContent::new(certificate)), entries, vec![]),
            SignatureContent::DsseEnvelope(DsseEnvelope::new(
                PAYLOAD_TYPE,
                payload,
                DsseSignature::new(signature, KeyId::default()),
            )),
        ))
    }
}
