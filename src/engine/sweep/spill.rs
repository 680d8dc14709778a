//! Parts of a sweep on disk: many files that are appended to at once, and read one at a time.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::archive::files::{unreadable, unwritable};
use crate::error::Result;

/// Bytes that are held back before they are written.
const HELD_BACK: usize = 1 << 17;

/// Which of `parts`, a power of two of at least two, a hash belongs to: parts are in the order of the hashes.
#[must_use]
pub fn part_of(hash: i64, parts: usize) -> usize {
    let from_least = hash.wrapping_sub(i64::MIN).cast_unsigned();
    usize::try_from(from_least >> (u64::BITS - parts.trailing_zeros())).unwrap_or_default()
}

/// Files of one kind, by part.
pub struct Spill {
    parts: Vec<(PathBuf, Mutex<File>)>,
    compressed: bool,
}

/// Somebody who appends to a spill. Bytes that are appended together stay together.
pub struct Appender<'a> {
    spill: &'a Spill,
    waiting: Vec<Vec<u8>>,
}

impl Spill {
    /// Makes `parts` empty files whose names begin with `name`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(folder: &Path, name: &str, parts: usize) -> Result<Self> {
        let file = |part: usize| {
            let path = folder.join(format!("{name}-{part}"));
            let file = File::create_new(&path).map_err(|e| unwritable(&path, &e))?;
            Ok((path, Mutex::new(file)))
        };
        Ok(Self { parts: (0..parts).map(file).collect::<Result<_>>()?, compressed: false })
    }

    /// The same for what is mostly repetition: it takes time and saves the disk.
    ///
    /// # Errors
    /// As [`Spill::create`].
    pub fn create_compressed(folder: &Path, name: &str, parts: usize) -> Result<Self> {
        Ok(Self { compressed: true, ..Self::create(folder, name, parts)? })
    }

    /// Begins to append.
    #[must_use]
    pub fn append(&self) -> Appender<'_> {
        Appender { spill: self, waiting: vec![Vec::new(); self.parts.len()] }
    }

    /// Takes the bytes of a part, whose file is then gone.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn take(&self, part: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.take_into(part, &mut bytes)?;
        Ok(bytes)
    }

    /// The same in place of what is in `bytes`.
    ///
    /// # Errors
    /// As [`Spill::take`].
    pub fn take_into(&self, part: usize, bytes: &mut Vec<u8>) -> Result<()> {
        let (path, _) = &self.parts[part];
        bytes.clear();
        File::open(path).and_then(|mut file| file.read_to_end(bytes)).map_err(|e| unreadable(path, &e))?;
        if self.compressed && !bytes.is_empty() {
            *bytes = zstd::stream::decode_all(bytes.as_slice()).map_err(|e| unreadable(path, &e))?;
        }
        std::fs::remove_file(path).map_err(|e| unwritable(path, &e))
    }

    /// The file of a part.
    #[must_use]
    pub fn path(&self, part: usize) -> &Path {
        &self.parts[part].0
    }
}

impl Appender<'_> {
    /// How many parts there are.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.waiting.len()
    }

    /// Appends what `write` adds to the bytes it is given.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn add(&mut self, part: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let waiting = &mut self.waiting[part];
        write(waiting);
        if waiting.len() >= HELD_BACK { self.flush(part) } else { Ok(()) }
    }

    /// Writes what is held back.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(mut self) -> Result<()> {
        (0..self.waiting.len()).try_for_each(|part| self.flush(part))
    }

    fn flush(&mut self, part: usize) -> Result<()> {
        let (path, file) = &self.spill.parts[part];
        let packed = if self.spill.compressed && !self.waiting[part].is_empty() {
            Some(zstd::bulk::compress(&self.waiting[part], 1).map_err(|e| unwritable(path, &e))?)
        } else {
            None
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(packed.as_ref().unwrap_or(&self.waiting[part])).map_err(|e| unwritable(path, &e))?;
        self.waiting[part].clear();
        Ok(())
    }
}
