//! The mixture of publishers: summaries of actors as they were at 5, 10, 20, 40, ... publishes, so that
//! somebody who publishes a hundred thousand times counts no more than a few who do not.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::GaussianMixtureModel;
use ndarray::{Array2, Axis};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::archive::history::History;
pub use crate::baseline::cohort::TRAIT_NAMES;
use crate::baseline::cohort::{COHORTS, COMPONENTS, Cohort, NEWCOMER, TRAITS, traits};
use crate::detect::model::{ComponentEntry, Model};
use crate::engine::embedded::fold;
use crate::error::{Error, Result};

/// Fits the components and names each by the kind of publisher that is most typical of it.
///
/// # Errors
/// When the history has too few actors.
pub fn fit(history: &History, model: &Model, seed: u64) -> Result<BTreeMap<String, ComponentEntry>> {
    let (mut values, mut kinds) = (Vec::new(), Vec::new());
    fold(history, model, |assessed| {
        let (event, actor) = (assessed.look.event, assessed.look.actor);
        let due = actor.n % NEWCOMER == 0 && (actor.n / NEWCOMER).is_power_of_two();
        if event.actor.is_some() && due && event.removed != Some(true) {
            values.extend(traits(event, actor));
            kinds.push(Cohort::by_rule(event, actor));
        }
    });
    let failed = |what: String| {
        Error::no_input(format!("the mixture of publishers cannot be fitted: {what}"))
            .remedy("train on a history of some hundred accounts")
    };
    let rows = Array2::from_shape_vec((kinds.len(), TRAITS), values).map_err(|e| failed(e.to_string()))?;
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
    let entries: Vec<ComponentEntry> = (0..COMPONENTS).map(component).collect();
    let names = named(&rows, &kinds, &entries);
    Ok(names.into_iter().zip(entries).map(|(cohort, entry)| (cohort.name().to_owned(), entry)).collect())
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

/// Each component gets the kind whose share in it is largest against the kind's share elsewhere; no kind
/// is given twice.
fn named(rows: &Array2<f64>, kinds: &[Cohort], entries: &[ComponentEntry]) -> Vec<Cohort> {
    use crate::baseline::cohort::{Component, Mixture};
    let part =
        |e: &ComponentEntry| Component { share: e.share, mean: e.mean, precision: e.precision, log_det: e.log_det };
    let Ok(parts) = <[Component; COMPONENTS]>::try_from(entries.iter().map(part).collect::<Vec<_>>()) else {
        return Vec::new();
    };
    let mixture = Mixture(parts);
    let mut counts = [[0.0; COHORTS]; COMPONENTS];
    for (row, kind) in rows.outer_iter().zip(kinds) {
        let mut summary = [0.0; TRAITS];
        summary.iter_mut().zip(row).for_each(|(s, x)| *s = *x);
        counts[mixture.nearest(&summary)][*kind as usize] += 1.0;
    }
    let of_kind = |kind: usize| counts.iter().map(|c| c[kind]).sum::<f64>().max(1.0);
    let of_part = |k: usize| counts[k].iter().sum::<f64>().max(1.0);
    let mut pairs: Vec<(f64, usize, usize)> = (0..COMPONENTS)
        .flat_map(|k| (COHORTS - COMPONENTS..COHORTS).map(move |kind| (k, kind)))
        .map(|(k, kind)| (counts[k][kind] * counts[k][kind] / of_kind(kind) / of_part(k), k, kind))
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut names = vec![Cohort::Unnamed; COMPONENTS];
    let mut given = Vec::new();
    for (_, k, kind) in pairs {
        if names[k] == Cohort::Unnamed && !given.contains(&kind) {
            names[k] = Cohort::ALL[kind];
            given.push(kind);
        }
    }
    names
}
