//! What holds symbols as bytes that mean the same everywhere: symbols become places in a list of strings that goes with them,
//! in the order in which they are visited, so that equal things are equal bytes.

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::vocabulary::{Sym, Symbols, Vocabulary};

/// A string that is named, and whether it stands for a list.
type Named<'a> = (&'a str, bool);

/// The bytes of something.
///
/// # Panics
/// Never: they are numbers and strings.
#[must_use]
pub fn encode<H: Symbols + Serialize>(mut held: H, words: &Vocabulary) -> Vec<u8> {
    let mut places: FxHashMap<Sym, u32> = FxHashMap::default();
    let mut named: Vec<Named> = Vec::new();
    held.symbols(&mut |sym| {
        if sym.is_some() {
            let place = *places.entry(*sym).or_insert_with(|| {
                named.push((words.text(*sym), words.is_list(*sym)));
                u32::try_from(named.len()).unwrap_or(u32::MAX)
            });
            *sym = Sym::from_number(place);
        }
    });
    postcard::to_stdvec(&(named, held)).expect("numbers and strings")
}

/// What bytes are of that [`encode`] gave; `None` where they are not.
#[must_use]
pub fn decode<H: Symbols + DeserializeOwned>(bytes: &[u8], words: &mut Vocabulary) -> Option<H> {
    let (named, held) = apart(bytes)?;
    with_strings(named, held, words)
}

/// The same before its strings are known: its symbols are places in their list.
#[must_use]
pub fn unnamed<H: DeserializeOwned>(bytes: &[u8]) -> Option<H> {
    apart(bytes).map(|(_, held)| held)
}

/// What is [`unnamed`] in these bytes, with its strings.
#[must_use]
pub fn name<H: Symbols>(bytes: &[u8], held: H, words: &mut Vocabulary) -> Option<H> {
    let (named, _) = postcard::take_from_bytes(bytes).ok()?;
    with_strings(named, held, words)
}

fn apart<H: DeserializeOwned>(bytes: &[u8]) -> Option<(Vec<Named<'_>>, H)> {
    let (named, rest) = postcard::take_from_bytes(bytes).ok()?;
    let (held, []) = postcard::take_from_bytes(rest).ok()? else { return None };
    Some((named, held))
}

fn with_strings<H: Symbols>(named: Vec<Named>, mut held: H, words: &mut Vocabulary) -> Option<H> {
    let symbols: Vec<Sym> = named
        .into_iter()
        .map(|(text, is_list)| if is_list { words.intern_list(text) } else { words.intern(text) })
        .collect();
    let mut sound = true;
    held.symbols(&mut |sym| {
        if sym.is_some() {
            match symbols.get(sym.index() - 1) {
                Some(known) => *sym = *known,
                None => sound = false,
            }
        }
    });
    sound.then_some(held)
}
