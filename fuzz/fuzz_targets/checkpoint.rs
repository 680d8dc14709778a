//! What a transparency log answers: signed checkpoints, entries with their proofs, and its own state.
#![no_main]

use std::sync::LazyLock;

use gaitkeeper_fuzz::acquire::rekor::keys::LogKeys;
use gaitkeeper_fuzz::acquire::rekor::{checkpoint, entry, v1};
use gaitkeeper_fuzz::acquire::sigstore::trust::Trust;
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<LogKeys> =
    LazyLock::new(|| LogKeys::of_root(Trust::embedded().expect("the embedded root is sound").root()));

fuzz_target!(|data: &[u8]| {
    if let Ok(note) = std::str::from_utf8(data) {
        if let Err(refused) = checkpoint::open(note, &KEYS) {
            let _ = refused.to_string();
        }
    }
    if let Ok(answer) = entry::parse_answer(data) {
        for entry in &answer.entries {
            let _ = entry::check(entry, &KEYS).is_vouched();
        }
    }
    let _ = v1::parse_log(data);
    let _ = v1::parse_proof(data);
    let _ = v1::parse_named(data);
});
