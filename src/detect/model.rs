//! Priors, weights and caps, read from `models/model.toml`. A signal never holds a weight.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::evidence::Group;
use super::signals::{SIGNALS, position};
use super::surprise::Prior;
use crate::baseline::cohort::Cohort;
use crate::error::{Error, Result};

/// The model that comes with the program.
static EMBEDDED: &str = include_str!("../../models/model.toml");
const EMBEDDED_NAME: &str = "models/model.toml";
const VERSION: u32 = 1;

/// Points per bit at weight one. Scores are whole points, so that an explanation adds up exactly.
pub const POINTS_PER_BIT: f32 = 100.0;

/// How evidence is weighed.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// One entry a signal, in the order of the table.
    pub signals: Vec<Weighing>,
    /// Pairs that mean more together than each alone.
    pub together: Vec<Together>,
    /// Most points that a group may add, in the order of [`Group::ALL`].
    pub caps: [i32; 6],
    /// Points at which each cohort starts, in the order of [`Cohort::ALL`].
    pub intercepts: [i32; 6],
    /// Where scores stood on the history that the model was made on.
    pub reference: Reference,
    /// Identifies the model: the beginning of the hash of its text.
    pub id: String,
}

/// Weight, ceiling and priors of one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighing {
    /// Points per bit, over [`POINTS_PER_BIT`].
    pub weight: f32,
    /// Bits that a publish of an attack shows as well as any other: -log2 of the share of documented
    /// attacks that show the signal. Only surprise beyond it speaks for an attack.
    pub toll: f32,
    /// Bits beyond which more surprise adds nothing.
    pub ceiling: f32,
    /// Prior per cohort, in the order of [`Cohort::ALL`].
    pub priors: [Prior; 6],
}

/// Two signals whose joint appearance adds the smaller of their bits once more, weighed.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// Positions in the signal table.
    pub pair: (usize, usize),
    /// Points per bit, over [`POINTS_PER_BIT`].
    pub weight: f32,
}

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalibrationEntry {
    weight: f64,
    reference: Vec<(f32, f64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    calibration: CalibrationEntry,
    caps: BTreeMap<String, f32>,
    intercepts: BTreeMap<String, f32>,
    signals: BTreeMap<String, SignalEntry>,
    #[serde(default)]
    together: Vec<TogetherEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalEntry {
    weight: f32,
    #[serde(default)]
    toll: f32,
    #[serde(default = "unlimited")]
    ceiling: f32,
    beta: Option<[f32; 2]>,
    normal: Option<[f32; 3]>,
    tail: Option<[f32; 3]>,
    #[serde(default)]
    cohorts: BTreeMap<String, [f32; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TogetherEntry {
    signals: [String; 2],
    weight: f32,
}

impl Weighing {
    /// What a surprise adds to a score.
    #[must_use]
    pub fn points(&self, surprise: f32) -> i32 {
        to_points(self.weight * (surprise.min(self.ceiling) - self.toll).max(0.0))
    }
}

/// Bits that count at most where the model does not say.
fn unlimited() -> f32 {
    14.0
}

impl Model {
    /// The model that comes with the program.
    ///
    /// # Errors
    /// Never in a released program: a test reads it.
    pub fn embedded() -> Result<Self> {
        Self::parse(EMBEDDED, Path::new(EMBEDDED_NAME))
    }

    /// Reads a model file; `name` stands for it in errors.
    ///
    /// # Errors
    /// When it is not TOML, lacks a signal, names one that does not exist, or holds an impossible number.
    pub fn parse(text: &str, name: &Path) -> Result<Self> {
        let wrong = |what: String| {
            Error::tool(what).file(name).remedy("take the model that comes with this version of gaitkeeper")
        };
        let file: File = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(0, |span| text[..span.start].lines().count().max(1));
            wrong(format!("not a model file: {}", e.message())).place(format!("line {line}"))
        })?;
        if file.version != VERSION {
            return Err(wrong(format!("model version {}, this program reads {VERSION}", file.version)));
        }
        if let Some(unknown) = file.signals.keys().find(|id| position(id).is_none()) {
            return Err(wrong(format!("there is no signal `{unknown}`")));
        }
        let mut signals = Vec::with_capacity(SIGNALS.len());
        for signal in SIGNALS {
            let entry =
                file.signals.get(signal.id).ok_or_else(|| wrong(format!("the signal `{}` has no entry", signal.id)))?;
            signals.push(weighing(entry).map_err(|what| wrong(format!("signal `{}`: {what}", signal.id)))?);
        }
        let mut together = Vec::with_capacity(file.together.len());
        for entry in &file.together {
            let at = |id: &str| position(id).ok_or_else(|| wrong(format!("there is no signal `{id}`")));
            together.push(Together {
                pair: (at(&entry.signals[0])?, at(&entry.signals[1])?),
                weight: non_negative(entry.weight).map_err(&wrong)?,
            });
        }
        let caps = by_name(&file.caps, &Group::ALL.map(Group::name)).map_err(&wrong)?;
        let intercepts = by_name(&file.intercepts, &Cohort::ALL.map(Cohort::name)).map_err(&wrong)?;
        let id = blake3::hash(text.as_bytes()).to_hex()[..12].to_owned();
        let reference = reference(&file.calibration).map_err(&wrong)?;
        Ok(Self { signals, together, caps, intercepts, reference, id })
    }
}

fn reference(entry: &CalibrationEntry) -> std::result::Result<Reference, String> {
    let steps: Vec<(i32, f64)> = entry.reference.iter().map(|(score, share)| (to_points(*score), *share)).collect();
    let in_order = steps.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1);
    let shares = steps.iter().all(|step| step.1 > 0.0 && step.1 <= 1.0);
    if steps.len() >= 2 && in_order && shares && entry.weight > 0.0 && entry.weight.is_finite() {
        let steps = steps.into_iter().map(|(points, share)| (points, share.ln())).collect();
        return Ok(Reference { weight: entry.weight, steps });
    }
    Err("the calibration needs a positive weight and steps of rising scores and falling shares".to_owned())
}

fn by_name(given: &BTreeMap<String, f32>, names: &[&str; 6]) -> std::result::Result<[i32; 6], String> {
    if let Some(unknown) = given.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("there is no `{unknown}`, only {}", names.join(", ")));
    }
    let mut points = [0; 6];
    for (slot, name) in points.iter_mut().zip(names) {
        *slot = to_points(*given.get(*name).ok_or_else(|| format!("`{name}` is missing"))?);
    }
    Ok(points)
}

/// Weighted bits as whole points.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "at most some thousand points")]
pub fn to_points(weighted_bits: f32) -> i32 {
    // Half a point away from zero, then towards it: what `round` does, without a call into libm.
    (weighted_bits * POINTS_PER_BIT + 0.5f32.copysign(weighted_bits)) as i32
}

fn non_negative(weight: f32) -> std::result::Result<f32, String> {
    if weight.is_finite() && weight >= 0.0 {
        Ok(weight)
    } else {
        Err(format!("the weight {weight} is not a number from 0 up"))
    }
}

fn weighing(entry: &SignalEntry) -> std::result::Result<Weighing, String> {
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
    let mut priors = [common; 6];
    for (name, pair) in &entry.cohorts {
        let at =
            Cohort::ALL.iter().position(|c| c.name() == name).ok_or_else(|| format!("there is no cohort `{name}`"))?;
        priors[at] = beta(*pair)?;
    }
    Ok(Weighing {
        weight: non_negative(entry.weight)?,
        toll: non_negative(entry.toll)?,
        ceiling: non_negative(entry.ceiling)?,
        priors,
    })
}
