//! Questions to a v1 log and the shapes of its answers.

use gaitkeeper::acquire::rekor::v1::{self, Key, Uuid};
use gaitkeeper::error::Error;
use gaitkeeper::pipeline::rekor::ask::Trouble;
use proptest::prelude::*;

#[test]
fn paths_hold_numbers_only() {
    assert_eq!(v1::public_key(Some("12&x=")).path, "api/v1/log/publicKey?treeID=12");
    assert_eq!(v1::public_key(None).path, "api/v1/log/publicKey");
    assert_eq!(v1::proof(3, 9, "12/../x").path, "api/v1/log/proof?firstSize=3&lastSize=9&treeID=12");
    assert_eq!(v1::entry_at(u64::MAX).path, "api/v1/log/entries?logIndex=18446744073709551615");
}

#[test]
fn names_of_both_forms_are_one_entry() {
    let leaf = "Ab".repeat(32);
    let short = Uuid::new(&leaf).expect("64 digits");
    let long = Uuid::new(&format!("108E9186E8C5677A{leaf}")).expect("80 digits");
    let other = Uuid::new(&format!("0000000000000001{leaf}")).expect("80 digits");
    assert!(short.names(&long) && long.names(&short) && !long.names(&other));
    assert_eq!((long.tree(), short.tree()), (Some("108e9186e8c5677a"), None));
    for wrong in ["", "zz", &leaf[1..], &format!("{leaf}0"), &"é".repeat(32), &"é".repeat(40)] {
        assert!(Uuid::new(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn keys_that_the_index_does_not_take_are_refused_before_they_are_sent() {
    let unfit = [
        Key::Digest("sha256:abc".to_owned()),
        Key::Digest(format!("md5:{}", "0".repeat(32))),
        Key::Digest("0".repeat(64)),
        Key::Email("nobody".to_owned()),
        Key::Subject(String::new()),
        Key::Subject("x".repeat(513)),
    ];
    for key in unfit {
        assert!(v1::search(&key).is_err(), "{key:?}");
    }
    let body = v1::search(&Key::Digest(format!("SHA256:{}", "AB".repeat(32)))).expect("a digest").body;
    assert_eq!(body, Some(format!(r#"{{"hash":"sha256:{}"}}"#, "ab".repeat(32)).into_bytes()));
    assert!(v1::search(&Key::Subject("é".repeat(512))).is_ok(), "characters, not bytes");
}

#[test]
fn a_log_describes_its_shards_with_their_offsets() {
    let shard = |tree: &str, size: u64| {
        let root = "ab".repeat(32);
        format!(r#""rootHash":"{root}","signedTreeHead":"note","treeID":"{tree}","treeSize":{size}"#)
    };
    let text = format!(
        r#"{{{},"inactiveShards":[{{{}}},{{{}}}]}}"#,
        shard("1193050959916656506", 2_125_863_214),
        shard("3904496407287907110", 4_163_431),
        shard("2605736670972794746", 117_740_831)
    );
    let log = v1::parse_log(text.as_bytes()).expect("a log");
    assert_eq!(log.offset("3904496407287907110"), Some(0));
    assert_eq!(log.offset("2605736670972794746"), Some(4_163_431));
    assert_eq!(log.offset("1193050959916656506"), Some(121_904_262));
    assert_eq!(log.offset("1"), None);
    assert_eq!(log.shard("2605736670972794746").map(|shard| shard.size), Some(117_740_831));
    let huge = text.replace(":4163431", &format!(":{}", u64::MAX));
    assert_eq!(v1::parse_log(huge.as_bytes()).expect("a log").offset("1193050959916656506"), None);
    for (from, to) in [("\"1193050959916656506\"", "\"1&x=2\""), ("abab", "ab"), ("4163431", "-1")] {
        assert!(v1::parse_log(text.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
    }
    assert!(v1::parse_log(text.replace("[{", "null,\"x\":[{").as_bytes()).expect("no shards").closed.is_empty());
}

#[test]
fn an_empty_list_may_be_null_and_a_long_one_is_cut() {
    assert_eq!(v1::parse_named(b"null").expect("nothing"), v1::NamedEntries::default());
    let many: Vec<String> = (0..100_005).map(|n| format!("{n:064x}")).collect();
    let named = v1::parse_named(serde_json::to_string(&many).expect("JSON").as_bytes()).expect("names");
    assert_eq!((named.uuids.len(), named.cut, named.refused), (100_000, 5, 0));
    let proof = format!(r#"{{"rootHash":"{0}","hashes":[{1}]}}"#, "00".repeat(32), vec!["\"\""; 129].join(","));
    assert!(v1::parse_proof(proof.as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in ".{0,100}") {
        let _ = v1::parse_log(&bytes);
        let _ = v1::parse_proof(&bytes);
        let _ = v1::parse_named(&bytes);
        let _ = v1::search(&Key::Digest(text.clone()));
        let _ = v1::search(&Key::Subject(text.clone()));
        let uuid = Uuid::new(&text);
        prop_assert!(uuid.is_none_or(|uuid| uuid.leaf().len() == 64));
        let question = v1::proof(1, 2, &text);
        prop_assert!(question.path.rsplit_once("treeID=").is_some_and(|(_, id)| id.bytes().all(|b| b.is_ascii_digit())));
        let _ = Trouble::of(Error::tool(text));
    }
}
