//! The population's habits: how often, over a whole history, the things that signals look at
//! happen to publishers of each cohort, and to packages of each kind. Gives the model its priors: by publisher or by
//! package, whichever makes the history likelier.

use std::collections::BTreeMap;

use super::embedded::fold;
use crate::archive::history::History;
use crate::baseline::cohort::Cohort;
use crate::baseline::kind::Kind;
use crate::baseline::tally::Spread;
use crate::detect::evidence::{Evidence, Facts};
use crate::detect::model::Model;
use crate::detect::score::evidence;
use crate::detect::signals::SIGNALS;

/// Prior of one signal, as fitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Fitted {
    /// Beta priors: over everybody, then for each cohort, or each kind of package, that has enough publishes.
    Beta {
        /// Publishes judged, and times it happened.
        seen: (u64, u64),
        /// `[a, b]` over everybody.
        all: [f32; 2],
        /// `[a, b]` by the name of a cohort or a kind.
        apart: Vec<(&'static str, [f32; 2])>,
    },
    /// Mean and standard deviation of a quantity.
    Normal {
        /// Publishes judged.
        seen: u64,
        /// Mean.
        mean: f32,
        /// Standard deviation.
        sd: f32,
    },
    /// Never judged on this history.
    Nothing,
}

/// Times that something must have happened in a cohort for a prior of its own.
const ENOUGH: u64 = 20;

/// Trials and times it happened, by (hits, n) rounded to sixteenths of a doubling.
type Cells = BTreeMap<(u32, u32), (u64, u64, f64, f64)>;

/// What was counted of one signal, by cohort and by kind.
#[derive(Default)]
struct Counted {
    publishers: [Cells; Cohort::ALL.len()],
    packages: [Cells; Kind::ALL.len()],
}

/// Fits a prior for every signal that has one. Removed publishes do not count.
#[must_use]
pub fn survey(history: &History, model: &Model) -> Vec<Fitted> {
    let mut counted: Vec<Counted> = SIGNALS.iter().map(|_| Counted::default()).collect();
    let mut quantities: Vec<(Spread, f64, f64, u64)> = vec![(Spread::default(), 0.0, 0.0, 0); SIGNALS.len()];
    fold(history, model, |assessed| {
        if assessed.look.event.removed == Some(true) {
            return;
        }
        let facts = Facts::of(assessed.look.event);
        for (i, signal) in SIGNALS.iter().enumerate() {
            match evidence(signal, assessed.look, facts) {
                Ok(Evidence::Chance { happens, hits, n }) => {
                    let (key, of) = ((round(hits), round(n)), &mut counted[i]);
                    for cells in [
                        &mut of.publishers[assessed.assessment.cohort as usize],
                        &mut of.packages[assessed.assessment.kind as usize],
                    ] {
                        let cell = cells.entry(key).or_default();
                        cell.0 += 1;
                        cell.1 += u64::from(happens);
                        cell.2 += f64::from(hits);
                        cell.3 += f64::from(n);
                    }
                }
                Ok(Evidence::Above { value, .. } | Evidence::Below { value, .. }) => {
                    let sums = &mut quantities[i];
                    sums.1 += f64::from(value);
                    sums.2 += f64::from(value) * f64::from(value);
                    sums.3 += 1;
                }
                _ => {}
            }
        }
    });
    counted.iter().zip(&quantities).map(|(counted, sums)| fitted(counted, sums)).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bin number")]
fn round(count: f32) -> u32 {
    ((count + 1.0).log2() * 16.0) as u32
}

fn fitted(counted: &Counted, &(_, sum, squares, n): &(Spread, f64, f64, u64)) -> Fitted {
    if n > 1 {
        #[allow(clippy::cast_precision_loss, reason = "a count of publishes")]
        let n_f = n as f64;
        let mean = sum / n_f;
        #[allow(clippy::cast_possible_truncation, reason = "a prior needs few digits")]
        return Fitted::Normal {
            seen: n,
            mean: mean as f32,
            sd: (squares / n_f - mean * mean).max(1e-6).sqrt() as f32,
        };
    }
    let total = |cells: &Cells| cells.values().fold((0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
    let mut all = Cells::new();
    for (key, cell) in counted.publishers.iter().flatten() {
        let into = all.entry(*key).or_default();
        into.0 += cell.0;
        into.1 += cell.1;
        into.2 += cell.2;
        into.3 += cell.3;
    }
    let seen = total(&all);
    if seen.0 == 0 {
        return Fitted::Nothing;
    }
    let common = most_likely(&all).1;
    let by_publisher = apart(&counted.publishers, &Cohort::ALL.map(Cohort::name), common);
    let by_package = apart(&counted.packages, &Kind::ALL.map(Kind::name), common);
    let likelier = if by_package.0 > by_publisher.0 { by_package } else { by_publisher };
    Fitted::Beta { seen, all: common, apart: likelier.1 }
}

/// Priors of those parts in which it happened often enough, the others taking the common one; and the logarithm of the
/// likelihood of the whole.
fn apart(parts: &[Cells], names: &[&'static str], common: [f32; 2]) -> (f64, Vec<(&'static str, [f32; 2])>) {
    let (mut likelihood, mut fitted) = (0.0, Vec::new());
    for (cells, name) in parts.iter().zip(names) {
        if cells.values().map(|cell| cell.1).sum::<u64>() < ENOUGH {
            likelihood += log_likelihood(cells, common.map(f64::from));
            continue;
        }
        let (likely, prior) = most_likely(cells);
        likelihood += likely;
        fitted.push((*name, prior));
    }
    (likelihood, fitted)
}

/// Natural logarithm of the chance that the past was followed by what followed it, under a Beta prior.
fn log_likelihood(cells: &Cells, [a, b]: [f64; 2]) -> f64 {
    cells
        .values()
        .map(|&(trials, happened, hits, n)| {
            #[allow(clippy::cast_precision_loss, reason = "counts of publishes")]
            let (trials, happened) = (trials as f64, happened as f64);
            let (hits, n) = (hits / trials, n / trials);
            let p = ((a + hits) / (a + b + n.max(hits))).min(1.0 - 1e-9);
            happened * p.ln() + (trials - happened) * (1.0 - p).ln()
        })
        .sum()
}

/// The Beta prior under which the past was most likely to be followed by what followed it, over a
/// grid of twelve steps a decade, with the logarithm of that likelihood.
fn most_likely(cells: &Cells) -> (f64, [f32; 2]) {
    let grid = |low: i32, high: i32| (low * 12..=high * 12).map(|k| 10f64.powf(f64::from(k) / 12.0));
    let mut best = (f64::NEG_INFINITY, [1.0, 1.0]);
    for a in grid(-2, 1) {
        for b in grid(-1, 3) {
            let likelihood = log_likelihood(cells, [a, b]);
            if likelihood > best.0 {
                #[allow(clippy::cast_possible_truncation, reason = "a prior needs few digits")]
                {
                    best = (likelihood, [a as f32, b as f32]);
                }
            }
        }
    }
    best
}

/// Fitted priors as the entries of a model file.
#[must_use]
pub fn toml(priors: &[Fitted]) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for (signal, prior) in SIGNALS.iter().zip(priors) {
        let _ = writeln!(out, "[signals.{}]", signal.id);
        match prior {
            Fitted::Beta { seen: (judged, happened), all: [a, b], apart } => {
                let _ = writeln!(out, "beta = [{a:.3}, {b:.3}] # happened at {happened} of {judged} publishes");
                if !apart.is_empty() {
                    let _ = writeln!(out, "[signals.{}.cohorts]", signal.id);
                }
                for (name, [a, b]) in apart {
                    let _ = writeln!(out, "{name} = [{a:.3}, {b:.3}]");
                }
            }
            Fitted::Normal { seen, mean, sd } => {
                let _ = writeln!(
                    out,
                    "# where it was asked, at {seen} publishes: mean {mean:.2}, standard deviation {sd:.2}"
                );
            }
            Fitted::Nothing => {
                let _ = writeln!(out, "# not judged as something that happens or not on this history");
            }
        }
        out.push('\n');
    }
    out
}
