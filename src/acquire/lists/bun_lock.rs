//! bun's text lock file, `bun.lock`: JSON with comments and trailing commas.
//!
//! A package of a registry is `["name@version", "registry", {..}, "integrity"]`; other sources have other shapes,
//! and an address behind the name. Source: bun's documentation of its lock file.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess};

use super::gather::{BUNDLED, Gather, UNREADABLE};
use super::integrity::Integrity;
use super::npm_spec::{elsewhere, split};
use super::streamed::{Flag, Items, Members, Object, Sequence, Table, Text, each_member, skip};
use super::{List, ListFormat, head, is_object, syntax};
use crate::error;
use crate::names::NPM;

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "bun-lock",
    files: "bun.lock",
    recognises: |name, text| {
        let start = head(text);
        let begins_map = |text: &str| text.trim_start().strip_prefix(':').is_some_and(is_object);
        name == "bun.lock"
            || is_object(start)
                && start.contains("\"lockfileVersion\"")
                && start.split_once("\"workspaces\"").is_some_and(|(_, rest)| begins_map(rest))
    },
    read,
};

const REMAKE: &str = "`bun install --lockfile-only`";

#[derive(Default)]
struct Lock {
    version: bool,
    gather: Gather,
}

/// The fields of a package that count.
#[derive(Default)]
struct Row<'a> {
    /// Fields read so far.
    length: usize,
    resolution: Text<'a>,
    registry: Text<'a>,
    about: Table<About>,
    integrity: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    bundled: Flag,
}

fn read(text: &str) -> error::Result<List> {
    let mut lock = Lock::default();
    syntax::json(&as_json(text), Object(&mut lock), REMAKE)?;
    if !lock.version {
        return Err(syntax::other_kind("a lock file of bun", "`lockfileVersion`", REMAKE));
    }
    lock.gather.finish()
}

impl<'de> Members<'de> for Lock {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "lockfileVersion" => self.version = true,
            "packages" => {
                let gather = &mut self.gather;
                map.next_value_seed(each_member(|key: &str, row: Row| take(gather, key, &row)))?;
                return Ok(());
            }
            _ => {}
        }
        skip(map)
    }
}

fn take(gather: &mut Gather, key: &str, row: &Row) {
    let Some((resolution, (name, version))) = row.resolution.get().and_then(|text| Some((text, split(text)?))) else {
        return gather.leave(key, UNREADABLE);
    };
    if row.about.0.as_ref().is_some_and(|about| about.bundled.0) {
        gather.leave(resolution, BUNDLED);
    } else if let Some(reason) = elsewhere(version) {
        gather.leave(resolution, reason);
    } else {
        gather.want(NPM, name, Some(version), Integrity::default().sri(row.integrity.get()));
        gather.downloaded(NPM, name, Some(version), row.registry.get());
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let mut row = Row::default();
        Sequence(&mut row).deserialize(source)?;
        Ok(row)
    }
}

impl<'de: 'a, 'a> Items<'de> for Row<'a> {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let place = self.length;
        self.length += 1;
        match place {
            0 => list.next_element().map(|item| item.map(|item| self.resolution = item).is_some()),
            1 => list.next_element().map(|item| item.map(|item| self.registry = item).is_some()),
            2 => list.next_element().map(|item| item.map(|item| self.about = item).is_some()),
            3 => list.next_element().map(|item| item.map(|item| self.integrity = item).is_some()),
            _ => list.next_element::<IgnoredAny>().map(|item| item.is_some()),
        }
    }
}

/// The text with blanks in place of comments and trailing commas, so that every place stays where it was.
fn as_json(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let (mut at, mut comma) = (0, None);
    while let Some(byte) = bytes.get(at).copied() {
        match (byte, bytes.get(at + 1)) {
            (b'"', _) => {
                at = string_end(&bytes, at);
                comma = None;
                continue;
            }
            (b'/', Some(b'/')) => {
                let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length);
                bytes[at..end].fill(b' ');
                at = end;
                continue;
            }
            (b'/', Some(b'*')) => {
                let end = bytes[at + 2..].windows(2).position(|pair| pair == b"*/");
                let end = end.map_or(bytes.len(), |length| at + 2 + length + 2);
                bytes[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                at = end;
                continue;
            }
            (b',', _) => comma = Some(at),
            (b'}' | b']', _) => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
            }
            (b' ' | b'\n' | b'\r' | b'\t', _) => {}
            _ => comma = None,
        }
        at += 1;
    }
    // Only whole characters were replaced, those of comments.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The place behind the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
