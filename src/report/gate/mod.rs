//! What a gate found in a lock file, and its three forms.

mod jsonl;
mod markdown;
mod text;

use std::collections::BTreeMap;

use crate::detect::alert::Finding;
use crate::detect::calibration::Budget;

/// What something leads to, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing against it.
    Pass,
    /// Something to look at.
    Warn,
    /// Not to be installed.
    Fail,
}

impl Outcome {
    /// Its name in every form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What speaks against an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A verdict says that it is somebody else's work.
    Malicious,
    /// At least as rare as `--fail-on`.
    Alerted,
    /// At least as rare as `--warn-on`.
    Unusual,
    /// Its hash is not the one that was accepted.
    IntegrityDiffers,
    /// The file gives several hashes of one kind where a version has one file.
    IntegrityConflict,
    /// Younger than the cool-down.
    Young,
    /// The archive cannot judge it.
    Unjudged,
    /// No hash.
    NoHash,
    /// No version.
    NoVersion,
    /// Downloaded from a host that was not accepted.
    OtherHost,
    /// From a source repository.
    FromRepository,
    /// From a web address that is no registry's.
    FromAddress,
    /// What the entry is cannot be told.
    Unreadable,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::Malicious,
        Self::Alerted,
        Self::Unusual,
        Self::IntegrityDiffers,
        Self::IntegrityConflict,
        Self::Young,
        Self::Unjudged,
        Self::NoHash,
        Self::NoVersion,
        Self::OtherHost,
        Self::FromRepository,
        Self::FromAddress,
        Self::Unreadable,
    ];

    /// Its name in every form and in the snapshot.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malicious => "malicious",
            Self::Alerted => "alerted",
            Self::Unusual => "unusual",
            Self::IntegrityDiffers => "integrity-differs",
            Self::IntegrityConflict => "integrity-conflict",
            Self::Young => "young",
            Self::Unjudged => "unjudged",
            Self::NoHash => "no-hash",
            Self::NoVersion => "no-version",
            Self::OtherHost => "other-host",
            Self::FromRepository => "from-repository",
            Self::FromAddress => "from-address",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether accepting it once lets it pass from then on. A verdict cannot be accepted; of another hash or host it is
    /// the hash or the host that is accepted, so that the next one is found again.
    #[must_use]
    pub fn lasts(self) -> bool {
        !matches!(self, Self::Malicious | Self::IntegrityDiffers | Self::OtherHost)
    }

    /// The reason of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// One thing that speaks against an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What.
    pub reason: Reason,
    /// What it leads to.
    pub outcome: Outcome,
    /// It was accepted before, or is now.
    pub accepted: bool,
    /// One phrase, without a full stop.
    pub says: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A problem that nobody has accepted.
    #[must_use]
    pub fn new(reason: Reason, outcome: Outcome, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason, outcome, accepted: false, says: says.into(), remedy: remedy.into() }
    }
}

/// Whether a release that is younger than the cool-down needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A quiet release by a usual publisher, or one with a verdict of `benign`.
    MaySkip,
    /// Neither quiet nor alerted.
    Keep,
    /// An alert.
    Deserves,
}

impl Hold {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::MaySkip => "may skip the cool-down",
            Self::Keep => "needs the cool-down",
            Self::Deserves => "deserves the cool-down",
        }
    }

    /// Its name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MaySkip => "may_skip",
            Self::Keep => "keep",
            Self::Deserves => "deserves",
        }
    }
}

/// One locked release.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// `name@version`, safe to show.
    pub name: String,
    /// Its purl; without a version where the file pins none.
    pub purl: String,
    /// The judgement, where the archive knows it.
    pub finding: Option<Finding>,
    /// Milliseconds from its publish to the check.
    pub age: Option<i64>,
    /// Whether it needs the cool-down, where it is young.
    pub hold: Option<Hold>,
    /// Hashes that the file gives.
    pub integrity: Vec<String>,
    /// Registry, and hosts that the file gives.
    pub registry: &'static str,
    /// Hosts that the file gives.
    pub hosts: Vec<String>,
    /// What speaks against it, the worst first.
    pub problems: Vec<Problem>,
}

impl Release {
    /// What all of it leads to.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.problems.iter().map(|problem| problem.outcome).max().unwrap_or(Outcome::Pass)
    }

    /// Its rarity; 1 where it was not judged.
    #[must_use]
    pub fn rarest(&self) -> f64 {
        self.finding.as_ref().map_or(1.0, Finding::rarest)
    }
}

/// An entry that is no release of a registry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// As the file writes it, with its address.
    pub name: String,
    /// What speaks against it.
    pub problem: Problem,
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What leads to this or worse.
    AtLeast(Outcome),
    /// Everything.
    Everything,
}

/// The result of a gate.
#[derive(Clone, Debug)]
pub struct GateView {
    /// The file, as it was named.
    pub lock_file: String,
    /// Id of its format.
    pub format: &'static str,
    /// Where the history is from.
    pub source: String,
    /// The command that looks at one release, without the release.
    pub investigate: String,
    /// Newest publish that the archive knew then, milliseconds.
    pub newest: Option<i64>,
    /// When the check was made, milliseconds.
    pub as_of: i64,
    /// Releases at least this rare fail.
    pub fail_on: Budget,
    /// Milliseconds.
    pub cooldown: i64,
    /// Model that judged.
    pub model: String,
    /// Releases, the worst first.
    pub releases: Vec<Release>,
    /// Entries that are no releases.
    pub entries: Vec<Entry>,
    /// Parts of the project itself and what stands beside it.
    pub local: usize,
    /// What is listed.
    pub show: Shown,
}

impl GateView {
    /// What all of it leads to.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let entries = self.entries.iter().map(|entry| entry.problem.outcome);
        self.releases.iter().map(Release::outcome).chain(entries).max().unwrap_or(Outcome::Pass)
    }

    fn shows(&self, outcome: Outcome) -> bool {
        match self.show {
            Shown::Everything => true,
            Shown::AtLeast(least) => outcome >= least,
        }
    }

    /// Listed releases.
    fn listed(&self) -> impl Iterator<Item = &Release> {
        self.releases.iter().filter(|release| self.shows(release.outcome()))
    }

    /// Listed entries.
    fn listed_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| self.shows(entry.problem.outcome))
    }

    /// Releases and entries with an outcome.
    fn count(&self, outcome: Outcome) -> usize {
        let entries = self.entries.iter().filter(|entry| entry.problem.outcome == outcome).count();
        self.releases.iter().filter(|release| release.outcome() == outcome).count() + entries
    }

    /// How often each reason was found, accepted or not.
    fn reasons(&self) -> BTreeMap<Reason, usize> {
        let entries = self.entries.iter().map(|entry| &entry.problem);
        let problems = self.releases.iter().flat_map(|release| &release.problems).chain(entries);
        problems.fold(BTreeMap::new(), |mut sum, problem| {
            *sum.entry(problem.reason).or_default() += 1;
            sum
        })
    }

    /// Young releases by what the cool-down is to them.
    fn holds(&self, hold: Hold) -> usize {
        self.releases.iter().filter(|release| release.hold == Some(hold)).count()
    }
}

/// Writes a gate's result as `text`, `jsonl` or `markdown`.
#[must_use]
pub fn write(view: &GateView, format: &str) -> String {
    match format {
        "jsonl" => jsonl::write(view),
        "markdown" => markdown::write(view),
        _ => text::write(view),
    }
}
