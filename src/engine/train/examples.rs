//! The rows that trees are grown on: every publish of the history, and every documented attack as it
//! looked in the history that it was put into.

use rustc_hash::{FxHashMap, FxHashSet};

use super::boost::{Grown, Growth, Table, grow};
use super::made;
use crate::detect::columns;
use crate::detect::equate::Equating;
use crate::detect::model::Model;
use crate::engine::backtest::Run;
use crate::engine::embedded::{Assessed, fold};

/// What all publishes of one attack count together, where one ordinary publish counts one: one half for
/// the first of them, one half for all. So little that the few ordinary publishes that compete with
/// attacks for a small budget outweigh them: with campaigns left out in ten groups, the mean recall at 1/10,000
/// was 0.725 for 20, 0.759 for 5, 0.775 for 1, 0.792 for 0.25 and 0.797 for 0.1.
const ATTACK: f32 = 0.1;
/// One in so many ordinary publishes with few surprises teaches, and counts for all of them.
const THINNED: usize = 20;
/// Share of ordinary publishes, those with the most surprise, that all teach.
const ALL_TEACH: f64 = 0.12;

/// Whether a row is an attack, and of which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attack {
    /// Position among the campaigns.
    pub campaign: usize,
    /// Position among the instances.
    pub instance: usize,
}

/// Rows in the making.
pub struct Examples {
    /// Names of the campaigns.
    pub campaigns: Vec<String>,
    instances: FxHashMap<(usize, String), usize>,
    values: Vec<Vec<f32>>,
    stable: Vec<bool>,
    attacks: Vec<Option<Attack>>,
}

/// Rows, binned.
pub struct Ready {
    /// Names of the campaigns.
    pub campaigns: Vec<String>,
    /// The columns.
    pub table: Table,
    /// Which rows are attacks.
    pub attacks: Vec<Option<Attack>>,
    /// Which rows are prereleases.
    prereleases: Vec<bool>,
    targets: Vec<bool>,
    weights: Vec<f32>,
    /// Ordinary rows that teach.
    teaching: Vec<u32>,
    /// Surprise of the signals, kept for the linear model: one vector a signal.
    pub bits: Vec<Vec<f32>>,
}

impl Examples {
    /// Lays out the ordinary publishes of a history without attacks; removed ones are neither.
    #[must_use]
    pub fn new(clean: &Run, model: &Model) -> Self {
        let mut examples = Self {
            campaigns: Vec::new(),
            instances: FxHashMap::default(),
            values: vec![Vec::with_capacity(clean.history.events.len()); columns::count()],
            stable: Vec::new(),
            attacks: Vec::new(),
        };
        fold(&clean.history, model, |assessed| {
            if assessed.look.event.removed != Some(true) {
                examples.add(assessed, None);
            }
        });
        examples
    }

    /// Adds the attacks of one run.
    pub fn add_attacks(&mut self, run: &Run, model: &Model) {
        let words = &run.history.words;
        fold(&run.history, model, |assessed| {
            let Some(&(campaign, instance)) = run.labels.get(&assessed.index) else { return };
            let name = words.text(campaign);
            let campaign = self.campaigns.iter().position(|c| c == name).unwrap_or_else(|| {
                self.campaigns.push(name.to_owned());
                self.campaigns.len() - 1
            });
            let next = self.instances.len();
            let instance = *self.instances.entry((campaign, words.text(instance).to_owned())).or_insert(next);
            self.add(assessed, Some(Attack { campaign, instance }));
        });
    }

    fn add(&mut self, assessed: &Assessed, attack: Option<Attack>) {
        for (column, value) in self.values.iter_mut().zip(&assessed.assessment.row) {
            column.push(*value);
        }
        self.stable.push(assessed.look.event.number.channel.is_none());
        self.attacks.push(attack);
    }

    /// Cuts the columns into bins and chooses what teaches. Prereleases do not: no documented attack is one,
    /// so they would teach that a prerelease is harmless.
    #[must_use]
    pub fn ready(self) -> Ready {
        let signals = crate::detect::signals::SIGNALS.len();
        let sums = &self.values[signals];
        let mut ordinary: Vec<f32> =
            (0..sums.len()).filter(|&i| self.attacks[i].is_none() && self.stable[i]).map(|i| sums[i]).collect();
        ordinary.sort_unstable_by(|a, b| b.total_cmp(a));
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank"
        )]
        let limit = ordinary.get((ordinary.len() as f64 * ALL_TEACH) as usize).copied().unwrap_or(0.0);
        let mut of_instance: FxHashMap<usize, f32> = FxHashMap::default();
        for attack in self.attacks.iter().flatten() {
            *of_instance.entry(attack.instance).or_default() += 1.0;
        }
        let mut weights = vec![1.0; sums.len()];
        let mut begun = FxHashSet::default();
        let (mut teaching, mut quiet) = (Vec::new(), 0usize);
        for (row, attack) in self.attacks.iter().enumerate() {
            let at = u32::try_from(row).unwrap_or(u32::MAX);
            if let Some(attack) = attack {
                let first = f32::from(u8::from(begun.insert(attack.instance)));
                weights[row] = ATTACK * 0.5 * (first + 1.0 / of_instance[&attack.instance]);
            } else if self.stable[row] && sums[row] > limit {
                teaching.push(at);
            } else if self.stable[row] {
                quiet += 1;
                if quiet.is_multiple_of(THINNED) {
                    #[allow(clippy::cast_precision_loss, reason = "a small constant")]
                    {
                        weights[row] = THINNED as f32;
                    }
                    teaching.push(at);
                }
            }
        }
        let every = columns::names().into_iter().enumerate();
        let named = every.map(|(i, name)| (name.to_owned(), columns::only_raises(i))).collect();
        let table = Table::new(named, &self.values);
        let mut bits = self.values;
        bits.truncate(signals);
        Ready {
            campaigns: self.campaigns,
            table,
            targets: self.attacks.iter().map(Option::is_some).collect(),
            attacks: self.attacks,
            prereleases: self.stable.into_iter().map(std::ops::Not::not).collect(),
            weights,
            teaching,
            bits,
        }
    }
}

impl Ready {
    /// Rows that teach when only the attacks of some campaigns do.
    #[must_use]
    pub fn teaching(&self, campaign: impl Fn(usize) -> bool) -> Vec<u32> {
        let attacks = self.attacks.iter().enumerate().filter(|(_, a)| a.is_some_and(|a| campaign(a.campaign)));
        let attacks = attacks.map(|(row, _)| u32::try_from(row).unwrap_or(u32::MAX));
        self.teaching.iter().copied().chain(attacks).collect()
    }

    /// Grows trees on some rows.
    #[must_use]
    pub fn grow(&self, rows: &[u32], allowed: &dyn Fn(usize) -> bool, growth: &Growth) -> Grown {
        grow(&self.table, rows, &self.targets, &self.weights, allowed, growth)
    }

    /// Puts the points of prereleases on the scale of the other versions; what they count as, by steps.
    pub fn equate(&self, points: &mut [i32]) -> Vec<(i32, i32)> {
        let of = |prerelease: bool| {
            let ordinary = points.iter().zip(&self.attacks).zip(&self.prereleases);
            let of_kind = ordinary.filter(|((_, attack), is)| attack.is_none() && **is == prerelease);
            made::steps(of_kind.map(|((points, _), _)| *points).collect())
        };
        let steps = made::equating(&of(true), &of(false));
        let scale = Equating::of(&steps).unwrap_or_default();
        for (points, _) in points.iter_mut().zip(&self.prereleases).filter(|(_, is)| **is) {
            *points = scale.points(*points);
        }
        steps
    }

    /// Ordinary rows, and attack rows.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let attacks = self.attacks.iter().flatten().count();
        (self.attacks.len() - attacks, attacks)
    }
}
