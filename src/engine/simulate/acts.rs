//! Acts of publishing in a history: what one publisher does without a longer silence. The fit and the check read them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Sym;
use crate::baseline::reach::BURST_SILENCE;

/// One act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// First publish, milliseconds since the epoch.
    pub start: i64,
    /// Last publish.
    pub end: i64,
    /// Publishes.
    pub rows: u32,
    /// Distinct packages.
    pub width: u32,
}

/// Everything that one publisher did.
#[derive(Clone, Debug, Default)]
pub struct Publisher {
    /// Acts by time; never empty.
    pub acts: Vec<Act>,
    /// Distinct packages.
    pub packages: u32,
    /// Positions of its events in the history.
    pub events: Vec<u32>,
}

impl Publisher {
    /// Silences between acts, milliseconds.
    pub fn gaps(&self) -> impl Iterator<Item = f64> + '_ {
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of a few decades")]
        self.acts.windows(2).map(|pair| (pair[1].start - pair[0].end) as f64)
    }
}

/// Everything by publisher, in the order of their first publish. `who` names the publisher of an event,
/// [`Sym::NONE`] for nobody.
pub fn publishers(history: &History, mut who: impl FnMut(&Event) -> Sym) -> Vec<Publisher> {
    let mut places: FxHashMap<Sym, usize> = FxHashMap::default();
    let mut all: Vec<Publisher> = Vec::new();
    for (i, event) in (0..).zip(&history.events) {
        let name = who(event);
        if name.is_some() {
            let place = *places.entry(name).or_insert_with(|| {
                all.push(Publisher::default());
                all.len() - 1
            });
            all[place].events.push(i);
        }
    }
    for publisher in &mut all {
        let mut packages = FxHashSet::default();
        let mut now = FxHashSet::default();
        for &i in &publisher.events {
            let event = &history.events[i as usize];
            packages.insert(event.package);
            match publisher.acts.last_mut() {
                Some(act) if event.at - act.end <= BURST_SILENCE => {
                    act.end = event.at;
                    act.rows += 1;
                    act.width += u32::from(now.insert(event.package));
                }
                _ => {
                    now.clear();
                    now.insert(event.package);
                    publisher.acts.push(Act { start: event.at, end: event.at, rows: 1, width: 1 });
                }
            }
        }
        publisher.packages = u32::try_from(packages.len()).unwrap_or(u32::MAX);
    }
    all
}
