//! What builds claim, and where that is not what their certificates state.

use gaitkeeper::acquire::sigstore::certificate::{self, Certificate};
use gaitkeeper::acquire::sigstore::claims::{self, Claims, Field, differences};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::crafted::Crafted;
use crate::material::{self, Signed};
use crate::shared::shared;

/// Claims of a statement that is build provenance.
pub fn provenance(statement: &Value) -> Claims {
    claims::read(statement.to_string().as_bytes()).expect("a statement").expect("provenance")
}

/// The statement of a real document that is build provenance, and its certificate.
pub fn real(file: &str) -> Option<(Value, Certificate)> {
    let folder = shared("sigstore")?;
    let path = folder.join(file);
    let parent = path.parent().expect("folder");
    let name = path.file_name().expect("name").to_string_lossy().into_owned();
    let signed = material::signed(parent).into_iter().find(|signed| {
        signed.file == name && matches!(claims::read(&signed.statement), Ok(Some(_))) && signed.certificate.is_some()
    });
    let signed = signed.expect("build provenance");
    let certificate = certificate::read(&signed.certificate.expect("certificate")).expect("readable");
    Some((serde_json::from_slice(&signed.statement).expect("JSON"), certificate))
}

fn names(statement: &Value, certificate: &Certificate) -> Vec<&'static str> {
    let mut names: Vec<_> =
        differences(&provenance(statement), certificate).iter().map(|difference| difference.field).collect();
    names.dedup();
    names
}

const PLAYWRIGHT: &str = "npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json";

#[test]
fn claims_of_npms_client_in_v1() {
    let Some((statement, _)) = real(PLAYWRIGHT) else { return };
    let found = provenance(&statement);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(found.repository, some("github.com/microsoft/playwright-cli"));
    assert_eq!((found.ref_, found.workflow_ref), (some("refs/tags/v0.1.1"), some("refs/tags/v0.1.1")));
    assert_eq!(found.workflow, some(".github/workflows/publish.yml"));
    assert_eq!((found.trigger, found.runner), (some("release"), some("hosted")));
    assert_eq!((found.repository_id, found.owner_id), (some("273562379"), some("6154722")));
    assert!(found.run_uri.expect("run").ends_with("/actions/runs/22026075834/attempts/1"));
    assert_eq!(found.builder, some("https://github.com/actions/runner/github-hosted"));
    assert_eq!(found.commit.map(|commit| commit.len()), Some(40));
    assert_eq!((found.contradictions.len(), found.unread.len()), (0, 0));
}

#[test]
fn claims_of_npms_client_in_v02() {
    let Some((statement, _)) = real("npm_attestations/npm-cli/valid-sigstore-attestations.json") else { return };
    let found = provenance(&statement);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(found.predicate_type, "https://slsa.dev/provenance/v0.2");
    assert_eq!(found.build_type, some("https://github.com/npm/cli/gha@v0"));
    assert_eq!(found.repository, some("github.com/sigstore/sigstore-js"));
    assert_eq!(found.workflow, some(".github/workflows/publish.yml"));
    assert_eq!((found.ref_, found.workflow_ref), (some("refs/tags/v1.0.0"), some("refs/tags/v1.0.0")));
    assert_eq!((found.trigger, found.runner), (some("release"), None));
    assert_eq!((found.repository_id, found.owner_id), (some("495574555"), some("71096353")));
    assert_eq!(found.run_uri, some("https://github.com/sigstore/sigstore-js/actions/runs/4137028816/attempts/1"));
    assert_eq!(found.commit, some("06528997c3c8ab9f864fad9a3658446aca7fd86d"));
    assert_eq!((found.contradictions.len(), found.unread.len()), (0, 0));
}

/// Every real statement with the certificate that signed it.
#[test]
fn real_documents_claim_what_their_certificates_state() {
    let Some(folder) = shared("sigstore") else { return };
    let kinds = material::kinds(&folder.join("INDEX.csv"));
    let (mut compared, mut other, mut found) = (0, 0, Vec::new());
    for Signed { file, statement, certificate, .. } in material::signed(&folder) {
        let kind = kinds.get(&file).map_or("", String::as_str);
        let (Some(certificate), false) = (certificate, kind.contains("altered") || kind.contains("synthetic")) else {
            continue;
        };
        match claims::read(&statement) {
            Ok(Some(claims)) => {
                compared += 1;
                assert_eq!(claims.unread, [], "{file}");
                let certificate = certificate::read(&certificate).expect("readable");
                let fields = differences(&claims, &certificate).into_iter().map(|difference| difference.field);
                found.extend(fields.map(|field| format!("{file} {field}")));
                found.extend(claims.contradictions.iter().map(|(field, _)| format!("{file} itself {}", field.name())));
            }
            Ok(None) => other += 1,
            Err(_) => found.push(format!("{file} unreadable")),
        }
    }
    // Two copies of one conformance case sign the provenance of somebody else's build.
    let foreign = [
        "bundles/sigstore-rust/sigstore-bundle__tests__fixtures__happy-path.json",
        "conformance_assets/bundle-verify/happy-path-intoto-in-dsse-v3/bundle.sigstore.json",
    ];
    let fields = ["repository", "workflow", "commit", "repository_id", "owner_id", "run_uri", "builder"];
    let expected = foreign.iter().flat_map(|file| fields.map(|field| format!("{file} {field}")));
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!((compared, other), (30, 25));
}

#[test]
fn statements_that_were_altered_name_the_field() {
    let Some((statement, certificate)) = real(PLAYWRIGHT) else { return };
    assert_eq!(names(&statement, &certificate), [""; 0]);
    let definition = "/predicate/buildDefinition";
    let cases = [
        ("/externalParameters/workflow/repository", "https://github.com/evil/playwright-cli", "repository"),
        ("/externalParameters/workflow/ref", "refs/heads/main", "workflow_ref"),
        ("/externalParameters/workflow/path", ".github/workflows/other.yml", "workflow"),
        ("/internalParameters/github/event_name", "push", "trigger"),
        ("/internalParameters/github/repository_id", "1", "repository_id"),
        ("/internalParameters/github/repository_owner_id", "1", "owner_id"),
        ("/resolvedDependencies/0/uri", "git+https://github.com/microsoft/playwright-cli@refs/heads/main", "ref"),
        ("/resolvedDependencies/0/uri", "git+https://github.com/evil/x@refs/tags/v0.1.1", "repository"),
        ("/resolvedDependencies/0/digest/gitCommit", "0000000000000000000000000000000000000000", "commit"),
    ];
    for (place, value, field) in cases {
        let mut altered = statement.clone();
        *altered.pointer_mut(&format!("{definition}{place}")).expect(place) = json!(value);
        assert_eq!(names(&altered, &certificate), [field], "{place}");
    }
    let details = [
        ("/builder/id", "https://github.com/actions/runner/self-hosted", "runner"),
        ("/metadata/invocationId", "https://github.com/microsoft/playwright-cli/actions/runs/1/attempts/1", "run_uri"),
    ];
    for (place, value, field) in details {
        let mut altered = statement.clone();
        *altered.pointer_mut(&format!("/predicate/runDetails{place}")).expect(place) = json!(value);
        assert_eq!(names(&altered, &certificate), [field], "{place}");
    }
}

#[test]
fn every_place_of_a_v02_statement_counts() {
    let file = "npm_attestations/slsa-verifier/supreme-googles-cli-v02-tag.tgz.json";
    let Some((statement, certificate)) = real(file) else { return };
    assert_eq!(names(&statement, &certificate), [""; 0]);
    let (invocation, none) = ("/predicate/invocation", "0000000000000000000000000000000000000000");
    let cases = [
        ("/configSource/uri", "git+https://github.com/evil/supreme-goggles@refs/tags/v1.0.5", "repository"),
        ("/configSource/digest/sha1", none, "commit"),
        ("/configSource/entryPoint", ".github/workflows/other.yml", "workflow"),
        ("/environment/GITHUB_SHA", none, "commit"),
        ("/environment/GITHUB_REF", "refs/heads/main", "ref"),
        ("/environment/GITHUB_EVENT_NAME", "schedule", "trigger"),
        ("/environment/GITHUB_REPOSITORY_ID", "1", "repository_id"),
        ("/environment/GITHUB_REPOSITORY_OWNER_ID", "1", "owner_id"),
        ("/environment/GITHUB_RUN_ID", "1", "run_uri"),
        ("/environment/GITHUB_RUN_ATTEMPT", "9", "run_uri"),
    ];
    for (place, value, field) in cases {
        let mut altered = statement.clone();
        *altered.pointer_mut(&format!("{invocation}{place}")).expect(place) = json!(value);
        assert_eq!(names(&altered, &certificate), [field], "{place}");
    }
    let mut altered = statement.clone();
    *altered.pointer_mut("/predicate/materials/0/digest/sha1").expect("materials") = json!(none);
    assert_eq!(names(&altered, &certificate), ["commit"]);
    assert_eq!(provenance(&altered).contradictions, [(Field::Commit, none.to_owned())]);
}

/// A statement of GitHub's own attestation action.
pub fn attested(repository: &str, builder: &str) -> Value {
    json!({"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {"workflow": {"ref": "refs/heads/main", "repository": repository, "path": ".github/workflows/ci.yml"}},
                "internalParameters": {"github": {"event_name": "push", "runner_environment": "github-hosted"}}},
            "runDetails": {"builder": {"id": builder}}}})
}

#[test]
fn the_builder_of_an_attestation_is_the_workflow_that_signed() {
    let workflow = "https://github.com/o/r/.github/workflows/ci.yml@refs/heads/main";
    let other = "https://github.com/org/shared/.github/workflows/build.yml@refs/heads/main";
    let certificate = Crafted::of("https://token.actions.githubusercontent.com", other)
        .with(9, other)
        .with(12, "https://github.com/o/r")
        .with(18, workflow)
        .read();
    assert_eq!(names(&attested("https://github.com/O/R", other), &certificate), [""; 0]);
    let differences = differences(&provenance(&attested("https://github.com/o/r", workflow)), &certificate);
    assert_eq!(differences.len(), 1);
    assert_eq!((differences[0].field, differences[0].certified.as_str()), ("builder", other));
}

#[test]
fn npms_client_cut_refs_at_an_at() {
    let uri = "https://github.com/o/r/.github/workflows/ci.yml@refs/tags/pkg@1.2.3";
    let certificate = Crafted::of("https://token.actions.githubusercontent.com", uri)
        .with(12, "https://github.com/o/r")
        .with(14, "refs/tags/pkg@1.2.3")
        .with(18, uri)
        .read();
    let with_ref = |git_ref: &str| {
        let mut statement = attested("https://github.com/o/r", "");
        statement["predicate"]["buildDefinition"]["externalParameters"]["workflow"]["ref"] = json!(git_ref);
        statement
    };
    for same in ["refs/tags/pkg@1.2.3", "refs/tags/pkg"] {
        assert_eq!(names(&with_ref(same), &certificate), [""; 0], "{same}");
    }
    for other in ["refs/tags/pkg@1.2", "refs/tags/", "refs/tags/pkg@"] {
        assert_eq!(names(&with_ref(other), &certificate), ["workflow_ref"], "{other}");
    }
}

#[test]
fn repositories_in_every_writing() {
    let of = |uri: Value| {
        let mut statement = attested("", "");
        statement["predicate"]["buildDefinition"]["externalParameters"]["workflow"]["repository"] = uri;
        provenance(&statement)
    };
    for uri in [
        "git+https://github.com/O/R@refs/heads/main",
        "https://github.com/O/R.git",
        "https://github.com/O/R",
        "git+https://github.com/O/R@0123456789abcdef0123456789abcdef01234567",
        "git+https://github.com/o/r@refs/tags/@scope/pkg@1.0.0",
    ] {
        let found = of(json!(uri));
        assert_eq!((found.repository.as_deref(), found.unread.len()), (Some("github.com/o/r"), 0), "{uri}");
    }
    assert_eq!(of(json!("git+https://h.example/o/r@refs/tags/@s/p@1")).ref_.as_deref(), Some("refs/tags/@s/p@1"));
    for uri in ["github.com/o/r", "https://user@h.example/o/r", "https://github.com/", "git+ssh:github.com"] {
        let found = of(json!(uri));
        assert_eq!(found.repository, None, "{uri}");
        assert_eq!(found.unread, [("workflow.repository", "no address of a repository")]);
    }
    assert_eq!(of(json!(["https://github.com/o/r"])).unread, [("workflow.repository", "no text")]);
    assert_eq!(of(json!("x".repeat(5000))).unread, [("workflow.repository", "longer than 4 KiB")]);
}

/// What npm's client writes on GitLab.
fn gitlab() -> Value {
    json!({"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v0.2", "predicate": {
        "buildType": "https://github.com/npm/cli/gitlab/v0alpha1",
        "builder": {"id": "https://gitlab.com/Group/Sub/p/-/runners/12270857"},
        "invocation": {
            "configSource": {"uri": "git+https://gitlab.com/Group/Sub/p", "digest": {"sha1": "AAAA"}, "entryPoint": "publish"},
            "parameters": {"CI": "true", "CI_COMMIT_TAG": "v1.0.0", "CI_CONFIG_PATH": ".gitlab-ci.yml", "CI_PIPELINE_SOURCE": "push",
                "CI_PROJECT_ID": "7", "CI_PROJECT_NAMESPACE_ID": "8", "CI_COMMIT_SHA": "aaaa",
                "CI_JOB_URL": "https://gitlab.com/group/sub/p/-/jobs/9", "CI_COMMIT_BRANCH": ""}},
        "materials": [{"uri": "git+https://gitlab.com/Group/Sub/p", "digest": {"sha1": "aaaa"}}]}})
}

fn gitlab_certificate() -> Crafted {
    let uri = "https://gitlab.com/group/sub/p//.gitlab-ci.yml@refs/tags/v1.0.0";
    Crafted::of("https://gitlab.com", uri)
        .with(9, uri)
        .with(12, "https://gitlab.com/group/sub/p")
        .with(13, "aaaa")
        .with(14, "refs/tags/v1.0.0")
        .with(15, "7")
        .with(17, "8")
        .with(20, "push")
        .with(21, "https://gitlab.com/group/sub/p/-/jobs/9")
}

#[test]
fn claims_on_gitlab() {
    let found = provenance(&gitlab());
    assert_eq!(found.repository.as_deref(), Some("gitlab.com/group/sub/p"));
    assert_eq!(found.ref_.as_deref(), Some("refs/tags/v1.0.0"));
    assert_eq!((found.commit.as_deref(), found.workflow.as_deref()), (Some("aaaa"), Some(".gitlab-ci.yml")));
    assert_eq!(found.contradictions, []);
    let certificate = gitlab_certificate().read();
    assert_eq!(names(&gitlab(), &certificate), [""; 0]);
    for (key, value, field) in [
        ("CI_COMMIT_TAG", "v2.0.0", "ref"),
        ("CI_CONFIG_PATH", "evil.yml", "workflow"),
        ("CI_PIPELINE_SOURCE", "web", "trigger"),
        ("CI_PROJECT_ID", "70", "repository_id"),
        ("CI_PROJECT_NAMESPACE_ID", "80", "owner_id"),
        ("CI_COMMIT_SHA", "bbbb", "commit"),
        ("CI_JOB_URL", "https://gitlab.com/group/sub/p/-/jobs/10", "run_uri"),
    ] {
        let mut altered = gitlab();
        altered["predicate"]["invocation"]["parameters"][key] = json!(value);
        assert_eq!(names(&altered, &certificate), [field], "{key}");
    }
}

#[test]
fn claims_of_gitlabs_runner_in_v1() {
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1", "predicate": {
        "buildDefinition": {
            "buildType": "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v17.0.0/PROVENANCE.md",
            "externalParameters": {"source": "https://gitlab.com/group/sub/p", "entryPoint": "build", "variables": {"CI": "", "CI_COMMIT_SHA": "", "CI_PROJECT_ID": 7}},
            "internalParameters": {"name": "runner", "executor": "docker", "job": "9"},
            "resolvedDependencies": [{"uri": "https://gitlab.com/group/sub/p", "digest": {"sha256": "aaaa"}}]},
        "runDetails": {"builder": {"id": "https://gitlab.com/group/sub/p/-/runners/1"}, "metadata": {"invocationId": "9"}}}});
    let found = provenance(&statement);
    assert_eq!(found.repository.as_deref(), Some("gitlab.com/group/sub/p"));
    assert_eq!((found.commit.as_deref(), found.repository_id.as_deref()), (Some("aaaa"), Some("7")));
    assert_eq!((found.run_uri, found.unread.len()), (None, 0));
    assert_eq!(names(&statement, &gitlab_certificate().read()), [""; 0]);
    let mut other = statement;
    other["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]["sha256"] = json!("bbbb");
    assert_eq!(names(&other, &gitlab_certificate().read()), ["commit"]);
}

#[test]
fn absent_on_one_side_is_no_difference() {
    let Some((statement, _)) = real(PLAYWRIGHT) else { return };
    let person = Crafted::default().with(8, "https://accounts.example").name(0x81, b"someone@mail.example").read();
    assert_eq!(names(&statement, &person), [""; 0]);
    let bare = Crafted::of(
        "https://token.actions.githubusercontent.com",
        "https://github.com/a/b/.github/workflows/c.yml@refs/heads/d",
    );
    assert_eq!(names(&statement, &bare.with(14, "").read()), [""; 0]);
    assert_eq!(differences(&Claims::default(), &gitlab_certificate().read()), []);
}

#[test]
fn statements_of_other_kinds() {
    let read = |statement: Value| claims::read(statement.to_string().as_bytes());
    let publish = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://a.example/publish/v1", "predicate": null});
    assert_eq!(read(publish), Ok(None));
    let later = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v9", "predicate": {}});
    let later = read(later).expect("a statement").expect("provenance");
    assert_eq!(later.unread, [("predicateType", "a version of the provenance that is not known")]);
    for wrong in [
        json!({"_type": "https://in-toto.io/StatementA/v0.1", "predicateType": "https://slsa.dev/provenance/v1"}),
        json!({"predicateType": "https://slsa.dev/provenance/v1"}),
        json!([]),
    ] {
        assert_eq!(read(wrong).expect_err("refused").place.as_deref(), Some("statement"));
    }
    let twice = br#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"a","predicateType":"b"}"#;
    assert!(claims::read(twice).expect_err("refused").what.contains("duplicate"));
    assert!(claims::read(&vec![b' '; claims::MAX_BYTES + 1]).is_err());
    let deep = format!("{{\"_type\":{}", "[".repeat(100_000));
    assert!(claims::read(deep.as_bytes()).is_err());
}

#[test]
fn notes_and_contradictions_are_bounded() {
    let many: Vec<Value> = (0..2000).map(|at| json!({"uri": format!("https://h.example/o/{at}")})).collect();
    let mut statement = attested("https://h.example/o/1500", "");
    statement["predicate"]["buildDefinition"]["resolvedDependencies"] = json!(many);
    let found = provenance(&statement);
    assert_eq!(found.unread, [("resolvedDependencies", "more than 1000 entries, and the rest was not looked at")]);
    assert_eq!(found.contradictions, []);
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = claims::read(&bytes);
    }

    #[test]
    fn arbitrary_values_do_not_panic(place in 0_usize..8, text in "[ -~ä]{0,40}", number in any::<i64>(), kind in 0_u8..4) {
        let value = match kind { 0 => json!(text), 1 => json!(number), 2 => json!([text]), _ => json!({"uri": text}) };
        let pointers = ["/predicate", "/predicate/materials", "/predicate/materials/0", "/predicate/materials/0/uri",
            "/predicate/invocation", "/predicate/invocation/configSource/uri", "/predicate/invocation/parameters", "/predicate/builder"];
        let mut statement = gitlab();
        *statement.pointer_mut(pointers[place]).expect("place") = value;
        let claims = provenance(&statement);
        let _ = differences(&claims, &gitlab_certificate().read());
    }
}
