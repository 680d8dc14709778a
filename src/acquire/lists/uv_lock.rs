//! uv's lock file, `uv.lock`: `[[package]]` with `name`, `version`, `source` and the hashes of `sdist` and `wheels`.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::gather::{ADDRESS, FOLDER, GIT, Gather, OWN, PYPI, UNKNOWN, UNREADABLE};
use super::integrity::Integrity;
use super::streamed::{Named, Rows, Table, Text};
use super::{List, ListFormat, head, syntax};
use crate::error::Result;

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "uv-lock",
    files: "uv.lock",
    recognises: |name, text| {
        // Only uv writes a package's source as one inline table named after its kind.
        let kinds = ["source = { registry = ", "source = { virtual = ", "source = { editable = "];
        name == "uv.lock" || head(text).lines().any(|line| kinds.iter().any(|kind| line.starts_with(kind)))
    },
    read,
};

const REMAKE: &str = "`uv lock`";

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Lock<'a> {
    version: Option<IgnoredAny>,
    /// Older files call the list `distribution`.
    #[serde(borrow, alias = "distribution")]
    package: Rows<Table<Package<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Package<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    source: Named<IgnoredAny>,
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
    hash: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
}

fn read(text: &str) -> Result<List> {
    let lock: Lock = syntax::toml(text, PhantomData, REMAKE)?;
    if lock.version.is_none() {
        return Err(syntax::other_kind("a lock file of uv", "`version`", REMAKE));
    }
    let mut gather = Gather::default();
    for package in lock.package.0 {
        let package = package.0.unwrap_or_default();
        let Some(name) = package.name.get() else {
            gather.leave("[[package]]", UNREADABLE);
            continue;
        };
        if let Some(reason) = package.source.0.iter().find_map(|(kind, _)| elsewhere(kind)) {
            gather.leave(name, reason);
            continue;
        }
        let artifacts = || package.sdist.0.iter().chain(package.wheels.0.iter().filter_map(|wheel| wheel.0.as_ref()));
        let integrity = artifacts().fold(Integrity::default(), |sum, artifact| sum.prefixed(artifact.hash.get()));
        gather.want(PYPI, name, package.version.get(), integrity);
        for artifact in artifacts() {
            gather.downloaded(PYPI, name, package.version.get(), artifact.url.get());
        }
    }
    gather.finish()
}

/// Why a source of this kind is no registry.
fn elsewhere(kind: &str) -> Option<&'static str> {
    match kind {
        "registry" | "subdirectory" => None,
        "virtual" | "editable" => Some(OWN),
        "git" => Some(GIT),
        "url" => Some(ADDRESS),
        "path" | "directory" => Some(FOLDER),
        _ => Some(UNKNOWN),
    }
}
