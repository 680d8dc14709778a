//! PyPI's documents to verbatim facts.
//!
//! A package's history is its JSON document and, for which files have attestations, its page of the simple index
//! (version 1.4 in JSON). Neither says who uploaded anything: for a publish through a trusted publisher the
//! provenance object of one of its files does ([`provenance`]), and who could publish at a time follows from the
//! owners of today and the [`journal`].

pub mod journal;
pub mod provenance;
mod releases;
mod simple;
mod xml_rpc;

use std::path::Path;

use self::simple::Listing;
use super::path::segment;
use super::raw::{RawPackage, RawRelease};
use super::{Part, Registry, document, fields};
use crate::error::{Error, Result};
use crate::names::package_name_fault;

/// The row of the table.
pub static REGISTRY: Registry = Registry {
    id: "pypi",
    title: "PyPI",
    document: "project JSON document",
    not_offered: &[
        ("publisher", "shown only for trusted publishers, by the provenance object of a file"),
        ("publisher_email_id", "shown only for a publisher of kind Google: its service account"),
        ("oidc_config_id", "stands for no configuration here; repository, workflow and environment do"),
        ("approver", "there are no staged publishes"),
        ("npm_version", "the upload client is shown in the public data set of uploads only"),
        ("node_version", "the upload client is shown in the public data set of uploads only"),
        ("git_head", "stands only in the certificate of an attestation"),
        ("file_count", "the number of files inside a distribution is not shown"),
        ("unpacked_size", "only packed sizes are shown"),
        ("install_scripts", "an sdist runs code when it is built, and nothing in the document says which"),
        ("dependencies", "stand in the document of each single version only"),
        ("maintainers", "shown as of now only; the journal of role changes leads back to a publish"),
        ("repository", "shown only for trusted publishers, by the provenance object of a file"),
        ("signed", "the registry signs no versions"),
        ("token_created_at", "never shown"),
        ("country", "never shown"),
    ],
    name,
    parts,
    parse,
    attestations,
    attested: Some(provenance::attested),
    requests_per_second: 10,
    read: |path| read(path),
};

/// A name as PyPI writes it in addresses: lower case, each run of `-`, `_` and `.` one `-` (PEP 503).
///
/// # Errors
/// It can be no name there: other characters, none at all, or a separator at an end.
pub fn name(text: &str) -> Result<String> {
    let at_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let fault = if let Some(fault) = package_name_fault(text) {
        Some(fault)
    } else if !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        Some("it holds other characters than letters, digits, `-`, `_` and `.`")
    } else if at_end(text.chars().next()) && at_end(text.chars().next_back()) {
        None
    } else {
        Some("it begins or ends with another character than a letter or a digit")
    };
    if let Some(why) = fault {
        return Err(Error::usage(format!("`{}` is not a name on PyPI: {why}", fields::quoted(text)))
            .remedy("write the name that stands in the project's address"));
    }
    let mut normal = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.push(c.to_ascii_lowercase()),
        }
    }
    Ok(normal)
}

/// The JSON document, and the page of the simple index.
#[must_use]
pub fn parts(name: &str) -> Vec<Part> {
    let name = segment(name).unwrap_or_default();
    vec![
        Part { path: format!("pypi/{name}/json"), accept: "application/json", optional: false },
        Part { path: format!("simple/{name}/"), accept: "application/vnd.pypi.simple.v1+json", optional: true },
    ]
}

/// One package from its JSON document and its page of the simple index.
///
/// # Errors
/// A document is not JSON, is of another kind or about another package, or has lost its upload times.
pub fn parse(name: &str, parts: &[Option<&[u8]>]) -> Result<RawPackage> {
    let asked = self::name(name)?;
    let Some(project) = parts.first().copied().flatten() else {
        return Err(Error::no_input(format!("PyPI has no document of `{asked}`")).remedy("check the name"));
    };
    package(Some(&asked), project, parts.get(1).copied().flatten())
}

/// Reads a saved JSON document from a file: plain, gzip or zstd. Which files have attestations it does not say.
///
/// # Errors
/// As [`document::read`] and [`parse`]; every error names the file.
pub fn read(path: impl AsRef<Path>) -> Result<RawPackage> {
    let text = document::read(path.as_ref())?;
    package(None, &text, None).map_err(|error| error.file(path))
}

/// The provenance object of a file of the release, if any has one.
#[must_use]
pub fn attestations(_name: &str, release: &RawRelease) -> Vec<String> {
    release.attestation.iter().cloned().collect()
}

fn package(asked: Option<&str>, project: &[u8], page: Option<&[u8]>) -> Result<RawPackage> {
    let project = releases::open(project, asked)?;
    let listing = page.map(|page| Listing::read(&project.name, page)).transpose().map_err(|error| {
        let place = error.place.as_deref().map_or_else(String::new, |place| format!(", {place}"));
        let place = format!("simple/{}/{place}", project.name);
        error.place(place)
    })?;
    let mut package = releases::package(&project, listing.as_ref())?;
    if let Some(listing) = listing {
        listing.report(&mut package);
    }
    fields::put_in_order(&mut package);
    Ok(package)
}
