//! Hostile and damaged documents end at a clear step, soon, and never in a panic.

use std::fs;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::acquire::sigstore::attestation::{Report, Verdict};
use gaitkeeper::acquire::sigstore::digest::Digest;
use gaitkeeper::acquire::sigstore::steps::{State, StepId};
use gaitkeeper::acquire::sigstore::trust::Trust;
use gaitkeeper::acquire::sigstore::verify::{Artifact, Expected, Signer, verify_bundle, verify_document};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use crate::shared::shared;
use crate::sigstore_material as material;
use crate::sigstore_material::{ended_at, ends, public_good};

const PLAYWRIGHT: &str = "sigstore/npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json";

/// The report on a text, which must come within a second or so even in an unoptimised build.
fn soon(text: &[u8], trust: &Trust) -> Report {
    let start = Instant::now();
    let report = material::report(text, trust);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    report
}

/// The real provenance bundle with the value at `pointer` another.
fn altered(pointer: &str, value: Value) -> Option<String> {
    let mut bundle = material::json(&shared(PLAYWRIGHT)?)["attestations"][1]["bundle"].take();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    bundle.pointer_mut(parent).expect("a parent")[name] = value;
    Some(bundle.to_string())
}

#[test]
fn what_is_too_large_or_too_many_is_refused_with_its_number() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let trust = public_good();
    let bundle = &material::json(&path)["attestations"][1]["bundle"];
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let base64 = |bytes: usize| json!("A".repeat(bytes / 3 * 4));
    for (pointer, value, number) in [
        ("/verificationMaterial/certificate/rawBytes", base64(10 << 20), "10485759"),
        ("/verificationMaterial/tlogEntries", json!(vec![entry; 101]), "101"),
        ("/verificationMaterial/tlogEntries", json!(vec![json!({}); 10_000]), "10000"),
        (
            "/verificationMaterial/timestampVerificationData",
            json!({"rfc3161Timestamps": vec![json!({"signedTimestamp": "AAAA"}); 101]}),
            "101",
        ),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/hashes", json!(vec!["AAAA"; 65]), "65"),
        (
            "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope",
            json!("x".repeat(1 << 20)),
            "1048576",
        ),
        (
            "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope",
            json!(format!("log.example\n1\nAAAA\n\n{}", "\u{2014} log.example AAAAAAAA\n".repeat(33))),
            "33",
        ),
        ("/dsseEnvelope/signatures", json!(vec![json!({"sig": "AAAA"}); 9]), "9"),
        ("/dsseEnvelope/signatures/0/sig", base64(1 << 20), "1048575"),
    ] {
        let report = soon(altered(pointer, value).expect("a bundle").as_bytes(), &trust);
        assert_eq!(ends(&report), ["unverifiable"], "{pointer}");
        let State::Failed(why) = report.attestations[0].state(StepId::Parse) else { panic!("{pointer}") };
        assert!(why.contains(number), "{pointer}: {why}");
    }
    let subjects = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": "x",
        "subject": vec![json!({"digest": {"sha256": "00".repeat(32)}}); 1001]});
    let payload = json!(STANDARD.encode(subjects.to_string()));
    let report = soon(altered("/dsseEnvelope/payload", payload).expect("a bundle").as_bytes(), &trust);
    assert!(matches!(report.verdict(), Verdict::Failed { step: StepId::Subject, why } if why.contains("1001")));
}

#[test]
fn a_document_too_large_or_with_too_many_attestations_is_an_error() {
    let trust = public_good();
    let error = |text: &str| verify_document(text.as_bytes(), &Expected::default(), &trust).expect_err("refused").what;
    assert!(error(&" ".repeat((32 << 20) + 1)).contains("33554433 bytes"));
    assert!(error(&json!({"attestations": vec![json!({}); 1001]}).to_string()).contains("1001"));
    assert!(error(&json!(vec![json!({}); 1001]).to_string()).contains("1001"));
    assert!(error(&"{}\n".repeat(1001)).contains("1001"));
    let publishers = json!({"version": 1, "attestation_bundles": vec![json!({"attestations": vec![7; 600]}); 2]});
    assert!(error(&publishers.to_string()).contains("1200"));
}

#[test]
fn a_document_as_full_as_allowed_is_judged_soon() {
    let trust = public_good();
    let list = json!({"attestations": vec![json!({"predicateType": "x", "bundle": {}}); 1000]});
    assert_eq!(soon(list.to_string().as_bytes(), &trust).attestations.len(), 1000);
}

#[test]
fn deep_nesting_ends_in_an_error_and_not_in_the_stack() {
    let trust = public_good();
    let deep = format!("{{\"attestations\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    // The list is one item that is no entry.
    let report = verify_document(deep.as_bytes(), &Expected::default(), &trust).map(|report| ends(&report));
    assert!(report.is_err() || report.is_ok_and(|ends| ends == ["unverifiable"]));
    let predicate = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let statement = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","predicateType":"x","subject":[{{"digest":{{"sha256":"{}"}}}}],"predicate":{predicate}}}"#,
        "00".repeat(32)
    );
    let Some(bundle) = altered("/dsseEnvelope/payload", json!(STANDARD.encode(statement))) else { return };
    assert_eq!(ends(&soon(bundle.as_bytes(), &trust)), ["subject"]);
}

#[test]
fn damaged_parts_end_at_a_clear_step() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let trust = public_good();
    let der =
        material::json(&path)["attestations"][1]["bundle"]["verificationMaterial"]["certificate"]["rawBytes"].take();
    let der = STANDARD.decode(der.as_str().expect("text")).expect("base64");
    let entry = "/verificationMaterial/tlogEntries/0";
    for (pointer, value, step) in [
        ("/mediaType".to_owned(), json!("application/vnd.dev.sigstore.bundle.v0.4+json"), "unverifiable"),
        ("/mediaType".to_owned(), Value::Null, "unverifiable"),
        ("/verificationMaterial".to_owned(), json!({}), "unverifiable"),
        ("/verificationMaterial/publicKey".to_owned(), json!({"hint": "x"}), "unverifiable"),
        ("/messageSignature".to_owned(), json!({"signature": "AAAA"}), "unverifiable"),
        ("/dsseEnvelope/payload".to_owned(), json!("!"), "unverifiable"),
        ("/dsseEnvelope/signatures".to_owned(), json!([]), "unverifiable"),
        ("/dsseEnvelope/payload".to_owned(), json!("e30="), "subject"),
        ("/dsseEnvelope/payloadType".to_owned(), json!("text/plain"), "subject"),
        ("/verificationMaterial/certificate/rawBytes".to_owned(), json!(STANDARD.encode(&der[..200])), "certificate"),
        ("/verificationMaterial/certificate/rawBytes".to_owned(), json!("AAAA"), "certificate"),
        ("/verificationMaterial/tlogEntries".to_owned(), json!([]), "inclusion"),
        (format!("{entry}/inclusionProof"), Value::Null, "inclusion"),
        (format!("{entry}/inclusionPromise"), Value::Null, "time"),
        (format!("{entry}/integratedTime"), json!("99999999999999999"), "unverifiable"),
        (format!("{entry}/integratedTime"), json!("-1"), "unverifiable"),
        (format!("{entry}/kindVersion"), json!({"kind": "rpm", "version": "0.0.1"}), "unverifiable"),
        (format!("{entry}/inclusionProof/checkpoint"), Value::Null, "inclusion"),
        (format!("{entry}/inclusionProof/checkpoint"), json!({"envelope": "nothing"}), "unverifiable"),
    ] {
        let report = soon(altered(&pointer, value).expect("a bundle").as_bytes(), &trust);
        assert_eq!(ends(&report), [step], "{pointer}: {:?}", report.verdict());
    }
}

#[test]
fn an_entry_without_a_proof_beside_a_proven_one_is_refused() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let bundle = &material::json(&path)["attestations"][1]["bundle"];
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let mut bare = entry.clone();
    bare.as_object_mut().expect("an object").remove("inclusionProof");
    let text = altered("/verificationMaterial/tlogEntries", json!([entry, bare])).expect("a bundle");
    let report = soon(text.as_bytes(), &public_good());
    assert!(
        matches!(report.verdict(), Verdict::Failed { step: StepId::Inclusion, why } if why.contains("tlogEntries[1]"))
    );
}

#[test]
fn a_field_that_stands_twice_is_refused_wherever_it_is() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let trust = public_good();
    let bundle = material::json(&path)["attestations"][1]["bundle"].to_string();
    for name in
        ["mediaType", "dsseEnvelope", "payload", "sig", "tlogEntries", "canonicalizedBody", "certificate", "rootHash"]
    {
        let key = format!("\"{name}\":");
        let twice = bundle.replacen(&key, &format!("\"{name}\":null,{key}"), 1);
        assert_ne!(twice, bundle, "{name}");
        let document = format!("[{twice}]");
        assert_eq!(ends(&soon(document.as_bytes(), &trust)), ["unverifiable"], "{name}");
    }
    for (name, value) in [("subject", "[]"), ("predicateType", "\"x\""), ("_type", "\"x\"")] {
        let statement = material::statement(&material::json(&path)["attestations"][1]["bundle"]).to_string();
        let key = format!("\"{name}\":");
        let twice = statement.replacen(&key, &format!("\"{name}\":{value},{key}"), 1);
        let text = altered("/dsseEnvelope/payload", json!(STANDARD.encode(twice))).expect("a bundle");
        assert_eq!(ends(&soon(text.as_bytes(), &trust)), ["subject"], "{name}");
    }
}

#[test]
fn strangers_text_in_reasons_is_short_and_safe_to_show() {
    let nasty = format!("\u{1b}[2J\u{202e}{}", "x".repeat(100_000));
    let text = json!([{"mediaType": nasty, "verificationMaterial": {}, "dsseEnvelope": {}}]).to_string();
    let Verdict::Unverifiable { why } = soon(text.as_bytes(), &public_good()).verdict() else { panic!("unverifiable") };
    assert!(why.len() < 400 && !why.contains(['\u{1b}', '\u{202e}']), "{why}");
}

#[test]
fn digests_are_read_in_both_spellings_and_nothing_else() {
    let zeros = "00".repeat(64);
    let digest = Digest::parse(&format!("sha512:{zeros}")).expect("a digest");
    assert_eq!(Digest::from_integrity(&format!("sha512-{}==?opt", "A".repeat(86))).expect("a digest"), digest);
    let both = format!("sha1-x sha256-{}= sha512-{}==", "A".repeat(43), "A".repeat(86));
    assert_eq!(Digest::from_integrity(&both).expect("a digest"), digest);
    assert_eq!(digest.to_string(), format!("sha512:{zeros}"));
    assert_eq!(Digest::parse(&format!("sha256:{}", "aB".repeat(32))).expect("a digest").hex(), "ab".repeat(32));
    for wrong in ["", "sha256", "sha256:", "sha512:00", "md5:00", &format!("sha256:{}", "é".repeat(32)), "sha256:zz"] {
        assert!(Digest::parse(wrong).is_err(), "{wrong}");
        assert!(Digest::from_integrity(wrong).is_err(), "{wrong}");
    }
}

/// Texts near to what is accepted: a bundle's skeleton with arbitrary leaves.
fn skeleton() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[A-Za-z0-9+/=]{0,40}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    proptest::collection::vec(leaf, 12).prop_map(|leaf| {
        json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"certificate": {"rawBytes": leaf[0]}, "tlogEntries": [{
                "logIndex": leaf[1], "logId": {"keyId": leaf[2]}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
                "integratedTime": leaf[3], "inclusionPromise": {"signedEntryTimestamp": leaf[4]},
                "inclusionProof": {"logIndex": leaf[5], "rootHash": leaf[6], "treeSize": leaf[7], "hashes": [leaf[8]]},
                "canonicalizedBody": leaf[9]}]},
            "dsseEnvelope": {"payload": leaf[10], "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"sig": leaf[11]}]}})
        .to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let trust = public_good();
        let _ = verify_document(&bytes, &Expected::default(), &trust);
        let attestation = verify_bundle(&bytes, Artifact::Bytes(&bytes), &Signer::Any, &trust);
        prop_assert_eq!(ended_at(&attestation), "unverifiable");
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = (Trust::from_json(text), Digest::parse(text), Digest::from_integrity(text));
            prop_assert!(public_good().with_npm_keys(text).is_err());
        }
    }

    #[test]
    fn arbitrary_leaves_never_verify(text in skeleton()) {
        let report = material::report(text.as_bytes(), &public_good());
        prop_assert_ne!(report.verdict(), Verdict::Verified);
    }
}

#[test]
fn real_documents_with_flipped_bytes_never_panic_and_never_verify_for_another_file() {
    let Some(folder) = shared("sigstore") else { return };
    let trust = public_good();
    for name in [
        "npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json",
        "pypi/pypi_attestations-0.0.19.tar.gz.provenance",
        "rubygems/sigstore-1.0.0.gem.sigstore.json",
    ] {
        let original = fs::read(folder.join(name)).expect("a document");
        let before = material::report(&original, &trust);
        let signed: Vec<_> =
            before.attestations.iter().map(|one| (one.statement.clone(), one.bound_to.clone())).collect();
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let flips = proptest::collection::vec((0..original.len(), 1_u8..), 1..4);
        for _ in 0..300 {
            let mut text = original.clone();
            for (at, mask) in flips.new_tree(&mut runner).expect("flips").current() {
                text[at] ^= mask;
            }
            let Ok(report) = verify_document(&text, &Expected::default(), &trust) else { continue };
            for attestation in report.attestations.iter().filter(|one| one.verdict() == Verdict::Verified) {
                let pair = (attestation.statement.clone(), attestation.bound_to.clone());
                assert!(signed.contains(&pair), "{name}");
            }
        }
    }
}
