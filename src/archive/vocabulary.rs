//! Every string of a history once. A history repeats few strings very often: a symbol is four bytes,
//! compares in one instruction and carries what was parsed from its string.

use serde::{Deserialize, Serialize};

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::hint::black_box;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// A string of a [`Vocabulary`]. [`Sym::NONE`] stands for "not recorded".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sym(u32);

impl Sym {
    /// Not recorded.
    pub const NONE: Sym = Sym(0);

    /// Something is recorded.
    #[must_use]
    pub fn is_some(self) -> bool {
        self.0 != 0
    }

    /// Nothing is recorded.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Its number, for files of one run.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The symbol of a number that [`Self::number`] gave, in the same vocabulary.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Position in tables that are kept beside the vocabulary, below [`Vocabulary::len`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something that holds symbols.
pub trait Symbols {
    /// Visits every symbol, in an order that depends on nothing but what it holds.
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym));
}

impl Symbols for Sym {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        visit(self);
    }
}

impl<T: Symbols> Symbols for [T] {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        for held in self {
            held.symbols(visit);
        }
    }
}

impl<T: Symbols> Symbols for Vec<T> {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        self.as_mut_slice().symbols(visit);
    }
}

impl<T: Symbols> Symbols for Option<T> {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        if let Some(held) = self {
            held.symbols(visit);
        }
    }
}

impl<S: BuildHasher> Symbols for HashSet<Sym, S> {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        let mut held: Vec<Sym> = self.drain().collect();
        held.sort_unstable();
        held.symbols(visit);
        self.extend(held);
    }
}

/// Strings that are looked up together: so many reads of memory wait for each other no longer.
const TOGETHER: usize = 64;

/// A string in the index. Its tag is kept, so that few strings are read that are not the one, and none when the index grows.
#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u32,
    sym: u32,
}

/// Part of a string's hash.
#[allow(clippy::cast_possible_truncation, reason = "a part of it")]
pub(super) fn tag(text: &str) -> u32 {
    FxBuildHasher.hash_one(text) as u32
}

fn spread(tag: u32) -> u64 {
    FxBuildHasher.hash_one(tag)
}

/// Interned strings, with the `|` lists among them taken apart once.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    text: String,
    ends: Vec<usize>,
    index: HashTable<Slot>,
    lists: Vec<Option<Box<[Sym]>>>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self { text: String::new(), ends: vec![0], index: HashTable::new(), lists: Vec::new() }
    }
}

impl Vocabulary {
    /// The symbol of `text`, made where it is new.
    ///
    /// # Panics
    /// Beyond four billion distinct strings.
    pub fn intern(&mut self, text: &str) -> Sym {
        self.intern_tagged(text, tag(text))
    }

    /// The symbols of strings whose [`tag`]s are known: as [`Self::intern`], and several times as fast where there are many.
    pub(super) fn intern_all<'t>(&mut self, mut texts: impl Iterator<Item = &'t str>, tags: &[u32]) -> Vec<Sym> {
        let mut symbols = Vec::with_capacity(tags.len());
        let (mut likely, mut spans) = ([0; TOGETHER], [(0, 0); TOGETHER]);
        for tags in tags.chunks(TOGETHER) {
            for (likely, &tag) in likely.iter_mut().zip(tags) {
                *likely = self.index.find(spread(tag), |slot| slot.tag == tag).map_or(0, |slot| slot.sym as usize);
            }
            for (span, &likely) in spans.iter_mut().zip(&likely[..tags.len()]) {
                *span = (self.ends[likely.saturating_sub(1)], self.ends[likely]);
            }
            // The strings themselves are read once before they are compared, so that these reads do not wait for each other
            // either.
            let first = |&(at, _): &(usize, usize)| self.text.as_bytes().get(at).copied().unwrap_or_default();
            black_box(spans[..tags.len()].iter().fold(0, |sum, span| sum ^ first(span)));
            for ((&tag, &likely), &(start, end)) in tags.iter().zip(&likely).zip(&spans) {
                let Some(text) = texts.next() else { return symbols };
                symbols.push(match u32::try_from(likely) {
                    Ok(sym) if sym > 0 && self.text[start..end] == *text => Sym(sym),
                    _ => self.intern_tagged(text, tag),
                });
            }
        }
        symbols
    }

    fn intern_tagged(&mut self, text: &str, tag: u32) -> Sym {
        if let Some(found) = self.find_tagged(text, tag) {
            return found;
        }
        let sym = u32::try_from(self.ends.len()).expect("fewer than four billion distinct strings");
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.index.insert_unique(spread(tag), Slot { tag, sym }, |slot| spread(slot.tag));
        Sym(sym)
    }

    fn find_tagged(&self, text: &str, tag: u32) -> Option<Sym> {
        self.index.find(spread(tag), |slot| slot.tag == tag && self.at(slot.sym) == text).map(|slot| Sym(slot.sym))
    }

    /// Makes room for about so many more strings at once.
    pub fn reserve(&mut self, strings: usize) {
        self.ends.reserve(strings);
        self.index.reserve(strings, |slot| spread(slot.tag));
    }

    /// The symbol of `text`, if it has been seen.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Sym> {
        self.find_tagged(text, tag(text))
    }

    /// The string of a symbol; empty for [`Sym::NONE`].
    #[must_use]
    pub fn text(&self, sym: Sym) -> &str {
        if sym.is_none() { "" } else { self.at(sym.0) }
    }

    /// Takes a `|` list apart, once; a second call costs a look-up.
    pub fn intern_list(&mut self, joined: &str) -> Sym {
        let sym = self.intern(joined);
        self.take_apart(sym, joined);
        sym
    }

    /// Takes the list apart that a symbol stands for, once.
    pub(super) fn take_apart(&mut self, sym: Sym, joined: &str) {
        if self.lists.len() <= sym.index() {
            self.lists.resize(sym.index() + 1, None);
        }
        if self.lists[sym.index()].is_none() {
            let items = || joined.split('|').filter(|s| !s.is_empty());
            let tags: Vec<u32> = items().map(tag).collect();
            self.lists[sym.index()] = Some(self.intern_all(items(), &tags).into());
        }
    }

    /// It was interned as a list.
    #[must_use]
    pub fn is_list(&self, sym: Sym) -> bool {
        self.lists.get(sym.index()).is_some_and(Option::is_some)
    }

    /// The items of a list column's symbol; empty where nothing is recorded.
    #[must_use]
    pub fn list(&self, sym: Sym) -> &[Sym] {
        self.lists.get(sym.index()).and_then(Option::as_deref).unwrap_or(&[])
    }

    /// One more than the largest index of a symbol.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// No string has been interned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 1
    }

    fn at(&self, i: u32) -> &str {
        &self.text[self.ends[i as usize - 1]..self.ends[i as usize]]
    }
}
