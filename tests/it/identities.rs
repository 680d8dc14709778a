//! The identity of a signer: of CI jobs of every provider in one form, of persons and of workloads.

use gaitkeeper::acquire::sigstore::certificate::{self, Certificate};
use gaitkeeper::acquire::sigstore::identity::{Ci, Signer, ref_kind, signer};
use gaitkeeper::archive::git_ref::shape as ref_shape;
use proptest::prelude::*;

use crate::crafted::Crafted;
use crate::material;
use crate::shared::shared;

const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn ci(certificate: &Certificate) -> Ci {
    match signer(certificate) {
        Signer::Ci(ci) => *ci,
        other => panic!("not of a build: {other:?}"),
    }
}

/// A text that is stated.
#[expect(clippy::unnecessary_wraps, reason = "every fact that it is compared with may be absent")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The first certificate of a file of the shared material.
fn real(file: &str) -> Option<Certificate> {
    let path = shared(&format!("sigstore/{file}"))?;
    let certificates = material::certificates(&path);
    Some(certificate::read(certificates.first().expect("a certificate")).expect("readable"))
}

/// A job of GitHub in which everything is filled.
fn github(workflow: &str, signer: &str, git_ref: &str) -> Crafted {
    Crafted::of(GITHUB, &format!("https://github.com/{signer}"))
        .with(9, &format!("https://github.com/{signer}"))
        .with(11, "github-hosted")
        .with(12, "https://github.com/Owner/Repo")
        .with(13, "c0ffee")
        .with(14, git_ref)
        .with(15, "11")
        .with(17, "22")
        .with(18, &format!("https://github.com/{workflow}"))
        .with(20, "push")
        .with(21, "https://github.com/Owner/Repo/actions/runs/33/attempts/2")
        .with(22, "public")
        .with(23, "release")
        .with(24, "repo:Owner/Repo:environment:release")
}

#[test]
fn github_with_every_extension() {
    let workflow = "Owner/Repo/.github/workflows/Release.yml@refs/tags/v1.2.3";
    let found = ci(&github(workflow, workflow, "refs/tags/v1.2.3").read());
    let expected = Ci {
        provider: "github",
        repository: some("github.com/owner/repo"),
        repository_id: some("11"),
        owner_id: some("22"),
        workflow: some(".github/workflows/Release.yml"),
        workflow_ref: some("refs/tags/v1.2.3"),
        signer: None,
        signer_ref: some("refs/tags/v1.2.3"),
        ref_: some("refs/tags/v1.2.3"),
        ref_kind: Some("tag"),
        commit: some("c0ffee"),
        trigger: some("push"),
        runner: some("hosted"),
        environment: some("release"),
        visibility: some("public"),
        run_uri: some("https://github.com/Owner/Repo/actions/runs/33/attempts/2"),
        run_id: some("33"),
        attempt: Some(2),
        issuer: some(GITHUB),
        subject_token: some("repo:Owner/Repo:environment:release"),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_reusable_workflow_signs_in_its_own_name() {
    let workflow = "Owner/Repo/.github/workflows/ci.yml@refs/heads/main";
    let other = "Org/Shared/.github/workflows/Publish.yml@0123456789abcdef0123456789abcdef01234567";
    let found = ci(&github(workflow, other, "refs/heads/main").read());
    assert_eq!(found.workflow, some(".github/workflows/ci.yml"));
    assert_eq!(found.signer, some("github.com/org/shared/.github/workflows/Publish.yml"));
    assert_eq!(found.signer_ref, some("0123456789abcdef0123456789abcdef01234567"));
    let own = "owner/repo/.github/workflows/publish.yml@refs/heads/main";
    let found = ci(&github(workflow, own, "refs/heads/main").read());
    assert_eq!(found.signer, some("github.com/owner/repo/.github/workflows/publish.yml"));
    assert_eq!(found.workflow, some(".github/workflows/ci.yml"));
}

#[test]
fn a_workflow_of_another_repository_keeps_its_repository() {
    let workflow = "Org/Rules/.github/workflows/required.yml@refs/heads/main";
    let found = ci(&github(workflow, workflow, "refs/heads/main").read());
    assert_eq!(found.workflow, some("github.com/org/rules/.github/workflows/required.yml"));
    assert_eq!(found.signer, None);
}

#[test]
fn an_at_in_a_tag_stays_in_the_ref() {
    let tags = ["refs/tags/pkg@1.2.3", "refs/tags/@scope/pkg@1.2.3", "refs/tags/a@refs/tags/b", "refs/heads/a@b"];
    for tag in tags {
        let workflow = format!("Owner/Repo/.github/workflows/r.yml@{tag}");
        let found = ci(&github(&workflow, &workflow, tag).read());
        assert_eq!(found.workflow, some(".github/workflows/r.yml"), "{tag}");
        assert_eq!(found.workflow_ref.as_deref(), Some(tag));
        assert_eq!(found.signer, None);
        // Also where the built ref is another than the workflow's.
        let found = ci(&github(&workflow, &workflow, "refs/heads/main").read());
        assert_eq!(found.workflow, some(".github/workflows/r.yml"), "{tag}");
        assert_eq!(found.workflow_ref.as_deref(), Some(tag));
    }
}

#[test]
fn a_path_cannot_pass_for_a_shorter_one() {
    let uri = "https://gitlab.com/g/p//ci.yml@refs/x.yml@refs/heads/main";
    let crafted = Crafted::of("https://gitlab.com", uri).with(9, uri).with(12, "https://gitlab.com/g/p");
    let found = ci(&crafted.with(14, "refs/heads/main").read());
    assert_eq!(found.workflow, some("ci.yml@refs/x.yml"));
    assert_eq!(found.workflow_ref, some("refs/heads/main"));
}

#[test]
fn issuers_of_github() {
    let workflow = "https://github.com/o/r/.github/workflows/r.yml@refs/heads/main";
    let provider = |issuer: &str| match signer(&Crafted::of(issuer, workflow).with(12, "https://github.com/o/r").read())
    {
        Signer::Ci(ci) => ci.provider,
        _ => "none",
    };
    for issuer in [
        GITHUB,
        "https://token.actions.githubusercontent.com/enterprise",
        "https://token.actions.tenant.ghe.com",
        "https://github.corp.example/_services/token",
    ] {
        assert_eq!(provider(issuer), "github", "{issuer}");
    }
    for issuer in [
        "https://token.actions.githubusercontent.com.example",
        "https://token.actions.githubusercontent.community",
        "https://token.actions.a.b.ghe.com",
        "https://token.actions..ghe.com",
        "https://token.actions.x/.ghe.com",
        "http://token.actions.githubusercontent.com",
    ] {
        assert_eq!(provider(issuer), "other", "{issuer}");
    }
}

#[test]
fn gitlab_of_ones_own() {
    let uri = "https://git.corp.example/Group/Sub/Project//.gitlab-ci.yml@refs/tags/1.0";
    let crafted = Crafted::of("https://git.corp.example", uri).with(9, uri).with(18, uri).with(11, "self-hosted");
    let found = ci(&crafted.with(12, "https://git.corp.example/Group/Sub/Project").read());
    assert_eq!(found.provider, "gitlab");
    assert_eq!(found.repository, some("git.corp.example/group/sub/project"));
    assert_eq!(found.workflow, some(".gitlab-ci.yml"));
    assert_eq!((found.signer, found.runner), (None, some("self-hosted")));
}

/// CircleCI as Fulcio's templates write it.
fn circleci(runner: &str) -> Crafted {
    let definition = "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-2";
    Crafted::of("https://oidc.circleci.com/org/0a1b", definition)
        .with(9, definition)
        .with(11, runner)
        .with(12, "github.com/Owner/Repo")
        .with(14, "refs/heads/main")
        .with(18, "https://circleci.com/api/v2/pipeline/unique-3/config")
        .with(21, "https://app.circleci.com//workflow/w-4/job/j-5")
}

#[test]
fn circleci_has_a_definition_and_no_workflow() {
    let found = ci(&circleci("").read());
    assert_eq!(found.provider, "circleci");
    assert_eq!(found.repository, some("github.com/owner/repo"));
    assert_eq!((found.workflow, found.workflow_ref), (None, None));
    assert_eq!(found.signer, some("circleci.com/api/v2/projects/p-1/pipeline-definitions/d-2"));
    assert_eq!((found.run_id, found.attempt), (some("w-4"), None));
    assert_eq!((found.ref_, found.ref_kind), (some("refs/heads/main"), Some("branch")));
    assert_eq!((found.runner, found.environment), (some(""), None));
    assert_eq!(ci(&circleci("\"\"").read()).runner, some(""));
    assert_eq!(ci(&circleci("ssh-rerun").read()).runner, some("ssh-rerun"));
}

#[test]
fn buildkite_codefresh_and_others() {
    let pipeline = "https://buildkite.com/Acme/Release";
    let crafted = Crafted::of("https://agent.buildkite.com", pipeline)
        .with(11, "buildkite-hosted")
        .with(13, "beef")
        .with(20, "webhook")
        .with(21, "https://buildkite.com/acme/release/builds/42#job-1")
        .with(24, "organization:acme:pipeline:release:ref:refs/heads/main");
    let found = ci(&crafted.read());
    assert_eq!((found.provider, found.repository), ("buildkite", None));
    assert_eq!(found.signer, some("buildkite.com/Acme/Release"));
    assert_eq!((found.run_id, found.runner), (some("42"), some("hosted")));
    assert_eq!((found.commit, found.trigger), (some("beef"), some("webhook")));

    let identity = "https://g.codefresh.io/acme/project/pipeline:a1/p2";
    let build = "https://g.codefresh.io/build/run-7";
    let crafted = Crafted::of("https://oidc.codefresh.io", identity).with(9, build).with(21, build).with(14, "main");
    let found = ci(&crafted.read());
    assert_eq!((found.provider, found.run_id), ("codefresh", some("run-7")));
    assert_eq!(found.signer, some("g.codefresh.io/acme/project/pipeline:a1/p2"));
    assert_eq!(found.ref_kind, Some("other"));

    let found = ci(&Crafted::of("https://api.buddy.example", "https://app.buddy.example/acme").with(16, "x").read());
    assert_eq!((found.provider, found.signer), ("other", some("app.buddy.example/acme")));
}

#[test]
fn persons_and_workloads() {
    let person = Crafted::default().with(8, "https://accounts.example").name(0x81, b"someone@mail.example");
    let issuer = some("https://accounts.example");
    let email = "someone@mail.example".to_owned();
    assert_eq!(signer(&person.with(24, "1234").read()), Signer::Person { issuer, email });
    let uri = "https://kubernetes.io/namespaces/n/serviceaccounts/s";
    let issuer = some("https://cluster.example");
    assert_eq!(
        signer(&Crafted::of("https://cluster.example", uri).with(24, "s").read()),
        Signer::Workload { issuer, uri: uri.to_owned() }
    );
    assert_eq!(signer(&Crafted::default().with(8, GITHUB).read()), Signer::Unknown);
    let two =
        Crafted::of(GITHUB, "https://github.com/o/r/.github/workflows/r.yml@refs/heads/main").uri("https://a.example");
    assert_eq!(signer(&two.read()), Signer::Unknown);
    assert_eq!(signer(&Crafted::default().name(0x82, b"host.example").read()), Signer::Unknown);
}

#[test]
fn real_certificates_of_every_kind() {
    let Some(npm) = real("npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json") else { return };
    let found = ci(&npm);
    assert_eq!(found.repository, some("github.com/microsoft/playwright-cli"));
    assert_eq!((found.repository_id, found.owner_id), (some("273562379"), some("6154722")));
    assert_eq!(found.workflow, some(".github/workflows/publish.yml"));
    assert_eq!((found.ref_, found.ref_kind), (some("refs/tags/v0.1.1"), Some("tag")));
    assert_eq!((found.run_id, found.attempt), (some("22026075834"), Some(1)));
    assert_eq!((found.trigger, found.runner, found.visibility), (some("release"), some("hosted"), some("public")));
    assert_eq!(found.signer, None);

    let old = real("npm_attestations/npm-cli/valid-sigstore-attestations.json").expect("there");
    let found = ci(&old);
    assert_eq!(old.source_repository_uri, None);
    assert_eq!(old.repository().map(|stated| stated.extension), Some(5));
    assert_eq!(found.repository, some("github.com/sigstore/sigstore-js"));
    assert_eq!(found.workflow, some(".github/workflows/publish.yml"));
    assert_eq!((found.trigger, found.ref_), (some("release"), some("refs/tags/v1.0.0")));
    assert_eq!((found.repository_id, found.runner, found.run_id), (None, None, None));

    let found = ci(&real("pypi/gitlab_oidc_project-0.0.3.tar.gz.publish.attestation").expect("there"));
    assert_eq!((found.provider, found.workflow), ("gitlab", some(".gitlab-ci.yml")));
    assert_eq!(found.repository, some("gitlab.com/facutuesca/gitlab-oidc-project"));
    assert_eq!((found.signer, found.run_id), (None, some("8415754949")));
    assert_eq!((found.runner, found.visibility), (some("hosted"), some("private")));

    let found = ci(&real("bundles/github-cli/reusable-workflow-attestation.sigstore.json").expect("there"));
    assert_eq!(found.repository, some("github.com/malancas/attest-demo"));
    assert_eq!(found.workflow, some(".github/workflows/shared.yml"));
    assert_eq!(found.signer, some("github.com/github/artifact-attestations-workflows/.github/workflows/attest.yml"));
    assert_eq!(found.signer_ref.map(|commit| commit.len()), Some(40));

    let found = ci(&real("npm_attestations/slsa-verifier/provenance-npm-test-ossf.tgz.json").expect("there"));
    let delegator = "delegator_lowperms-generic_slsa3.yml";
    let generator = "github.com/slsa-framework/slsa-github-generator/.github/workflows";
    assert_eq!(found.signer, Some(format!("{generator}/{delegator}")));
    assert_eq!(found.signer_ref, some("refs/tags/v1.6.0"));

    let found = ci(&real("bundles/github-cli/custom-issuer.sigstore.json").expect("there"));
    assert_eq!(found.provider, "github");
    assert_eq!(found.issuer, Some(format!("{GITHUB}/hammer-time")));

    let named = real("bundles/sigstore-go/othername.sigstore.json").expect("there");
    let (issuer, name) = (some("http://oidc.local:8080"), "foo!oidc.local".to_owned());
    assert_eq!(signer(&named), Signer::User { issuer, name });

    let person = signer(&real("cpython/versions/3.14.4.json").expect("there"));
    assert!(matches!(person, Signer::Person { issuer: Some(_), ref email } if email.contains('@')));

    let service = "bundles/sigstore-rust/sigstore-verify__test_data__timestamps__github_sha384_bundle.json";
    assert!(matches!(signer(&real(service).expect("there")), Signer::Workload { issuer: None, .. }));
}

#[test]
fn kinds_of_refs() {
    for (full, kind) in [
        ("refs/tags/v1", "tag"),
        ("refs/heads/main", "branch"),
        ("refs/pull/1/merge", "pull"),
        ("refs/merge-requests/1/head", "pull"),
        ("main", "other"),
        ("", "other"),
    ] {
        assert_eq!(ref_kind(full), kind, "{full}");
    }
}

#[test]
fn shapes_of_tags() {
    let tag = |tag: &str, version: &str, package: &str| ref_shape(&format!("refs/tags/{tag}"), version, package);
    for of_version in [
        "1.2.3",
        "v1.2.3",
        "V1.2.3",
        "pkg@1.2.3",
        "@scope/pkg@1.2.3",
        "pkg-v1.2.3",
        "pkg/v1.2.3",
        "scope-pkg-1.2.3",
        "release-1.2.3",
        "release/v1.2.3",
        "PKG_1.2.3",
    ] {
        assert_eq!(tag(of_version, "1.2.3", "@scope/pkg"), "tag of this version", "{of_version}");
    }
    for other in [
        "1.2.4",
        "v1.2.30",
        "v11.2.3",
        "other@1.2.3",
        "@other/pkg@1.2.3",
        "pkg@v",
        "v1.2",
        "nightly",
        "",
        "vv1.2.3",
        "evil-1.2.3",
    ] {
        assert_eq!(tag(other, "1.2.3", "@scope/pkg"), "tag", "{other}");
    }
    assert_eq!(tag("v1.0.0-rc.1", "1.0.0rc1", "my.pkg"), "tag of this version");
    assert_eq!(tag("my-pkg-1.0", "1.0", "my_pkg"), "tag of this version");
    assert_eq!(tag("v1.0.0", "1.0.0+build.5", "pkg"), "tag of this version");
    assert_eq!(tag("v1.20", "12.0", "pkg"), "tag");
    assert_eq!(tag("v", "", "pkg"), "tag");
}

#[test]
fn shapes_of_branches_and_the_rest() {
    let shape = |full: &str| ref_shape(full, "1.2.3", "pkg");
    for main in ["main", "master"] {
        assert_eq!(shape(&format!("refs/heads/{main}")), "main branch");
    }
    for release in
        ["release/1.2", "releases/v1", "release-2", "v1.x", "1.x", "1.2.x", "v2", "next", "canary", "beta", "lts/12"]
    {
        assert_eq!(shape(&format!("refs/heads/{release}")), "release branch", "{release}");
    }
    for branch in ["feature", "changeset-release/main", "mainline", "x", "2", "releasing", "vnext", "betamax"] {
        assert_eq!(shape(&format!("refs/heads/{branch}")), "branch", "{branch}");
    }
    assert_eq!(shape("refs/pull/5/merge"), "pull request");
    assert_eq!(shape("refs/merge-requests/5/head"), "pull request");
    for other in ["", "main", "v1.2.3", "refs/notes/x"] {
        assert_eq!(shape(other), "other", "{other}");
    }
}

proptest! {
    #[test]
    fn every_ref_has_one_of_seven_shapes(full in "(refs/(tags|heads|pull)/)?\\PC{0,20}", version in "\\PC{0,10}", package in "\\PC{0,10}") {
        let shapes = ["tag of this version", "tag", "main branch", "release branch", "branch", "pull request", "other"];
        prop_assert!(shapes.contains(&ref_shape(&full, &version, &package)));
    }

    #[test]
    fn a_tag_that_is_the_version_is_always_known(version in "[0-9]{1,3}(\\.[0-9]{1,3}){1,3}(-(alpha|rc)\\.[0-9])?") {
        prop_assert_eq!(ref_shape(&format!("refs/tags/v{version}"), &version, "pkg"), "tag of this version");
        prop_assert_eq!(ref_shape(&format!("refs/tags/pkg@{version}"), &version, "pkg"), "tag of this version");
    }

    #[test]
    fn arbitrary_identities_do_not_panic(issuer in prop::sample::select(vec![GITHUB, "https://gitlab.com", "https://oidc.circleci.com", "https://a.example"]), texts in proptest::collection::vec("[ -~äß@/:]{0,30}", 8)) {
        let mut crafted = Crafted::of(issuer, "https://a.example//x@y");
        for (number, text) in [9, 11, 12, 14, 18, 20, 21, 23].into_iter().zip(&texts) {
            crafted = crafted.with(number, text);
        }
        let found = ci(&crafted.read());
        prop_assert_eq!(found.environment.as_ref(), Some(&texts[7]));
    }
}
