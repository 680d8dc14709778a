//! Rekor v2: a log of tiles (C2SP tlog-tiles below `/api/v2/`). There is no search and no entry by index:
//! who follows it reads its bundles of entries from a position up to a checkpoint.

use crate::acquire::rekor::proof::{Fault, Span, frontier_spans};
use crate::acquire::rekor::question::Question;
use crate::acquire::rekor::tile::{Bundle, Tile, WIDTH, tiles_for};
use crate::error::{Error, Result};

/// Where everything of a v2 log lies.
const BELOW: &str = "api/v2/";

/// Asks for the newest checkpoint; read by [`parse_checkpoint`].
#[must_use]
pub fn checkpoint() -> Question {
    Question::any(format!("{BELOW}checkpoint"))
}

/// Asks for a tile of hashes; read by [`Tile::parse`].
#[must_use]
pub fn tile(tile: &Tile) -> Question {
    Question::any(format!("{BELOW}{}", tile.path()))
}

/// Asks for a bundle of entries; read by [`Bundle::parse`].
#[must_use]
pub fn bundle(bundle: &Bundle) -> Question {
    Question::any(format!("{BELOW}{}", bundle.path()))
}

/// Reads the answer to [`checkpoint`]: the text of a signed note, still to be opened.
///
/// # Errors
/// It is not UTF-8.
pub fn parse_checkpoint(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| {
        Error::tool("the log's checkpoint is not UTF-8")
            .remedy("check the log's address; if it is right, tell the log's operator")
    })
}

/// The next entries to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The bundle that holds them.
    pub bundle: Bundle,
    /// How many entries at the bundle's beginning lie before the position.
    pub skip: usize,
}

impl Batch {
    /// The next bundle of a tree of `size` leaves that has entries from `position` on; `None` at its end.
    #[must_use]
    pub fn next(position: u64, size: u64) -> Option<Self> {
        if position >= size {
            return None;
        }
        let bundle = Bundle::of_tree(position / u64::from(WIDTH), size)?;
        Some(Self { bundle, skip: usize::try_from(position % u64::from(WIDTH)).ok()? })
    }

    /// The spans whose hashes, taken from tiles, the bundle's entries must lead to: a full bundle is one
    /// subtree, of a partial one each leaf stands alone.
    #[must_use]
    pub fn expected(&self) -> Vec<Span> {
        let (begin, held) = (self.bundle.first(), u64::from(self.bundle.width));
        let (count, step) = if self.bundle.width == WIDTH { (1, held) } else { (held, 1) };
        (0..count).map(|n| begin + n * step).map(|begin| Span { begin, end: begin + step }).collect()
    }
}

/// The tiles of a tree of `size` leaves that the root of its first `part` leaves is computed from.
///
/// # Errors
/// [`Fault::Sizes`] where the part is larger than the tree.
pub fn tiles_of_root(part: u64, size: u64) -> std::result::Result<Vec<Tile>, Fault> {
    Ok(tiles_for(&frontier_spans(part), size)?.into_iter().collect())
}
