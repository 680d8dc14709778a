//! Decoding that takes what has the expected shape and skips, without recursion, whatever has not.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Most names kept of one list (dependencies, maintainers) of one version.
pub(super) const MAX_NAMES: usize = 10_000;

/// Longest string that is kept, in bytes.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// A field that could not be taken up, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub field: &'static str,
    pub trouble: &'static str,
}

/// The field has a JSON type that says nothing here.
pub(super) const WRONG_TYPE: &str = "has the wrong type";
/// The field is longer than [`MAX_TEXT`].
pub(super) const TOO_LONG: &str = "is longer than 64 KiB";
/// The field occurs more than once in its object; the first one counts.
pub(super) const TWICE: &str = "appears twice";

/// Collects the notes of one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Notes(pub Vec<Note>);

impl Notes {
    /// Notes the trouble with a field, once.
    pub(super) fn add(&mut self, field: &'static str, trouble: &'static str) {
        let note = Note { field, trouble };
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// Notes a misfit; says nothing about a field that was taken or is null.
    pub(super) fn add_misfit(&mut self, field: &'static str, fit: Fit) {
        if fit == Fit::Misfit {
            self.add(field, WRONG_TYPE);
        }
    }

    /// The text of a scalar that must be a string, if it is one of bearable length.
    pub(super) fn text(&mut self, field: &'static str, scalar: Scalar<'_>) -> Option<String> {
        match scalar {
            Scalar::Text(text) if text.len() > MAX_TEXT => self.add(field, TOO_LONG),
            Scalar::Text(text) => return Some(text.into_owned()),
            Scalar::Null => {}
            Scalar::Bool(_) | Scalar::Whole(_) | Scalar::Other => self.add(field, WRONG_TYPE),
        }
        None
    }

    /// The value of a scalar that must be a whole number from 0.
    pub(super) fn count(&mut self, field: &'static str, scalar: &Scalar<'_>) -> Option<i64> {
        match scalar {
            Scalar::Whole(number) if *number >= 0 => return Some(*number),
            Scalar::Null => {}
            _ => self.add(field, WRONG_TYPE),
        }
        None
    }
}

/// A value reduced to what can be told of it without building a tree.
pub(super) enum Scalar<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Whole(i64),
    Null,
    /// A fraction, an array, an object: consumed and dropped.
    Other,
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Whole(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Scalar::Other, Scalar::Whole))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        drain(list)?;
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

/// An object's key: borrowed from the document unless it holds escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

/// How a value met the expectation of its [`Reader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Taken,
    Null,
    Misfit,
}

/// Takes in one value that should be an object, and sometimes may be a string or an array.
pub(super) trait Reader<'de> {
    /// Takes in one member of the object; must consume its value.
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error>;

    /// Takes in a string in place of the object, if that says anything.
    fn text(&mut self, _text: &str) -> Fit {
        Fit::Misfit
    }

    /// Takes in an array in place of the object, if that says anything; must consume all of it.
    fn list<A: SeqAccess<'de>>(&mut self, list: A) -> Result<Fit, A::Error> {
        drain(list)?;
        Ok(Fit::Misfit)
    }
}

/// Reads the next value with a [`Reader`].
pub(super) struct With<'r, R>(pub &'r mut R);

impl<'de, R: Reader<'de>> DeserializeSeed<'de> for With<'_, R> {
    type Value = Fit;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Fit, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de, R: Reader<'de>> Visitor<'de> for With<'_, R> {
    type Value = Fit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fit, A::Error> {
        while let Some(Key(key)) = object.next_key()? {
            self.0.member(key, &mut object)?;
        }
        Ok(Fit::Taken)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Fit, A::Error> {
        self.0.list(list)
    }

    fn visit_str<E>(self, text: &str) -> Result<Fit, E> {
        Ok(self.0.text(text))
    }

    fn visit_unit<E>(self) -> Result<Fit, E> {
        Ok(Fit::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Fit, E> {
        Ok(Fit::Misfit)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Fit, E> {
        Ok(Fit::Misfit)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Fit, E> {
        Ok(Fit::Misfit)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Fit, E> {
        Ok(Fit::Misfit)
    }
}

/// Consumes the rest of an array.
pub(super) fn drain<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Consumes the value of a member that is not needed.
pub(super) fn skip<'de, A: MapAccess<'de>>(object: &mut A) -> Result<(), A::Error> {
    object.next_value::<IgnoredAny>().map(|_| ())
}
