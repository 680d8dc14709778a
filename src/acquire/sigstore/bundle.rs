//! The JSON of a bundle, versions 0.1 to 0.3.
//!
//! Format: `sigstore_bundle.proto` and `sigstore_rekor.proto` of sigstore/protobuf-specs, in protobuf's JSON.
//! It is read here and not by the verifier, because damage must be told apart from forgery, sizes bounded
//! before anything is decoded, and a field that stands twice refused: it could mean one thing here and another
//! to the next reader.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use sigstore_verify::types::bundle::{LogId, MessageDigest};
use sigstore_verify::types::{
    Bundle, CanonicalizedBody, CertificateContent, CheckpointData, DerCertificate, DigestBytes, DsseEnvelope,
    DsseSignature, InclusionPromise, InclusionProof, KeyId, KindVersion, LogIndex, LogKeyId, MediaType,
    MessageSignature, PayloadBytes, PublicKeyIdentifier, Rfc3161Timestamp, Sha256Hash, SignatureBytes,
    SignatureContent, SignedTimestamp, TimestampToken, TimestampVerificationData, TransparencyLogEntry,
    VerificationMaterial, VerificationMaterialContent, X509Certificate,
};

use super::json::{AtMost, Int64, Text, shown};

/// Most bytes of one certificate in DER.
pub(super) const MAX_CERTIFICATE: usize = 64 << 10;
/// Most log entries of a bundle; real ones have one.
pub(super) const MAX_ENTRIES: usize = 100;
/// Most RFC 3161 timestamps of a bundle; real ones have one.
pub(super) const MAX_TIMESTAMPS: usize = 100;
/// Most certificates of a chain; real ones have at most three.
const MAX_CHAIN: usize = 10;
/// Most hashes of an inclusion proof: a tree of 2^64 leaves needs no more.
const MAX_HASHES: usize = 64;
/// Most bytes of a checkpoint; a witness's ML-DSA signature alone has over 3 KB.
const MAX_CHECKPOINT: usize = 64 << 10;
/// Most lines of a checkpoint that may be signatures: each may have to be tried.
const MAX_COSIGNATURES: usize = 32;
/// Most bytes of a signature or of a log's promise; the longest real ones, of RSA keys, have 512.
const MAX_SIGNATURE: usize = 8 << 10;
/// Most bytes of one RFC 3161 token.
const MAX_TOKEN: usize = 64 << 10;
/// No bound of its own: that of the document holds.
const ANY: usize = usize::MAX;

/// Reading ends with a reason in words.
pub(super) type Reading<T> = Result<T, String>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireBundle<'a> {
    #[serde(borrow)]
    pub(super) media_type: Option<Text<'a>>,
    #[serde(borrow)]
    verification_material: Option<WireMaterial<'a>>,
    #[serde(borrow)]
    message_signature: Option<WireMessage<'a>>,
    #[serde(borrow)]
    dsse_envelope: Option<WireEnvelope<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMaterial<'a> {
    #[serde(borrow)]
    certificate: Option<WireCertificate<'a>>,
    #[serde(borrow, rename = "x509CertificateChain")]
    chain: Option<WireChain<'a>>,
    #[serde(borrow)]
    public_key: Option<WireHint<'a>>,
    #[serde(borrow)]
    tlog_entries: Option<AtMost<WireEntry<'a>, MAX_ENTRIES>>,
    #[serde(borrow)]
    timestamp_verification_data: Option<WireTimestamps<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate<'a> {
    #[serde(borrow)]
    raw_bytes: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct WireChain<'a> {
    #[serde(borrow)]
    certificates: Option<AtMost<WireCertificate<'a>, MAX_CHAIN>>,
}

#[derive(Deserialize)]
struct WireHint<'a> {
    #[serde(borrow)]
    hint: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTimestamps<'a> {
    #[serde(borrow)]
    rfc3161_timestamps: Option<AtMost<WireTimestamp<'a>, MAX_TIMESTAMPS>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTimestamp<'a> {
    #[serde(borrow)]
    signed_timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMessage<'a> {
    #[serde(borrow)]
    message_digest: Option<WireDigest<'a>>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct WireDigest<'a> {
    #[serde(borrow)]
    algorithm: Option<Text<'a>>,
    #[serde(borrow)]
    digest: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEnvelope<'a> {
    #[serde(borrow)]
    payload: Option<Text<'a>>,
    #[serde(borrow)]
    payload_type: Option<Text<'a>>,
    #[serde(borrow)]
    signatures: Option<AtMost<WireSignature<'a>, 1>>,
}

#[derive(Deserialize)]
struct WireSignature<'a> {
    #[serde(borrow)]
    sig: Option<Text<'a>>,
    #[serde(borrow)]
    keyid: Option<Text<'a>>,
}

/// A log entry; PEP 740 takes over this part of a bundle as it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEntry<'a> {
    log_index: Option<Int64>,
    #[serde(borrow)]
    log_id: Option<WireLogId<'a>>,
    #[serde(borrow)]
    kind_version: Option<WireKind<'a>>,
    integrated_time: Option<Int64>,
    #[serde(borrow)]
    inclusion_promise: Option<WirePromise<'a>>,
    #[serde(borrow)]
    inclusion_proof: Option<WireProof<'a>>,
    #[serde(borrow)]
    canonicalized_body: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId<'a> {
    #[serde(borrow)]
    key_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct WireKind<'a> {
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePromise<'a> {
    #[serde(borrow)]
    signed_entry_timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProof<'a> {
    log_index: Option<Int64>,
    #[serde(borrow)]
    root_hash: Option<Text<'a>>,
    tree_size: Option<Int64>,
    #[serde(borrow)]
    hashes: Option<AtMost<Text<'a>, MAX_HASHES>>,
    #[serde(borrow)]
    checkpoint: Option<WireCheckpoint<'a>>,
}

#[derive(Deserialize)]
struct WireCheckpoint<'a> {
    #[serde(borrow)]
    envelope: Option<Text<'a>>,
}

impl WireBundle<'_> {
    /// The bundle, decoded.
    pub(super) fn decode(self) -> Reading<Bundle> {
        let media_type = self.media_type.ok_or("the bundle has no mediaType")?;
        let media_type: MediaType =
            media_type.parse().map_err(|_| format!("unsupported media type `{}`", shown(&media_type)))?;
        let material = self.verification_material.ok_or("the bundle has no verificationMaterial")?;
        let content = match (self.message_signature, self.dsse_envelope) {
            (Some(message), None) => SignatureContent::MessageSignature(message.decode()?),
            (None, Some(envelope)) => SignatureContent::DsseEnvelope(envelope.decode()?),
            (None, None) => return Err("the bundle holds no signature".to_owned()),
            (Some(_), Some(_)) => return Err("the bundle holds two kinds of signature".to_owned()),
        };
        Ok(Bundle::new(media_type, material.decode()?, content))
    }
}

impl WireMaterial<'_> {
    fn decode(self) -> Reading<VerificationMaterial> {
        let signer = match (self.certificate, self.chain, self.public_key) {
            (Some(certificate), None, None) => VerificationMaterialContent::Certificate(CertificateContent::new(
                certificate_bytes("certificate.rawBytes", certificate.raw_bytes)?,
            )),
            (None, Some(chain), None) => {
                let certificates = chain.certificates.unwrap_or_default().whole("x509CertificateChain")?;
                let certificates: Vec<_> = certificates
                    .into_iter()
                    .map(|one| {
                        certificate_bytes("x509CertificateChain.rawBytes", one.raw_bytes).map(X509Certificate::new)
                    })
                    .collect::<Reading<_>>()?;
                if certificates.is_empty() {
                    return Err("x509CertificateChain is empty".to_owned());
                }
                VerificationMaterialContent::X509CertificateChain { certificates }
            }
            (None, None, Some(key)) => VerificationMaterialContent::PublicKey(PublicKeyIdentifier::new(
                key.hint.unwrap_or_default().0.into_owned(),
            )),
            (None, None, None) => return Err("verificationMaterial names no certificate and no key".to_owned()),
            _ => return Err("verificationMaterial names more than one signer".to_owned()),
        };
        let timestamps = self.timestamp_verification_data.and_then(|data| data.rfc3161_timestamps);
        let timestamps = timestamps
            .unwrap_or_default()
            .whole("rfc3161Timestamps")?
            .into_iter()
            .map(|one| {
                decode("signedTimestamp", one.signed_timestamp, MAX_TOKEN, TimestampToken::from_base64)
                    .map(Rfc3161Timestamp::new)
            })
            .collect::<Reading<_>>()?;
        Ok(material(signer, entries("tlogEntries", self.tlog_entries.unwrap_or_default())?, timestamps))
    }
}

/// Verification material from its parts.
pub(super) fn material(
    signer: VerificationMaterialContent,
    entries: Vec<TransparencyLogEntry>,
    timestamps: Vec<Rfc3161Timestamp>,
) -> VerificationMaterial {
    VerificationMaterial::new(signer)
        .with_tlog_entries(entries)
        .with_timestamp_verification_data(TimestampVerificationData::new(timestamps))
}

/// The log entries of the list `name`, each reason with the entry's place.
pub(super) fn entries(name: &str, list: AtMost<WireEntry<'_>, MAX_ENTRIES>) -> Reading<Vec<TransparencyLogEntry>> {
    let list = list.whole(name)?.into_iter().enumerate();
    list.map(|(at, entry)| entry.decode().map_err(|why| format!("{name}[{at}]: {why}"))).collect()
}

impl WireMessage<'_> {
    fn decode(self) -> Reading<MessageSignature> {
        let signature = decode("signature", self.signature, MAX_SIGNATURE, SignatureBytes::from_base64)?;
        let message = MessageSignature::new(signature);
        let Some(digest) = self.message_digest else { return Ok(message) };
        let algorithm = digest.algorithm.ok_or("messageDigest.algorithm is missing")?;
        let algorithm =
            algorithm.parse().map_err(|_| format!("unsupported messageDigest.algorithm `{}`", shown(&algorithm)))?;
        let bytes = decode("messageDigest.digest", digest.digest, 64, SignatureBytes::from_base64)?;
        Ok(message.with_message_digest(MessageDigest::new(algorithm, DigestBytes::new(bytes.into_bytes()))))
    }
}

impl WireEnvelope<'_> {
    fn decode(self) -> Reading<DsseEnvelope> {
        let payload_type = self.payload_type.ok_or("dsseEnvelope.payloadType is missing")?;
        let payload = decode("dsseEnvelope.payload", self.payload, ANY, PayloadBytes::from_base64)?;
        let signatures = self.signatures.unwrap_or_default();
        let count = signatures.total();
        let mut signatures = signatures.whole("dsseEnvelope.signatures")?;
        let Some(signature) = signatures.pop() else {
            return Err(format!("dsseEnvelope holds {count} signatures, one is needed"));
        };
        let sig = decode("dsseEnvelope.signatures[0].sig", signature.sig, MAX_SIGNATURE, SignatureBytes::from_base64)?;
        let keyid = KeyId::new(signature.keyid.unwrap_or_default().0.into_owned());
        Ok(DsseEnvelope::new(payload_type.0.into_owned(), payload, DsseSignature::new(sig, keyid)))
    }
}

impl WireEntry<'_> {
    fn decode(self) -> Reading<TransparencyLogEntry> {
        let kind = self.kind_version.ok_or("kindVersion is missing")?.decode()?;
        let key_id = self.log_id.and_then(|id| id.key_id);
        let log_id = decode("logId.keyId", key_id, 64, LogKeyId::from_base64)?;
        let body = decode("canonicalizedBody", self.canonicalized_body, ANY, CanonicalizedBody::from_base64)?;
        let mut entry = TransparencyLogEntry::new(index("logIndex", self.log_index)?, LogId::new(log_id), kind, body);
        // Protobuf does not tell 0 from absent; version 2 logs state no time.
        if let Some(seconds) = self.integrated_time.map(|time| time.0).filter(|&seconds| seconds != 0) {
            let time = u64::try_from(seconds)
                .ok()
                .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
                .and_then(|time| time.try_into().ok())
                .ok_or_else(|| format!("integratedTime {seconds} is no time"))?;
            entry = entry.with_integrated_time(time);
        }
        if let Some(promise) = self.inclusion_promise {
            let name = "inclusionPromise.signedEntryTimestamp";
            let bytes = decode(name, promise.signed_entry_timestamp, MAX_SIGNATURE, SignedTimestamp::from_base64)?;
            entry = entry.with_inclusion_promise(InclusionPromise::new(bytes));
        }
        if let Some(proof) = self.inclusion_proof {
            entry = entry.with_inclusion_proof(proof.decode().map_err(|why| format!("inclusionProof: {why}"))?);
        }
        Ok(entry)
    }
}

impl WireKind<'_> {
    fn decode(self) -> Reading<KindVersion> {
        match (self.kind.as_deref(), self.version.as_deref()) {
            (Some("hashedrekord"), Some("0.0.1")) => Ok(KindVersion::HashedRekordV001),
            (Some("hashedrekord"), Some("0.0.2")) => Ok(KindVersion::HashedRekordV002),
            (Some("dsse"), Some("0.0.1")) => Ok(KindVersion::DsseV001),
            (Some("intoto"), Some("0.0.2")) => Ok(KindVersion::IntotoV002),
            (Some(kind), Some(version)) => {
                Err(format!("unsupported kind of log entry `{} {}`", shown(kind), shown(version)))
            }
            _ => Err("kindVersion is incomplete".to_owned()),
        }
    }
}

impl WireProof<'_> {
    fn decode(self) -> Reading<InclusionProof> {
        let root = decode("rootHash", self.root_hash, 32, Sha256Hash::from_base64)?;
        let size = self.tree_size.unwrap_or_default().0;
        let size = u64::try_from(size).map_err(|_| format!("treeSize {size} is no size"))?;
        let hashes = self.hashes.unwrap_or_default().whole("hashes")?;
        let hashes = hashes
            .into_iter()
            .map(|hash| decode("hashes", Some(hash), 32, Sha256Hash::from_base64))
            .collect::<Reading<_>>()?;
        let note = self.checkpoint.and_then(|checkpoint| checkpoint.envelope).unwrap_or_default();
        if note.len() > MAX_CHECKPOINT {
            return Err(format!("the checkpoint has {} bytes, at most {MAX_CHECKPOINT} are read", note.len()));
        }
        let signatures = note.lines().filter(|line| line.starts_with('\u{2014}')).count();
        if signatures > MAX_COSIGNATURES {
            return Err(format!("the checkpoint has {signatures} signatures, at most {MAX_COSIGNATURES} are read"));
        }
        let checkpoint = CheckpointData::new(note.0).map_err(|error| shown(&error.to_string()))?;
        Ok(InclusionProof::new(index("logIndex", self.log_index)?, root, size, hashes, checkpoint))
    }
}

fn index(name: &str, value: Option<Int64>) -> Reading<LogIndex> {
    let value = value.unwrap_or_default().0;
    u64::try_from(value)
        .ok()
        .and_then(|value| LogIndex::new(value).ok())
        .ok_or_else(|| format!("{name} {value} is no index"))
}

/// A certificate in DER, as it stands in a bundle.
pub(super) fn certificate_bytes(name: &str, text: Option<Text<'_>>) -> Reading<DerCertificate> {
    let der = decode(name, text, MAX_CERTIFICATE, DerCertificate::from_base64)?;
    if der.as_bytes().starts_with(b"-----BEGIN") {
        return Err(format!("{name} is base64 of PEM, not of DER"));
    }
    Ok(der)
}

/// Decodes base64, unless the result would have more than `max` bytes.
pub(super) fn decode<T, E: std::fmt::Display>(
    name: &str,
    text: Option<Text<'_>>,
    max: usize,
    from: impl FnOnce(&str) -> Result<T, E>,
) -> Reading<T> {
    let text = text.ok_or_else(|| format!("{name} is missing"))?;
    let bytes = text.trim_end_matches('=').len() / 4 * 3;
    if bytes > max {
        return Err(format!("{name} has {bytes} bytes, at most {max} are read"));
    }
    from(&text).map_err(|error| format!("{name}: {}", shown(&error.to_string())))
}
