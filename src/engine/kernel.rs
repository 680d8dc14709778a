//! The kernels of the two entity passes: one entity's habits are made, publish after publish, and each publish is held
//! against them as they were before its millisecond. [`sweep`](super::sweep) runs them over parts on disk,
//! [`partition`](super::partition) over what another engine hands in.

use crate::archive::columns::Row;
use crate::archive::vocabulary::Vocabulary;
use crate::baseline::actor::ActorHabits;
use crate::baseline::package::{PackageHabits, Teaching};
use crate::baseline::stance::Stance;
use crate::baseline::{Look, World};
use crate::detect::apart::{ActorSide, columns};
use crate::detect::forest::packed::Held;
use crate::detect::model::Model;

/// What a pass must know of a publish beside its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// How it teaches.
    pub teaching: Teaching,
    /// Nobody had published its package for half a year.
    pub stale: bool,
}

/// Publishes whose points are worked out together.
const TOGETHER: usize = 512;

/// A publish that teaches when its millisecond is over.
type Waiting = (Row, Stance, Teaching);

/// Publishes of a millisecond that is not over, in places that are used again: a row is large.
#[derive(Default)]
struct Moment {
    held: Vec<Waiting>,
    first: usize,
    next: usize,
}

/// Places after which the first one is used again.
const PLACES: usize = 64;

impl Moment {
    fn clear(&mut self) {
        (self.first, self.next) = (0, 0);
    }

    /// The place of the next publish.
    fn place(&mut self) -> &mut Row {
        if self.next == self.held.len() {
            self.held.push((Row::default(), Stance::default(), Teaching::Settled));
        }
        &mut self.held[self.next].0
    }

    /// The next publish, and those before it if their moment is over.
    fn next(&mut self) -> (&Row, &[Waiting]) {
        let (before, next) = self.held.split_at(self.next);
        let before = &before[self.first..];
        let goes_on = before.first().is_some_and(|(first, ..)| first.at == next[0].0.at);
        (&next[0].0, if goes_on { &[] } else { before })
    }

    /// The next publish waits too.
    fn wait(&mut self, now: Stance, teaching: Teaching) {
        (self.held[self.next].1, self.held[self.next].2) = (now, teaching);
        if self.held[self.first].0.at != self.held[self.next].0.at {
            self.first = self.next;
        }
        if self.first >= PLACES && self.first == self.next {
            self.held.swap(0, self.next);
            self.clear();
        }
        self.next += 1;
    }

    fn waiting(&self) -> &[Waiting] {
        &self.held[self.first..self.next]
    }
}

/// One account after the other.
#[derive(Default)]
pub struct AccountPass {
    habits: ActorHabits,
    moment: Moment,
    side: ActorSide,
    nothing: (PackageHabits, World),
}

impl AccountPass {
    /// Begins with an account of these habits, that of nobody yet for one that was never seen.
    pub fn begin(&mut self, habits: ActorHabits) {
        self.habits = habits;
        self.moment.clear();
    }

    /// Where the next publish is to be put: another one may be there, of which every cell that matters is written over.
    pub fn place(&mut self) -> &mut Row {
        self.moment.place()
    }

    /// What the account says of the publish at [`Self::place`], the next in the order of the history.
    pub fn publish(&mut self, known: Known, words: &Vocabulary, model: &Model) -> &ActorSide {
        let (event, over) = self.moment.next();
        teach(&mut self.habits, over);
        let (package, world) = &self.nothing;
        let now = Stance::beside_actor(event, &self.habits, known.stale);
        self.side.observe(&Look { event, words, actor: &self.habits, package, world, now }, model);
        self.moment.wait(now, known.teaching);
        &self.side
    }

    /// There are no more publishes of the account.
    pub fn end(&mut self) -> ActorHabits {
        teach(&mut self.habits, self.moment.waiting());
        self.moment.clear();
        std::mem::take(&mut self.habits)
    }
}

fn teach(habits: &mut ActorHabits, over: &[Waiting]) {
    for (event, now, teaching) in over {
        habits.absorb(event, now, *teaching);
    }
}

/// One package after the other.
#[derive(Default)]
pub struct PackagePass {
    habits: PackageHabits,
    moment: Moment,
    side: ActorSide,
    nobody: ActorHabits,
    columns: Vec<f32>,
    held: Held,
    /// Which of the held ones are prereleases.
    prereleases: Vec<bool>,
}

impl PackagePass {
    /// Begins with a package of these habits.
    pub fn begin(&mut self, habits: PackageHabits) {
        self.habits = habits;
        self.moment.clear();
    }

    /// As [`AccountPass::place`].
    pub fn place(&mut self) -> &mut Row {
        self.moment.place()
    }

    /// Judges the publish at [`Self::place`], the package's next, of which its account said `side`: nothing where nobody is
    /// named. `points` receives the points of publishes in the order of these calls, some of them later, and the last ones
    /// from [`Self::points`].
    pub fn publish(
        &mut self,
        known: Known,
        side: Option<&[u8]>,
        (words, world, model): (&Vocabulary, &World, &Model),
        points: &mut Vec<i32>,
    ) {
        let (event, over) = self.moment.next();
        teach_package(&mut self.habits, over, words);
        self.habits.settle(event.at, words);
        let (package, nobody) = (&self.habits, &self.nobody);
        if let Some(bytes) = side {
            self.side.read(bytes);
        } else {
            let now = Stance::beside_actor(event, nobody, known.stale);
            self.side.observe(&Look { event, words, actor: nobody, package, world, now }, model);
        }
        let now = self.side.stance().and_package(event, words, package, world);
        let look = Look { event, words, actor: nobody, package, world, now };
        columns(&look, &self.side, model, &mut self.columns);
        model.packed.hold(&self.columns, &mut self.held);
        self.prereleases.push(!event.number.channel.is_none());
        let full = self.held.len() == TOGETHER;
        self.moment.wait(now, known.teaching);
        if full {
            self.points(model, points);
        }
    }

    /// Hands out the points that are not out yet.
    pub fn points(&mut self, model: &Model, points: &mut Vec<i32>) {
        let out = points.len();
        model.packed.release(&mut self.held, points);
        for (points, prerelease) in points[out..].iter_mut().zip(self.prereleases.drain(..)) {
            if prerelease {
                *points = model.prereleases.points(*points);
            }
        }
    }

    /// There are no more publishes of the package in a history that ends at `until`, milliseconds.
    pub fn end(&mut self, until: i64, words: &Vocabulary) -> PackageHabits {
        teach_package(&mut self.habits, self.moment.waiting(), words);
        self.moment.clear();
        // What is old enough teaches now instead of before the next look: nothing happens in between.
        self.habits.settle(until, words);
        std::mem::take(&mut self.habits)
    }
}

fn teach_package(habits: &mut PackageHabits, over: &[Waiting], words: &Vocabulary) {
    for (event, now, teaching) in over {
        habits.absorb(event, words, now, *teaching);
    }
}
