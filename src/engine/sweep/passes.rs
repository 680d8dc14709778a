//! The two passes of a sweep: over accounts, and over packages. A part is read as a whole, its records are ordered by
//! entity, and the habits of one entity after the other are made, held against its publishes and let go.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::recall::Recall;
use super::record::{self, ACTOR, Layout, PACKAGE, Tag};
use super::spill::{Appender, Spill};
use super::split::Split;
use crate::archive::columns::Row;
use crate::archive::vocabulary::Sym;
use crate::baseline::actor::ActorHabits;
use crate::baseline::package::PackageHabits;
use crate::baseline::stance::Stance;
use crate::baseline::{Look, World};
use crate::detect::apart::{ActorSide, points};
use crate::detect::model::Model;
use crate::error::{Error, Result};

/// Calls `work` for every part, on as many threads, each with what `begin` makes for it; hands back what `end` makes of that.
///
/// # Errors
/// The first failure of a thread.
///
/// # Panics
/// When `work` does.
pub fn on_threads<T>(
    threads: usize,
    parts: usize,
    begin: impl Fn() -> Result<T> + Sync,
    work: impl Fn(&mut T, usize) -> Result<()> + Sync,
    end: impl Fn(T) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let one = || {
        let mut state = begin()?;
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                return end(state);
            }
            work(&mut state, part)?;
        }
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(one)).collect();
        running.into_iter().try_for_each(|thread| thread.join().expect("a thread that does not panic"))
    })
}

/// Records by entity, each in the order of time.
struct Part<'a> {
    bytes: &'a [u8],
    order: Vec<(Sym, u32)>,
}

impl<'a> Part<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::tool("a part of the table is larger than 4 GiB").remedy("sweep it in several tables"));
        }
        let mut order = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (length, entity) = record::head(&bytes[at..]);
            order.push((entity, u32::try_from(at).unwrap_or(u32::MAX)));
            at += length;
        }
        order.sort_by_key(|(entity, _)| *entity);
        Ok(Self { bytes, order })
    }

    /// Hands out one entity after the other, each with its moments.
    fn turns(&self, layout: &Layout, mut take: impl FnMut(Turn) -> Result<()>) -> Result<()> {
        let mut moment: Vec<(Row, Tag)> = Vec::new();
        for records in self.order.chunk_by(|a, b| a.0 == b.0) {
            let (entity, _) = records[0];
            take(Turn::Begins(entity))?;
            for (_, at) in records {
                let (row, tag) = record::read(&self.bytes[*at as usize..], layout);
                if moment.first().is_some_and(|(first, _)| first.at != row.at) {
                    take(Turn::Moment(&moment))?;
                    moment.clear();
                }
                moment.push((row, tag));
            }
            take(Turn::Moment(&moment))?;
            moment.clear();
            take(Turn::Ends(entity))?;
        }
        Ok(())
    }
}

/// What comes next in a part.
enum Turn<'a> {
    /// Another entity.
    Begins(Sym),
    /// Its publishes of one millisecond, which do not see each other.
    Moment(&'a [(Row, Tag)]),
    /// There are no more of it.
    Ends(Sym),
}

/// Holds the publishes of a part of accounts against the habits of those, and appends what they say to the parts of
/// their packages.
///
/// # Errors
/// When the disk is full.
pub fn accounts(bytes: &[u8], recall: &mut Recall, model: &Model, sides: &mut Appender) -> Result<()> {
    let (package, world) = (PackageHabits::default(), World::default());
    let mut actor = ActorHabits::default();
    let mut side = ActorSide::default();
    let mut stances: Vec<Stance> = Vec::new();
    recall.forget();
    Part::of(bytes)?.turns(&ACTOR, |turn| {
        let moment = match turn {
            Turn::Begins(entity) => return recall.habits(entity).map(|habits| actor = habits),
            Turn::Ends(entity) => return recall.leave(entity, actor.last, std::mem::take(&mut actor)),
            Turn::Moment(moment) => moment,
        };
        let words = &*recall.words;
        stances.clear();
        for (event, tag) in moment {
            let now = Stance::beside_actor(event, &actor, tag.stale);
            side.observe(&Look { event, words, actor: &actor, package: &package, world: &world, now }, model);
            stances.push(now);
            let (place, part) = tag.home;
            sides.add(usize::from(part), |bytes| {
                bytes.extend(place.to_le_bytes());
                let start = bytes.len();
                bytes.extend([0; 2]);
                side.write(bytes);
                let length = u16::try_from(bytes.len() - start - 2).unwrap_or(u16::MAX);
                bytes[start..start + 2].copy_from_slice(&length.to_le_bytes());
            })?;
        }
        for ((event, tag), now) in moment.iter().zip(&stances) {
            actor.absorb(event, now, tag.teaching);
        }
        Ok(())
    })
}

/// Where what the accounts say of each publish of a part begins; nothing where nobody is named.
fn places(sides: &[u8], count: u32) -> Vec<Option<u32>> {
    let mut places = vec![None; count as usize];
    let mut at = 0;
    while let Some(([a, b, c, d, e, f], _)) = sides.get(at..).and_then(<[u8]>::split_first_chunk::<6>) {
        places[u32::from_le_bytes([*a, *b, *c, *d]) as usize] = u32::try_from(at + 6).ok();
        at += 6 + usize::from(u16::from_le_bytes([*e, *f]));
    }
    places
}

/// Holds the publishes of a part of packages against the habits of those, and hands out each one's place in the history
/// and its points.
///
/// # Errors
/// When the files of the part cannot be read.
pub fn packages(
    split: &Split,
    part: usize,
    sides: &Spill,
    recall: &mut Recall,
    model: &Model,
    mut take: impl FnMut(u32, i32),
) -> Result<()> {
    let (bytes, sides) = (split.packages.take(part)?, sides.take(part)?);
    let places = places(&sides, split.counts[part]);
    let world = &split.world;
    let nobody = ActorHabits::default();
    let mut package = PackageHabits::default();
    let mut side = ActorSide::default();
    let mut stances: Vec<Stance> = Vec::new();
    let mut columns = Vec::new();
    recall.forget();
    Part::of(&bytes)?.turns(&PACKAGE, |turn| {
        let moment = match turn {
            Turn::Begins(entity) => return recall.habits(entity).map(|habits| package = habits),
            Turn::Ends(entity) => {
                // What is old enough teaches now instead of before the next look: nothing happens in between.
                package.settle(split.until, &recall.words);
                return recall.leave(entity, package.last, std::mem::take(&mut package));
            }
            Turn::Moment(moment) => moment,
        };
        let words = &*recall.words;
        stances.clear();
        for (event, tag) in moment {
            package.settle(event.at, words);
            if let Some(at) = places[tag.home.0 as usize] {
                side.read(&sides[at as usize..]);
            } else {
                let now = Stance::beside_actor(event, &nobody, tag.stale);
                side.observe(&Look { event, words, actor: &nobody, package: &package, world, now }, model);
            }
            let now = side.stance().and_package(event, words, &package, world);
            let look = Look { event, words, actor: &nobody, package: &package, world, now };
            take(tag.row, points(&look, &side, model, &mut columns));
            stances.push(now);
        }
        for ((event, tag), now) in moment.iter().zip(&stances) {
            package.absorb(event, words, now, tag.teaching);
        }
        Ok(())
    })
}
