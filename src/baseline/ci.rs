//! CI habits: what the certificate, or the registry, says of the job that published.

use super::actor::log_hours;
use super::tally::{Practice, Rate, Spread, Values};
use crate::archive::history::Event;
use crate::archive::vocabulary::Sym;

/// The habits of the jobs that publish one kind of channel. A set, not the last value: jobs alternate.
#[derive(Clone, Debug, Default)]
pub struct CiHabits {
    /// Workflow paths.
    pub workflow: Values,
    /// Triggers.
    pub trigger: Values,
    /// Ref kinds.
    pub ref_kind: Values,
    /// Kinds and name shapes of refs.
    pub ref_shape: Values,
    /// Runners.
    pub runner: Values,
    /// Environments.
    pub environment: Values,
    /// Publishes from an environment, and lapses since the first.
    pub gate: Practice,
    /// Reusable workflows that signed, or that none did.
    pub signer: Values,
    /// Issuers in certificates.
    pub issuer: Values,
    /// Who signed.
    pub identity: Values,
    /// Numeric repository ids in certificates.
    pub repository_id: Values,
    /// Numeric ids of their owners.
    pub owner_id: Values,
    /// Publishes from a repeated run.
    pub repeated: Rate,
    /// Natural logarithm of the hours from the certificate to the publish.
    pub delay: Spread,
    /// Publishes whose provenance statement differs from the certificate.
    pub differs: Rate,
}

impl CiHabits {
    /// Learns a publish. What is not verified teaches nothing.
    pub(super) fn absorb(&mut self, event: &Event) {
        if event.unverified {
            return;
        }
        let at = event.at;
        let seen = [
            (&mut self.workflow, event.ci_workflow),
            (&mut self.trigger, event.ci_trigger),
            (&mut self.ref_kind, event.ci_ref_kind),
            (&mut self.ref_shape, event.ref_shape),
            (&mut self.runner, event.ci_runner),
            (&mut self.environment, event.ci_environment),
            (&mut self.signer, event.signer),
            (&mut self.issuer, event.cert_issuer),
            (&mut self.identity, event.cert_identity),
            (&mut self.repository_id, event.cert_repository_id),
            (&mut self.owner_id, event.cert_owner_id),
        ];
        for (values, value) in seen {
            values.note(value, at);
        }
        if event.ci_workflow.is_some() {
            self.gate.note(event.ci_environment.is_some());
        }
        if let Some(attempt) = event.ci_attempt.get() {
            self.repeated.note(attempt > 1);
        }
        if let Some(delay) = certificate_delay(event) {
            self.delay.note(log_hours(delay));
        }
        if event.cert_issuer.is_some() {
            self.differs.note(differs(event));
        }
    }

    /// A value is known here since before `since`.
    #[must_use]
    pub fn knew(values: &Values, value: Sym, since: i64) -> bool {
        values.get(value).is_some_and(|known| known.first < since)
    }
}

/// The provenance statement says another thing than the certificate.
#[must_use]
pub fn differs(event: &Event) -> bool {
    event.cert_differs.is_some()
}

/// Milliseconds from the certificate to the publish: minutes as a rule, hours where a release is staged
/// and approved later. Never negative: the two clocks are not the same.
#[must_use]
pub fn certificate_delay(event: &Event) -> Option<i64> {
    let issued = event.cert_issued_at.get().or_else(|| event.cert_integrated_at.get())?;
    Some((event.at - issued).max(0))
}
