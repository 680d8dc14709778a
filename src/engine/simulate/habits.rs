//! What a registry's publishers do: quantiles, shares and rates that were measured on a history, and nothing that names
//! anybody. `models/registry.toml` holds them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The habits that come with the program.
pub const EMBEDDED: &str = include_str!("../../../models/registry.toml");

/// Probabilities at which a [`Quantiles`] states its values.
pub const PROBABILITIES: [f64; 21] = [
    0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 0.985, 0.993, 0.998,
    1.0,
];

const HEADER: &str = "\
# Habits of a registry's publishers, for `gaitkeeper simulate`. Numbers only: no name, no address, no release of anybody.
# Made by the command under [made]; the same history gives the same bytes.
#
# A list of 21 numbers states quantiles at 0, 1, 3, 6, 10, 15, 20, 30, 40, 50, 60, 70, 80, 85, 90, 94, 97, 98.5, 99.3, 99.8 and 100 %.
# [[classes]] are kinds of accounts: `wide` ones mostly publish two packages or more at once. Of an account:
#   bursts    acts of publishing in its life; a silence of 15 minutes ends one
#   start     first act, as a share of the time from the first to the last day of the history
#   life      time from the first to the last act, as a share of what was left of the history
#   gap       silence between two acts, in mean silences of that account, up to the 99.95th percentile
#   packages  that it published; width = ln(packages of an act) / ln(packages)
# [[years]] holds shares of that year's publishes; [[quarters]] how many publishes had adopted what is new.
";

/// Values of a distribution at [`PROBABILITIES`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Quantiles(pub Vec<f64>);

/// A word and its share.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Word(pub String, pub f64);

/// Client and runtime as they were sent, and their share of a year.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Client(pub String, pub String, pub f64);

/// Where the habits are from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The command.
    pub command: String,
    /// The day on which it ran, UTC.
    pub date: String,
    /// First digits of the BLAKE3 of the history's file.
    pub history: String,
    /// Events in it.
    pub events: u64,
    /// First event, milliseconds since the epoch.
    pub from: i64,
    /// Last event, milliseconds since the epoch.
    pub until: i64,
}

/// Kinds of accounts that have much in common.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Publishes two packages or more in most acts.
    pub wide: bool,
    /// Share of the accounts.
    pub share: f64,
    /// Acts in a life.
    pub bursts: Quantiles,
    /// First act, as a share of the history's time.
    pub start: Quantiles,
    /// Time from the first to the last act, as a share of what was left.
    pub life: Quantiles,
    /// Silence between acts in mean silences of the account.
    pub gap: Quantiles,
    /// Packages of the account.
    pub packages: Quantiles,
    /// Logarithm of an act's packages to the base of the account's.
    pub width: Quantiles,
}

/// Shares of a year's publishes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Year {
    /// The year.
    pub year: i32,
    /// Gone, with nothing but their time left.
    pub removed: f64,
    /// There, without a publisher.
    pub unnamed: f64,
    /// Prereleases.
    pub prerelease: f64,
    /// With a commit.
    pub git_head: f64,
    /// With a size.
    pub sized: f64,
    /// With install hooks.
    pub hooks: f64,
    /// With a repository.
    pub repository: f64,
    /// With optional dependencies.
    pub optional: f64,
    /// With a dependency on an address.
    pub url: f64,
    /// Deprecated by now.
    pub deprecated: f64,
    /// Signed by now.
    pub signed: f64,
    /// With a client.
    pub client: f64,
    /// With a runtime, of those with a client.
    pub runtime: f64,
    /// Approved by somebody else, of trusted publishing.
    pub approved: f64,
    /// With CI facts, of those with provenance.
    pub ci: f64,
    /// The commonest clients with their runtimes.
    pub clients: Vec<Client>,
}

/// Shares of a quarter's publishes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quarter {
    /// Year and quarter: 2025.5 is the third of 2025.
    pub quarter: f64,
    /// Through a trusted publisher.
    pub trusted: f64,
    /// With provenance.
    pub provenance: f64,
}

/// Facts of publishes that do not depend on the year.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Publishes {
    /// Distinct packages for every package that an account publishes: the rest is shared with others.
    pub unshared: f64,
    /// Publishes of an act beyond one of each package, for every package.
    pub again: f64,
    /// Milliseconds between publishes of an act.
    pub spacing: Quantiles,
    /// Accounts by the hour around which they publish, UTC.
    pub hours: Vec<f64>,
    /// Hours from that hour.
    pub around: Quantiles,
    /// Share of Saturdays and Sundays.
    pub weekend: f64,
    /// First versions 0.0.x, 0.x, others.
    pub first: Vec<f64>,
    /// Steps of stable versions: patch, minor, major, an older line.
    pub steps: Vec<f64>,
    /// Channels of prereleases.
    pub channels: Vec<Word>,
    /// Unpacked bytes at a package's first publish.
    pub size: Quantiles,
    /// Size by the size before.
    pub growth: Quantiles,
    /// Files at a package's first publish.
    pub files: Quantiles,
    /// Runtime dependencies of a package.
    pub dependencies: Quantiles,
    /// Publishes that change the names of the dependencies.
    pub dependencies_change: f64,
    /// Owners of a package.
    pub owners: Quantiles,
    /// Acts of an account after which its e-mail is another.
    pub email_change: f64,
    /// Shares of the commonest e-mail domains of accounts.
    pub domains: Vec<f64>,
    /// Kinds of install hooks.
    pub hooks: Vec<Word>,
    /// Publishes with hooks that change their text.
    pub hooks_change: f64,
    /// Predicate types of provenance.
    pub provenance: Vec<Word>,
    /// Shares of the commonest workflow paths.
    pub workflows: Vec<f64>,
    /// Events that start a workflow.
    pub triggers: Vec<Word>,
    /// CI facts that name a tag.
    pub tags: f64,
    /// CI facts that name an environment.
    pub environments: f64,
}

/// The habits of a registry's publishers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    /// Where they are from.
    pub made: Made,
    /// Facts that do not depend on the year.
    pub publishes: Publishes,
    /// Adoption by quarter, without a gap.
    pub quarters: Vec<Quarter>,
    /// Facts by year, without a gap.
    pub years: Vec<Year>,
    /// Kinds of accounts.
    pub classes: Vec<Class>,
}

impl Habits {
    /// The habits in the box.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn embedded() -> Result<Self> {
        Self::parse(EMBEDDED, Path::new("models/registry.toml"))
    }

    /// Reads a file's text; `name` stands for it in errors.
    ///
    /// # Errors
    /// When it is not what [`Habits::text`] writes.
    pub fn parse(text: &str, name: &Path) -> Result<Self> {
        const REMEDY: &str = "make it with `gaitkeeper simulate --fit`";
        let habits: Self = toml::from_str(text)
            .map_err(|e| Error::tool(format!("no habits of a registry: {}", e.message())).file(name).remedy(REMEDY))?;
        match habits.fault() {
            None => Ok(habits),
            Some(what) => Err(Error::tool(format!("no habits of a registry: {what}")).file(name).remedy(REMEDY)),
        }
    }

    /// As a file.
    ///
    /// # Errors
    /// When a number cannot be written.
    pub fn text(&self) -> Result<String> {
        let body = toml::to_string(self).map_err(|e| Error::tool(format!("habits cannot be written: {e}")))?;
        Ok(format!("{HEADER}\n{body}"))
    }

    /// Why they cannot be drawn from, if they cannot.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let p = &self.publishes;
        let of_classes =
            self.classes.iter().flat_map(|c| [&c.bursts, &c.start, &c.life, &c.gap, &c.packages, &c.width]);
        let of_all = [&p.spacing, &p.around, &p.size, &p.growth, &p.files, &p.dependencies, &p.owners];
        let short = of_classes.chain(of_all).any(|q| q.0.len() != PROBABILITIES.len());
        let lists = [p.first.len() == 3, p.steps.len() == 4, p.hours.len() == 24, !p.channels.is_empty()];
        let words = [!p.hooks.is_empty(), !p.provenance.is_empty(), !p.triggers.is_empty()];
        let gap = self.years.windows(2).any(|w| w[1].year != w[0].year + 1);
        if short {
            Some(format!("quantiles are lists of {} numbers", PROBABILITIES.len()))
        } else if self.classes.is_empty() || self.years.is_empty() || self.quarters.is_empty() {
            Some("classes, years or quarters are missing".to_owned())
        } else if lists.contains(&false) || words.contains(&false) || gap || self.made.from >= self.made.until {
            Some("a list is too short, a year is missing or the time runs backwards".to_owned())
        } else {
            None
        }
    }
}

/// A distribution to draw from: [`Quantiles`] at even steps, between which it is linear.
#[derive(Clone, Debug)]
pub struct Law(Box<[f32]>);

const STEPS: u16 = 1024;

impl Law {
    /// Between two positive quantiles the logarithm is linear, elsewhere the value.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "a quantile needs few digits")]
    pub fn new(quantiles: &Quantiles) -> Self {
        let at = |u: f64| {
            let k = PROBABILITIES.partition_point(|p| *p <= u).clamp(1, PROBABILITIES.len() - 1);
            let (low, high) = (quantiles.0[k - 1], quantiles.0[k]);
            let part = (u - PROBABILITIES[k - 1]) / (PROBABILITIES[k] - PROBABILITIES[k - 1]);
            if low > 0.0 && high > 0.0 { low * (high / low).powf(part) } else { low + (high - low) * part }
        };
        Self((0..=STEPS).map(|i| at(f64::from(i) / f64::from(STEPS)) as f32).collect())
    }

    /// The value below which a share `u` of [0, 1] lies.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a step of the table"
    )]
    pub fn at(&self, u: f64) -> f64 {
        let place = u.clamp(0.0, 1.0) * f64::from(STEPS);
        let k = (place as usize).min(usize::from(STEPS) - 1);
        let (low, high) = (f64::from(self.0[k]), f64::from(self.0[k + 1]));
        low + (high - low) * (place - k as f64)
    }
}

/// Picks the place of a list of shares into which `u` falls; the list need not add up to one.
#[must_use]
pub fn pick(shares: impl Iterator<Item = f64> + Clone, u: f64) -> usize {
    let mut left = u * shares.clone().sum::<f64>();
    let mut last = 0;
    for (i, share) in shares.enumerate() {
        if share > 0.0 {
            last = i;
            if left < share {
                break;
            }
            left -= share;
        }
    }
    last
}
