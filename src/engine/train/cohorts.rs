//! The mixtures of publishers and of packages: summaries as they were at 5, 10, 20, 40, ... publishes, so that
//! somebody who publishes a hundred thousand times counts no more than a few who do not.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::GaussianMixtureModel;
use ndarray::{Array2, Axis};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::archive::history::History;
pub use crate::baseline::cohort::TRAIT_NAMES as PUBLISHER_TRAITS;
use crate::baseline::cohort::{self, Cohort, NEWCOMER};
pub use crate::baseline::kind::TRAIT_NAMES as PACKAGE_TRAITS;
use crate::baseline::kind::{self, Kind, YOUNG};
pub use crate::baseline::mixture::TRAITS;
use crate::baseline::mixture::{COMPONENTS, Component, Mixture};
use crate::detect::model::{ComponentEntry, Model};
use crate::engine::embedded::fold;
use crate::error::{Error, Result};

/// Components by the name of the cohort that each one is.
pub type Components = BTreeMap<String, ComponentEntry>;

/// Summaries, and what a rule of thumb calls each of them: its position among the names.
#[derive(Default)]
struct Summaries {
    values: Vec<f64>,
    rules: Vec<usize>,
}

/// Fits the components of publishers and those of packages, and names each by the rule of thumb that is most typical of
/// it.
///
/// # Errors
/// When the history has too few of either.
pub fn fit(history: &History, model: &Model, seed: u64) -> Result<(Components, Components)> {
    let (mut publishers, mut packages) = (Summaries::default(), Summaries::default());
    fold(history, model, |assessed| {
        let (event, actor, package) = (assessed.look.event, assessed.look.actor, assessed.look.package);
        if event.removed == Some(true) {
            return;
        }
        let due = |n: u32, first: u32| n.is_multiple_of(first) && (n / first).is_power_of_two();
        if event.actor.is_some() && due(actor.n, NEWCOMER) {
            publishers.values.extend(cohort::traits(event, actor));
            publishers.rules.push(Cohort::by_rule(event, actor) as usize);
        }
        if due(package.n, YOUNG) {
            packages.values.extend(kind::traits(package));
            packages.rules.push(Kind::by_rule(package) as usize);
        }
    });
    Ok((
        publishers.components("publishers", &Cohort::ALL.map(Cohort::name), seed)?,
        packages.components("packages", &Kind::ALL.map(Kind::name), seed)?,
    ))
}

impl Summaries {
    /// The mixture of them; the last of the `names` are those of its components.
    fn components(self, of: &str, names: &[&str], seed: u64) -> Result<Components> {
        let failed = |what: String| {
            Error::no_input(format!("the mixture of {of} cannot be fitted: {what}"))
                .remedy("train on a history of some hundred accounts and packages")
        };
        let rows =
            Array2::from_shape_vec((self.rules.len(), TRAITS), self.values).map_err(|e| failed(e.to_string()))?;
        let fitted = GaussianMixtureModel::params_with_rng(COMPONENTS, Xoshiro256PlusPlus::seed_from_u64(seed))
            .n_runs(3)
            .max_n_iterations(300)
            .tolerance(1e-4)
            .reg_covariance(1e-2)
            .fit(&DatasetBase::from(rows.clone()))
            .map_err(|e| failed(e.to_string()))?;
        let component = |k: usize| {
            let precision = fitted.precisions().index_axis(Axis(0), k);
            let mut entry = ComponentEntry {
                share: rounded(fitted.weights()[k]),
                mean: [0.0; TRAITS],
                precision: [[0.0; TRAITS]; TRAITS],
                log_det: 0.0,
            };
            for i in 0..TRAITS {
                entry.mean[i] = rounded(fitted.means()[[k, i]]);
                for j in 0..TRAITS {
                    entry.precision[i][j] = rounded(precision[[i, j]]);
                }
            }
            entry.log_det = rounded(log_determinant(&entry.precision));
            entry
        };
        let entries: [ComponentEntry; COMPONENTS] = std::array::from_fn(component);
        let given = named(&rows, &self.rules, &entries, names.len());
        Ok(given.into_iter().map(|name| names[name].to_owned()).zip(entries).collect())
    }
}

fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}

/// Natural logarithm of the determinant of a positive definite matrix, by Cholesky's decomposition.
fn log_determinant(matrix: &[[f64; TRAITS]; TRAITS]) -> f64 {
    let mut lower = [[0.0; TRAITS]; TRAITS];
    let mut sum = 0.0;
    for i in 0..TRAITS {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            if i == j {
                lower[i][i] = (matrix[i][i] - known).max(f64::MIN_POSITIVE).sqrt();
                sum += 2.0 * lower[i][i].ln();
            } else {
                lower[i][j] = (matrix[i][j] - known) / lower[j][j];
            }
        }
    }
    sum
}

/// Each component gets the name whose share in it is largest against the name's share elsewhere; no name
/// is given twice.
fn named(
    rows: &Array2<f64>,
    rules: &[usize],
    entries: &[ComponentEntry; COMPONENTS],
    names: usize,
) -> [usize; COMPONENTS] {
    let mixture = Mixture(std::array::from_fn(|k| Component::from(&entries[k])));
    let mut counts = vec![vec![0.0; names]; COMPONENTS];
    for (row, &rule) in rows.outer_iter().zip(rules) {
        let mut summary = [0.0; TRAITS];
        summary.iter_mut().zip(row).for_each(|(s, x)| *s = *x);
        counts[mixture.nearest(&summary)][rule] += 1.0;
    }
    let of_name = |name: usize| counts.iter().map(|c| c[name]).sum::<f64>().max(1.0);
    let of_part = |k: usize| counts[k].iter().sum::<f64>().max(1.0);
    let mut pairs: Vec<(f64, usize, usize)> = (0..COMPONENTS)
        .flat_map(|k| (names - COMPONENTS..names).map(move |name| (k, name)))
        .map(|(k, name)| (counts[k][name] * counts[k][name] / of_name(name) / of_part(k), k, name))
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut given: [Option<usize>; COMPONENTS] = [None; COMPONENTS];
    for (_, k, name) in pairs {
        if given[k].is_none() && !given.contains(&Some(name)) {
            given[k] = Some(name);
        }
    }
    given.map(Option::unwrap_or_default)
}
