//! A stranger's document, read member by member: no tree of it stands in memory, and a value of another
//! type than the format's counts as absent. Works on any self-describing format (JSON, YAML, TOML).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::MAX_ENTRIES;

/// The visitor methods that step over values of a kind that is not wanted.
macro_rules! steps_over {
    ($nothing:expr; $($kind:ident)*) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        steps_over!(@scalar $nothing; visit_i64 i64, visit_u64 u64, visit_i128 i128, visit_u128 u128, visit_f64 f64);
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        $(steps_over!(@$kind $nothing);)*
    };
    (@scalar $nothing:expr; $($method:ident $kind:ty),*) => {
        $(fn $method<E>(self, _: $kind) -> Result<Self::Value, E> {
            Ok($nothing)
        })*
    };
    (@flag $nothing:expr) => {
        steps_over!(@scalar $nothing; visit_bool bool);
    };
    (@text $nothing:expr) => {
        steps_over!(@scalar $nothing; visit_str &str);
    };
    (@list $nothing:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
    (@map $nothing:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

/// A string, or nothing where the value is of another type.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl Text<'_> {
    /// The string, if there is one.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    steps_over!(None; flag list map);

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text)))
    }
}

/// True where the value is `true`.
#[derive(Default)]
pub(super) struct Flag(pub(super) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct FlagVisitor;

        impl<'de> Visitor<'de> for FlagVisitor {
            type Value = bool;

            steps_over!(false; text list map);

            fn visit_bool<E>(self, flag: bool) -> Result<bool, E> {
                Ok(flag)
            }
        }

        source.deserialize_any(FlagVisitor).map(Flag)
    }
}

/// An object of a known shape, or nothing where the value is of another type.
pub(super) struct Table<T>(pub(super) Option<T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct TableVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
            type Value = Option<T>;

            steps_over!(None; flag text list);

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Some)
            }
        }

        source.deserialize_any(TableVisitor(PhantomData)).map(Table)
    }
}

/// What takes the members of an object as they are read.
pub(super) trait Members<'de> {
    /// Reads the value of the member `name` from `map`; [`skip`] steps over it.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Steps over the value that comes next.
pub(super) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}

/// Hands the members of an object to a [`Members`]; gives false where the value is no object.
pub(super) struct Object<'a, T>(pub(super) &'a mut T);

impl<'de, T: Members<'de>> DeserializeSeed<'de> for Object<'_, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<bool, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de, T: Members<'de>> Visitor<'de> for Object<'_, T> {
    type Value = bool;

    steps_over!(false; flag text list);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            self.0.member(&name, &mut map)?;
        }
        Ok(true)
    }
}

/// What takes the items of an array as they are read.
pub(super) trait Items<'de> {
    /// Reads the next item from `list`; false at its end.
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error>;
}

/// Hands the items of an array to an [`Items`]; gives false where the value is no array.
pub(super) struct Sequence<'a, T>(pub(super) &'a mut T);

impl<'de, T: Items<'de>> DeserializeSeed<'de> for Sequence<'_, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<bool, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de, T: Items<'de>> Visitor<'de> for Sequence<'_, T> {
    type Value = bool;

    steps_over!(false; flag text map);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        while self.0.item(&mut list)? {}
        Ok(true)
    }
}

/// Members all of one type, handed to a function with their names.
pub(super) struct Each<V, F>(F, PhantomData<V>);

/// A seed that hands every member of an object to `take`.
pub(super) fn each_member<V, F: FnMut(&str, V)>(take: F) -> Each<V, F> {
    Each(take, PhantomData)
}

impl<'de, V: Deserialize<'de>, F: FnMut(&str, V)> Members<'de> for Each<V, F> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        (self.0)(name, map.next_value()?);
        Ok(())
    }
}

impl<'de, V: Deserialize<'de>, F: FnMut(&str, V)> DeserializeSeed<'de> for Each<V, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(mut self, source: D) -> Result<bool, D::Error> {
        Object(&mut self).deserialize(source)
    }
}

/// Items all of one type, handed to a function.
pub(super) struct EachItem<V, F>(F, PhantomData<V>);

/// A seed that hands every item of an array to `take`.
pub(super) fn each_item<V, F: FnMut(V)>(take: F) -> EachItem<V, F> {
    EachItem(take, PhantomData)
}

impl<'de, V: Deserialize<'de>, F: FnMut(V)> Items<'de> for EachItem<V, F> {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let item = list.next_element()?;
        let found = item.is_some();
        item.into_iter().for_each(&mut self.0);
        Ok(found)
    }
}

impl<'de, V: Deserialize<'de>, F: FnMut(V)> DeserializeSeed<'de> for EachItem<V, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(mut self, source: D) -> Result<bool, D::Error> {
        Sequence(&mut self).deserialize(source)
    }
}

/// The items of an array, none where the value is of another type; more than [`MAX_ENTRIES`] are refused. For lists
/// inside an entry, and for TOML, of which a tree is there already.
pub(super) struct Rows<T>(pub(super) Vec<T>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let mut rows = Self::default();
        Sequence(&mut rows).deserialize(source)?;
        Ok(rows)
    }
}

impl<'de, T: Deserialize<'de>> Items<'de> for Rows<T> {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let item = list.next_element()?;
        let found = item.is_some();
        self.0.extend(item);
        if self.0.len() > MAX_ENTRIES {
            return Err(A::Error::custom(format_args!("a list of more than {MAX_ENTRIES} entries")));
        }
        Ok(found)
    }
}

/// The members of an object with their names, none where the value is of another type. For TOML, as [`Rows`].
pub(super) struct Named<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let mut members = Vec::new();
        each_member(|name: &str, value| members.push((name.to_owned(), value))).deserialize(source)?;
        Ok(Self(members))
    }
}

/// The name of a member, borrowed from the document where it can be.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        source.deserialize_str(NameVisitor)
    }
}
