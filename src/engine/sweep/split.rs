//! The first step of a sweep: the table is read once, in the order of time. What depends on all that came before, whoever
//! published it, is worked out here (when a name was first seen, whether a package was stale); the rest of each publish
//! goes to the part of its account and to the part of its package.

use std::hint::black_box;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::Plan;
use super::record::{self, ACTOR, PACKAGE, Tag};
use super::spill::{Appender, Spill};
use crate::archive::columns::Row;
use crate::archive::scan::{Reading, Scan};
use crate::archive::snapshot::Snapshot;
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::World;
use crate::baseline::package::Teaching;
use crate::baseline::stance::STALE;
use crate::engine::kernel::Known;
use crate::engine::moments::Moments;
use crate::engine::policy::Policy;
use crate::error::{Error, Result};

/// Where the publishes of a sweep went.
pub struct Split {
    /// Records by account.
    pub actors: Spill,
    /// Records by package.
    pub packages: Spill,
    /// Keys in the order of the history: one file.
    pub keys: Spill,
    /// Every string.
    pub words: Vocabulary,
    /// When each name was first seen.
    pub world: World,
    /// Names that the snapshot did not know, if one is gone on with.
    pub fresh: Vec<(Sym, i64)>,
    /// Publishes in all.
    pub rows: usize,
    /// Time of the last of them, milliseconds.
    pub until: i64,
}

/// What is handed out of a judged publish, beside its score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Publish time, milliseconds since the epoch.
    pub at: i64,
    /// Registry, package and version.
    pub release: [Sym; 3],
    /// Its score is one of those that later ones are ranked among.
    pub teaches: bool,
}

impl Key {
    /// Bytes of a key on disk.
    pub const SIZE: usize = 8 + 3 * 4 + 1;

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.at.to_le_bytes());
        self.release.iter().for_each(|sym| bytes.extend(sym.number().to_le_bytes()));
        bytes.push(u8::from(self.teaches));
    }

    /// A key that was written.
    #[must_use]
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        let at = i64::from_le_bytes(std::array::from_fn(|i| bytes[i]));
        let sym = |from: usize| Sym::from_number(u32::from_le_bytes(std::array::from_fn(|i| bytes[from + i])));
        Self { at, release: [sym(8), sym(12), sym(16)], teaches: bytes[20] == 1 }
    }
}

/// Reads a table and parts its publishes. `step` is told how many were read.
///
/// # Errors
/// When the table is damaged or not in the order of time, or the disk is full.
///
/// # Panics
/// Never: the thread that writes does not.
pub fn split(
    scan: &Scan,
    folder: &Path,
    plan: &Plan,
    before: Option<&Snapshot>,
    step: &mut dyn FnMut(usize),
) -> Result<Split> {
    let actors = Spill::create(folder, "accounts", plan.parts)?;
    let packages = Spill::create(folder, "packages", plan.parts)?;
    let keys = Spill::create(folder, "keys", 1)?;
    let mut reading = Reading::default();
    let until = before.map_or(i64::MIN, |before| before.about.until);
    let mut moments = Moments::after(until, scan.path(), REMEDY);
    let filing = Filing { actors: actors.append(), packages: packages.append(), keys: keys.append(), row: 0 };
    let (until, mut splitter) = thread::scope(|scope| {
        let (filled, to_file) = sync_channel(QUEUE);
        let (used, emptied) = channel();
        let filing = scope.spawn(move || filing.all(&to_file, |batch| drop(used.send(batch))));
        let mut splitter = Splitter {
            plan,
            batch: Vec::with_capacity(BATCH),
            filled: Some(filled),
            emptied,
            counts: vec![0; plan.parts],
            last: Vec::new(),
            listed: Vec::new(),
            world: World::default(),
            hooks: Vec::new(),
            before,
            rows: 0,
        };
        let mut read = || {
            scan.each_piece(|piece| {
                reading.rows(piece, scan.path(), |block, words| {
                    splitter.foresee(block, words);
                    moments.cut(block, words, |moment| splitter.moment(moment, words))
                })?;
                step(splitter.rows);
                Ok(())
            })?;
            let until = moments.end(&reading.words, |moment| splitter.moment(moment, &reading.words))?;
            splitter.hand_on()?;
            Ok(until)
        };
        let until: Result<i64> = read();
        splitter.filled = None;
        // Where it failed, the rest was not read for that reason.
        filing.join().expect("a thread that does not panic")?;
        Ok::<_, Error>((until?, splitter))
    })?;
    let words = reading.words;
    let fresh = remember(&mut splitter.world, splitter.hooks, &words, before)?;
    let Splitter { world, rows, .. } = splitter;
    Ok(Split { actors, packages, keys, words, world, fresh, rows, until })
}

/// Takes up when names were first seen; hands back those that were not known.
fn remember(
    world: &mut World,
    hooks: Vec<Sym>,
    words: &Vocabulary,
    before: Option<&Snapshot>,
) -> Result<Vec<(Sym, i64)>> {
    let names: Vec<(Sym, i64)> = world.names().collect();
    let Some(before) = before else { return Ok(names) };
    let mut fresh = Vec::new();
    for (name, first) in names {
        match before.first_seen(words.text(name))? {
            Some(known) => world.note(name, known),
            None => fresh.push((name, first)),
        }
    }
    // These were not noted here, but are asked about.
    for hook in hooks {
        if let Some(known) = before.first_seen(words.text(hook))? {
            world.note(hook, known);
        }
    }
    Ok(fresh)
}

const REMEDY: &str = "give a table of what was published since; or the whole history, with --rebuild";

/// Publishes that are handed on together, and how many such batches wait.
const BATCH: usize = 256;
const QUEUE: usize = 16;

/// Publishes on their way to the files.
type Batch = Vec<(Row, Tag)>;

/// Puts what was decided of publishes into the files: on a thread of its own.
struct Filing<'a> {
    actors: Appender<'a>,
    packages: Appender<'a>,
    keys: Appender<'a>,
    /// Publishes so far.
    row: u32,
}

impl Filing<'_> {
    fn all(mut self, batches: &Receiver<Batch>, filed: impl Fn(Batch)) -> Result<()> {
        for mut batch in batches {
            batch.iter().try_for_each(|(row, tag)| self.publish(row, tag))?;
            batch.clear();
            filed(batch);
        }
        self.actors.finish()?;
        self.packages.finish()?;
        self.keys.finish()
    }

    fn publish(&mut self, row: &Row, tag: &Tag) -> Result<()> {
        let release = [row.registry, row.package, row.version];
        let key = Key { at: row.at, release, teaches: tag.known.teaching != Teaching::Never };
        self.keys.add(0, |bytes| key.write(bytes))?;
        if row.actor.is_some() {
            let part = row.actor.index() % self.actors.parts();
            self.actors.add(part, |bytes| record::write(bytes, &ACTOR, row, tag))?;
        }
        let in_history = Tag { next: (self.row, 0), ..*tag };
        self.row += 1;
        let part = usize::from(tag.next.1);
        self.packages.add(part, |bytes| record::write(bytes, &PACKAGE, row, &in_history))
    }
}

struct Splitter<'a> {
    plan: &'a Plan<'a>,
    batch: Batch,
    filled: Option<SyncSender<Batch>>,
    emptied: Receiver<Batch>,
    /// Publishes of each part of packages.
    counts: Vec<u32>,
    /// Last publish of each package, or one of the two times below.
    last: Vec<i64>,
    /// Lists of dependencies that appeared before.
    listed: Vec<bool>,
    world: World,
    /// Install hooks of publishes that do not teach.
    hooks: Vec<Sym>,
    before: Option<&'a Snapshot>,
    rows: usize,
}

/// Nobody asked yet when a package was last published.
const UNASKED: i64 = i64::MIN;
/// It never was.
const NEVER: i64 = i64::MIN + 1;

impl Splitter<'_> {
    /// Makes room for the names of the next publishes, and reads what will be asked of them: where all names fit into no cache,
    /// these reads of memory would otherwise wait for each other.
    fn foresee(&mut self, block: &[Row], words: &Vocabulary) {
        if self.last.len() < words.len() {
            self.last.resize(words.len().next_power_of_two(), UNASKED);
            self.listed.resize(self.last.len(), false);
        }
        let asked = |row: &Row| {
            let (last, first) = (self.last[row.package.index()], self.world.first_seen(row.package, i64::MAX));
            last ^ first.unwrap_or_default() ^ i64::from(self.listed[row.dependencies.index()])
        };
        black_box(block.iter().fold(0, |sum, row| sum ^ asked(row)));
    }

    /// Takes the publishes of one moment, which do not see each other.
    fn moment(&mut self, moment: &mut [Row], words: &Vocabulary) -> Result<()> {
        for row in &*moment {
            let last = &mut self.last[row.package.index()];
            if *last == UNASKED {
                let known = self.before.map_or(Ok(None), |before| before.last(words.text(row.package)))?;
                *last = known.unwrap_or(NEVER);
            }
            self.publish(row)?;
        }
        for row in moment {
            self.remember(row, words);
        }
        Ok(())
    }

    fn publish(&mut self, row: &Row) -> Result<()> {
        let last = self.last[row.package.index()];
        // Nothing is held back here, so no p-value decides what teaches.
        let teaching = Policy::teaching(self.plan.policy, row, 1.0);
        let part = row.package.index() % self.plan.parts;
        if u32::try_from(self.rows + 1).is_err() {
            return Err(Error::tool("more than four billion publishes").remedy("sweep them in several tables"));
        }
        let next = (self.counts[part], u16::try_from(part).unwrap_or(u16::MAX));
        let tag = Tag { next, known: Known { teaching, stale: last != NEVER && row.at - last > STALE } };
        self.counts[part] += 1;
        self.rows += 1;
        self.batch.push((row.clone(), tag));
        if self.batch.len() == BATCH { self.hand_on() } else { Ok(()) }
    }

    /// Hands on what was decided.
    fn hand_on(&mut self) -> Result<()> {
        let empty = self.emptied.try_recv().unwrap_or_else(|_| Vec::with_capacity(BATCH));
        let batch = std::mem::replace(&mut self.batch, empty);
        let sent = self.filled.as_ref().map(|filled| filled.send(batch));
        // Why it ended is said by that thread.
        sent.and_then(std::result::Result::ok).ok_or_else(|| Error::tool("the parts cannot be written"))
    }

    /// The traces that a publish leaves in the archive as a whole: as [`crate::baseline::Baselines::absorb`] leaves them. The
    /// names of a list were noted when it first appeared.
    fn remember(&mut self, row: &Row, words: &Vocabulary) {
        self.last[row.package.index()] = row.at;
        let teaching = self.plan.policy.teaching(row, 1.0);
        if row.install_script_id.is_some() && teaching == Teaching::Never {
            self.hooks.push(row.install_script_id);
        }
        let lists = [row.dependencies, row.optional_dependencies];
        let appears = lists.iter().any(|list| list.is_some() && !self.listed[list.index()]);
        self.world.absorb(row, words, teaching, appears);
        for list in lists {
            self.listed[list.index()] = true;
        }
    }
}
