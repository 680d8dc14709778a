//! Fields of a registry's JSON: taken where they have the type that they should have, noted where they have not.
//!
//! A value is looked into only where it is needed, and one level at a time, so that neither depth nor width of
//! what is not needed costs anything but reading past it.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::fmt;

use chrono::DateTime;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::document;
use super::raw::{RawPackage, Skipped};
use crate::error::{Error, Result, printable};

/// Most releases that a document may hold, and most members or elements that are taken of any object or list.
/// The largest known package of any registry has a tenth of that.
pub(super) const MAX_RELEASES: usize = 200_000;
/// Most account names of one list.
const MAX_NAMES: usize = 10_000;
/// Longest string that is kept, in bytes.
const MAX_TEXT: usize = 64 << 10;
/// Longest version string, in bytes.
const MAX_VERSION: usize = 256;
/// Most characters of a stranger's text quoted in a message.
const QUOTED: usize = 80;
/// 2009-01-01 in milliseconds. Older times, of packages that moved in from elsewhere, are no log of the registry.
const EARLIEST: i64 = 1_230_768_000_000;
/// 2100-01-01 in milliseconds.
const LATEST: i64 = 4_102_444_800_000;

const AGAIN: &str = "fetch the document again, and keep it as it was sent";

/// A value as it stands in the document.
pub(super) type Raw<'a> = &'a RawValue;

/// What could not be taken up of one release, each reason once.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeSet<String>);

impl Notes {
    /// Notes a reason.
    pub(super) fn add(&mut self, reason: impl Into<String>) {
        self.0.insert(reason.into());
    }

    /// Hands the reasons over, for a version or, if that is empty, for the whole document.
    pub(super) fn hand_over(self, version: &str, package: &mut RawPackage) {
        let version = quoted(version);
        package.skipped.extend(self.0.into_iter().map(|reason| Skipped { version: version.clone(), reason }));
    }
}

/// The members of an object, in their order.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    /// Keys and values.
    pub members: Vec<(Cow<'a, str>, Raw<'a>)>,
    /// The first key that appears twice; the first of its values counts.
    pub repeated: Option<String>,
    /// There are more than [`MAX_RELEASES`] members, and the rest was not taken.
    pub is_cut: bool,
}

/// The elements of an array.
#[derive(Debug, Default)]
pub(super) struct List<'a> {
    /// The elements, in their order.
    pub elements: Vec<Raw<'a>>,
    /// There are more than [`MAX_RELEASES`], and the rest was not taken.
    pub is_cut: bool,
}

impl<'a> Object<'a> {
    /// The first value of a key, unless it is null.
    pub(super) fn get(&self, key: &str) -> Option<Raw<'a>> {
        let raw = self.members.iter().find(|(known, _)| known == key)?.1;
        (raw.get() != "null").then_some(raw)
    }

    /// A string.
    pub(super) fn text(&self, key: &'static str, notes: &mut Notes) -> Option<String> {
        let text: Option<String> = self.typed(key, notes);
        if text.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
            notes.add(format!("{key} is longer than 64 KiB"));
            return None;
        }
        text
    }

    /// A string that says something.
    pub(super) fn name(&self, key: &'static str, notes: &mut Notes) -> Option<String> {
        self.text(key, notes).filter(|text| !text.is_empty())
    }

    /// A flag.
    pub(super) fn flag(&self, key: &'static str, notes: &mut Notes) -> Option<bool> {
        self.typed(key, notes)
    }

    /// A whole number from 0.
    pub(super) fn count(&self, key: &'static str, notes: &mut Notes) -> Option<u64> {
        self.typed(key, notes)
    }

    /// An object.
    pub(super) fn object(&self, key: &'static str, notes: &mut Notes) -> Option<Object<'a>> {
        let object: Object<'a> = self.typed(key, notes)?;
        object.note(key, notes);
        Some(object)
    }

    /// The elements of a list.
    pub(super) fn list(&self, key: &'static str, notes: &mut Notes) -> Option<Vec<Raw<'a>>> {
        let list: List<'a> = self.typed(key, notes)?;
        if list.is_cut {
            notes.add(format!("{key} has more than {MAX_RELEASES} elements"));
        }
        Some(list.elements)
    }

    /// An RFC 3339 time in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// The reason why there is none: [`NO_TIME`], [`UNREADABLE_TIME`] or [`OUT_OF_RANGE`].
    pub(super) fn time(&self, key: &str) -> std::result::Result<i64, &'static str> {
        let text: String = parse(self.get(key).ok_or(NO_TIME)?).ok_or(UNREADABLE_TIME)?;
        // Nothing valid is longer, and the parser walks through any number of fractional digits.
        let sane = Some(text.trim()).filter(|text| text.len() <= 64);
        let time = sane.and_then(|text| DateTime::parse_from_rfc3339(text).ok()).ok_or(UNREADABLE_TIME)?;
        let ms = time.timestamp_millis();
        if (EARLIEST..LATEST).contains(&ms) { Ok(ms) } else { Err(OUT_OF_RANGE) }
    }

    /// Notes what is odd about the object itself.
    pub(super) fn note(&self, what: &str, notes: &mut Notes) {
        if let Some(key) = &self.repeated {
            notes.add(format!("{what}: \"{}\" appears twice, and the first counts", quoted(key)));
        }
        if self.is_cut {
            notes.add(format!("{what} has more than {MAX_RELEASES} members"));
        }
    }

    fn typed<T: Deserialize<'a>>(&self, key: &'static str, notes: &mut Notes) -> Option<T> {
        let raw = self.get(key)?;
        let value = parse(raw);
        if value.is_none() {
            notes.add(format!("{key} has the wrong type"));
        }
        value
    }
}

/// The release has no time.
pub(super) const NO_TIME: &str = "no time";
/// The time is not RFC 3339, or not a string.
pub(super) const UNREADABLE_TIME: &str = "the time cannot be read";
/// The time is none at which a package can have been published.
pub(super) const OUT_OF_RANGE: &str = "the time is before 2009 or after 2099";

/// A value of the document, if it has the type.
pub(super) fn parse<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// Opens a document that is an object.
///
/// # Errors
/// The bytes are not UTF-8, not JSON, or not an object; a member appears twice, so that readers may disagree on it.
pub(super) fn object(bytes: &[u8]) -> Result<Object<'_>> {
    document::check_object(bytes)?;
    let object: Object<'_> = decode(bytes)?;
    match &object.repeated {
        None => Ok(object),
        Some(key) => Err(Error::tool("a member appears twice, so that readers may disagree on it")
            .place(quoted(key))
            .remedy("fetch the document again from the registry itself")),
    }
}

/// Opens a document that is a list.
///
/// # Errors
/// The bytes are not UTF-8, not JSON, or not an array; there are too many elements.
pub(super) fn list(bytes: &[u8]) -> Result<Vec<Raw<'_>>> {
    document::check_start(bytes)?;
    if document::check_object(bytes).is_ok() {
        let notes = &mut Notes::default();
        return Err(match decode::<Object<'_>>(bytes)?.error_answer(notes) {
            Some(answer) => answer,
            None => Error::tool("is a JSON object, where the registry answers with an array")
                .remedy("fetch the document again from the registry itself"),
        });
    }
    let list: List<'_> = decode(bytes)?;
    if list.is_cut { Err(too_many()) } else { Ok(list.elements) }
}

/// More releases than any package has.
pub(super) fn too_many() -> Error {
    Error::tool(format!("holds more than {MAX_RELEASES} releases"))
        .remedy("no package has that many: check where the document comes from")
}

impl Object<'_> {
    /// The refusal of an answer that says why there is no document (`message`, `error`, `errors[].detail`).
    pub(super) fn error_answer(&self, notes: &mut Notes) -> Option<Error> {
        let first = |list: Vec<Raw<'_>>| parse::<Object<'_>>(list.first()?)?.text("detail", &mut Notes::default());
        let message = self
            .text("message", notes)
            .or_else(|| self.text("error", notes))
            .or_else(|| self.list("errors", notes).and_then(first))?;
        Some(
            Error::tool(format!("is a registry's error answer: \"{}\"", quoted(&message)))
                .remedy("fetch the document again; an error answer is not the absence of a package"),
        )
    }
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::tool("is not UTF-8 text").place(format!("byte {}", error.valid_up_to())).remedy(AGAIN)
    })?;
    serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let what = text.strip_suffix(&format!(" at {place}")).unwrap_or(&text);
        let remedy = if error.is_eof() { "the document is cut short: fetch it again, whole" } else { AGAIN };
        Error::tool(format!("is not valid JSON: {}", quoted(what))).place(place).remedy(remedy)
    })
}

/// Account names of a list of objects, sorted and each once; notes those that give none.
pub(super) fn accounts(list: &[Raw<'_>], what: &str, key: &'static str, notes: &mut Notes) -> Vec<String> {
    let mut names = BTreeSet::new();
    for raw in list {
        let name = parse::<Object<'_>>(raw).and_then(|account| account.name(key, &mut Notes::default()));
        match name {
            Some(name) if names.len() < MAX_NAMES => drop(names.insert(name)),
            Some(_) => notes.add(format!("{what} has more than {MAX_NAMES} names")),
            None => notes.add(format!("{what} has entries without an account name")),
        }
    }
    names.into_iter().collect()
}

/// A string that can name a version in a table, on a terminal and in an address.
pub(super) fn is_version(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_VERSION && !text.chars().any(char::is_control)
}

/// The beginning of a stranger's text, safe to show.
pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(QUOTED).collect();
    printable(&short)
}

/// The refusal of a document that is about another package than the one asked for.
pub(super) fn other_package(asked: &str, found: &str, place: &str) -> Error {
    Error::tool(format!("answers with another package's document: `{}`, not `{}`", quoted(found), quoted(asked)))
        .place(place)
        .remedy("check the address: a mirror, a proxy or a renamed package answers in its stead")
}

/// Puts releases in the order of their times, then versions, and what was skipped in the order of versions.
pub(super) fn put_in_order(package: &mut RawPackage) {
    package.releases.sort_unstable_by(|a, b| (a.published_at, &a.version).cmp(&(b.published_at, &b.version)));
    package.releases.shrink_to_fit();
    package.skipped.sort_by(|a, b| a.version.cmp(&b.version));
}

/// A key, borrowed from the document unless it holds escapes.
struct Key<'a>(Cow<'a, str>);

struct KeyVisitor;
struct ListVisitor;
struct ObjectVisitor;

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> std::result::Result<Self, D::Error> {
        source.deserialize_str(KeyVisitor)
    }
}

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

impl<'de> Deserialize<'de> for List<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> std::result::Result<Self, D::Error> {
        source.deserialize_seq(ListVisitor)
    }
}

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> std::result::Result<Self::Value, A::Error> {
        let mut list = List::default();
        while list.elements.len() < MAX_RELEASES {
            match source.next_element()? {
                Some(element) => list.elements.push(element),
                None => return Ok(list),
            }
        }
        while source.next_element::<IgnoredAny>()?.is_some() {
            list.is_cut = true;
        }
        Ok(list)
    }
}

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
        while object.members.len() < MAX_RELEASES {
            match map.next_entry::<Key<'de>, Raw<'de>>()? {
                Some((Key(key), value)) => object.members.push((key, value)),
                None => break,
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            object.is_cut = true;
        }
        let mut seen = HashSet::with_capacity(object.members.len());
        object.repeated = object.members.iter().find(|(key, _)| !seen.insert(&**key)).map(|(key, _)| key.to_string());
        Ok(object)
    }
}
