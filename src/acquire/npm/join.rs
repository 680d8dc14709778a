//! Joins version objects and log into releases: present, removed, skipped.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::kind::quoted;
use super::packument::{PROXY_MARKS, Packument};
use super::times::{Log, Stamp};
use super::version::Present;
use crate::acquire::raw::{RawPackage, RawRelease, Skipped};
use crate::error::{Error, Result};

/// Longest version string in bytes: npm's limit for semantic versions.
const MAX_VERSION: usize = 256;
/// Share of versions without a time above which a document is a part of one: more than 1 in 20.
const MISSING_LIMIT: usize = 20;
/// Repository of the packages that stand in for removed malware, and the account that owns them.
const HOLDING_REPOSITORY: &str = "github.com/npm/security-holder";
const HOLDING_OWNER: &str = "npm";

/// What the quality check needs beside the package itself.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// Publish time and upload time of each version that has both, in milliseconds.
    pub uploads: Vec<(i64, i64)>,
    /// Publish time of each log entry, and whether it is written as the registry writes it.
    pub stamps: Vec<(i64, bool)>,
    /// Publish time of the newest version that names a host.
    pub newest: i64,
    /// Versions that are there now.
    pub present: usize,
}

/// Joins versions and log into `package`.
///
/// # Errors
/// More than 5 % of the versions have no time: the log was trimmed.
pub(super) fn join(mut doc: Packument<'_>, package: &mut RawPackage) -> Result<Traces> {
    let mut traces = Traces::default();
    let holding = is_holding(&doc);
    let versions = first_of_each(std::mem::take(&mut doc.versions), &mut package.skipped);
    for version in std::mem::take(&mut doc.log.conflicting) {
        skip(package, &version, "second, different time in the document");
    }
    warn(&doc, &versions, holding, package);

    let total = versions.len();
    let mut missing = 0;
    for present in versions {
        let stamp = doc.log.stamps.remove(present.release.version.as_str());
        if holding && is_security_version(&present.release.version) {
            skip(package, &present.release.version, "security holding version put in place by the registry");
            continue;
        }
        missing += usize::from(matches!(stamp, None | Some(Stamp::Unreadable)));
        take_present(present, stamp, package, &mut traces);
    }
    if missing * MISSING_LIMIT > total {
        return Err(Error::tool(format!("{missing} of {total} versions have no time: the document is a trimmed copy"))
            .place("time")
            .remedy("fetch the whole document from the registry itself, with exactly Accept: application/json"));
    }
    take_removed(doc.log, package, &mut traces);
    package.releases.sort_unstable_by(|a, b| (a.published_at, &a.version).cmp(&(b.published_at, &b.version)));
    package.releases.shrink_to_fit();
    package.skipped.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(traces)
}

/// Keeps the first object of each version; a second, different one is skipped with its reason.
fn first_of_each(versions: Vec<Present>, skipped: &mut Vec<Skipped>) -> Vec<Present> {
    let mut first: HashMap<&str, usize> = HashMap::with_capacity(versions.len());
    let mut again = Vec::new();
    for (at, present) in versions.iter().enumerate() {
        match first.entry(&present.release.version) {
            Entry::Vacant(entry) => drop(entry.insert(at)),
            Entry::Occupied(entry) => {
                again.push(at);
                if versions[*entry.get()] != *present {
                    skipped.push(Skipped {
                        version: quoted(&present.release.version),
                        reason: "second, different object for this version in the document".to_owned(),
                    });
                }
            }
        }
    }
    if again.is_empty() {
        return versions;
    }
    let mut again = again.into_iter().peekable();
    let kept = versions.into_iter().enumerate().filter(|(at, _)| again.next_if_eq(at).is_none());
    kept.map(|(_, present)| present).collect()
}

fn take_present(present: Present, stamp: Option<Stamp>, package: &mut RawPackage, traces: &mut Traces) {
    let Present { mut release, uploaded_at, tarball_host, broken, notes } = present;
    let reason = match stamp {
        _ if broken => "the version is not an object",
        _ if !is_usable(&release.version) => "not usable as a version string",
        None => "no time",
        Some(Stamp::Unreadable) => "the time cannot be read",
        Some(Stamp::OutOfRange) => "the time is before 2009 or after 2099",
        Some(Stamp::At { ms, is_native }) => {
            for note in notes.0 {
                skip(package, &release.version, &format!("{} {}", note.field, note.trouble));
            }
            release.published_at = ms;
            traces.stamps.push((ms, is_native));
            traces.uploads.extend(uploaded_at.map(|at| (ms, at)));
            traces.present += 1;
            // The newest version's host speaks for the document: old ones may keep an old address.
            if tarball_host.is_some() && ms >= traces.newest {
                traces.newest = ms;
                package.tarball_host = tarball_host;
            }
            package.releases.push(release);
            return;
        }
    };
    skip(package, &release.version, reason);
}

/// Takes up what is left of the log: versions that are not there any more.
fn take_removed(log: Log<'_>, package: &mut RawPackage, traces: &mut Traces) {
    for version in log.tombstone.map(|tombstone| tombstone.versions).unwrap_or_default() {
        if !log.stamps.contains_key(&version) && traces.present == 0 {
            skip(package, &version, "no time");
        }
    }
    package.releases.reserve_exact(log.stamps.len());
    for (version, stamp) in log.stamps {
        let reason = match stamp {
            _ if !is_usable(&version) => "not usable as a version string",
            Stamp::Unreadable => "the time cannot be read",
            Stamp::OutOfRange => "the time is before 2009 or after 2099",
            Stamp::At { ms, is_native } => {
                traces.stamps.push((ms, is_native));
                let version = Cow::into_owned(version);
                package.releases.push(RawRelease { version, published_at: ms, removed: true, ..RawRelease::default() });
                continue;
            }
        };
        skip(package, &version, reason);
    }
}

/// Warns of what the document says about the package as a whole.
fn warn(doc: &Packument<'_>, versions: &[Present], holding: bool, package: &mut RawPackage) {
    if holding {
        package.warnings.push(
            "a security holding package: the registry replaced it after a removal, and only the log of \
             the earlier versions is left"
                .to_owned(),
        );
    }
    if let Some(tombstone) = doc.log.tombstone.as_ref().filter(|_| versions.is_empty()) {
        let when = tombstone.time.as_deref().map_or_else(String::new, |time| format!(" at {}", quoted(time)));
        package.warnings.push(format!("the whole package was unpublished{when}"));
    }
    if let Some(latest) = doc.latest.as_ref()
        && !versions.iter().any(|present| present.release.version == *latest)
    {
        package.warnings.push(format!(
            "the tag latest names version {}, which the document does not hold: versions may have been left out",
            quoted(latest)
        ));
    }
    let marks: Vec<&str> = PROXY_MARKS.into_iter().filter(|mark| doc.has(mark)).collect();
    if !marks.is_empty() {
        package.warnings.push(format!(
            "the document passed through a caching proxy ({}), which may rewrite addresses and _rev",
            marks.join(", ")
        ));
    }
}

/// All three marks of a security holding package; each alone has false positives.
fn is_holding(doc: &Packument<'_>) -> bool {
    let Some(latest) = doc.latest.as_deref().filter(|version| is_security_version(version)) else {
        return false;
    };
    let Some(present) = doc.versions.iter().find(|present| present.release.version == latest) else {
        return false;
    };
    let repository = present.release.repository.as_ref().or(doc.repository.as_ref());
    let owners = present.release.maintainers.as_ref().or(doc.maintainers.as_ref());
    repository.is_some_and(|address| address == HOLDING_REPOSITORY)
        && owners.is_some_and(|names| names.iter().any(|name| name == HOLDING_OWNER))
}

/// `-security`, or `-security.` and a number, at the end.
fn is_security_version(version: &str) -> bool {
    version.rsplit_once("-security").is_some_and(|(_, rest)| {
        let digits = rest.strip_prefix('.');
        rest.is_empty()
            || digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn is_usable(version: &str) -> bool {
    !version.is_empty() && version.len() <= MAX_VERSION && !version.chars().any(char::is_control)
}

fn skip(package: &mut RawPackage, version: &str, reason: &str) {
    package.skipped.push(Skipped { version: quoted(version), reason: reason.to_owned() });
}
