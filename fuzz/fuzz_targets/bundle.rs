//! Attestation documents of every shape: verified, and what is kept of them.
#![no_main]

use std::sync::LazyLock;

use gaitkeeper_fuzz::acquire::sigstore::certified;
use gaitkeeper_fuzz::acquire::sigstore::trust::Trust;
use gaitkeeper_fuzz::acquire::sigstore::verify::{Expected, verify_document};
use libfuzzer_sys::fuzz_target;

static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::embedded().expect("the embedded root is sound"));

fuzz_target!(|data: &[u8]| {
    if let Ok(report) = verify_document(data, &Expected::default(), &TRUST) {
        let _ = certified::of(&report);
    }
});
