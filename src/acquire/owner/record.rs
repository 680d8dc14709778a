//! Entries of a JSON file, looked into only as far as their fields are asked for.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::MAX_ENTRIES;
use crate::error::{Error, Result};

/// Most members of an entry.
const MAX_MEMBERS: usize = 4096;

const NOT_AN_OBJECT: &str = "is not an object";
const TOO_WIDE: &str = "has more than 4,096 members";
const TWICE: &str = "has a member twice, so that readers may disagree on it";
const BROKEN_LINE: &str = "is not valid JSON, or cut short";

/// A value as it stands in the file.
pub(super) type Raw<'a> = &'a RawValue;

/// The values of a file: one JSON text, several in a row, or JSON Lines.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    /// Each value with the line that it begins in.
    pub values: Vec<(usize, Raw<'a>)>,
    /// Lines that hold no value, each with why.
    pub broken: Vec<(usize, &'static str)>,
}

impl<'a> Values<'a> {
    /// Takes a text apart. Where one line of JSON Lines is broken, the others count.
    ///
    /// # Errors
    /// It is not JSON, or there are too many values.
    pub(super) fn of(text: &'a str) -> Result<Self> {
        let mut found = Self::default();
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Raw<'a>>();
        let (mut line, mut seen) = (1, 0);
        loop {
            match stream.next() {
                None => return Ok(found),
                Some(Ok(raw)) => {
                    let end = stream.byte_offset();
                    let begin = end - raw.get().len();
                    line += newlines(text, seen, begin);
                    found.push(line, raw)?;
                    seen = begin;
                }
                Some(Err(error)) => return Self::of_lines(text).unwrap_or_else(|| Err(not_json(&error))),
            }
        }
    }

    /// JSON Lines, recognised by a first line that is an object.
    fn of_lines(text: &'a str) -> Option<Result<Self>> {
        let parse = |line: &'a str| serde_json::from_str::<Raw<'a>>(line);
        let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()).peekable();
        let (first, _) = *lines.peek()?;
        if !first.trim_start().starts_with('{') || parse(first).is_err() {
            return None;
        }
        let mut found = Self::default();
        for (line, number) in lines {
            match parse(line) {
                Ok(raw) => {
                    if let Err(error) = found.push(number, raw) {
                        return Some(Err(error));
                    }
                }
                Err(_) => found.broken.push((number, BROKEN_LINE)),
            }
        }
        Some(Ok(found))
    }

    fn push(&mut self, line: usize, raw: Raw<'a>) -> Result<()> {
        if self.values.len() >= MAX_ENTRIES {
            return Err(too_many());
        }
        self.values.push((line, raw));
        Ok(())
    }

    /// The keys of the first entry that is an object, of a page or an array its first element.
    pub(super) fn first_keys(&self) -> Option<Vec<String>> {
        self.values.iter().find_map(|(_, raw)| {
            let object = match elements(raw) {
                Some(Ok(list)) => list.into_iter().find_map(|element| Object::of(element).ok()),
                Some(Err(_)) => None,
                None => Object::of(raw).ok(),
            };
            object.map(|object| object.members.into_iter().map(|(key, _)| key).collect())
        })
    }
}

fn newlines(text: &str, from: usize, to: usize) -> usize {
    text.get(from..to).map_or(0, |part| part.matches('\n').count())
}

/// The refusal of too many entries.
pub(super) fn too_many() -> Error {
    Error::tool(format!("holds more than {MAX_ENTRIES} entries"))
        .remedy("export a shorter time and hand in several files")
}

/// The messages of the parser about syntax quote nothing of the text.
fn not_json(error: &serde_json::Error) -> Error {
    let remedy = if error.is_eof() {
        "the file is cut short: export it again, whole"
    } else {
        "hand in the file as it was exported, unchanged"
    };
    let what = if error.is_eof() { "is JSON that ends too early" } else { "is not valid JSON" };
    Error::tool(what).place(format!("line {} column {}", error.line(), error.column())).remedy(remedy)
}

/// The elements of a value that is an array.
///
/// # Errors
/// There are too many.
pub(super) fn elements(raw: Raw<'_>) -> Option<Result<Vec<Raw<'_>>>> {
    if !raw.get().starts_with('[') {
        return None;
    }
    let list: Vec<Raw<'_>> = serde_json::from_str(raw.get()).ok()?;
    Some(if list.len() > MAX_ENTRIES { Err(too_many()) } else { Ok(list) })
}

/// A value that holds no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    /// `null`, or an empty field of a table.
    Null,
    /// A string.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// `true` or `false`.
    Flag(bool),
    /// Anything else.
    Other,
}

impl Scalar {
    /// What a value is.
    pub(super) fn of(raw: Raw<'_>) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map_or(Self::Other, Self::Text),
            Some(b'n') => Self::Null,
            Some(b't') => Self::Flag(true),
            Some(b'f') => Self::Flag(false),
            _ => text.parse().map_or(Self::Other, Self::Whole),
        }
    }
}

/// One entry: a JSON object, or a row of a table.
pub(super) trait Entry {
    /// The value of a field. A dotted name finds the member of a member too.
    fn field(&self, name: &str) -> Option<Scalar>;
}

/// The members of an object, in their order.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    members: Vec<(String, Raw<'a>)>,
    is_cut: bool,
}

impl<'a> Object<'a> {
    /// Opens an object.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(super) fn of(raw: Raw<'a>) -> std::result::Result<Self, &'static str> {
        if !raw.get().starts_with('{') {
            return Err(NOT_AN_OBJECT);
        }
        let object: Self = serde_json::from_str(raw.get()).map_err(|_| NOT_AN_OBJECT)?;
        if object.is_cut {
            return Err(TOO_WIDE);
        }
        let mut seen = HashSet::with_capacity(object.members.len());
        if object.members.iter().all(|(key, _)| seen.insert(key.as_str())) { Ok(object) } else { Err(TWICE) }
    }

    /// The value of a key, `null` included.
    pub(super) fn get(&self, key: &str) -> Option<Raw<'a>> {
        self.members.iter().find(|(known, _)| known == key).map(|(_, raw)| *raw)
    }
}

impl Entry for Object<'_> {
    fn field(&self, name: &str) -> Option<Scalar> {
        if let Some(raw) = self.get(name) {
            return Some(Scalar::of(raw));
        }
        let (outer, inner) = name.split_once('.')?;
        Object::of(self.get(outer)?).ok()?.get(inner).map(Scalar::of)
    }
}

struct ObjectVisitor;

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> std::result::Result<Self, D::Error> {
        source.deserialize_map(ObjectVisitor)
    }
}

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let mut object = Object::default();
        while object.members.len() < MAX_MEMBERS {
            match map.next_entry::<String, Raw<'de>>()? {
                Some(member) => object.members.push(member),
                None => return Ok(object),
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            object.is_cut = true;
        }
        Ok(object)
    }
}
