//! npm's attestation documents: real ones verify, altered ones end at the right step.

use std::fs;
use std::path::Path;

use gaitkeeper::acquire::sigstore::attestation::{BoundTo, Verdict};
use gaitkeeper::acquire::sigstore::document::Form;
use gaitkeeper::acquire::sigstore::steps::StepId;
use gaitkeeper::acquire::sigstore::verify::{Expected, verify_document};
use serde_json::{Value, json};

use crate::shared::shared;
use crate::sigstore_material as material;
use crate::sigstore_material::{ended_at, ends, first_subject, letters, public_good, report};

/// Real documents with how many attestations they hold.
const REAL: [(&str, usize); 12] = [
    ("npm-cli/valid-sigstore-attestations.json", 2),
    ("npm-cli/valid-tuf-js-attestations.json", 2),
    ("pacote/valid-attestations.json", 2),
    ("playwright-2026/playwright-cli-0.1.1-attestations.json", 2),
    ("playwright-2026/playwright-cli-0.1.1-provenance.sigstore.json", 1),
    ("playwright-2026/playwright-cli-0.1.1-publish.sigstore.json", 1),
    ("slsa-verifier/gundam-visor-cli-v1-tag.tgz.json", 2),
    ("slsa-verifier/provenance-npm-test-cli-v02-prega.tgz.json", 2),
    ("slsa-verifier/provenance-npm-test-cli-v1-prega.tgz.json", 2),
    ("slsa-verifier/provenance-npm-test-ossf.tgz.json", 2),
    ("slsa-verifier/supreme-googles-cli-v02-tag.tgz.json", 2),
    ("slsa-verifier-unit/npm-attestations.intoto.sigstore", 2),
];

/// Altered documents with where their first and second attestation end.
const ALTERED: [(&str, [&str; 2]); 29] = [
    ("pacote/invalid-attestations.json", ["ok", "unverifiable"]),
    ("pacote/malformed-subject-attestations.json", ["ok", "subject"]),
    ("pacote/mismatched-keyid-attestations.json", ["key_window", "ok"]),
    ("pacote/mismatched-subject-digest-attestations.json", ["ok", "subject"]),
    ("pacote/mismatched-subject-name-attestations.json", ["ok", "subject"]),
    ("pacote/no-keyid-attestations.json", ["signature", "key_window"]),
    ("pacote/unsupported-attestations.json", ["ok", "subject"]),
    ("slsa-verifier/gundam-visor-cli-v1-tag-invalidsigprov.tgz.json", ["ok", "signature"]),
    ("slsa-verifier/gundam-visor-cli-v1-tag-invalidsigpub.tgz.json", ["signature", "ok"]),
    ("slsa-verifier/provenance-npm-test-cli-v02-prega-invalidsigprov.tgz.json", ["ok", "signature"]),
    ("slsa-verifier/provenance-npm-test-cli-v02-prega-invalidsigpub.tgz.json", ["subject", "ok"]),
    ("slsa-verifier/provenance-npm-test-cli-v1-prega-invalidsigprov.tgz.json", ["ok", "signature"]),
    ("slsa-verifier/provenance-npm-test-cli-v1-prega-invalidsigpub.tgz.json", ["signature", "ok"]),
    ("slsa-verifier/provenance-npm-test-ossf-invalidsigprov.tgz.json", ["ok", "signature"]),
    ("slsa-verifier/provenance-npm-test-ossf-invalidsigpub.tgz.json", ["subject", "ok"]),
    ("slsa-verifier/supreme-googles-cli-v02-tag-invalidsigprov.tgz.json", ["ok", "signature"]),
    ("slsa-verifier/supreme-googles-cli-v02-tag-invalidsigpub.tgz.json", ["subject", "ok"]),
    ("slsa-verifier-unit/npm-att-mismatch-prov-payloadtype.intoto.sigstore", ["subject", "ok"]),
    ("slsa-verifier-unit/npm-att-mismatch-prov-predicatetype.intoto.sigstore", ["subject", "ok"]),
    ("slsa-verifier-unit/npm-att-mismatch-pub-payloadtype.intoto.sigstore", ["subject", "ok"]),
    ("slsa-verifier-unit/npm-att-mismatch-pub-predicatetype.intoto.sigstore", ["ok", "subject"]),
    ("slsa-verifier-unit/npm-att-prov-invalid-signature.intoto.sigstore", ["signature", "ok"]),
    ("slsa-verifier-unit/npm-att-publish-invalid-signature.intoto.sigstore", ["ok", "subject"]),
    ("slsa-verifier-unit/npm-att-publish-nodigest.intoto.sigstore", ["ok", "subject"]),
    ("slsa-verifier-unit/npm-att-publish-nosubjects.intoto.sigstore", ["ok", "subject"]),
    ("slsa-verifier-unit/npm-stmt-mismatch-prov-predicatetype.intoto.sigstore", ["subject", "ok"]),
    ("slsa-verifier-unit/npm-stmt-mismatch-prov-type.intoto.sigstore", ["subject", "ok"]),
    ("slsa-verifier-unit/npm-stmt-mismatch-pub-predicatetype.intoto.sigstore", ["ok", "subject"]),
    ("slsa-verifier-unit/npm-stmt-mismatch-pub-type.intoto.sigstore", ["ok", "subject"]),
];

const PLAYWRIGHT: &str = "sigstore/npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json";

/// What a document of the material ought to be about, from its unaltered sibling.
fn expected(folder: &Path, name: &str) -> Expected {
    let original = match name.split_once('/').expect("a folder") {
        ("pacote", _) => "pacote/valid-attestations.json".to_owned(),
        ("slsa-verifier-unit", _) => "slsa-verifier-unit/npm-attestations.intoto.sigstore".to_owned(),
        ("playwright-2026", _) => "playwright-2026/playwright-cli-0.1.1-attestations.json".to_owned(),
        _ => name.replace("-invalidsigprov", "").replace("-invalidsigpub", ""),
    };
    let document = material::json(&folder.join(original));
    let list = if document.is_array() { json!({ "attestations": document }) } else { document };
    first_subject(&list)
}

#[test]
fn every_real_document_verifies_for_its_package() {
    let Some(folder) = shared("sigstore/npm_attestations") else { return };
    let trust = public_good();
    for (name, count) in REAL {
        let text = fs::read(folder.join(name)).expect("a document");
        let expected = expected(&folder, name);
        let report = verify_document(&text, &expected, &trust).expect("a document");
        assert_eq!(ends(&report), vec!["ok"; count], "{name}: {:?}", report.verdict());
        assert_eq!(report.verdict(), Verdict::Verified);
        for attestation in &report.attestations {
            assert_eq!(attestation.bound_to, BoundTo::Expected(expected.digests[0].clone()), "{name}");
            assert_eq!(attestation.certificate.is_some(), attestation.key_id.is_none(), "{name}");
            assert_eq!(attestation.log[0].integrated_at.as_slice(), attestation.verified_at, "{name}");
        }
    }
}

#[test]
fn every_altered_document_is_refused_at_the_right_step() {
    let Some(folder) = shared("sigstore/npm_attestations") else { return };
    let trust = public_good();
    for (name, steps) in ALTERED {
        let text = fs::read(folder.join(name)).expect("a document");
        let report = verify_document(&text, &expected(&folder, name), &trust).expect("a document");
        assert_eq!(ends(&report), steps, "{name}");
        assert_ne!(report.verdict(), Verdict::Verified, "{name}");
    }
}

fn sorted(names: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_two_tables_name_every_document_of_the_index() {
    let Some(folder) = shared("sigstore") else { return };
    let mut reader = csv::Reader::from_path(folder.join("INDEX.csv")).expect("the index");
    let header = reader.headers().expect("a header").clone();
    let kind = header.iter().position(|column| column == "real_or_synthetic").expect("a column");
    let (mut real, mut altered) = (Vec::new(), Vec::new());
    for record in reader.records().map(|record| record.expect("a row")) {
        let Some(name) = record[0].strip_prefix("npm_attestations/") else { continue };
        let is_tarball = Path::new(name).extension().is_some_and(|extension| extension == "tgz");
        if !is_tarball && !name.ends_with("trusted_root.json") {
            if record[kind].contains("altered") { &mut altered } else { &mut real }.push(name.to_owned());
        }
    }
    real.sort();
    altered.sort();
    assert_eq!(real, sorted(&REAL.map(|(name, _)| name)));
    assert_eq!(altered, sorted(&ALTERED.map(|(name, _)| name)));
}

#[test]
fn the_order_of_the_attestations_does_not_matter_and_their_steps_are_these() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let trust = public_good();
    let mut document = material::json(&path);
    let expected = first_subject(&document);
    for reversed in [false, true] {
        if reversed {
            document["attestations"].as_array_mut().expect("a list").reverse();
        }
        let report = verify_document(document.to_string().as_bytes(), &expected, &trust).expect("a document");
        assert_eq!(report.form, Form::NpmAttestations);
        for attestation in &report.attestations {
            let is_publish = attestation.predicate_type.as_deref().is_some_and(|kind| kind.contains("/publish/"));
            assert_eq!(letters(attestation), if is_publish { "VVV--VVVVV" } else { "VVVVVVVVV-" });
            assert_eq!(attestation.log[0].kind, "dsse 0.0.1");
            assert!(attestation.statement.is_some());
        }
    }
}

#[test]
fn another_package_version_or_file_fails_at_the_subject() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let trust = public_good();
    let text = fs::read(&path).expect("a document");
    let right = first_subject(&material::json(&path));
    let at = |expected: &Expected| ends(&verify_document(&text, expected, &trust).expect("a document"));
    for purl in ["pkg:npm/%40playwright/cli@0.1.2", "pkg:npm/%40playwright/cli2@0.1.1", "pkg:npm/cli@0.1.1", "cli"] {
        assert_eq!(at(&Expected { purl: Some(purl.to_owned()), ..right.clone() }), ["subject"; 2], "{purl}");
    }
    for purl in ["pkg:npm/@playwright/cli@0.1.1", "pkg:npm/%40playwright/cli@0.1.1"] {
        assert_eq!(at(&Expected { purl: Some(purl.to_owned()), ..right.clone() }), ["ok"; 2], "{purl}");
    }
    for wrong in ["pkg:npm/%40Playwright/cli@0.1.1", "pkg:npm/%40playwright/cli@0.1.1?arch=x", "pkg:pypi/cli@0.1.1"] {
        assert_eq!(at(&Expected { purl: Some(wrong.to_owned()), ..right.clone() }), ["subject"; 2], "{wrong}");
    }
    let integrity = |fill: &str| format!("sha512-{}==", fill.repeat(86));
    let other = gaitkeeper::acquire::sigstore::digest::Digest::from_integrity(&integrity("A")).expect("a digest");
    assert_eq!(at(&Expected { digests: vec![other.clone()], ..right.clone() }), ["subject"; 2]);
    assert_eq!(at(&Expected { digests: vec![other, right.digests[0].clone()], ..right }), ["ok"; 2]);
}

#[test]
fn without_an_expected_digest_the_subject_is_not_compared_and_that_is_said() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let report = report(&fs::read(&path).expect("a document"), &public_good());
    assert_eq!(ends(&report), ["ok"; 2]);
    let own = first_subject(&material::json(&path)).digests[0].clone();
    for attestation in &report.attestations {
        assert_eq!(letters(attestation).chars().nth(1), Some('-'));
        assert_eq!(attestation.bound_to, BoundTo::Own(own.clone()));
    }
}

#[test]
fn a_publish_attestation_without_the_logs_promise_lacks_a_trusted_time() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let mut document = material::json(&path);
    let entry = document.pointer_mut("/attestations/0/bundle/verificationMaterial/tlogEntries/0").expect("an entry");
    entry.as_object_mut().expect("an object").remove("inclusionPromise").expect("a promise");
    let report = report(document.to_string().as_bytes(), &public_good());
    assert_eq!(ends(&report), ["time", "ok"]);
    assert_eq!(letters(&report.attestations[0]), "V-F--".to_owned() + "-VVV.");
    assert!(report.attestations[0].verified_at.is_empty());
}

#[test]
fn an_unknown_key_is_named_beside_the_known_ones() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let mut document = material::json(&path);
    let bundle = document.pointer_mut("/attestations/0/bundle").expect("a bundle");
    bundle["verificationMaterial"]["publicKey"]["hint"] = json!("SHA256:other");
    bundle["dsseEnvelope"]["signatures"][0]["keyid"] = json!("SHA256:other");
    let report = report(document.to_string().as_bytes(), &public_good());
    let Verdict::Failed { step: StepId::KeyWindow, why } = report.verdict() else { panic!("{:?}", report.verdict()) };
    assert!(why.contains("SHA256:other") && why.contains("SHA256:DhQ8") && why.contains("SHA256:jl3b"), "{why}");
}

#[test]
fn each_altered_field_of_a_real_document_ends_at_its_step() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let trust = public_good();
    let original = material::json(&path);
    let entry = "verificationMaterial/tlogEntries/0";
    // A field of a bundle, and where the publish and the provenance attestation end once its value is another.
    let altered: [(String, Value, [&str; 2]); 8] = [
        (format!("{entry}/logIndex"), json!("953297575"), ["promise"; 2]),
        (format!("{entry}/integratedTime"), json!("1771111700"), ["promise"; 2]),
        (format!("{entry}/inclusionProof/logIndex"), json!("7"), ["inclusion"; 2]),
        (format!("{entry}/inclusionProof/hashes/0"), json!("A".repeat(43) + "="), ["inclusion"; 2]),
        (format!("{entry}/inclusionProof/rootHash"), json!("A".repeat(43) + "="), ["inclusion"; 2]),
        (format!("{entry}/canonicalizedBody"), json!("e30="), ["inclusion", "promise"]),
        (format!("{entry}/kindVersion"), json!({"kind": "intoto", "version": "0.0.2"}), ["entry"; 2]),
        (format!("{entry}/logId/keyId"), json!("A".repeat(43) + "="), ["promise"; 2]),
    ];
    for (field, value, steps) in altered {
        for (at, step) in steps.iter().enumerate() {
            let mut document = original.clone();
            let pointer = format!("/attestations/{at}/bundle/{field}");
            *document.pointer_mut(&pointer).expect(&field) = value.clone();
            let report = report(document.to_string().as_bytes(), &trust);
            assert_eq!(ended_at(&report.attestations[at]), *step, "{pointer}: {:?}", report.verdict());
            assert_eq!(ended_at(&report.attestations[1 - at]), "ok", "{pointer}");
        }
    }
}
