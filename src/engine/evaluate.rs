//! How many takeovers are found at an alert budget: incidents, not rows, are the unit.
//!
//! The threshold of a budget is the score that this share of benign publishes exceeds in a run
//! without attacks. An incident is found when any of its publishes is above the threshold, and
//! found at once when its first is. Benign is every publish that is neither an attack nor removed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::backtest::{Material, Run};
use super::peers::{PEERS, Ruling};
use crate::detect::model::Model;

/// The budgets that are reported: one alert in so many publishes.
pub const BUDGETS: [u32; 3] = [100, 1_000, 10_000];

/// Incidents, and how many of them were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Found {
    /// Incidents.
    pub incidents: u32,
    /// With an alert on any publish.
    pub found: u32,
    /// With an alert on the first publish.
    pub at_once: u32,
}

impl Found {
    /// Share found.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.found, self.incidents)
    }

    /// Share found on the first publish.
    #[must_use]
    pub fn first_recall(&self) -> f64 {
        share(self.at_once, self.incidents)
    }

    fn note(&mut self, rows: &[bool]) {
        self.incidents += 1;
        self.found += u32::from(rows.contains(&true));
        self.at_once += u32::from(rows.first() == Some(&true));
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}

/// One way of alerting.
#[derive(Clone, Debug, Serialize)]
pub struct Method {
    /// `gaitkeeper` or a peer's rule.
    pub name: String,
    /// One alert in so many publishes, where it has a budget.
    pub budget: Option<u32>,
    /// Score above which it alerts, hundredths.
    pub threshold: Option<i32>,
    /// Share of benign publishes that it alerts on.
    pub alert_rate: f64,
    /// Share of benign publishes that it cannot judge.
    pub not_applicable: f64,
    /// All incidents.
    pub all: Found,
    /// Mean of the campaigns' recalls.
    pub mean_campaign_recall: f64,
    /// Mean of the campaigns' first-publish recalls.
    pub mean_campaign_first_recall: f64,
    /// By campaign.
    pub campaigns: BTreeMap<String, Found>,
    /// Incidents that really happened, found or not.
    pub real: BTreeMap<String, Found>,
    /// Publishes of real incidents, and those above the threshold.
    pub real_publishes: (u32, u32),
}

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
    /// Ours at each budget, then the peers.
    pub methods: Vec<Method>,
}

/// Instances that really happened are named so.
const REAL: &str = "real:";

type Incidents = BTreeMap<(String, String), Vec<bool>>;

/// Runs everything and compares. `progress` is told what begins.
pub fn evaluate(material: &Material, model: &Model, mut progress: impl FnMut(&str)) -> Evaluation {
    progress("history without attacks");
    let clean = material.run(None);
    let mut benign: Vec<i32> = clean
        .score(model, |_| {})
        .iter()
        .zip(&clean.history.events)
        .filter(|(_, event)| event.removed != Some(true))
        .map(|(score, _)| score.points)
        .collect();
    benign.sort_unstable_by(|a, b| b.cmp(a));
    let thresholds = BUDGETS.map(|budget| benign.get(benign.len() / budget as usize).copied().unwrap_or(i32::MAX));

    let mut ours: Vec<Incidents> = vec![Incidents::new(); BUDGETS.len()];
    let mut theirs: Vec<Incidents> = vec![Incidents::new(); PEERS.len()];
    for number in material.folds() {
        progress(&format!("attacks of run {number}"));
        let run = material.run(Some(number));
        let scores = run.score(model, |_| {});
        for (incidents, threshold) in ours.iter_mut().zip(thresholds) {
            collect(&run, incidents, |i| scores[i].points > threshold);
        }
        for (incidents, peer) in theirs.iter_mut().zip(PEERS) {
            let rulings = (peer.run)(&run.history);
            collect(&run, incidents, |i| rulings[i] == Ruling::Fire);
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of events")]
    let n = benign.len().max(1) as f64;
    let mut methods = Vec::new();
    for ((budget, threshold), incidents) in BUDGETS.into_iter().zip(thresholds).zip(&ours) {
        let above = benign.iter().filter(|&&points| points > threshold).count();
        #[allow(clippy::cast_precision_loss, reason = "counts of events")]
        let rate = above as f64 / n;
        methods.push(method("gaitkeeper", Some((budget, threshold)), (rate, 0.0), incidents));
    }
    for (peer, incidents) in PEERS.iter().zip(&theirs) {
        let rulings = (peer.run)(&clean.history);
        let count = |wanted| {
            let matching =
                rulings.iter().zip(&clean.history.events).filter(|(r, e)| **r == wanted && e.removed != Some(true));
            #[allow(clippy::cast_precision_loss, reason = "counts of events")]
            let share = matching.count() as f64 / n;
            share
        };
        methods.push(method(peer.id, None, (count(Ruling::Fire), count(Ruling::NotApplicable)), incidents));
    }
    Evaluation {
        schema_version: 1,
        model: model.id.clone(),
        events: clean.history.events.len(),
        benign: benign.len(),
        methods,
    }
}

fn collect(run: &Run, incidents: &mut Incidents, alerts: impl Fn(usize) -> bool) {
    let mut positions: Vec<_> = run.labels.iter().collect();
    positions.sort_unstable_by_key(|(position, _)| **position);
    for (&position, &(campaign, instance)) in positions {
        let text = |sym| run.history.words.text(sym).to_owned();
        incidents.entry((text(campaign), text(instance))).or_default().push(alerts(position));
    }
}

fn method(
    name: &str,
    budget: Option<(u32, i32)>,
    (alert_rate, not_applicable): (f64, f64),
    incidents: &Incidents,
) -> Method {
    let mut all = Found::default();
    let mut campaigns: BTreeMap<String, Found> = BTreeMap::new();
    let mut real: BTreeMap<String, Found> = BTreeMap::new();
    let mut real_publishes = (0, 0);
    for ((campaign, instance), rows) in incidents {
        all.note(rows);
        campaigns.entry(campaign.clone()).or_default().note(rows);
        if instance.starts_with(REAL) {
            real.entry(campaign.clone()).or_default().note(rows);
            real_publishes.0 += u32::try_from(rows.len()).unwrap_or(u32::MAX);
            real_publishes.1 += u32::try_from(rows.iter().filter(|r| **r).count()).unwrap_or(u32::MAX);
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of campaigns")]
    let mean = |part: fn(&Found) -> f64| campaigns.values().map(part).sum::<f64>() / campaigns.len().max(1) as f64;
    Method {
        name: name.to_owned(),
        budget: budget.map(|(budget, _)| budget),
        threshold: budget.map(|(_, threshold)| threshold),
        alert_rate,
        not_applicable,
        all,
        mean_campaign_recall: mean(Found::recall),
        mean_campaign_first_recall: mean(Found::first_recall),
        campaigns,
        real,
        real_publishes,
    }
}
