//! npm's lock files: `package-lock.json` and `npm-shrinkwrap.json`, lock file versions 1 to 3.
//!
//! Versions 2 and 3 list folders under `packages`; version 1 nests `dependencies`. Version 2 has both, and its
//! `packages` count. Source: the `package-lock.json` page of npm's documentation. Packages installed from a web
//! address look like packages of a registry in versions 2 and 3, and are read as such.

use serde::Deserialize;
use serde::de::MapAccess;

use super::gather::{BUNDLED, Gather, LINK, OWN, UNREADABLE};
use super::integrity::Integrity;
use super::npm_spec::{downloaded_elsewhere, elsewhere, split};
use super::streamed::{Flag, Members, Object, Table, Text, each_member, skip};
use super::{List, ListFormat, head, is_object, syntax};
use crate::error;
use crate::names::NPM;

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "package-lock",
    files: "package-lock.json, npm-shrinkwrap.json",
    recognises: |name, text| {
        let start = head(text);
        matches!(name, "package-lock.json" | "npm-shrinkwrap.json" | ".package-lock.json")
            || is_object(start)
                && start.contains("\"lockfileVersion\"")
                && (start.contains("\"requires\"") || start.contains("\"node_modules/"))
    },
    read,
};

const REMAKE: &str = "`npm install --package-lock-only`";

/// Where npm puts the packages.
const FOLDER: &str = "node_modules/";

#[derive(Default)]
struct Lock {
    version: bool,
    folders: Option<Gather>,
    tree: Option<Gather>,
}

/// A folder of versions 2 and 3.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Folder<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    resolved: Text<'a>,
    #[serde(borrow)]
    integrity: Text<'a>,
    link: Flag,
    in_bundle: Flag,
}

fn read(text: &str) -> error::Result<List> {
    let mut lock = Lock::default();
    syntax::json(text, Object(&mut lock), REMAKE)?;
    match (lock.folders.or(lock.tree), lock.version) {
        (Some(gather), _) => gather.finish(),
        (None, true) => Gather::default().finish(),
        (None, false) => Err(syntax::other_kind("a lock file of npm", "`packages` and no `dependencies`", REMAKE)),
    }
}

impl<'de> Members<'de> for Lock {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "lockfileVersion" => self.version = true,
            "packages" => {
                let gather = self.folders.get_or_insert_default();
                map.next_value_seed(each_member(|path: &str, folder: Table<Folder>| {
                    take_folder(gather, path, folder.0);
                }))?;
                return Ok(());
            }
            "dependencies" if self.folders.is_none() => {
                let gather = self.tree.get_or_insert_default();
                map.next_value_seed(Object(&mut Tree(gather)))?;
                return Ok(());
            }
            _ => {}
        }
        skip(map)
    }
}

fn take_folder(gather: &mut Gather, path: &str, folder: Option<Folder>) {
    if path.is_empty() {
        return;
    }
    let Some(folder) = folder else { return gather.leave(path, UNREADABLE) };
    let Some((_, installed)) = path.rsplit_once(FOLDER) else {
        return gather.leave(path, OWN);
    };
    if folder.link.0 {
        return gather.leave(path, LINK);
    }
    if folder.in_bundle.0 {
        return gather.leave(path, BUNDLED);
    }
    let fault = folder.resolved.get().and_then(downloaded_elsewhere);
    if let Some(reason) = fault.or_else(|| folder.version.get().and_then(elsewhere)) {
        return gather.leave_from(path, reason, folder.resolved.get());
    }
    let integrity = Integrity::default().sri(folder.integrity.get());
    let (name, version) = (folder.name.get().unwrap_or(installed), folder.version.get());
    gather.want(NPM, name, version, integrity);
    gather.downloaded(NPM, name, version, folder.resolved.get());
}

/// The `dependencies` of version 1.
struct Tree<'a>(&'a mut Gather);

impl<'de> Members<'de> for Tree<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let mut node = Node { gather: self.0, version: None, resolved: None, integrity: None, bundled: false };
        if map.next_value_seed(Object(&mut node))? {
            node.take(name);
        } else {
            self.0.leave(name, UNREADABLE);
        }
        Ok(())
    }
}

/// A package of version 1, which may hold others.
struct Node<'a> {
    gather: &'a mut Gather,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    bundled: bool,
}

impl<'de> Members<'de> for Node<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let mut text = || map.next_value::<Text>().map(|text| text.get().map(str::to_owned));
        match name {
            "version" => self.version = text()?,
            "resolved" => self.resolved = text()?,
            "integrity" => self.integrity = text()?,
            "bundled" => self.bundled = map.next_value::<Flag>()?.0,
            "dependencies" => {
                map.next_value_seed(Object(&mut Tree(self.gather)))?;
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl Node<'_> {
    fn take(self, name: &str) {
        let version = self.version.as_deref();
        if self.bundled {
            return self.gather.leave(name, BUNDLED);
        }
        let (name, version) = match version.and_then(|version| version.strip_prefix("npm:")) {
            Some(alias) => match split(alias) {
                Some((name, version)) => (name, Some(version)),
                None => return self.gather.leave(name, UNREADABLE),
            },
            None => (name, version),
        };
        let fault = version.and_then(elsewhere).or_else(|| self.resolved.as_deref().and_then(downloaded_elsewhere));
        if let Some(reason) = fault {
            let shown = version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"));
            return self.gather.leave(&shown, reason);
        }
        self.gather.want(NPM, name, version, Integrity::default().sri(self.integrity.as_deref()));
        self.gather.downloaded(NPM, name, version, self.resolved.as_deref());
    }
}
