//! The archive on disk: Parquet segments that are only ever added.
//!
//! `DIR/events/000001.parquet`, `000002.parquet`, ... hold observations in the order in which they
//! were made; `DIR/email.key` is the key of the e-mail hash. A segment appears under its name only
//! when it is complete, and no file is ever changed. Where a version was observed more than once,
//! [`merge`] decides what holds: what was seen at publish time is never replaced.

use std::fs;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::columns::{COLUMNS, Field, Origin, Row};
use super::files::{self, Sharing};
use super::history::History;
use super::normalise::EmailKey;
use super::table;
use super::vocabulary::{Sym, Vocabulary};
use crate::error::{Error, Result};

/// The history that comes with the program, as one segment.
static BOX: &[u8] = include_bytes!("../../data/history.parquet");
/// What the box is called where a file name is shown.
pub const BOX_NAME: &str = "data/history.parquet";

/// Where publish events are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Archive {
    /// The data in the box, read-only.
    Box,
    /// A directory.
    Dir(PathBuf),
}

/// What became of rows that were offered to an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intake {
    /// Versions that the archive did not have.
    pub new: usize,
    /// Versions that it had with the same facts.
    pub known: usize,
    /// Versions that it had, of which the offer says something later (removed, deprecated, certificate).
    pub added: usize,
    /// Versions that it had with other facts at publish time: kept as they were, each with the column that differs.
    pub refused: Vec<Refusal>,
}

/// A row that contradicts what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Package and version.
    pub release: String,
    /// The column that differs.
    pub column: &'static str,
    /// What the archive holds.
    pub held: String,
    /// What was offered.
    pub offered: String,
}

type Key = (Sym, Sym, Sym);

impl Archive {
    /// Reads everything into memory, one row a version.
    ///
    /// # Errors
    /// When there is no archive in the directory, or a segment cannot be read.
    pub fn load(&self) -> Result<History> {
        let (rows, words) = self.rows()?;
        Ok(History::new(rows, words))
    }

    /// Opens the archive for adding. What is offered becomes one new segment; nothing that is
    /// stored is touched.
    ///
    /// # Errors
    /// When the archive is the box, or cannot be read.
    pub fn open_intake(&self) -> Result<Intaker> {
        let Self::Dir(dir) = self else { return Err(read_only()) };
        let (held, words) = if dir.join("events").exists() { self.rows()? } else { Default::default() };
        Ok(Intaker { dir: dir.clone(), index: Index::new(held), words, fresh: Vec::new() })
    }

    /// The key under which this archive hashes e-mail addresses, made at first use.
    ///
    /// # Errors
    /// When the archive is the box, or the key cannot be read or written.
    pub fn email_key(&self) -> Result<EmailKey> {
        let Self::Dir(dir) = self else { return Err(read_only()) };
        let path = dir.join("email.key");
        if !path.exists() {
            let mut key = [0u8; 32];
            getrandom::fill(&mut key).map_err(|e| Error::tool(format!("the system gives no random bytes: {e}")))?;
            // Another process may have made its key in the meantime: the first one stands.
            files::add(dir, std::iter::once(path.clone()), &key, Sharing::OwnerOnly)?;
        }
        let bytes = fs::read(&path).map_err(|e| files::unreadable(&path, &e))?;
        <[u8; 32]>::try_from(bytes.as_slice()).map(EmailKey).map_err(|_| {
            Error::tool(format!("holds {} bytes, a key has 32", bytes.len()))
                .file(&path)
                .remedy("restore the file from a backup; a new key would make every known e-mail look changed")
        })
    }

    fn rows(&self) -> Result<(Vec<Row>, Vocabulary)> {
        let mut words = Vocabulary::default();
        let dir = match self {
            Self::Box => {
                let table = table::read_parquet(BOX, Path::new(BOX_NAME), &mut words)?;
                return Ok((table.rows, words));
            }
            Self::Dir(dir) => dir,
        };
        let mut index = Index::default();
        for segment in segments(dir)? {
            for row in table::read(&segment, &mut words)?.rows {
                index.observe(row, &words);
            }
        }
        Ok((index.rows, words))
    }
}

fn segments(dir: &Path) -> Result<Vec<PathBuf>> {
    let events = dir.join("events");
    let listing = fs::read_dir(&events).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::no_input("there is no archive here")
            .file(dir)
            .remedy("put publish events into it: gaitkeeper import --archive DIR FILE..."),
        _ => files::unreadable(&events, &e),
    })?;
    let mut segments = Vec::new();
    for entry in listing {
        let path = entry.map_err(|e| files::unreadable(&events, &e))?.path();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            segments.push(path);
        }
    }
    segments.sort();
    Ok(segments)
}

fn write_segment(dir: &Path, bytes: &[u8]) -> Result<()> {
    let events = dir.join("events");
    let number = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<u32>().ok();
    let taken = if events.exists() { segments(dir)?.iter().filter_map(number).max() } else { None };
    let names = (taken.unwrap_or(0) + 1..).map(|n| events.join(format!("{n:06}.parquet")));
    files::add(&events, names, bytes, Sharing::AsUsual).map(|_| ())
}

fn read_only() -> Error {
    Error::usage("the data in the box is read-only")
        .remedy("name an archive of your own: --archive DIR, or set GAITKEEPER_ARCHIVE")
}

/// An archive that is being added to.
pub struct Intaker {
    dir: PathBuf,
    index: Index,
    words: Vocabulary,
    fresh: Vec<Row>,
}

impl Intaker {
    /// Offers rows; those that say nothing new are left out.
    pub fn offer(&mut self, rows: Vec<Row>, words: &Vocabulary) -> Intake {
        let mut intake = Intake::default();
        for row in rows {
            let row = transfer(row, words, &mut self.words);
            match self.index.observe(row.clone(), &self.words) {
                Observed::New => {
                    intake.new += 1;
                    self.fresh.push(row);
                }
                Observed::Known => intake.known += 1,
                Observed::Added => {
                    intake.added += 1;
                    self.fresh.push(row);
                }
                Observed::Contradicts(refusal) => intake.refused.push(refusal),
            }
        }
        intake
    }

    /// Writes what was new as one segment; nothing where nothing was.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub fn commit(mut self) -> Result<()> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let bytes = table::to_parquet(&mut self.fresh, &self.words)?;
        write_segment(&self.dir, &bytes)
    }
}

/// One row a version, as observations come in.
#[derive(Default)]
struct Index {
    rows: Vec<Row>,
    at: FxHashMap<Key, usize>,
}

enum Observed {
    New,
    Known,
    Added,
    Contradicts(Refusal),
}

impl Index {
    fn new(rows: Vec<Row>) -> Self {
        let at = rows.iter().enumerate().map(|(i, r)| ((r.registry, r.package, r.version), i)).collect();
        Self { rows, at }
    }

    fn observe(&mut self, row: Row, words: &Vocabulary) -> Observed {
        let key = (row.registry, row.package, row.version);
        let Some(&i) = self.at.get(&key) else {
            self.at.insert(key, self.rows.len());
            self.rows.push(row);
            return Observed::New;
        };
        merge(&mut self.rows[i], row, words)
    }
}

/// Adds a later observation to what is held. Facts of the publish stay as they were first seen,
/// even where that was "not recorded", because registries back-fill; only where the first
/// observation came after the version object was gone does a fuller one supply them.
fn merge(held: &mut Row, mut offered: Row, words: &Vocabulary) -> Observed {
    let (held_bare, offered_bare) = (is_bare(held), is_bare(&mut offered));
    let mut changed = false;
    for column in COLUMNS.iter().filter(|c| c.origin == Origin::AtPublish) {
        let may_supply = held_bare || column.name == "published_at";
        if let Some(refusal) =
            settle(column.field, held, &mut offered, may_supply && !offered_bare, words, &mut changed)
        {
            return Observed::Contradicts(Refusal {
                release: format!("{}@{}", words.text(held.package), words.text(held.version)),
                column: column.name,
                held: refusal.0,
                offered: refusal.1,
            });
        }
    }
    if offered.removed == Some(true) && held.removed != Some(true) {
        held.removed = Some(true);
        changed = true;
    }
    if !offered_bare {
        changed |= later(&mut held.signed, offered.signed) | later(&mut held.deprecated, offered.deprecated);
    }
    if verifies(held, &offered, words) {
        replace_certificate(held, &mut offered);
        changed = true;
    }
    for column in COLUMNS.iter().filter(|c| c.origin == Origin::Later && !matches!(c.field, Field::Flag(..))) {
        if column.name != "observed_at" {
            changed |= fill(column.field, held, &mut offered);
        }
    }
    if changed { Observed::Added } else { Observed::Known }
}

/// A verified certificate replaces claims that nobody had verified, and nothing else does.
fn verifies(held: &Row, offered: &Row, words: &Vocabulary) -> bool {
    words.text(offered.cert_state) == "verified" && !matches!(words.text(held.cert_state), "verified" | "")
}

fn replace_certificate(held: &mut Row, offered: &mut Row) {
    for column in COLUMNS.iter().filter(|c| c.name.starts_with("cert_")) {
        match column.field {
            Field::Text(_, cell) | Field::List(_, cell) => *cell(held) = *cell(offered),
            Field::Int(_, cell) | Field::Time(_, cell) => *cell(held) = *cell(offered),
            Field::Flag(..) => {}
        }
    }
}

fn later(held: &mut Option<bool>, offered: Option<bool>) -> bool {
    let changes = offered.is_some() && *held != offered;
    if changes {
        *held = offered;
    }
    changes
}

fn fill(field: Field, held: &mut Row, offered: &mut Row) -> bool {
    match field {
        Field::Text(_, cell) | Field::List(_, cell) => {
            let takes = cell(held).is_none() && cell(offered).is_some();
            if takes {
                *cell(held) = *cell(offered);
            }
            takes
        }
        Field::Int(_, cell) | Field::Time(_, cell) => {
            let takes = !cell(held).is_some() && cell(offered).is_some();
            if takes {
                *cell(held) = *cell(offered);
            }
            takes
        }
        Field::Flag(..) => false,
    }
}

/// Compares one fact of the publish; the pair is what is held and what was offered, where they differ.
fn settle(
    field: Field,
    held: &mut Row,
    offered: &mut Row,
    may_supply: bool,
    words: &Vocabulary,
    changed: &mut bool,
) -> Option<(String, String)> {
    let (have, other) = match field {
        Field::Text(_, cell) | Field::List(_, cell) => {
            let (have, other) = (*cell(held), *cell(offered));
            let differ = have.is_some() && other.is_some() && have != other;
            if differ && scheme(words.text(have)) == scheme(words.text(other)) {
                return Some((words.text(have).to_owned(), words.text(other).to_owned()));
            }
            (have.is_some(), other.is_some())
        }
        Field::Int(_, cell) | Field::Time(_, cell) => {
            let (have, other) = (*cell(held), *cell(offered));
            if let (Some(have), Some(other)) = (have.get(), other.get())
                && have != other
            {
                return Some((have.to_string(), other.to_string()));
            }
            (have.is_some(), other.is_some())
        }
        Field::Flag(..) => return None,
    };
    if may_supply && !have && other {
        *changed |= fill(field, held, offered);
    }
    None
}

/// The prefix of an id that names its scheme (`b3:`); ids of two schemes cannot contradict each other.
fn scheme(text: &str) -> Option<&str> {
    text.split_once(':').map(|(scheme, _)| scheme).filter(|s| *s == "b3")
}

/// The observation came after the version object was gone: nothing but its time is known.
fn is_bare(row: &mut Row) -> bool {
    row.removed == Some(true)
        && COLUMNS.iter().filter(|c| c.origin == Origin::AtPublish && c.name != "published_at").all(|c| match c.field {
            Field::Text(_, cell) | Field::List(_, cell) => cell(row).is_none(),
            Field::Int(_, cell) | Field::Time(_, cell) => !cell(row).is_some(),
            Field::Flag(_, cell) => cell(row).is_none(),
        })
}

/// A row under another vocabulary.
fn transfer(mut row: Row, from: &Vocabulary, to: &mut Vocabulary) -> Row {
    for column in COLUMNS {
        match column.field {
            Field::Text(_, cell) if cell(&mut row).is_some() => *cell(&mut row) = to.intern(from.text(*cell(&mut row))),
            Field::List(_, cell) if cell(&mut row).is_some() => {
                *cell(&mut row) = to.intern_list(from.text(*cell(&mut row)));
            }
            _ => {}
        }
    }
    row
}
