//! Stage 3: what is usual, for each actor across packages and for each package across actors.
//!
//! One online fold: [`Baselines::look`] states how an event stands to everything before it, and
//! [`Baselines::absorb`] learns it afterwards. Nothing here judges, and nothing sees the future.
//! [`actor`] and [`package`] hold the two kinds of entity, [`line`] the release lines of a package, [`ci`] the jobs that publish, [`tally`] the statistics they are made
//! of, [`reach`] what a burst is, [`cohort`] the kind of publisher, [`kind`] the kind of package, [`mixture`] how both are told apart, [`stance`] how an event stands to them, [`keep`] how all this is kept between runs, [`credentials`] the token behind a publish, where the owner says.

pub mod actor;
pub mod ci;
pub mod cohort;
mod compare;
pub mod credentials;
pub mod keep;
pub mod kind;
pub mod line;
pub mod mixture;
pub mod package;
pub mod reach;
pub mod stance;
pub mod tally;

use crate::archive::history::{Event, History};
use crate::archive::vocabulary::{Sym, Vocabulary};
use actor::ActorHabits;
use package::{PackageHabits, Teaching};
use stance::Stance;

/// What the archive as a whole has seen: when each name first appeared in it.
#[derive(Clone, Debug, Default)]
pub struct World {
    first_seen: Vec<i64>,
}

impl World {
    /// First time a name appeared as a package or as somebody's dependency, if that was before `at`, milliseconds.
    #[must_use]
    pub fn first_seen(&self, name: Sym, at: i64) -> Option<i64> {
        self.first_seen.get(name.index()).copied().filter(|&first| first < at)
    }

    /// Every name that appeared, with the first time.
    pub fn names(&self) -> impl Iterator<Item = (Sym, i64)> {
        let seen = self.first_seen.iter().enumerate().filter(|(_, first)| **first != i64::MAX);
        seen.map(|(at, first)| (Sym::from_number(u32::try_from(at).unwrap_or(u32::MAX)), *first))
    }

    /// The names that appear with a publish: its package, its install hook where it teaches, and its dependencies, unless
    /// they are those that the package had before.
    pub fn names_of(
        event: &Event,
        words: &Vocabulary,
        teaching: Teaching,
        dependencies_differ: bool,
        mut name: impl FnMut(Sym),
    ) {
        name(event.package);
        if event.install_script_id.is_some() && teaching != Teaching::Never {
            name(event.install_script_id);
        }
        if dependencies_differ {
            let lists = words.list(event.dependencies).iter().chain(words.list(event.optional_dependencies));
            lists.for_each(|&listed| name(listed));
        }
    }

    /// Notes them.
    pub fn absorb(&mut self, event: &Event, words: &Vocabulary, teaching: Teaching, dependencies_differ: bool) {
        Self::names_of(event, words, teaching, dependencies_differ, |name| self.note(name, event.at));
    }

    /// A name appeared at `at`.
    pub fn note(&mut self, name: Sym, at: i64) {
        if self.first_seen.len() <= name.index() {
            self.first_seen.resize(name.index() + 1, i64::MAX);
        }
        let first = &mut self.first_seen[name.index()];
        *first = (*first).min(at);
    }
}

/// The habits of every entity of one history.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    actors: Entities<ActorHabits>,
    packages: Entities<PackageHabits>,
    world: World,
}

/// Entities by symbol.
#[derive(Clone, Debug, Default)]
struct Entities<T> {
    slot: Vec<u32>,
    held: Vec<T>,
    blank: T,
}

impl<T: Default> Entities<T> {
    fn get(&self, name: Sym) -> &T {
        match self.slot.get(name.index()) {
            Some(&slot) if slot > 0 => &self.held[slot as usize - 1],
            _ => &self.blank,
        }
    }

    fn get_mut(&mut self, name: Sym) -> &mut T {
        let slot = &mut self.slot[name.index()];
        if *slot == 0 {
            self.held.push(T::default());
            *slot = u32::try_from(self.held.len()).expect("fewer than four billion entities");
        }
        &mut self.held[*slot as usize - 1]
    }
}

/// An event beside the habits it is measured against.
pub struct Look<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its strings.
    pub words: &'a Vocabulary,
    /// Habits of its actor; blank for an actor never seen.
    pub actor: &'a ActorHabits,
    /// Habits of its package; blank for a package never seen.
    pub package: &'a PackageHabits,
    /// The archive as a whole.
    pub world: &'a World,
    /// How the event stands to them.
    pub now: Stance,
}

impl Baselines {
    /// Blank baselines for a history.
    #[must_use]
    pub fn new(history: &History) -> Self {
        let names = history.words.len();
        let mut fresh = Self::default();
        fresh.actors.slot = vec![0; names];
        fresh.packages.slot = vec![0; names];
        fresh.world.first_seen = vec![i64::MAX; names];
        fresh
    }

    /// How an event stands to everything that was absorbed so far.
    #[must_use]
    pub fn look<'a>(&'a self, event: &'a Event, words: &'a Vocabulary) -> Look<'a> {
        let (actor, package) = (self.actors.get(event.actor), self.packages.get(event.package));
        let now = Stance::of(event, words, actor, package, &self.world);
        Look { event, words, actor, package, world: &self.world, now }
    }

    /// Lets what is old enough teach the package of an event that is about to be looked at.
    pub fn settle(&mut self, event: &Event, words: &Vocabulary) {
        if self.packages.slot[event.package.index()] > 0 {
            self.packages.get_mut(event.package).settle(event.at, words);
        }
    }

    /// Learns an event that was looked at before, as `teaching` lets it.
    pub fn absorb(&mut self, event: &Event, words: &Vocabulary, now: &Stance, teaching: Teaching) {
        if event.actor.is_some() {
            self.actors.get_mut(event.actor).absorb(event, now, teaching);
        }
        self.packages.get_mut(event.package).absorb(event, words, now, teaching);
        self.world.absorb(event, words, teaching, now.dependencies_differ);
    }
}
