//! Habits as bytes: everything that an entity has learnt, with the strings that it names, so that a later run goes on where
//! this one ended, to the bit. Symbols become places in the entity's own list of strings; sets are in its order, so that
//! equal habits are equal bytes.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::archive::vocabulary::{Sym, Symbols, Vocabulary};

/// Version of what habits are made of. Raised whenever a habit is added, dropped or learns otherwise: what an earlier
/// program kept would give other scores.
pub const VERSION: u32 = 1;

/// A string that habits name, and whether it stands for a list.
type Named<'a> = (&'a str, bool);

/// The bytes of habits.
///
/// # Panics
/// Never: they are numbers and strings.
#[must_use]
pub fn encode<H: Symbols + Serialize>(mut habits: H, words: &Vocabulary) -> Vec<u8> {
    let mut places: FxHashMap<Sym, u32> = FxHashMap::default();
    let mut named: Vec<Named> = Vec::new();
    habits.symbols(&mut |sym| {
        if sym.is_some() {
            let place = *places.entry(*sym).or_insert_with(|| {
                named.push((words.text(*sym), words.is_list(*sym)));
                u32::try_from(named.len()).unwrap_or(u32::MAX)
            });
            *sym = Sym::from_number(place);
        }
    });
    postcard::to_stdvec(&(named, habits)).expect("numbers and strings")
}

/// The habits of bytes that [`encode`] gave; `None` where they are not.
#[must_use]
pub fn decode<H: Symbols + DeserializeOwned>(bytes: &[u8], words: &mut Vocabulary) -> Option<H> {
    let (named, rest) = postcard::take_from_bytes::<Vec<Named>>(bytes).ok()?;
    let (mut habits, []) = postcard::take_from_bytes::<H>(rest).ok()? else { return None };
    let symbols: Vec<Sym> = named
        .into_iter()
        .map(|(text, is_list)| if is_list { words.intern_list(text) } else { words.intern(text) })
        .collect();
    let mut sound = true;
    habits.symbols(&mut |sym| {
        if sym.is_some() {
            match symbols.get(sym.index() - 1) {
                Some(known) => *sym = *known,
                None => sound = false,
            }
        }
    });
    sound.then_some(habits)
}

/// A set, sorted.
pub(super) fn sorted<S: serde::Serializer>(set: &FxHashSet<Sym>, to: S) -> Result<S::Ok, S::Error> {
    let mut held: Vec<Sym> = set.iter().copied().collect();
    held.sort_unstable();
    held.serialize(to)
}

/// Arrays that serde does not know for their length.
pub(super) mod long {
    use super::{Deserialize, Serialize};

    pub fn serialize<S: serde::Serializer, const N: usize>(numbers: &[f32; N], to: S) -> Result<S::Ok, S::Error> {
        numbers.as_slice().serialize(to)
    }

    pub fn deserialize<'a, D: serde::Deserializer<'a>, const N: usize>(from: D) -> Result<[f32; N], D::Error> {
        let numbers = Vec::<f32>::deserialize(from)?;
        numbers.try_into().map_err(|_| serde::de::Error::custom("another length"))
    }
}
