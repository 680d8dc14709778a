//! What a method found, by incident and by campaign, and how soon.

use std::collections::BTreeMap;

use serde::Serialize;

use super::interval;
use crate::engine::backtest::{REAL, Run};

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

    fn note(&mut self, rows: &[Shot]) {
        self.incidents += 1;
        self.found += u32::from(rows.iter().any(|row| row.alerts));
        self.at_once += u32::from(rows.first().is_some_and(|row| row.alerts));
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}

/// Middle and nine tenths of something.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half are at most this.
    pub median: f64,
    /// Nine in ten are at most this.
    pub p90: f64,
}

impl Quantiles {
    /// Of numbers in any order, by nearest rank; none where there are none.
    #[must_use]
    pub fn of(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_unstable_by(f64::total_cmp);
        let nearest = |tenths: usize| numbers.get((numbers.len() * tenths).div_ceil(10).checked_sub(1)?).copied();
        Some(Self { median: nearest(5)?, p90: nearest(9)? })
    }
}

/// How long attacks went on before the first alert, over the incidents that were found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FirstAlert {
    /// Malicious publishes up to the first with an alert, that one among them: 1 is at once.
    pub publishes: Quantiles,
    /// Minutes from the first malicious publish to the first with an alert.
    pub minutes: Quantiles,
}

/// One way of alerting.
#[derive(Clone, Debug, Serialize)]
pub struct Method {
    /// `gaitkeeper` or a peer's name.
    pub name: String,
    /// What it does.
    pub rule: String,
    /// One alert in so many publishes, where it has a budget.
    pub budget: Option<u32>,
    /// Score above which ours alerts, hundredths.
    pub threshold: Option<i32>,
    /// Score above which a peer with a budget alerts, in its own units.
    pub peer_threshold: Option<f32>,
    /// Share of benign publishes that it alerts on.
    pub alert_rate: f64,
    /// Share of benign publishes that it cannot judge.
    pub not_applicable: f64,
    /// All incidents.
    pub all: Found,
    /// Mean of the campaigns' recalls.
    pub mean_campaign_recall: f64,
    /// Its 95 % interval over campaigns.
    pub recall_interval: [f64; 2],
    /// Mean of the campaigns' first-publish recalls.
    pub mean_campaign_first_recall: f64,
    /// Its 95 % interval over campaigns.
    pub first_recall_interval: [f64; 2],
    /// How soon found incidents were found; none where none was.
    pub first_alert: Option<FirstAlert>,
    /// By campaign.
    pub campaigns: BTreeMap<String, Found>,
    /// Incidents that really happened, found or not.
    pub real: BTreeMap<String, Found>,
    /// Publishes of real incidents, and those above the threshold.
    pub real_publishes: (u32, u32),
}

impl Method {
    /// Name with its budget, which tells it from every other.
    #[must_use]
    pub fn title(&self) -> String {
        self.budget.map_or_else(|| self.name.clone(), |budget| format!("{} 1/{budget}", self.name))
    }
}

/// One malicious publish under a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// The method alerts on it.
    pub alerts: bool,
}

/// The publishes of every incident, in the order of time, by campaign and instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incidents(BTreeMap<(String, String), Vec<Shot>>);

impl Incidents {
    /// Adds the attacks of a run.
    pub fn collect(&mut self, run: &Run, alerts: impl Fn(usize) -> bool) {
        let mut positions: Vec<_> = run.labels.iter().collect();
        positions.sort_unstable_by_key(|(position, _)| **position);
        for (&position, &(campaign, instance)) in positions {
            let text = |sym| run.history.words.text(sym).to_owned();
            let shot = Shot { at: run.history.events[position].at, alerts: alerts(position) };
            self.note(text(campaign), text(instance), shot);
        }
    }

    /// Adds one publish; publishes of one incident come in the order of time.
    pub fn note(&mut self, campaign: String, instance: String, shot: Shot) {
        self.0.entry((campaign, instance)).or_default().push(shot);
    }

    /// Fills in everything of `method` that these incidents tell.
    #[must_use]
    pub fn measure(&self, method: Method) -> Method {
        let mut all = Found::default();
        let mut campaigns: BTreeMap<String, Found> = BTreeMap::new();
        let mut real: BTreeMap<String, Found> = BTreeMap::new();
        let mut real_publishes = (0, 0);
        for ((campaign, instance), rows) in &self.0 {
            all.note(rows);
            campaigns.entry(campaign.clone()).or_default().note(rows);
            if instance.starts_with(REAL) {
                real.entry(campaign.clone()).or_default().note(rows);
                real_publishes.0 += u32::try_from(rows.len()).unwrap_or(u32::MAX);
                let above = rows.iter().filter(|row| row.alerts).count();
                real_publishes.1 += u32::try_from(above).unwrap_or(u32::MAX);
            }
        }
        let recalls: Vec<[f64; 2]> = campaigns.values().map(|found| [found.recall(), found.first_recall()]).collect();
        #[allow(clippy::cast_precision_loss, reason = "a count of campaigns")]
        let mean = |which: usize| recalls.iter().map(|r| r[which]).sum::<f64>() / recalls.len().max(1) as f64;
        let [recall_interval, first_recall_interval] = interval::of_means(&recalls);
        Method {
            all,
            mean_campaign_recall: mean(0),
            recall_interval,
            mean_campaign_first_recall: mean(1),
            first_recall_interval,
            first_alert: self.first_alert(),
            campaigns,
            real,
            real_publishes,
            ..method
        }
    }

    fn first_alert(&self) -> Option<FirstAlert> {
        const MINUTE: f64 = 60_000.0;
        let (mut publishes, mut minutes) = (Vec::new(), Vec::new());
        for rows in self.0.values() {
            if let Some(at) = rows.iter().position(|row| row.alerts) {
                #[allow(clippy::cast_precision_loss, reason = "counts of publishes and spans of time")]
                {
                    publishes.push((at + 1) as f64);
                    minutes.push((rows[at].at - rows[0].at) as f64 / MINUTE);
                }
            }
        }
        Some(FirstAlert { publishes: Quantiles::of(publishes)?, minutes: Quantiles::of(minutes)? })
    }
}
