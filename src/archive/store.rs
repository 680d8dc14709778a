//! The archive on disk: Parquet segments that are only ever added.
//!
//! `DIR/events/000001.parquet`, `000002.parquet`, ... hold observations in the order in which they
//! were made; `DIR/raw/` the documents that they were read from ([`super::packs`]); `DIR/state.sqlite` what
//! is watched and held ([`super::state`]); `DIR/email.key` is the key of the e-mail hash. A segment appears under its name only
//! when it is complete, and no file is ever changed. Where a version was observed more than once,
//! [`merge`] decides what holds: what was seen at publish time is never replaced.

use std::fs;
use std::path::{Path, PathBuf};

use super::columns::Row;
use super::commit;
use super::files::{self, Sharing};
use super::history::History;
use super::merge::{Index, Observed, Refusal, transfer};
use super::normalise::EmailKey;
use super::outline::Outlined;
use super::scores::Scores;
use super::sheet::Sheet;
use super::table;
use super::vocabulary::Vocabulary;
use crate::error::{Error, Result};

/// The history that comes with the program, as one segment.
static BOX: &[u8] = include_bytes!("../../data/history.parquet");
/// What the box is called where a file name is shown.
pub const BOX_NAME: &str = "data/history.parquet";

/// What its publishes scored under the model that comes with the program.
static BOX_SCORES: &[u8] = include_bytes!("../../models/scores.parquet");
const BOX_SCORES_NAME: &str = "models/scores.parquet";

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

impl Archive {
    /// The folder, for what cannot be done to the box.
    ///
    /// # Errors
    /// When the archive is the box.
    pub fn dir(&self) -> Result<&Path> {
        match self {
            Self::Dir(dir) => Ok(dir),
            Self::Box => Err(read_only()),
        }
    }

    /// Reads everything into memory, one row a version.
    ///
    /// # Errors
    /// When there is no archive in the directory, or a segment cannot be read.
    pub fn load(&self) -> Result<History> {
        let (rows, words) = self.rows()?;
        Ok(History::new(rows, words))
    }

    /// The box in outline, with the scores of its publishes under a model; `None` for a directory, and for a model whose
    /// scores did not come with the program.
    ///
    /// # Errors
    /// When one of the two is damaged.
    pub fn outlined(&self, model: &str) -> Result<Option<(Outlined<'static>, Scores)>> {
        let Self::Box = self else { return Ok(None) };
        let Some(scores) = Scores::read(BOX_SCORES, Path::new(BOX_SCORES_NAME), model, BOX)? else { return Ok(None) };
        let outlined = Outlined::read(Sheet::open(BOX, Path::new(BOX_NAME))?)?;
        Ok((outlined.outlines.len() == scores.points.len()).then_some((outlined, scores)))
    }

    /// Opens the archive for adding. What is offered becomes one new segment; nothing that is
    /// stored is touched.
    ///
    /// # Errors
    /// When the archive is the box, or cannot be read.
    pub fn open_intake(&self) -> Result<Intaker> {
        let dir = self.dir()?;
        let (held, words) = if dir.join("events").exists() { self.rows()? } else { Default::default() };
        Ok(Intaker { dir: dir.to_path_buf(), index: Index::new(held), words, fresh: Vec::new() })
    }

    /// The key under which this archive hashes e-mail addresses, made at first use.
    ///
    /// # Errors
    /// When the archive is the box, or the key cannot be read or written.
    pub fn email_key(&self) -> Result<EmailKey> {
        let dir = self.dir()?;
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

/// Segments of an archive, oldest first.
pub(super) fn segments(dir: &Path) -> Result<Vec<PathBuf>> {
    let events = dir.join("events");
    let listing = fs::read_dir(&events).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::no_input("there is no archive here")
            .file(dir)
            .remedy("put publish events into it: gaitkeeper pull --archive DIR PACKAGE, or gaitkeeper import --archive DIR FILE"),
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
    let _turn = commit::turn(dir)?;
    let name = commit::segment_path(dir, commit::next_number(dir)?);
    files::add(&dir.join("events"), std::iter::once(name), bytes, Sharing::AsUsual).map(|_| ())
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
