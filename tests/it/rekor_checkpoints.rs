//! Checkpoints: real notes of both kinds of log, what of a note may be altered, and notes that are none.

use std::collections::BTreeMap;
use std::fs;

use gaitkeeper::acquire::rekor::checkpoint::{Refused, open, open_at};
use gaitkeeper::acquire::rekor::hex;
use gaitkeeper::acquire::rekor::keys::{LogKeys, Style};
use gaitkeeper::error::Error;
use proptest::prelude::*;
use serde_json::json;

use crate::rekor_samples::{EntryLog, TileLog, logs_of, public_logs, public_tlog, real_entries, signature_line};
use crate::shared::shared;

/// The kind of a refusal, for tables.
fn kind(refused: &Refused) -> &'static str {
    match refused {
        Refused::Malformed(_) => "malformed",
        Refused::UnknownLog(_) => "unknown",
        Refused::Signature(_) => "signature",
        Refused::Origin(_) => "origin",
        Refused::Window(_) => "window",
    }
}

fn opened(note: &str, keys: &LogKeys) -> &'static str {
    open(note, keys).map_or_else(|refused| kind(&refused), |_| "good")
}

const ROOT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn text(origin: &str) -> String {
    format!("{origin}\n736\n{ROOT}\n")
}

#[test]
fn the_public_root_has_one_log_of_each_kind() {
    let keys = public_logs();
    let logs: Vec<_> = keys.logs().iter().map(|log| (log.name.as_str(), log.style)).collect();
    assert_eq!(logs, [("rekor.sigstore.dev", Style::Entries), ("log2025-1.rekor.sigstore.dev", Style::Tiles)]);
    assert!(keys.refused().is_empty());
}

#[test]
fn logs_that_cannot_be_used_are_named_with_the_reason() {
    let good = public_tlog();
    let mut renamed = TileLog::new().tlog;
    renamed["baseUrl"] = json!("https://other.example");
    let mut key = good.clone();
    key["publicKey"]["rawBytes"] = json!("AAAA");
    let mut id = good.clone();
    id["logId"]["keyId"] = json!("AAAA");
    let keys = logs_of(&[good.clone(), good, renamed, key, id]);
    assert_eq!(keys.logs().len(), 1);
    let reasons: Vec<_> = keys.refused().iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons.len(), 4);
    for (reason, part) in reasons.iter().zip(["already", "under the name other.example", "key cannot", "32 bytes"]) {
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn the_live_checkpoint_of_a_tile_log_opens() {
    let Some(path) = shared("sigstore/rekor_v2_live_checkpoint_2026-07-20.txt") else { return };
    let note = fs::read_to_string(path).expect("the note");
    let found = open(&note, &public_logs()).expect("a checkpoint");
    assert_eq!((found.origin.as_str(), found.size), ("log2025-1.rekor.sigstore.dev", 34_356_369));
    assert_eq!(hex(&found.root), "740f6632bd2c9935e0a3b9c6b04d3565d73928e3aa4ecdbfcd87dd4aac4efa4b");
    assert_eq!((found.tree_id, found.ignored), (None, 0));
}

#[test]
fn every_checkpoint_of_the_real_entries_opens() {
    let Some(entries) = real_entries() else { return };
    let keys = public_logs();
    let mut trees = BTreeMap::new();
    for entry in entries.iter().flat_map(|line| line.as_object().expect("an object").values()) {
        let Some(note) = entry["verification"]["inclusionProof"]["checkpoint"].as_str() else { continue };
        let found = open(note, &keys).expect("a checkpoint");
        assert_eq!(hex(&found.log_id), entry["logID"].as_str().expect("a log id"));
        *trees.entry(found.tree_id.expect("a tree")).or_insert(0) += 1;
    }
    let expected = [("1193050959916656506", 552), ("2605736670972794746", 351), ("3904496407287907110", 6)];
    assert_eq!(trees, expected.map(|(tree, count)| (tree.to_owned(), count)).into());
}

#[test]
fn conformance_notes_open_or_are_refused_for_the_right_reason() {
    let Some(folder) = shared("sigstore/conformance_assets/bundle-verify") else { return };
    let expected = [
        ("cosigned", "good 1"),
        ("multiple-cosigs", "good 2"),
        ("origin-not-first", "good 1"),
        ("two-sigs-cosigned", "good 2"),
        ("two-sigs-from-origin", "good 1"),
        ("missing-log-signature_fail", "malformed"),
        ("missing-origin_fail", "malformed"),
        ("missing-root-hash_fail", "malformed"),
        ("missing-size_fail", "malformed"),
        ("no-matching-signature_fail", "signature"),
    ];
    for (case, outcome) in expected {
        let folder = folder.join(format!("rekor2-checkpoint-{case}"));
        let bundle = fs::read_to_string(folder.join("bundle.sigstore.json")).expect("a bundle");
        let bundle: serde_json::Value = serde_json::from_str(&bundle).expect("JSON");
        let proof = &bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"];
        let note = proof["checkpoint"]["envelope"].as_str().expect("a note");
        let root = sigstore_verify::trust_root::TrustedRoot::from_file(folder.join("trusted_root.json"));
        let found = match open(note, &LogKeys::of_root(&root.expect("a root"))) {
            Ok(checkpoint) => format!("good {}", checkpoint.ignored),
            Err(refused) => kind(&refused).to_owned(),
        };
        assert_eq!(found, outcome, "{case}");
    }
}

#[test]
fn only_the_logs_own_name_and_origin_are_taken() {
    let (entries, tiles) = (EntryLog::new(), TileLog::new());
    let keys = logs_of(&[entries.tlog.clone(), tiles.tlog.clone()]);
    assert_eq!(keys.refused(), []);
    let good = open(&entries.note(&text("log.example - 42"), "log.example"), &keys).expect("its own");
    assert_eq!((good.tree_id.as_deref(), good.size, good.root), (Some("42"), 736, [0; 32]));
    assert_eq!(good.text, text("log.example - 42"));
    for origin in ["log.example", "log.example - ", "log.example - 4a", "log.example - 042", "other.example - 42"] {
        assert_eq!(opened(&entries.note(&text(origin), "log.example"), &keys), "origin", "{origin}");
    }
    assert_eq!(opened(&entries.note(&text("log.example - 42"), "other.example"), &keys), "origin");
    assert_eq!(opened(&tiles.note(&text("tiles.example"), "tiles.example"), &keys), "good");
    for origin in ["tiles.example - 42", "tiles.example/", "log.example - 42"] {
        assert_eq!(opened(&tiles.note(&text(origin), "tiles.example"), &keys), "origin", "{origin}");
    }
}

#[test]
fn lines_of_others_are_passed_over_wherever_they_stand() {
    let log = TileLog::new();
    let keys = logs_of(std::slice::from_ref(&log.tlog));
    let text = text("tiles.example");
    let own = log.line(&text, "tiles.example");
    let witness = signature_line("witness.example", &[9; 4], &[4; 72]);
    let quantum = signature_line("witness.example/pq", &[8; 4], &[6; 2428]);
    // Whoever picks the log's id for a line of their own cannot make the log's line bad.
    let posing = signature_line("tiles.example", &log.log_id, &[1; 64]);
    for lines in [[&witness, &own, &quantum], [&posing, &own, &witness], [&own, &quantum, &posing]] {
        let note = format!("{text}\n{}{}{}", lines[0], lines[1], lines[2]);
        assert_eq!(open(&note, &keys).expect("a good line").ignored, 2);
    }
    assert_eq!(opened(&format!("{text}\n{witness}{quantum}"), &keys), "unknown");
    assert_eq!(opened(&format!("{text}\n{witness}{posing}"), &keys), "signature");
    assert_eq!(opened(&format!("{text}\n{}{own}", witness.repeat(99)), &keys), "good");
    assert_eq!(opened(&format!("{text}\n{own}{}", witness.repeat(100)), &keys), "malformed");
}

#[test]
fn further_lines_of_the_text_are_signed_too() {
    let log = TileLog::new();
    let keys = logs_of(std::slice::from_ref(&log.tlog));
    let text = format!("{}Timestamp: 1689177396617352539\n", text("tiles.example"));
    let note = log.note(&text, "tiles.example");
    assert_eq!(opened(&note, &keys), "good");
    assert_eq!(opened(&note.replace("1689", "1690"), &keys), "signature");
}

#[test]
fn notes_that_are_none_are_malformed_even_when_signed() {
    let log = TileLog::new();
    let keys = logs_of(std::slice::from_ref(&log.tlog));
    let signed = |text: &str| log.note(text, "tiles.example");
    let good = signed(&text("tiles.example"));
    assert_eq!(opened(&good, &keys), "good");
    let wrong = [
        String::new(),
        "\n\n".to_owned(),
        "\n\n\n".to_owned(),
        text("tiles.example"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("{good}x\n"),
        good.replace('\n', "\r\n"),
        good.replace("— ", "- "),
        good.replace("— tiles.example ", "— "),
        good.replace("— tiles.example ", "— tiles+example "),
        format!("{good}— witness.example AAAAAA==\n"),
        format!("{good}— witness.example !\n"),
        signed(&format!("\n736\n{ROOT}\n")),
        signed(&format!("tiles.example\n-1\n{ROOT}\n")),
        signed(&format!("tiles.example\n+736\n{ROOT}\n")),
        signed(&format!("tiles.example\n0736\n{ROOT}\n")),
        signed(&format!("tiles.example\n\n{ROOT}\n")),
        signed(&format!("tiles.example\n18446744073709551616\n{ROOT}\n")),
        signed("tiles.example\n736\nAAAA\n"),
        signed(&format!("tiles.example\n736\n{ROOT} \n")),
        signed("tiles.example\n736\n"),
        signed(&format!("{}\u{1b}[2J\n", text("tiles.example"))),
        signed(&format!("{}{}\n", text("tiles.example"), "x".repeat(600 << 10))),
    ];
    for note in wrong {
        let found = opened(&note, &keys);
        assert_eq!(found, "malformed", "{:?}", note.chars().take(300).collect::<String>());
    }
    let largest = signed(&format!("tiles.example\n{}\n{ROOT}\n", u64::MAX));
    assert_eq!(open(&largest, &keys).expect("a size").size, u64::MAX);
}

#[test]
fn a_key_counts_only_within_its_window_where_the_time_is_known() {
    let log = TileLog::new();
    let keys = logs_of(std::slice::from_ref(&log.tlog));
    let note = log.note(&text("tiles.example"), "tiles.example");
    let (start, end) = (1_577_836_800, 1_893_456_000);
    for (at, expected) in [(start - 1, "window"), (start, "good"), (end, "good"), (end + 1, "window")] {
        assert_eq!(open_at(&note, &keys, at).map_or_else(|refused| kind(&refused), |_| "good"), expected, "{at}");
    }
    assert_eq!(opened(&note, &keys), "good");
}

#[test]
fn a_refusal_is_an_error_with_place_and_remedy() {
    let keys = public_logs();
    let error = Error::from(open("nothing", &keys).expect_err("no note"));
    assert_eq!(error.place.as_deref(), Some("checkpoint"));
    assert!(error.remedy.is_some() && error.what.contains("malformed"), "{error:?}");
}

proptest! {
    #[test]
    fn no_text_panics(note in any::<String>(), lines in prop::collection::vec("[—a-zA-Z0-9+/= \n-]{0,60}", 0..8)) {
        let keys = public_logs();
        prop_assert!(open(&note, &keys).is_err());
        prop_assert!(open(&lines.join("\n"), &keys).is_err());
    }

    /// No single altered character leaves a note good and different.
    #[test]
    fn no_altered_character_passes(at in 0_usize..1000, with in any::<char>()) {
        let log = TileLog::new();
        let keys = logs_of(std::slice::from_ref(&log.tlog));
        let note = log.note(&text("tiles.example"), "tiles.example");
        let mut chars: Vec<char> = note.chars().collect();
        let at = at % chars.len();
        prop_assume!(chars[at] != with);
        chars[at] = with;
        prop_assert!(open(&chars.into_iter().collect::<String>(), &keys).is_err());
    }
}
