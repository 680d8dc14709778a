//! RubyGems' documents to verbatim facts: the list of a gem's versions, and its owners.
//!
//! The list has one entry for each version and platform; a version is published when the first of them is. It
//! names neither the gem nor who pushed it, and leaves yanked versions out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use super::fields::{self, Notes, Object, accounts, is_version, put_in_order, quoted};
use super::path::segment;
use super::raw::{RawPackage, RawRelease, Skipped};
use super::{Part, Registry, document, statement};
use crate::error::{Error, Result};
use crate::names::package_name_fault;

/// 2023-12-01 in milliseconds: no earlier version can have an attestation.
const FIRST_ATTESTATION: i64 = 1_701_388_800_000;
/// The platform of a gem that runs on all of them.
const EVERY_PLATFORM: &str = "ruby";

/// The row of the table.
pub static REGISTRY: Registry = Registry {
    id: "gem",
    title: "RubyGems",
    document: "list of a gem's versions",
    not_offered: &[
        ("publisher", "shown on the page of a version only, not in its documents"),
        ("publisher_email_id", "not shown"),
        ("trusted_publisher", "stands only in the certificate of an attestation"),
        ("oidc_config_id", "not shown"),
        ("ci_workflow", "stands only in the certificate of an attestation"),
        ("ci_environment", "not shown"),
        ("approver", "there are no staged publishes"),
        ("npm_version", "the version of the build tool is shown, but its author can set it"),
        ("node_version", "the upload client is not shown"),
        ("git_head", "stands only in the certificate of an attestation"),
        ("file_count", "not shown"),
        ("unpacked_size", "not shown"),
        ("install_scripts", "an extension is built when a gem is installed, and the document does not show it"),
        ("dependencies", "stand in a document of each single version only"),
        ("maintainers", "shown as of now only"),
        ("repository", "stands in the author's metadata, and in the certificate of an attestation"),
        ("signed", "the registry signs no versions"),
        ("token_created_at", "never shown"),
        ("country", "never shown"),
    ],
    name,
    parts,
    parse,
    attestations,
    attested: Some(attested),
    requests_per_second: 10,
    read: |path| read(path),
};

/// A gem's name, as it is written: ASCII letters, digits, `-`, `_` and `.`, with a letter among them.
///
/// # Errors
/// It can be no name there.
pub fn name(text: &str) -> Result<String> {
    let fault = package_name_fault(text).or_else(|| {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let lettered = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        (!plain || !lettered).then_some("it is not letters, digits, `-`, `_` and `.`, with a letter among them")
    });
    match fault {
        None => Ok(text.to_owned()),
        Some(why) => Err(Error::usage(format!("`{}` is not the name of a gem: {why}", quoted(text)))
            .remedy("write the name that stands in the gem's address")),
    }
}

/// The list of versions, and the owners.
#[must_use]
pub fn parts(name: &str) -> Vec<Part> {
    let name = segment(name).unwrap_or_default();
    let part = |path, optional| Part { path, accept: "application/json", optional };
    vec![part(format!("api/v1/versions/{name}.json"), false), part(format!("api/v1/gems/{name}/owners.json"), true)]
}

/// One gem from its list of versions and its owners.
///
/// # Errors
/// A document is not a JSON array, or holds too many entries. Whether it is about another gem cannot be told:
/// the list names none.
pub fn parse(name: &str, parts: &[Option<&[u8]>]) -> Result<RawPackage> {
    let name = self::name(name)?;
    let Some(versions) = parts.first().copied().flatten() else {
        return Err(Error::no_input(format!("RubyGems has no document of `{name}`")).remedy("check the name"));
    };
    package(name, versions, parts.get(1).copied().flatten())
}

/// Reads a saved list of versions from a file: plain, gzip or zstd. The list does not name its gem: that is the
/// name of the file, without `.json`, `.gz` and `.zst` at its end.
///
/// # Errors
/// As [`document::read`] and [`parse`]; the file's name is no gem's. Every error names the file.
pub fn read(path: impl AsRef<Path>) -> Result<RawPackage> {
    let path = path.as_ref();
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = file.strip_suffix(".zst").or_else(|| file.strip_suffix(".gz")).unwrap_or(&file);
    let name = name(stem.strip_suffix(".json").unwrap_or(stem))
        .map_err(|error| error.file(path).remedy("the document names no gem: call the file NAME.json"))?;
    package(name, &document::read(path)?, None).map_err(|error| error.file(path))
}

/// Where the attestations of a release are; from before December 2023 there are none.
#[must_use]
pub fn attestations(name: &str, release: &RawRelease) -> Vec<String> {
    if release.published_at < FIRST_ATTESTATION {
        return Vec::new();
    }
    release.attestation.clone().or_else(|| attestation(name, &release.version, EVERY_PLATFORM)).into_iter().collect()
}

/// Takes up the predicate type of a release's attestations, of build provenance if there is one, else the first.
/// An empty list says that there are none; a bundle that signs the file itself has no predicate.
///
/// # Errors
/// The document is not a JSON array of objects.
pub fn attested(release: &mut RawRelease, document: &[u8]) -> Result<()> {
    let mut types = Vec::new();
    for (at, raw) in fields::list(document)?.into_iter().enumerate() {
        let bundle: Object<'_> = fields::parse(raw).ok_or_else(|| {
            Error::tool("an attestation is not a bundle")
                .place(format!("[{at}]"))
                .remedy("fetch the attestations again from the registry itself")
        })?;
        let notes = &mut Notes::default();
        let payload = bundle.object("dsseEnvelope", notes).and_then(|envelope| envelope.text("payload", notes));
        types.extend(payload.and_then(|payload| statement::predicate_type(&payload)));
    }
    if let Some(strongest) = statement::strongest(types.into_iter()) {
        release.provenance = Some(strongest);
    }
    Ok(())
}

fn package(name: String, versions: &[u8], owners: Option<&[u8]>) -> Result<RawPackage> {
    let entries = fields::list(versions)?;
    let mut package = RawPackage { name, ..RawPackage::default() };
    if let Some(owners) = owners {
        let owners = fields::list(owners).map_err(|error| error.place("owners"))?;
        let mut notes = Notes::default();
        let handles = accounts(&owners, "owners", "handle", &mut notes);
        package.owners = (!handles.is_empty()).then_some(handles);
        notes.hand_over("", &mut package);
    }
    let mut known: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    for raw in entries {
        let mut notes = Notes::default();
        let entry = fields::parse::<Object<'_>>(raw).unwrap_or_default();
        entry.note("the version", &mut notes);
        let number = entry.text("number", &mut notes).unwrap_or_default();
        match built(&package.name, &number, &entry, &mut notes) {
            Ok(release) => match known.entry(number.clone()) {
                Entry::Vacant(place) => {
                    place.insert(package.releases.len());
                    package.releases.push(release);
                }
                Entry::Occupied(place) => merge(&mut package.releases[*place.get()], release),
            },
            Err(reason) => package.skipped.push(Skipped { version: quoted(&number), reason: reason.to_owned() }),
        }
        notes.hand_over(&number, &mut package);
    }
    put_in_order(&mut package);
    Ok(package)
}

/// One entry: a version for one platform.
fn built(
    name: &str,
    number: &str,
    entry: &Object<'_>,
    notes: &mut Notes,
) -> std::result::Result<RawRelease, &'static str> {
    if !is_version(number) {
        return Err("not usable as a version string");
    }
    let published_at = entry.time("created_at")?;
    let platform = entry.name("platform", notes).filter(|platform| platform != EVERY_PLATFORM);
    let for_all = platform.is_none();
    Ok(RawRelease {
        version: number.to_owned(),
        published_at,
        integrity: entry.name("sha", notes).filter(|_| for_all),
        attestation: platform.and_then(|platform| attestation(name, number, &platform)),
        ..RawRelease::default()
    })
}

/// Joins another platform of the same version. What is kept of the file is kept of the one for all platforms,
/// where there is one.
fn merge(release: &mut RawRelease, other: RawRelease) {
    release.published_at = release.published_at.min(other.published_at);
    release.integrity = release.integrity.take().or(other.integrity);
    release.attestation = match (release.attestation.take(), other.attestation) {
        (Some(one), Some(two)) => Some(one.min(two)),
        _ => None,
    };
}

fn attestation(name: &str, number: &str, platform: &str) -> Option<String> {
    let file = match platform {
        EVERY_PLATFORM => format!("{name}-{number}"),
        _ => format!("{name}-{number}-{platform}"),
    };
    Some(format!("api/v1/attestations/{}.json", segment(&file)?))
}
