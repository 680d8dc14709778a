//! From evidence and a prior to surprise in bits: -log2 of the predictive probability.
//!
//! Surprise is bounded by evidence. For things that happen or not, the chance has a Beta(a, b)
//! prior and the predictive probability is (a + hits) / (a + b + n), the Pólya urn; with no past it
//! is the population's rate, and it needs a long uneventful past to become much smaller. For
//! quantities, mean and variance have a normal-inverse-gamma prior and the predictive is Student's t
//! (Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.3), whose tails are heavy while the
//! past is short.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::evidence::Evidence;
use crate::baseline::tally::Spread;

/// What is known before the entity's own past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prior {
    /// Of something that happens or not: `a` past times in `a + b` past chances.
    Beta {
        /// Times it happened.
        a: f32,
        /// Times it did not.
        b: f32,
    },
    /// Of sizes: a size of `s` or more comes with probability `scale` x s^-`exponent`, which counts
    /// as much as `weight` past observations.
    Tail {
        /// Probability of a size of one or more.
        scale: f32,
        /// How fast larger sizes get rarer.
        exponent: f32,
        /// Observations it is worth.
        weight: f32,
    },
    /// Of a quantity: `weight` past observations with this mean and standard deviation.
    Normal {
        /// Mean.
        mean: f32,
        /// Standard deviation.
        sd: f32,
        /// Observations it is worth.
        weight: f32,
    },
}

/// No probability below 2^-30 is believed, whatever the arithmetic says.
const MOST: f32 = 30.0;

/// Surprise of evidence under a prior; `None` where the question does not arise. A prior of the
/// other kind than the evidence counts as no evidence at all: the model's loader refuses it.
#[must_use]
pub fn bits(evidence: Evidence, prior: &Prior) -> Option<f32> {
    let probability = match (evidence, prior) {
        (Evidence::NotApplicable, _) => return None,
        (Evidence::Usual | Evidence::Chance { happens: false, .. }, _) => return Some(0.0),
        (Evidence::Probability(p), _) => p,
        (Evidence::Chance { hits, n, .. }, Prior::Beta { a, b }) => (a + hits) / (a + b + n.max(hits)),
        (Evidence::Above { value, past }, Prior::Normal { mean, sd, weight }) => {
            tail(standardise(value, &past, *mean, *sd, *weight))
        }
        (Evidence::Below { value, past }, Prior::Normal { mean, sd, weight }) => {
            let (z, freedom) = standardise(value, &past, *mean, *sd, *weight);
            tail((-z, freedom))
        }
        (Evidence::Reaches { size, hits, n }, Prior::Tail { scale, exponent, weight }) => {
            let population = (scale * size.powf(-exponent)).min(1.0);
            (weight * population + hits) / (weight + n)
        }
        _ => 1.0,
    };
    Some((-probability.max(f32::MIN_POSITIVE).log2()).clamp(0.0, MOST))
}

/// How many predictive scale units a value lies above the predictive mean, and the degrees of freedom.
fn standardise(value: f32, past: &Spread, mean: f32, sd: f32, weight: f32) -> (f32, f32) {
    let k = weight + past.n;
    let centre = (weight * mean + past.n * past.mean) / k;
    let shift = past.mean - mean;
    let sum = weight * sd * sd + past.m2 + weight * past.n / k * shift * shift;
    let scale = (sum / k * (k + 1.0) / k).sqrt();
    ((value - centre) / scale, k)
}

/// Twice the upper tail, so that the median is no surprise.
fn tail((z, freedom): (f32, f32)) -> f32 {
    if z <= 0.0 {
        return 1.0;
    }
    let Ok(t) = StudentsT::new(0.0, 1.0, f64::from(freedom)) else { return 1.0 };
    #[allow(clippy::cast_possible_truncation, reason = "a probability in f32 is exact enough for bits")]
    let p = (2.0 * t.sf(f64::from(z))) as f32;
    p
}
