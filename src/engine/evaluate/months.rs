//! Alerts a day, month by month: what whoever reads them would have had to read.

use chrono::{DateTime, Datelike, NaiveDate};
use serde::Serialize;

use super::BUDGETS;
use crate::archive::history::History;
use crate::baseline::stance::DAY;

/// The first month that is reported: before, the history is thin.
const FIRST: (i32, u32) = (2023, 1);

/// Our alerts of one month on benign publishes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Month {
    /// `2023-01`.
    pub month: String,
    /// Days of it that the history covers.
    pub days: u32,
    /// Benign publishes a day.
    pub publishes_a_day: f64,
    /// Alerts a day at each budget, in the order of [`BUDGETS`].
    pub alerts_a_day: [f64; BUDGETS.len()],
}

/// Counts the alerts of every month from the first reported one on.
#[must_use]
pub fn months(history: &History, benign: &[bool], points: &[i32], thresholds: &[f32]) -> Vec<Month> {
    let mut counts: Vec<((i32, u32), u32, [u32; BUDGETS.len()])> = Vec::new();
    for ((event, points), _) in history.events.iter().zip(points).zip(benign).filter(|(_, benign)| **benign) {
        let month = month_of(event.at);
        if month < FIRST {
            continue;
        }
        if counts.last().is_none_or(|last| last.0 != month) {
            counts.push((month, 0, [0; BUDGETS.len()]));
        }
        if let Some((_, publishes, alerts)) = counts.last_mut() {
            *publishes += 1;
            for (count, threshold) in alerts.iter_mut().zip(thresholds) {
                #[allow(clippy::cast_precision_loss, reason = "at most some thousand points")]
                let above = *points as f32 > *threshold;
                *count += u32::from(above);
            }
        }
    }
    let days_of = |event: Option<&crate::archive::history::Event>| event.map_or(0, |e| e.at.div_euclid(DAY));
    let covered = (days_of(history.events.first()), days_of(history.events.last()));
    counts
        .into_iter()
        .map(|((year, month), publishes, alerts)| {
            let days = days(year, month, covered);
            let a_day = |count: u32| f64::from(count) / f64::from(days);
            Month {
                month: format!("{year}-{month:02}"),
                days,
                publishes_a_day: a_day(publishes),
                alerts_a_day: alerts.map(a_day),
            }
        })
        .collect()
}

fn month_of(at: i64) -> (i32, u32) {
    DateTime::from_timestamp_millis(at).map_or((0, 0), |time| (time.year(), time.month()))
}

/// Days of a month between the first and the last day of the history, at least one.
fn days(year: i32, month: u32, covered: (i64, i64)) -> u32 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let day = |year, month| NaiveDate::from_ymd_opt(year, month, 1).map_or(0, |date| i64::from(date.to_epoch_days()));
    let (from, to) = (day(year, month).max(covered.0), (day(next_year, next_month) - 1).min(covered.1));
    u32::try_from(to - from + 1).unwrap_or(0).max(1)
}
