//! How many takeovers are found at an alert budget: incidents, not rows, are the unit.
//!
//! The threshold of a budget is the score that this share of benign publishes exceeds in a run
//! without attacks. An incident is found when any of its publishes is above the threshold, and
//! found at once when its first is. Benign is every publish that is neither an attack nor removed.
//!
//! [`contest`] puts every method through the same runs, [`incidents`] counts what it found,
//! [`interval`] says how much of that is luck, [`months`] what a reader of alerts would have had to
//! read, [`nights`] what a nightly list would have shown, and [`real`] how real incidents stood.

pub mod contest;
pub mod incidents;
pub mod interval;
pub mod judged;
pub mod months;
pub mod nights;
pub mod real;

use serde::Serialize;

use self::contest::Contest;
use self::incidents::Method;
use self::judged::judge;
use self::months::Month;
use self::nights::{NightCount, Nights};
use self::real::RealPublish;
use super::backtest::Material;
use super::peers::hold::{self, Hold};
use super::peers::{How, PEERS};
use crate::detect::model::Model;

/// The budgets that are reported: one alert in so many publishes.
pub const BUDGETS: [u32; 3] = [100, 1_000, 10_000];
/// Our name in the table.
pub const OURS: &str = "gaitkeeper";

/// The whole comparison.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Version of this form.
    pub schema_version: u32,
    /// Model that scored.
    pub model: String,
    /// Events without attacks.
    pub events: usize,
    /// Benign ones among them.
    pub benign: usize,
    /// Ours at each budget, then the peers; those with a score at each budget as well.
    pub methods: Vec<Method>,
    /// The model's own account of campaigns left out of its training, where it knows those of this table; by budget.
    pub held_out: Vec<HeldOutRow>,
    /// Peers that hold every version and alert on none.
    pub holds: Vec<Hold>,
    /// Our alerts on benign publishes, by month.
    pub months: Vec<Month>,
    /// Our nightly list.
    pub nights: Nights,
    /// Every publish of incidents that really happened.
    pub real: Vec<RealPublish>,
}

/// Runs everything and compares. `progress` is told what begins.
pub fn evaluate(material: &Material, model: &Model, mut progress: impl FnMut(&str)) -> Evaluation {
    progress("history without attacks");
    let clean = material.run(None);
    let benign: Vec<bool> = clean.history.events.iter().map(|event| event.removed != Some(true)).collect();
    let judged = judge(&clean, model, |at| benign[at]);
    let mut contests: Vec<Contest> = Contest::all(&clean, &judged, &benign);
    let thresholds: Vec<f32> = contests[0].thresholds().collect();
    let months = months::months(&clean.history, &benign, &judged.points, &thresholds);
    let (events, benign) = (benign.len(), benign.iter().filter(|is| **is).count());
    drop((clean, judged));

    let mut nights = NightCount::default();
    let mut real = Vec::new();
    for number in material.folds() {
        progress(&format!("attacks of run {number}"));
        let run = material.run(Some(number));
        let mut judged = judge(&run, model, |at| run.labels.contains_key(&at));
        for contest in &mut contests {
            contest.meet(&run, &judged);
        }
        nights.note(&run, &judged.points);
        real::rank(&mut judged.real, &run, &judged.points);
        real.append(&mut judged.real);
    }
    real.sort_by(|a, b| (a.at, &a.release).cmp(&(b.at, &b.release)));
    let lives = material.lives();
    let holds = PEERS.iter().filter_map(|peer| match peer.how {
        How::Hold(hours) => Some(hold::measure(peer.id, peer.rule, hours, &lives)),
        _ => None,
    });
    Evaluation {
        schema_version: 2,
        model: model.id.clone(),
        events,
        benign,
        methods: contests.into_iter().flat_map(Contest::methods).collect(),
        holds: holds.collect(),
        held_out: held_out(model, material),
        months,
        nights: nights.nights(),
        real,
    }
}

/// Recall of the models that were made without the campaign: what to read instead of the model's own recall on
/// attacks that it was made from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldOutRow {
    /// One alert in so many publishes.
    pub budget: u32,
    /// Campaigns that the model knows.
    pub campaigns: usize,
    /// Mean of their recalls.
    pub mean_campaign_recall: f64,
    /// Mean of their first-publish recalls.
    pub mean_campaign_first_recall: f64,
}

fn held_out(model: &Model, material: &Material) -> Vec<HeldOutRow> {
    let names = material.campaigns();
    let known: Vec<_> = model.held_out.iter().filter(|(name, _)| names.contains(*name)).map(|(_, r)| r).collect();
    let row = |(at, budget): (usize, &u32)| {
        let recalls: Vec<(f64, f64)> = known.iter().filter_map(|recalls| recalls.get(at).copied()).collect();
        #[allow(clippy::cast_precision_loss, reason = "a count of campaigns")]
        let mean = |part: fn(&(f64, f64)) -> f64| recalls.iter().map(part).sum::<f64>() / recalls.len() as f64;
        (!recalls.is_empty()).then(|| HeldOutRow {
            budget: *budget,
            campaigns: recalls.len(),
            mean_campaign_recall: mean(|r| r.0),
            mean_campaign_first_recall: mean(|r| r.1),
        })
    };
    BUDGETS.iter().enumerate().filter_map(row).collect()
}
