//! The JSON document of a project: releases, their files, and the owners of today.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat};

use super::simple::Listing;
use crate::acquire::fields::{
    self, List, MAX_RELEASES, NO_TIME, Notes, OUT_OF_RANGE, Object, Raw, UNREADABLE_TIME, is_version, other_package,
    quoted, too_many,
};
use crate::acquire::path::segment;
use crate::acquire::raw::{RawPackage, RawRelease, Skipped};
use crate::error::{Error, Result};

const DAY: i64 = 86_400_000;
/// Share of releases without an upload time above which a document is a mirror's: more than 1 in 20.
const MISSING_LIMIT: usize = 20;
/// Most warnings about late files that name their release; the rest is counted.
const NAMED: usize = 50;

const WHOLE: &str = "fetch the document of the whole project, pypi/NAME/json, from the registry itself";

/// A document that is known to be one of a project.
pub(super) struct Project<'a> {
    /// Normalised name.
    pub name: String,
    document: Object<'a>,
    releases: Object<'a>,
}

/// One file of a release.
struct File {
    filename: String,
    is_sdist: bool,
    sha256: Option<String>,
    is_yanked: bool,
    uploaded_at: std::result::Result<i64, &'static str>,
}

/// What is told of all releases together.
#[derive(Default)]
struct Tally {
    /// Releases that have files, and those of them that have no upload time.
    with_files: usize,
    without_time: usize,
    /// Files that the simple index does not list.
    unlisted: usize,
    /// Releases with files that came later than a day after the first: version, files, time of the last.
    late: Vec<(String, usize, i64)>,
}

/// Opens a document and finds out whose it is.
///
/// # Errors
/// It is not JSON, is no project's document, or another project's than `asked`.
pub(super) fn open<'a>(document: &'a [u8], asked: Option<&str>) -> Result<Project<'a>> {
    let document = fields::object(document)?;
    let notes = &mut Notes::default();
    let info = document.object("info", notes);
    let found = info.and_then(|info| info.name("name", notes));
    let Some(releases) = document.object("releases", notes) else {
        return Err(document.error_answer(notes).unwrap_or_else(|| {
            let what = if document.get("urls").is_some() {
                "is the document of a single version, not of a project"
            } else {
                "is JSON, but no project's document: it has no \"releases\""
            };
            Error::tool(what).place("releases").remedy(WHOLE)
        }));
    };
    if releases.is_cut {
        return Err(too_many().place("releases"));
    }
    let Some(found) = found else {
        return Err(Error::tool("the document does not name its project").place("info.name").remedy(WHOLE));
    };
    let name =
        super::name(&found).map_err(|error| Error { kind: crate::error::Kind::Tool, ..error }.place("info.name"))?;
    match asked {
        Some(asked) if asked != name => Err(other_package(asked, &found, "info.name")),
        _ => Ok(Project { name, document, releases }),
    }
}

/// Every release of a project, in the order of the document.
///
/// # Errors
/// More than one release in twenty has files without upload times.
pub(super) fn package(project: &Project<'_>, listing: Option<&Listing>) -> Result<RawPackage> {
    let mut package = RawPackage { name: project.name.clone(), ..RawPackage::default() };
    let mut notes = Notes::default();
    package.revision = project.document.count("last_serial", &mut notes).map(|serial| serial.to_string());
    package.owners = owners(&project.document, &mut notes);
    project.releases.note("releases", &mut notes);
    notes.hand_over("", &mut package);
    if listing.is_none() {
        package.warnings.push("whether files have attestations is unknown: there is no simple index".to_owned());
    }
    let mut tally = Tally::default();
    let mut seen = HashSet::with_capacity(project.releases.members.len());
    for (version, files) in &project.releases.members {
        if !seen.insert(&**version) {
            skip(&mut package, version, "second entry for this version in the document");
            continue;
        }
        let mut notes = Notes::default();
        match release(&project.name, version, files, listing, &mut tally, &mut notes) {
            Ok(release) => package.releases.push(release),
            Err(reason) => skip(&mut package, version, reason),
        }
        notes.hand_over(version, &mut package);
    }
    if tally.without_time * MISSING_LIMIT > tally.with_files {
        return Err(Error::tool(format!(
            "{} of {} releases have files without upload times: the document is a mirror's",
            tally.without_time, tally.with_files
        ))
        .place("releases")
        .remedy("fetch the document from the registry itself, not from a mirror, cache or proxy"));
    }
    warn(tally, &mut package);
    Ok(package)
}

fn release(
    name: &str,
    version: &str,
    files: Raw<'_>,
    listing: Option<&Listing>,
    tally: &mut Tally,
    notes: &mut Notes,
) -> std::result::Result<RawRelease, &'static str> {
    if !is_version(version) {
        return Err("not usable as a version string");
    }
    let list: List<'_> = fields::parse(files).ok_or("the release is not a list of files")?;
    if list.elements.is_empty() {
        return Err("no files: no publish time");
    }
    if list.is_cut {
        notes.add(format!("there are more than {MAX_RELEASES} files"));
    }
    let mut files: Vec<File> = list.elements.into_iter().filter_map(|raw| file(raw, notes)).collect();
    // The first upload decides the time, and where several came at once, the order is the same every time.
    files.sort_by(|a, b| (a.uploaded_at.ok(), &a.filename).cmp(&(b.uploaded_at.ok(), &b.filename)));
    tally.with_files += 1;
    let times: Vec<i64> = files.iter().filter_map(|file| file.uploaded_at.ok()).collect();
    let Some(published_at) = times.iter().min().copied() else {
        let reasons: Vec<&str> = files.iter().filter_map(|file| file.uploaded_at.err()).collect();
        if reasons.contains(&OUT_OF_RANGE) {
            return Err(OUT_OF_RANGE);
        }
        tally.without_time += 1;
        return Err(if reasons.contains(&UNREADABLE_TIME) { UNREADABLE_TIME } else { NO_TIME });
    };
    for reason in files.iter().filter_map(|file| file.uploaded_at.err()) {
        notes.add(format!("a file is left out of the publish time: {reason}"));
    }
    let late: Vec<i64> = times.into_iter().filter(|at| *at - published_at > DAY).collect();
    if let Some(last) = late.iter().max() {
        tally.late.push((quoted(version), late.len(), *last));
    }
    Ok(RawRelease {
        version: version.to_owned(),
        published_at,
        attestation: attestation(name, version, &files, listing, tally),
        integrity: sdist_digest(&files),
        deprecated: files.iter().all(|file| file.is_yanked),
        ..RawRelease::default()
    })
}

fn file(raw: Raw<'_>, notes: &mut Notes) -> Option<File> {
    let Some(file) = fields::parse::<Object<'_>>(raw) else {
        notes.add("a file is not an object");
        return None;
    };
    file.note("a file", notes);
    Some(File {
        filename: file.name("filename", notes).unwrap_or_default(),
        is_sdist: file.text("packagetype", notes).as_deref() == Some("sdist"),
        sha256: file.object("digests", notes).and_then(|digests| digests.name("sha256", notes)),
        is_yanked: file.flag("yanked", notes).unwrap_or_default(),
        uploaded_at: file.time("upload_time_iso_8601"),
    })
}

/// Where the provenance object of the sdist is or, if that has none, of the first file that has one.
fn attestation(
    name: &str,
    version: &str,
    files: &[File],
    listing: Option<&Listing>,
    tally: &mut Tally,
) -> Option<String> {
    let listing = listing?;
    tally.unlisted += files.iter().filter(|file| listing.is_attested(&file.filename).is_none()).count();
    let attested = || files.iter().filter(|file| listing.is_attested(&file.filename) == Some(true));
    let file = attested().find(|file| file.is_sdist).or_else(|| attested().next())?;
    Some(format!("integrity/{}/{}/{}/provenance", segment(name)?, segment(version)?, segment(&file.filename)?))
}

/// The digest of the only sdist. Other files may come and go as long as a release lives.
fn sdist_digest(files: &[File]) -> Option<String> {
    let mut sdists = files.iter().filter(|file| file.is_sdist);
    let only = sdists.next().filter(|_| sdists.next().is_none())?;
    only.sha256.clone()
}

/// Accounts with a role today. An empty list is what mirrors make up, because every project has an owner.
fn owners(document: &Object<'_>, notes: &mut Notes) -> Option<Vec<String>> {
    let roles = document.object("ownership", notes)?.list("roles", notes)?;
    let owners = fields::accounts(&roles, "ownership.roles", "user", notes);
    (!owners.is_empty()).then_some(owners)
}

fn warn(tally: Tally, package: &mut RawPackage) {
    if tally.unlisted > 0 {
        package.warnings.push(format!(
            "{} files are not in the simple index: whether they have attestations is unknown",
            tally.unlisted
        ));
    }
    let unnamed = tally.late.len().saturating_sub(NAMED);
    for (version, count, last) in tally.late.into_iter().take(NAMED) {
        let files = if count == 1 { "a file was".to_owned() } else { format!("{count} files were") };
        package.warnings.push(format!(
            "{files} added to version {version} over a day after its publish, the last at {}",
            shown(last)
        ));
    }
    if unnamed > 0 {
        package.warnings.push(format!("files were added late to {unnamed} more versions"));
    }
}

fn shown(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(|| format!("{ms} ms"), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn skip(package: &mut RawPackage, version: &str, reason: &str) {
    package.skipped.push(Skipped { version: quoted(version), reason: reason.to_owned() });
}
