//! CI habits: what the certificate, or the registry, says of the job that published.

use serde::{Deserialize, Serialize};

use super::actor::log_hours;
use super::reach::BurstView;
use super::tally::{Practice, Rate, Spread, Values};
use crate::archive::history::Event;
use crate::archive::vocabulary::{Sym, Symbols};

/// The habits of the jobs that publish one kind of channel. A set, not the last value: jobs alternate.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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

macro_rules! attributes {
    ($($attribute:ident $habit:ident $($column:ident).+;)+) => {
        /// What a job is told by: each has had values, and an event has one or none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Attribute { $(#[doc = stringify!($habit)] $attribute,)+ }

        impl Attribute {
            /// Every attribute.
            pub const ALL: &[Attribute] = &[$(Self::$attribute,)+];

            /// The value that an event has.
            #[must_use]
            pub fn of(self, event: &Event) -> Sym {
                match self { $(Self::$attribute => event.$($column).+,)+ }
            }
        }

        impl CiHabits {
            /// The values that an attribute has had.
            #[must_use]
            pub fn values(&self, attribute: Attribute) -> &Values {
                match attribute { $(Attribute::$attribute => &self.$habit,)+ }
            }

            fn values_mut(&mut self, attribute: Attribute) -> &mut Values {
                match attribute { $(Attribute::$attribute => &mut self.$habit,)+ }
            }
        }
    };
}

attributes! {
    Workflow workflow ci_workflow;
    Trigger trigger ci_trigger;
    RefKind ref_kind ci_ref_kind;
    RefShape ref_shape parsed.ref_shape;
    Runner runner ci_runner;
    Environment environment ci_environment;
    Signer signer parsed.signer;
    Issuer issuer cert_issuer;
    Identity identity cert_identity;
    RepositoryId repository_id cert_repository_id;
    OwnerId owner_id cert_owner_id;
}

/// Attributes of an event's job whose values its trusted publisher had for some package before its burst began: the
/// packages of one repository share their jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownJobs(u16);

impl KnownJobs {
    /// Those of an event by a trusted publisher whose jobs had these habits.
    pub(super) fn of(event: &Event, habits: &CiHabits, burst: &BurstView) -> Self {
        let since = event.at - burst.age;
        let knew = |attribute: Attribute| {
            habits.values(attribute).get(attribute.of(event)).is_some_and(|known| known.first < since)
        };
        Self(Attribute::ALL.iter().filter(|a| knew(**a)).fold(0, |bits, a| bits | 1 << *a as u16))
    }

    /// One bit an attribute.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// The same from its bits.
    #[must_use]
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Is this one among them?
    #[must_use]
    pub fn has(self, attribute: Attribute) -> bool {
        self.0 & (1 << attribute as u16) != 0
    }
}

impl Symbols for CiHabits {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        for attribute in Attribute::ALL {
            self.values_mut(*attribute).symbols(visit);
        }
    }
}

impl CiHabits {
    /// Learns a publish. What is not verified teaches nothing.
    pub(super) fn absorb(&mut self, event: &Event) {
        if event.unverified {
            return;
        }
        let at = event.at;
        for &attribute in Attribute::ALL {
            self.values_mut(attribute).note(attribute.of(event), at);
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
