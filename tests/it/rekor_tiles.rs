//! Tiles of a v2 log: paths, bodies, and the roots and proofs that are computed from them.

use std::collections::BTreeSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use gaitkeeper::acquire::rekor::Hash;
use gaitkeeper::acquire::rekor::proof::{
    Fault, Frontier, Span, consistency, consistency_spans, frontier_spans, inclusion, inclusion_spans, leaf_hash,
    node_hash,
};
use gaitkeeper::acquire::rekor::tile::{Bundle, Tile, Tiles, tiles_for};
use proptest::prelude::*;

/// More than 256 x 256 leaves: three levels of tiles.
const LEAVES: u64 = 66_001;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}

fn bundle_of(entries: &[Vec<u8>]) -> Vec<u8> {
    let framed = entries.iter().map(|entry| {
        let length = u16::try_from(entry.len()).expect("an entry");
        [length.to_be_bytes().as_slice(), entry].concat()
    });
    framed.collect::<Vec<_>>().concat()
}

/// The whole tree, level by level: what a log would serve its tiles from.
struct Log {
    levels: Vec<Vec<Hash>>,
}

impl Log {
    fn new(size: u64) -> Self {
        let mut levels = vec![(0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect::<Vec<_>>()];
        while levels[levels.len() - 1].len() > 1 {
            let below = &levels[levels.len() - 1];
            levels.push(below.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect());
        }
        Self { levels }
    }

    fn body(&self, tile: Tile) -> Vec<u8> {
        let hashes = &self.levels[usize::from(tile.level) * 8];
        let first = usize::try_from(tile.index).expect("small") * 256;
        hashes[first..first + usize::from(tile.width)].concat()
    }

    /// The tiles that are needed for these spans, read as they would come.
    fn tiles(&self, spans: &[Span], size: u64) -> Tiles {
        let mut tiles = Tiles::of_tree(size);
        for tile in tiles_for(spans, size).expect("spans of the tree") {
            tiles.insert(tile, tile.parse(&self.body(tile)).expect("a tile"));
        }
        tiles
    }

    fn root(&self, size: u64) -> Hash {
        let mut frontier = Frontier::new();
        for leaf in &self.levels[0][..usize::try_from(size).expect("small")] {
            frontier.push(*leaf).expect("room");
        }
        frontier.root()
    }
}

#[test]
fn paths_are_those_of_the_specification() {
    let tile = |level, index, width| Tile { level, index, width }.path();
    assert_eq!(tile(0, 0, 256), "tile/0/000");
    assert_eq!(tile(0, 999, 256), "tile/0/999");
    assert_eq!(tile(1, 1000, 256), "tile/1/x001/000");
    assert_eq!(tile(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile(7, 5, 1), "tile/7/005.p/1");
    assert_eq!(tile(0, 1234, 255), "tile/0/x001/234.p/255");
    assert_eq!(tile(0, u64::MAX, 256), "tile/0/x018/x446/x744/x073/x709/x551/615");
    assert_eq!(Bundle { index: 264_349, width: 256 }.path(), "tile/entries/x264/349");
    assert_eq!(Bundle { index: 264_349, width: 8 }.path(), "tile/entries/x264/349.p/8");
}

#[test]
fn a_tree_has_full_tiles_and_one_partial_one_at_its_edge() {
    // The example of the specification: 70,000 leaves are 273 full tiles of level 0 and one of 112, one full
    // tile of level 1 and one of 17, and one of 1 on level 2.
    let width = |level, index| Tile::of_tree(level, index, 70_000).map(|tile| tile.width);
    assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (Some(256), Some(112), None));
    assert_eq!((width(1, 0), width(1, 1), width(1, 2)), (Some(256), Some(17), None));
    assert_eq!((width(2, 0), width(2, 1), width(3, 0)), (Some(1), None, None));
    assert_eq!(Bundle::of_tree(273, 70_000), Some(Bundle { index: 273, width: 112 }));
    assert_eq!(Bundle::of_tree(274, 70_000), None);
    assert_eq!(Bundle { index: 273, width: 112 }.first(), 69_888);
    assert_eq!(Tile::of_tree(0, 0, 0), None);
    assert_eq!(Tile::of_tree(8, 0, u64::MAX), None);
    assert_eq!(Tile::of_tree(0, u64::MAX, u64::MAX), None);
    assert_eq!(Tile::of_tree(7, 0, u64::MAX).map(|tile| tile.width), Some(255));
}

#[test]
fn a_tile_is_exactly_its_hashes() {
    let tile = Tile { level: 0, index: 3, width: 5 };
    let body: Vec<u8> = (0..160).collect();
    let hashes = tile.parse(&body).expect("a tile");
    assert_eq!(hashes.concat(), body);
    assert_eq!(tile.parse(&gzip(&body)).expect("packed"), hashes);
    // A hash may begin like gzip does.
    let mut unlucky = body.clone();
    unlucky[..2].copy_from_slice(&[0x1f, 0x8b]);
    assert_eq!(tile.parse(&unlucky).expect("a tile").concat(), unlucky);
    let bomb = gzip(&vec![0; 1 << 20]);
    for wrong in [&[][..], &body[..159], &body[..128], &[&body[..], &[0]].concat(), &gzip(&body[..159]), &bomb] {
        let error = tile.parse(wrong).expect_err("no tile");
        assert_eq!(error.place.as_deref(), Some("tile/0/003.p/5"));
    }
    let damaged = &gzip(&body)[..40];
    assert!(tile.parse(damaged).expect_err("cut short").what.contains("gzip"));
}

#[test]
fn a_bundle_is_exactly_its_entries() {
    let bundle = Bundle { index: 264_349, width: 3 };
    // A first entry of 8075 bytes makes the bundle begin like gzip.
    let entries = vec![vec![b'a'; 8075], Vec::new(), vec![b'b'; 65_535]];
    let body = bundle_of(&entries);
    assert_eq!(body[..2], [0x1f, 0x8b]);
    assert_eq!(bundle.parse(&body).expect("a bundle"), entries);
    assert_eq!(bundle.parse(&gzip(&body)).expect("packed"), entries);
    let bomb = gzip(&vec![0; 4 << 20]);
    let cut = &body[..body.len() - 1];
    for wrong in [&[][..], cut, &[&body[..], &[0]].concat(), &gzip(cut), &body[..1], &bomb] {
        let error = bundle.parse(wrong).expect_err("no bundle");
        assert_eq!(error.place.as_deref(), Some("tile/entries/x264/349.p/3"));
    }
    let error = Bundle { index: 0, width: 1 }.parse(&bundle_of(&entries[1..])).expect_err("one too many");
    assert!(error.what.contains("65537 bytes more"), "{error:?}");
}

#[test]
fn roots_and_proofs_come_out_of_tiles() {
    let log = Log::new(LEAVES);
    let root = log.root(LEAVES);
    let tiles = log.tiles(&frontier_spans(LEAVES), LEAVES);
    assert_eq!(tiles.frontier(LEAVES).expect("its tiles").root(), root);
    for first in [1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, 65_792, 66_000] {
        let earlier = frontier_spans(first);
        assert_eq!(log.tiles(&earlier, LEAVES).frontier(first).expect("its tiles").root(), log.root(first));
        let spans = consistency_spans(first, LEAVES).expect("grows");
        let proof = log.tiles(&spans, LEAVES).hashes(&spans).expect("its tiles");
        assert_eq!(consistency(first, &log.root(first), LEAVES, &root, &proof), Ok(()), "from {first}");
    }
    for index in [0, 1, 255, 256, 65_535, 65_536, 65_999, 66_000] {
        let spans = inclusion_spans(index, LEAVES).expect("in it");
        let proof = log.tiles(&spans, LEAVES).hashes(&spans).expect("its tiles");
        assert_eq!(inclusion(&leaf_hash(&index.to_be_bytes()), index, LEAVES, &proof, &root), Ok(()), "{index}");
    }
}

#[test]
fn a_tail_goes_on_from_tiles() {
    let log = Log::new(1000);
    let mut tail = log.tiles(&frontier_spans(700), 1000).frontier(700).expect("its tiles");
    for leaf in &log.levels[0][700..] {
        tail.push(*leaf).expect("room");
    }
    assert_eq!(tail.root(), log.root(1000));
}

#[test]
fn missing_narrow_and_wrong_tiles_are_seen() {
    let log = Log::new(600);
    let spans = frontier_spans(600);
    let needed = tiles_for(&spans, 600).expect("spans of the tree");
    let expected = [(0, 2, 88), (1, 0, 2)].map(|(level, index, width)| Tile { level, index, width });
    assert_eq!(needed, BTreeSet::from(expected));
    for missing in expected {
        let mut tiles = Tiles::of_tree(600);
        let mut narrow = Tiles::of_tree(600);
        let mut wrong = Tiles::of_tree(600);
        for tile in &needed {
            let hashes = tile.parse(&log.body(*tile)).expect("a tile");
            let mut altered = hashes.clone();
            altered[0][31] ^= 1;
            wrong.insert(*tile, if *tile == missing { altered } else { hashes.clone() });
            narrow.insert(*tile, if *tile == missing { hashes[1..].to_vec() } else { hashes.clone() });
            if *tile != missing {
                tiles.insert(*tile, hashes);
            }
        }
        assert_eq!(tiles.frontier(600), Err(Fault::Missing(missing.path())));
        assert_eq!(narrow.frontier(600), Err(Fault::Missing(missing.path())));
        assert_ne!(wrong.frontier(600).expect("as many hashes").root(), log.root(600));
    }
}

#[test]
fn spans_that_are_no_subtree_are_refused() {
    let size = 1000;
    for (begin, end) in [(0, 0), (5, 4), (0, 1001), (1, 3), (4, 9), (u64::MAX, u64::MAX), (2, u64::MAX)] {
        let found = tiles_for(&[Span { begin, end }], size);
        assert!(matches!(found, Err(Fault::Sizes(_))), "{begin} to {end}: {found:?}");
    }
    let huge = tiles_for(&frontier_spans(u64::MAX), u64::MAX).expect("spans of the tree");
    assert_eq!(huge.iter().map(|tile| tile.width).collect::<Vec<_>>(), [255; 8]);
    let live = tiles_for(&frontier_spans(34_356_369), 34_356_369).expect("spans of the tree");
    let paths: Vec<_> = live.iter().map(Tile::path).collect();
    assert_eq!(paths, ["tile/0/x134/204.p/145", "tile/1/524.p/60", "tile/2/002.p/12", "tile/3/000.p/2"]);
}

proptest! {
    #[test]
    fn entries_come_back_as_they_went_in(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..20)) {
        let bundle = Bundle { index: 0, width: u16::try_from(entries.len()).expect("small") };
        prop_assert_eq!(bundle.parse(&bundle_of(&entries)).expect("a bundle"), entries);
    }

    #[test]
    fn no_bytes_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..600), width in 1_u16..=256, packed in any::<bool>()
    ) {
        if packed {
            bytes.splice(0..0, [0x1f, 0x8b, 8, 0]);
        }
        let tile = Tile { level: 0, index: 0, width }.parse(&bytes);
        prop_assert!(tile.is_err() || bytes.len() == usize::from(width) * 32);
        let bundle = Bundle { index: 0, width }.parse(&bytes);
        prop_assert!(bundle.is_err() || bundle.is_ok_and(|entries| bundle_of(&entries) == bytes));
    }

    #[test]
    fn no_spans_panic(begin in any::<u64>(), end in any::<u64>(), size in any::<u64>()) {
        let spans = [Span { begin, end }];
        let needed = tiles_for(&spans, size);
        let found = Tiles::of_tree(size).hashes(&spans);
        prop_assert!(found.is_err());
        prop_assert_eq!(needed.is_err(), matches!(found, Err(Fault::Sizes(_))));
    }
}
