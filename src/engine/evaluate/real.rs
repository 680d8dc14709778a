//! The publishes of incidents that really happened, one by one.

use serde::Serialize;

use crate::baseline::stance::DAY;
use crate::detect::alert::Finding;
use crate::engine::backtest::Run;

/// One malicious version that was really published.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RealPublish {
    /// Campaign.
    pub campaign: String,
    /// Incident.
    pub instance: String,
    /// Release as a purl.
    pub release: String,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Score, hundredths.
    pub points: i32,
    /// Share of past publishes that scored at least as high.
    pub p_value: f64,
    /// Place among the publishes of its day (UTC) by score, from 1; equal scores share the better place.
    pub rank: usize,
    /// Publishes of that day.
    pub of: usize,
    /// Source of the largest contribution but the cohort's; empty where there is none.
    pub largest: String,
    /// What it says.
    pub sentence: String,
    #[serde(skip)]
    position: usize,
}

impl RealPublish {
    /// From its judgement, with campaign and incident; its rank comes later.
    #[must_use]
    pub fn new(position: usize, [campaign, instance]: [String; 2], finding: &Finding) -> Self {
        let largest = finding.reasons.iter().find(|reason| reason.kind != "cohort" && reason.points > 0);
        Self {
            campaign,
            instance,
            release: finding.release.to_string(),
            at: finding.at,
            points: finding.points,
            p_value: finding.p_value,
            rank: 0,
            of: 0,
            largest: largest.map(|reason| reason.name.clone()).unwrap_or_default(),
            sentence: largest.map(|reason| reason.sentence.clone()).unwrap_or_default(),
            position,
        }
    }
}

/// Finds the place of each among the publishes of its day.
pub fn rank(real: &mut [RealPublish], run: &Run, points: &[i32]) {
    let events = &run.history.events;
    for publish in real {
        let day = publish.at.div_euclid(DAY);
        let from = events.partition_point(|event| event.at.div_euclid(DAY) < day);
        let to = events.partition_point(|event| event.at.div_euclid(DAY) <= day);
        let mine = points[publish.position];
        publish.rank = 1 + points[from..to].iter().filter(|other| **other > mine).count();
        publish.of = to - from;
    }
}
