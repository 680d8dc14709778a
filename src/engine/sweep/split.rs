//! The first step of a sweep: the table is read once, in the order of time. What depends on all that came before, whoever
//! published it, is worked out here (when a name was first seen, whether a package was stale); the rest of each publish
//! goes to the part of its account and to the part of its package.

use std::path::Path;

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
    /// Publishes of each part of packages.
    pub counts: Vec<u32>,
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
    reading.words.reserve(scan.rows() / NEW);
    let mut splitter = Splitter {
        plan,
        actors: actors.append(),
        packages: packages.append(),
        keys: keys.append(),
        counts: vec![0; plan.parts],
        last: Vec::new(),
        lists: Vec::new(),
        world: World::default(),
        hooks: Vec::new(),
        before,
        rows: 0,
    };
    let until = before.map_or(i64::MIN, |before| before.about.until);
    let mut moments = Moments::after(until, scan.path(), REMEDY);
    scan.each_piece(|piece| {
        reading.rows(piece, scan.path(), |block, words| {
            moments.cut(block, words, |moment| splitter.moment(moment, words))
        })?;
        step(splitter.rows);
        Ok(())
    })?;
    let until = moments.end(&reading.words, |moment| splitter.moment(moment, &reading.words))?;
    let Splitter { actors: to_actors, packages: to_packages, keys: to_keys, counts, mut world, hooks, rows, .. } =
        splitter;
    to_actors.finish()?;
    to_packages.finish()?;
    to_keys.finish()?;
    let words = reading.words;
    let fresh = remember(&mut world, hooks, &words, before)?;
    Ok(Split { actors, packages, keys, counts, words, world, fresh, rows, until })
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

struct Splitter<'a> {
    plan: &'a Plan<'a>,
    actors: Appender<'a>,
    packages: Appender<'a>,
    keys: Appender<'a>,
    counts: Vec<u32>,
    /// Last publish of each package, or one of the two times below, and its lists of dependencies then.
    last: Vec<i64>,
    lists: Vec<(Sym, Sym)>,
    world: World,
    /// Install hooks of publishes that do not teach.
    hooks: Vec<Sym>,
    before: Option<&'a Snapshot>,
    rows: usize,
}

/// Publishes that bring one new string, about.
const NEW: usize = 4;
/// Nobody asked yet when a package was last published.
const UNASKED: i64 = i64::MIN;
/// It never was.
const NEVER: i64 = i64::MIN + 1;

impl Splitter<'_> {
    /// Takes the publishes of one moment, which do not see each other.
    fn moment(&mut self, moment: &mut [Row], words: &Vocabulary) -> Result<()> {
        if self.last.len() < words.len() {
            self.last.resize(words.len().next_power_of_two(), UNASKED);
            self.lists.resize(self.last.len(), (Sym::NONE, Sym::NONE));
        }
        for row in &mut *moment {
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

    fn publish(&mut self, row: &mut Row) -> Result<()> {
        let last = self.last[row.package.index()];
        // Nothing is held back here, so no p-value decides what teaches.
        let teaching = Policy::teaching(self.plan.policy, row, 1.0);
        let part = row.package.index() % self.plan.parts;
        let place = u32::try_from(self.rows).map_err(|_| Error::tool("more than four billion publishes"))?;
        let home = (self.counts[part], u16::try_from(part).unwrap_or(u16::MAX));
        let tag = Tag { row: place, home, known: Known { teaching, stale: last != NEVER && row.at - last > STALE } };
        self.counts[part] += 1;
        self.rows += 1;
        let key =
            Key { at: row.at, release: [row.registry, row.package, row.version], teaches: teaching != Teaching::Never };
        self.keys.add(0, |bytes| key.write(bytes))?;
        if row.actor.is_some() {
            let part = row.actor.index() % self.plan.parts;
            self.actors.add(part, |bytes| record::write(bytes, &ACTOR, row.parsed.actor, row, &tag))?;
        }
        self.packages.add(part, |bytes| record::write(bytes, &PACKAGE, row.package, row, &tag))
    }

    /// The traces that a publish leaves in the archive as a whole: as [`crate::baseline::Baselines::absorb`] leaves them. A
    /// list that the package had before was noted then.
    fn remember(&mut self, row: &Row, words: &Vocabulary) {
        let package = row.package.index();
        self.last[package] = row.at;
        let teaching = self.plan.policy.teaching(row, 1.0);
        if row.install_script_id.is_some() && teaching == Teaching::Never {
            self.hooks.push(row.install_script_id);
        }
        let lists = (row.dependencies, row.optional_dependencies);
        self.world.absorb(row, words, teaching, self.lists[package] != lists);
        self.lists[package] = lists;
    }
}
