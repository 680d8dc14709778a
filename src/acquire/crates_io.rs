//! Documents of the crates registry to verbatim facts: the list of a crate's versions, and its owners.
//!
//! A version is published by an account, or by a trusted publisher; which one, the registry states itself. It
//! keeps no attestations.

use std::collections::HashSet;
use std::path::Path;

use super::fields::{
    self, List, Notes, Object, Raw, accounts, is_version, other_package, put_in_order, quoted, too_many,
};
use super::path::segment;
use super::raw::{RawPackage, RawRelease, Skipped};
use super::{Part, Registry, document, forge};
use crate::error::{Error, Result};

/// Longest name, in bytes.
const MAX_NAME: usize = 64;
/// Longest address of a next page, in bytes.
const MAX_PAGE: usize = 1024;
/// Hexadecimal digits of a commit that are kept.
const HEAD_DIGITS: usize = 12;

const ORIGINAL: &str = "fetch the document from the registry itself: api/v1/crates/NAME/versions";

/// The row of the table.
pub static REGISTRY: Registry = Registry {
    id: "cargo",
    title: "Cargo",
    document: "list of a crate's versions",
    not_offered: &[
        ("publisher_email_id", "addresses of accounts are private"),
        ("oidc_config_id", "stands for no configuration here; the repository does"),
        ("ci_workflow", "a trusted publish shows its repository and run, not its workflow"),
        ("ci_environment", "a trusted publish shows its repository and run, not its environment"),
        ("approver", "there are no staged publishes"),
        ("npm_version", "the upload client is not shown"),
        ("node_version", "the upload client is not shown"),
        ("provenance", "the registry keeps no attestations"),
        ("git_head", "shown for trusted publishers only"),
        ("file_count", "not shown"),
        ("unpacked_size", "only packed sizes are shown"),
        ("install_scripts", "a build script runs when a crate is built, and the document does not show it"),
        ("dependencies", "stand in the index and in a document of each single version"),
        ("maintainers", "shown as of now only; the registry's daily dump tells since when"),
        ("repository", "taken for trusted publishers only: there the registry states it"),
        ("signed", "the registry signs no versions"),
        ("token_created_at", "never shown"),
        ("country", "never shown"),
    ],
    name,
    parts,
    parse,
    attestations: |_, _| Vec::new(),
    attested: None,
    requests_per_second: 1,
    read: |path| read(path),
};

/// A name as its author writes it: ASCII letters, digits, `-` and `_`, at most 64. The registry takes names for
/// equal that differ in case, or in `-` for `_`.
///
/// # Errors
/// It can be no name there.
pub fn name(text: &str) -> Result<String> {
    let fits = (1..=MAX_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if fits {
        return Ok(text.to_owned());
    }
    Err(Error::usage(format!("`{}` is not the name of a crate", quoted(text)))
        .remedy("a crate's name has up to 64 letters, digits, `-` and `_`"))
}

/// The list of versions, and the owners.
#[must_use]
pub fn parts(name: &str) -> Vec<Part> {
    let name = segment(name).unwrap_or_default();
    let part =
        |what, optional| Part { path: format!("api/v1/crates/{name}/{what}"), accept: "application/json", optional };
    vec![part("versions", false), part("owners", true)]
}

/// One crate, or one page of it, from its list of versions and its owners. Where that is one page of several,
/// [`RawPackage::more`] leads to the next.
///
/// # Errors
/// A document is not JSON, of another kind, or about another crate.
pub fn parse(name: &str, parts: &[Option<&[u8]>]) -> Result<RawPackage> {
    let asked = self::name(name)?;
    let Some(versions) = parts.first().copied().flatten() else {
        return Err(
            Error::no_input(format!("{} has no document of `{asked}`", REGISTRY.title)).remedy("check the name")
        );
    };
    package(Some(&asked), versions, parts.get(1).copied().flatten())
}

/// Reads a saved list of versions from a file: plain, gzip or zstd.
///
/// # Errors
/// As [`document::read`] and [`parse`]; the list is empty, so that it names no crate. Every error names the file.
pub fn read(path: impl AsRef<Path>) -> Result<RawPackage> {
    let text = document::read(path.as_ref())?;
    let mut package = package(None, &text, None).map_err(|error| error.file(path))?;
    if package.more.is_some() {
        package.warnings.push("the document is one page of several: other versions are missing".to_owned());
    }
    Ok(package)
}

fn package(asked: Option<&str>, document: &[u8], owners: Option<&[u8]>) -> Result<RawPackage> {
    let document = fields::object(document)?;
    let notes = &mut Notes::default();
    let versions = match document.get("versions").and_then(fields::parse::<List<'_>>) {
        Some(List { elements, is_cut: false }) => elements,
        Some(_) => return Err(too_many().place("versions")),
        None => {
            return Err(document.error_answer(notes).unwrap_or_else(|| {
                Error::tool("is JSON, but no list of versions").place("versions").remedy(ORIGINAL)
            }));
        }
    };
    let mut package = RawPackage { name: crate_name(asked, &versions)?, ..RawPackage::default() };
    let mut notes = Notes::default();
    let total = next_page(&document, versions.len(), &mut package, &mut notes);
    if let Some(owners) = owners {
        let owners = fields::object(owners).map_err(|error| error.place("owners"))?;
        let users = owners.list("users", &mut notes).map(|users| accounts(&users, "owners", "login", &mut notes));
        package.owners = users.filter(|logins| !logins.is_empty());
    }
    notes.hand_over("", &mut package);
    package.warnings.extend(total);

    let mut seen = HashSet::with_capacity(versions.len());
    for raw in versions {
        let mut notes = Notes::default();
        let version = fields::parse::<Object<'_>>(raw).unwrap_or_default();
        version.note("the version", &mut notes);
        let number = version.text("num", &mut notes).unwrap_or_default();
        let taken = if !is_version(&number) {
            Err("not usable as a version string")
        } else if seen.insert(number.clone()) {
            release(&number, &version, &mut notes)
        } else {
            Err("second entry for this version in the document")
        };
        match taken {
            Ok(release) => package.releases.push(release),
            Err(reason) => package.skipped.push(Skipped { version: quoted(&number), reason: reason.to_owned() }),
        }
        notes.hand_over(&number, &mut package);
    }
    put_in_order(&mut package);
    Ok(package)
}

/// The crate that every version names.
fn crate_name(asked: Option<&str>, versions: &[Raw<'_>]) -> Result<String> {
    let canonical = |name: &str| name.to_ascii_lowercase().replace('-', "_");
    let mut found: Option<String> = None;
    for (at, raw) in versions.iter().enumerate() {
        let version = fields::parse::<Object<'_>>(raw);
        let Some(name) = version.and_then(|version| version.name("crate", &mut Notes::default())) else { continue };
        let place = format!("versions[{at}].crate");
        let expected = asked.or(found.as_deref());
        if let Some(expected) = expected.filter(|expected| canonical(expected) != canonical(&name)) {
            return Err(other_package(expected, &name, &place));
        }
        if found.is_none() {
            self::name(&name).map_err(|error| Error { kind: crate::error::Kind::Tool, ..error }.place(place))?;
            found = Some(name);
        }
    }
    found
        .or_else(|| asked.map(str::to_owned))
        .ok_or_else(|| Error::tool("the document does not name its crate").place("versions[0].crate").remedy(ORIGINAL))
}

/// Takes up where the next page is; a warning where versions are missing and there is none.
fn next_page(document: &Object<'_>, here: usize, package: &mut RawPackage, notes: &mut Notes) -> Option<String> {
    let meta = document.object("meta", notes)?;
    let total = meta.count("total", notes);
    if let Some(query) = meta.name("next_page", notes) {
        let fits = query.len() <= MAX_PAGE && query.starts_with('?') && query.bytes().all(|b| b.is_ascii_graphic());
        if fits && !query.contains('#') {
            package.more = segment(&package.name).map(|name| format!("api/v1/crates/{name}/versions{query}"));
            return None;
        }
        notes.add("meta.next_page is no query");
    }
    let total = total.filter(|total| *total > here as u64)?;
    Some(format!("the document holds {here} of {total} versions"))
}

fn release(number: &str, version: &Object<'_>, notes: &mut Notes) -> std::result::Result<RawRelease, &'static str> {
    let mut release = RawRelease {
        version: number.to_owned(),
        published_at: version.time("created_at")?,
        integrity: version.name("checksum", notes),
        deprecated: version.flag("yanked", notes).unwrap_or_default(),
        ..RawRelease::default()
    };
    let account = version.object("published_by", notes).and_then(|user| user.name("login", notes));
    let trusted = version.object("trustpub_data", notes);
    match trusted {
        Some(trusted) => take_trusted(&trusted, &mut release, notes),
        None => release.publisher = account.or_else(|| publisher_in_log(version, notes)),
    }
    Ok(release)
}

/// A publish through a trusted publisher, as the registry states it.
fn take_trusted(trusted: &Object<'_>, release: &mut RawRelease, notes: &mut Notes) {
    let Some(provider) = trusted.name("provider", notes) else {
        notes.add("trustpub_data names no provider");
        return;
    };
    let path = trusted.name("repository", notes).or_else(|| trusted.name("project_path", notes));
    release.repository = path.and_then(|path| forge::repository(&provider, &path));
    if release.repository.is_none() {
        notes.add("trustpub_data names no repository of a known forge");
    }
    if let Some(commit) = trusted.name("sha", notes) {
        match commit.get(..HEAD_DIGITS).filter(|head| head.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            Some(head) => release.git_head = Some(head.to_ascii_lowercase()),
            None => notes.add("trustpub_data.sha is no commit"),
        }
    }
    release.publisher = Some(forge::title(&provider));
    release.trusted_publisher = Some(provider.to_ascii_lowercase());
}

/// The account that the version's own log names. Versions of before 2018 name none anywhere.
fn publisher_in_log(version: &Object<'_>, notes: &mut Notes) -> Option<String> {
    let actions = version.list("audit_actions", notes)?;
    actions.into_iter().filter_map(fields::parse::<Object<'_>>).find_map(|action| {
        let is_publish = action.text("action", notes).as_deref() == Some("publish");
        is_publish.then(|| action.object("user", notes)?.name("login", notes)).flatten()
    })
}
