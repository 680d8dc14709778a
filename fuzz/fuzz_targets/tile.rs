//! Tiles and bundles of a v2 log, and the leaves in them.
//!
//! The first byte is the tile's level, the second its width less one; then come a position and a tree's size, eight
//! bytes each with the largest first, and the body.
#![no_main]

use gaitkeeper_fuzz::acquire::rekor::entry;
use gaitkeeper_fuzz::acquire::rekor::proof::{consistency_spans, inclusion_spans};
use gaitkeeper_fuzz::acquire::rekor::tile::{Bundle, Tile, Tiles, tiles_for};
use gaitkeeper_fuzz::acquire::rekor::v2::{Batch, tiles_of_root};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([level, width], rest)) = data.split_first_chunk::<2>() else { return };
    let Some((position, rest)) = rest.split_first_chunk::<8>() else { return };
    let Some((size, body)) = rest.split_first_chunk::<8>() else { return };
    let (position, size) = (u64::from_be_bytes(*position), u64::from_be_bytes(*size));
    let width = u16::from(*width) + 1;

    let tile = Tile { level: *level, index: position, width };
    let mut tiles = Tiles::of_tree(size);
    if let Ok(hashes) = tile.parse(body) {
        assert_eq!(hashes.len(), usize::from(width));
        if let Some(tile) = Tile::of_tree(*level, position, size) {
            tiles.insert(tile, hashes);
        }
    }
    let _ = Tile::of_tree(*level, position, size).map(|tile| tile.path());
    let _ = tiles_of_root(position, size);
    let _ = tiles.frontier(size);
    for spans in [inclusion_spans(position, size), consistency_spans(position, size)].into_iter().flatten() {
        let _ = tiles_for(&spans, size);
        let _ = tiles.hashes(&spans);
    }
    if let Some(batch) = Batch::next(position, size) {
        let expected = batch.expected();
        assert!(tiles_for(&expected, size).is_ok(), "the log's own bundle is not in its tree");
        let _ = tiles.hashes(&expected);
    }
    if let Ok(leaves) = (Bundle { index: position, width }).parse(body) {
        for leaf in leaves {
            let _ = entry::of_leaf(&[0; 32], position, leaf);
        }
    }
});
