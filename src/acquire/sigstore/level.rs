//! Which SLSA build level a release gives evidence of (<https://slsa.dev/spec/v1.0/levels>): 1, that provenance
//! exists; 2, that a hosted platform signed it; 3, that the build had no access to what signed it.
//!
//! It is no verdict: a level says how hard a provenance would be to forge, and not that the build is harmless. Where
//! something is not stated, the lower level counts. Levels 2 and 3 for workflows of GitHub follow what the
//! platform claims for its attestations (docs.github.com, "Artifact attestations": level 2, and level 3 if a
//! reusable workflow makes them), and the generators of slsa-framework/slsa-github-generator claim level 3.

use super::certificate::Certificate;
use super::claims::{ATTESTED, Claims};
use super::differences::differences;
use super::identity::{Ci, Signer, is_hosted_platform, signer};

/// Where the generators' workflows are.
const GENERATORS: &str = "github.com/slsa-framework/slsa-github-generator/.github/workflows/";

/// A build level with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// 0 to 3.
    pub number: u8,
    /// Why it is that and no higher, as words for people.
    pub why: &'static str,
}

/// The level of a release whose provenance was signed with that certificate, `None` if with a bare key. `verified`
/// says whether signature, chain and log were, and the statement names the artifact.
#[must_use]
pub fn level(claims: Option<&Claims>, certificate: Option<&Certificate>, verified: bool) -> Level {
    let level = |number, why| Level { number, why };
    let Some(claims) = claims else { return level(0, "there is no build provenance") };
    if !verified {
        return level(0, "the build provenance is not verified");
    }
    let Some(certificate) = certificate else {
        return level(1, "the provenance is signed with a key that stands for no build platform");
    };
    let Signer::Ci(ci) = signer(certificate) else {
        return level(1, "the provenance is signed by somebody, and not by a build platform");
    };
    if !ci.issuer.as_deref().is_some_and(is_hosted_platform) {
        return level(1, "the provenance is signed by a platform that is not known as a hosted one");
    }
    match ci.runner.as_deref() {
        Some("hosted") => {}
        Some("self-hosted") => return level(1, "the job ran on a machine of the owner's"),
        _ => return level(1, "the certificate does not state that the job ran on the platform's machines"),
    }
    if !differences(claims, certificate).is_empty() {
        return level(1, "the provenance claims something else than the certificate states");
    }
    if ci.provider == "github" && is_generator(&ci) {
        return level(3, "an isolated generator of slsa-github-generator signed, apart from the build");
    }
    if ci.provider == "github" && is_apart(claims, &ci, certificate) {
        return level(3, "a reusable workflow of another repository attested, apart from the caller's");
    }
    level(2, "a hosted build platform's identity signed")
}

/// A builder, generator or delegator of slsa-github-generator at a release: its own rules forbid any other ref.
fn is_generator(ci: &Ci) -> bool {
    let file = ci.signer.as_deref().and_then(|signer| signer.strip_prefix(GENERATORS));
    let is_isolated = file.is_some_and(|file| {
        ["builder_", "generator_", "delegator_"].iter().any(|kind| file.starts_with(kind))
            && file.ends_with("_slsa3.yml")
    });
    let release = ci.signer_ref.as_deref().and_then(|full| full.strip_prefix("refs/tags/v"));
    is_isolated && release.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// The platform's own attestation, made in a workflow of another repository than the one that was built. npm's
/// client makes provenance in the middle of the build, and is never apart from it.
fn is_apart(claims: &Claims, ci: &Ci, certificate: &Certificate) -> bool {
    let (Some(repository), Some(signer)) = (&ci.repository, &ci.signer) else { return false };
    let is_other = signer.strip_prefix(repository.as_str()).is_none_or(|rest| !rest.starts_with('/'));
    is_other
        && claims.build_type.as_deref() == Some(ATTESTED)
        && claims.builder.is_some()
        && claims.builder == certificate.build_signer_uri
}
