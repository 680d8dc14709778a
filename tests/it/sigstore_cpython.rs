//! The 886 bundles of CPython's releases, 2022 to 2026.

use std::collections::BTreeMap;
use std::fs;

use gaitkeeper::acquire::sigstore::attestation::{BoundTo, Verdict};
use gaitkeeper::acquire::sigstore::digest::{Algorithm, Digest};
use gaitkeeper::acquire::sigstore::verify::{Expected, verify_document};
use serde_json::Value;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::DerCertificate;

use crate::shared::shared;
use crate::sigstore_material::{ended_at, files, json, public_good};

/// A row of the table: who signed, and when.
struct Row {
    identity: String,
    issuer: String,
    integrated_at: i64,
}

fn rows(text: &str) -> BTreeMap<(String, String, i64), Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let columns = ["release", "sha256", "logIndex", "san", "issuer", "integratedTime"].map(at);
    let rows = reader.records().map(|record| {
        let record = record.expect("a row");
        let [release, sha256, index, san, issuer, time] = columns.map(|column| record[column].to_owned());
        let row = Row { identity: san, issuer, integrated_at: time.parse().expect("a time") };
        ((release, sha256, index.parse().expect("an index")), row)
    });
    rows.collect()
}

#[test]
fn every_bundle_verifies_with_the_signer_and_the_time_of_the_table() {
    let Some(folder) = shared("sigstore/cpython") else { return };
    let trust = public_good();
    let rows = rows(&fs::read_to_string(folder.join("bundles.csv")).expect("the table"));
    let mut count = 0;
    for file in files(&folder.join("versions")) {
        let release = file.file_stem().expect("a name").to_string_lossy().into_owned();
        for entry in json(&file).as_array().expect("a list of files") {
            let bundle = &entry["raw"]["sigstore"];
            if *bundle == Value::Null {
                continue;
            }
            count += 1;
            let digest = entry["sha256"].as_str().expect("a sha256");
            let expected = Expected {
                digests: vec![Digest::parse(&format!("sha256:{digest}")).expect("a digest")],
                ..Expected::default()
            };
            let report = verify_document(bundle.to_string().as_bytes(), &expected, &trust).expect("a bundle");
            let [attestation] = report.attestations.as_slice() else { panic!("one bundle in {release}") };
            assert_eq!(ended_at(attestation), "ok", "{release} {digest}: {:?}", attestation.verdict());
            assert_eq!(attestation.bound_to, BoundTo::Expected(expected.digests[0].clone()));
            let [log] = attestation.log.as_slice() else { panic!("one log entry in {release}") };
            let row = &rows[&(release.clone(), digest.to_owned(), log.index)];
            assert_eq!(log.integrated_at, Some(row.integrated_at));
            // The newest ones have a timestamp too, a second before.
            assert_eq!(attestation.verified_at.last(), Some(&row.integrated_at));
            assert!(attestation.verified_at.iter().all(|time| (0..5).contains(&(row.integrated_at - time))));
            let der = DerCertificate::from_bytes(attestation.certificate.as_deref().expect("a certificate"));
            let info = parse_certificate_info(&der).expect("a certificate");
            assert!(info.identity.is_some_and(|san| san.as_str() == row.identity), "{release} {digest}");
            assert!(info.issuer.is_some_and(|issuer| issuer == row.issuer), "{release} {digest}");
        }
    }
    assert_eq!(count, 886);
}

#[test]
fn a_bundle_is_refused_for_another_file_and_cannot_be_judged_by_a_sha512() {
    let Some(file) = shared("sigstore/cpython/versions/3.12.0.json") else { return };
    let trust = public_good();
    let release = json(&file);
    let bundle = release[0]["raw"]["sigstore"].to_string();
    let verdict = |digests: Vec<Digest>| {
        let expected = Expected { digests, ..Expected::default() };
        verify_document(bundle.as_bytes(), &expected, &trust).expect("a bundle").verdict()
    };
    let other = Digest::new(Algorithm::Sha256, vec![7; 32]).expect("32 bytes");
    assert!(matches!(verdict(vec![other]), Verdict::Failed { why, .. } if why.contains("another file")));
    let long = Digest::new(Algorithm::Sha512, vec![7; 64]).expect("64 bytes");
    assert!(matches!(verdict(vec![long]), Verdict::Unverifiable { why } if why.contains("sha256 of the file")));
    assert_eq!(verdict(Vec::new()), Verdict::Verified);
}
