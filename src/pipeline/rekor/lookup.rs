//! Which entries a v1 log has of some digests and identities: found through its index, fetched, checked.
//!
//! The index is kept as well as it goes: what it names is checked, and that it names nothing proves nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::ask::{Asker, Trouble};
use crate::acquire::rekor::entry::{self, Entry, EntryReport, RefusedEntry};
use crate::acquire::rekor::keys::LogKeys;
use crate::acquire::rekor::question::Question;
use crate::acquire::rekor::v1::{self, Key, MOST, Uuid};
use crate::error::Error;

/// What is to be said beside every empty answer.
pub const A_MISS: &str =
    "the log's index may be incomplete: that it names nothing does not prove that there is nothing";

/// What is wanted of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What the index is searched by.
    pub keys: Vec<Key>,
    /// Entries by name.
    pub uuids: Vec<Uuid>,
    /// Entries by index over all shards.
    pub indexes: Vec<u64>,
    /// Entries that need not be fetched again.
    pub known: BTreeSet<Uuid>,
    /// Most entries to fetch. Those beyond are in [`Looked::left`].
    pub most: usize,
}

/// What was learnt. What is missing from it is in it too, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Entries.
    pub found: Vec<Found>,
    /// How each search came out, in the order of [`Wanted::keys`].
    pub searches: Vec<Search>,
    /// Entries by name that the log does not have, though the index or the caller named them.
    pub missing: Vec<Uuid>,
    /// Indexes at which the log has nothing.
    pub missing_indexes: Vec<u64>,
    /// Entries that came and cannot be read.
    pub unread: Vec<RefusedEntry>,
    /// Entries that came though nobody had asked for them. They are dropped.
    pub unasked: usize,
    /// Entries that were not asked for: beyond the most, or after the log had stopped to answer.
    pub left: Vec<Uuid>,
    /// As [`Looked::left`], by index.
    pub left_indexes: Vec<u64>,
    /// Entries that were known, and not fetched.
    pub known: usize,
    /// Questions for entries that have no answer.
    pub troubles: Vec<Trouble>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The entry.
    pub entry: Entry,
    /// What was checked of it.
    pub report: EntryReport,
    /// The keys that the index named it for. The index could name anything: see whether the entry has them.
    pub by: Vec<Key>,
}

/// How one search came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What was searched by.
    pub key: Key,
    /// What the index answered.
    pub outcome: Outcome,
}

/// What the index answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It named so many entries, perhaps none: see [`A_MISS`].
    Named {
        /// Entries.
        entries: usize,
        /// Members of the answer that are no entry's name.
        refused: usize,
        /// Entries beyond what is taken from one answer.
        cut: usize,
    },
    /// This log cannot be searched by this kind of key, or not at all. Says why.
    NotSearchable(String),
    /// The key is not of the form that the index takes.
    Unfit(Error),
    /// There is no answer.
    Failed(Trouble),
}

impl Looked {
    /// Whether every question was answered in full. Even then a miss proves nothing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let searched = |search: &Search| matches!(search.outcome, Outcome::Named { refused: 0, cut: 0, .. });
        self.searches.iter().all(searched)
            && self.missing.is_empty()
            && self.missing_indexes.is_empty()
            && self.unread.is_empty()
            && self.unasked == 0
            && self.left.is_empty()
            && self.left_indexes.is_empty()
            && self.troubles.is_empty()
    }
}

/// Searches, fetches and checks. What fails is in the answer, and stops only what depends on it.
pub async fn lookup(asker: &Asker<'_>, keys: &LogKeys, wanted: &Wanted) -> Looked {
    let mut looked = Looked::default();
    let mut collected = Names::default();
    for uuid in &wanted.uuids {
        collected.add(uuid, None);
    }
    let mut stopped = None;
    for key in &wanted.keys {
        let outcome = if let Some(trouble) = &stopped {
            Outcome::Failed(Trouble::clone(trouble))
        } else {
            let (outcome, uuids) = search(asker, key).await;
            for uuid in &uuids {
                collected.add(uuid, Some(key));
            }
            outcome
        };
        if let Outcome::Failed(trouble @ (Trouble::Limited(_) | Trouble::Unreachable(_))) = &outcome {
            stopped = Some(trouble.clone());
        }
        looked.searches.push(Search { key: key.clone(), outcome });
    }
    let (mut named, known) = collected.without(&wanted.known);
    looked.known = known;

    let mut indexes: Vec<u64> = wanted.indexes.clone();
    indexes.sort_unstable();
    indexes.dedup();
    let most = wanted.most;
    looked.left = named.split_off(named.len().min(most)).into_iter().map(|(uuid, _)| uuid).collect();
    looked.left_indexes = indexes.split_off(indexes.len().min(most - named.len()));

    let mut fetch = Fetch { asker, keys, looked, open: stopped.is_none() };
    for some in named.chunks(MOST) {
        fetch.by_name(some).await;
    }
    for some in indexes.chunks(MOST) {
        fetch.by_index(some).await;
    }
    fetch.looked
}

/// Names of entries, each once whatever its form, with the keys that they were named for.
#[derive(Default)]
struct Names {
    named: Vec<(Uuid, Vec<Key>)>,
    places: HashMap<Uuid, usize>,
    /// Place of the first name of a leaf.
    leaves: HashMap<String, usize>,
}

impl Names {
    fn add(&mut self, uuid: &Uuid, key: Option<&Key>) {
        let place = self.place(uuid);
        let keys = &mut self.named[place].1;
        if let Some(key) = key
            && !keys.contains(key)
        {
            keys.push(key.clone());
        }
    }

    fn place(&mut self, uuid: &Uuid) -> usize {
        if let Some(place) = self.places.get(uuid) {
            return *place;
        }
        let place = match self.leaves.get(uuid.leaf()).map(|place| (*place, &self.named[*place].0)) {
            Some((place, held)) if held.names(uuid) => place,
            _ => self.named.len(),
        };
        if place == self.named.len() {
            self.named.push((uuid.clone(), Vec::new()));
            self.leaves.entry(uuid.leaf().to_owned()).or_insert(place);
        } else if uuid.tree().is_some() {
            // The name with its tree says more.
            self.named[place].0 = uuid.clone();
        }
        self.places.insert(uuid.clone(), place);
        place
    }

    /// Those that are not known, and how many are.
    fn without(self, known: &BTreeSet<Uuid>) -> (Vec<(Uuid, Vec<Key>)>, usize) {
        let leaves: HashSet<&str> = known.iter().map(Uuid::leaf).collect();
        let bare: HashSet<&str> = known.iter().filter(|uuid| uuid.tree().is_none()).map(Uuid::leaf).collect();
        let is_known = |uuid: &Uuid| {
            known.contains(uuid)
                || bare.contains(uuid.leaf())
                || (uuid.tree().is_none() && leaves.contains(uuid.leaf()))
        };
        let before = self.named.len();
        let mut named = self.named;
        named.retain(|(uuid, _)| !is_known(uuid));
        let known = before - named.len();
        (named, known)
    }
}

/// Asks the index.
async fn search(asker: &Asker<'_>, key: &Key) -> (Outcome, Vec<Uuid>) {
    let not_searchable = |why: String| (Outcome::NotSearchable(why), Vec::new());
    let question = match v1::search(key) {
        Ok(question) => question,
        Err(error) => return (Outcome::Unfit(error), Vec::new()),
    };
    match asker.ask(&question).await {
        Ok(Some(answer)) => match v1::parse_named(&answer) {
            Ok(named) => {
                let (entries, refused, cut) = (named.uuids.len(), named.refused, named.cut);
                (Outcome::Named { entries, refused, cut }, named.uuids)
            }
            Err(error) => (Outcome::Failed(Trouble::Malformed(error)), Vec::new()),
        },
        Ok(None) => not_searchable("the log has no index".to_owned()),
        Err(Trouble::Refused(405 | 501, _)) => not_searchable("the log's index is switched off".to_owned()),
        // Logs before v1.5.4 do not know the member.
        Err(Trouble::Refused(status @ (400 | 422), _)) if matches!(key, Key::Subject(_)) => {
            not_searchable(format!("the log does not search by certificate subject: it answers {status}"))
        }
        Err(trouble) => (Outcome::Failed(trouble), Vec::new()),
    }
}

/// The fetching of entries.
struct Fetch<'a> {
    asker: &'a Asker<'a>,
    keys: &'a LogKeys,
    looked: Looked,
    /// The log still answers.
    open: bool,
}

impl Fetch<'_> {
    async fn by_name(&mut self, some: &[(Uuid, Vec<Key>)]) {
        if !self.open {
            self.looked.left.extend(some.iter().map(|(uuid, _)| uuid.clone()));
            return;
        }
        let uuids: Vec<Uuid> = some.iter().map(|(uuid, _)| uuid.clone()).collect();
        let singly: Vec<Question> = uuids.iter().map(v1::entry).collect();
        let mut entries = Vec::new();
        let mut unanswered = vec![false; some.len()];
        let unread_before = self.looked.unread.len();
        for question in v1::entries(&uuids) {
            entries.extend(self.answer(&question, &singly, &mut unanswered).await);
        }
        let mut came = vec![false; some.len()];
        for entry in entries {
            let uuid = Uuid::new(&entry.uuid);
            let waits = |place: &usize, uuid: &Uuid| !came[*place] && some[*place].0.names(uuid);
            match uuid.and_then(|uuid| (0..some.len()).find(|place| waits(place, &uuid))) {
                Some(place) => {
                    came[place] = true;
                    self.take(entry, some[place].1.clone());
                }
                None => self.looked.unasked += 1,
            }
        }
        for (place, (uuid, _)) in some.iter().enumerate().filter(|(place, _)| !came[*place]) {
            let unread = &self.looked.unread[unread_before..];
            let unread = || unread.iter().filter_map(|r| Uuid::new(&r.uuid)).any(|r| r.names(uuid));
            if unanswered[place] {
                self.looked.left.push(uuid.clone());
            } else if !unread() {
                self.looked.missing.push(uuid.clone());
            }
        }
    }

    async fn by_index(&mut self, some: &[u64]) {
        if !self.open {
            self.looked.left_indexes.extend_from_slice(some);
            return;
        }
        let singly: Vec<Question> = some.iter().map(|index| v1::entry_at(*index)).collect();
        let mut entries = Vec::new();
        let mut unanswered = vec![false; some.len()];
        let unread_before = self.looked.unread.len();
        for question in v1::entries_at(some) {
            entries.extend(self.answer(&question, &singly, &mut unanswered).await);
        }
        // A malformed entry does not say which index it was for: then none of the rest is called missing.
        let unread = self.looked.unread.len() > unread_before;
        let mut came = vec![false; some.len()];
        for entry in entries {
            match some.iter().position(|index| *index == entry.index).filter(|place| !came[*place]) {
                Some(place) => {
                    came[place] = true;
                    self.take(entry, Vec::new());
                }
                None => self.looked.unasked += 1,
            }
        }
        for (place, index) in some.iter().enumerate().filter(|(place, _)| !came[*place]) {
            if unanswered[place] {
                self.looked.left_indexes.push(*index);
            } else if !unread {
                self.looked.missing_indexes.push(*index);
            }
        }
    }

    /// The entries of one batch. Where the log refuses a batch or spoils its answer, each entry is asked for
    /// by itself, so that one that cannot be had does not hide nine others.
    async fn answer(&mut self, batch: &Question, singly: &[Question], unanswered: &mut [bool]) -> Vec<Entry> {
        match self.entries(batch).await {
            Ok(entries) => return entries.unwrap_or_default(),
            Err(trouble) => {
                let passes = matches!(trouble, Trouble::Refused(..) | Trouble::Malformed(_));
                self.open = passes;
                self.looked.troubles.push(trouble);
            }
        }
        let mut found = Vec::new();
        for (question, unanswered) in singly.iter().zip(unanswered) {
            if !self.open {
                *unanswered = true;
                continue;
            }
            match self.entries(question).await {
                Ok(entries) => found.extend(entries.unwrap_or_default()),
                Err(trouble) => {
                    *unanswered = true;
                    self.open = matches!(trouble, Trouble::Refused(..) | Trouble::Malformed(_));
                    self.looked.troubles.push(trouble);
                }
            }
        }
        found
    }

    async fn entries(&mut self, question: &Question) -> std::result::Result<Option<Vec<Entry>>, Trouble> {
        let Some(bytes) = self.asker.ask(question).await? else { return Ok(None) };
        let answer = entry::parse_answer(&bytes).map_err(Trouble::Malformed)?;
        self.looked.unread.extend(answer.refused);
        Ok(Some(answer.entries))
    }

    fn take(&mut self, entry: Entry, by: Vec<Key>) {
        let report = entry::check(&entry, self.keys);
        self.looked.found.push(Found { entry, report, by });
    }
}

/// The entry of one name or index, as the log has it now; `None` where it has none.
///
/// # Errors
/// There is no answer, or it cannot be read.
pub async fn one(asker: &Asker<'_>, question: &Question) -> std::result::Result<Option<Entry>, Trouble> {
    let Some(bytes) = asker.ask(question).await? else { return Ok(None) };
    let mut answer = entry::parse_answer(&bytes).map_err(Trouble::Malformed)?;
    match (answer.entries.pop(), answer.entries.is_empty(), answer.refused.pop()) {
        (Some(entry), true, None) => Ok(Some(entry)),
        (None, _, None) => Ok(None),
        (_, _, Some(refused)) => Err(Trouble::Malformed(
            Error::tool(format!("the entry cannot be read: {}", refused.reason)).place(refused.uuid),
        )),
        (Some(_), false, None) => {
            Err(Trouble::Malformed(Error::tool("the log answers with several entries to a question for one")))
        }
    }
}
