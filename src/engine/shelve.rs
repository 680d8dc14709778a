//! Puts a table that may be larger than memory on a [`shelf`](crate::archive::shelf), with its scores. The table is read once,
//! in the order of time; its publishes are parted on disk by package, and one part after the other is put in.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::vec::IntoIter;

use rustc_hash::FxHashSet;

use super::moments::Moments;
use super::policy::Policy;
use super::sweep::passes::on_threads;
use super::sweep::spill::{Appender, Spill, part_of};
use crate::archive::coded;
use crate::archive::columns::Row;
use crate::archive::judgements::{Judged, Judgement};
use crate::archive::scan::{Reading, Scan};
use crate::archive::shelf::{About, Adding, Score, pack};
use crate::archive::snapshot::{hash, mark};
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::World;
use crate::detect::calibration::RollingRanks;
use crate::error::{Error, Result};

/// Parts on disk, in the order of the packages' hashes: of fifty million publishes each holds some hundred megabytes.
const PARTS: usize = 128;
/// Scores of a run.
const RUN: usize = 1 << 14;

/// Puts a table, open as a whole, and its scores on the shelf in a folder. What is there already came before it. `step` is told
/// how many publishes were read, or put in.
///
/// # Errors
/// When the table is damaged, not in the order of time, or not that of the scores; when another model judged what is there;
/// and when the disk is full. What was there is intact then.
pub fn shelve(
    (scan, judged): (&Scan, &Judged),
    folder: &Path,
    work: &Path,
    threads: usize,
    step: &(dyn Fn(usize) + Sync),
) -> Result<About> {
    let adding = Adding::begin(folder)?;
    let before = adding.before.clone();
    if let Some(before) = before.as_ref().filter(|before| before.model != judged.model) {
        let what = format!("what is there was judged by model {}, and this by {}", before.model, judged.model);
        return Err(Error::tool(what).file(folder).remedy("put the whole history into another folder"));
    }
    let there = before.as_ref().map_or(0, |before| before.publishes);
    if judged.before != there {
        let what = format!("it was judged after {} publishes, and the shelf has {there}", judged.before);
        return Err(Error::tool(what).file(scan.path()).remedy(
            "what is said of a release needs everything before it: sweep all tables with one --habits, and put them in in that order",
        ));
    }
    let ranks = RollingRanks::from_bytes(&adding.ranks).filter(|_| judged.after == mark(&adding.ranks));
    let Some(ranks) = ranks else {
        let what = "it was judged after other publishes than those of the shelf";
        return Err(Error::tool(what).file(scan.path()).remedy(
            "put in the tables of one registry, swept with one --habits, in that order; another registry needs a folder of its own",
        ));
    };
    let spill = Spill::create_compressed(work, "shelf", PARTS)?;
    let mut putting = Putting {
        parts: spill.append(),
        scores: Lockstep::of(scan, judged, ranks)?,
        adding,
        rows: Vec::new(),
        known: Known::default(),
        count: 0,
    };
    let mut moments = Moments::after(
        before.as_ref().map_or(i64::MIN, |before| before.until),
        scan.path(),
        "put in what was published since",
    );
    let mut reading = Reading::default();
    scan.each_piece(|piece| {
        // Strings of one row alone (a commit) must not fill memory: those of a piece are forgotten with it.
        let mut next = Reading::default();
        let waiting = coded::encode(std::mem::take(&mut moments.waiting), &reading.words);
        moments.waiting = coded::decode(&waiting, &mut next.words).unwrap_or_default();
        reading = next;
        putting.known.forget();
        reading.rows(piece, scan.path(), |block, words| {
            moments.cut(block, words, |moment| moment.iter().try_for_each(|row| putting.publish(row, words)))
        })?;
        putting.piece(&reading.words)?;
        step(putting.count);
        Ok(())
    })?;
    let words = &reading.words;
    let until = moments.end(words, |moment| moment.iter().try_for_each(|row| putting.publish(row, words)))?;
    putting.piece(words)?;
    let Putting { parts, known, scores, count, adding, .. } = putting;
    parts.finish()?;
    let ranks = scores.finish(&adding)?;
    let mut portfolios: Vec<(i64, i64)> = known.portfolios.into_iter().collect();
    portfolios.sort_unstable();
    portfolios.iter().try_for_each(|(account, package)| adding.portfolio(*account, *package))?;
    let adding = put_in(&spill, adding, threads, &|part| step(count + part * count / PARTS))?;
    let about = About {
        model: judged.model.clone(),
        publishes: count as u64 + before.map_or(0, |before| before.publishes),
        until,
    };
    adding.finish(&about, &ranks.to_bytes())?;
    Ok(about)
}

/// A table on its way.
struct Putting<'a> {
    parts: Appender<'a>,
    scores: Lockstep<'a>,
    adding: Adding,
    /// Publishes of this piece, by the hash of their package.
    rows: Vec<(i64, Row)>,
    known: Known,
    count: usize,
}

/// What need not be said again.
#[derive(Default)]
struct Known {
    accounts: FxHashSet<i64>,
    names: FxHashSet<i64>,
    portfolios: FxHashSet<(i64, i64)>,
    /// By symbol, in this piece: hash, and lists whose names are known.
    hashes: Vec<Option<i64>>,
    lists: FxHashSet<(Sym, Sym)>,
}

impl Known {
    /// Another piece begins, with other symbols.
    fn forget(&mut self) {
        self.hashes.clear();
        self.lists.clear();
    }

    fn hash(&mut self, name: Sym, words: &Vocabulary) -> i64 {
        if self.hashes.len() <= name.index() {
            self.hashes.resize(words.len(), None);
        }
        *self.hashes[name.index()].get_or_insert_with(|| hash(words.text(name)))
    }
}

impl Putting<'_> {
    fn publish(&mut self, row: &Row, words: &Vocabulary) -> Result<()> {
        self.count += 1;
        self.scores.publish(row.at, &self.adding)?;
        let package = self.known.hash(row.package, words);
        let mut first_of = None;
        if row.actor.is_some() {
            let account = self.known.hash(row.parsed.actor, words);
            self.known.portfolios.insert((account, package));
            first_of = Some(account).filter(|account| self.known.accounts.insert(*account));
        }
        let lists = self.known.lists.insert((row.dependencies, row.optional_dependencies));
        let teaching = Policy::default().teaching(row, 1.0);
        let mut fresh = Vec::new();
        World::names_of(row, words, teaching, lists, |name| {
            let name = self.known.hash(name, words);
            if self.known.names.insert(name) {
                fresh.push(name);
            }
        });
        if first_of.is_some() || !fresh.is_empty() {
            self.adding.first(first_of, &fresh, &pack(vec![row.clone()], words)?)?;
        }
        self.rows.push((package, row.clone()));
        Ok(())
    }

    /// Parts the publishes of a piece, those of a package together.
    fn piece(&mut self, words: &Vocabulary) -> Result<()> {
        self.rows.sort_by_key(|(package, _)| *package);
        for of_one in self.rows.chunk_by(|a, b| a.0 == b.0) {
            let package = of_one[0].0;
            let run = coded::encode(of_one.iter().map(|(_, row)| row.clone()).collect::<Vec<Row>>(), words);
            self.parts.add(part_of(package, PARTS), |bytes| {
                bytes.extend(package.to_le_bytes());
                bytes.extend(u32::try_from(run.len()).unwrap_or(u32::MAX).to_le_bytes());
                bytes.extend(run);
            })?;
        }
        self.rows.clear();
        Ok(())
    }
}

/// Puts in what was parted, a run for each package.
fn put_in(spill: &Spill, adding: Adding, threads: usize, step: &(dyn Fn(usize) + Sync)) -> Result<Adding> {
    let adding = Mutex::new(adding);
    let work = |(): &mut (), part: usize| {
        let bytes = spill.take(part)?;
        let mut runs: Vec<(i64, &[u8])> = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((head, after)) = rest.split_first_chunk::<12>() {
            let [package @ .., _, _, _, _] = *head;
            let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
            let (run, after) = after.split_at(length);
            runs.push((i64::from_le_bytes(package), run));
            rest = after;
        }
        runs.sort_by_key(|(package, _)| *package);
        for of_one in runs.chunk_by(|a, b| a.0 == b.0) {
            let (mut words, mut rows) = (Vocabulary::default(), Vec::new());
            for (_, run) in of_one {
                rows.extend(coded::decode::<Vec<Row>>(run, &mut words).unwrap_or_default());
            }
            let Some(since) = rows.first().map(|row| row.at) else { continue };
            let run = pack(rows, &words)?;
            adding.lock().unwrap_or_else(PoisonError::into_inner).package(of_one[0].0, since, &run)?;
        }
        step(part);
        Ok(())
    };
    on_threads(threads, PARTS, || Ok(()), work, |()| Ok(()))?;
    Ok(adding.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The scores of a table, beside its publishes.
struct Lockstep<'a> {
    scan: &'a Scan,
    pieces: Box<dyn Iterator<Item = Result<Vec<Judgement>>> + 'a>,
    held: IntoIter<Judgement>,
    /// The scores so far that later ones are ranked among.
    ranks: RollingRanks,
    run: Vec<Score>,
    runs: i64,
    row: usize,
}

impl<'a> Lockstep<'a> {
    fn of(scan: &'a Scan, judged: &'a Judged, ranks: RollingRanks) -> Result<Self> {
        let of_both = Self {
            scan,
            pieces: Box::new(judged.pieces()),
            held: Vec::new().into_iter(),
            ranks,
            run: Vec::new(),
            runs: 0,
            row: 0,
        };
        if judged.rows() == scan.rows() {
            return Ok(of_both);
        }
        Err(of_both.another(&format!("it has {} rows, and they are {}", scan.rows(), judged.rows())))
    }

    /// The next publish was at `at`.
    fn publish(&mut self, at: i64, adding: &Adding) -> Result<()> {
        self.row += 1;
        let judgement = loop {
            match self.held.next() {
                Some(judgement) => break Some(judgement),
                None => match self.pieces.next() {
                    Some(piece) => self.held = piece?.into_iter(),
                    None => break None,
                },
            }
        };
        match judgement {
            Some((then, points, teaches)) if then == at => {
                if teaches {
                    self.ranks.note(at, points);
                    self.run.push((at, points));
                }
                if self.run.len() == RUN { self.put_in(adding) } else { Ok(()) }
            }
            _ => Err(self.another(&format!("they differ at publish {}", self.row))),
        }
    }

    fn another(&self, how: &str) -> Error {
        Error::tool(format!("the scores are of another table: {how}"))
            .file(self.scan.path())
            .remedy("give what `gaitkeeper sweep --events TABLE --out SCORES` wrote of this table")
    }

    fn put_in(&mut self, adding: &Adding) -> Result<()> {
        self.runs += 1;
        adding.scores(self.runs, &self.run)?;
        self.run.clear();
        Ok(())
    }

    fn finish(mut self, adding: &Adding) -> Result<RollingRanks> {
        self.put_in(adding)?;
        Ok(self.ranks)
    }
}
