//! The registry's log: the `time` object of a document.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::DateTime;
use serde::de::{MapAccess, SeqAccess};

use super::decode::{Fit, MAX_TEXT, Reader, Scalar, With, drain, skip};

/// Most versions that a document may log. The largest known npm package has logged 22,603.
pub(super) const MAX_VERSIONS: usize = 200_000;

/// 2009-01-01 in milliseconds: npm did not exist before.
const EARLIEST: i64 = 1_230_768_000_000;
/// 2100-01-01 in milliseconds.
const LATEST: i64 = 4_102_444_800_000;

/// One entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// A usable time.
    At {
        /// Milliseconds since the Unix epoch.
        ms: i64,
        /// Written as the registry writes it, `YYYY-MM-DDTHH:MM:SS.mmmZ`.
        is_native: bool,
    },
    /// A time before npm existed, or after 2099.
    OutOfRange,
    /// Not RFC 3339, or not a string.
    Unreadable,
}

impl Stamp {
    fn of(scalar: &Scalar<'_>) -> Self {
        let Scalar::Text(text) = scalar else {
            return Self::Unreadable;
        };
        let Some(ms) = milliseconds(text) else {
            return Self::Unreadable;
        };
        if !(EARLIEST..LATEST).contains(&ms) {
            return Self::OutOfRange;
        }
        Self::At { ms, is_native: is_native(text) }
    }
}

/// An RFC 3339 time in milliseconds since the Unix epoch.
fn milliseconds(text: &str) -> Option<i64> {
    // Nothing valid is longer, and the parser walks through any number of fractional digits.
    let sane = text.len() <= 64;
    sane.then(|| DateTime::parse_from_rfc3339(text.trim()).ok()).flatten().map(|time| time.timestamp_millis())
}

fn is_native(text: &str) -> bool {
    let form = b"0000-00-00T00:00:00.000Z";
    text.len() == form.len()
        && text.bytes().zip(form).all(|(byte, like)| if *like == b'0' { byte.is_ascii_digit() } else { byte == *like })
}

/// What `time.unpublished` says when the whole package was unpublished.
#[derive(Debug, Default)]
pub(super) struct Tombstone<'de> {
    /// When, verbatim.
    pub time: Option<String>,
    /// The versions that existed; may be a part of them.
    pub versions: Vec<Cow<'de, str>>,
}

/// The log as read.
#[derive(Debug, Default)]
pub(super) struct Log<'de> {
    /// The first entry of each version.
    pub stamps: HashMap<Cow<'de, str>, Stamp>,
    /// Versions with a second, different entry.
    pub conflicting: Vec<String>,
    /// `created` and `modified` are there, as strings.
    pub has_created: bool,
    pub has_modified: bool,
    /// Both live shapes; `null` and anything else that is not an object is no tombstone.
    pub tombstone: Option<Tombstone<'de>>,
    /// There are more than [`MAX_VERSIONS`] entries; the rest was not read.
    pub is_too_long: bool,
}

impl<'de> Reader<'de> for Log<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "created" => self.has_created |= matches!(object.next_value()?, Scalar::Text(_)),
            "modified" => self.has_modified |= matches!(object.next_value()?, Scalar::Text(_)),
            "unpublished" => {
                let mut tombstone = Tombstone::default();
                if object.next_value_seed(With(&mut tombstone))? == Fit::Taken {
                    self.tombstone = Some(tombstone);
                }
            }
            _ if self.stamps.len() >= MAX_VERSIONS => {
                self.is_too_long = true;
                skip(object)?;
            }
            _ => {
                let stamp = Stamp::of(&object.next_value()?);
                match self.stamps.entry(key) {
                    Entry::Vacant(entry) => drop(entry.insert(stamp)),
                    Entry::Occupied(entry) if *entry.get() != stamp => {
                        self.conflicting.push(entry.key().clone().into_owned());
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
        Ok(())
    }
}

impl<'de> Reader<'de> for Tombstone<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "time" => {
                if let Scalar::Text(text) = object.next_value()? {
                    self.time = (text.len() <= MAX_TEXT).then(|| text.into_owned());
                }
            }
            "versions" => {
                object.next_value_seed(With(&mut VersionList(&mut self.versions)))?;
            }
            _ => skip(object)?,
        }
        Ok(())
    }
}

/// Reads an array of version strings.
struct VersionList<'v, 'de>(&'v mut Vec<Cow<'de, str>>);

impl<'de> Reader<'de> for VersionList<'_, 'de> {
    fn member<A: MapAccess<'de>>(&mut self, _: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        skip(object)
    }

    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<Fit, A::Error> {
        while self.0.len() < MAX_VERSIONS {
            match list.next_element()? {
                Some(Scalar::Text(version)) => self.0.push(version),
                Some(_) => {}
                None => return Ok(Fit::Taken),
            }
        }
        drain(list)?;
        Ok(Fit::Taken)
    }
}
