//! Ranks for habits that a share of everybody has. Few accounts publish most of what is published: were their ranks drawn,
//! a year's shares would be the luck of a few. So ranks are given out such that what is published lies evenly over them,
//! year by year.

use super::random::{draw, hash};

/// Ranks are given out in so many steps.
const BINS: usize = 32;
/// Share of everything that is published by those who are not light.
const HEAVY: f64 = 0.9;

/// What everybody publishes, year by year.
pub struct Weights {
    years: usize,
    cells: Vec<f32>,
}

impl Weights {
    /// Nothing yet, of `entities` in so many years.
    #[must_use]
    pub fn new(entities: usize, years: usize) -> Self {
        Self { years, cells: vec![0.0; entities * years] }
    }

    /// Adds publishes that lie evenly between two times, given in years from the first one.
    pub fn add(&mut self, entity: usize, from: f64, until: f64, publishes: f64) {
        let length = (until - from).max(1e-6);
        let cells = &mut self.cells[entity * self.years..][..self.years];
        for (year, cell) in (0_u32..).zip(cells) {
            let year = f64::from(year);
            let part = (until.min(year + 1.0) - from.max(year)).max(0.0) / length;
            #[allow(clippy::cast_possible_truncation, reason = "a weight")]
            let add = (part * publishes) as f32;
            *cell += add;
        }
    }

    /// A rank in [0, 1) for everybody: the heaviest first, each into the step in which least was published in the same years.
    /// Whoever publishes the last tenth of everything gets that power of a rank: with a power below one, a later one.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a few steps")]
    pub fn ranks(&self, seed: u64, of_light: f64) -> Vec<f32> {
        let totals: Vec<f32> = self.cells.chunks(self.years).map(|years| years.iter().sum()).collect();
        let mut order: Vec<usize> = (0..totals.len()).collect();
        order.sort_by(|a, b| totals[*b].total_cmp(&totals[*a]));
        // What a year weighs is its share of that year, so that the busy years do not decide alone.
        let mut scale = vec![0.0_f32; self.years];
        for years in self.cells.chunks(self.years) {
            scale.iter_mut().zip(years).for_each(|(sum, w)| *sum += w);
        }
        let mut loads = vec![0.0_f32; BINS * self.years];
        let mut ranks = vec![0.0; totals.len()];
        let (all, mut published) = (totals.iter().map(|t| f64::from(*t)).sum::<f64>(), 0.0);
        for (k, entity) in (0_u64..).zip(order) {
            let own = &self.cells[entity * self.years..][..self.years];
            // Steps are tried from another one each time: of equal ones the first is taken.
            #[allow(clippy::cast_possible_truncation, reason = "a step")]
            let first = hash(seed, k) as usize % BINS;
            let mut best = (f32::INFINITY, 0);
            for bin in (first..BINS).chain(0..first) {
                let load = &loads[bin * self.years..][..self.years];
                let cost: f32 = load
                    .iter()
                    .zip(own)
                    .zip(&scale)
                    .map(|((l, w), s)| if *s > 0.0 { l * w / (s * s) } else { 0.0 })
                    .sum();
                if cost < best.0 {
                    best = (cost, bin);
                }
            }
            loads[best.1 * self.years..][..self.years].iter_mut().zip(own).for_each(|(l, w)| *l += w);
            let rank = (best.1 as f64 + draw(seed, k + (1 << 40))) / BINS as f64;
            let is_light = published > HEAVY * all;
            published += f64::from(totals[entity]);
            #[allow(clippy::cast_possible_truncation, reason = "a rank")]
            let rank = if is_light { rank.powf(of_light) } else { rank } as f32;
            ranks[entity] = rank;
        }
        ranks
    }
}
