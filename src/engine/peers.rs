//! Rules that others use, run on the same rows for comparison.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Sym;

/// What a rule says of one publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It would alert.
    Fire,
    /// It would not.
    Pass,
    /// It cannot say: no prior version, or the fields it reads are gone.
    NotApplicable,
}

/// A rule over a whole history.
pub struct Peer {
    /// Stable name.
    pub id: &'static str,
    /// What it does.
    pub rule: &'static str,
    /// One ruling an event.
    pub run: fn(&History) -> Vec<Ruling>,
}

/// The rules, in the order of the report.
pub static PEERS: &[Peer] = &[
    Peer {
        id: "no-downgrade",
        rule: "trust evidence below the best of any earlier version (package manager gate, August 2026)",
        run: no_downgrade,
    },
    Peer {
        id: "new-releaser",
        rule: "publisher not among the publishers of earlier versions (dependency bot warning)",
        run: new_releaser,
    },
];

/// Staged, then trusted publishing with provenance, then provenance, then nothing.
fn rank(event: &Event) -> u8 {
    match (event.approver.is_some(), event.is_trusted_publisher(), event.provenance.is_some()) {
        (true, _, _) => 3,
        (_, true, true) => 2,
        (_, _, true) => 1,
        _ => 0,
    }
}

/// Fires when the rank is below the best of all earlier versions across all majors; a stable
/// candidate ignores earlier prereleases.
fn no_downgrade(history: &History) -> Vec<Ruling> {
    let mut best: FxHashMap<(Sym, Sym), [Option<u8>; 2]> = FxHashMap::default();
    each(history, |event, rulings| {
        let stable = event.number.channel.is_none();
        let known = best.entry((event.registry, event.package)).or_default();
        let prior = if stable { known[0] } else { known[0].max(known[1]) };
        rulings.push(match prior {
            _ if event.is_bare() => Ruling::NotApplicable,
            None => Ruling::NotApplicable,
            Some(prior) if rank(event) < prior => Ruling::Fire,
            Some(_) => Ruling::Pass,
        });
        if !event.is_bare() {
            let slot = &mut known[usize::from(!stable)];
            *slot = (*slot).max(Some(rank(event)));
        }
    })
}

/// Fires when the publisher's name is not among those of earlier versions of the package.
fn new_releaser(history: &History) -> Vec<Ruling> {
    let mut known: FxHashMap<(Sym, Sym), FxHashSet<Sym>> = FxHashMap::default();
    each(history, |event, rulings| {
        let releasers = known.entry((event.registry, event.package)).or_default();
        rulings.push(if event.publisher.is_none() || releasers.is_empty() {
            Ruling::NotApplicable
        } else if releasers.contains(&event.publisher) {
            Ruling::Pass
        } else {
            Ruling::Fire
        });
        if event.publisher.is_some() {
            releasers.insert(event.publisher);
        }
    })
}

fn each(history: &History, mut rule: impl FnMut(&Event, &mut Vec<Ruling>)) -> Vec<Ruling> {
    let mut rulings = Vec::with_capacity(history.events.len());
    history.events.iter().for_each(|event| rule(event, &mut rulings));
    rulings
}
