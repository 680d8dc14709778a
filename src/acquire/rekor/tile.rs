//! Tiles of a v2 log (C2SP tlog-tiles): their paths, their content, and hashes computed from them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use flate2::read::GzDecoder;

use crate::acquire::rekor::Hash;
use crate::acquire::rekor::proof::{Fault, Frontier, Span, frontier_spans, join};
use crate::error::{Error, Result};

/// Hashes in a full tile, and entries in a full bundle.
pub const WIDTH: u16 = 256;
/// Levels of the tree in one level of tiles.
const LEVELS: u8 = 8;
/// Highest tile level that a tree of less than 2^64 leaves has.
const TOP: u8 = 7;
/// Bytes of a hash.
const HASH: usize = 32;
/// Most bytes of an entry: its length is two bytes.
const MAX_ENTRY: usize = u16::MAX as usize;
/// First bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// What to do about a body that is not what was asked for.
const REMEDY: &str = "fetch it again; if it stays so, the log or what stands before it is at fault";

/// A tile of hashes: up to 256 neighbours of the tree's level 8 x `level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Tile level, 0 (leaf hashes) to 7.
    pub level: u8,
    /// Number within the level.
    pub index: u64,
    /// Hashes in it: 256, or 1 to 255 in a partial tile.
    pub width: u16,
}

/// A bundle of up to 256 neighbouring entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    /// Number; its first entry is 256 times that.
    pub index: u64,
    /// Entries in it: 256, or 1 to 255 in a partial bundle.
    pub width: u16,
}

impl Tile {
    /// The tile of a tree of `size` leaves as wide as that tree fills it; `None` when the tree does not reach it.
    #[must_use]
    pub fn of_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        if level > TOP {
            return None;
        }
        let hashes = size >> (level * LEVELS);
        width(index, hashes).map(|width| Self { level, index, width })
    }

    /// Path below `/api/v2/`: `tile/0/x001/234.p/5`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, numbered(self.index, self.width))
    }

    /// Reads the body of a tile, gzip or plain.
    ///
    /// # Errors
    /// It is not exactly `width` hashes of 32 bytes.
    pub fn parse(&self, bytes: &[u8]) -> Result<Vec<Hash>> {
        let size = usize::from(self.width) * HASH;
        // The length tells first: a tile whose first hash begins like gzip is a tile.
        let hashes = if bytes.len() != size && bytes.starts_with(&GZIP) {
            hashes_of(&inflate(bytes, size).map_err(|error| error.place(self.path()))?, size)
        } else {
            hashes_of(bytes, size)
        };
        hashes.ok_or_else(|| {
            let what = format!("is not a tile of {} hashes: {} bytes", self.width, bytes.len());
            Error::tool(what).place(self.path()).remedy(REMEDY)
        })
    }
}

impl Bundle {
    /// The bundle of a tree of `size` leaves as wide as that tree fills it; `None` when the tree does not reach it.
    #[must_use]
    pub fn of_tree(index: u64, size: u64) -> Option<Self> {
        width(index, size).map(|width| Self { index, width })
    }

    /// Path below `/api/v2/`: `tile/entries/x264/349`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/entries/{}", numbered(self.index, self.width))
    }

    /// Index of the first entry.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.index.saturating_mul(u64::from(WIDTH))
    }

    /// Reads the body of a bundle, gzip or plain: the leaves, in order.
    ///
    /// # Errors
    /// It is not exactly `width` entries, each behind its length, with nothing after them.
    pub fn parse(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let count = usize::from(self.width);
        // A first entry of 8075 bytes begins the bundle like gzip, so what reads as a bundle is one.
        let plain = match entries_of(bytes, count) {
            Err(_) if bytes.starts_with(&GZIP) => {
                let most = count * (MAX_ENTRY + 2);
                entries_of(&inflate(bytes, most).map_err(|error| error.place(self.path()))?, count)
            }
            plain => plain,
        };
        plain.map_err(|what| {
            Error::tool(format!("is not a bundle of {count} entries: {what}")).place(self.path()).remedy(REMEDY)
        })
    }
}

/// How many of `total` items fall into item group `index`; `None` when none do.
fn width(index: u64, total: u64) -> Option<u16> {
    let before = index.checked_mul(u64::from(WIDTH))?;
    let left = total.checked_sub(before).filter(|left| *left > 0)?;
    Some(u16::try_from(left).map_or(WIDTH, |left| left.min(WIDTH)))
}

/// The number in groups of three digits, all but the last behind an `x`, and the width of a partial one.
fn numbered(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < WIDTH { format!("{path}.p/{width}") } else { path }
}

fn inflate(bytes: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    // One byte more shows that there is more than may be.
    GzDecoder::new(bytes)
        .take(most as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|error| Error::tool(format!("its gzip is damaged: {error}")).remedy(REMEDY))?;
    if plain.len() > most {
        return Err(Error::tool(format!("unpacks to more than {most} bytes")).remedy(REMEDY));
    }
    Ok(plain)
}

fn hashes_of(bytes: &[u8], size: usize) -> Option<Vec<Hash>> {
    let (hashes, _) = bytes.as_chunks::<HASH>();
    (bytes.len() == size).then(|| hashes.to_vec())
}

fn entries_of(bytes: &[u8], count: usize) -> std::result::Result<Vec<Vec<u8>>, String> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    for number in 0..count {
        let cut = || format!("it ends within entry {number}");
        let (length, body) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        let (entry, after) = body.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or_else(cut)?;
        entries.push(entry.to_vec());
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(format!("{} bytes more", rest.len())) }
}

/// Where the hash of one perfect subtree comes from: a run of hashes in one tile.
struct Run {
    tile: Tile,
    offset: usize,
    count: usize,
}

/// The perfect subtrees of a span in a tree of `size`, largest first, as runs of hashes in tiles.
fn runs(span: Span, size: u64) -> std::result::Result<Vec<Run>, Fault> {
    let leaves = span.end.checked_sub(span.begin).filter(|leaves| *leaves > 0 && span.end <= size);
    // A span that does not begin where a subtree of its size may is no node of any tree.
    let is_node =
        leaves.and_then(u64::checked_next_power_of_two).map_or(span.begin == 0, |n| span.begin.is_multiple_of(n));
    let (Some(leaves), true) = (leaves, is_node) else {
        let what = format!("leaves {} to {} are no subtree of a tree of {size}", span.begin, span.end);
        return Err(Fault::Sizes(what));
    };
    let mut runs = Vec::new();
    for part in frontier_spans(leaves) {
        let begin = span.begin + part.begin;
        let level = (part.end - part.begin).ilog2();
        let (tile_level, within) = (level / u32::from(LEVELS), level % u32::from(LEVELS));
        // The subtree's hashes in its tile: the tile holds the level at or below the subtree's root.
        let first = begin >> (tile_level * u32::from(LEVELS));
        let index = first / u64::from(WIDTH);
        let missing = || Fault::Missing(format!("tile {index} of level {tile_level}"));
        let tile = u8::try_from(tile_level).ok().and_then(|level| Tile::of_tree(level, index, size));
        let offset = usize::try_from(first % u64::from(WIDTH)).map_err(|_| missing())?;
        runs.push(Run { tile: tile.ok_or_else(missing)?, offset, count: 1 << within });
    }
    Ok(runs)
}

/// Which tiles of a tree of `size` leaves hold what is needed to hash these spans.
///
/// # Errors
/// [`Fault::Sizes`] when a span is not of that tree or cannot be one hash.
pub fn tiles_for(spans: &[Span], size: u64) -> std::result::Result<BTreeSet<Tile>, Fault> {
    let mut tiles = BTreeSet::new();
    for span in spans {
        tiles.extend(runs(*span, size)?.into_iter().map(|run| run.tile));
    }
    Ok(tiles)
}

/// Tiles of one tree, fetched.
#[derive(Clone, Debug)]
pub struct Tiles {
    size: u64,
    tiles: BTreeMap<Tile, Vec<Hash>>,
}

impl Tiles {
    /// No tiles yet of a tree of `size` leaves.
    #[must_use]
    pub fn of_tree(size: u64) -> Self {
        Self { size, tiles: BTreeMap::new() }
    }

    /// Adds the hashes of a tile, as [`Tile::parse`] gives them.
    pub fn insert(&mut self, tile: Tile, hashes: Vec<Hash>) {
        self.tiles.insert(tile, hashes);
    }

    /// The hash of every span, from the tiles. They are the tiles' word: only a root that a log signed says
    /// whether they are true.
    ///
    /// # Errors
    /// [`Fault::Sizes`] as in [`tiles_for`], [`Fault::Missing`] when a tile is not there or too narrow.
    pub fn hashes(&self, spans: &[Span]) -> std::result::Result<Vec<Hash>, Fault> {
        spans.iter().map(|span| self.hash(*span)).collect()
    }

    fn hash(&self, span: Span) -> std::result::Result<Hash, Fault> {
        let mut subtrees = Vec::new();
        for run in runs(span, self.size)? {
            let missing = || Fault::Missing(run.tile.path());
            let hashes = self.tiles.get(&run.tile).and_then(|hashes| hashes.get(run.offset..run.offset + run.count));
            subtrees.push(perfect(hashes.ok_or_else(missing)?).ok_or_else(missing)?);
        }
        join(&subtrees).ok_or_else(|| Fault::Missing("every hash".to_owned()))
    }

    /// The tree of the first `size` leaves. Nothing says yet that a log signed it: compare its root.
    ///
    /// # Errors
    /// As [`Tiles::hashes`].
    pub fn frontier(&self, size: u64) -> std::result::Result<Frontier, Fault> {
        Frontier::of_roots(size, self.hashes(&frontier_spans(size))?)
    }
}

/// The root over a power of two of neighbouring hashes.
fn perfect(hashes: &[Hash]) -> Option<Hash> {
    let mut tree = Frontier::new();
    for hash in hashes {
        tree.push(*hash).ok()?;
    }
    Some(tree.root())
}
