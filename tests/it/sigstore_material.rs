//! What the tests of Sigstore documents share.

use std::fs;
use std::path::{Path, PathBuf};

use gaitkeeper::acquire::sigstore::attestation::{Attestation, Report, Verdict};
use gaitkeeper::acquire::sigstore::digest::Digest;
use gaitkeeper::acquire::sigstore::steps::{State, StepId};
use gaitkeeper::acquire::sigstore::trust::Trust;
use gaitkeeper::acquire::sigstore::verify::{Expected, verify_document};
use serde_json::Value;

/// The trusted root of the public good instance.
pub fn public_good() -> Trust {
    Trust::embedded().expect("the embedded root")
}

/// `sha256:HEX` of a text.
pub fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", sigstore_verify::crypto::sha256(bytes).to_hex())
}

/// What the steps came to, a letter a step in the order of the table: Verified, `-` absent, `.` not reached, Failed.
pub fn letters(attestation: &Attestation) -> String {
    let letter = |state: &State| match state {
        State::Verified => 'V',
        State::Absent => '-',
        State::NotReached => '.',
        State::Failed(_) => 'F',
    };
    assert_eq!(attestation.steps.iter().map(|step| step.id).collect::<Vec<_>>(), StepId::ALL);
    attestation.steps.iter().map(|step| letter(&step.state)).collect()
}

/// The step that failed, by its id; `ok` for what verifies, and the name of any other verdict.
pub fn ended_at(attestation: &Attestation) -> &'static str {
    let failed = attestation.steps.iter().find(|step| matches!(step.state, State::Failed(_)));
    match attestation.verdict() {
        Verdict::Verified => {
            assert!(failed.is_none() && !letters(attestation).contains('.'), "{}", letters(attestation));
            "ok"
        }
        Verdict::Failed { step, why } => {
            let failed = failed.expect("a failed step");
            assert_eq!((failed.id, &failed.state), (step, &State::Failed(why)));
            step.id()
        }
        Verdict::Unverifiable { .. } => {
            assert!(failed.is_some());
            "unverifiable"
        }
        Verdict::Infrastructure { .. } => "infrastructure",
        Verdict::Absent => "absent",
    }
}

/// The report on a document that is about nothing in particular.
pub fn report(text: &[u8], trust: &Trust) -> Report {
    verify_document(text, &Expected::default(), trust).expect("a document")
}

/// Where each attestation of a document ended.
pub fn ends(report: &Report) -> Vec<&'static str> {
    report.attestations.iter().map(ended_at).collect()
}

/// The files of a folder and of its folders, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// A JSON file.
pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// The signed statement of a bundle, in JSON.
pub fn statement(bundle: &Value) -> Value {
    use base64::Engine;
    let payload = bundle["dsseEnvelope"]["payload"].as_str().expect("a payload");
    let payload = base64::engine::general_purpose::STANDARD.decode(payload).expect("base64");
    serde_json::from_slice(&payload).expect("a statement")
}

/// What the first statement of npm's document is about: purl and sha512.
pub fn first_subject(document: &Value) -> Expected {
    let subject = &statement(&document["attestations"][0]["bundle"])["subject"][0];
    let digest = format!("sha512:{}", subject["digest"]["sha512"].as_str().expect("a sha512"));
    Expected {
        purl: Some(subject["name"].as_str().expect("a purl").to_owned()),
        file: None,
        digests: vec![Digest::parse(&digest).expect("a digest")],
    }
}
