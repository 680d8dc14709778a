//! The simpler model: a weight a signal, none of them negative.
//!
//! Logistic regression with an L2 penalty (linfa-logistic), fitted again without the signals whose
//! weight came out negative until none is left: the active-set form of a fit bounded at zero.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use super::Plan;
use super::examples::Ready;
use super::leave_out::{Measured, measure_with};
use crate::detect::signals::SIGNALS;
use crate::error::{Error, Result};

/// L2 penalty.
const PENALTY: f64 = 1.0;
/// Every so many-th ordinary row teaches: the fit needs no more.
const EVERY: usize = 8;
/// Groups of campaigns that are left out together.
const PARTS: usize = 5;

/// Measures the linear model with campaigns left out in groups; its weights are those of a fit on everything.
///
/// # Errors
/// When the fit on everything does not come to an end.
pub fn measure(examples: &Ready, plan: &Plan) -> Result<(Measured, Vec<(&'static str, f64)>)> {
    let all = fit(examples, &examples.teaching(|_| true)).ok_or_else(|| {
        Error::tool("the linear model cannot be fitted on these publishes")
            .remedy("train on a history with ordinary publishes and attacks")
    })?;
    let measured = measure_with(examples, plan.threads, PARTS.min(examples.campaigns.len()), &|rows| {
        let weights = fit(examples, rows).unwrap_or_else(|| vec![0.0; SIGNALS.len()]);
        score(examples, &weights)
    });
    Ok((measured, SIGNALS.iter().map(|s| s.id).zip(all).collect()))
}

#[allow(clippy::cast_possible_truncation, reason = "points are far below two billion")]
fn score(examples: &Ready, weights: &[f64]) -> Vec<i32> {
    let mut points = vec![0.0; examples.attacks.len()];
    for (bits, weight) in examples.bits.iter().zip(weights).filter(|(_, w)| **w > 0.0) {
        for (sum, bits) in points.iter_mut().zip(bits) {
            *sum += weight * f64::from(*bits);
        }
    }
    points.into_iter().map(|p| (100.0 * p).round() as i32).collect()
}

fn fit(examples: &Ready, rows: &[u32]) -> Option<Vec<f64>> {
    let rows: Vec<usize> = rows
        .iter()
        .map(|&row| row as usize)
        .enumerate()
        .filter(|(k, row)| examples.attacks[*row].is_some() || k % EVERY == 0)
        .map(|(_, row)| row)
        .collect();
    let targets: Array1<bool> = rows.iter().map(|&row| examples.attacks[row].is_some()).collect();
    let mut active: Vec<usize> = (0..SIGNALS.len()).filter(|&s| examples.bits[s].iter().any(|b| *b > 0.0)).collect();
    while !active.is_empty() {
        let values =
            Array2::from_shape_fn((rows.len(), active.len()), |(r, c)| f64::from(examples.bits[active[c]][rows[r]]));
        let fitted = LogisticRegression::default()
            .alpha(PENALTY)
            .max_iterations(200)
            .gradient_tolerance(1e-3)
            .fit(&DatasetBase::new(values, targets.clone()))
            .ok()?;
        // Which label speaks for a positive sum depends on which came first.
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        let weights = fitted.params() * sign;
        if weights.iter().all(|w| *w >= 0.0) {
            let mut all = vec![0.0; SIGNALS.len()];
            active.iter().zip(&weights).for_each(|(&signal, weight)| all[signal] = *weight);
            return Some(all);
        }
        active = active.into_iter().zip(&weights).filter(|(_, w)| **w >= 0.0).map(|(signal, _)| signal).collect();
    }
    None
}
