//! When an account and a package usually publish, as numbers that can be drawn.

use crate::archive::history::{Event, History};
use crate::baseline::Look;
use crate::baseline::stance::{DAY, HOUR};

/// Gaps that are kept, the latest.
const GAPS: usize = 500;

/// Past publishes by hour of the week, and gaps of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Habits {
    /// Past publishes of the account by day (Monday first) and hour, UTC; a burst counts as often as it published.
    pub week: [[u32; 24]; 7],
    /// Their sum.
    pub publishes: u32,
    /// Day and hour of this one.
    pub now: (usize, usize),
    /// Time and gap of each past publish of the package after its first, milliseconds, the latest [`GAPS`].
    pub gaps: Vec<(i64, i64)>,
    /// Time and gap of this one; no gap where it is the first.
    pub gap: (i64, Option<i64>),
}

impl Habits {
    /// Habits before the event that is looked at.
    #[must_use]
    pub fn of(history: &History, look: &Look) -> Self {
        let subject = look.event;
        let before = || history.events.iter().take_while(|e| e.at < subject.at);
        let mut week = [[0; 24]; 7];
        let mut publishes = 0;
        for event in before().filter(|e| subject.actor.is_some() && e.actor == subject.actor) {
            let (day, hour) = hour_of_week(event.at);
            week[day][hour] += 1;
            publishes += 1;
        }
        let of_package = |e: &&Event| e.package == subject.package && e.registry == subject.registry;
        let times: Vec<i64> = before().filter(of_package).map(|e| e.at).collect();
        let mut gaps: Vec<(i64, i64)> = times.windows(2).map(|pair| (pair[1], pair[1] - pair[0])).collect();
        gaps.drain(..gaps.len().saturating_sub(GAPS));
        let gap = (subject.at, times.last().map(|last| subject.at - last));
        Self { week, publishes, now: hour_of_week(subject.at), gaps, gap }
    }
}

/// Day of the week, Monday first, and hour, UTC. The epoch began on a Thursday.
#[must_use]
pub fn hour_of_week(at: i64) -> (usize, usize) {
    let day = (at.div_euclid(DAY) + 3).rem_euclid(7);
    let hour = at.rem_euclid(DAY) / HOUR;
    (usize::try_from(day).unwrap_or(0), usize::try_from(hour).unwrap_or(0))
}
