//! Merkle proofs: the published vectors, trees built here by definition, and numbers that cannot be.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::acquire::rekor::Hash;
use gaitkeeper::acquire::rekor::proof::{
    Fault, Frontier, Span, consistency, consistency_spans, frontier_spans, inclusion, inclusion_spans, leaf_hash,
    node_hash,
};
use proptest::prelude::*;
use serde_json::Value;
use sigstore_verify::crypto::sha256;

use crate::shared::shared;

/// The hash of a run of leaves, straight from the definition in RFC 6962.
fn tree(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => *sha256(b"").as_bytes(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&tree(left), &tree(right))
        }
    }
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(n.to_string().as_bytes())).collect()
}

fn at(number: u64) -> usize {
    usize::try_from(number).expect("small")
}

fn hashes(leaves: &[Hash], spans: &[Span]) -> Vec<Hash> {
    spans.iter().map(|span| tree(&leaves[at(span.begin)..at(span.end)])).collect()
}

fn vectors(folder: &Path, found: &mut Vec<(String, Value)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            vectors(&path, found);
        } else {
            let text = fs::read_to_string(&path).expect("a vector");
            found.push((path.display().to_string(), serde_json::from_str(&text).expect("JSON")));
        }
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap_or_default()).expect("base64")
}

fn proof(vector: &Value) -> Option<Vec<Hash>> {
    let hashes = vector["proof"].as_array().map(Vec::as_slice).unwrap_or_default();
    hashes.iter().map(|hash| Hash::try_from(bytes(hash)).ok()).collect()
}

#[test]
fn inclusion_vectors_hold_exactly_where_they_should() {
    let Some(folder) = shared("sigstore/merkle_vectors/inclusion") else { return };
    let mut all = Vec::new();
    vectors(&folder, &mut all);
    let mut wrong = Vec::new();
    for (name, vector) in &all {
        let number = |field: &str| vector[field].as_u64().expect("a number");
        // A root or a leaf of another length cannot even be asked about.
        let holds = Hash::try_from(bytes(&vector["root"])).is_ok_and(|root| {
            Hash::try_from(bytes(&vector["leafHash"])).is_ok_and(|leaf| {
                proof(vector)
                    .is_some_and(|proof| inclusion(&leaf, number("leafIdx"), number("treeSize"), &proof, &root).is_ok())
            })
        });
        if holds == vector["wantErr"].as_bool().expect("wantErr") {
            wrong.push(name);
        }
    }
    assert_eq!(all.len(), 98);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn consistency_vectors_hold_exactly_where_they_should() {
    let Some(folder) = shared("sigstore/merkle_vectors/consistency") else { return };
    let mut all = Vec::new();
    vectors(&folder, &mut all);
    let mut wrong = Vec::new();
    for (name, vector) in &all {
        let number = |field: &str| vector[field].as_u64().expect("a number");
        // Some roots are words that only have to be equal or not: their hashes are too.
        let root = |field: &str| {
            let bytes = bytes(&vector[field]);
            Hash::try_from(bytes.as_slice()).unwrap_or_else(|_| *sha256(&bytes).as_bytes())
        };
        let (first, last) = (root("root1"), root("root2"));
        let holds = proof(vector)
            .is_some_and(|proof| consistency(number("size1"), &first, number("size2"), &last, &proof).is_ok());
        if holds == vector["wantErr"].as_bool().expect("wantErr") {
            wrong.push(name);
        }
    }
    assert_eq!(all.len(), 97);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_small_tree_proves_its_leaves_and_its_growth() {
    const MOST: usize = 40;
    let leaves = leaves(MOST);
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), tree(&[]));
    for last in 1..=MOST {
        frontier.push(leaves[last - 1]).expect("room");
        let root = tree(&leaves[..last]);
        let size = last as u64;
        assert_eq!((frontier.root(), frontier.size()), (root, size));
        assert_eq!(frontier.roots(), hashes(&leaves, &frontier_spans(size)));
        for index in 0..size {
            let proof = hashes(&leaves, &inclusion_spans(index, size).expect("in it"));
            assert_eq!(inclusion(&leaves[at(index)], index, size, &proof, &root), Ok(()));
            let other = inclusion(&leaves[at(index)], index, size, &proof, &leaf_hash(b"other"));
            assert!(matches!(other, Err(Fault::Root { .. })), "{other:?}");
        }
        for first in 1..=size {
            let proof = hashes(&leaves, &consistency_spans(first, size).expect("not smaller"));
            let before = tree(&leaves[..at(first)]);
            assert_eq!(consistency(first, &before, size, &root, &proof), Ok(()), "{first} to {size}");
            for altered in 0..proof.len() {
                let mut proof = proof.clone();
                proof[altered][0] ^= 1;
                let found = consistency(first, &before, size, &root, &proof);
                assert!(matches!(found, Err(Fault::Root { .. })), "{first} to {size}: {found:?}");
            }
        }
    }
}

#[test]
fn a_tree_goes_on_from_what_was_stored_of_it() {
    let leaves = leaves(300);
    for stop in [0, 1, 7, 128, 255, 256, 299] {
        let mut begun = Frontier::new();
        for leaf in &leaves[..stop] {
            begun.push(*leaf).expect("room");
        }
        let mut resumed = Frontier::of_roots(begun.size(), begun.roots().to_vec()).expect("its roots");
        for leaf in &leaves[stop..] {
            resumed.push(*leaf).expect("room");
        }
        assert_eq!(resumed.root(), tree(&leaves), "stopped at {stop}");
    }
    assert_eq!(Frontier::of_roots(5, vec![[0; 32]]), Err(Fault::Length { expected: 2, found: 1 }));
    let mut full = Frontier::of_roots(u64::MAX, vec![[1; 32]; 64]).expect("64 roots");
    assert!(matches!(full.push([2; 32]), Err(Fault::Sizes(_))));
}

#[test]
fn sizes_that_cannot_be_are_refused_and_the_largest_are_counted() {
    let (leaf, root) = ([1; 32], [2; 32]);
    for (index, size) in [(0, 0), (1, 1), (u64::MAX, 1), (u64::MAX, u64::MAX)] {
        assert!(matches!(inclusion(&leaf, index, size, &[], &root), Err(Fault::Sizes(_))), "{index} of {size}");
        assert!(matches!(inclusion_spans(index, size), Err(Fault::Sizes(_))), "{index} of {size}");
    }
    assert!(matches!(consistency(2, &leaf, 1, &root, &[]), Err(Fault::Sizes(_))));
    assert!(matches!(consistency_spans(2, 1), Err(Fault::Sizes(_))));
    assert!(matches!(consistency_spans(0, 9), Err(Fault::Sizes(_))));
    assert_eq!(inclusion(&leaf, 0, u64::MAX, &[], &root), Err(Fault::Length { expected: 64, found: 0 }));
    assert_eq!(inclusion_spans(0, u64::MAX).expect("in it").len(), 64);
    let half = (1 << 63) + 1;
    let needed = consistency_spans(half, u64::MAX).expect("grows").len();
    assert_eq!(consistency(half, &leaf, u64::MAX, &root, &[]), Err(Fault::Length { expected: needed, found: 0 }));
    assert_eq!(frontier_spans(u64::MAX).len(), 64);
    assert_eq!(frontier_spans(u64::MAX).last(), Some(&Span { begin: u64::MAX - 1, end: u64::MAX }));
}

proptest! {
    /// Whatever the numbers, the spans are as many as the check wants hashes, and nothing panics.
    #[test]
    fn spans_are_what_the_check_wants(first in any::<u64>(), last in any::<u64>(), noise in any::<[u8; 32]>()) {
        if let Ok(spans) = inclusion_spans(first, last) {
            let proof = vec![noise; spans.len()];
            let found = inclusion(&noise, first, last, &proof, &[0; 32]);
            let is_about_root = matches!(found, Err(Fault::Root { .. }));
            prop_assert!(is_about_root, "{found:?}");
        }
        if let Ok(spans) = consistency_spans(first, last) {
            let proof = vec![noise; spans.len()];
            let found = consistency(first, &[0; 32], last, &[1; 32], &proof);
            let is_about_root = matches!(found, Err(Fault::Root { .. }));
            prop_assert!(is_about_root, "{found:?}");
        }
    }

    #[test]
    fn no_numbers_panic(
        index in any::<u64>(), size in any::<u64>(), proof in prop::collection::vec(any::<[u8; 32]>(), 0..70)
    ) {
        prop_assert!(inclusion(&[1; 32], index, size, &proof, &[2; 32]).is_err());
        prop_assert!(consistency(index, &[1; 32], size, &[2; 32], &proof).is_err());
    }
}
