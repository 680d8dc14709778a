//! What PyPI's provenance objects state about who published, and which of them are refused.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::acquire::pypi::REGISTRY;
use gaitkeeper::acquire::pypi::provenance::attested;
use gaitkeeper::acquire::raw::RawRelease;
use serde_json::{Value, json};

use crate::shared::shared;

const PUBLISH: &str = "https://registry.example/attestations/publish/v1";
const BUILD: &str = "https://slsa.dev/provenance/v1";

fn bundle(publisher: &Value, types: &[&str]) -> Value {
    let attestations: Vec<Value> = types
        .iter()
        .map(|predicate_type| {
            let statement = json!({"_type": "s", "subject": [], "predicateType": predicate_type, "predicate": null});
            json!({"version": 1, "envelope": {"statement": STANDARD.encode(statement.to_string()), "signature": "x"}})
        })
        .collect();
    json!({"publisher": publisher, "attestations": attestations})
}

fn take(bundles: &[Value]) -> Result<RawRelease, String> {
    let mut release = RawRelease { version: "1.0".into(), ..RawRelease::default() };
    let text = json!({"version": 1, "attestation_bundles": bundles}).to_string();
    attested(&mut release, text.as_bytes()).map(|()| release).map_err(|error| {
        assert!(error.remedy.is_some(), "{error}");
        error.to_string()
    })
}

fn text(text: impl Into<Option<&'static str>>) -> Option<String> {
    text.into().map(str::to_owned)
}

#[test]
fn a_real_object_names_its_publisher() {
    let Some(path) = shared("sigstore/pypi/pypi_attestations-0.0.19.tar.gz.provenance") else { return };
    let mut release = RawRelease { version: "0.0.19".into(), published_at: 7, ..RawRelease::default() };
    let take = REGISTRY.attested.expect("PyPI states publishers there only");
    take(&mut release, &fs::read(path).expect("readable")).expect("taken");
    let provenance = release.provenance.take().expect("a predicate type");
    assert!(provenance.ends_with("/attestations/publish/v1"), "{provenance}");
    let expected = RawRelease {
        version: "0.0.19".into(),
        published_at: 7,
        publisher: text("GitHub"),
        trusted_publisher: text("github"),
        repository: text("github.com/trailofbits/pypi-attestations"),
        ci_workflow: text(".github/workflows/release.yml"),
        ..RawRelease::default()
    };
    assert_eq!(release, expected, "its environment is null");
}

#[test]
fn each_kind_of_publisher_has_its_own_members() {
    let github = json!({"kind": "GitHub", "repository": "Org/Repo", "workflow": "release.yml", "environment": "pypi"});
    let found = take(&[bundle(&github, &[PUBLISH])]).expect("taken");
    assert_eq!((found.publisher, found.trusted_publisher), (text("GitHub"), text("github")));
    assert_eq!(
        (found.repository, found.ci_workflow),
        (text("github.com/org/repo"), text(".github/workflows/release.yml"))
    );
    assert_eq!((found.ci_environment, found.provenance), (text("pypi"), text(PUBLISH)));

    let gitlab = json!({"kind": "GitLab", "repository": "g/sub/p", "workflow_filepath": ".ci.yml", "environment": ""});
    let found = take(&[bundle(&gitlab, &[])]).expect("taken");
    assert_eq!((found.repository, found.ci_workflow), (text("gitlab.com/g/sub/p"), text(".ci.yml")));
    assert_eq!((found.ci_environment, found.provenance), (None, None));

    let google = json!({"kind": "Google", "email": "robot@registry.example"});
    let found = take(&[bundle(&google, &[])]).expect("taken");
    assert_eq!((found.trusted_publisher, found.publisher_email), (text("google"), text("robot@registry.example")));
    assert_eq!(found.repository, None);

    let circle = json!({"kind": "CircleCI", "project_id": "p", "pipeline_definition_id": "d",
                        "vcs_origin": "https://registry.example/Org/Repo.git"});
    let found = take(&[bundle(&circle, &[])]).expect("taken");
    assert_eq!((found.repository, found.ci_workflow), (text("registry.example/org/repo"), text("d")));
}

#[test]
fn build_provenance_says_more_than_a_publish() {
    let publisher = json!({"kind": "GitHub", "repository": "o/r", "workflow": "w"});
    let found = take(&[bundle(&publisher, &[PUBLISH, BUILD])]).expect("taken");
    assert_eq!(found.provenance, text(BUILD));
    let found = take(&[bundle(&publisher, &[PUBLISH]), bundle(&publisher, &[BUILD])]).expect("taken");
    assert_eq!(found.provenance, text(BUILD), "bundles of one publisher are read together");
    let mut odd = bundle(&publisher, &["x"]);
    odd["attestations"] = json!([7, {"envelope": {"statement": "!"}}, {"envelope": 7}]);
    assert_eq!(take(&[odd]).expect("taken").provenance, None);
}

#[test]
fn a_repository_that_is_none_is_left_out() {
    for path in ["", "repo", "o/../r", "o//r", "/o/r", "o/r\u{202e}", "o/r?x", "o/r/"] {
        let publisher = json!({"kind": "GitHub", "repository": path, "workflow": "w"});
        assert_eq!(take(&[bundle(&publisher, &[])]).expect("taken").repository, None, "{path}");
    }
    let publisher = json!({"kind": "Forge", "repository": "o/r"});
    assert_eq!(take(&[bundle(&publisher, &[])]).expect("taken").repository, None);
}

#[test]
fn an_object_without_one_publisher_changes_nothing() {
    let one = json!({"kind": "GitHub", "repository": "o/r", "workflow": "w"});
    let other = json!({"kind": "GitHub", "repository": "o/r", "workflow": "v"});
    assert!(take(&[]).expect_err("refused").contains("empty"));
    assert!(take(&[bundle(&one, &[]), bundle(&other, &[])]).expect_err("refused").contains("different publishers"));
    for nameless in [json!(null), json!({}), json!({"kind": ""}), json!("GitHub")] {
        assert!(take(&[bundle(&nameless, &[])]).expect_err("refused").contains("no publisher"));
    }
    let mut release = RawRelease { publisher: text("was"), ..RawRelease::default() };
    for bad in [
        &b"{\"message\":\"No provenance available\"}"[..],
        b"[]",
        b"{}",
        b"<html>",
        b"",
        b"{\"attestation_bundles\":[7]}",
    ] {
        let error = attested(&mut release, bad).expect_err("refused");
        assert!(error.remedy.is_some(), "{error}");
    }
    assert_eq!(release.publisher, text("was"));
}
