//! What others use, run on the same rows for comparison: one table, one file a family of rules.
//!
//! `downgrade`, `predecessor`, `releaser`, `temporal` and `policy` are rules that alert or do
//! not; `floor`, `isolation_forest` and `ecod` give scores, which get a threshold as ours does;
//! [`hold`] judges nothing and delays everything. Each is written from what its makers document.

mod downgrade;
mod ecod;
mod floor;
pub mod hold;
mod isolation_forest;
mod policy;
mod predecessor;
mod releaser;
mod temporal;

use rustc_hash::FxHashMap;

use super::columns::Columns;
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Sym;

/// What a rule says of one publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It would alert.
    Fire,
    /// It would not.
    Pass,
    /// It cannot say: no prior version, or the fields it reads are gone.
    NotApplicable,
}

impl Ruling {
    /// Fires where `fires`, else passes.
    #[must_use]
    pub fn from(fires: bool) -> Self {
        if fires { Self::Fire } else { Self::Pass }
    }
}

/// Something that was learnt from unlabelled rows and finds rows that are unlike them.
pub trait Outlier {
    /// How unlike the others a row is; larger is more.
    fn score(&self, row: &[u8]) -> f32;
}

/// How a peer judges.
pub enum How {
    /// A rule: one ruling an event.
    Rule(fn(&History) -> Vec<Ruling>),
    /// A score an event, `None` where it cannot say.
    Score(fn(&History) -> Vec<Option<f32>>),
    /// A score that is learnt from the surprises of benign rows.
    Learnt(fn(&Columns) -> Box<dyn Outlier>),
    /// Every version is held for so many hours.
    Hold(u32),
}

/// One way of alerting that is not ours.
pub struct Peer {
    /// Stable name.
    pub id: &'static str,
    /// What it does, and after what it is modelled.
    pub rule: &'static str,
    /// How it judges.
    pub how: How,
}

const fn rule(id: &'static str, rule: &'static str, run: fn(&History) -> Vec<Ruling>) -> Peer {
    Peer { id, rule, how: How::Rule(run) }
}

const fn score(id: &'static str, rule: &'static str, run: fn(&History) -> Vec<Option<f32>>) -> Peer {
    Peer { id, rule, how: How::Score(run) }
}

const fn hold(id: &'static str, rule: &'static str, hours: u32) -> Peer {
    Peer { id, rule, how: How::Hold(hours) }
}

/// The peers, in the order of the report.
pub static PEERS: &[Peer] = &[
    rule(
        "no-downgrade",
        "trust evidence below the best of any earlier version (package manager gate, August 2026)",
        downgrade::august_2026,
    ),
    rule(
        "no-downgrade-10.21",
        "its first form: trusted publishing counts without provenance, prereleases count, no staged publishing",
        downgrade::first_form,
    ),
    rule(
        "no-downgrade-10.24",
        "its second form: as the first, but a stable version ignores earlier prereleases",
        downgrade::second_form,
    ),
    rule(
        "no-downgrade-14d",
        "the gate with ignore-after of 14 days: judged when it appears, no publish is that old, so it rules as the gate",
        downgrade::ignore_after,
    ),
    rule(
        "same-major-downgrade",
        "provenance or trusted publishing below the best of the same major (proposed for the npm client)",
        downgrade::same_major,
    ),
    rule(
        "predecessor-trust",
        "provenance or trusted publishing that the version before had is gone (CI action)",
        predecessor::trust,
    ),
    rule(
        "predecessor-warn",
        "the same, with its warnings: repository or branch differ between two attested versions",
        predecessor::trust_or_warning,
    ),
    rule(
        "new-releaser",
        "publisher not among the publishers of earlier versions (dependency bot warning)",
        releaser::new_releaser,
    ),
    rule(
        "attestation-lost",
        "the version before had provenance and this one has none (dependency bot warning)",
        predecessor::attestation_lost,
    ),
    rule(
        "install-script",
        "an install script added or changed since the version before (dependency bot warning)",
        predecessor::install_script,
    ),
    rule(
        "young-author",
        "the publisher's e-mail is at most 30 days old in the package, or missing (pre-install checker)",
        releaser::young_author,
    ),
    rule("gap-180d", "more than 180 days since the version before (package auditor)", temporal::gap),
    rule(
        "temporal-history",
        "three versions in 24 h or two in 1 h anywhere in the history, 180 days of silence, or a new maintainer",
        temporal::anywhere,
    ),
    rule("temporal-window", "the same, with only the windows that hold this version", temporal::holding_the_candidate),
    rule(
        "dormant-new-publisher",
        "another publisher than the version before, after more than 180 days (hosted check)",
        releaser::dormant_new_publisher,
    ),
    rule(
        "learnt-identity",
        "workflow, repository or signer not among those of the first 5 attested versions (log monitor policy)",
        policy::learnt_identity,
    ),
    rule(
        "predecessor-difference",
        "publisher, repository, workflow, provenance, signing or mediation differ from the version before (inspired by \
         published work on authority discontinuity)",
        predecessor::difference,
    ),
    score("gap-z", "robust z (median, MAD) of the logarithm of the gap, per package", floor::gap),
    score(
        "account-rate",
        "the account's publishes in the last hour, as a quantile of its own past",
        floor::account_rate,
    ),
    score("hour-of-week", "surprise of the hour of the week, per account", floor::hour_of_week),
    score(
        "first-seen",
        "surprise of a publisher, repository, workflow, ref kind or trigger never seen in the package",
        floor::first_seen,
    ),
    score("publish-volume", "the account's publishes so far: the busiest first", floor::volume),
    score("random", "a random order", floor::random),
    Peer {
        id: "isolation-forest",
        rule: "isolation forest over the surprises of all signals, 100 trees of 256 rows (Liu et al. 2008)",
        how: How::Learnt(isolation_forest::learn),
    },
    Peer {
        id: "ecod",
        rule: "empirical-CDF outlier detection over the surprises of all signals (Li et al. 2022)",
        how: How::Learnt(ecod::learn),
    },
    hold("minimum-age-24h", "every version is held for a day", 24),
    hold("minimum-age-48h", "every version is held for two days", 48),
    hold("minimum-age-72h", "every version is held for three days", 72),
    hold("minimum-age-7d", "every version is held for a week", 7 * 24),
    hold("minimum-age-14d", "every version is held for two weeks", 14 * 24),
];

/// Runs a judge that remembers something of every package. It is told every event in the order of
/// time, and sees what it remembered from the events before.
fn by_package<S: Default, R>(history: &History, mut judge: impl FnMut(&Event, &mut S) -> R) -> Vec<R> {
    let mut known: FxHashMap<(Sym, Sym), S> = FxHashMap::default();
    history.events.iter().map(|event| judge(event, known.entry((event.registry, event.package)).or_default())).collect()
}

/// The same by account; `None` where no publisher is recorded.
fn by_actor<S: Default>(history: &History, mut judge: impl FnMut(&Event, &mut S) -> Option<f32>) -> Vec<Option<f32>> {
    let mut known: FxHashMap<Sym, S> = FxHashMap::default();
    let mut one = |event: &Event| {
        if event.actor.is_none() { None } else { judge(event, known.entry(event.actor).or_default()) }
    };
    history.events.iter().map(&mut one).collect()
}
