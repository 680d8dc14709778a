//! What an attestation is about: the in-toto statement, compared with what it ought to be about.
//!
//! Format: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>; npm's publish predicate:
//! <https://github.com/npm/attestation/tree/main/specs/publish/v0.1>.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::digest::{Algorithm, Digest};
use super::file_name;
use super::json::{AtMost, Text, shown};
use crate::names::ReleaseId;

/// The payload type of an envelope that holds a statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The predicate types by which npm says that it accepted a version; what follows is the version `v0.1`.
pub const NPM_PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/";

/// Most subjects of a statement.
pub(super) const MAX_SUBJECTS: usize = 1000;

/// The values of `_type` that a statement may have.
const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];

/// Which registry's rules hold for the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// The first subject is the purl with its sha512; npm's predicate agrees with it.
    Npm,
    /// The only subject is the file name with its sha256.
    Pep740,
    /// Any subject may have the digest, and be the version or a file of it.
    Bundle,
}

/// What the statement ought to be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) purl: Option<&'a str>,
    pub(super) file: Option<&'a str>,
    pub(super) digests: &'a [Digest],
    /// The predicate type that the document states outside the signature.
    pub(super) predicate_type: Option<&'a str>,
}

/// What the comparison came to.
#[derive(Debug)]
pub(super) struct Bound {
    /// The digest that the signature is then verified for.
    pub(super) digest: Digest,
    /// Whether that digest was expected, or is merely the statement's own.
    pub(super) expected: bool,
}

/// A statement; what is not needed stays unread.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statement<'a> {
    #[serde(borrow, rename = "_type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) predicate_type: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<AtMost<Subject<'a>, MAX_SUBJECTS>>,
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Subject<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    digest: Option<Digests>,
}

/// The digests of a subject whose algorithm is known; others are passed over, as in-toto asks.
#[derive(Default)]
struct Digests(Vec<Digest>);

impl<'de> Deserialize<'de> for Digests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfDigests;

        impl<'de> Visitor<'de> for OfDigests {
            type Value = Digests;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of digests")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Digests, A::Error> {
                let mut digests: Vec<Digest> = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text<'de>, Text<'de>>()? {
                    let Some(algorithm) = Algorithm::of_name(&name) else { continue };
                    if digests.iter().any(|digest| digest.algorithm() == algorithm) {
                        return Err(A::Error::custom(format_args!("two {} digests", algorithm.name())));
                    }
                    let digest = Digest::of_hex(algorithm, &value)
                        .ok_or_else(|| A::Error::custom(format_args!("the {} digest is damaged", algorithm.name())))?;
                    digests.push(digest);
                }
                Ok(Digests(digests))
            }
        }

        deserializer.deserialize_map(OfDigests)
    }
}

#[derive(Deserialize)]
struct Published<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
}

impl<'a> Statement<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, String> {
        serde_json::from_slice(payload)
            .map_err(|error| format!("the statement cannot be read: {}", shown(&error.to_string())))
    }

    /// Compares the statement with what is asked for.
    pub(super) fn check(self, rules: Rules, asked: &Asked<'_>) -> Result<Bound, String> {
        let kind = self.kind.as_deref().unwrap_or_default();
        if !TYPES.contains(&kind) {
            return Err(format!("`{}` is no known type of statement", shown(kind)));
        }
        let predicate_type = self.predicate_type.as_deref().unwrap_or_default();
        if let Some(stated) = asked.predicate_type.filter(|stated| *stated != predicate_type) {
            return Err(format!(
                "the document says predicateType `{}`, the signed statement says `{}`",
                shown(stated),
                shown(predicate_type)
            ));
        }
        let subjects = self.subject.unwrap_or_default().whole("subject")?;
        let first = subjects.first().ok_or("the statement has no subject")?;
        let name = first.name.as_deref().unwrap_or_default();
        match rules {
            Rules::Npm => {
                check_npm_name(name, asked.purl)?;
                if predicate_type.starts_with(NPM_PUBLISH) {
                    check_published(self.predicate, asked.purl.unwrap_or(name))?;
                }
            }
            Rules::Pep740 => {
                if subjects.len() != 1 {
                    return Err(format!("the statement has {} subjects, PEP 740 allows one", subjects.len()));
                }
                check_names(&subjects, asked.purl)?;
            }
            Rules::Bundle => {
                check_names(&subjects, asked.purl)?;
                if predicate_type.starts_with(NPM_PUBLISH) {
                    check_published(self.predicate, name)?;
                }
            }
        }
        let eligible = match rules {
            Rules::Npm | Rules::Pep740 => &subjects[..1],
            Rules::Bundle => &subjects[..],
        };
        bind(eligible, rules, asked)
    }
}

/// Finds the subject with an expected digest, or the statement's own first digest where none is expected.
fn bind(subjects: &[Subject<'_>], rules: Rules, asked: &Asked<'_>) -> Result<Bound, String> {
    let right_name = |subject: &Subject<'_>| match asked.file {
        Some(file) => file_name::same(subject.name.as_deref().unwrap_or_default(), file) || rules == Rules::Npm,
        None => true,
    };
    let of = |subject: &Subject<'_>| -> Vec<Digest> {
        let allowed = |digest: &&Digest| match rules {
            Rules::Npm => digest.algorithm() == Algorithm::Sha512,
            Rules::Pep740 => digest.algorithm() == Algorithm::Sha256,
            Rules::Bundle => true,
        };
        subject.digest.as_ref().map_or(&[][..], |digests| &digests.0).iter().filter(allowed).cloned().collect()
    };
    if !subjects.iter().any(right_name) {
        let name = subjects.first().and_then(|subject| subject.name.as_deref()).unwrap_or_default();
        return Err(format!("the statement is about the file `{}`, not about the expected one", shown(name)));
    }
    let stated: Vec<Digest> = subjects.iter().filter(|subject| right_name(subject)).flat_map(of).collect();
    let Some(own) = stated.first() else {
        return Err(match rules {
            Rules::Npm => "the statement's subject has no sha512 digest",
            Rules::Pep740 => "the statement's subject has no sha256 digest",
            Rules::Bundle => "no subject of the statement has a sha256 or sha512 digest",
        }
        .to_owned());
    };
    if asked.digests.is_empty() {
        return Ok(Bound { digest: own.clone(), expected: false });
    }
    if let Some(digest) = stated.iter().find(|digest| asked.digests.contains(digest)) {
        return Ok(Bound { digest: digest.clone(), expected: true });
    }
    let comparable = asked.digests.iter().find(|digest| stated.iter().any(|one| one.algorithm() == digest.algorithm()));
    Err(match comparable {
        Some(digest) => format!("the statement is about another file: no subject has {digest}, the first has {own}"),
        None => format!("the statement has no digest of the expected kind to compare, only {}", own.algorithm().name()),
    })
}

/// npm names the version by its purl, the `@` of a scope as `%40`.
fn check_npm_name(name: &str, purl: Option<&str>) -> Result<(), String> {
    if !name.starts_with("pkg:npm/") {
        return Err(format!("the statement is about `{}`, which is no npm package", shown(name)));
    }
    match purl {
        Some(purl) if !same_purl(name, purl) => Err(other_package(name, purl)),
        _ => Ok(()),
    }
}

/// One of the subjects must be the expected version: by its purl, or by the name of a file of it.
fn check_names(subjects: &[Subject<'_>], purl: Option<&str>) -> Result<(), String> {
    let Some(purl) = purl else { return Ok(()) };
    let names = || subjects.iter().filter_map(|subject| subject.name.as_deref());
    if names().any(|name| same_purl(name, purl) || file_name::belongs_to(name, purl)) {
        return Ok(());
    }
    Err(other_package(names().next().unwrap_or_default(), purl))
}

fn other_package(name: &str, purl: &str) -> String {
    format!("the statement is about `{}`, not about `{}`", shown(name), shown(purl))
}

/// Name and version that npm's predicate states must be those of `purl`.
fn check_published(predicate: Option<&RawValue>, purl: &str) -> Result<(), String> {
    let published: Published<'_> = serde_json::from_str(predicate.map_or("null", RawValue::get))
        .map_err(|error| format!("npm's predicate cannot be read: {}", shown(&error.to_string())))?;
    let (name, version) = (published.name.unwrap_or_default(), published.version.unwrap_or_default());
    let agrees = purl.parse::<ReleaseId>().is_ok_and(|release| release.package == *name && release.version == *version);
    if agrees {
        return Ok(());
    }
    Err(format!("npm's predicate names {}@{}, not `{}`", shown(&name), shown(&version), shown(purl)))
}

/// Whether two purls name the same version of the same package. Spellings count as equal where the purl
/// specification says so (percent-encoding, case of the type, PyPI's normalised names); npm names are compared
/// with their capitals, since old packages differ by them alone.
fn same_purl(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    // Qualifiers and subpaths could name another file of the version.
    let plain = |text: &str| !text.contains(['?', '#']);
    match (one.parse::<ReleaseId>(), other.parse::<ReleaseId>()) {
        (Ok(one_release), Ok(other_release)) => plain(one) && plain(other) && one_release == other_release,
        _ => false,
    }
}
