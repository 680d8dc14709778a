//! Verifies the attestations of a document.

use sigstore_verify::crypto;
use sigstore_verify::types::DerPublicKey;

use super::attestation::{Attestation, Report};
use super::bundle::WireBundle;
use super::digest::{Algorithm, Digest};
use super::document::{self, Body, Form, Item};
use super::json::shown;
use super::judge::{Blank, Task};
use super::pep740::WireAttestation;
use super::statement::{Asked, Rules};
use super::trust::Trust;
use crate::error::{Error, Result};

/// What a document ought to be about. What is `None` or empty is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The version of the package, as a purl: `pkg:npm/%40scope/name@1.0.0`.
    pub purl: Option<String>,
    /// The name of the published file, where statements name files and not packages (PyPI).
    pub file: Option<String>,
    /// The digests of the published file; one of them must be the statement's.
    pub digests: Vec<Digest>,
}

/// The file that a bundle is said to be about.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    /// The file itself.
    Bytes(&'a [u8]),
    /// Its digest.
    Digest(&'a Digest),
}

/// Who must have signed.
#[derive(Clone, Debug)]
pub enum Signer {
    /// Anyone with a certificate of the trusted root, or npm with a key that the bundle hints at.
    Any,
    /// The holder of a certificate with this identity (subject alternative name) from this issuer.
    Identity {
        /// The whole of the subject alternative name.
        identity: String,
        /// The OIDC issuer that vouched for it.
        issuer: String,
    },
    /// The holder of this key; no trusted time is needed.
    Key(DerPublicKey),
}

impl Signer {
    /// The holder of a key in PEM.
    ///
    /// # Errors
    /// It is no public key in PEM.
    pub fn of_pem(pem: &str) -> Result<Self> {
        DerPublicKey::from_pem(pem).map(Self::Key).map_err(|error| {
            Error::usage(format!("the key cannot be read: {}", shown(&error.to_string())))
                .remedy("hand in a public key in PEM (BEGIN PUBLIC KEY)")
        })
    }
}

/// Verifies each attestation of a document, as a registry serves it or a user has it.
///
/// Where no digest is expected, an attestation is verified for the digest that it names itself, and the step
/// `subject` is absent. Nothing is fetched, and no identity is judged.
///
/// # Errors
/// It is no such document at all: no JSON, of no known shape, larger than 32 MiB, more than 1,000 attestations.
/// A single damaged attestation is no error but a verdict.
pub fn verify_document(text: &[u8], expected: &Expected, trust: &Trust) -> Result<Report> {
    let parts = document::parts(text, expected.purl.as_deref())?;
    if parts.form == Form::NpmAudit && expected.purl.is_none() && !expected.digests.is_empty() {
        return Err(Error::usage("npm's audit output is about many packages, a digest is about one")
            .remedy("say which version the digest is of"));
    }
    let rules = parts.form.rules();
    let attestations = parts.items.into_iter().map(|item| of_item(item, rules, expected, trust)).collect();
    Ok(Report { form: parts.form, attestations, remarks: parts.remarks, trusted_root: trust.id().to_owned() })
}

/// Verifies one bundle for one file and one signer.
#[must_use]
pub fn verify_bundle(text: &[u8], artifact: Artifact<'_>, signer: &Signer, trust: &Trust) -> Attestation {
    let mut hashed = Vec::new();
    let digests = match artifact {
        Artifact::Digest(digest) => std::slice::from_ref(digest),
        Artifact::Bytes(bytes) => {
            hashed.extend(Digest::new(Algorithm::Sha256, crypto::sha256(bytes).as_slice().to_vec()));
            hashed.extend(Digest::new(Algorithm::Sha512, crypto::sha512(bytes).as_slice().to_vec()));
            hashed.as_slice()
        }
    };
    let asked = Asked { purl: None, file: None, digests, predicate_type: None };
    let task = Task { rules: Rules::Bundle, asked, artifact: Some(artifact), signer, trust };
    let empty = Blank { place: "bundle".to_owned(), about: None, predicate_type: None, publisher: None };
    match serde_json::from_slice::<WireBundle<'_>>(text) {
        Ok(wire) => {
            let media_type = wire.media_type.as_deref().unwrap_or_default().to_owned();
            task.judge(empty, &media_type, wire.decode())
        }
        Err(error) => task.judge(empty, "", Err(shown(&error.to_string()))),
    }
}

fn of_item(item: Item<'_>, rules: Rules, expected: &Expected, trust: &Trust) -> Attestation {
    let Item { place, about, predicate_type, publisher, body } = item;
    let blank = Blank {
        place,
        about,
        predicate_type: predicate_type.as_deref().map(str::to_owned),
        publisher: publisher.map(str::to_owned),
    };
    let (media_type, bundle) = match body {
        Body::Damaged(why) => (String::new(), Err(why)),
        Body::Bundle(text) => match serde_json::from_str::<WireBundle<'_>>(text) {
            Ok(wire) => (wire.media_type.as_deref().unwrap_or_default().to_owned(), wire.decode()),
            Err(error) => (String::new(), Err(shown(&error.to_string()))),
        },
        Body::Pep740(text) => match serde_json::from_str::<WireAttestation<'_>>(text) {
            Ok(wire) => (String::new(), wire.decode()),
            Err(error) => (String::new(), Err(shown(&error.to_string()))),
        },
    };
    let purl = blank.about.clone().or_else(|| expected.purl.clone());
    let asked = Asked {
        purl: purl.as_deref(),
        file: expected.file.as_deref(),
        digests: &expected.digests,
        predicate_type: predicate_type.as_deref(),
    };
    Task { rules, asked, artifact: None, signer: &Signer::Any, trust }.judge(blank, &media_type, bundle)
}
