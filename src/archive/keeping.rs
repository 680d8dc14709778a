//! Looking after an archive: sizes, merging of segments, damage.

use std::fs;
use std::path::Path;

use super::commit::{self, Writing};
use super::files::{self, Sharing};
use super::merge::Index;
use super::seal;
use super::store::{Archive, segments};
use super::table;
use super::vocabulary::Vocabulary;
use crate::error::{Error, Result};

/// Files and bytes of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Segments of events.
    pub segments: (usize, u64),
    /// Packs of documents.
    pub packs: (usize, u64),
}

/// What an archive takes on disk.
///
/// # Errors
/// When its folders cannot be read.
pub fn size(dir: &Path) -> Result<Size> {
    let sum = |folder: &str, ending: &str| -> Result<(usize, u64)> {
        let folder = dir.join(folder);
        let mut sum = (0, 0);
        if !folder.exists() {
            return Ok(sum);
        }
        let unreadable = |e: std::io::Error| files::unreadable(&folder, &e);
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.path().extension().is_some_and(|e| e == ending) {
                sum = (sum.0 + 1, sum.1 + entry.metadata().map_err(unreadable)?.len());
            }
        }
        Ok(sum)
    };
    Ok(Size { segments: sum("events", "parquet")?, packs: sum("raw", "pack")? })
}

impl Archive {
    /// Merges every segment into one that says the same, and then removes them. Gives the number of
    /// segments before and after.
    ///
    /// # Errors
    /// When the archive is the box, is being pulled into, or cannot be read or written; nothing is lost then.
    pub fn compact(&self) -> Result<(usize, usize)> {
        let dir = self.dir()?;
        segments(dir)?;
        // Nobody may add a segment between the reading and the removal, and what a killed run left comes first.
        let _alone = Writing::open(dir)?;
        let _turn = commit::turn(dir)?;
        let old = segments(dir)?;
        if old.len() < 2 {
            return Ok((old.len(), old.len()));
        }
        let mut words = Vocabulary::default();
        let mut index = Index::default();
        for segment in &old {
            for row in table::read(segment, &mut words)?.rows {
                index.observe(row, &words);
            }
        }
        let bytes = table::to_parquet(&mut index.rows, &words)?;
        let name = commit::segment_path(dir, commit::next_number(dir)?);
        files::add(&dir.join("events"), std::iter::once(name), &bytes, Sharing::AsUsual)?;
        // Killed here, old and new stand side by side and say the same.
        for segment in &old {
            fs::remove_file(segment).map_err(|e| files::unwritable(segment, &e))?;
        }
        Ok((old.len(), 1))
    }

    /// Reads every segment; what is damaged is added to `faults`. Gives the number of segments.
    ///
    /// # Errors
    /// When there is no archive.
    pub fn verify_segments(&self, faults: &mut Vec<Error>) -> Result<usize> {
        let all = segments(self.dir()?)?;
        for segment in &all {
            let bytes = fs::read(segment).map_err(|e| files::unreadable(segment, &e));
            let sound = bytes.and_then(|bytes| {
                if !seal::is_sealed(&bytes) {
                    return Err(Error::tool("has no seal: it is damaged, or an earlier version wrote it")
                        .file(segment)
                        .remedy("restore the file from a backup; one of an earlier version is written anew by gaitkeeper archive compact"));
                }
                if !seal::is_unbroken(&bytes) {
                    return Err(Error::tool("is damaged: its bytes are not those that were sealed")
                        .file(segment)
                        .remedy("restore the file from a backup, or import what it held again"));
                }
                table::read_parquet(&bytes, segment, &mut Vocabulary::default())
            });
            faults.extend(sound.err());
        }
        Ok(all.len())
    }
}
