//! Refuses documents that are not full packuments, each by name and with what to do instead, and names
//! that are not package names.

use super::decode::Fit;
use super::packument::Packument;
use super::times::MAX_VERSIONS;
use crate::error::{Error, Result, printable};
use crate::names::package_name_fault;

/// Most characters of a stranger's text quoted in a message.
const QUOTED: usize = 80;

const ASK_EXACTLY: &str = "fetch the full document: ask the registry with exactly Accept: application/json, \
                           because any other Accept header is answered with the abbreviated document";

/// Refuses every kind of document that has no publishers and times.
///
/// # Errors
/// The document is a cache entry, a registry's error answer, a single manifest, an abbreviated document, a
/// copy from a registry that drops `time`, ambiguous, or too long.
pub(super) fn check(doc: &Packument<'_>) -> Result<()> {
    let has_versions = doc.versions_fit.is_some();
    if doc.cache_key.as_deref().is_some_and(|key| key.starts_with("make-fetch-happen:") || key.starts_with("pacote:")) {
        return Err(Error::tool("is an entry of an npm client cache, not a package document").place("key").remedy(
            "import the content file that the entry points to, if it was asked for with exactly Accept: \
                 application/json; a client cache also keeps an abbreviated document for each package",
        ));
    }
    if let Some(member) = doc.repeated {
        return Err(Error::tool(format!("the member \"{member}\" appears twice, so that readers may disagree on it"))
            .place(member)
            .remedy("fetch the document again from the registry itself"));
    }
    if doc.is_too_long || doc.log.is_too_long {
        return Err(Error::tool(format!("holds more than {MAX_VERSIONS} versions"))
            .place(if doc.is_too_long { "versions" } else { "time" })
            .remedy("no package has that many: check where the file comes from"));
    }
    match doc.time_fit {
        Some(Fit::Taken) => {}
        Some(_) => {
            return Err(Error::tool("\"time\" is not an object, so that no publish has a time")
                .place("time")
                .remedy(ASK_EXACTLY));
        }
        None if has_versions && doc.has("modified") => {
            return Err(Error::tool("is an abbreviated package document, without publishers and times")
                .place("time")
                .remedy(ASK_EXACTLY));
        }
        None if has_versions => {
            return Err(Error::tool("has no \"time\": the registry or mirror it comes from drops it")
                .place("time")
                .remedy(
                    "fetch the document from the registry where the package is published; GitHub Packages and \
                     GitLab keep no publish times",
                ));
        }
        None if doc.has("version") && doc.has("dist") => {
            return Err(Error::tool("is the manifest of a single version, not the document of a package")
                .place("version")
                .remedy("fetch the address without the version at its end, with exactly Accept: application/json"));
        }
        None => return Err(not_a_package(doc)),
    }
    match doc.versions_fit {
        Some(Fit::Taken) => Ok(()),
        _ if doc.log.tombstone.is_some() => Ok(()),
        Some(_) => Err(Error::tool("\"versions\" is not an object").place("versions").remedy(ASK_EXACTLY)),
        None => Err(Error::tool("has neither \"versions\" nor the mark of an unpublished package")
            .place("versions")
            .remedy("this is a part of a document: fetch it again, whole")),
    }
}

fn not_a_package(doc: &Packument<'_>) -> Error {
    if let Some(message) = &doc.error {
        return Error::tool(format!("is a registry's error answer: \"{}\"", quoted(message)))
            .place("error")
            .remedy("fetch the document again; an error answer is not the absence of a package");
    }
    Error::tool("is JSON, but not an npm package document: it has neither \"versions\" nor \"time\"")
        .remedy(ASK_EXACTLY)
}

/// The package's name, checked; and a warning if the document gives two.
///
/// # Errors
/// There is no name, or it could not be a package's: see [`check_name`].
pub(super) fn name(doc: &Packument<'_>) -> Result<(String, Option<String>)> {
    let (name, place) = match (&doc.name, &doc.id) {
        (Some(name), _) => (name, "name"),
        (None, Some(id)) => (id, "_id"),
        (None, None) => {
            return Err(Error::tool("the document does not name its package")
                .place("name")
                .remedy("fetch the document again from the registry itself"));
        }
    };
    check_name(name, place)?;
    let differs = doc.id.as_ref().filter(|id| *id != name);
    let warning = differs.map(|id| format!("_id is \"{}\", which is not the name", quoted(id)));
    Ok((name.clone(), warning))
}

fn check_name(name: &str, place: &str) -> Result<()> {
    package_name_fault(name).map_or(Ok(()), |why| {
        Err(Error::tool(format!("`{}` is not a package name: {why}", quoted(name)))
            .place(place)
            .remedy("no registry allows such a name: check where the file comes from"))
    })
}

/// The beginning of a stranger's text, safe to show.
pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(QUOTED).collect();
    printable(&short)
}
