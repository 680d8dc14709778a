//! What is different about a release: each field beside the version before it and beside its package's habit.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::archive::columns::Number;
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::package::{QUARANTINE, SETTLED};
use crate::detect::wording::span;

/// Past versions that make the habit, the latest.
const PAST: usize = 200;
/// Values and list items that are named.
const NAMED: usize = 3;
/// New or lost list items that are named.
const ITEMS: usize = 8;
const NOTHING: &str = "not recorded";

/// One field that is not as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is called.
    pub field: &'static str,
    /// What the version before had.
    pub before: String,
    /// What past versions had, with their number.
    pub usual: String,
    /// What this one has.
    pub now: String,
    /// No past version had it.
    pub is_new: bool,
}

/// Every field, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The version that "before" means: the latest whose document was seen; none where this is the first.
    pub before: Option<String>,
    /// Versions that "usual" means.
    pub past: usize,
    /// How many of them have not taught the package yet: what began with them still surprises.
    pub young: usize,
    /// What is not as before.
    pub changed: Vec<Change>,
    /// Fields that are as before.
    pub same: Vec<&'static str>,
}

/// How a field is compared.
enum How {
    /// A value among values.
    Value(fn(&Event) -> Sym),
    /// Whether there is one at all: every version has another.
    Presence(fn(&Event) -> Sym),
    /// A keyed hash: equal or different is all it says.
    Hash(fn(&Event) -> Sym),
    /// Names joined by `|`.
    List(fn(&Event) -> Sym),
    /// A number among numbers.
    Number(fn(&Event) -> Number),
    /// A number of bytes.
    Bytes(fn(&Event) -> Number),
    /// A moment, as its distance to the publish.
    Before(fn(&Event) -> Number),
}

/// Fields in the order in which they are shown.
const FIELDS: &[(&str, How)] = &[
    ("publisher", How::Value(|e| e.actor)),
    ("publisher's e-mail", How::Hash(|e| e.publisher_email_id)),
    ("e-mail domain", How::Value(|e| e.publisher_email_domain)),
    ("credential path", How::Value(|e| e.path)),
    ("approver", How::Value(|e| e.approver)),
    ("provenance", How::Value(|e| e.provenance)),
    ("commit named", How::Presence(|e| e.git_head)),
    ("client", How::Value(|e| e.npm_version)),
    ("node", How::Value(|e| e.node_version)),
    ("owners", How::List(|e| e.maintainers)),
    ("repository", How::Value(|e| e.repository)),
    ("install hooks", How::Value(|e| e.install_scripts)),
    ("install hook text", How::Hash(|e| e.install_script_id)),
    ("dependencies", How::List(|e| e.dependencies)),
    ("optional dependencies", How::List(|e| e.optional_dependencies)),
    ("dependencies by address", How::List(|e| e.url_dependencies)),
    ("files", How::Number(|e| e.file_count)),
    ("unpacked size", How::Bytes(|e| e.unpacked_size)),
    ("CI workflow", How::Value(|e| e.ci_workflow)),
    ("CI trigger", How::Value(|e| e.ci_trigger)),
    ("CI ref", How::Value(|e| e.ref_shape)),
    ("CI runner", How::Value(|e| e.ci_runner)),
    ("CI environment", How::Value(|e| e.ci_environment)),
    ("CI signer", How::Value(|e| e.ci_signer)),
    ("CI attempt", How::Number(|e| e.ci_attempt)),
    ("attestation", How::Value(|e| e.cert_state)),
    ("certificate issuer", How::Value(|e| e.cert_issuer)),
    ("certificate identity", How::Value(|e| e.cert_identity)),
    ("certificate repository id", How::Value(|e| e.cert_repository_id)),
    ("certificate owner id", How::Value(|e| e.cert_owner_id)),
    ("statement differs in", How::List(|e| e.cert_differs)),
    ("token", How::Value(|e| e.token_id)),
    ("token made", How::Before(|e| e.token_created_at)),
    ("country", How::Value(|e| e.country)),
];

impl Changes {
    /// Compares the event at `subject` with the package's past. Versions of which only the time is known take no part.
    #[must_use]
    pub fn of(history: &History, subject: usize) -> Self {
        let words = &history.words;
        let now = &history.events[subject];
        let mut past: Vec<&Event> = history.events[..subject]
            .iter()
            .filter(|e| e.at < now.at && e.package == now.package && e.registry == now.registry && !e.is_bare())
            .collect();
        past.drain(..past.len().saturating_sub(PAST));
        let young = past.iter().skip(SETTLED as usize).filter(|e| e.at + QUARANTINE > now.at).count();
        let mut changes = Self { past: past.len(), young, ..Self::default() };
        let Some(before) = past.last() else { return changes };
        changes.before = Some(words.text(before.version).to_owned());
        if now.is_bare() {
            return changes;
        }
        for (field, how) in FIELDS {
            match how.compare(now, before, &past, words) {
                Compared::Nowhere => {}
                Compared::Same => changes.same.push(field),
                Compared::Other(before, usual, now, is_new) => {
                    changes.changed.push(Change { field, before, usual, now, is_new });
                }
            }
        }
        changes
    }
}

enum Compared {
    Nowhere,
    Same,
    Other(String, String, String, bool),
}

impl How {
    fn compare(&self, now: &Event, before: &Event, past: &[&Event], words: &Vocabulary) -> Compared {
        match self {
            Self::Value(of) => {
                let text = |e: &Event| of(e).is_some().then(|| words.text(of(e)).to_owned());
                among(text(now), text(before), past.iter().map(|e| text(e)))
            }
            Self::Presence(of) => {
                let says = |e: &Event| Some(if of(e).is_some() { "yes" } else { "no" }.to_owned());
                among(says(now), says(before), past.iter().map(|e| says(e)))
            }
            Self::Hash(of) => hash(of(now), of(before), past.iter().map(|e| of(e))),
            Self::List(of) => list(of(now), of(before), past.iter().map(|e| of(e)), words),
            Self::Number(of) => number(of(now), of(before), past.iter().filter_map(|e| of(e).get()), |n| n.to_string()),
            Self::Bytes(of) => number(of(now), of(before), past.iter().filter_map(|e| of(e).get()), bytes),
            Self::Before(of) => {
                let age = |e: &Event| Number::from(of(e).get().map(|made| e.at - made));
                let says = |age: i64| format!("{} before", span(age));
                number(age(now), age(before), past.iter().filter_map(|e| age(e).get()), says)
            }
        }
    }
}

fn among(now: Option<String>, before: Option<String>, past: impl Iterator<Item = Option<String>>) -> Compared {
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    past.for_each(|value| *counts.entry(value).or_default() += 1);
    if now.is_none() && counts.keys().all(Option::is_none) {
        return Compared::Nowhere;
    }
    let is_new = !counts.contains_key(&now);
    if now == before && !is_new {
        return Compared::Same;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let say = |value: Option<String>| value.unwrap_or_else(|| NOTHING.to_owned());
    let more = counts.len().saturating_sub(NAMED);
    let named: Vec<String> = counts.into_iter().take(NAMED).map(|(value, n)| format!("{} ({n})", say(value))).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Compared::Other(say(before), format!("{}{more}", named.join(", ")), say(now), is_new)
}

fn hash(now: Sym, before: Sym, past: impl Iterator<Item = Sym>) -> Compared {
    let (mut with, mut without, mut alike) = (0usize, 0usize, 0usize);
    let mut all: FxHashSet<Sym> = FxHashSet::default();
    for value in past {
        with += usize::from(value.is_some());
        without += usize::from(value.is_none());
        alike += usize::from(value == now);
        all.extend(value.is_some().then_some(value));
    }
    if now.is_none() && with == 0 {
        return Compared::Nowhere;
    }
    if now == before && alike > 0 {
        return Compared::Same;
    }
    let say = |value: Sym| if value.is_none() { NOTHING } else { "recorded" }.to_owned();
    let usual = format!("{} different in {with} versions, none in {without}", all.len());
    let now = match alike {
        _ if now.is_none() => NOTHING.to_owned(),
        0 => "one never seen here".to_owned(),
        n => format!("another; {n} past versions had it"),
    };
    Compared::Other(say(before), usual, now, alike == 0)
}

fn list(now: Sym, before: Sym, past: impl Iterator<Item = Sym>, words: &Vocabulary) -> Compared {
    let past: Vec<Sym> = past.collect();
    if now.is_none() && past.iter().all(|list| list.is_none()) {
        return Compared::Nowhere;
    }
    let alike = past.iter().filter(|list| **list == now).count();
    if now == before && alike > 0 {
        return Compared::Same;
    }
    let set = |list: Sym| words.list(list).iter().copied().collect::<FxHashSet<Sym>>();
    let (old, new) = (set(before), set(now));
    let gone: Vec<Sym> = words.list(before).iter().copied().filter(|name| !new.contains(name)).collect();
    let come: Vec<Sym> = words.list(now).iter().copied().filter(|name| !old.contains(name)).collect();
    let known: FxHashSet<Sym> = past.iter().flat_map(|list| words.list(*list)).copied().collect();
    let is_new = come.iter().any(|name| !known.contains(name)) || (alike == 0 && now.is_none());
    let say = |sign: &str, names: &[Sym]| {
        let more = names.len().saturating_sub(ITEMS);
        let named: Vec<String> = names.iter().take(ITEMS).map(|name| format!("{sign}{}", words.text(*name))).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", named.join(", "))
    };
    let size = |list: Sym| match words.list(list).len() {
        _ if list.is_none() => NOTHING.to_owned(),
        0 => "none".to_owned(),
        n => n.to_string(),
    };
    let parts: Vec<String> =
        [say("+", &come), say("\u{2212}", &gone)].into_iter().filter(|part| !part.is_empty()).collect();
    let told = match parts.join(", ") {
        told if told.is_empty() => size(now),
        told => format!("{}: {told}", size(now)),
    };
    let strange: Vec<Sym> = come.iter().copied().filter(|name| !known.contains(name)).collect();
    let usual = if strange.is_empty() {
        format!("this very list in {alike} of {}", past.len())
    } else {
        format!("none of {} had {}", past.len(), say("", &strange))
    };
    let kept: Vec<Sym> = words.list(before).to_vec();
    let before = if kept.is_empty() { size(before) } else { format!("{}: {}", kept.len(), say("", &kept)) };
    Compared::Other(before, usual, told, is_new)
}

fn number(now: Number, before: Number, past: impl Iterator<Item = i64>, show: impl Fn(i64) -> String) -> Compared {
    let mut past: Vec<i64> = past.collect();
    past.sort_unstable();
    let (now, before) = (now.get(), before.get());
    let (Some(&least), Some(&most)) = (past.first(), past.last()) else {
        return now
            .map_or(Compared::Nowhere, |n| Compared::Other(NOTHING.to_owned(), NOTHING.to_owned(), show(n), true));
    };
    if now == before {
        return Compared::Same;
    }
    let say = |n: Option<i64>| n.map_or_else(|| NOTHING.to_owned(), &show);
    let usual =
        format!("{} to {}, middle {} (n = {})", show(least), show(most), show(past[past.len() / 2]), past.len());
    Compared::Other(say(before), usual, say(now), now.is_none_or(|n| n < least || n > most))
}

fn bytes(n: i64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
    let size = n as f64;
    match size {
        b if b < 1_000.0 => format!("{b:.0} B"),
        b if b < 1e6 => format!("{:.1} kB", b / 1e3),
        b => format!("{:.1} MB", b / 1e6),
    }
}
