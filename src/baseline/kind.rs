//! The kind of package that a package has been so far, whoever published it. Where a habit of the package is asked
//! about, packages of its kind can say more than publishers of its publisher's kind: a signal's priors go by the one
//! or by the other, whichever explained the history better.
//!
//! A package with hardly a publish has no summary and a kind by rule. Everything else belongs to the component of a
//! Gaussian mixture under which the summary of its habits is most likely; `train` fits it and names its components.

use super::mixture::{COMPONENTS, Mixture, TRAITS};
use super::package::PackageHabits;

/// Kinds of package, from what is known before the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Fewer than [`YOUNG`] publishes so far.
    Young,
    /// Component of which packages that usually come with provenance are most typical.
    Attested,
    /// Component of which packages that are mostly published as prereleases, or more than [`BUSY`] times a day, are
    /// most typical.
    Busy,
    /// Component of which packages with several publishers are most typical.
    Shared,
    /// Component of which packages of one or two publishers are most typical.
    Personal,
}

/// Publishes below which a package is young.
pub const YOUNG: u32 = 5;
/// Publishes a day above which a package counts as busy when components are named.
pub const BUSY: f64 = 1.0;
/// Publishers from which a package counts as shared when components are named.
const SEVERAL: usize = 3;
/// Kinds in all; the last of [`Kind::ALL`] are components of the mixture.
pub const KINDS: usize = 5;

/// What a summary holds, in order.
pub const TRAIT_NAMES: [&str; TRAITS] = [
    "ln publishes",
    "ln publishes a day",
    "mean ln hours between stable releases",
    "ln publishers",
    "share with provenance",
    "share of prereleases",
];

impl Kind {
    /// Every kind, in the order of its number.
    pub const ALL: [Kind; KINDS] = [Self::Young, Self::Attested, Self::Busy, Self::Shared, Self::Personal];

    /// Name in the model file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Young => "young-package",
            Self::Attested => "attested-package",
            Self::Busy => "busy-package",
            Self::Shared => "shared-package",
            Self::Personal => "personal-package",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of an event's package before the event.
    #[must_use]
    pub fn of(package: &PackageHabits, mixture: &Mixture) -> Self {
        if package.n < YOUNG {
            return Self::Young;
        }
        Self::ALL[KINDS - COMPONENTS + mixture.nearest(&traits(package))]
    }

    /// The kind that a rule of thumb would call a package: it names the components.
    #[must_use]
    pub fn by_rule(package: &PackageHabits) -> Self {
        let [.., attested, prereleases] = traits(package);
        if attested > 0.5 {
            Self::Attested
        } else if prereleases > 0.5 || package.per_day() > BUSY {
            Self::Busy
        } else if package.actors.seen.len() >= SEVERAL {
            Self::Shared
        } else {
            Self::Personal
        }
    }
}

/// The summary of a package's habits, in the order of [`TRAIT_NAMES`].
#[must_use]
pub fn traits(package: &PackageHabits) -> [f64; TRAITS] {
    #[allow(clippy::cast_precision_loss, reason = "a count of accounts")]
    let publishers = package.actors.seen.len().max(1) as f64;
    let n = f64::from(package.n.max(1));
    let prereleases: u32 = package.lines.iter().filter(|line| !line.stable).map(|line| line.n).sum();
    [
        n.ln(),
        (0.001 + package.per_day()).ln(),
        f64::from(package.gaps[0].mean),
        publishers.ln(),
        f64::from(package.provenance.with) / n,
        f64::from(prereleases) / n,
    ]
}
