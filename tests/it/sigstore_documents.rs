//! Documents are told apart by their content, and nothing in them is passed over in silence.

use std::fs;

use gaitkeeper::acquire::sigstore::attestation::Verdict;
use gaitkeeper::acquire::sigstore::document::Form;
use gaitkeeper::acquire::sigstore::verify::{Expected, verify_document};
use gaitkeeper::error::Kind;
use serde_json::{Value, json};

use crate::shared::shared;
use crate::sigstore_material as material;
use crate::sigstore_material::{ends, first_subject, public_good, report};

const PLAYWRIGHT: &str = "sigstore/npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json";

/// npm's audit output over two packages, as `npm audit signatures --json --include-attestations` writes it.
fn audit(folder: &std::path::Path) -> Value {
    let list = |path: &str| material::json(&folder.join(path))["attestations"].clone();
    json!({
        "invalid": [{"code": "EINTEGRITYSIGNATURE", "name": "other", "version": "1.0.0"}],
        "missing": [{"name": "bare", "version": "0.1.0"}],
        "verified": [
            {"name": "@playwright/cli", "version": "0.1.1", "location": "node_modules/@playwright/cli",
             "registry": "https://registry.example/", "attestations": {"url": "https://registry.example/x"},
             "attestationBundles": list("playwright-2026/playwright-cli-0.1.1-attestations.json")},
            {"name": "tuf-js", "version": "1.0.0", "location": "node_modules/tuf-js",
             "registry": "https://registry.example/", "attestations": {"url": "https://registry.example/y"},
             "attestationBundles": list("npm-cli/valid-tuf-js-attestations.json")},
            {"name": "old", "version": "2.0.0", "location": "node_modules/old"}
        ]
    })
}

#[test]
fn the_audit_output_of_npm_is_verified_package_by_package() {
    let Some(folder) = shared("sigstore/npm_attestations") else { return };
    let trust = public_good();
    let text = audit(&folder).to_string();
    let whole = report(text.as_bytes(), &trust);
    assert_eq!(whole.form, Form::NpmAudit);
    assert_eq!(ends(&whole), ["unverifiable", "ok", "ok", "ok", "ok", "unverifiable"]);
    let refused = &whole.attestations[0];
    assert_eq!((refused.place.as_str(), refused.about.as_deref()), ("invalid[0]", Some("pkg:npm/other@1.0.0")));
    assert!(matches!(refused.verdict(), Verdict::Unverifiable { why } if why.contains("EINTEGRITYSIGNATURE")));
    assert_eq!(whole.attestations[3].place, "verified[1].attestationBundles[0]");
    assert_eq!(whole.attestations[3].about.as_deref(), Some("pkg:npm/tuf-js@1.0.0"));
    assert_eq!(whole.remarks, ["npm found no signature of bare@0.1.0"]);
    let playwright = first_subject(&material::json(&shared(PLAYWRIGHT).expect("the material")));
    let one = verify_document(text.as_bytes(), &playwright, &trust).expect("an audit");
    assert_eq!(ends(&one), ["ok", "ok"]);
    assert!(one.remarks.iter().any(|remark| remark == "3 other packages of the audit were left out"));
    let digest_alone = Expected { purl: None, ..playwright };
    let error = verify_document(text.as_bytes(), &digest_alone, &trust).expect_err("which package?");
    assert_eq!(error.kind, Kind::Usage);
}

#[test]
fn an_audit_entry_with_anothers_attestations_fails_at_the_subject() {
    let Some(folder) = shared("sigstore/npm_attestations") else { return };
    let mut audit = audit(&folder);
    audit["verified"][1]["name"] = json!("tuf");
    let report = report(audit.to_string().as_bytes(), &public_good());
    assert_eq!(ends(&report), ["unverifiable", "ok", "ok", "subject", "subject", "unverifiable"]);
}

#[test]
fn an_audit_without_attestations_says_how_to_get_them() {
    let text = br#"{"invalid": [], "missing": []}"#;
    let error = verify_document(text, &Expected::default(), &public_good()).expect_err("no attestations");
    assert!(error.remedy.is_some_and(|remedy| remedy.contains("--include-attestations")));
}

#[test]
fn entries_without_a_bundle_or_a_type_cannot_be_judged() {
    let text = json!({"attestations": [{"predicateType": "x"}, {"bundle": {}}, 7]}).to_string();
    let report = report(text.as_bytes(), &public_good());
    assert_eq!(ends(&report), ["unverifiable"; 3]);
    assert_eq!(report.attestations[0].predicate_type.as_deref(), Some("x"));
}

#[test]
fn a_document_without_attestations_is_absent() {
    let trust = public_good();
    for (text, form) in [
        (r#"{"attestations": []}"#, Form::NpmAttestations),
        ("[]", Form::BundleArray),
        (r#"{"version": 1, "attestation_bundles": []}"#, Form::Pep740Provenance),
        (r#"{"verified": [], "invalid": [], "missing": []}"#, Form::NpmAudit),
    ] {
        let report = report(text.as_bytes(), &trust);
        assert_eq!((report.form, report.verdict()), (form, Verdict::Absent));
    }
}

#[test]
fn bundles_stand_a_line_each_and_a_damaged_line_is_one_of_them() {
    let Some(path) = shared("sigstore/bundles/github-cli/sigstore-js-2.1.0_with_2_bundles.jsonl") else { return };
    let trust = public_good();
    let text = fs::read_to_string(path).expect("lines");
    let whole = report(text.as_bytes(), &trust);
    assert_eq!((whole.form, ends(&whole)), (Form::BundleLines, vec!["ok"; 2]));
    let with_damage = format!("\u{feff}{}\n\n{{cut off\n", text.trim());
    let report = report(with_damage.as_bytes(), &trust);
    assert_eq!(ends(&report), ["ok", "ok", "unverifiable"]);
    assert_eq!(report.attestations[2].place, "line 4");
}

#[test]
fn what_npm_itself_found_invalid_is_never_verified() {
    let text = json!({"invalid": [{"code": "EATTESTATIONVERIFY", "name": "kleur", "version": "4.1.5"}]}).to_string();
    assert!(matches!(report(text.as_bytes(), &public_good()).verdict(), Verdict::Unverifiable { .. }));
}

#[test]
fn a_package_that_is_asked_for_is_compared_or_said_to_be_beyond_comparison() {
    let Some(folder) = shared("sigstore") else { return };
    let trust = public_good();
    let verdict = |path: &str, purl: &str| {
        let text = fs::read(folder.join(path)).expect("the material");
        let asked = Expected { purl: Some(purl.to_owned()), ..Expected::default() };
        verify_document(&text, &asked, &trust).expect("a document").verdict()
    };
    let provenance = "pypi/pypi_attestations-0.0.19.tar.gz.provenance";
    for right in ["pkg:pypi/pypi-attestations@0.0.19", "pkg:pypi/PyPI_Attestations@0.0.19"] {
        assert_eq!(verdict(provenance, right), Verdict::Verified, "{right}");
    }
    let wrong = [
        "pkg:pypi/requests@0.0.19",
        "pkg:pypi/pypi-attestations@0.0.1",
        "pkg:pypi/attestations@0.0.19",
        "pkg:npm/lodash@1.0.0",
        "pkg:gem/pypi_attestations@0.0.19",
        "garbage",
    ];
    for wrong in wrong {
        assert!(matches!(verdict(provenance, wrong), Verdict::Failed { .. }), "{wrong}");
    }
    // A bare signature over a file names no package: neither the right one nor another can be proven by it.
    for purl in ["pkg:gem/sigstore@1.0.0", "pkg:gem/rails@1.0.0"] {
        let gem = verdict("rubygems/sigstore-1.0.0.gem.sigstore.json", purl);
        assert!(matches!(&gem, Verdict::Unverifiable { why } if why.contains("names no package")), "{gem:?}");
    }
}

#[test]
fn the_first_gravest_verdict_counts() {
    let Some(path) = shared(PLAYWRIGHT) else { return };
    let mut document = material::json(&path);
    let list = document["attestations"].as_array_mut().expect("a list");
    list.insert(0, json!({"predicateType": "x"}));
    let good = list[1].clone();
    for hint in ["first", "second"] {
        let mut entry = good.clone();
        entry["bundle"]["verificationMaterial"]["publicKey"]["hint"] = json!(hint);
        entry["bundle"]["dsseEnvelope"]["signatures"][0]["keyid"] = json!(hint);
        list.push(entry);
    }
    let report = report(document.to_string().as_bytes(), &public_good());
    assert_eq!(ends(&report), ["unverifiable", "ok", "ok", "key_window", "key_window"]);
    assert!(matches!(report.verdict(), Verdict::Failed { why, .. } if why.contains("`first`")));
}

#[test]
fn what_is_no_such_document_is_an_error_with_a_remedy() {
    let trust = public_good();
    for text in [
        &b""[..],
        b"  ",
        b"7",
        b"<html>",
        b"{",
        b"{}",
        br#"{"name": "a package document"}"#,
        br#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#,
        br#"{"attestations": [], "attestation_bundles": []}"#,
        br#"{"attestations": [], "attestations": []}"#,
        br#"{"attestations": {}}"#,
        b"[1, 2",
        b"\xff\xfe{}",
    ] {
        let error = verify_document(text, &Expected::default(), &trust).expect_err("no document");
        assert!(error.remedy.is_some(), "{error}");
    }
}
