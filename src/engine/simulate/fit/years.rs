//! Facts that depend on the year: what became usual when.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike};
use rustc_hash::FxHashMap;

use super::digits;
use super::publishes::ratio;
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Sym;
use crate::engine::simulate::habits::{Client, Quarter, Year};

/// Pairs of client and runtime that are kept of a year.
const CLIENTS: usize = 6;

/// Year and month (0 to 11) of a time in milliseconds, UTC.
#[must_use]
pub fn month_of(at: i64) -> (i32, u32) {
    DateTime::from_timestamp_millis(at).map_or((1970, 0), |t| (t.year(), t.month0()))
}

fn by<K: Ord>(history: &History, key: impl Fn(&Event) -> K) -> BTreeMap<K, Vec<&Event>> {
    let mut groups: BTreeMap<K, Vec<&Event>> = BTreeMap::new();
    history.events.iter().for_each(|event| groups.entry(key(event)).or_default().push(event));
    groups
}

fn share(events: &[&Event], of: impl Fn(&Event) -> bool, what: impl Fn(&Event) -> bool) -> f64 {
    let whole = events.iter().filter(|e| of(e)).count();
    digits(ratio(events.iter().filter(|e| of(e) && what(e)).count(), whole))
}

pub(super) fn years(history: &History) -> Vec<Year> {
    let by_year = by(history, |e| month_of(e.at).0);
    let mut all: Vec<Year> = Vec::new();
    for (year, events) in by_year {
        // A year without a publish is as the one before it.
        while let Some(before) = all.last().filter(|before| before.year + 1 < year).cloned() {
            all.push(Year { year: before.year + 1, ..before });
        }
        all.push(one(year, &events, history));
    }
    all
}

fn one(year: i32, events: &[&Event], history: &History) -> Year {
    let there = |e: &Event| e.removed != Some(true);
    let named = |e: &Event| there(e) && e.actor.is_some();
    Year {
        year,
        removed: share(events, |_| true, |e| !there(e)),
        unnamed: share(events, there, |e| e.actor.is_none()),
        prerelease: share(events, |e| e.number.valid, |e| e.number.channel.is_some()),
        git_head: share(events, there, |e| e.git_head.is_some()),
        sized: share(events, there, |e| e.unpacked_size.is_some()),
        hooks: share(events, there, |e| e.install_scripts.is_some()),
        repository: share(events, there, |e| e.repository.is_some()),
        optional: share(events, there, |e| e.optional_dependencies.is_some()),
        url: share(events, there, |e| e.url_dependencies.is_some()),
        deprecated: share(events, there, |e| e.deprecated == Some(true)),
        signed: share(events, there, |e| e.signed == Some(true)),
        client: share(events, there, |e| e.npm_version.is_some()),
        runtime: share(events, |e| e.npm_version.is_some(), |e| e.node_version.is_some()),
        approved: share(events, |e| named(e) && e.is_trusted_publisher(), |e| e.approver.is_some()),
        ci: share(events, |e| e.provenance.is_some(), |e| e.ci_workflow.is_some()),
        clients: clients(events, history),
    }
}

fn clients(events: &[&Event], history: &History) -> Vec<Client> {
    let mut counts: FxHashMap<(Sym, Sym), usize> = FxHashMap::default();
    for event in events.iter().filter(|e| e.npm_version.is_some() && e.node_version.is_some()) {
        *counts.entry((event.npm_version, event.node_version)).or_default() += 1;
    }
    let all = counts.values().sum();
    let mut sorted: Vec<((Sym, Sym), usize)> = counts.into_iter().collect();
    sorted.sort_unstable_by_key(|&(pair, n)| (std::cmp::Reverse(n), pair));
    let words = &history.words;
    let client = |&((npm, node), n): &((Sym, Sym), usize)| {
        Client(words.text(npm).to_owned(), words.text(node).to_owned(), digits(ratio(n, all)))
    };
    sorted.iter().take(CLIENTS).map(client).collect()
}

pub(super) fn quarters(history: &History) -> Vec<Quarter> {
    let by_quarter = by(history, |e| {
        let (year, month) = month_of(e.at);
        (year, month / 3)
    });
    let whole = by_quarter.iter().map(|((year, quarter), events)| Quarter {
        quarter: f64::from(*year) + f64::from(*quarter) / 4.0,
        trusted: share(events, |e| e.actor.is_some(), Event::is_trusted_publisher),
        provenance: share(events, |e| e.actor.is_some(), |e| e.provenance.is_some()),
    });
    // Nobody had adopted either before: one quarter without is enough.
    let mut all: Vec<Quarter> = whole.collect();
    let first = all.iter().position(|q| q.trusted + q.provenance > 0.001).unwrap_or(all.len() - 1);
    all.drain(..first.saturating_sub(1));
    all
}
