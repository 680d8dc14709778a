//! Python's common lock file, `pylock.toml` and `pylock.NAME.toml` (PEP 751).

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::gather::{ADDRESS, FOLDER, GIT, Gather, PYPI, UNREADABLE};
use super::integrity::Integrity;
use super::streamed::{Named, Rows, Table, Text};
use super::{List, ListFormat, head, syntax};
use crate::error::Result;

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "pylock",
    files: "pylock.toml, pylock.*.toml",
    recognises: |name, text| {
        let middle = name.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix("toml"));
        middle.is_some_and(|middle| middle.is_empty() || middle.ends_with('.'))
            // Poetry writes a key of this name too, but into a table.
            || head(text)
                .lines()
                .take_while(|line| !line.starts_with('['))
                .any(|line| line.starts_with("lock-version = "))
    },
    read,
};

const REMAKE: &str = "the tool that wrote it";

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Lock<'a> {
    lock_version: Option<IgnoredAny>,
    #[serde(borrow)]
    packages: Rows<Table<Package<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Package<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    vcs: Option<IgnoredAny>,
    directory: Option<IgnoredAny>,
    archive: Option<IgnoredAny>,
    #[serde(borrow)]
    sdist: Table<Artifact<'a>>,
    #[serde(borrow)]
    wheels: Rows<Table<Artifact<'a>>>,
}

/// A file of a package.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Artifact<'a> {
    #[serde(borrow)]
    hashes: Named<Text<'a>>,
    #[serde(borrow)]
    url: Text<'a>,
}

fn read(text: &str) -> Result<List> {
    let lock: Lock = syntax::toml(text, PhantomData, REMAKE)?;
    if lock.lock_version.is_none() {
        return Err(syntax::other_kind("a pylock file", "`lock-version`", REMAKE));
    }
    let mut gather = Gather::default();
    for package in lock.packages.0 {
        let package = package.0.unwrap_or_default();
        let Some(name) = package.name.get() else {
            gather.leave("[[packages]]", UNREADABLE);
            continue;
        };
        if let Some(reason) = elsewhere(&package) {
            gather.leave(name, reason);
            continue;
        }
        let artifacts = || package.sdist.0.iter().chain(package.wheels.0.iter().filter_map(|wheel| wheel.0.as_ref()));
        let hashes = artifacts().flat_map(|artifact| &artifact.hashes.0);
        let integrity = hashes.fold(Integrity::default(), |sum, (kind, digest)| match digest.get() {
            Some(digest) => sum.hex(kind, digest),
            None => sum,
        });
        gather.want(PYPI, name, package.version.get(), integrity);
        for artifact in artifacts() {
            gather.downloaded(PYPI, name, package.version.get(), artifact.url.get());
        }
    }
    gather.finish()
}

/// Why a package does not come from a registry.
fn elsewhere(package: &Package) -> Option<&'static str> {
    if package.vcs.is_some() {
        Some(GIT)
    } else if package.directory.is_some() {
        Some(FOLDER)
    } else if package.archive.is_some() {
        Some(ADDRESS)
    } else {
        None
    }
}
