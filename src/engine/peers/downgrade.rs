//! Gates on trust evidence that is below the best of earlier versions, in the forms they have had.

use rustc_hash::FxHashMap;

use super::{Ruling, by_package};
use crate::archive::history::{Event, History};

/// One form of the gate.
struct Gate {
    /// Rank of a version's trust evidence.
    rank: fn(&Event) -> u8,
    /// A stable version is not compared with earlier prereleases.
    ignores_prereleases: bool,
    /// Only versions of the same major are compared.
    same_major: bool,
}

/// Staged, then trusted publishing with provenance, then provenance, then nothing.
fn with_staging(event: &Event) -> u8 {
    if event.approver.is_some() { 3 } else { without_staging(event) }
}

fn without_staging(event: &Event) -> u8 {
    match (event.is_trusted_publisher(), event.provenance.is_some()) {
        (true, true) => 2,
        (_, true) => 1,
        _ => 0,
    }
}

/// Trusted publishing counts by itself.
fn by_flag(event: &Event) -> u8 {
    if event.is_trusted_publisher() { 2 } else { u8::from(event.provenance.is_some()) }
}

/// The package manager's gate as of August 2026.
pub fn august_2026(history: &History) -> Vec<Ruling> {
    judge(history, &Gate { rank: with_staging, ignores_prereleases: true, same_major: false })
}

/// As it appeared, in 10.21.
pub fn first_form(history: &History) -> Vec<Ruling> {
    judge(history, &Gate { rank: by_flag, ignores_prereleases: false, same_major: false })
}

/// As of 10.24: prereleases are ignored for stable versions. What else changed by then is not
/// documented, so that the rest is as in the first form.
pub fn second_form(history: &History) -> Vec<Ruling> {
    judge(history, &Gate { rank: by_flag, ignores_prereleases: true, same_major: false })
}

/// The gate of August 2026 that lets versions pass once they are 14 days old. A history is judged
/// publish by publish at the time of each, where none is older than a moment: the exemption is
/// one for later installs, and every ruling here is the gate's.
pub fn ignore_after(history: &History) -> Vec<Ruling> {
    august_2026(history)
}

/// The form proposed for the npm client: two ranks, and history of the same major only.
pub fn same_major(history: &History) -> Vec<Ruling> {
    judge(history, &Gate { rank: without_staging, ignores_prereleases: true, same_major: true })
}

fn judge(history: &History, gate: &Gate) -> Vec<Ruling> {
    by_package(history, |event, best: &mut FxHashMap<Option<u32>, [Option<u8>; 2]>| {
        if event.is_bare() || (gate.same_major && !event.number.valid) {
            return Ruling::NotApplicable;
        }
        let stable = event.number.channel.is_none();
        let rank = (gate.rank)(event);
        let line = gate.same_major.then_some(event.number.triple.0);
        let known = best.entry(line).or_default();
        let prior = if stable && gate.ignores_prereleases { known[0] } else { known[0].max(known[1]) };
        let slot = &mut known[usize::from(!stable)];
        *slot = (*slot).max(Some(rank));
        prior.map_or(Ruling::NotApplicable, |prior| Ruling::from(rank < prior))
    })
}
