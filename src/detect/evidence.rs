//! What a signal is, and what it can find. "Cannot tell" is a value here, never zero.

use crate::archive::history::Event;
use crate::archive::vocabulary::Sym;
use crate::archive::vocabulary::Vocabulary;
use crate::baseline::Look;
use crate::baseline::ci::{Attribute, certificate_delay};
use crate::baseline::package::channel_kind;
use crate::baseline::tally::{Rate, Sizes, Spread, Values};
use crate::detect::scene::Scene;
use crate::detect::wording::{most, name, told};

/// What a measure found, before any prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidence {
    /// As always.
    Usual,
    /// Something that happens or not: in `n` past chances the same, or something as extreme,
    /// happened `hits` times.
    Chance {
        /// It happened now.
        happens: bool,
        /// Times it happened before.
        hits: f32,
        /// Chances it had.
        n: f32,
    },
    /// A quantity above its usual range.
    Above {
        /// The quantity.
        value: f32,
        /// Its past.
        past: Spread,
    },
    /// A quantity below its usual range.
    Below {
        /// The quantity.
        value: f32,
        /// Its past.
        past: Spread,
    },
    /// A size that only matters when it is large: `hits` of `n` past observations were as large.
    Reaches {
        /// The size, above zero.
        size: f32,
        /// Past observations at least as large.
        hits: f32,
        /// Past observations.
        n: f32,
    },
    /// A probability worked out by the measure itself.
    Probability(f32),
    /// The question does not arise for this event.
    NotApplicable,
}

/// What is known about one signal at one event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judgement {
    /// Surprise in bits: -log2 of the predictive probability. Zero is "as always".
    Bits(f32),
    /// The entity has too short a history.
    NoHistory,
    /// The registry or the log does not say.
    Missing,
    /// The registry never shows the fact that it needs.
    NotOffered,
    /// The question does not arise.
    NotApplicable,
    /// There is a claim, but its certificate was not verified.
    Unverified,
}

impl Judgement {
    /// The surprise, zero where nothing could be judged.
    #[must_use]
    pub fn bits(self) -> f32 {
        if let Self::Bits(bits) = self { bits } else { 0.0 }
    }

    /// Why there are no bits.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Bits(_) => None,
            Self::NoHistory => Some("no history"),
            Self::Missing => Some("missing"),
            Self::NotOffered => Some("not offered here"),
            Self::NotApplicable => Some("not applicable"),
            Self::Unverified => Some("unverified"),
        }
    }
}

/// Whose baseline a signal reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// The publisher's, across packages.
    Actor,
    /// The package's, across publishers.
    Package,
}

impl Entity {
    /// Name in the documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Actor => "account",
            Self::Package => "package",
        }
    }
}

/// What a signal is about. An ablation leaves one group out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// When, and how many at once.
    Cadence,
    /// With which credential.
    Credential,
    /// By whom.
    Identity,
    /// Built where.
    CiIdentity,
    /// With which client.
    Toolchain,
    /// What it left in the package.
    Footprint,
}

impl Group {
    /// Every group, in the order of the table.
    pub const ALL: [Group; 6] =
        [Self::Cadence, Self::Credential, Self::Identity, Self::CiIdentity, Self::Toolchain, Self::Footprint];

    /// Name in the model file and the documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cadence => "cadence",
            Self::Credential => "credential",
            Self::Identity => "identity",
            Self::CiIdentity => "ci-identity",
            Self::Toolchain => "toolchain",
            Self::Footprint => "footprint",
        }
    }
}

macro_rules! facts {
    ($($fact:ident $name:literal $column:ident |$event:ident| $recorded:expr;)+) => {
        /// A fact without which a signal cannot judge.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fact { $(#[doc = $name] $fact,)+ }

        impl Fact {
            /// What it is called in the documentation and in "missing" lines.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$fact => $name,)+ }
            }

            /// The column of the event table that holds it.
            #[must_use]
            pub fn column(self) -> &'static str {
                match self { $(Self::$fact => stringify!($column),)+ }
            }
        }

        impl Facts {
            /// The facts that are recorded for an event.
            #[must_use]
            pub fn of(event: &Event) -> Self {
                let mut recorded = 0;
                $({
                    let $event = event;
                    recorded |= u64::from($recorded) << Fact::$fact as u64;
                })+
                Self(recorded)
            }
        }
    };
}

facts! {
    Time "publish time" published_at |event| event.at != 0;
    Publisher "publisher" publisher |event| event.actor.is_some();
    Email "publisher's e-mail id" publisher_email_id |event| event.publisher_email_id.is_some();
    EmailDomain "publisher's e-mail domain" publisher_email_domain |event| event.publisher_email_domain.is_some();
    AuthKind "auth kind" auth_kind |event| event.auth_kind.is_some();
    Client "client version" npm_version |event| event.client.is_some();
    Node "node version" node_version |event| event.node.is_some();
    Owners "owner list" maintainers |event| event.maintainers.is_some();
    Dependencies "dependency list" dependencies |event| event.dependencies.is_some();
    Repository "declared repository" repository |event| event.repository.is_some();
    Size "unpacked size" unpacked_size |event| event.unpacked_size.is_some();
    Files "file count" file_count |event| event.file_count.is_some();
    Number "version number" version |event| event.number.valid;
    Manifest "version object" version |event| !event.is_bare();
    Workflow "CI workflow" ci_workflow |event| event.ci_workflow.is_some();
    Trigger "CI trigger" ci_trigger |event| event.ci_trigger.is_some();
    RefKind "CI ref kind" ci_ref_kind |event| event.ci_ref_kind.is_some();
    Ref "CI ref" ci_ref |event| event.ci_ref.is_some();
    Runner "CI runner" ci_runner |event| event.ci_runner.is_some();
    Certificate "certificate" cert_issuer |event| event.cert_issuer.is_some();
    Environment "deployment environment" ci_environment |event| event.ci_environment.is_some();
    Attempt "attempt of the CI run" ci_attempt |event| event.ci_attempt.is_some();
    Attestation "verified or refused attestation" cert_state |event| event.cert_state.is_some();
    Identity "identity in the certificate" cert_identity |event| event.cert_identity.is_some();
    OwnerId "owner id in the certificate" cert_owner_id |event| event.cert_owner_id.is_some();
    CertificateTime "time of the certificate" cert_issued_at |event| certificate_delay(event).is_some();
    TrustedPublisher "trusted publisher" trusted_publisher |event| event.is_trusted_publisher();
    RepositoryId "repository id in the certificate" cert_repository_id |event| event.cert_repository_id.is_some();
    TokenAge "token creation time (owner-supplied)" token_created_at |event| event.token_created_at.get().is_some_and(|made| made <= event.at);
    Token "token id (owner-supplied)" token_id |event| event.token_id.is_some();
    Country "country (owner-supplied)" country |event| event.country.is_some();
}

/// The facts that are recorded for one event, worked out once for all signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts(u64);

impl Facts {
    /// Is this one among them?
    #[must_use]
    pub fn has(self, fact: Fact) -> bool {
        self.0 & (1 << fact as u64) != 0
    }
}

impl Fact {
    /// Facts that an attestation states, and that count only once it was verified.
    #[must_use]
    pub fn needs_certificate(self) -> bool {
        matches!(
            self,
            Self::Workflow
                | Self::Trigger
                | Self::RefKind
                | Self::Ref
                | Self::Runner
                | Self::Environment
                | Self::Attempt
                | Self::Certificate
                | Self::Identity
                | Self::OwnerId
                | Self::RepositoryId
                | Self::CertificateTime
        )
    }
}

/// What must be there before a signal may judge. The loop checks it, not the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Publishes of the entity that taught.
    pub history: u32,
    /// A fact of the event.
    pub fact: Fact,
}

/// Observed value, usual range and length of history, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What the event shows.
    pub observed: String,
    /// What was usual.
    pub usual: String,
    /// Past observations behind "usual".
    pub n: u32,
}

impl Seen {
    /// Shorthand for the three.
    pub fn new(observed: impl Into<String>, usual: impl Into<String>, n: u32) -> Self {
        Self { observed: observed.into(), usual: usual.into(), n }
    }
}

impl Seen {
    /// A value among those that the package's jobs have had for this kind of channel.
    #[must_use]
    pub fn among_jobs(look: &Look, attribute: Attribute) -> Self {
        let jobs = &look.package.ci[channel_kind(look.event)];
        Self::among(attribute.of(look.event), jobs.values(attribute), look.words)
    }

    /// A value among those that an attribute has had.
    #[must_use]
    pub fn among(value: Sym, past: &Values, words: &Vocabulary) -> Self {
        Self::new(name(value, words), most(past, words), past.n)
    }
}

/// A small history whose last publish a signal fires on, or stays quiet about.
pub struct Example {
    /// What happens in it.
    pub says: &'static str,
    /// The signal fires.
    pub fires: bool,
    /// The history.
    pub scene: fn() -> Scene,
}

/// An example on which the signal fires.
#[must_use]
pub const fn fires(says: &'static str, scene: fn() -> Scene) -> Example {
    Example { says, fires: true, scene }
}

/// An example on which the signal stays quiet.
#[must_use]
pub const fn quiet(says: &'static str, scene: fn() -> Scene) -> Example {
    Example { says, fires: false, scene }
}

/// One row of the signal table: everything about a signal but its weight, which the model holds.
pub struct Signal {
    /// Stable name.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// The question it answers.
    pub question: &'static str,
    /// Why an attack answers it.
    pub why: &'static str,
    /// What else answers it.
    pub benign: &'static str,
    /// Whose baseline it reads.
    pub entity: Entity,
    /// What it needs.
    pub needs: Needs,
    /// The measure.
    pub measure: fn(&Look) -> Evidence,
    /// The explanation, with `{observed}`, `{usual}` and `{n}` filled from [`Signal::seen`].
    pub sentence: &'static str,
    /// What it saw, in words. Called only for events that are shown.
    pub seen: fn(&Look) -> Seen,
    /// Examples, run as tests and shown in the documentation.
    pub examples: &'static [Example],
}

impl Signal {
    /// The explanation for one event.
    #[must_use]
    pub fn explain(&self, seen: &Seen) -> String {
        told(self.sentence, &seen.observed, &seen.usual, seen.n)
    }
}

impl Evidence {
    /// A value that an attribute never had; not applicable where it never had any, or has none now.
    #[must_use]
    pub fn novelty(values: &Values, value: Sym) -> Self {
        if values.seen.is_empty() || value.is_none() {
            return Self::NotApplicable;
        }
        Self::counted(values.is_new(value), values.novelties, values.n)
    }

    /// A value that the package's jobs never had for this kind of channel, and that its trusted publisher
    /// did not have for another package either: the packages of one repository share their jobs.
    #[must_use]
    pub fn job_novelty(look: &Look, attribute: Attribute) -> Self {
        if look.now.known_jobs.has(attribute) {
            return Self::Usual;
        }
        let jobs = &look.package.ci[channel_kind(look.event)];
        Self::novelty(jobs.values(attribute), attribute.of(look.event))
    }

    /// Something that happens or not, with its rate so far.
    #[must_use]
    pub fn rate(happens: bool, past: &Rate) -> Self {
        Self::Chance { happens, hits: past.hits, n: past.n }
    }

    /// A size among the sizes of the past; [`Evidence::Usual`] below `least`.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts and sizes, far below 2^24 where it matters")]
    pub fn reaches(size: u32, least: u32, past: &Sizes) -> Self {
        if size < least {
            return Self::Usual;
        }
        Self::Reaches { size: size as f32, hits: past.at_least(size) as f32, n: past.n as f32 }
    }

    /// Something that happens or not, with whole counts of the past.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts of publishes, far below 2^24 where it matters")]
    pub fn counted(happens: bool, hits: u32, n: u32) -> Self {
        Self::Chance { happens, hits: hits as f32, n: n as f32 }
    }
}
