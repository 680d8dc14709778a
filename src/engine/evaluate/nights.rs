//! The nightly list: the ten highest scores of a day, for days on which something happened.

use serde::Serialize;

use crate::baseline::stance::DAY;
use crate::engine::backtest::Run;

/// Publishes on a nightly list.
pub const LISTED: usize = 10;

/// How much of a nightly list is worth reading, over the days (UTC) that hold an attack's publish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Nights {
    /// Publishes listed a night.
    pub listed: usize,
    /// Days with an attack, over all runs.
    pub days: usize,
    /// Malicious publishes on such a day, on average.
    pub attacks_a_day: f64,
    /// Mean share of the listed publishes that are attacks.
    pub precision: f64,
    /// The same if every attack of the day were listed first: more is not possible.
    pub best_possible: f64,
    /// Share of such days whose list names an attack.
    pub days_with_a_hit: f64,
}

/// Sums on the way to [`Nights`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NightCount {
    days: usize,
    attacks: usize,
    hit: usize,
    precision: f64,
    best: f64,
}

impl NightCount {
    /// Adds the days of one run. Equal scores are listed in the order of time.
    #[allow(clippy::cast_precision_loss, reason = "counts of one day")]
    pub fn note(&mut self, run: &Run, points: &[i32]) {
        let events = &run.history.events;
        let mut start = 0;
        while start < events.len() {
            let day = events[start].at.div_euclid(DAY);
            let length = events[start..].iter().take_while(|event| event.at.div_euclid(DAY) == day).count();
            let mut list: Vec<usize> = (start..start + length).collect();
            start += length;
            let attacks = list.iter().filter(|at| run.labels.contains_key(at)).count();
            if attacks == 0 {
                continue;
            }
            list.sort_by_key(|at| std::cmp::Reverse(points[*at]));
            list.truncate(LISTED);
            let hits = list.iter().filter(|at| run.labels.contains_key(at)).count();
            self.days += 1;
            self.attacks += attacks;
            self.hit += usize::from(hits > 0);
            self.precision += hits as f64 / list.len() as f64;
            self.best += attacks.min(list.len()) as f64 / list.len() as f64;
        }
    }

    /// The averages; zero where there was no such day.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts of days")]
    pub fn nights(&self) -> Nights {
        let days = self.days.max(1) as f64;
        Nights {
            listed: LISTED,
            days: self.days,
            attacks_a_day: self.attacks as f64 / days,
            precision: self.precision / days,
            best_possible: self.best / days,
            days_with_a_hit: self.hit as f64 / days,
        }
    }
}
