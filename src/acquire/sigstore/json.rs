//! JSON values as protobuf writes them, read without copying.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::error::printable;

/// Most characters of a stranger's text that go into a reason.
const SHOWN: usize = 200;

/// A stranger's text for a reason: made safe to show, and cut after 200 characters.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", printable(&text[..end])),
        None => printable(text),
    }
}

/// A string, borrowed from the text where it holds no escapes.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfText;

        impl<'de> Visitor<'de> for OfText {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(value.to_owned()))
            }
        }

        deserializer.deserialize_str(OfText).map(Self)
    }
}

/// A protobuf int64: a string of digits or a number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Int64(pub(super) i64);

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfInt64;

        impl Visitor<'_> for OfInt64 {
            type Value = i64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, as a number or a string")
            }

            fn visit_i64<E>(self, value: i64) -> Result<i64, E> {
                Ok(value)
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<i64, E> {
                i64::try_from(value).map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<i64, E> {
                value.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(OfInt64).map(Self)
    }
}

/// A list of which at most `N` items are kept and the rest only counted, so that a long one costs no memory.
#[derive(Debug)]
pub(super) struct AtMost<T, const N: usize> {
    items: Vec<T>,
    total: usize,
}

impl<T, const N: usize> Default for AtMost<T, N> {
    fn default() -> Self {
        Self { items: Vec::new(), total: 0 }
    }
}

impl<T, const N: usize> AtMost<T, N> {
    /// How many items the list has in the text.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// The items, unless there are more than `N`.
    pub(super) fn whole(self, name: &str) -> Result<Vec<T>, String> {
        if self.total > N {
            return Err(format!("{name} holds {} items, at most {N} are read", self.total));
        }
        Ok(self.items)
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for AtMost<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfList<T, const N: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for OfList<T, N> {
            type Value = AtMost<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while items.len() < N {
                    match list.next_element()? {
                        Some(item) => items.push(item),
                        None => return Ok(AtMost { total: items.len(), items }),
                    }
                }
                let mut total = items.len();
                while list.next_element::<IgnoredAny>()?.is_some() {
                    total += 1;
                }
                Ok(AtMost { items, total })
            }
        }

        deserializer.deserialize_seq(OfList(PhantomData))
    }
}
