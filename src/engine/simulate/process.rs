//! Everybody's acts in the order of time.

use std::hint::black_box;

use super::calendar::Calendar;
use super::habits::{Habits, Law, pick};
use super::package::Step;
use super::population::{Actor, Population, place};
use super::random::{Stream, draw, hash};
use super::registry::{Publish, Registry};
use crate::archive::block::Block;
use crate::baseline::reach::BURST_SILENCE;
use crate::baseline::stance::DAY;

/// Shortest silence between two acts: what is shorter would join them.
const SILENCE: i64 = BURST_SILENCE + 1_000;
const HOUR: f64 = 3_600_000.0;
/// Silence after which an account publishes at its own hours again, and one after which it may leave a weekend out.
const RESTED: i64 = 36 * 3_600_000;
/// Share of a week that is Saturday and Sunday.
const WEEKEND: f64 = 2.0 / 7.0;

/// Publishes that are looked at ahead, and publishes after which that is done again.
const AHEAD: usize = 32;
const AGAIN: u64 = 24;

/// Where an account is in its life.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Acts that are over.
    burst: u32,
    silence_left: f64,
    /// Packages that it has published.
    pub created: u32,
    /// Publishes of the whole life that are left.
    rows_left: u64,
    /// Publishes of this act that are left, and those that are done.
    left: u32,
    done: u32,
    width: u32,
    fresh: u32,
    from: u32,
    /// What the publishes of this act have in common.
    pub style: Style,
}

impl Live {
    /// Place of the next package of this act among the account's: first those that are new, then older ones beside each
    /// other; then some again.
    fn next_slot(&self) -> u32 {
        let k = self.done % self.width;
        let new_by_now = if self.done == k { k.min(self.fresh) } else { self.fresh };
        let before = self.created - new_by_now;
        if k < self.fresh { before + k } else { (self.from.min(before - 1) + k - self.fresh) % before }
    }
}

/// What the publishes of an act have in common.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Prereleases.
    pub preview: bool,
    /// Change of stable versions.
    pub step: Step,
    /// Client, as a place among those of the year.
    pub client: u8,
    /// Commit.
    pub commit: u64,
    /// E-mail addresses that the account had before.
    pub emails: u32,
}

impl Default for Style {
    fn default() -> Self {
        Self { preview: false, step: Step::Patch, client: 0, commit: 0, emails: 0 }
    }
}

/// The registry and everybody's next act.
pub struct Process<'a> {
    habits: &'a Habits,
    pub(super) population: &'a Population,
    pub(super) lives: Vec<Live>,
    calendar: Calendar,
    pub(super) registry: Registry<'a>,
    spacing: Law,
    around: Law,
    pub(super) random: Stream,
    publishes: u64,
    /// Who publishes next, and which package.
    next: Vec<(u32, u32)>,
}

impl<'a> Process<'a> {
    /// Everybody before their first act.
    #[must_use]
    pub fn new(habits: &'a Habits, population: &'a Population, seed: u64, shift: i64) -> Self {
        let lives = population
            .actors
            .iter()
            .map(|a| Live { silence_left: a.silence, rows_left: a.rows, ..Live::default() })
            .collect();
        let mut all = Self {
            habits,
            population,
            lives,
            calendar: Calendar::new(habits.made.from, habits.made.until),
            registry: Registry::new(habits, population, shift),
            spacing: Law::new(&habits.publishes.spacing),
            around: Law::new(&habits.publishes.around),
            random: Stream::new(hash(seed, 77)),
            publishes: 0,
            next: Vec::new(),
        };
        for (i, actor) in (0_u32..).zip(&population.actors) {
            let at = all.at_usual_hours(actor, actor.start, habits.made.from, 0);
            all.begin(actor, i as usize, at);
            all.calendar.meet(at, i);
        }
        all
    }

    /// Time of the next publish, which [`Process::publish`] then writes.
    pub fn next_publish(&mut self) -> Option<(i64, u32)> {
        self.calendar.next_meeting()
    }

    /// How many packages were published so far.
    #[must_use]
    pub fn published(&self) -> usize {
        self.registry.packages.iter().flatten().count()
    }

    /// The account publishes.
    pub fn publish(&mut self, at: i64, actor: u32, block: &mut Block) {
        let index = actor as usize;
        let who = &self.population.actors[index];
        if self.publishes.is_multiple_of(AGAIN) {
            self.foresee();
        }
        self.publishes += 1;
        let live = &mut self.lives[index];
        if live.done == 0 && live.burst > 0 && self.random.happens(self.habits.publishes.email_change) {
            live.style.emails += 1;
        }
        let slot = live.next_slot();
        live.created = live.created.max(slot + 1);
        let package = self.population.slots[(who.slots + slot) as usize];
        let publish = Publish { at, actor: index, package, guise: None };
        self.registry.publish(&publish, &self.lives[index].style, &mut self.random, block);
        let live = &mut self.lives[index];
        live.left -= 1;
        live.done += 1;
        live.rows_left -= 1;
        if live.rows_left > 0 {
            let next = if live.left > 0 { Some(self.go_on(at)) } else { self.return_later(who, index, at) };
            if let Some(next) = next {
                let next = next.clamp(at, self.habits.made.until);
                if self.lives[index].left == 0 {
                    self.begin(who, index, next);
                }
                self.calendar.meet(next, actor);
            }
        }
    }

    /// Reads what the next publishes will need: where a registry fits into no cache, these reads of memory would otherwise wait
    /// for each other.
    fn foresee(&mut self) {
        let Self { population, lives, registry, next, .. } = self;
        next.clear();
        next.extend(self.calendar.ahead(AHEAD).map(|actor| (actor, 0)));
        let of_account = |actor: u32| (&lives[actor as usize], population.actors[actor as usize].slots);
        let touch = |sum, &(actor, _): &(u32, u32)| {
            let (live, slots) = of_account(actor);
            sum ^ live.left ^ live.style.emails ^ slots
        };
        black_box(next.iter().fold(0, touch));
        for (actor, package) in next.iter_mut() {
            let (live, slots) = of_account(*actor);
            *package = population.slots[(slots + live.next_slot()) as usize];
        }
        registry.foresee(next);
    }

    /// Decides how the account's next act, at `at`, will be.
    fn begin(&mut self, who: &Actor, index: usize, at: i64) {
        let year = self.registry.year(at);
        let live = &mut self.lives[index];
        let width = self.population.width(who, live.burst);
        let grown = Population::grown(who, live.burst + 1).saturating_sub(live.created);
        live.width = width;
        live.fresh = grown.clamp(width.saturating_sub(live.created), width);
        live.left = self.population.rows(who, live.burst, width);
        live.done = 0;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the packages")]
        let from = (f64::from(live.created) * favour(self.random.unit())) as u32;
        live.from = from;
        live.style.preview = self.random.happens(previews(year.prerelease, f64::from(who.preview)));
        live.style.step = Step::ALL[pick(self.habits.publishes.steps.iter().copied(), self.random.unit())];
        live.style.commit = self.random.bits();
        let usual = draw(who.seed, place::TRAITS + 1);
        let u = if self.random.happens(0.05) { self.random.unit() } else { usual };
        #[allow(clippy::cast_possible_truncation, reason = "one of a few")]
        let client = pick(year.clients.iter().map(|c| c.2), u) as u8;
        live.style.client = client;
    }

    #[allow(clippy::cast_possible_truncation, reason = "milliseconds of an act")]
    fn go_on(&mut self, at: i64) -> i64 {
        at + self.spacing.at(self.random.unit()).max(1.0) as i64
    }

    /// What is left of the life is divided by what silences are left in it, so that it ends when it should.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "milliseconds of a life")]
    fn return_later(&mut self, who: &Actor, index: usize, at: i64) -> Option<i64> {
        let live = &mut self.lives[index];
        live.burst += 1;
        if live.burst >= who.bursts {
            return None;
        }
        let burst = live.burst;
        let gap = self.population.gap(who, burst);
        let left = (who.end - at).max(0) as f64;
        let silence = if live.silence_left > 0.0 { (left * gap / live.silence_left) as i64 } else { 0 };
        live.silence_left -= gap;
        let next = at + silence.max(SILENCE);
        Some(if silence > RESTED { self.at_usual_hours(who, next, at, burst) } else { next })
    }

    /// Moves a time of a day to the account's hours, and away from a weekend, where it does not fall before `after`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "hours and milliseconds of a day")]
    fn at_usual_hours(&self, who: &Actor, at: i64, after: i64, burst: u32) -> i64 {
        let hours = &self.habits.publishes.hours;
        let centre = pick(hours.iter().copied(), draw(who.seed, place::TRAITS + 2)) as f64;
        let centre = centre + draw(who.seed, place::TRAITS + 3);
        let around = self.around.at(draw(who.seed, place::HOURS + u64::from(burst)));
        let hour = (centre + around).rem_euclid(24.0);
        let mut day = at.div_euclid(DAY);
        let works = self.habits.publishes.weekend / WEEKEND;
        if matches!(day.rem_euclid(7), 2 | 3) && draw(who.seed, place::HOURS + (1 << 31) + u64::from(burst)) > works {
            day += 2;
        }
        let moved = day * DAY + (hour * HOUR) as i64;
        if moved > after + SILENCE && moved <= who.end.max(at) { moved } else { at }
    }
}

/// Older packages of an account are published more often than an even draw of one says.
fn favour(even: f64) -> f64 {
    even * even
}

/// Chance of an act of prereleases: an account either mostly publishes them or seldom does.
fn previews(share: f64, rank: f64) -> f64 {
    const MOSTLY: f64 = 0.9;
    const SELDOM: f64 = 0.05;
    let mostly = (share - SELDOM) / (MOSTLY - SELDOM);
    if rank < mostly { MOSTLY } else { share.min(SELDOM) }
}
