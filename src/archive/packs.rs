//! Registry documents as they were served, compressed and addressed by their content.
//!
//! `DIR/raw/000012.pack` holds the documents of one commit. Each stands as two zstd frames: a
//! skippable one with a JSON header (what it is, where and when it was observed, its BLAKE3 hash and its
//! entity tag) and, on a line of its own, the BLAKE3 hash of that header; then the document; so `zstd -dc` of a pack prints its documents, and an index can
//! always be made again from the packs alone. A pack is never changed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use crate::error::{Error, Result};

/// Magic number of a skippable frame (RFC 8878, section 3.1.2).
const SKIPPABLE: u32 = 0x184D_2A50;
/// Magic number and length.
const PREFIX: usize = 8;
/// Longest header that is believed.
const MAX_HEADER: u32 = 64 << 10;
/// Registry documents are repetitive: higher levels cost three times the time for a tenth of the size.
const LEVEL: i32 = 1;

/// What a document is, and where and when it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// BLAKE3 of the document, hexadecimal.
    pub hash: String,
    /// Registry id.
    pub registry: String,
    /// Base address of the registry that served it.
    pub source: String,
    /// Path below that.
    pub path: String,
    /// When it was first observed there, milliseconds since the epoch.
    pub observed_at: i64,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Its revision, as a number that grows.
    pub revision: Option<i64>,
    /// Length of the document in bytes.
    pub length: u64,
}

/// Where a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the pack.
    pub pack: u32,
    /// Offset of the frame that holds it.
    pub offset: u64,
    /// Length of that frame.
    pub packed: u64,
}

/// The content address of a document.
#[must_use]
pub fn hash(document: &[u8]) -> String {
    blake3::hash(document).to_hex().to_string()
}

/// A document compressed for a pack.
#[derive(Debug)]
pub struct Packed {
    /// What it is.
    pub label: Label,
    frame: Vec<u8>,
}

impl Packed {
    /// Compresses a document.
    ///
    /// # Errors
    /// When the compressor fails.
    pub fn new(label: Label, document: &[u8]) -> Result<Self> {
        let failed = |e: std::io::Error| Error::tool(format!("{} cannot be compressed: {e}", label.path));
        let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL).map_err(failed)?;
        encoder
            .include_checksum(true)
            .and_then(|()| encoder.set_pledged_src_size(Some(document.len() as u64)))
            .and_then(|()| std::io::Write::write_all(&mut encoder, document))
            .map_err(failed)?;
        let frame = encoder.finish().map_err(failed)?;
        Ok(Self { label, frame })
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.frame.len()
    }
}

/// A pack in memory, with the place that each document will have.
///
/// # Errors
/// When a header cannot be written as JSON.
pub fn assemble(pack: u32, documents: &[Packed]) -> Result<(Vec<u8>, Vec<Place>)> {
    let mut bytes = Vec::with_capacity(documents.iter().map(|d| d.frame.len() + 512).sum());
    let mut places = Vec::with_capacity(documents.len());
    for document in documents {
        let mut header = serde_json::to_vec(&document.label)
            .map_err(|e| Error::tool(format!("{} cannot be labelled: {e}", document.label.path)))?;
        let check = hash(&header);
        header.push(b'\n');
        header.extend_from_slice(check.as_bytes());
        let length = u32::try_from(header.len()).unwrap_or(u32::MAX);
        if length > MAX_HEADER {
            return Err(Error::tool("the address of a document is longer than 64 KiB"));
        }
        bytes.extend_from_slice(&SKIPPABLE.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&header);
        places.push(Place { pack, offset: bytes.len() as u64, packed: document.frame.len() as u64 });
        bytes.extend_from_slice(&document.frame);
    }
    Ok((bytes, places))
}

/// Name of a pack in the archive's folder of raw documents.
#[must_use]
pub fn path(dir: &Path, pack: u32) -> PathBuf {
    dir.join("raw").join(format!("{pack:06}.pack"))
}

/// Reads one document and checks that it is the one that was stored.
///
/// # Errors
/// When the pack is not there, is cut off, or the document is not the one with that hash.
pub fn read(dir: &Path, place: Place, hash_held: &str) -> Result<Vec<u8>> {
    let path = path(dir, place.pack);
    let unreadable = |e: std::io::Error| files::unreadable(&path, &e);
    let mut file = File::open(&path).map_err(unreadable)?;
    file.seek(SeekFrom::Start(place.offset)).map_err(unreadable)?;
    let document =
        zstd::decode_all(file.take(place.packed)).map_err(|e| damaged(&path, place.offset, &e.to_string()))?;
    if hash(&document) != hash_held {
        return Err(damaged(&path, place.offset, "the document is not the one that was stored"));
    }
    Ok(document)
}

/// Every document of a pack in its order: what it is, where it stands.
///
/// # Errors
/// When the pack cannot be read or is cut off.
pub fn labels(path: &Path, pack: u32) -> Result<Vec<(Label, Place)>> {
    let unreadable = |e: std::io::Error| files::unreadable(path, &e);
    let mut file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut found = Vec::new();
    let mut at = 0;
    while at < size {
        let cut = |what: &str| damaged(path, at, what);
        let mut prefix = [0u8; PREFIX];
        file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut prefix)).map_err(|_| cut("it is cut off"))?;
        let [m0, m1, m2, m3, l0, l1, l2, l3] = prefix;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        if u32::from_le_bytes([m0, m1, m2, m3]) != SKIPPABLE || length > MAX_HEADER {
            return Err(cut("no header stands where one should"));
        }
        let mut header = vec![0u8; length as usize];
        file.read_exact(&mut header).map_err(|_| cut("it is cut off"))?;
        let (json, check) = header.split_at(memchr::memchr(b'\n', &header).unwrap_or(header.len()));
        if check.get(1..) != Some(hash(json).as_bytes()) {
            return Err(cut("the header is not the one that was written"));
        }
        let label: Label = serde_json::from_slice(json).map_err(|e| cut(&format!("the header is no JSON: {e}")))?;
        let offset = at + PREFIX as u64 + u64::from(length);
        let packed = frame_length(&mut file, offset, size).ok_or_else(|| cut("it is cut off"))?;
        found.push((label, Place { pack, offset, packed }));
        at = offset + packed;
    }
    Ok(found)
}

/// Length of the zstd frame at `offset`: its blocks are walked by their headers (RFC 8878, section 3.1.1).
fn frame_length(file: &mut File, offset: u64, size: u64) -> Option<u64> {
    let mut frame = Vec::new();
    // One frame is at most as long as what is left; it is in memory when it is read anyway.
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut step = 64 << 10;
    loop {
        let left = size - offset - frame.len() as u64;
        file.by_ref().take(step.min(left)).read_to_end(&mut frame).ok()?;
        if let Ok(length) = zstd::zstd_safe::find_frame_compressed_size(&frame) {
            return Some(length as u64);
        }
        if frame.len() as u64 == size - offset {
            return None;
        }
        step = frame.len() as u64 * 3;
    }
}

fn damaged(path: &Path, at: u64, what: &str) -> Error {
    Error::tool(format!("is damaged: {what}"))
        .file(path)
        .place(format!("byte {at}"))
        .remedy("restore the file from a backup; gaitkeeper archive verify lists everything that is damaged")
}
