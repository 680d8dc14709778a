//! The two passes of a sweep: over accounts, and over packages. A part is read as a whole, its records are ordered by
//! entity, and the habits of one entity after the other are made, held against its publishes and let go.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::recall::Recall;
use super::record::{self, ACTOR, PACKAGE};
use super::spill::{Appender, Spill};
use super::split::Split;
use crate::archive::vocabulary::Sym;
use crate::detect::model::Model;
use crate::engine::kernel::{AccountPass, PackagePass};
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

    /// The records of one entity after the other.
    fn entities(&self) -> impl Iterator<Item = (Sym, impl Iterator<Item = &'a [u8]>)> {
        let bytes = self.bytes;
        self.order.chunk_by(|a, b| a.0 == b.0).map(move |of_one| {
            let records = of_one.iter().map(move |(_, at)| &bytes[*at as usize..]);
            (of_one[0].0, records)
        })
    }
}

/// Holds the publishes of a part of accounts against the habits of those, and appends what they say to the parts of
/// their packages.
///
/// # Errors
/// When the disk is full.
pub fn accounts(bytes: &[u8], recall: &mut Recall, model: &Model, sides: &mut Appender) -> Result<()> {
    let mut pass = AccountPass::default();
    recall.forget();
    for (entity, records) in Part::of(bytes)?.entities() {
        pass.begin(recall.habits(entity)?);
        for record in records {
            let (event, tag) = record::read(record, &ACTOR);
            let side = pass.publish(event, tag.known, &recall.words, model);
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
        let habits = pass.end();
        recall.leave(entity, habits.last, habits)?;
    }
    Ok(())
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
    let mut pass = PackagePass::default();
    recall.forget();
    for (entity, records) in Part::of(&bytes)?.entities() {
        pass.begin(recall.habits(entity)?);
        for record in records {
            let (event, tag) = record::read(record, &PACKAGE);
            let side = places[tag.home.0 as usize].map(|at| &sides[at as usize..]);
            take(tag.row, pass.publish(event, tag.known, side, (&recall.words, &split.world, model)));
        }
        let habits = pass.end(split.until, &recall.words);
        recall.leave(entity, habits.last, habits)?;
    }
    Ok(())
}
