//! Rules about who published, within one package.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Ruling, by_package};
use crate::archive::history::History;
use crate::archive::vocabulary::Sym;
use crate::baseline::stance::{DAY, STALE};

/// Age below which an author is young.
const YOUNG: i64 = 30 * DAY;

/// Fires when the publisher's name is not among those of earlier versions of the package. Which of
/// those were deprecated by then is not recorded.
pub fn new_releaser(history: &History) -> Vec<Ruling> {
    by_package(history, |event, releasers: &mut FxHashSet<Sym>| {
        if event.publisher.is_none() {
            return Ruling::NotApplicable;
        }
        let first = releasers.is_empty();
        let new = releasers.insert(event.publisher);
        if first { Ruling::NotApplicable } else { Ruling::from(new) }
    })
}

/// Fires when the publisher's e-mail appeared in the package with this version or up to 30 days
/// before it, or is missing beside a publisher's name.
pub fn young_author(history: &History) -> Vec<Ruling> {
    by_package(history, |event, first: &mut FxHashMap<Sym, i64>| {
        if event.publisher.is_none() {
            Ruling::NotApplicable
        } else if event.publisher_email_id.is_none() {
            Ruling::Fire
        } else {
            let since = *first.entry(event.publisher_email_id).or_insert(event.at);
            Ruling::from(event.at - since <= YOUNG)
        }
    })
}

/// Fires when the publisher is another than that of the version before and the package was silent for
/// longer than 180 days. The service does not say what it takes for dormant; this is our choice.
pub fn dormant_new_publisher(history: &History) -> Vec<Ruling> {
    by_package(history, |event, before: &mut Option<(Sym, i64)>| {
        if event.publisher.is_none() {
            return Ruling::NotApplicable;
        }
        let before = before.replace((event.publisher, event.at));
        before.map_or(Ruling::NotApplicable, |(publisher, at)| {
            Ruling::from(publisher != event.publisher && event.at - at > STALE)
        })
    })
}
