//! What a signing certificate states: names and times of X.509 (RFC 5280), and the extensions of Fulcio, which
//! carry the identity that the signer had (sigstore/fulcio, docs/oid-info.md). Neither signature nor chain nor
//! time is checked here.

use std::borrow::Cow;

use x509_cert::der::Decode;
use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::ext::Extension as Encoded;

use super::x509;
pub use super::x509::Identity;
use crate::error::{Error, Result};

/// Largest certificate that is read, in bytes. Real ones have less than 3 KiB.
pub const MAX_BYTES: usize = 64 << 10;
/// Most extensions of one certificate. Real ones have about 30.
pub const MAX_EXTENSIONS: usize = 100;

/// The arc of Fulcio's extensions.
pub const FULCIO_ARC: &str = "1.3.6.1.4.1.57264.1";
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// The issuer of GitHub's workflow tokens; an enterprise's own one has its name as a path behind it.
pub(super) const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

const REMEDY: &str = "fetch the attestation again from the registry itself";

/// How an extension's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The bytes of the text themselves.
    Raw,
    /// A DER UTF8String.
    Utf8String,
}

/// One extension that Fulcio writes.
#[derive(Clone, Copy, Debug)]
pub struct Extension {
    /// Last arc of its object identifier, below [`FULCIO_ARC`].
    pub number: u32,
    /// Field of [`Certificate`] that holds it.
    pub field: &'static str,
    /// How its value is written.
    pub encoding: Encoding,
    /// What it means.
    pub doc: &'static str,
}

macro_rules! certificate {
    ($($number:literal $field:ident $encoding:ident $doc:literal;)+) => {
        /// What one certificate states. An extension's field is `None` where the certificate lacks it, and empty
        /// where it is there and says nothing.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Certificate {
            /// Beginning of its validity, in milliseconds since the Unix epoch.
            pub not_before: i64,
            /// End of its validity, in milliseconds since the Unix epoch.
            pub not_after: i64,
            /// Serial number in lower-case hexadecimal, two digits a byte, without a leading zero byte.
            pub serial: String,
            /// Distinguished name of the authority that issued it, as in RFC 4514.
            pub issuer_name: String,
            /// Its alternative names, in their order.
            pub identities: Vec<Identity>,
            $(#[doc = $doc] pub $field: Option<String>,)+
            /// Object identifiers of extensions on Fulcio's arc that the table does not have.
            pub unknown: Vec<String>,
            /// What is there and could not be read: an object identifier, and why.
            pub unreadable: Vec<(String, String)>,
        }

        /// Every extension that Fulcio writes, by number. Number 7 is no extension, but the type of a user name
        /// among the alternative names.
        pub const EXTENSIONS: &[Extension] = &[$(Extension {
            number: $number, field: stringify!($field), encoding: Encoding::$encoding, doc: $doc,
        },)+];

        impl Certificate {
            /// What the extension of that number states.
            #[must_use]
            pub fn extension(&self, number: u32) -> Option<&str> {
                match number {
                    $($number => self.$field.as_deref(),)+
                    _ => None,
                }
            }

            fn slot(&mut self, number: u32) -> Option<(&mut Option<String>, Encoding)> {
                match number {
                    $($number => Some((&mut self.$field, Encoding::$encoding)),)+
                    _ => None,
                }
            }
        }
    };
}

certificate! {
    1 issuer_v1 Raw "1: OIDC issuer, old form of 8.";
    2 workflow_trigger Raw "2: event that started GitHub's workflow, old form of 20.";
    3 workflow_sha Raw "3: commit of GitHub's workflow, old form of 13.";
    4 workflow_name Raw "4: display name of GitHub's workflow, which anyone with write access can change.";
    5 workflow_repository Raw "5: owner/name on GitHub, old form of 12.";
    6 workflow_ref Raw "6: git ref of GitHub's workflow, old form of 14.";
    8 issuer_v2 Utf8String "8: OIDC issuer.";
    9 build_signer_uri Utf8String "9: build instructions that signed: a reusable workflow, if one did.";
    10 build_signer_digest Utf8String "10: commit of 9.";
    11 runner_environment Utf8String "11: where the job ran, such as `github-hosted` or `self-hosted`.";
    12 source_repository_uri Utf8String "12: repository that was built.";
    13 source_repository_digest Utf8String "13: commit that was built.";
    14 source_repository_ref Utf8String "14: git ref that was built.";
    15 source_repository_id Utf8String "15: identifier of 12 that outlasts renames.";
    16 source_repository_owner_uri Utf8String "16: owner of 12.";
    17 source_repository_owner_id Utf8String "17: identifier of 16 that outlasts renames.";
    18 build_config_uri Utf8String "18: top-level build instructions.";
    19 build_config_digest Utf8String "19: commit of 18.";
    20 build_trigger Utf8String "20: event that started the build.";
    21 run_invocation_uri Utf8String "21: the run itself.";
    22 source_repository_visibility Utf8String "22: `public`, `private` or `internal`, at the time of signing.";
    23 deployment_environment Utf8String "23: deployment environment of the job; empty where it had none.";
    24 token_subject Utf8String "24: subject of the token, as the issuer writes it.";
}

/// A fact with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated<'a> {
    /// What is stated.
    pub value: Cow<'a, str>,
    /// Number of the extension that states it.
    pub extension: u32,
}

impl Certificate {
    /// OIDC issuer: 8, else 1.
    #[must_use]
    pub fn issuer(&self) -> Option<Stated<'_>> {
        self.first(8, 1)
    }

    /// Event that started the build: 20, else 2.
    #[must_use]
    pub fn trigger(&self) -> Option<Stated<'_>> {
        self.first(20, 2)
    }

    /// Commit that was built: 13, else 3.
    #[must_use]
    pub fn commit(&self) -> Option<Stated<'_>> {
        self.first(13, 3)
    }

    /// Git ref that was built: 14, else 6.
    #[must_use]
    pub fn git_ref(&self) -> Option<Stated<'_>> {
        self.first(14, 6)
    }

    /// Address of the repository that was built: 12; else 5 on github.com, if GitHub's own issuer vouches for it.
    #[must_use]
    pub fn repository(&self) -> Option<Stated<'_>> {
        if let Some(uri) = &self.source_repository_uri {
            return Some(Stated { value: Cow::Borrowed(uri), extension: 12 });
        }
        let path = self.workflow_repository.as_deref()?;
        let at_github = is_below(&self.issuer()?.value, GITHUB_ISSUER) && path.split('/').count() == 2;
        at_github.then(|| Stated { value: Cow::Owned(format!("https://github.com/{path}")), extension: 5 })
    }

    fn first(&self, number: u32, old: u32) -> Option<Stated<'_>> {
        let stated =
            |extension| self.extension(extension).map(|value| Stated { value: Cow::Borrowed(value), extension });
        stated(number).or_else(|| stated(old))
    }

    /// Takes up one extension; those off Fulcio's arc, but for the alternative names, are the verifier's business.
    fn take_up(&mut self, encoded: &Encoded) {
        let (id, value) = (encoded.extn_id, encoded.extn_value.as_bytes());
        if id == SUBJECT_ALT_NAME {
            let mut faults = Vec::new();
            self.identities = x509::identities(value, &mut faults);
            self.unreadable.extend(faults.into_iter().map(|reason| (id.to_string(), reason)));
            return;
        }
        let id = id.to_string();
        let Some(below) = id.strip_prefix(FULCIO_ARC).and_then(|rest| rest.strip_prefix('.')) else { return };
        let Some((slot, encoding)) = below.parse().ok().and_then(|number| self.slot(number)) else {
            self.unknown.push(id);
            return;
        };
        let text = match encoding {
            Encoding::Raw => std::str::from_utf8(value).map_err(|_| "is not UTF-8".to_owned()),
            Encoding::Utf8String => Utf8StringRef::from_der(value)
                .map(|text| text.as_str())
                .map_err(|e| format!("is no DER UTF8String: {e}")),
        };
        match text {
            Ok(text) => *slot = Some(text.to_owned()),
            Err(reason) => self.unreadable.push((id, reason)),
        }
    }
}

/// An issuer that is `base`, or has a path below it.
pub(super) fn is_below(issuer: &str, base: &str) -> bool {
    issuer.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Reads a certificate in DER.
///
/// # Errors
/// It is longer than [`MAX_BYTES`], is no certificate, has more than [`MAX_EXTENSIONS`] extensions, or one of them
/// twice.
pub fn read(der: &[u8]) -> Result<Certificate> {
    let wrong = |what: String| Err(Error::tool(what).place("certificate").remedy(REMEDY));
    if der.len() > MAX_BYTES {
        return wrong(format!("the certificate has {} bytes, of which {MAX_BYTES} are allowed", der.len()));
    }
    let body = match x509::body(der) {
        Ok(body) => body,
        Err(e) => return wrong(format!("is no X.509 certificate in DER: {e}")),
    };
    if body.is_cut {
        return wrong(format!("the certificate has more than {MAX_EXTENSIONS} extensions"));
    }
    let mut certificate = Certificate {
        not_before: x509::milliseconds(&body.validity.not_before),
        not_after: x509::milliseconds(&body.validity.not_after),
        serial: x509::serial(&body.serial),
        ..Certificate::default()
    };
    match x509::name(body.issuer) {
        Some(name) => certificate.issuer_name = name,
        None => return wrong("the certificate's issuer name cannot be read".to_owned()),
    }
    for (at, extension) in body.extensions.iter().enumerate() {
        if body.extensions[..at].iter().any(|before| before.extn_id == extension.extn_id) {
            return wrong(format!("the certificate has extension {} twice", extension.extn_id));
        }
        certificate.take_up(extension);
    }
    Ok(certificate)
}
