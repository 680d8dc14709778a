//! The build level that a release gives evidence of, and its reason.

use gaitkeeper::acquire::sigstore::claims;
use gaitkeeper::acquire::sigstore::level::level;

use crate::claims::{attested, provenance, real};
use crate::crafted::Crafted;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/o/r/.github/workflows/ci.yml@refs/heads/main";
const SHARED: &str = "https://github.com/org/shared/.github/workflows/build.yml@refs/heads/main";

/// A job of GitHub's whose certificate names that workflow as its signer.
fn job(issuer: &str, signer: &str, runner: &str) -> Crafted {
    let crafted = Crafted::of(issuer, signer).with(9, signer).with(12, "https://github.com/o/r").with(18, WORKFLOW);
    if runner.is_empty() { crafted } else { crafted.with(11, runner) }
}

fn of(builder: &str, crafted: &Crafted) -> (u8, &'static str) {
    let level = level(Some(&provenance(&attested("https://github.com/o/r", builder))), Some(&crafted.read()), true);
    (level.number, level.why)
}

#[test]
fn nothing_or_nothing_verified_is_zero() {
    let certificate = job(GITHUB, WORKFLOW, "github-hosted").read();
    let claims = provenance(&attested("https://github.com/o/r", WORKFLOW));
    assert_eq!(level(None, Some(&certificate), true).number, 0);
    assert_eq!(level(None, None, false).why, "there is no build provenance");
    let unverified = level(Some(&claims), Some(&certificate), false);
    assert_eq!((unverified.number, unverified.why), (0, "the build provenance is not verified"));
    assert_eq!(level(Some(&claims), Some(&certificate), true).number, 2);
    assert_eq!(level(Some(&claims), None, true).number, 1);
}

#[test]
fn one_where_no_hosted_platform_signed() {
    let person = Crafted::default().with(8, "https://accounts.example").name(0x81, b"someone@mail.example");
    assert_eq!(of(WORKFLOW, &person), (1, "the provenance is signed by somebody, and not by a build platform"));
    let cases = [
        (job(GITHUB, WORKFLOW, "self-hosted"), "owner's"),
        (job(GITHUB, WORKFLOW, ""), "does not state"),
        (job(GITHUB, WORKFLOW, "somewhere"), "does not state"),
        (job("https://ci.example", WORKFLOW, "github-hosted"), "not known as a hosted one"),
        (job("https://github.corp.example/_services/token", WORKFLOW, "github-hosted"), "not known as a hosted one"),
    ];
    for (crafted, part) in cases {
        let (number, why) = of("", &crafted);
        assert_eq!(number, 1, "{why}");
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn one_where_claims_and_certificate_differ() {
    let job = job(GITHUB, WORKFLOW, "github-hosted");
    assert_eq!(of(WORKFLOW, &job).0, 2);
    assert_eq!(of(SHARED, &job), (1, "the provenance claims something else than the certificate states"));
}

#[test]
fn three_only_where_what_signed_is_apart_from_the_build() {
    assert_eq!(of(SHARED, &job(GITHUB, SHARED, "github-hosted")).0, 3);
    // A reusable workflow of the same repository is written by whoever writes the build.
    let own = "https://github.com/O/R/.github/workflows/attest.yml@refs/heads/main";
    assert_eq!(of(own, &job(GITHUB, own, "github-hosted")).0, 2);
    // A repository whose name only begins the same is another one.
    let similar = "https://github.com/o/r2/.github/workflows/attest.yml@refs/heads/main";
    assert_eq!(of(similar, &job(GITHUB, similar, "github-hosted")).0, 3);
    // Not the platform's own attestation: whoever wrote it may have done so in the midst of the build.
    assert_eq!(of("", &job(GITHUB, SHARED, "github-hosted")).0, 2);
    let mut statement = attested("https://github.com/o/r", SHARED);
    let build_type = "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1";
    statement["predicate"]["buildDefinition"]["buildType"] = build_type.into();
    let claims = claims::read(statement.to_string().as_bytes()).expect("a statement");
    assert_eq!(level(claims.as_ref(), Some(&job(GITHUB, SHARED, "github-hosted").read()), true).number, 2);
}

#[test]
fn generators_count_at_their_releases() {
    let at = |path: &str| {
        let uri = format!("https://github.com/slsa-framework/slsa-github-generator/.github/workflows/{path}");
        of("", &job(GITHUB, &uri, "github-hosted")).0
    };
    for path in ["generator_generic_slsa3.yml", "builder_nodejs_slsa3.yml", "delegator_generic_slsa3.yml"] {
        assert_eq!(at(&format!("{path}@refs/tags/v2.0.0")), 3, "{path}");
    }
    for path in [
        "generator_generic_slsa3.yml@refs/heads/main",
        "generator_generic_slsa3.yml@refs/tags/vnext",
        "pre-submit.yml@refs/tags/v2.0.0",
        "generator_generic_slsa1.yml@refs/tags/v2.0.0",
    ] {
        assert_eq!(at(path), 2, "{path}");
    }
    let fork =
        "https://github.com/evil/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0";
    assert_eq!(of("", &job(GITHUB, fork, "github-hosted")).0, 2);
}

#[test]
fn levels_of_real_documents() {
    for (file, expected) in [
        ("npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json", 2),
        ("npm_attestations/slsa-verifier/provenance-npm-test-ossf.tgz.json", 3),
        ("npm_attestations/slsa-verifier/gundam-visor-cli-v1-tag.tgz.json", 2),
        // Its certificate is from before runners were stated.
        ("npm_attestations/npm-cli/valid-sigstore-attestations.json", 1),
        // Made by an earlier attestation, which cannot be told from npm's client.
        ("bundles/github-cli/reusable-workflow-attestation.sigstore.json", 2),
        ("pypi/pypi_attestations-0.0.19.tar.gz.slsa.attestation", 2),
        ("bundles/sigstore-go/dsse.sigstore.json", 1),
    ] {
        let Some((statement, certificate)) = real(file) else { return };
        let level = level(Some(&provenance(&statement)), Some(&certificate), true);
        assert_eq!(level.number, expected, "{file}: {}", level.why);
    }
}
