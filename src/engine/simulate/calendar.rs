//! Who is next: a calendar of days, of which only the present one is kept in order (a calendar queue after Brown, Calendar
//! Queues, 1988, with one year of days that never turns).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::baseline::stance::DAY;

/// Appointments of accounts.
pub struct Calendar {
    first: i64,
    today: usize,
    days: Vec<Vec<(i64, u32)>>,
    present: BinaryHeap<Reverse<(i64, u32)>>,
}

impl Calendar {
    /// A calendar of the days between two times, milliseconds since the epoch.
    #[must_use]
    pub fn new(from: i64, until: i64) -> Self {
        let first = from.div_euclid(DAY);
        let days = usize::try_from(until.div_euclid(DAY) - first + 1).unwrap_or(1);
        Self { first, today: 0, days: vec![Vec::new(); days], present: BinaryHeap::new() }
    }

    /// Day of a time, counted from the first; what is past the end is on the last day.
    #[must_use]
    pub fn day(&self, at: i64) -> usize {
        usize::try_from(at.div_euclid(DAY) - self.first).unwrap_or(0).min(self.days.len() - 1)
    }

    /// Makes an appointment, never before the last one that was kept.
    pub fn meet(&mut self, at: i64, actor: u32) {
        let day = self.day(at);
        if day <= self.today { self.present.push(Reverse((at, actor))) } else { self.days[day].push((at, actor)) }
    }

    /// The next appointment, the lower number first where two are at the same time.
    pub fn next_meeting(&mut self) -> Option<(i64, u32)> {
        loop {
            if let Some(Reverse(next)) = self.present.pop() {
                return Some(next);
            }
            if self.today + 1 >= self.days.len() {
                return None;
            }
            self.today += 1;
            self.present.extend(std::mem::take(&mut self.days[self.today]).into_iter().map(Reverse));
        }
    }
}
