//! Which publishes are tonight's.
//!
//! Every publish is taken up once, by the first night that finds it in the archive, whatever its time: what arrives
//! late is judged late. Of a package that the archive did not know the night before, only what was published since
//! then is judged; the rest of its past teaches what is usual.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::archive::history::{Event, History};
use crate::archive::nights::{Finished, release_number};
use crate::archive::state::State;
use crate::archive::vocabulary::Sym;
use crate::baseline::stance::DAY;
use crate::error::Result;
use crate::names::ReleaseId;

/// What a night takes up.
#[derive(Default)]
pub(super) struct Chosen {
    /// Numbers of the releases that are judged.
    pub judged: Vec<i64>,
    /// The releases themselves: registry, package, version.
    pub releases: FxHashSet<[Sym; 3]>,
    /// The same by name.
    pub names: BTreeSet<ReleaseId>,
    /// Numbers of those that only teach.
    pub taught: Vec<i64>,
    /// Judged ones that are older than the night before.
    pub late: usize,
    /// Time of the earliest that is judged.
    pub first: Option<i64>,
}

impl Chosen {
    /// Is this event judged?
    pub(super) fn has(&self, event: &Event) -> bool {
        self.releases.contains(&[event.registry, event.package, event.version])
    }
}

/// Chooses for a night from what no other night has taken up. `first_since` begins the first night of an archive.
pub(super) fn choose(
    history: &History,
    state: &State,
    night: i64,
    last: Option<&Finished>,
    first_since: i64,
    as_of: i64,
) -> Result<Chosen> {
    let taken = state.taken(night)?;
    let words = &history.words;
    let events = || history.events.iter().filter(|event| event.at <= as_of);
    let mut fresh: Vec<(&Event, i64)> = Vec::new();
    let mut known: FxHashMap<(Sym, Sym), bool> = FxHashMap::default();
    for event in events() {
        let number = release_number(event, words);
        let is_taken = taken.contains(&number);
        *known.entry((event.registry, event.package)).or_default() |= is_taken;
        if !is_taken {
            fresh.push((event, number));
        }
    }
    let begun = last.map_or(first_since, |last| last.as_of.min(as_of - DAY));
    let mut chosen = Chosen::default();
    for (event, number) in fresh {
        let package_known = last.is_some() && known[&(event.registry, event.package)];
        if !package_known && event.at < begun {
            chosen.taught.push(number);
            continue;
        }
        chosen.judged.push(number);
        chosen.releases.insert([event.registry, event.package, event.version]);
        let text = |sym| words.text(sym).to_owned();
        chosen.names.insert(ReleaseId {
            registry: text(event.registry),
            package: text(event.package),
            version: text(event.version),
        });
        chosen.late += usize::from(last.is_some_and(|last| event.at < last.as_of));
        chosen.first = Some(chosen.first.map_or(event.at, |first: i64| first.min(event.at)));
    }
    Ok(chosen)
}
