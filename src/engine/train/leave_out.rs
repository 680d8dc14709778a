//! How well a model finds campaigns that it never saw: each is left out in turn, a model is made
//! without it, the thresholds are those of that model on the history without attacks, and the campaign is
//! scored. Ordinary publishes are not left out: the threshold is a rank among the very rows that taught,
//! which flatters every learnt model a little.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use super::Plan;
use super::examples::Ready;
use crate::detect::columns;
use crate::detect::evidence::Group;
use crate::detect::signals::SIGNALS;
use crate::engine::evaluate::BUDGETS;

/// Recall of one campaign at each budget: on any publish, and on the first.
pub type Recall = [(f64, f64); BUDGETS.len()];

/// Recall of every campaign, measured by a model that never saw it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// By campaign.
    pub campaigns: BTreeMap<String, Recall>,
}

impl Measured {
    /// Mean over campaigns, at each budget: any publish, first publish.
    #[must_use]
    pub fn mean(&self) -> Recall {
        #[allow(clippy::cast_precision_loss, reason = "a count of campaigns")]
        let n = self.campaigns.len().max(1) as f64;
        std::array::from_fn(|b| {
            let sum = self.campaigns.values().fold((0.0, 0.0), |s, r| (s.0 + r[b].0, s.1 + r[b].1));
            (sum.0 / n, sum.1 / n)
        })
    }
}

/// How campaigns are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// One at a time.
    Each,
    /// Every so many-th together: faster, and harsher.
    Groups(usize),
}

/// Measures trees that may ask about the allowed columns only.
#[must_use]
pub fn measure(examples: &Ready, plan: &Plan, split: Split, allowed: &(dyn Fn(usize) -> bool + Sync)) -> Measured {
    let campaigns = examples.campaigns.len();
    let parts = match split {
        Split::Each => campaigns,
        Split::Groups(n) => n.min(campaigns),
    };
    measure_with(examples, plan.threads, parts, &|rows| {
        examples.grow(rows, &|column| allowed(column), &plan.growth).score(&examples.table)
    })
}

/// Measures any way of scoring: `scores` makes one from the rows that teach, and gives points for every row.
pub fn measure_with(
    examples: &Ready,
    threads: usize,
    parts: usize,
    scores: &(dyn Fn(&[u32]) -> Vec<i32> + Sync),
) -> Measured {
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<String, Recall>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let part = next.fetch_add(1, Ordering::Relaxed);
                    if part >= parts {
                        break;
                    }
                    let mut points = scores(&examples.teaching(|campaign| campaign % parts != part));
                    examples.equate(&mut points);
                    let found = (part..examples.campaigns.len())
                        .step_by(parts)
                        .map(|campaign| (examples.campaigns[campaign].clone(), recall(examples, &points, campaign)));
                    if let Ok(mut all) = done.lock() {
                        all.extend(found);
                    }
                }
            });
        }
    });
    Measured { campaigns: done.into_inner().unwrap_or_default() }
}

/// Points that a budget's share of the ordinary rows exceeds.
#[must_use]
pub fn thresholds(examples: &Ready, points: &[i32]) -> [i32; BUDGETS.len()] {
    let mut ordinary: Vec<i32> =
        points.iter().zip(&examples.attacks).filter(|(_, a)| a.is_none()).map(|(p, _)| *p).collect();
    ordinary.sort_unstable_by(|a, b| b.cmp(a));
    BUDGETS.map(|budget| ordinary.get(ordinary.len() / budget as usize).copied().unwrap_or(i32::MAX))
}

fn recall(examples: &Ready, points: &[i32], campaign: usize) -> Recall {
    let limits = thresholds(examples, points);
    let mut instances: BTreeMap<usize, Vec<i32>> = BTreeMap::new();
    for (row, attack) in examples.attacks.iter().enumerate() {
        if let Some(attack) = attack.filter(|a| a.campaign == campaign) {
            instances.entry(attack.instance).or_default().push(points[row]);
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of incidents")]
    let n = instances.len().max(1) as f64;
    std::array::from_fn(|b| {
        let any = instances.values().filter(|rows| rows.iter().any(|p| *p > limits[b])).count();
        let first = instances.values().filter(|rows| rows.first().is_some_and(|p| *p > limits[b])).count();
        #[allow(clippy::cast_precision_loss, reason = "a count of incidents")]
        let share = (any as f64 / n, first as f64 / n);
        share
    })
}

/// Groups of campaigns that an ablation leaves out together.
const ABLATION_PARTS: usize = 5;

/// Leaves each signal group out of the trees; the first row leaves out none. Sums over all signals hold
/// what every group says, so they are left out of every row.
pub fn ablate(examples: &Ready, plan: &Plan, progress: &mut impl FnMut(&str)) -> Vec<(String, Measured)> {
    let signals = SIGNALS.len();
    let is_sum = |column: usize| (signals..signals + columns::SUMS.len()).contains(&column);
    let mut rows = Vec::new();
    progress("every group");
    rows.push(("every group".to_owned(), measure(examples, plan, Split::Groups(ABLATION_PARTS), &|c| !is_sum(c))));
    for group in Group::ALL {
        let name = format!("without {}", group.name());
        progress(&name);
        let allowed = |c: usize| !is_sum(c) && (c >= signals || SIGNALS[c].group != group);
        rows.push((name, measure(examples, plan, Split::Groups(ABLATION_PARTS), &allowed)));
    }
    rows
}
