//! A whole registry in bounded memory: every publish of a table that may be larger than memory is judged, with the scores
//! and p-values of [`embedded`](super::embedded::fold_under), to the bit.
//!
//! [`split`] reads the table once and parts it on disk; [`passes`] go over the accounts and over the packages, part by
//! part, on every core; then the scores are ranked in the order of time. [`record`] is a publish between the steps, and
//! [`spill`] the files; [`recall`] takes up what an earlier sweep left, so that a night costs what the night brought. Of the whole only the strings, the first sight of each name and one score a publish stay in memory.

pub mod passes;
pub mod recall;
pub mod record;
pub mod spill;
pub mod split;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use super::policy::Policy;
use crate::archive::files::{self, unreadable};
use crate::archive::scan::Scan;
use crate::archive::snapshot::{self, About, Entities};
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::keep;
use crate::detect::calibration::{Ranking, RollingRanks};
use crate::detect::model::Model;
use crate::error::{Error, Result};
use passes::Desk;
use recall::{Left, Memory, Recall};
use spill::Spill;
use split::{Key, Split, split};

/// Publishes of a part, about: with their records it takes some hundred megabytes.
const PART: usize = 800_000;
/// Parts at most: each has three files open, and a process may have a thousand.
const PARTS: usize = 300;

/// How a table is swept.
pub struct Plan<'a> {
    /// What teaches.
    pub policy: &'a Policy,
    /// Threads.
    pub threads: usize,
    /// Parts on disk.
    pub parts: usize,
    /// Folder for the parts, the system's where none is given; what is put there is gone in the end.
    pub folder: Option<&'a Path>,
    /// What is taken up of an earlier sweep, and left for a later one.
    pub memory: Memory<'a>,
}

impl<'a> Plan<'a> {
    /// A plan for a table of so many publishes.
    ///
    /// # Errors
    /// When alerts are to be held back: then every p-value decides what the next publish is held against, and nothing can
    /// be judged apart.
    pub fn new(rows: usize, policy: &'a Policy, folder: Option<&'a Path>, threads: usize) -> Result<Self> {
        if policy.hold_alerts {
            return Err(Error::usage("a sweep cannot hold alerts back from teaching")
                .remedy("leave --hold-alerts out, or use `gaitkeeper score`"));
        }
        Ok(Self {
            policy,
            threads,
            parts: rows.div_ceil(PART).max(2 * threads).min(PARTS),
            folder,
            memory: Memory::None,
        })
    }
}

/// One judged publish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swept {
    /// Its place in the order of the history.
    pub index: usize,
    /// When, and which release.
    pub key: Key,
    /// Score, hundredths.
    pub points: i32,
    /// Share of past publishes that scored at least as high.
    pub p_value: f64,
}

/// What a sweep does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many publishes were read.
    Read(usize),
    /// So many publishes were held against their account.
    Accounts(usize),
    /// So many publishes were scored.
    Packages(usize),
    /// So many publishes were ranked.
    Ranked(usize),
}

/// What a sweep learnt. It is kept when the caller says so: once the judgements are where they belong.
#[must_use = "what was learnt is lost unless it is kept"]
pub struct Learnt<'a> {
    memory: Memory<'a>,
    before: Option<About>,
    about: About,
    ranks: RollingRanks,
    split: Split,
    left: [Option<Left>; 2],
    /// What is left lies here until then.
    _folder: TempDir,
}

impl Learnt<'_> {
    /// Writes it into the folder of the plan's memory, if there is one.
    ///
    /// # Errors
    /// When the folder cannot be written, or another sweep went on from the same snapshot meanwhile.
    pub fn keep(self) -> Result<()> {
        let (Some(folder), [Some(accounts), Some(packages)]) = (self.memory.folder(), self.left) else { return Ok(()) };
        let words = &self.split.words;
        let hashed = |(name, first): &(Sym, i64)| (snapshot::hash(words.text(*name)), *first);
        let mut names: Vec<(i64, i64)> = self.split.fresh.iter().map(hashed).collect();
        names.sort_unstable();
        snapshot::write(folder, self.before.as_ref(), &self.about, &self.ranks.to_bytes(), |adding| {
            names.iter().try_for_each(|(hash, first)| adding.name(*hash, *first))?;
            accounts.each(|kept| adding.entity(Entities::Accounts, kept))?;
            packages.each(|kept| adding.entity(Entities::Packages, kept))
        })
    }
}

/// Sweeps a table, and hands out every publish with its judgement, in the order of the history.
///
/// # Errors
/// When the table is damaged or not in the order of time, or the disk is full.
pub fn sweep<'a>(
    scan: &Scan,
    model: &Model,
    plan: &Plan<'a>,
    step: &(dyn Fn(Step) + Sync),
    mut take: impl FnMut(&Swept, &Vocabulary) -> Result<()>,
) -> Result<Learnt<'a>> {
    let folder = files::work_folder(plan.folder)?;
    let before = plan.memory.snapshot()?;
    let mut ranks = RollingRanks::default();
    if let Some(before) = &before {
        before.must_be(keep::VERSION, &model.id)?;
        ranks = RollingRanks::from_bytes(&before.ranks).ok_or_else(|| before.not_habits("the ranks"))?;
    }
    let split = split(scan, folder.path(), plan, before.as_ref(), &mut |rows| step(Step::Read(rows)))?;
    let left = |of| plan.memory.folder().map(|_| Left::create(folder.path(), of)).transpose();
    let left = [left(Entities::Accounts)?, left(Entities::Packages)?];
    let points = score(&split, folder.path(), model, plan, &left, step)?;
    let mut ranking = Ranking::after(ranks);
    let path = split.keys.path(0);
    let mut keys = BufReader::with_capacity(1 << 20, File::open(path).map_err(|e| unreadable(path, &e))?);
    for (index, &points) in points.iter().enumerate() {
        let mut bytes = [0; Key::SIZE];
        keys.read_exact(&mut bytes).map_err(|e| unreadable(path, &e))?;
        let key = Key::read(&bytes);
        let p_value = ranking.p_value(key.at, points, &model.reference);
        take(&Swept { index, key, points, p_value }, &split.words)?;
        if key.teaches {
            ranking.teach(points);
        }
        if index % (1 << 16) == 0 {
            step(Step::Ranked(index));
        }
    }
    let before = before.map(|before| before.about);
    let about = About {
        habits: keep::VERSION,
        model: model.id.clone(),
        publishes: split.rows as u64 + before.as_ref().map_or(0, |before| before.publishes),
        until: split.until,
    };
    Ok(Learnt { memory: plan.memory, before, about, ranks: ranking.end(), split, left, _folder: folder })
}

/// The points of every publish, in the order of the history.
fn score(
    split: &Split,
    folder: &Path,
    model: &Model,
    plan: &Plan,
    left: &[Option<Left>; 2],
    step: &(dyn Fn(Step) + Sync),
) -> Result<Vec<i32>> {
    let sides = Spill::create(folder, "sides", plan.parts)?;
    let done = Mutex::new(0);
    let one_more = |step_of: fn(usize) -> Step, rows: usize| {
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        *done += rows;
        step(step_of(*done));
    };
    passes::on_threads(
        plan.threads,
        plan.parts,
        || {
            let recall = Recall::begin(Entities::Accounts, plan.memory, &split.words, left[0].as_ref())?;
            Ok((sides.append(), recall, Desk::default()))
        },
        |(sides, recall, desk), part| {
            passes::accounts(&split.actors, part, desk, recall, model, sides)?;
            one_more(Step::Accounts, split.rows / plan.parts);
            Ok(())
        },
        |(sides, recall, _)| sides.finish().and_then(|()| recall.finish()),
    )?;
    *done.lock().unwrap_or_else(PoisonError::into_inner) = 0;
    let points = Mutex::new(vec![0; split.rows]);
    passes::on_threads(
        plan.threads,
        plan.parts,
        || {
            let recall = Recall::begin(Entities::Packages, plan.memory, &split.words, left[1].as_ref())?;
            Ok((Vec::new(), recall, Desk::default()))
        },
        |(scored, recall, desk): &mut (Vec<(u32, i32)>, Recall, Desk), part| {
            scored.clear();
            passes::packages(split, part, &sides, desk, recall, model, |of_row| scored.push(of_row))?;
            let mut points = points.lock().unwrap_or_else(PoisonError::into_inner);
            for (row, of_row) in &*scored {
                points[*row as usize] = *of_row;
            }
            one_more(Step::Packages, scored.len());
            Ok(())
        },
        |(_, recall, _)| recall.finish(),
    )?;
    Ok(points.into_inner().unwrap_or_else(PoisonError::into_inner))
}
