//! Who is next: a calendar of days, of which only the present one is kept in order (a calendar queue after Brown, Calendar
//! Queues, 1988, with one year of days that never turns).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::baseline::stance::DAY;

/// Appointments of accounts.
pub struct Calendar {
    first: i64,
    today: usize,
    days: Vec<Vec<(i64, u32)>>,
    present: BinaryHeap<Reverse<(i64, u32)>>,
    /// Those that were looked at ahead, in order: all that are left are later.
    ahead: VecDeque<(i64, u32)>,
}

impl Calendar {
    /// A calendar of the days between two times, milliseconds since the epoch.
    #[must_use]
    pub fn new(from: i64, until: i64) -> Self {
        let first = from.div_euclid(DAY);
        let days = usize::try_from(until.div_euclid(DAY) - first + 1).unwrap_or(1);
        Self { first, today: 0, days: vec![Vec::new(); days], present: BinaryHeap::new(), ahead: VecDeque::new() }
    }

    /// Day of a time, counted from the first; what is past the end is on the last day.
    #[must_use]
    pub fn day(&self, at: i64) -> usize {
        usize::try_from(at.div_euclid(DAY) - self.first).unwrap_or(0).min(self.days.len() - 1)
    }

    /// Makes an appointment, never before the last one that was kept.
    pub fn meet(&mut self, at: i64, actor: u32) {
        let new = (at, actor);
        if self.ahead.back().is_some_and(|last| new < *last) {
            let place = self.ahead.partition_point(|earlier| *earlier < new);
            return self.ahead.insert(place, new);
        }
        let day = self.day(at);
        if day <= self.today { self.present.push(Reverse(new)) } else { self.days[day].push(new) }
    }

    /// The next appointment, the lower number first where two are at the same time.
    pub fn next_meeting(&mut self) -> Option<(i64, u32)> {
        self.ahead.pop_front().or_else(|| self.later())
    }

    /// Who is next, and after that, as it stands: `count` of them where there are so many.
    pub fn ahead(&mut self, count: usize) -> impl Iterator<Item = u32> {
        while self.ahead.len() < count
            && let Some(next) = self.later()
        {
            self.ahead.push_back(next);
        }
        self.ahead.iter().map(|(_, actor)| *actor)
    }

    /// The next of those that were not looked at ahead.
    fn later(&mut self) -> Option<(i64, u32)> {
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
