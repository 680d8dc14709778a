//! Gaussian mixtures over summaries of habits: of accounts ([`super::cohort`]) and of packages ([`super::kind`]).

/// Components of a mixture.
pub const COMPONENTS: usize = 4;
/// Numbers in a summary.
pub const TRAITS: usize = 6;

/// A Gaussian component.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Share of the summaries.
    pub share: f64,
    /// Mean of each trait.
    pub mean: [f64; TRAITS],
    /// Inverse of the covariance, row by row.
    pub precision: [[f64; TRAITS]; TRAITS],
    /// Natural logarithm of the determinant of the inverse.
    pub log_det: f64,
}

/// The mixture, in the order of the cohorts that are its components.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture(pub [Component; COMPONENTS]);

impl Mixture {
    /// The component under which a summary is most likely, its share taken into account.
    #[must_use]
    pub fn nearest(&self, summary: &[f64; TRAITS]) -> usize {
        let likelihood = |c: &Component| {
            let mut off = [0.0; TRAITS];
            for ((o, x), m) in off.iter_mut().zip(summary).zip(&c.mean) {
                *o = x - m;
            }
            let distance: f64 = c
                .precision
                .iter()
                .zip(&off)
                .map(|(row, a)| a * row.iter().zip(&off).map(|(p, b)| p * b).sum::<f64>())
                .sum();
            c.share.ln() + 0.5 * (c.log_det - distance)
        };
        let mut best = (0, f64::NEG_INFINITY);
        for (k, component) in self.0.iter().enumerate() {
            let l = likelihood(component);
            if l > best.1 {
                best = (k, l);
            }
        }
        best.0
    }
}
