//! npm registry documents (full packuments) to verbatim facts.
//!
//! A document is read in one pass that keeps only what [`RawPackage`] needs. Fields of a wrong type count as
//! absent and are listed in `skipped`, because publishers choose most of them; documents that have lost
//! publishers or times (abbreviated ones, mirrors, trimmed copies) are refused, because silence about them
//! would read as a quiet history.
//!
//! Of a repeated key the first counts. Strings are kept up to 64 KiB, lists up to 10,000 names.

mod address;
pub mod anchors;
mod decode;
pub mod feed;
mod join;
mod kind;
mod packument;
mod people;
mod quality;
mod repair;
pub mod search;
mod times;
mod version;

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeSeed;

use self::decode::With;
use self::packument::Packument;
use super::raw::{RawPackage, Skipped};
use super::{Part, Registry, document};
use crate::error::{Error, Result, printable};
use crate::names::package_name_fault;

/// The row of the table.
pub static REGISTRY: Registry = Registry {
    id: crate::names::NPM,
    title: "npm",
    document: "full packument",
    not_offered: &[
        ("token_id", "the registry does not publish it; an owner's audit log may supply it"),
        ("token_created_at", "the registry does not publish it; `path-age` is a proxy"),
        ("country", "the registry does not publish it; an owner's audit log may supply it"),
    ],
    name: |name| match package_name_fault(name) {
        None => Ok(name.to_owned()),
        Some(why) => Err(Error::usage(format!("`{}` is not an npm package name: {why}", printable(name)))
            .remedy("write it as npm does: axios, @scope/name")),
    },
    parts: |name| vec![Part { path: segment(name), accept: "application/json", optional: false }],
    parse: of_package,
    attestations: |name, release| {
        let has = release.provenance.is_some() && !release.removed;
        let version = utf8_percent_encode(&release.version, SEGMENT);
        has.then(|| format!("-/npm/v1/attestations/{}@{version}", segment(name))).into_iter().collect()
    },
    attested: None,
    requests_per_second: 30,
    read: |path| read(path),
};

/// What a path segment may not hold as it is; npm leaves the `@` of a scope.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// One package from its document, which must be its own.
///
/// # Errors
/// As [`parse`]; the document is another package's.
fn of_package(name: &str, parts: &[Option<&[u8]>]) -> Result<RawPackage> {
    let package = parse(parts.first().copied().flatten().unwrap_or_default())?;
    if package.name == name {
        return Ok(package);
    }
    Err(Error::tool(format!("is the document of another package, {}", printable(&package.name)))
        .place("name")
        .remedy("check the registry's address: something answers in its place"))
}

/// Reads one full npm package document from a file: plain, gzip or zstd.
///
/// # Errors
/// As [`document::read`] and [`parse`]; every error names the file.
pub fn read(path: impl AsRef<Path>) -> Result<RawPackage> {
    let text = document::read(path.as_ref())?;
    parse(&text).map_err(|error| error.file(path))
}

/// Parses one full npm package document, unpacked.
///
/// # Errors
/// The bytes are not UTF-8 or not JSON (with line and column); the document is of another kind
/// (abbreviated, a single manifest, a cache entry, an error answer); its package name is none; or it is not
/// a registry's own document (no `_rev`, no `created`, over 5 % of versions without a time, no publishers,
/// rewritten times). Each says what to do instead.
pub fn parse(bytes: &[u8]) -> Result<RawPackage> {
    document::check_object(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::tool("is not UTF-8 text")
            .place(format!("byte {}", error.valid_up_to()))
            .remedy("fetch the document again, and keep it as it was sent")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let refused = match decode(text) {
        Ok(doc) => return assemble(doc),
        Err(error) => error,
    };
    let Some((repaired, count)) = repair::surrogates(text) else {
        return Err(not_json(&refused));
    };
    let mut package = assemble(decode(&repaired).map_err(|error| not_json(&error))?)?;
    package.skipped.push(Skipped {
        version: String::new(),
        reason: format!("{count} escapes of half a character, read as U+FFFD"),
    });
    Ok(package)
}

fn decode(text: &str) -> serde_json::Result<Packument<'_>> {
    let mut doc = Packument::default();
    let mut source = serde_json::Deserializer::from_str(text);
    With(&mut doc).deserialize(&mut source)?;
    source.end()?;
    Ok(doc)
}

fn assemble(doc: Packument<'_>) -> Result<RawPackage> {
    kind::check(&doc)?;
    let (name, warning) = kind::name(&doc)?;
    quality::check_origin(&doc)?;
    let mut package = RawPackage {
        name,
        revision: doc.revision.clone(),
        warnings: warning.into_iter().collect(),
        ..RawPackage::default()
    };
    let traces = join::join(doc, &mut package)?;
    quality::check(&mut package, &traces)?;
    Ok(package)
}

fn not_json(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    let remedy = if error.is_eof() {
        "the document is cut short: fetch it again, whole"
    } else {
        "fetch the document again, and keep it as it was sent"
    };
    Error::tool(format!("is not valid JSON: {what}")).place(format!("line {line} column {column}")).remedy(remedy)
}
