//! Log entries: every real one is checked, every altered field is refused at its own step, and answers that
//! are none are refused with a reason.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::acquire::rekor::body::Identity;
use gaitkeeper::acquire::rekor::entry::{
    Entry, EntryReport, InclusionProof, MAX_ENTRIES, Step, check, of_leaf, parse_answer,
};
use gaitkeeper::acquire::rekor::keys::LogKeys;
use gaitkeeper::acquire::rekor::{hash_of_hex, hex};
use proptest::prelude::*;
use serde_json::{Value, json};
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};

use crate::rekor_samples::{logs_of, public_logs, public_tlog, real_entries};
use crate::shared::shared;

/// How many leaves the shards before each public one have.
const OFFSETS: [(&str, u64); 3] =
    [("108e9186e8c5677a", 121_904_262), ("24296fb24b8ad77a", 4_163_431), ("362f8ecba72f4326", 0)];

fn one(answer: &Value) -> Entry {
    let parsed = parse_answer(answer.to_string().as_bytes()).expect("an answer");
    assert_eq!(parsed.refused, [], "nothing refused");
    let [entry] = <[Entry; 1]>::try_from(parsed.entries).expect("one entry");
    entry
}

fn outcome(step: &Step) -> char {
    match step {
        Step::Verified => 'v',
        Step::Failed(_) => 'F',
        Step::Absent => '-',
    }
}

/// The steps in the order uuid, SET, inclusion, checkpoint.
fn outcomes(report: &EntryReport) -> String {
    [&report.uuid, &report.set, &report.inclusion, &report.checkpoint].map(outcome).iter().collect()
}

/// The answer of one entry, taken apart.
fn parts(answer: &Value) -> (String, Value) {
    let (uuid, entry) = answer.as_object().and_then(|object| object.iter().next()).expect("an entry");
    (uuid.clone(), entry.clone())
}

#[test]
fn every_real_entry_is_what_the_log_signed() {
    let Some(entries) = real_entries() else { return };
    let keys = public_logs();
    let mut steps = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    for answer in &entries {
        let entry = one(answer);
        let report = check(&entry, &keys);
        assert!(report.is_vouched(), "{}: {report:?}", entry.uuid);
        assert_eq!(report.time, entry.integrated_at);
        if let (Some(tree), Some(proof)) = (&entry.tree_id, &entry.proof) {
            let offset = OFFSETS.iter().find(|(name, _)| name == tree).expect("a public shard").1;
            assert_eq!(entry.index - proof.index, offset);
        }
        assert_eq!(entry.body.skipped, [] as [&str; 0], "{}", entry.uuid);
        let digests: Vec<_> = entry.body.digests.iter().map(|digest| format!(" {:?}", digest.of)).collect();
        let digests = digests.concat();
        assert!(entry.body.digests.iter().all(|digest| digest.key().len() == 71));
        *steps.entry(outcomes(&report)).or_insert(0) += 1;
        let signers = entry.body.identities.len();
        *kinds.entry(format!("{} {}{digests}, {signers}", entry.body.kind, entry.body.version)).or_insert(0) += 1;
    }
    assert_eq!(steps, [("vv--", 20), ("vvvv", 909)].map(|(steps, count)| (steps.to_owned(), count)).into());
    let expected = [
        ("dsse 0.0.1 Envelope Payload, 1", 12),
        ("hashedrekord 0.0.1 Artifact, 1", 893),
        ("intoto 0.0.2 Envelope Payload, 1", 24),
    ];
    assert_eq!(kinds, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
}

#[test]
fn a_real_answer_of_the_log_is_read_as_it_was_sent() {
    let Some(path) = shared("sigstore/rekor_v1/rekor-entry.json") else { return };
    let answer = parse_answer(&fs::read(path).expect("the answer")).expect("an answer");
    let entry = answer.entries.first().expect("an entry");
    assert_eq!((entry.index, entry.integrated_at), (2_125_858_158, Some(1_783_592_779)));
    assert_eq!(entry.tree_id.as_deref(), Some("108e9186e8c5677a"));
    let report = check(entry, &public_logs());
    assert_eq!((outcomes(&report).as_str(), report.time), ("vvvv", Some(1_783_592_779)));
}

/// Every way to alter an entry, and the steps that must see it. `?` may be either.
fn alterations(uuid: &str, entry: &Value) -> Vec<(String, String, Value, &'static str)> {
    let mut altered = Vec::new();
    let mut add = |what: &str, steps, alter: &dyn Fn(&mut Value)| {
        let mut entry = entry.clone();
        alter(&mut entry);
        altered.push((what.to_owned(), uuid.to_owned(), entry, steps));
    };
    let flip_hex = |value: &mut Value| {
        let text = value.as_str().expect("hex");
        let last = if text.ends_with('0') { '1' } else { '0' };
        *value = json!(format!("{}{last}", &text[..text.len() - 1]));
    };
    let bump = |value: &mut Value| *value = json!(value.as_u64().expect("a number") + 1);
    let flip_base64 = |value: &mut Value, at: usize| {
        let mut bytes = STANDARD.decode(value.as_str().expect("base64")).expect("base64");
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 1;
        *value = json!(STANDARD.encode(bytes));
    };
    let note = |alter: &dyn Fn(&str) -> String| {
        let alter = alter(entry["verification"]["inclusionProof"]["checkpoint"].as_str().expect("a note"));
        move |entry: &mut Value| entry["verification"]["inclusionProof"]["checkpoint"] = json!(alter)
    };
    add("nothing", "vvvv", &|_| ());
    add("body", "FFFv", &|entry| {
        let body = STANDARD.decode(entry["body"].as_str().expect("base64")).expect("base64");
        entry["body"] = json!(STANDARD.encode([&body[..], b" "].concat()));
    });
    add("time", "vFvv", &|entry| bump(&mut entry["integratedTime"]));
    add("no time", "vFvv", &|entry| entry["integratedTime"] = Value::Null);
    add("log", "vFvF", &|entry| flip_hex(&mut entry["logID"]));
    add("global index", "vFvv", &|entry| bump(&mut entry["logIndex"]));
    add("SET", "vFvv", &|entry| flip_base64(&mut entry["verification"]["signedEntryTimestamp"], 40));
    add("no SET", "v-vv", &|entry| entry["verification"]["signedEntryTimestamp"] = Value::Null);
    add("no proof", "vv--", &|entry| entry["verification"]["inclusionProof"] = Value::Null);
    add("no checkpoint", "vvv-", &|entry| entry["verification"]["inclusionProof"]["checkpoint"] = Value::Null);
    add("index", "vvFv", &|entry| bump(&mut entry["verification"]["inclusionProof"]["logIndex"]));
    add("size", "vv?F", &|entry| bump(&mut entry["verification"]["inclusionProof"]["treeSize"]));
    add("root", "vvFF", &|entry| flip_hex(&mut entry["verification"]["inclusionProof"]["rootHash"]));
    let hashes = entry["verification"]["inclusionProof"]["hashes"].as_array().map_or(0, Vec::len);
    for at in 0..hashes {
        add("a hash", "vvFv", &|entry| flip_hex(&mut entry["verification"]["inclusionProof"]["hashes"][at]));
    }
    add("a hash less", "vvFv", &|entry| {
        entry["verification"]["inclusionProof"]["hashes"].as_array_mut().expect("hashes").pop();
    });
    add("a hash more", "vvFv", &|entry| {
        entry["verification"]["inclusionProof"]["hashes"].as_array_mut().expect("hashes").push(json!("0".repeat(64)));
    });
    add("checkpoint's tree", "vvvF", &note(&|note| note.replacen(" - ", " - 1", 1)));
    add("checkpoint's size", "vvvF", &note(&|note| note.replacen('\n', "\n1", 1)));
    add("checkpoint's log", "vvvF", &note(&|note| note.replace("rekor.sigstore", "rekor.elsewhere")));
    add("checkpoint's signature", "vvvF", &note(&|note| note.replace("wNI9aj", "wNI9ak")));
    add("no signature", "vvvF", &note(&|note| note.split("— ").next().expect("text").to_owned()));
    altered
}

#[test]
fn every_altered_field_is_refused_at_its_step() {
    let Some(entries) = real_entries() else { return };
    let keys = public_logs();
    let mut tried = 0;
    for (number, answer) in entries.iter().enumerate() {
        let (uuid, entry) = parts(answer);
        let is_proved = entry["verification"]["inclusionProof"].is_object();
        // One in thirty of the files' signatures, and every attestation.
        if !is_proved || (number % 30 != 0 && one(answer).body.kind == "hashedrekord") {
            continue;
        }
        let mut all = alterations(&uuid, &entry);
        let other = |at: usize| {
            let mut digits = uuid.clone().into_bytes();
            digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
            String::from_utf8(digits).expect("hex")
        };
        all.push(("uuid's hash".to_owned(), other(79), entry.clone(), "Fvvv"));
        all.push(("uuid's tree".to_owned(), other(3), entry.clone(), "Fvvv"));
        all.push(("short uuid".to_owned(), uuid[16..].to_owned(), entry.clone(), "vvvv"));
        for (what, uuid, entry, expected) in all {
            let report = check(&one(&json!({&uuid: entry})), &keys);
            let found = outcomes(&report);
            let fits =
                found.chars().zip(expected.chars()).all(|(found, expected)| expected == '?' || found == expected);
            assert!(fits, "{uuid}: {what}: {found}, not {expected}: {report:?}");
            assert_eq!(report.is_vouched(), !found.contains('F'), "{what}");
            assert_eq!(report.time.is_some(), report.set == Step::Verified, "{what}");
            tried += 1;
        }
    }
    assert_eq!(tried, 1915, "alterations");
}

#[test]
fn a_key_outside_its_window_or_of_no_known_log_vouches_for_nothing() {
    let Some(entries) = real_entries() else { return };
    let entry = one(entries.iter().find(|answer| one(answer).proof.is_some()).expect("one with a proof"));
    let time = entry.integrated_at.expect("a time");
    assert_eq!(time, 1_662_501_959);
    for (end, expected) in [("2022-09-06T22:05:59Z", "vvvv"), ("2022-09-06T22:05:58Z", "vFvv")] {
        let mut log = public_tlog();
        log["publicKey"]["validFor"]["end"] = json!(end);
        assert_eq!(outcomes(&check(&entry, &logs_of(&[log]))), expected, "until {end}");
    }
    let staging = TrustedRoot::from_embedded(SigstoreInstance::Staging).expect("embedded root");
    let report = check(&entry, &LogKeys::of_root(&staging));
    assert_eq!(outcomes(&report), "vFvF");
    assert!(!report.is_vouched() && report.time.is_none());
}

#[test]
fn an_entry_that_nothing_was_signed_about_is_not_vouched_for() {
    let Some(entries) = real_entries() else { return };
    let (uuid, mut entry) = parts(&entries[0]);
    entry["verification"]["signedEntryTimestamp"] = Value::Null;
    entry["verification"]["inclusionProof"]["checkpoint"] = Value::Null;
    let report = check(&one(&json!({&uuid: entry.clone()})), &public_logs());
    assert_eq!((outcomes(&report).as_str(), report.is_vouched()), ("v-v-", false));
    entry.as_object_mut().expect("an entry").remove("verification");
    let report = check(&one(&json!({uuid: entry})), &public_logs());
    assert_eq!((outcomes(&report).as_str(), report.is_vouched()), ("v---", false));
}

/// An entry of a v2 log from a bundle that carries one.
fn from_bundle(entry: &Value) -> Entry {
    let bytes = |value: &Value| STANDARD.decode(value.as_str().expect("base64")).expect("base64");
    let number = |value: &Value| value.as_str().and_then(|digits| digits.parse().ok()).expect("a number");
    let hash = |value: &Value| <[u8; 32]>::try_from(bytes(value)).expect("a hash");
    let proof = &entry["inclusionProof"];
    let log_id = hash(&entry["logId"]["keyId"]);
    let parsed = of_leaf(&log_id, number(&entry["logIndex"]), bytes(&entry["canonicalizedBody"])).expect("an entry");
    let proof = InclusionProof {
        index: number(&proof["logIndex"]),
        size: number(&proof["treeSize"]),
        root: hash(&proof["rootHash"]),
        hashes: proof["hashes"].as_array().expect("hashes").iter().map(hash).collect(),
        checkpoint: proof["checkpoint"]["envelope"].as_str().map(str::to_owned),
    };
    Entry { proof: Some(proof), ..parsed }
}

#[test]
fn real_leaves_of_a_tile_log_are_read_and_proved() {
    let Some(folder) = shared("sigstore/conformance_assets/bundle-verify") else { return };
    let mut read = 0;
    for case in ["rekor2-happy-path", "rekor2-dsse-happy-path", "rekor2-timestamp-with-embedded-cert"] {
        let text = fs::read_to_string(folder.join(case).join("bundle.sigstore.json")).expect("a bundle");
        let bundle: Value = serde_json::from_str(&text).expect("JSON");
        let entry = from_bundle(&bundle["verificationMaterial"]["tlogEntries"][0]);
        let root = TrustedRoot::from_file(folder.join(case).join("trusted_root.json")).expect("a root");
        let keys = LogKeys::of_root(&root);
        assert_eq!(outcomes(&check(&entry, &keys)), "v-vv", "{case}");
        assert!(check(&entry, &keys).is_vouched());
        assert_eq!((entry.body.kind.as_str(), entry.body.version.as_str()), ("hashedrekord", "0.0.2"));
        assert_eq!(entry.body.digests.len(), 1);
        assert!(matches!(entry.body.identities[..], [Identity::Certificate(_)]), "{case}");
        assert_eq!(entry.body.skipped, [] as [&str; 0]);
        assert_eq!(entry.uuid, hex(&entry.leaf_hash));
        // A v2 log has one tree: the entry's index is the proof's.
        let moved = Entry { index: entry.index + 1, ..entry };
        assert_eq!(outcomes(&check(&moved, &keys)), "v-Fv", "{case}");
        read += 1;
    }
    assert_eq!(read, 3);
}

/// An answer whose entry has these fields in place of good ones, and why it is refused.
fn refused(fields: &Value) -> String {
    let body = json!({"kind": "rpm", "apiVersion": "0.0.1"}).to_string();
    let mut entry = json!({"body": STANDARD.encode(body), "integratedTime": 1, "logID": "0".repeat(64), "logIndex": 1});
    for (field, value) in fields.as_object().expect("fields") {
        entry[field] = value.clone();
    }
    let answer = parse_answer(json!({"0".repeat(64): entry}).to_string().as_bytes()).expect("an answer");
    assert_eq!(answer.entries.len() + answer.refused.len(), 1);
    answer.refused.into_iter().map(|refused| refused.reason).collect()
}

#[test]
fn a_malformed_entry_is_refused_with_its_reason_and_the_others_are_kept() {
    assert_eq!(refused(&json!({})), "");
    let proof = |fields: Value| {
        let mut proof = json!({"hashes": [], "logIndex": 1, "treeSize": 1, "rootHash": "0".repeat(64)});
        for (field, value) in fields.as_object().expect("fields") {
            proof[field] = value.clone();
        }
        json!({"verification": {"inclusionProof": proof}})
    };
    assert_eq!(refused(&proof(json!({}))), "");
    for (fields, reason) in [
        (json!({"body": 1}), "not a log entry"),
        (json!({"body": "%"}), "body is not base64"),
        (json!({"body": ""}), "the body is not that of an entry"),
        (json!({"body": "e30"}), "body is not base64"),
        (json!({"integratedTime": "1"}), "not a log entry"),
        (json!({"integratedTime": 1.5}), "not a log entry"),
        (json!({"logID": "0"}), "logID is not 64 hex"),
        (json!({"logID": "\u{e9}".repeat(32)}), "logID is not 64 hex"),
        (json!({"logIndex": -1}), "not a log entry"),
        (json!({"logIndex": null}), "not a log entry"),
        (json!({"verification": {"signedEntryTimestamp": "%"}}), "signedEntryTimestamp is not base64"),
        (proof(json!({"hashes": ["0"]})), "a hash of its proof"),
        (proof(json!({"rootHash": "0"})), "a hash of its proof"),
        (proof(json!({"hashes": vec!["0".repeat(64); 65]})), "65 hashes, more than 64"),
        (proof(json!({"treeSize": -1})), "not a log entry"),
    ] {
        let found = refused(&fields);
        assert!(found.contains(reason), "{fields}: {found}");
    }
    let good = r#"{"body":"eyJraW5kIjoieCIsImFwaVZlcnNpb24iOiIxIn0=","logID":"LOG","logIndex":18446744073709551615}"#;
    let good = good.replace("LOG", &"A".repeat(64));
    let (first, second) = ("A".repeat(64), "b".repeat(80));
    let text =
        format!(r#" [{{"{first}":{good},"{}":{good},"short":{good}}},{{}},{{"{second}":{good}}}]"#, "a".repeat(64));
    let answer = parse_answer(text.as_bytes()).expect("an answer");
    assert_eq!(answer.entries.iter().map(|entry| entry.uuid.len()).collect::<Vec<_>>(), [64, 80]);
    assert_eq!(answer.entries[0].log_id, "a".repeat(64));
    assert_eq!(answer.entries[0].index, u64::MAX);
    let reasons: Vec<_> = answer.refused.iter().map(|refused| refused.reason.as_str()).collect();
    assert_eq!(reasons, ["the answer repeats it", "its uuid is not 64 or 80 hex digits"]);
    // Nothing about it can be true, and nothing panics over it.
    assert_eq!(outcomes(&check(&answer.entries[0], &public_logs())), "F---");
}

#[test]
fn an_answer_with_too_much_or_nothing_in_it_says_so() {
    let many: Vec<_> = (0..MAX_ENTRIES + 7).map(|n| format!(r#""{n:064x}":1"#)).collect();
    let answer = parse_answer(format!("{{{}}}", many.join(",")).as_bytes()).expect("an answer");
    assert_eq!((answer.entries.len(), answer.refused.len()), (0, MAX_ENTRIES + 1));
    assert_eq!(answer.refused[MAX_ENTRIES].reason, "7 more than the 1000 entries that are taken from one answer");
    let long = format!(r#"{{"{}\u001b":1}}"#, "\u{e9}".repeat(4000));
    let quoted = &parse_answer(long.as_bytes()).expect("an answer").refused[0].uuid;
    assert!(quoted.len() < 210 && quoted.ends_with("..."));
    assert_eq!(parse_answer(b"[]").expect("none"), parse_answer(b"{}").expect("none"));
    for wrong in ["", "null", "1", "<html>429</html>", "[1]", "[[]]", "{", "[{}", "{}x", r#"{"code":404"#] {
        let error = parse_answer(wrong.as_bytes()).expect_err("no answer");
        assert!(error.place.is_some() && error.remedy.is_some(), "{wrong}");
    }
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    assert!(parse_answer(&deep).is_err());
    let deep = format!(r#"{{"{}":{}}}"#, "0".repeat(64), "[".repeat(100_000) + &"]".repeat(100_000));
    assert_eq!(parse_answer(deep.as_bytes()).map_or(1, |answer| answer.refused.len()), 1);
    assert_eq!(hash_of_hex(&"+f".repeat(32)), None);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[\\[{\"a-f0-9:,}\\]]{0,80}") {
        for answer in [parse_answer(&bytes), parse_answer(text.as_bytes())] {
            prop_assert!(answer.is_err() || answer.is_ok_and(|answer| answer.entries.is_empty()));
        }
    }

    /// No single altered byte of a real answer leaves an entry that is other than it was and wholly good.
    #[test]
    fn no_altered_byte_passes(number in 0_usize..929, at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let Some(entries) = real_entries() else { return Ok(()) };
        let before = one(&entries[number]);
        let mut bytes = entries[number].to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = with;
        let keys = public_logs();
        for after in parse_answer(&bytes).map(|answer| answer.entries).unwrap_or_default() {
            let good = outcomes(&check(&after, &keys)) == outcomes(&check(&before, &keys));
            prop_assert!(!good || after == before, "byte {at}");
        }
    }
}
