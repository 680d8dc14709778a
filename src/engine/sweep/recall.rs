//! What a sweep takes up of an earlier one, and what it leaves for a later one: the habits of each entity that publishes.

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::spill::{Appender, Spill, part_of};
use crate::archive::coded;
use crate::archive::snapshot::{Entities, Kept, SEAL, Snapshot, hash, seal_of};
use crate::archive::vocabulary::{Sym, Symbols, Vocabulary};
use crate::error::Result;

/// Whether habits are taken up and left.
#[derive(Clone, Copy, Debug, Default)]
pub enum Memory<'a> {
    /// Neither.
    #[default]
    None,
    /// The table is a whole history; what it taught is left in this folder, in place of what is there.
    Fresh(&'a Path),
    /// The table goes on where the snapshot in this folder ends.
    GoOn(&'a Path),
}

impl<'a> Memory<'a> {
    /// Where habits are left.
    #[must_use]
    pub fn folder(self) -> Option<&'a Path> {
        match self {
            Self::None => None,
            Self::Fresh(folder) | Self::GoOn(folder) => Some(folder),
        }
    }

    /// The snapshot that is gone on with.
    ///
    /// # Errors
    /// When it is damaged or gone.
    pub fn snapshot(self) -> Result<Option<Snapshot>> {
        match self {
            Self::GoOn(folder) => Snapshot::open(folder),
            Self::None | Self::Fresh(_) => Ok(None),
        }
    }
}

/// Entities that are left, in parts by the hash of their names.
pub struct Left {
    spill: Spill,
}

/// Parts of what is left: each fits into memory.
const PARTS: usize = 16;

impl Left {
    /// Nothing yet.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(folder: &Path, of: Entities) -> Result<Self> {
        let name = match of {
            Entities::Accounts => "kept-accounts",
            Entities::Packages => "kept-packages",
        };
        Ok(Self { spill: Spill::create(folder, name, PARTS)? })
    }

    /// Hands out everything in the order of the hashes.
    ///
    /// # Errors
    /// When a file cannot be read, or `take` fails.
    pub fn each(&self, mut take: impl FnMut(&Kept) -> Result<()>) -> Result<()> {
        for part in 0..PARTS {
            let bytes = self.spill.take(part)?;
            let mut rest = bytes.as_slice();
            let mut kept = Vec::new();
            while !rest.is_empty() {
                kept.push(read(&mut rest));
            }
            kept.sort_unstable_by_key(|kept| kept.hash);
            kept.iter().try_for_each(&mut take)?;
        }
        Ok(())
    }
}

fn read(bytes: &mut &[u8]) -> Kept {
    let hash = i64::from_le_bytes(array(bytes));
    let last = i64::from_le_bytes(array(bytes));
    let seal: [u8; SEAL] = array(bytes);
    let length = u32::from_le_bytes(array(bytes)) as usize;
    let (habits, rest) = bytes.split_at(length);
    *bytes = rest;
    Kept { hash, last, seal, habits: habits.to_vec() }
}

fn array<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (taken, rest) = bytes.split_first_chunk::<N>().expect("what was written");
    *bytes = rest;
    *taken
}

/// One thread's means to take up and to leave habits.
pub struct Recall<'a> {
    of: Entities,
    snapshot: Option<Snapshot>,
    shared: &'a Vocabulary,
    /// Every string that the thread knows: those of the table, and of the habits that it took up for this part.
    pub words: Cow<'a, Vocabulary>,
    left: Option<Appender<'a>>,
}

impl<'a> Recall<'a> {
    /// Begins.
    ///
    /// # Errors
    /// When the snapshot cannot be opened.
    pub fn begin(of: Entities, memory: Memory, words: &'a Vocabulary, left: Option<&'a Left>) -> Result<Self> {
        let left = left.map(|left| left.spill.append());
        Ok(Self { of, snapshot: memory.snapshot()?, shared: words, words: Cow::Borrowed(words), left })
    }

    /// Begins another part: strings of the habits of the one before are forgotten.
    pub fn forget(&mut self) {
        self.words = Cow::Borrowed(self.shared);
    }

    /// The habits of an entity: those that were kept, or blank ones.
    ///
    /// # Errors
    /// When what was kept is damaged.
    pub fn habits<H: Symbols + DeserializeOwned + Default>(&mut self, entity: Sym) -> Result<H> {
        let Some(snapshot) = &self.snapshot else { return Ok(H::default()) };
        let name = self.shared.text(entity);
        let Some(bytes) = snapshot.habits(self.of, name)? else { return Ok(H::default()) };
        coded::decode(&bytes, self.words.to_mut()).ok_or_else(|| snapshot.not_habits(name))
    }

    /// Leaves the habits of an entity whose last publish was at `last`, milliseconds.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn leave<H: Symbols + Serialize>(&mut self, entity: Sym, last: i64, habits: H) -> Result<()> {
        let Some(left) = &mut self.left else { return Ok(()) };
        let name = self.shared.text(entity);
        let (hash, habits) = (hash(name), coded::encode(habits, &self.words));
        left.add(part_of(hash, PARTS), |bytes| {
            bytes.extend(hash.to_le_bytes());
            bytes.extend(last.to_le_bytes());
            bytes.extend(seal_of(name, last, &habits));
            bytes.extend(u32::try_from(habits.len()).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend(habits);
        })
    }

    /// Writes what is held back.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self) -> Result<()> {
        self.left.map_or(Ok(()), Appender::finish)
    }
}
