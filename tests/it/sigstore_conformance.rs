//! The sigstore conformance suite: 70 cases, each with the file and with its digest alone.

use std::fs;
use std::path::Path;

use gaitkeeper::acquire::sigstore::attestation::Verdict;
use gaitkeeper::acquire::sigstore::digest::Digest;
use gaitkeeper::acquire::sigstore::trust::Trust;
use gaitkeeper::acquire::sigstore::verify::{Artifact, Signer, verify_bundle};

use crate::shared::shared;
use crate::sigstore_material::sha256;

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Whether a case verifies; any error along the way counts as a refusal.
fn verifies(case: &Path, by_digest: bool, embedded: &Trust) -> bool {
    let read = |name: &str| fs::read_to_string(case.join(name)).ok();
    let own = match read("trusted_root.json").map(|root| Trust::from_json(&root)) {
        Some(Ok(trust)) => Some(trust),
        Some(Err(_)) => return false,
        None => None,
    };
    let signer = match read("key.pub").map(|key| Signer::of_pem(&key)) {
        Some(Ok(signer)) => signer,
        Some(Err(_)) => return false,
        None => Signer::Identity {
            identity: read("identity").map_or(IDENTITY.to_owned(), |text| text.trim().to_owned()),
            issuer: read("issuer").map_or(ISSUER.to_owned(), |text| text.trim().to_owned()),
        },
    };
    let artifact = fs::read(case.join("artifact"))
        .or_else(|_| fs::read(case.parent().expect("a folder of cases").join("a.txt")))
        .expect("the artifact");
    let digest = Digest::parse(&sha256(&artifact)).expect("a digest");
    let artifact = if by_digest { Artifact::Digest(&digest) } else { Artifact::Bytes(&artifact) };
    let bundle = fs::read(case.join("bundle.sigstore.json")).expect("the bundle");
    verify_bundle(&bundle, artifact, &signer, own.as_ref().unwrap_or(embedded)).verdict() == Verdict::Verified
}

#[test]
fn each_case_ends_as_its_name_says() {
    let Some(folder) = shared("sigstore/conformance_assets/bundle-verify") else { return };
    let embedded = Trust::embedded().expect("the embedded root");
    let (mut passing, mut failing, mut deviating) = (0, 0, Vec::new());
    for case in fs::read_dir(&folder).expect("the cases").map(|entry| entry.expect("an entry").path()) {
        if !case.is_dir() {
            continue;
        }
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let must_verify = !name.ends_with("_fail");
        *if must_verify { &mut passing } else { &mut failing } += 1;
        for by_digest in [false, true] {
            if verifies(&case, by_digest, &embedded) != must_verify {
                deviating.push((name.clone(), if by_digest { "digest" } else { "file" }));
            }
        }
    }
    assert_eq!((passing + failing, passing, failing), (70, 21, 49));
    assert!(deviating.is_empty(), "{deviating:?}");
}

#[test]
fn a_case_that_verifies_is_refused_for_another_identity_or_issuer() {
    let Some(case) = shared("sigstore/conformance_assets/bundle-verify/happy-path-v0.3") else { return };
    let trust = Trust::embedded().expect("the embedded root");
    let artifact = fs::read(case.join("../a.txt")).expect("the artifact");
    let bundle = fs::read(case.join("bundle.sigstore.json")).expect("the bundle");
    let verdict = |identity: &str, issuer: &str| {
        let signer = Signer::Identity { identity: identity.to_owned(), issuer: issuer.to_owned() };
        verify_bundle(&bundle, Artifact::Bytes(&artifact), &signer, &trust).verdict()
    };
    assert_eq!(verdict(IDENTITY, ISSUER), Verdict::Verified);
    for (identity, issuer) in [(&IDENTITY[1..], ISSUER), (IDENTITY, "https://issuer.example")] {
        assert!(matches!(verdict(identity, issuer), Verdict::Failed { why, .. } if why.contains("mismatch")));
    }
}
