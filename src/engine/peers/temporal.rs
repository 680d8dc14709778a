//! Rules with fixed time windows over one package's versions.

use super::{Ruling, by_package};
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::stance::{DAY, HOUR, STALE};

/// Fires after more than 180 days without a version.
pub fn gap(history: &History) -> Vec<Ruling> {
    by_package(history, |event, last: &mut Option<i64>| {
        let before = last.replace(event.at);
        before.map_or(Ruling::NotApplicable, |before| Ruling::from(event.at - before > STALE))
    })
}

/// Versions below which the rules say nothing.
const ENOUGH: u32 = 3;

/// A package's past as far as the rules read it.
#[derive(Default)]
struct Past {
    versions: u32,
    last: i64,
    last_but_one: i64,
    had_window: bool,
    owners: Sym,
}

/// As published: a window anywhere in the history fires, so that a package which once had two
/// versions in an hour fires ever after.
pub fn anywhere(history: &History) -> Vec<Ruling> {
    judge(history, |past, in_window| past.had_window || in_window)
}

/// With only the windows that hold the version in question.
pub fn holding_the_candidate(history: &History) -> Vec<Ruling> {
    judge(history, |_, in_window| in_window)
}

fn judge(history: &History, windows: impl Fn(&Past, bool) -> bool) -> Vec<Ruling> {
    by_package(history, |event, past: &mut Past| {
        let rapid = past.versions >= 1 && event.at - past.last <= HOUR;
        let burst = past.versions >= 2 && event.at - past.last_but_one <= DAY;
        let in_window = rapid || burst;
        let dormant = past.versions >= 1 && event.at - past.last >= STALE;
        let fires = windows(past, in_window) || dormant || stranger(event, past.owners, &history.words);
        past.versions = past.versions.saturating_add(1);
        past.last_but_one = std::mem::replace(&mut past.last, event.at);
        past.had_window |= in_window;
        if event.maintainers.is_some() {
            past.owners = event.maintainers;
        }
        if past.versions < ENOUGH { Ruling::NotApplicable } else { Ruling::from(fires) }
    })
}

/// An owner that the version before did not have, or a publisher who was not among its owners.
fn stranger(event: &Event, owners: Sym, words: &Vocabulary) -> bool {
    if owners.is_none() {
        return false;
    }
    let before = words.list(owners);
    let new_owner = event.maintainers != owners && words.list(event.maintainers).iter().any(|o| !before.contains(o));
    new_owner || (event.publisher.is_some() && !before.contains(&event.publisher))
}
