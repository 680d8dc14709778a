//! Who stands behind an entry, as far as its certificate or key says.

use sigstore_verify::SubjectAltName;
use sigstore_verify::crypto::{parse_certificate_info, sha256};
use sigstore_verify::types::DerCertificate;

use crate::acquire::rekor::body::Identity;
use crate::acquire::rekor::hex;

/// A signer as one certificate or key shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Signer {
    /// What kind of identity it is: all that may be shown of a person.
    pub kind: SignerKind,
    /// Subject alternative name of the certificate: an address or a URI.
    pub name: Option<String>,
    /// OIDC issuer that vouched for the name.
    pub issuer: Option<String>,
    /// Repository that the certificate was issued to a job of, as a URI.
    pub repository: Option<String>,
    /// SHA-256 of the public key (DER, SPKI), lower-case hex digits.
    pub key: Option<String>,
}

/// What kind of identity signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignerKind {
    /// A person's or service's e-mail address, in a certificate.
    Email,
    /// A job of a repository, in a certificate.
    Workflow,
    /// Another URI in a certificate.
    Uri,
    /// A certificate without a name that is read here.
    Unnamed,
    /// A bare public key.
    Key,
    /// A certificate that cannot be read.
    Unreadable,
}

impl SignerKind {
    /// The kind in words, for a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Email => "an e-mail identity",
            Self::Workflow => "a workflow",
            Self::Uri => "a URI identity",
            Self::Unnamed => "a certificate without a name",
            Self::Key => "a bare key",
            Self::Unreadable => "an unreadable certificate",
        }
    }
}

impl std::fmt::Debug for Signer {
    /// Without the name, which may be somebody's address.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("kind", &self.kind).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads an identity of an entry's body. The chain is not checked here: the log took the certificate only
    /// with a chain to its own authorities.
    #[must_use]
    pub fn of(identity: &Identity) -> Self {
        let none = Self { kind: SignerKind::Unreadable, name: None, issuer: None, repository: None, key: None };
        let der = match identity {
            Identity::PublicKey(spki) => {
                return Self { kind: SignerKind::Key, key: Some(hex(sha256(spki).as_bytes())), ..none };
            }
            Identity::Certificate(der) => DerCertificate::new(der.clone()),
        };
        let Ok(info) = parse_certificate_info(&der) else { return none };
        let claims = info.ci_claims;
        let is_job = claims.source_repository_uri.is_some()
            || claims.build_signer_uri.is_some()
            || claims.deprecated_github.workflow_repository.is_some();
        let kind = match &info.identity {
            Some(SubjectAltName::Email(_)) => SignerKind::Email,
            Some(SubjectAltName::Uri(_)) if is_job => SignerKind::Workflow,
            Some(SubjectAltName::Uri(_)) => SignerKind::Uri,
            _ => SignerKind::Unnamed,
        };
        // Certificates of before April 2023 say owner/repository, of GitHub only.
        let early = claims.deprecated_github.workflow_repository.map(|name| format!("https://github.com/{name}"));
        Self {
            kind,
            name: info.identity.map(|name| name.as_str().to_owned()),
            issuer: info.issuer,
            repository: claims.source_repository_uri.or(early),
            key: Some(hex(sha256(info.public_key.as_bytes()).as_bytes())),
        }
    }
}
