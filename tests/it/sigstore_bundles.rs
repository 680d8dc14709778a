//! Bundles of the clients' own tests, PEP 740 objects and RubyGems' bundle: each verifies or ends where it must.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::acquire::sigstore::attestation::{BoundTo, Verdict};
use gaitkeeper::acquire::sigstore::digest::{Algorithm, Digest};
use gaitkeeper::acquire::sigstore::document::Form;
use gaitkeeper::acquire::sigstore::steps::State;
use gaitkeeper::acquire::sigstore::trust::Trust;
use gaitkeeper::acquire::sigstore::verify::{Artifact, Expected, Signer, verify_bundle, verify_document};

use crate::shared::shared;
use crate::sigstore_material::{ended_at, ends, files, public_good, report, sha256};

/// Files that do not verify with the public good root nor with that of staging, and where they end. Either the
/// reason is damage on purpose, or the log or authority is none of the two instances.
const REFUSED: [(&str, &str); 20] = [
    // Nothing of the bundle but its verification material, or all but that.
    ("github-cli/github_provenance_demo-0.0.12-py3-none-any-bundle-missing-cert.jsonl", "unverifiable"),
    (
        "github-cli/github_provenance_demo-0.0.12-py3-none-any-bundle-missing-verification-material.jsonl",
        "unverifiable",
    ),
    // GitHub's private instance has no log.
    ("github-cli/github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl", "inclusion"),
    ("sigstore-rust/sigstore-bundle__tests__fixtures__bundle_v3_jdx_communique.json", "inclusion"),
    ("sigstore-rust/sigstore-tsa__test_data__timestamps__github_sha384_bundle.json", "inclusion"),
    ("sigstore-rust/sigstore-verify__test_data__bundles__github-private-attestation.sigstore.json", "inclusion"),
    ("sigstore-rust/sigstore-verify__test_data__timestamps__github_sha384_bundle.json", "inclusion"),
    // The payload is no statement.
    ("github-cli/sigstoreBundle-invalid-signature.json", "subject"),
    // Two signatures in one envelope.
    ("sigstore-go/dsse-2sigs.sigstore.json", "unverifiable"),
    ("sigstore-rust/sigstore-verify__test_data__bundles__dsse-2sigs.sigstore.json", "unverifiable"),
    // A third instance.
    ("sigstore-go/othername.sigstore.json", "promise"),
    ("sigstore-rust/sigstore-verify__test_data__bundles__othername.sigstore.json", "promise"),
    // The certificate is not the one that was logged.
    ("sigstore-python/bundle_cve_2022_36056.txt.sigstore", "entry"),
    ("sigstore-python/bundle_invalid_version.txt.sigstore", "unverifiable"),
    ("sigstore-python/bundle_no_cert_v1.txt.sigstore", "unverifiable"),
    // Proofs of an early client without checkpoints.
    ("sigstore-python/bundle_no_checkpoint.txt.sigstore", "inclusion"),
    ("sigstore-python/integration__Python-3.12.5.tgz.sigstore", "inclusion"),
    ("sigstore-python/bundle_no_log_entry.txt.sigstore", "promise"),
    // No source of time.
    ("sigstore-python/bundle_v3_no_signed_time.txt.sigstore.json", "time"),
    ("sigstore-rust/sigstore-verify__test_data__bundles__bundle_v3_no_signed_time.txt.sigstore.json", "time"),
];

/// As [`REFUSED`], for what concerns timestamp authorities and keys.
const REFUSED_FOR_TIME_OR_KEY: [(&str, &str); 6] = [
    // One token that is not about this signature beside others.
    ("sigstore-python/tsa__bundle.duplicate.sigstore", "time"),
    ("sigstore-python/tsa__bundle.many_timestamp.sigstore", "time"),
    // The authority is a test's own.
    ("sigstore-python/tsa__bundle.txt.sigstore", "time"),
    // The timestamp is later than the certificate's end.
    ("sigstore-python/tsa__bundle.txt.late_timestamp.sigstore", "certificate"),
    ("sigstore-rust/sigstore-tsa__test_data__timestamps__payload_mismatch_bundle.json", "time"),
    // The hint is that of a user's own key.
    ("sigstore-rust/sigstore-verify__test_data__managed-key__bundle.sigstore.json", "key_window"),
];

fn staging(folder: &Path) -> Trust {
    Trust::from_json(&fs::read_to_string(folder.join("trust/trusted_root_staging.json")).expect("a root"))
        .expect("the root of staging")
}

#[test]
fn each_bundle_of_the_clients_verifies_or_ends_where_the_table_says() {
    let Some(folder) = shared("sigstore") else { return };
    let roots = [public_good(), staging(&folder)];
    let bundles = folder.join("bundles");
    let (mut verified, mut refused, mut other) = (0, Vec::new(), 0);
    for path in files(&bundles) {
        let name = path.strip_prefix(&bundles).expect("a name").to_string_lossy().into_owned();
        let text = fs::read(&path).expect("a file");
        let Ok(reports) = roots
            .each_ref()
            .iter()
            .map(|trust| verify_document(&text, &Expected::default(), trust))
            .collect::<Result<Vec<_>, _>>()
        else {
            // Artifacts, trusted roots, signing configurations.
            other += 1;
            continue;
        };
        if reports.iter().any(|report| report.verdict() == Verdict::Verified) {
            verified += 1;
        } else {
            // The instance that came further says more.
            let last = reports.iter().max_by_key(|report| {
                report.attestations[0].steps.iter().filter(|step| step.state == State::Verified).count()
            });
            refused.push((name, ended_at(&last.expect("a report").attestations[0])));
        }
    }
    let mut table: Vec<(String, &str)> =
        REFUSED.iter().chain(&REFUSED_FOR_TIME_OR_KEY).map(|(name, step)| ((*name).to_owned(), *step)).collect();
    table.sort();
    assert_eq!(refused, table);
    assert_eq!((verified, other), (37, 38));
}

#[test]
fn a_users_own_key_and_a_tests_own_authority_verify_with_what_they_need() {
    let Some(folder) = shared("sigstore") else { return };
    let read = |name: &str| fs::read(folder.join("bundles").join(name)).expect("a file");
    let text = |name: &str| String::from_utf8(read(name)).expect("UTF-8");
    let managed = folder.join("conformance_assets/bundle-verify/managed-key-happy-path");
    let signer = Signer::of_pem(&fs::read_to_string(managed.join("key.pub")).expect("a key")).expect("a key");
    let file = fs::read(managed.join("../a.txt")).expect("the artifact");
    let bundle = read("sigstore-rust/sigstore-verify__test_data__managed-key__bundle.sigstore.json");
    let attestation = verify_bundle(&bundle, Artifact::Bytes(&file), &signer, &public_good());
    assert_eq!(ended_at(&attestation), "ok");
    let certified = fs::read(managed.join("../happy-path-v0.3/bundle.sigstore.json")).expect("a bundle");
    let attestation = verify_bundle(&certified, Artifact::Bytes(&file), &signer, &public_good());
    assert_eq!(ended_at(&attestation), "signature");
    let root = text("sigstore-rust/sigstore-tsa__test_data__timestamps__valid_trusted_root.json");
    let bundle = read("sigstore-rust/sigstore-tsa__test_data__timestamps__valid_bundle.json");
    assert_eq!(ends(&report(&bundle, &Trust::from_json(&root).expect("a root"))), ["ok"]);
}

#[test]
fn a_log_that_the_root_does_not_know_is_named() {
    let Some(path) = shared("sigstore/bundles/sigstore-python/bundle_v3.txt.sigstore") else { return };
    let report = report(&fs::read(path).expect("a bundle"), &public_good());
    let Verdict::Failed { why, .. } = report.verdict() else { panic!("refused") };
    let log = &report.attestations[0].log[0].log_id;
    assert!(why.contains("the trusted root does not know the log") && why.contains(log), "{why}");
}

/// PEP 740 objects, whether they were logged by staging, and the file that they are about.
const PEP740: [(&str, bool, &str); 7] = [
    ("gitlab_oidc_project-0.0.3.tar.gz.publish.attestation", false, "gitlab_oidc_project-0.0.3.tar.gz"),
    ("pypi_attestation_models-0.0.4a2.tar.gz.attestation", false, "pypi_attestation_models-0.0.4a2.tar.gz"),
    ("pypi_attestations-0.0.19.tar.gz.provenance", false, "pypi_attestations-0.0.19.tar.gz"),
    ("pypi_attestations-0.0.19.tar.gz.publish.attestation", false, "pypi_attestations-0.0.19.tar.gz"),
    ("pypi_attestations-0.0.19.tar.gz.slsa.attestation", false, "pypi_attestations-0.0.19.tar.gz"),
    ("rfc8785-0.1.2-py3-none-any.whl.attestation", true, "rfc8785-0.1.2-py3-none-any.whl"),
    ("rfc8785-0.1.2-py3-none-any.whl.publish.attestation", true, "rfc8785-0.1.2-py3-none-any.whl"),
];

#[test]
fn pep_740_objects_verify_for_their_file_and_for_no_other() {
    let Some(folder) = shared("sigstore") else { return };
    let roots = [public_good(), staging(&folder)];
    let mut table = csv::Reader::from_path(folder.join("artifact_digests.csv")).expect("the digests");
    let digests: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    for (name, on_staging, file) in PEP740 {
        let text = fs::read(folder.join("pypi").join(name)).expect("an object");
        let row = digests.iter().find(|row| row[0] == *format!("pypi/{file}")).expect("a row");
        let digest = |hex: &str| Digest::parse(&format!("sha256:{hex}")).expect("a digest");
        let right = Expected { purl: None, file: Some(file.to_owned()), digests: vec![digest(&row[2])] };
        let at = |expected: &Expected, root: bool| {
            let report = verify_document(&text, expected, &roots[usize::from(root)]).expect("an object");
            assert_eq!(report.form == Form::Pep740Provenance, name.ends_with(".provenance"));
            assert_eq!(report.attestations.len(), 1);
            (ended_at(&report.attestations[0]), report.attestations[0].clone())
        };
        let (end, attestation) = at(&right, on_staging);
        assert_eq!(end, "ok", "{name}: {:?}", attestation.verdict());
        assert_eq!(attestation.bound_to, BoundTo::Expected(right.digests[0].clone()));
        assert_eq!(attestation.publisher.is_some(), name.ends_with(".provenance"));
        assert_ne!(at(&right, !on_staging).0, "ok", "{name} with the other root");
        let spelled = Expected { file: Some(file.replace('_', "-").to_uppercase()), ..right.clone() };
        assert_eq!(at(&spelled, on_staging).0, "ok", "{name}");
        for wrong in [
            Expected { file: Some(format!("x{file}")), ..right.clone() },
            Expected { digests: vec![digest(&"0".repeat(64))], ..right.clone() },
            Expected { digests: vec![Digest::new(Algorithm::Sha512, vec![0; 64]).expect("64 bytes")], ..right },
        ] {
            assert_eq!(at(&wrong, on_staging).0, "subject", "{name}");
        }
    }
}

#[test]
fn what_pep_740_maps_to_is_what_the_bundle_says() {
    let Some(folder) = shared("sigstore/pypi") else { return };
    let trust = public_good();
    let of = |suffix: &str| {
        let name = format!("pypi_attestation_models-0.0.4a2.tar.gz.{suffix}");
        report(&fs::read(folder.join(name)).expect("a file"), &trust).attestations.remove(0)
    };
    let (object, bundle) = (of("attestation"), of("sigstore"));
    assert_eq!(object.statement, bundle.statement);
    assert_eq!(object.certificate, bundle.certificate);
    assert_eq!((object.log, object.verified_at), (bundle.log, bundle.verified_at));
}

#[test]
fn rubygems_bundles_are_read_from_a_list_and_damage_is_no_forgery() {
    let Some(path) = shared("sigstore/rubygems/sigstore-1.0.0.gem.sigstore.json") else { return };
    let trust = public_good();
    let good: serde_json::Value = serde_json::from_slice(&fs::read(path).expect("a bundle")).expect("JSON");
    let mut no_kind = good.clone();
    let entry = no_kind.pointer_mut("/verificationMaterial/tlogEntries/0").expect("an entry");
    entry.as_object_mut().expect("an object").remove("kindVersion").expect("a kind");
    let mut pem = good.clone();
    let raw = pem.pointer_mut("/verificationMaterial/certificate/rawBytes").expect("a certificate");
    let text = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", raw.as_str().expect("text"));
    *raw = STANDARD.encode(text).into();
    let list = serde_json::json!([good, no_kind, pem]).to_string();
    let report = report(list.as_bytes(), &trust);
    assert_eq!(report.form, Form::BundleArray);
    assert_eq!(ends(&report), ["ok", "unverifiable", "unverifiable"]);
    let why = |at: usize| match report.attestations[at].verdict() {
        Verdict::Unverifiable { why } => why,
        other => panic!("{other:?}"),
    };
    assert!(why(1).contains("kindVersion is missing") && why(2).contains("base64 of PEM"), "{} {}", why(1), why(2));
    assert!(matches!(report.verdict(), Verdict::Unverifiable { .. }));
}

#[test]
fn a_file_and_its_digest_come_to_the_same() {
    let Some(folder) = shared("sigstore/bundles/sigstore-python") else { return };
    let text = fs::read(folder.join("bundle_v3.txt.sigstore")).expect("a bundle");
    let file = fs::read(folder.join("bundle_v3.txt")).expect("the file");
    let trust = staging(&folder.join("../.."));
    let digest = Digest::parse(&sha256(&file)).expect("a digest");
    for artifact in [Artifact::Bytes(&file), Artifact::Digest(&digest)] {
        assert_eq!(ended_at(&verify_bundle(&text, artifact, &Signer::Any, &trust)), "ok");
    }
    let attestation = verify_bundle(&text, Artifact::Bytes(b"another file"), &Signer::Any, &trust);
    assert_eq!(ended_at(&attestation), "subject");
}
