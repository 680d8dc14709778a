//! What a verified document says of the job that published: the facts that an archive keeps.

use super::attestation::{Attestation, Report, Verdict};
use super::certificate::{self, Certificate};
use super::claims;
use super::identity::{Ci, Signer, signer};
use super::level::level;
use super::publisher;
use crate::acquire::raw::{Proof, RawCertificate, RawSigner};

/// `cert_failed` of a document that cannot be judged.
const UNREADABLE: &str = "unreadable";

/// What a document came to, and the facts of its certificate if it verified. `None` where this machine (its clock,
/// its trusted root) is what stands in the way: nothing is known of the document then.
#[must_use]
pub fn of(report: &Report) -> Option<RawCertificate> {
    let proof = match report.verdict() {
        Verdict::Verified => Proof::Verified,
        Verdict::Absent => Proof::Absent,
        Verdict::Failed { step, .. } => Proof::Unverified(step.id().to_owned()),
        Verdict::Unverifiable { .. } => Proof::Unverified(UNREADABLE.to_owned()),
        Verdict::Infrastructure { .. } => return None,
    };
    let bare = RawCertificate { proof, ..RawCertificate::default() };
    if bare.proof != Proof::Verified {
        return Some(bare);
    }
    let read = |attestation: &Attestation| {
        let certificate = certificate::read(attestation.certificate.as_deref()?).ok()?;
        let claims = attestation.statement.as_deref().and_then(|statement| claims::read(statement).ok().flatten());
        Some((certificate, claims))
    };
    // Provenance says most; a publish attestation of a registry has no certificate at all.
    let found: Vec<_> = report.attestations.iter().filter_map(|a| Some((a, read(a)?))).collect();
    let best = found.iter().find(|(_, (_, claims))| claims.is_some()).or_else(|| found.first());
    let Some((attestation, (certificate, claims))) = best else { return Some(bare) };
    let mut facts = RawCertificate { level: Some(0), ..described(certificate) };
    facts.proof = bare.proof;
    if let Some(log) = attestation.log.first() {
        facts.log_index = Some(log.index);
        facts.integrated_at = log.integrated_at.map(|seconds| seconds.saturating_mul(1000));
    }
    facts.level = Some(i64::from(level(claims.as_ref(), Some(certificate), true).number));
    if let Some(claims) = claims {
        facts.differs.extend(claims::differences(claims, certificate).iter().map(|d| d.field.to_owned()));
    }
    facts.differs.extend(publisher_differences(attestation, certificate));
    facts.differs.sort();
    facts.differs.dedup();
    Some(facts)
}

/// What a certificate states, as columns.
fn described(certificate: &Certificate) -> RawCertificate {
    let issued_at = Some(certificate.not_before);
    let issuer = certificate.issuer().map(|stated| stated.value.into_owned());
    let stated = |text: Option<String>| text.filter(|text| !text.is_empty());
    match signer(certificate) {
        Signer::Ci(ci) => {
            let ci: Ci = *ci;
            let place =
                [ci.repository.clone(), ci.workflow.clone()].into_iter().flatten().collect::<Vec<_>>().join("/");
            RawCertificate {
                signer: Some(RawSigner::Workload(ci.signer.clone().unwrap_or(place))),
                repository: ci.repository,
                repository_id: stated(ci.repository_id),
                owner_id: stated(ci.owner_id),
                workflow: ci.workflow,
                signer_workflow: ci.signer,
                trigger: stated(ci.trigger),
                git_ref: stated(ci.ref_),
                ref_kind: ci.ref_kind.map(str::to_owned),
                runner: stated(ci.runner),
                environment: stated(ci.environment),
                run_uri: stated(ci.run_uri),
                attempt: ci.attempt,
                issuer,
                issued_at,
                ..RawCertificate::default()
            }
        }
        Signer::Person { email, .. } => {
            RawCertificate { signer: Some(RawSigner::Person(email)), issuer, issued_at, ..RawCertificate::default() }
        }
        Signer::User { name, .. } => {
            RawCertificate { signer: Some(RawSigner::Person(name)), issuer, issued_at, ..RawCertificate::default() }
        }
        Signer::Workload { uri, .. } => {
            RawCertificate { signer: Some(RawSigner::Workload(uri)), issuer, issued_at, ..RawCertificate::default() }
        }
        Signer::Unknown => RawCertificate { issuer, issued_at, ..RawCertificate::default() },
    }
}

/// Where the publisher that PyPI names differs from the certificate.
fn publisher_differences(attestation: &Attestation, certificate: &Certificate) -> Vec<String> {
    let stated = attestation.publisher.as_deref().and_then(|text| publisher::read(text.as_bytes()).ok());
    let differences = stated.map(|stated| publisher::differences(&stated, certificate)).unwrap_or_default();
    differences.iter().map(|difference| format!("publisher {}", difference.field)).collect()
}
