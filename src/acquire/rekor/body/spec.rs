//! The `spec` of each kind and version: where its hashes and its signers stand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Body, Digest, Identity, Named};
use crate::acquire::rekor::hex;

/// Most signatures of a body that are read.
const MAX_SIGNATURES: usize = 64;
/// Most certificates and keys of one signature that are read: a chain with its root.
const MAX_PEM_BLOCKS: usize = 16;

/// Takes up what the spec says, and notes in the body what cannot be.
pub(super) fn read(body: &mut Body, spec: &RawValue) {
    let read = match (body.kind.as_str(), body.version.as_str()) {
        ("hashedrekord" | "rekord", "0.0.1") => decode(spec).map(|spec| hashed(body, &spec)),
        ("dsse", "0.0.1") => decode(spec).map(|spec| dsse(body, &spec)),
        ("intoto", "0.0.1" | "0.0.2") => decode(spec).map(|spec| intoto(body, &spec)),
        ("hashedrekord", "0.0.2") => decode(spec).map(|spec| hashed_v2(body, &spec)),
        ("dsse", "0.0.2") => decode(spec).map(|spec| dsse_v2(body, &spec)),
        (kind, version) => Err(format!("entries of kind {kind} {version} are not read")),
    };
    if let Err(reason) = read {
        body.skipped.push(reason);
    }
}

fn decode<'a, T: Deserialize<'a>>(spec: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(spec.get()).map_err(|error| format!("its spec is malformed: {error}"))
}

/// A hash of v1.
#[derive(Deserialize)]
struct Hash {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
struct Hashed {
    data: HashedData,
    signature: HashedSignature,
}

#[derive(Deserialize)]
struct HashedData {
    hash: Option<Hash>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HashedSignature {
    /// Only `rekord` has it; the others are X.509 always.
    format: Option<String>,
    public_key: Option<HashedKey>,
}

#[derive(Deserialize)]
struct HashedKey {
    content: String,
}

fn hashed(body: &mut Body, spec: &Hashed) {
    digest(body, Named::Artifact, spec.data.hash.as_ref());
    match spec.signature.format.as_deref() {
        None | Some("x509") => {
            let key = spec.signature.public_key.as_ref();
            pem(body, key.map(|key| key.content.as_str()));
        }
        Some(format) => body.skipped.push(format!("signatures of format {format} are not read")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dsse {
    envelope_hash: Option<Hash>,
    payload_hash: Option<Hash>,
    #[serde(default)]
    signatures: Vec<DsseSignature>,
}

#[derive(Deserialize)]
struct DsseSignature {
    verifier: Option<String>,
}

fn dsse(body: &mut Body, spec: &Dsse) {
    digest(body, Named::Envelope, spec.envelope_hash.as_ref());
    digest(body, Named::Payload, spec.payload_hash.as_ref());
    for signature in bounded(body, &spec.signatures) {
        pem(body, signature.verifier.as_deref());
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intoto {
    content: IntotoContent,
    /// Where 0.0.1 has it.
    public_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoContent {
    /// Where 0.0.2 has its signatures.
    envelope: Option<IntotoEnvelope>,
    hash: Option<Hash>,
    payload_hash: Option<Hash>,
}

#[derive(Deserialize)]
struct IntotoEnvelope {
    #[serde(default)]
    signatures: Vec<IntotoSignature>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoSignature {
    public_key: Option<String>,
}

fn intoto(body: &mut Body, spec: &Intoto) {
    digest(body, Named::Envelope, spec.content.hash.as_ref());
    digest(body, Named::Payload, spec.content.payload_hash.as_ref());
    match &spec.content.envelope {
        Some(envelope) if body.version == "0.0.2" => {
            for signature in bounded(body, &envelope.signatures) {
                pem(body, signature.public_key.as_deref());
            }
        }
        _ => pem(body, spec.public_key.as_deref()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HashedV2 {
    #[serde(rename = "hashedRekordV002")]
    entry: HashedV2Entry,
}

#[derive(Deserialize)]
struct HashedV2Entry {
    data: Option<HashV2>,
    signature: Option<SignatureV2>,
}

#[derive(Deserialize)]
struct DsseV2 {
    #[serde(rename = "dsseV002")]
    entry: DsseV2Entry,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DsseV2Entry {
    payload_hash: Option<HashV2>,
    #[serde(default)]
    signatures: Vec<SignatureV2>,
}

/// A hash of v2: the algorithm by its name in the Sigstore specification, the digest in base64.
#[derive(Deserialize)]
struct HashV2 {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
struct SignatureV2 {
    verifier: Option<VerifierV2>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerifierV2 {
    x509_certificate: Option<DerV2>,
    public_key: Option<DerV2>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DerV2 {
    raw_bytes: String,
}

fn hashed_v2(body: &mut Body, spec: &HashedV2) {
    digest_v2(body, Named::Artifact, spec.entry.data.as_ref());
    verifier_v2(body, spec.entry.signature.as_ref());
}

fn dsse_v2(body: &mut Body, spec: &DsseV2) {
    digest_v2(body, Named::Payload, spec.entry.payload_hash.as_ref());
    for signature in bounded(body, &spec.entry.signatures) {
        verifier_v2(body, Some(signature));
    }
}

/// The signatures that are read; what is beyond the bound is noted.
fn bounded<'a, T>(body: &mut Body, signatures: &'a [T]) -> &'a [T] {
    let (read, left) = signatures.split_at(signatures.len().min(MAX_SIGNATURES));
    if !left.is_empty() {
        body.skipped.push(format!("{} signatures more than {MAX_SIGNATURES}", left.len()));
    }
    read
}

fn digest(body: &mut Body, of: Named, hash: Option<&Hash>) {
    // The older kinds leave the hash of the envelope out, and no kind has all three.
    let Some(hash) = hash else { return };
    let length = match hash.algorithm.as_str() {
        "sha1" => 40,
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        other => return body.skipped.push(format!("hashes of algorithm {other} are not read")),
    };
    if hash.value.len() == length && hash.value.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        let hex = hash.value.to_ascii_lowercase();
        body.digests.push(Digest { of, algorithm: hash.algorithm.clone(), hex });
    } else {
        body.skipped.push(format!("a {} hash is not {length} hex digits", hash.algorithm));
    }
}

fn digest_v2(body: &mut Body, of: Named, hash: Option<&HashV2>) {
    let Some(hash) = hash else { return body.skipped.push("it names no hash".to_owned()) };
    let (algorithm, length) = match hash.algorithm.as_str() {
        "SHA2_256" => ("sha256", 32),
        "SHA2_384" => ("sha384", 48),
        "SHA2_512" => ("sha512", 64),
        other => return body.skipped.push(format!("hashes of algorithm {other} are not read")),
    };
    match STANDARD.decode(&hash.digest) {
        Ok(bytes) if bytes.len() == length => {
            body.digests.push(Digest { of, algorithm: algorithm.to_owned(), hex: hex(&bytes) });
        }
        _ => body.skipped.push(format!("a {algorithm} hash is not {length} bytes in base64")),
    }
}

fn verifier_v2(body: &mut Body, signature: Option<&SignatureV2>) {
    let verifier = signature.and_then(|signature| signature.verifier.as_ref());
    let (der, identity): (_, fn(Vec<u8>) -> Identity) = match verifier {
        Some(VerifierV2 { x509_certificate: Some(certificate), .. }) => (certificate, Identity::Certificate),
        Some(VerifierV2 { public_key: Some(key), .. }) => (key, Identity::PublicKey),
        _ => return body.skipped.push("a signature names no certificate and no key".to_owned()),
    };
    match STANDARD.decode(&der.raw_bytes) {
        Ok(bytes) if is_der(&bytes) => body.identities.push(identity(bytes)),
        _ => body.skipped.push("a certificate or key is not DER in base64".to_owned()),
    }
}

/// Takes up the certificates and keys of a PEM text that is itself in base64.
fn pem(body: &mut Body, encoded: Option<&str>) {
    let Some(encoded) = encoded else {
        return body.skipped.push("a signature names no certificate and no key".to_owned());
    };
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = text else {
        return body.skipped.push("a certificate or key is not PEM in base64".to_owned());
    };
    let mut found = 0;
    let mut rest = text.as_str();
    while let Some((label, content, after)) = next_block(rest) {
        rest = after;
        found += 1;
        if found > MAX_PEM_BLOCKS {
            return body.skipped.push(format!("PEM blocks beyond the first {MAX_PEM_BLOCKS}"));
        }
        let lines: String = content.split_ascii_whitespace().collect();
        match (label, STANDARD.decode(lines)) {
            ("CERTIFICATE", Ok(der)) if is_der(&der) => body.identities.push(Identity::Certificate(der)),
            ("PUBLIC KEY", Ok(der)) if is_der(&der) => body.identities.push(Identity::PublicKey(der)),
            ("CERTIFICATE" | "PUBLIC KEY", _) => body.skipped.push(format!("a PEM {label} is damaged")),
            (label, _) => body.skipped.push(format!("PEM blocks of label {label} are not read")),
        }
    }
    if found == 0 {
        body.skipped.push("a certificate or key is not PEM".to_owned());
    }
}

/// The next PEM block: its label, what is between its lines, and what comes after it.
fn next_block(text: &str) -> Option<(&str, &str, &str)> {
    let (_, begun) = text.split_once("-----BEGIN ")?;
    let (label, content) = begun.split_once("-----")?;
    let (content, ended) = content.split_once("-----END ")?;
    let after = ended.strip_prefix(label)?.strip_prefix("-----")?;
    Some((label, content, after))
}

/// Whether the bytes begin as certificates and keys do: a sequence.
fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
}
