//! pnpm's lock file, `pnpm-lock.yaml`, lock file versions 5.x, 6.0 and 9.0.
//!
//! The keys of `packages` name registry packages as `/name/version_peers` (5), `/name@version(peers)` (6) and
//! `name@version` (9); other keys are sources outside the default registry. A file may hold several documents:
//! one for the package manager's own dependencies stands before that of the project. Source:
//! pnpm's lock file format notes.

use serde::Deserialize;
use serde::de::MapAccess;

use super::gather::{ADDRESS, FOLDER, GIT, Gather, UNKNOWN, UNREADABLE};
use super::integrity::Integrity;
use super::npm_spec::{elsewhere, split};
use super::streamed::{Members, Object, Table, Text, each_member, skip};
use super::{List, ListFormat, head, syntax};
use crate::error::{self, Error};
use crate::names::NPM;

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "pnpm-lock",
    files: "pnpm-lock.yaml",
    recognises: |name, text| {
        let start = head(text);
        name == "pnpm-lock.yaml"
            || generation(start).is_some()
                && start.lines().any(|line| ["packages:", "importers:", "settings:"].contains(&line.trim_end()))
    },
    read,
};

const REMAKE: &str = "`pnpm install --lockfile-only`";

/// Most documents in one file; pnpm writes two.
const MAX_DOCUMENTS: usize = 16;

/// How keys are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    Five,
    Six,
    Nine,
}

struct Lock<'a> {
    gather: &'a mut Gather,
    generation: Generation,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Package<'a> {
    #[serde(borrow)]
    resolution: Table<Resolution<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resolution<'a> {
    #[serde(borrow)]
    integrity: Text<'a>,
    #[serde(borrow)]
    tarball: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    directory: Text<'a>,
}

fn read(text: &str) -> error::Result<List> {
    let generation = generation(text).ok_or_else(|| {
        Error::tool("names no lock file version that is known here")
            .remedy(format!("versions 5, 6 and 9 are read: write the file anew with {REMAKE}"))
    })?;
    let mut gather = Gather::default();
    let documents = documents(text).ok_or_else(|| {
        Error::tool(format!("holds more than {MAX_DOCUMENTS} documents")).remedy(syntax::damaged(REMAKE))
    })?;
    for (first_line, document) in documents {
        let mut lock = Lock { gather: &mut gather, generation };
        syntax::yaml(document, first_line, Object(&mut lock), REMAKE)?;
    }
    gather.finish()
}

fn generation(text: &str) -> Option<Generation> {
    let version = text.lines().find_map(|line| line.strip_prefix("lockfileVersion:"))?;
    let version = version.trim().trim_matches(['\'', '"']);
    match version.split('.').next()? {
        "5" => Some(Generation::Five),
        "6" => Some(Generation::Six),
        "9" => Some(Generation::Nine),
        _ => None,
    }
}

/// The documents of a file that hold anything, each with the number of its first line; `None` where there are too
/// many. A `---` at the start of a line can only stand between documents.
fn documents(text: &str) -> Option<Vec<(usize, &str)>> {
    let (mut found, mut first_line, mut start, mut at) = (Vec::new(), 1, 0, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" {
            found.push((first_line, &text[start..at]));
            if found.len() > MAX_DOCUMENTS {
                return None;
            }
            (first_line, start) = (index + 2, at + line.len());
        }
        at += line.len();
    }
    found.push((first_line, &text[start..]));
    found.retain(|(_, document)| !document.trim().is_empty());
    Some(found)
}

impl<'de> Members<'de> for Lock<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name != "packages" {
            return skip(map);
        }
        map.next_value_seed(each_member(|key: &str, package: Table<Package>| self.take(key, package.0)))?;
        Ok(())
    }
}

impl Lock<'_> {
    fn take(&mut self, key: &str, package: Option<Package>) {
        let Some(package) = package else { return self.gather.leave(key, UNREADABLE) };
        let resolution = package.resolution.0.unwrap_or_default();
        let of_registry = named(key, self.generation).and_then(|(name, version)| match elsewhere(version) {
            Some(reason) => Err(reason),
            None => Ok((name, version)),
        });
        match (of_registry, other_resolution(&resolution)) {
            (Ok((name, version)), None) => {
                self.gather.want(NPM, name, Some(version), Integrity::default().sri(resolution.integrity.get()));
                self.gather.downloaded(NPM, name, Some(version), resolution.tarball.get());
            }
            (_, Some(reason)) | (Err(reason), None) => self.gather.leave(key, reason),
        }
    }
}

/// Name and version of a key, or why it names no package of the default registry.
fn named(key: &str, generation: Generation) -> Result<(&str, &str), &'static str> {
    const OTHER: &str = "not from the default registry";
    let bare = key.strip_prefix('/');
    match generation {
        Generation::Five => {
            let bare = bare.ok_or(OTHER)?;
            let scope = if bare.starts_with('@') { bare.find('/').ok_or(UNREADABLE)? + 1 } else { 0 };
            let end = scope + bare[scope..].find('/').ok_or(UNREADABLE)?;
            // Peers follow behind `_`, in the oldest files behind `/`; versions hold neither.
            let version = bare[end + 1..].split(['_', '/']).next().unwrap_or_default();
            Ok((&bare[..end], version))
        }
        Generation::Six => named_at(bare.ok_or(OTHER)?),
        Generation::Nine => named_at(key),
    }
}

fn named_at(key: &str) -> Result<(&str, &str), &'static str> {
    split(key.split('(').next().unwrap_or_default()).ok_or(UNREADABLE)
}

/// Why a package does not come from a registry, as its resolution tells. A tarball beside an integrity is only
/// the address at which the registry serves the package.
fn other_resolution(resolution: &Resolution) -> Option<&'static str> {
    match resolution.kind.get() {
        Some("git") => Some(GIT),
        Some("directory") => Some(FOLDER),
        Some(_) => Some(UNKNOWN),
        None if resolution.directory.get().is_some() => Some(FOLDER),
        None if resolution.tarball.get().is_some() && resolution.integrity.get().is_none() => Some(ADDRESS),
        None => None,
    }
}
