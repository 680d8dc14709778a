//! Every string of a history once. A history repeats few strings very often: a symbol is four bytes,
//! compares in one instruction and carries what was parsed from its string.

use serde::{Deserialize, Serialize};

use std::collections::HashSet;
use std::hash::BuildHasher;

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

/// Interned strings, with the `|` lists among them taken apart once.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    text: String,
    ends: Vec<usize>,
    index: HashTable<u32>,
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
        let hash = FxBuildHasher.hash_one(text);
        let Self { text: all, ends, index, .. } = self;
        let at = |i: u32| &all[ends[i as usize - 1]..ends[i as usize]];
        if let Some(&found) = index.find(hash, |&i| at(i) == text) {
            return Sym(found);
        }
        let new = u32::try_from(ends.len()).expect("fewer than four billion distinct strings");
        all.push_str(text);
        ends.push(all.len());
        let at = |i: u32| &all[ends[i as usize - 1]..ends[i as usize]];
        index.insert_unique(hash, new, |&i| FxBuildHasher.hash_one(at(i)));
        Sym(new)
    }

    /// Makes room for about so many more strings at once.
    pub fn reserve(&mut self, strings: usize) {
        let Self { text, ends, index, .. } = self;
        ends.reserve(strings);
        index.reserve(strings, |&i| FxBuildHasher.hash_one(&text[ends[i as usize - 1]..ends[i as usize]]));
    }

    /// The symbol of `text`, if it has been seen.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Sym> {
        let hash = FxBuildHasher.hash_one(text);
        self.index.find(hash, |&i| self.at(i) == text).map(|&i| Sym(i))
    }

    /// The string of a symbol; empty for [`Sym::NONE`].
    #[must_use]
    pub fn text(&self, sym: Sym) -> &str {
        if sym.is_none() { "" } else { self.at(sym.0) }
    }

    /// Takes a `|` list apart, once; a second call costs a look-up.
    pub fn intern_list(&mut self, joined: &str) -> Sym {
        let sym = self.intern(joined);
        if self.lists.len() <= sym.index() {
            self.lists.resize(sym.index() + 1, None);
        }
        if self.lists[sym.index()].is_none() {
            let items = joined.split('|').filter(|s| !s.is_empty()).map(|s| self.intern(s)).collect();
            self.lists[sym.index()] = Some(items);
        }
        sym
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
