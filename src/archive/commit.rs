//! One commit: a pack of documents, a segment of events, and what the state remembers, all or nothing.
//!
//! Both files are first written whole under hidden names. Then the pack takes its name, which is the
//! moment of the commit; then the segment, under the same number; then the state. Whoever is killed in
//! between leaves a pack without its segment or without its rows in the state: [`Writing::open`] finishes
//! both, and throws away what never reached its pack.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::columns::Row;
use super::files;
use super::merge::transfer;
use super::packs::{self, Packed};
use super::state::{Memory, Sight, State};
use super::table;
use super::vocabulary::Vocabulary;
use crate::error::{Error, Result};

/// An archive that documents are being added to, by this process alone.
pub struct Writing {
    dir: PathBuf,
    state: State,
    _alone: File,
}

/// What one commit holds.
#[derive(Default)]
pub struct Batch {
    /// Documents, each stored once.
    pub documents: Vec<Packed>,
    /// Events made of them.
    pub rows: Vec<Row>,
    /// Their strings.
    pub words: Vocabulary,
    /// What is to be remembered.
    pub memory: Memory,
}

impl Batch {
    /// Nothing is to be committed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.rows.is_empty() && self.memory == Memory::default()
    }

    /// Bytes of documents.
    #[must_use]
    pub fn size(&self) -> usize {
        self.documents.iter().map(Packed::size).sum()
    }

    /// Takes in rows of another vocabulary.
    pub fn take_rows(&mut self, rows: Vec<Row>, words: &Vocabulary) {
        self.rows.extend(rows.into_iter().map(|row| transfer(row, words, &mut self.words)));
    }
}

impl Writing {
    /// Opens an archive for documents, makes it where there is none, and finishes what a killed run left.
    ///
    /// # Errors
    /// When another process is pulling into it, or it cannot be written.
    pub fn open(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|e| files::unwritable(dir, &e))?;
        let path = dir.join("pull.lock");
        let alone = lock_file(&path)?;
        alone.try_lock().map_err(|e| match e {
            fs::TryLockError::WouldBlock => Error::tool("another gaitkeeper is pulling into this archive")
                .file(dir)
                .remedy("wait until it has ended, or give another --archive"),
            fs::TryLockError::Error(e) => files::unwritable(&path, &e),
        })?;
        let writing = Self { dir: dir.to_path_buf(), state: State::open(dir)?, _alone: alone };
        writing.recover()?;
        Ok(writing)
    }

    /// What the archive remembers.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Commits a batch. Documents that are stored already are not stored again.
    ///
    /// # Errors
    /// When the archive cannot be written; nothing of the batch is visible then, or all of it is.
    pub fn commit(&self, mut batch: Batch) -> Result<()> {
        let mut fresh = Vec::with_capacity(batch.documents.len());
        let mut seen = std::collections::HashSet::new();
        for document in batch.documents {
            if seen.insert(document.label.hash.clone()) && !self.state.has(&document.label.hash)? {
                fresh.push(document);
            }
        }
        if fresh.is_empty() && batch.rows.is_empty() {
            return self.state.commit(None, &batch.memory);
        }
        let _turn = turn(&self.dir)?;
        // Recovery can make again what a pack says, and no pack says what is owed.
        let owed = batch.memory.unpaid();
        if !owed.is_empty() {
            self.state.commit(None, &Memory { owed, ..Memory::default() })?;
        }
        let number = next_number(&self.dir)?;
        let (pack, places) = packs::assemble(number, &fresh)?;
        let labels: Vec<_> = fresh.into_iter().map(|d| d.label).zip(places).collect();
        let staged_segment = (!batch.rows.is_empty())
            .then(|| {
                let segment = table::to_parquet(&mut batch.rows, &batch.words)?;
                stage(&self.dir.join("events"), &format!(".{number:06}.segment"), &segment)
            })
            .transpose()?;
        let staged_pack = stage(&self.dir.join("raw"), &format!(".{number:06}.staged"), &pack);
        let staged_pack = staged_pack.inspect_err(|_| {
            // What is left would be thrown away by the next run; the space may be needed before.
            let _ = staged_segment.as_ref().map(fs::remove_file);
        })?;
        settle(&staged_pack, &packs::path(&self.dir, number))?;
        if let Some(staged) = &staged_segment {
            settle(staged, &segment_path(&self.dir, number))?;
        }
        self.state.commit(Some((number, &labels)), &batch.memory)
    }

    /// Finishes or undoes the commits of a run that was killed.
    fn recover(&self) -> Result<()> {
        let _turn = turn(&self.dir)?;
        for (folder, ending) in [("events", "segment"), ("raw", "staged")] {
            for path in hidden(&self.dir.join(folder))? {
                let number = path.file_stem().and_then(|s| s.to_str()?.trim_start_matches('.').parse::<u32>().ok());
                let is_staged = path.extension().is_some_and(|e| e == ending);
                match number {
                    Some(n) if is_staged && ending == "segment" && packs::path(&self.dir, n).exists() => {
                        settle(&path, &segment_path(&self.dir, n))?;
                    }
                    _ => fs::remove_file(&path).map_err(|e| files::unwritable(&path, &e))?,
                }
            }
        }
        let known = self.state.packs()?;
        for number in pack_numbers(&self.dir)?.into_iter().filter(|n| known.binary_search(n).is_err()) {
            let labels = packs::labels(&packs::path(&self.dir, number), number)?;
            let sights = labels
                .iter()
                .map(|(label, _)| Sight {
                    source: label.source.clone(),
                    path: label.path.clone(),
                    at: label.observed_at,
                    hash: Some(label.hash.clone()),
                    etag: label.etag.clone(),
                    stale: false,
                })
                .collect();
            self.state.commit(Some((number, &labels)), &Memory { sights, ..Memory::default() })?;
        }
        Ok(())
    }
}

/// Waits until no other process numbers a file of this archive.
///
/// # Errors
/// When the archive cannot be written.
pub(super) fn turn(dir: &Path) -> Result<File> {
    fs::create_dir_all(dir).map_err(|e| files::unwritable(dir, &e))?;
    let path = dir.join("write.lock");
    let file = lock_file(&path)?;
    file.lock().map_err(|e| files::unwritable(&path, &e))?;
    Ok(file)
}

/// The number of the next commit: packs and segments share one sequence.
///
/// # Errors
/// When the folders cannot be read.
pub(super) fn next_number(dir: &Path) -> Result<u32> {
    let segments = numbers(&dir.join("events"), "parquet")?;
    Ok(segments.into_iter().chain(pack_numbers(dir)?).max().unwrap_or(0) + 1)
}

/// Name of a segment.
pub(super) fn segment_path(dir: &Path, number: u32) -> PathBuf {
    dir.join("events").join(format!("{number:06}.parquet"))
}

/// Numbers of the packs that are there, ascending.
///
/// # Errors
/// When the folder cannot be read.
pub fn pack_numbers(dir: &Path) -> Result<Vec<u32>> {
    numbers(&dir.join("raw"), "pack")
}

fn numbers(folder: &Path, ending: &str) -> Result<Vec<u32>> {
    let mut found: Vec<u32> = listing(folder)?
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == ending))
        .filter_map(|p| p.file_stem()?.to_str()?.parse().ok())
        .collect();
    found.sort_unstable();
    Ok(found)
}

fn hidden(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_hidden = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    Ok(listing(folder)?.into_iter().filter(is_hidden).collect())
}

fn listing(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |e: std::io::Error| files::unreadable(folder, &e);
    match fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(unreadable(e)),
        Ok(entries) => entries.map(|entry| entry.map(|e| e.path()).map_err(unreadable)).collect(),
    }
}

fn lock_file(path: &Path) -> Result<File> {
    File::options().create(true).truncate(false).write(true).open(path).map_err(|e| files::unwritable(path, &e))
}

fn stage(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    fs::create_dir_all(folder).map_err(|e| files::unwritable(folder, &e))?;
    let path = folder.join(name);
    files::replace(&path, bytes)?;
    // A segment must not be lost by a power cut that its pack survives.
    File::open(folder).and_then(|d| d.sync_all()).map_err(|e| files::unwritable(folder, &e))?;
    Ok(path)
}

fn settle(staged: &Path, name: &Path) -> Result<()> {
    let folder = name.parent().unwrap_or(Path::new("."));
    fs::rename(staged, name).and_then(|()| File::open(folder)?.sync_all()).map_err(|e| files::unwritable(name, &e))
}
