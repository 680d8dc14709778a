//! Certificates, the identities in them, and the statements and publishers that are compared with them.
#![no_main]

use gaitkeeper_fuzz::acquire::rekor::body::Identity;
use gaitkeeper_fuzz::acquire::rekor::signer::Signer;
use gaitkeeper_fuzz::acquire::sigstore::certificate::{self, Certificate};
use gaitkeeper_fuzz::acquire::sigstore::level::level;
use gaitkeeper_fuzz::acquire::sigstore::{claims, identity, publisher};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let certificate = certificate::read(data).ok();
    if let Some(certificate) = &certificate {
        let _ = identity::signer(certificate);
        let _ = level(None, Some(certificate), true);
    }
    let _ = Signer::of(&Identity::Certificate(data.to_vec()));
    let _ = Signer::of(&Identity::PublicKey(data.to_vec()));
    // No bytes are a certificate and a statement at once, so a statement meets an empty certificate.
    let certificate = certificate.unwrap_or_else(Certificate::default);
    if let Ok(Some(claims)) = claims::read(data) {
        let _ = claims::differences(&claims, &certificate);
        let _ = level(Some(&claims), Some(&certificate), true);
    }
    if let Ok(publisher) = publisher::read(data) {
        let _ = publisher::differences(&publisher, &certificate);
    }
});
