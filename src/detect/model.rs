//! Priors, cohorts, trees and calibration, read from `models/model.toml`. A signal never holds a weight.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::columns;
use super::equate::Equating;
use super::forest::packed::Packed;
use super::forest::{Forest, Tree};
use super::signals::{SIGNALS, position};
use super::surprise::Prior;
use crate::baseline::cohort::{COHORTS, Cohort};
use crate::baseline::kind::{KINDS, Kind};
use crate::baseline::mixture::{COMPONENTS, Component, Mixture, TRAITS};
use crate::error::{Error, Result};

/// The model that comes with the program.
pub static EMBEDDED: &str = include_str!("../../models/model.toml");
const EMBEDDED_NAME: &str = "models/model.toml";
const VERSION: u32 = 4;

/// How evidence is weighed.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Priors of each signal in the order of the table, by kind of package and cohort of the publisher.
    pub priors: Vec<[[Prior; COHORTS]; KINDS]>,
    /// What kinds of publisher there are.
    pub publishers: Mixture,
    /// What kinds of package there are.
    pub packages: Mixture,
    /// What a row of columns is worth, and why.
    pub forest: Forest,
    /// The same trees, laid out for scoring.
    pub packed: Packed,
    /// What the points of prereleases count as.
    pub prereleases: Equating,
    /// Where scores stood on the history that the model was made on.
    pub reference: Reference,
    /// How well models made without each campaign found it: see [`File::held_out`].
    pub held_out: HeldOut,
    /// Identifies the model: the beginning of the hash of its text.
    pub id: String,
}

/// By campaign, for each budget: recall on any publish, and on the first.
pub type HeldOut = BTreeMap<String, Vec<(f64, f64)>>;

/// Scores of a large history, which stand in for an archive's own past until it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Publishes that it counts as.
    pub weight: f64,
    /// Points, and the natural logarithm of the share of publishes that reached them: rising points,
    /// falling shares.
    pub steps: Vec<(i32, f64)>,
}

impl Reference {
    /// Share of publishes that reached a score: between two steps the logarithm is linear, beyond
    /// the last step it goes on as between the last two.
    #[must_use]
    pub fn share(&self, points: i32) -> f64 {
        let after = self.steps.iter().position(|step| step.0 >= points).unwrap_or(self.steps.len());
        let after = after.clamp(1, self.steps.len() - 1);
        let ((low, above), (high, below)) = (self.steps[after - 1], self.steps[after]);
        let part = f64::from(points - low) / f64::from(high - low);
        (above + part * (below - above)).exp().min(1.0)
    }
}

/// The file, as it is written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Version of the form.
    pub version: u32,
    /// Where scores stood.
    pub calibration: CalibrationEntry,
    /// The components of the mixture of publishers by the name of their cohort.
    pub cohorts: BTreeMap<String, ComponentEntry>,
    /// The components of the mixture of packages by the name of their kind.
    pub packages: BTreeMap<String, ComponentEntry>,
    /// Priors by signal.
    pub signals: BTreeMap<String, SignalEntry>,
    /// Recall of every documented campaign by a model made without it, for each budget of the evaluation: any
    /// publish, first publish. What the model itself finds of attacks that it was made from flatters it.
    #[serde(default)]
    pub held_out: HeldOut,
    /// The trees.
    pub forest: Forest,
}

/// Where scores stood.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationEntry {
    /// Publishes that the reference counts as.
    pub weight: f64,
    /// Points, and the share of publishes that reached them.
    pub reference: Vec<(i32, f64)>,
    /// Points of prereleases from the trees, and what they count as; none where both are the same.
    pub prereleases: Vec<(i32, i32)>,
}

/// One component of the mixture.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentEntry {
    /// Share of the summaries.
    pub share: f64,
    /// Mean of each trait.
    pub mean: [f64; TRAITS],
    /// Inverse of the covariance, row by row.
    pub precision: [[f64; TRAITS]; TRAITS],
    /// Natural logarithm of the inverse's determinant.
    pub log_det: f64,
}

impl From<&ComponentEntry> for Component {
    fn from(entry: &ComponentEntry) -> Self {
        Self { share: entry.share, mean: entry.mean, precision: entry.precision, log_det: entry.log_det }
    }
}

/// Priors of one signal: one of the three, and Beta priors of cohorts that have one of their own.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignalEntry {
    /// Set by hand: the history cannot tell. `train` leaves it alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// `[a, b]` of something that happens or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta: Option<[f32; 2]>,
    /// `[mean, sd, weight]` of a quantity (natural logarithm of hours).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normal: Option<[f32; 3]>,
    /// `[scale, exponent, weight]` of a size: P(size >= s) = scale * s^-exponent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<[f32; 3]>,
    /// `[a, b]` by cohort of the publisher, or by kind of package.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cohorts: BTreeMap<String, [f32; 2]>,
}

impl SignalEntry {
    /// Some of its priors are those of a kind of package.
    #[must_use]
    pub fn goes_by_package(&self) -> bool {
        self.cohorts.keys().any(|name| Kind::named(name).is_some())
    }
}

impl File {
    /// The file of the model that comes with the program.
    ///
    /// # Errors
    /// When it is damaged, which a test of the build excludes.
    pub fn embedded() -> Result<Self> {
        Self::parse(EMBEDDED, Path::new(EMBEDDED_NAME))
    }

    /// Reads a model file; `name` stands for it in errors.
    ///
    /// # Errors
    /// When it is not TOML, or of another version.
    pub fn parse(text: &str, name: &Path) -> Result<Self> {
        let wrong = |what: String| Error::tool(what).file(name).remedy(REMEDY);
        let file: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(0, |span| text[..span.start].lines().count().max(1));
            wrong(format!("not a model file: {}", e.message())).place(format!("line {line}"))
        })?;
        if file.version != VERSION {
            return Err(wrong(format!("model version {}, this program reads {VERSION}", file.version)));
        }
        Ok(file)
    }
}

const STEPS: &str = "calibration.prereleases: needs no step at all, or several, of rising points that count for no more than \
     they are and for no fewer than the step before";
const REMEDY: &str = "take the model that comes with this version of gaitkeeper, or make one with `gaitkeeper train`";

impl Model {
    /// The model that comes with the program.
    ///
    /// # Errors
    /// When it is damaged, which a test of the build excludes.
    pub fn embedded() -> Result<Self> {
        Self::parse(EMBEDDED, Path::new(EMBEDDED_NAME))
    }

    /// Reads a model file; `name` stands for it in errors.
    ///
    /// # Errors
    /// When it is not TOML, lacks a signal, names one that does not exist, or holds an impossible number.
    pub fn parse(text: &str, name: &Path) -> Result<Self> {
        let file = File::parse(text, name)?;
        let id = blake3::hash(text.as_bytes()).to_hex()[..12].to_owned();
        Self::from_file(file, id).map_err(|what| Error::tool(what).file(name).remedy(REMEDY))
    }

    /// A model from what its file holds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_file(file: File, id: String) -> std::result::Result<Self, String> {
        if let Some(unknown) = file.signals.keys().find(|id| position(id).is_none()) {
            return Err(format!("there is no signal `{unknown}`"));
        }
        let mut priors = Vec::with_capacity(SIGNALS.len());
        for signal in SIGNALS {
            let entry =
                file.signals.get(signal.id).ok_or_else(|| format!("the signal `{}` has no entry", signal.id))?;
            priors.push(by_cohort(entry).map_err(|what| format!("signal `{}`: {what}", signal.id))?);
        }
        let forest = forest(file.forest)?;
        Ok(Self {
            priors,
            publishers: mixture(&file.cohorts, &Cohort::ALL.map(Cohort::name))?,
            packages: mixture(&file.packages, &Kind::ALL.map(Kind::name))?,
            packed: Packed::of(&forest),
            forest,
            held_out: file.held_out,
            prereleases: Equating::of(&file.calibration.prereleases).ok_or(STEPS)?,
            reference: reference(file.calibration.weight, &file.calibration.reference)?,
            id,
        })
    }
}

fn reference(weight: f64, given: &[(i32, f64)]) -> std::result::Result<Reference, String> {
    let in_order = given.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1);
    let shares = given.iter().all(|step| step.1 > 0.0 && step.1 <= 1.0);
    if given.len() >= 2 && in_order && shares && weight > 0.0 && weight.is_finite() {
        return Ok(Reference { weight, steps: given.iter().map(|(points, share)| (*points, share.ln())).collect() });
    }
    Err("the calibration needs a positive weight and steps of rising points and falling shares".to_owned())
}

/// A mixture of which the last of the `names` are the components.
fn mixture(entries: &BTreeMap<String, ComponentEntry>, names: &[&str]) -> std::result::Result<Mixture, String> {
    let mut components = Vec::with_capacity(COMPONENTS);
    for name in &names[names.len() - COMPONENTS..] {
        let entry = entries.get(*name).ok_or_else(|| format!("there is no cohort `{name}`"))?;
        let numbers = entry.mean.iter().chain(entry.precision.iter().flatten()).chain([&entry.log_det]);
        if !(entry.share > 0.0 && entry.share <= 1.0 && numbers.clone().all(|n| n.is_finite())) {
            return Err(format!("the cohort `{name}` holds an impossible number"));
        }
        components.push(Component::from(entry));
    }
    if let Some(unknown) = entries.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("there is no cohort `{unknown}`"));
    }
    components.try_into().map(Mixture).map_err(|_| "a component for every cohort".to_owned())
}

/// Puts the file's columns in the place that they have in this program.
fn forest(mut forest: Forest) -> std::result::Result<Forest, String> {
    if !forest.is_sound() {
        return Err("a tree of the forest is broken".to_owned());
    }
    let names = columns::names();
    let mut place = Vec::with_capacity(forest.columns.len());
    for name in &forest.columns {
        let at = names.iter().position(|n| n == name).ok_or_else(|| format!("there is no column `{name}`"))?;
        place.push(i16::try_from(at).map_err(|_| "too many columns".to_owned())?);
    }
    let asked = |tree: &mut Tree| {
        for column in &mut tree.column {
            if let Ok(at) = usize::try_from(*column) {
                *column = place[at];
            }
        }
    };
    forest.trees.iter_mut().for_each(asked);
    forest.columns = names.into_iter().map(str::to_owned).collect();
    Ok(forest)
}

fn by_cohort(entry: &SignalEntry) -> std::result::Result<[[Prior; COHORTS]; KINDS], String> {
    let beta = |[a, b]: [f32; 2]| {
        if a > 0.0 && b > 0.0 { Ok(Prior::Beta { a, b }) } else { Err(format!("the prior [{a}, {b}] is not positive")) }
    };
    let common = match (entry.beta, entry.normal, entry.tail) {
        (Some(pair), None, None) => beta(pair)?,
        (None, Some([mean, sd, weight]), None) if sd > 0.0 && weight > 0.0 => Prior::Normal { mean, sd, weight },
        (None, None, Some([scale, exponent, weight])) if scale > 0.0 && exponent > 0.0 && weight > 0.0 => {
            Prior::Tail { scale, exponent, weight }
        }
        _ => {
            return Err(
                "needs one of `beta = [a, b]`, `normal = [mean, sd, weight]` and `tail = [scale, exponent, weight]`, \
                        all positive but the mean"
                    .to_owned(),
            );
        }
    };
    let mut priors = [[common; COHORTS]; KINDS];
    if entry.goes_by_package() && entry.cohorts.keys().any(|name| Kind::named(name).is_none()) {
        return Err("has priors by publisher and by package: one of them".to_owned());
    }
    for (name, pair) in &entry.cohorts {
        if let Some(kind) = Kind::named(name) {
            priors[kind as usize] = [beta(*pair)?; COHORTS];
            continue;
        }
        let at =
            Cohort::ALL.iter().position(|c| c.name() == name).ok_or_else(|| format!("there is no cohort `{name}`"))?;
        for of_kind in &mut priors {
            of_kind[at] = beta(*pair)?;
        }
    }
    Ok(priors)
}
