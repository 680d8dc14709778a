//! What holds where a version was observed more than once: what was seen at publish time is never replaced.

use rustc_hash::FxHashMap;

use super::columns::{COLUMNS, Field, Origin, PublishEvent, Row};
use super::history::{VERIFIED, intern};
use super::vocabulary::{Sym, Vocabulary};

/// A row that contradicts what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Package and version.
    pub release: String,
    /// The column that differs.
    pub column: &'static str,
    /// What the archive holds.
    pub held: String,
    /// What was offered.
    pub offered: String,
}

/// What a package's newer documents say beyond its older ones.
#[derive(Debug, Default)]
pub struct News {
    /// Rows that say something new, for the archive.
    pub rows: Vec<Row>,
    /// Their strings.
    pub words: Vocabulary,
    /// Versions that the older documents did not have, with the time of their publish.
    pub new: Vec<(String, i64)>,
    /// Versions of which something later is said (removed, deprecated, certificate).
    pub later: usize,
    /// Versions that are not there any more.
    pub removed: Vec<String>,
    /// Versions of which something else is said than at their publish; what was said first holds.
    pub refused: Vec<Refusal>,
}

/// Compares what a package's documents said with what they say now. A version that is in neither the
/// log nor the versions any more is removed, unless the newer documents may be a part of a whole.
#[must_use]
pub fn news(before: Vec<PublishEvent>, now: Vec<PublishEvent>, whole: bool) -> News {
    let mut news = News::default();
    let mut index = Index::default();
    let mut gone: FxHashMap<String, PublishEvent> = FxHashMap::default();
    for event in before {
        if whole && event.removed != Some(true) {
            gone.insert(event.version.clone().unwrap_or_default(), event.clone());
        }
        let row = intern(event, &mut news.words);
        index.observe(row, &news.words);
    }
    let mut offers = now;
    for event in &offers {
        gone.remove(event.version.as_deref().unwrap_or_default());
    }
    let mut gone: Vec<PublishEvent> = gone.into_values().collect();
    gone.sort_by(|a, b| (a.published_at, &a.version).cmp(&(b.published_at, &b.version)));
    let observed_at = offers.first().and_then(|e| e.observed_at);
    offers.extend(gone.into_iter().map(|event| PublishEvent {
        removed: Some(true),
        observed_at: observed_at.or(event.observed_at),
        ..event
    }));
    for event in offers {
        let version = event.version.clone().unwrap_or_default();
        let (removed, at) = (event.removed == Some(true), event.published_at.unwrap_or_default());
        let row = intern(event, &mut news.words);
        match index.observe(row.clone(), &news.words) {
            Observed::New => news.new.push((version, at)),
            Observed::Known => continue,
            Observed::Added if removed => news.removed.push(version),
            Observed::Added => news.later += 1,
            Observed::Contradicts(refusal) => {
                news.refused.push(refusal);
                continue;
            }
        }
        news.rows.push(row);
    }
    news
}

type Key = (Sym, Sym, Sym);

/// One row a version, as observations come in.
#[derive(Default)]
pub(super) struct Index {
    /// One row a version, merged.
    pub(super) rows: Vec<Row>,
    at: FxHashMap<Key, usize>,
}

/// What an observation was to the rows before it.
pub(super) enum Observed {
    New,
    Known,
    Added,
    Contradicts(Refusal),
}

impl Index {
    pub(super) fn new(rows: Vec<Row>) -> Self {
        let at = rows.iter().enumerate().map(|(i, r)| ((r.registry, r.package, r.version), i)).collect();
        Self { rows, at }
    }

    pub(super) fn observe(&mut self, row: Row, words: &Vocabulary) -> Observed {
        let key = (row.registry, row.package, row.version);
        let Some(&i) = self.at.get(&key) else {
            self.at.insert(key, self.rows.len());
            self.rows.push(row);
            return Observed::New;
        };
        merge(&mut self.rows[i], row, words)
    }
}

/// Adds a later observation to what is held. Facts of the publish stay as they were first seen,
/// even where that was "not recorded", because registries back-fill; only where the first
/// observation came after the version object was gone does a fuller one supply them.
fn merge(held: &mut Row, mut offered: Row, words: &Vocabulary) -> Observed {
    let (held_bare, offered_bare) = (is_bare(held), is_bare(&mut offered));
    let mut changed = false;
    for column in COLUMNS.iter().filter(|c| c.origin == Origin::AtPublish) {
        let may_supply = held_bare || column.name == "published_at";
        if let Some(refusal) =
            settle(column.field, held, &mut offered, may_supply && !offered_bare, words, &mut changed)
        {
            return Observed::Contradicts(Refusal {
                release: format!("{}@{}", words.text(held.package), words.text(held.version)),
                column: column.name,
                held: refusal.0,
                offered: refusal.1,
            });
        }
    }
    if offered.removed == Some(true) && held.removed != Some(true) {
        held.removed = Some(true);
        changed = true;
    }
    if !offered_bare {
        changed |= later(&mut held.signed, offered.signed) | later(&mut held.deprecated, offered.deprecated);
    }
    if verifies(held, &offered, words) {
        replace_certificate(held, &mut offered);
        changed = true;
    }
    for column in COLUMNS.iter().filter(|c| c.origin == Origin::Later && !matches!(c.field, Field::Flag(..))) {
        if column.name != "observed_at" {
            changed |= fill(column.field, held, &mut offered);
        }
    }
    if changed { Observed::Added } else { Observed::Known }
}

/// A verified certificate replaces claims that nobody had verified, and nothing else does.
fn verifies(held: &Row, offered: &Row, words: &Vocabulary) -> bool {
    words.text(offered.cert_state) == VERIFIED && words.text(held.cert_state) != VERIFIED
}

fn replace_certificate(held: &mut Row, offered: &mut Row) {
    for column in COLUMNS.iter().filter(|c| c.name.starts_with("cert_") || c.name.starts_with("ci_")) {
        match column.field {
            Field::Text(_, cell) | Field::List(_, cell) => *cell(held) = *cell(offered),
            Field::Int(_, cell) | Field::Time(_, cell) => *cell(held) = *cell(offered),
            Field::Flag(..) => {}
        }
    }
}

fn later(held: &mut Option<bool>, offered: Option<bool>) -> bool {
    let changes = offered.is_some() && *held != offered;
    if changes {
        *held = offered;
    }
    changes
}

fn fill(field: Field, held: &mut Row, offered: &mut Row) -> bool {
    match field {
        Field::Text(_, cell) | Field::List(_, cell) => {
            let takes = cell(held).is_none() && cell(offered).is_some();
            if takes {
                *cell(held) = *cell(offered);
            }
            takes
        }
        Field::Int(_, cell) | Field::Time(_, cell) => {
            let takes = !cell(held).is_some() && cell(offered).is_some();
            if takes {
                *cell(held) = *cell(offered);
            }
            takes
        }
        Field::Flag(..) => false,
    }
}

/// Compares one fact of the publish; the pair is what is held and what was offered, where they differ.
fn settle(
    field: Field,
    held: &mut Row,
    offered: &mut Row,
    may_supply: bool,
    words: &Vocabulary,
    changed: &mut bool,
) -> Option<(String, String)> {
    let (have, other) = match field {
        Field::Text(_, cell) | Field::List(_, cell) => {
            let (have, other) = (*cell(held), *cell(offered));
            let differ = have.is_some() && other.is_some() && have != other;
            if differ && scheme(words.text(have)) == scheme(words.text(other)) {
                return Some((words.text(have).to_owned(), words.text(other).to_owned()));
            }
            (have.is_some(), other.is_some())
        }
        Field::Int(_, cell) | Field::Time(_, cell) => {
            let (have, other) = (*cell(held), *cell(offered));
            if let (Some(have), Some(other)) = (have.get(), other.get())
                && have != other
            {
                return Some((have.to_string(), other.to_string()));
            }
            (have.is_some(), other.is_some())
        }
        Field::Flag(..) => return None,
    };
    if may_supply && !have && other {
        *changed |= fill(field, held, offered);
    }
    None
}

/// The prefix of an id that names its scheme (`b3:`); ids of two schemes cannot contradict each other.
fn scheme(text: &str) -> Option<&str> {
    text.split_once(':').map(|(scheme, _)| scheme).filter(|s| *s == "b3")
}

/// The observation came after the version object was gone: nothing but its time is known.
fn is_bare(row: &mut Row) -> bool {
    row.removed == Some(true)
        && COLUMNS.iter().filter(|c| c.origin == Origin::AtPublish && c.name != "published_at").all(|c| match c.field {
            Field::Text(_, cell) | Field::List(_, cell) => cell(row).is_none(),
            Field::Int(_, cell) | Field::Time(_, cell) => !cell(row).is_some(),
            Field::Flag(_, cell) => cell(row).is_none(),
        })
}

/// A row under another vocabulary.
pub(super) fn transfer(mut row: Row, from: &Vocabulary, to: &mut Vocabulary) -> Row {
    for column in COLUMNS {
        match column.field {
            Field::Text(_, cell) if cell(&mut row).is_some() => *cell(&mut row) = to.intern(from.text(*cell(&mut row))),
            Field::List(_, cell) if cell(&mut row).is_some() => {
                *cell(&mut row) = to.intern_list(from.text(*cell(&mut row)));
            }
            _ => {}
        }
    }
    row
}
