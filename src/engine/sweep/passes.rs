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

/// What a thread works with, part after part: fresh memory is dear.
#[derive(Default)]
pub struct Desk {
    bytes: Vec<u8>,
    part: Part,
    sides: Sides,
    rows: Vec<u32>,
    points: Vec<i32>,
}

/// Records in the order of their entities, and of one entity in the order of time.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    /// Each entity, and where its records end.
    ends: Vec<(Sym, usize)>,
    /// Each record's entity, where it was, and its place among all.
    order: Vec<(Sym, u32, u32)>,
}

impl Part {
    /// Takes records, and puts them in that order. They are copied: what is judged next then lies beside what was judged
    /// last, and the processor need not wait for memory in between.
    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::tool("a part of the table is larger than 4 GiB").remedy("sweep it in several tables"));
        }
        let Self { bytes: ordered, ends, order } = self;
        ordered.clear();
        ends.clear();
        order.clear();
        let (mut at, mut place) = (0, 0);
        while at < bytes.len() {
            let (length, entity) = record::head(&bytes[at..]);
            order.push((entity, u32::try_from(at).unwrap_or(u32::MAX), place));
            at += length;
            place += 1;
        }
        order.sort_by_key(|(entity, ..)| *entity);
        ordered.reserve(bytes.len());
        for of_one in order.chunk_by(|a, b| a.0 == b.0) {
            for (_, at, _) in of_one {
                let record = &bytes[*at as usize..];
                ordered.extend_from_slice(&record[..record::head(record).0]);
            }
            ends.push((of_one[0].0, ordered.len()));
        }
        Ok(())
    }

    /// The records of one entity after the other.
    fn entities(&self) -> impl Iterator<Item = (Sym, impl Iterator<Item = &[u8]>)> {
        let mut start = 0;
        self.ends.iter().map(move |&(entity, end)| {
            let of_one = &self.bytes[start..end];
            start = end;
            (entity, records(of_one))
        })
    }
}

fn records(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (record, rest) = bytes.split_at(if bytes.is_empty() { return None } else { record::head(bytes).0 });
        bytes = rest;
        Some(record)
    })
}

/// Holds the publishes of a part of accounts against the habits of those, and appends what they say to the parts of
/// their packages.
///
/// # Errors
/// When a file cannot be read, or the disk is full.
pub fn accounts(
    actors: &Spill,
    part: usize,
    desk: &mut Desk,
    recall: &mut Recall,
    model: &Model,
    sides: &mut Appender,
) -> Result<()> {
    actors.take_into(part, &mut desk.bytes)?;
    desk.part.take(&desk.bytes)?;
    let mut pass = AccountPass::default();
    recall.forget();
    for (entity, records) in desk.part.entities() {
        pass.begin(recall.habits(entity)?);
        for record in records {
            let tag = record::read(record, &ACTOR, pass.place());
            let side = pass.publish(tag.known, &recall.words, model);
            let (place, part) = tag.next;
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

/// What accounts say, each with its length before it, which is zero where nobody is named.
#[derive(Default)]
struct Sides {
    bytes: Vec<u8>,
    places: Vec<u32>,
}

impl Sides {
    /// Takes what the accounts said of the publishes of a part, and puts it into the order of their records.
    fn take(&mut self, said: &[u8], part: &Part) {
        const HEAD: usize = 4;
        let length = |at: usize| usize::from(u16::from_le_bytes([said[at], said[at + 1]]));
        let Self { bytes, places } = self;
        places.clear();
        places.resize(part.order.len(), u32::MAX);
        let mut at = 0;
        while let Some((place, _)) = said.get(at..).and_then(<[u8]>::split_first_chunk::<HEAD>) {
            places[u32::from_le_bytes(*place) as usize] = u32::try_from(at + HEAD).unwrap_or(u32::MAX);
            at += HEAD + 2 + length(at + HEAD);
        }
        bytes.clear();
        bytes.reserve(said.len());
        for (.., place) in &part.order {
            match places[*place as usize] {
                u32::MAX => bytes.extend([0; 2]),
                at => bytes.extend_from_slice(&said[at as usize..][..2 + length(at as usize)]),
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (side, after) = after.split_at(usize::from(u16::from_le_bytes(*length)));
            rest = after;
            Some(Some(side).filter(|side| !side.is_empty()))
        })
    }
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
    desk: &mut Desk,
    recall: &mut Recall,
    model: &Model,
    take: impl FnMut((u32, i32)),
) -> Result<()> {
    let Desk { bytes, part: records, sides: said, rows, points } = desk;
    split.packages.take_into(part, bytes)?;
    records.take(bytes)?;
    sides.take_into(part, bytes)?;
    said.take(bytes, records);
    rows.clear();
    points.clear();
    let mut sides = said.iter();
    let mut pass = PackagePass::default();
    recall.forget();
    for (entity, records) in records.entities() {
        pass.begin(recall.habits(entity)?);
        for record in records {
            let tag = record::read(record, &PACKAGE, pass.place());
            let side = sides.next().flatten();
            pass.publish(tag.known, side, (&recall.words, &split.world, model), points);
            rows.push(tag.next.0);
        }
        let habits = pass.end(split.until, &recall.words);
        recall.leave(entity, habits.last, habits)?;
    }
    pass.points(model, points);
    rows.drain(..).zip(points.drain(..)).for_each(take);
    Ok(())
}
