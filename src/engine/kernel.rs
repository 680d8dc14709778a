//! The kernels of the two entity passes: one entity's habits are made, publish after publish, and each publish is held
//! against them as they were before its millisecond. [`sweep`](super::sweep) runs them over parts on disk,
//! [`partition`](super::partition) over what another engine hands in.

use crate::archive::columns::Row;
use crate::archive::vocabulary::Vocabulary;
use crate::baseline::actor::ActorHabits;
use crate::baseline::package::{PackageHabits, Teaching};
use crate::baseline::stance::Stance;
use crate::baseline::{Look, World};
use crate::detect::apart::{ActorSide, points};
use crate::detect::model::Model;

/// What a pass must know of a publish beside its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// How it teaches.
    pub teaching: Teaching,
    /// Nobody had published its package for half a year.
    pub stale: bool,
}

/// A publish of a millisecond that is not over: it teaches when that is.
type Waiting = (Row, Stance, Teaching);

/// One account after the other.
#[derive(Default)]
pub struct AccountPass {
    habits: ActorHabits,
    waiting: Vec<Waiting>,
    side: ActorSide,
    nothing: (PackageHabits, World),
}

impl AccountPass {
    /// Begins with an account of these habits, that of nobody yet for one that was never seen.
    pub fn begin(&mut self, habits: ActorHabits) {
        self.habits = habits;
        self.waiting.clear();
    }

    /// What the account says of its next publish, in the order of the history.
    pub fn publish(&mut self, event: Row, known: Known, words: &Vocabulary, model: &Model) -> &ActorSide {
        if self.waiting.first().is_some_and(|(first, ..)| first.at != event.at) {
            self.settle();
        }
        let (package, world) = &self.nothing;
        let now = Stance::beside_actor(&event, &self.habits, known.stale);
        self.side.observe(&Look { event: &event, words, actor: &self.habits, package, world, now }, model);
        self.waiting.push((event, now, known.teaching));
        &self.side
    }

    /// There are no more publishes of the account.
    pub fn end(&mut self) -> ActorHabits {
        self.settle();
        std::mem::take(&mut self.habits)
    }

    fn settle(&mut self) {
        for (event, now, teaching) in self.waiting.drain(..) {
            self.habits.absorb(&event, &now, teaching);
        }
    }
}

/// One package after the other.
#[derive(Default)]
pub struct PackagePass {
    habits: PackageHabits,
    waiting: Vec<Waiting>,
    side: ActorSide,
    nobody: ActorHabits,
    columns: Vec<f32>,
}

impl PackagePass {
    /// Begins with a package of these habits.
    pub fn begin(&mut self, habits: PackageHabits) {
        self.habits = habits;
        self.waiting.clear();
    }

    /// The points of the package's next publish, of which its account said `side`: nothing where nobody is named.
    pub fn publish(
        &mut self,
        event: Row,
        known: Known,
        side: Option<&[u8]>,
        (words, world, model): (&Vocabulary, &World, &Model),
    ) -> i32 {
        if self.waiting.first().is_some_and(|(first, ..)| first.at != event.at) {
            self.settle(words);
        }
        self.habits.settle(event.at, words);
        let (package, nobody) = (&self.habits, &self.nobody);
        if let Some(bytes) = side {
            self.side.read(bytes);
        } else {
            let now = Stance::beside_actor(&event, nobody, known.stale);
            self.side.observe(&Look { event: &event, words, actor: nobody, package, world, now }, model);
        }
        let now = self.side.stance().and_package(&event, words, package, world);
        let look = Look { event: &event, words, actor: nobody, package, world, now };
        let points = points(&look, &self.side, model, &mut self.columns);
        self.waiting.push((event, now, known.teaching));
        points
    }

    /// There are no more publishes of the package in a history that ends at `until`, milliseconds.
    pub fn end(&mut self, until: i64, words: &Vocabulary) -> PackageHabits {
        self.settle(words);
        // What is old enough teaches now instead of before the next look: nothing happens in between.
        self.habits.settle(until, words);
        std::mem::take(&mut self.habits)
    }

    fn settle(&mut self, words: &Vocabulary) {
        for (event, now, teaching) in self.waiting.drain(..) {
            self.habits.absorb(&event, words, &now, teaching);
        }
    }
}
