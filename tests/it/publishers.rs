//! Publisher objects of PEP 740 against certificates.

use gaitkeeper::acquire::sigstore::certificate;
use gaitkeeper::acquire::sigstore::publisher::{self, Publisher, differences};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::crafted::Crafted;
use crate::material;
use crate::shared::shared;

fn publisher(object: &Value) -> Publisher {
    publisher::read(object.to_string().as_bytes()).expect("a publisher")
}

/// Fields that differ, each with one member of the object replaced.
fn replaced(object: &Value, key: &str, value: &str, crafted: &Crafted) -> Vec<&'static str> {
    let mut object = object.clone();
    object[key] = json!(value);
    differences(&publisher(&object), &crafted.read()).iter().map(|difference| difference.field).collect()
}

#[test]
fn github() {
    let uri = "https://github.com/Pypa/Sample/.github/workflows/release.yml@refs/tags/v1";
    let crafted = Crafted::of("https://token.actions.githubusercontent.com", uri)
        .with(12, "https://github.com/Pypa/Sample")
        .with(18, uri)
        .with(23, "Release");
    let object = json!({"kind": "GitHub", "repository": "pypa/sample", "workflow": "release.yml", "environment": "release", "claims": null});
    assert_eq!(differences(&publisher(&object), &crafted.read()), []);
    for (key, value, fields) in [
        ("repository", "evil/sample", vec!["repository"]),
        ("repository", "no repository", vec!["repository"]),
        ("workflow", "ci.yml", vec!["workflow"]),
        ("environment", "staging", vec!["environment"]),
        ("environment", "", vec![]),
        ("workflow", "", vec![]),
        ("kind", "GitLab", vec!["publisher"]),
        ("kind", "Google", vec!["publisher"]),
        ("kind", "Unheard", vec![]),
    ] {
        assert_eq!(replaced(&object, key, value, &crafted), fields, "{key} {value}");
    }
    let without_gate = Crafted::of("https://token.actions.githubusercontent.com", uri).with(23, "");
    assert_eq!(replaced(&object, "claims", "", &without_gate), ["environment"]);
    let before_environments = Crafted::of("https://token.actions.githubusercontent.com", uri);
    assert_eq!(replaced(&object, "claims", "", &before_environments), [""; 0]);
    assert!(publisher(&object).is_known());
    assert!(!publisher(&json!({"kind": "Unheard"})).is_known());
}

#[test]
fn gitlab_google_and_circleci() {
    let uri = "https://gitlab.com/group/sub/p//ci/release.yml@refs/heads/main";
    let crafted = Crafted::of("https://gitlab.com", uri).with(9, uri).with(12, "https://gitlab.com/group/sub/p");
    let object = json!({"kind": "GitLab", "repository": "Group/sub/p", "workflow_filepath": "ci/release.yml", "environment": null});
    assert_eq!(differences(&publisher(&object), &crafted.read()), []);
    assert_eq!(replaced(&object, "workflow_filepath", ".gitlab-ci.yml", &crafted), ["workflow"]);
    assert_eq!(replaced(&object, "repository", "group/p", &crafted), ["repository"]);

    let account = Crafted::default().with(8, "https://accounts.example").name(0x81, b"robot@mail.example");
    let object = json!({"kind": "Google", "email": "robot@mail.example"});
    assert_eq!(differences(&publisher(&object), &account.read()), []);
    assert_eq!(replaced(&object, "email", "other@mail.example", &account), ["email"]);

    let definition = "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-2";
    let crafted = Crafted::of("https://oidc.circleci.com/org/x", definition)
        .with(9, definition)
        .with(12, "github.com/o/r")
        .with(14, "refs/heads/main");
    let object = json!({"kind": "CircleCI", "project_id": "p-1", "pipeline_definition_id": "d-2", "vcs_origin": "github.com/O/r", "vcs_ref": "refs/heads/main"});
    assert_eq!(differences(&publisher(&object), &crafted.read()), []);
    for (key, field) in [
        ("project_id", "project_id"),
        ("pipeline_definition_id", "pipeline_definition_id"),
        ("vcs_origin", "repository"),
        ("vcs_ref", "ref"),
    ] {
        assert_eq!(replaced(&object, key, "other", &crafted), [field]);
    }
}

#[test]
fn what_is_no_publisher() {
    for wrong in ["[]", "null", "{}", "{\"kind\":1}", "[\"GitHub\"]", "{\"kind\":\"GitHub\",\"repository\":[]}"] {
        assert!(publisher::read(wrong.as_bytes()).expect_err(wrong).what.starts_with("is no publisher object"));
    }
    let large = json!({"kind": "x".repeat(publisher::MAX_BYTES)}).to_string();
    assert!(publisher::read(large.as_bytes()).expect_err("too large").what.contains("bytes"));
}

#[test]
fn real_publishers_are_their_certificates() {
    let Some(folder) = shared("sigstore/pypi") else { return };
    let mut compared = 0;
    for signed in material::signed(&folder) {
        let (Some(object), Some(der)) = (signed.publisher, signed.certificate) else { continue };
        let certificate = certificate::read(&der).expect("readable");
        assert_eq!(differences(&publisher(&object), &certificate), [], "{}", signed.file);
        compared += 1;
    }
    assert_eq!(compared, 1);
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = publisher::read(&bytes);
    }

    #[test]
    fn arbitrary_members_do_not_panic(kind in prop::sample::select(vec!["GitHub", "GitLab", "CircleCI", "Google"]), text in "[ -~äß/]{0,30}") {
        let members = ["repository", "workflow", "workflow_filepath", "environment", "email", "vcs_origin", "project_id"];
        let mut object = json!({"kind": kind});
        for member in members {
            object[member] = json!(text);
        }
        let uri = "https://github.com/o/r/.github/workflows/r.yml@refs/heads/main";
        let crafted = Crafted::of("https://token.actions.githubusercontent.com", uri).with(12, "https://github.com/o/r");
        let found = differences(&publisher(&object), &crafted.read());
        prop_assert_eq!(found.iter().any(|difference| difference.field == "publisher"), kind != "GitHub");
    }
}
