//! A backtest: a history with known attacks merged in by time, folded from the beginning, so that
//! every event is judged from what came strictly before it.

use std::collections::BTreeSet;
use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};

use super::embedded::{Assessed, fold_under};
use super::policy::Policy;
use crate::archive::columns::Row;
use crate::archive::history::History;
use crate::archive::labels::{self, Attack};
use crate::archive::table;
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::detect::model::Model;
use crate::detect::score::{Contribution, largest};
use crate::error::{Error, Result};

/// Contributions that a score row names.
pub const NAMED: usize = 3;
/// Share of publishes whose contributions are worked out: nobody reads why the rest is usual.
pub const EXPLAINED: f64 = 0.02;

/// Events and attacks under one vocabulary.
pub struct Material {
    rows: Vec<Row>,
    words: Vocabulary,
    attacks: Vec<Attack>,
    removals: FxHashMap<(Sym, Sym, Sym), i64>,
}

/// Instances that really happened are named so.
pub const REAL: &str = "real:";

/// A history with the attacks of one run in it.
pub struct Run {
    /// Events, with the run's attacks in the place of the rows that they replace.
    pub history: History,
    /// Campaign and instance of each attack, by position in the history.
    pub labels: FxHashMap<usize, (Sym, Sym)>,
}

/// The result for one event.
#[derive(Clone, Copy, Debug)]
pub struct Scored {
    /// Score, hundredths.
    pub points: i32,
    /// p-value at that time.
    pub p_value: f64,
    /// The largest contributions, for the rarest [`EXPLAINED`] of publishes.
    pub largest: [Option<Contribution>; NAMED],
}

impl Material {
    /// Reads events, and attacks if there are any.
    ///
    /// # Errors
    /// As [`table::read`] and [`labels::read`]; also when there are no events or one is there twice.
    pub fn read(events: &Path, attacks: Option<&Path>) -> Result<Self> {
        let mut words = Vocabulary::default();
        let rows = table::read(events, &mut words)?.rows;
        if rows.is_empty() {
            return Err(Error::no_input("the table holds no events")
                .file(events)
                .remedy("give a table with at least one publish"));
        }
        let mut seen = FxHashSet::with_capacity_and_hasher(rows.len(), rustc_hash::FxBuildHasher);
        if let Some(twice) = rows.iter().position(|row| !seen.insert(key(row))) {
            let row = &rows[twice];
            let first = rows.iter().position(|other| key(other) == key(row)).unwrap_or_default();
            let release = format!("{}@{}", words.text(row.package), words.text(row.version));
            return Err(Error::tool(format!("{release} is there twice, first in row {}", first + 1))
                .file(events)
                .place(format!("row {}", twice + 1))
                .remedy("a backtest needs one row a version; `gaitkeeper import` merges observations"));
        }
        drop(seen);
        let attacks = attacks.map_or(Ok(Vec::new()), |path| labels::read(path, &mut words))?;
        Ok(Self { rows, words, attacks, removals: FxHashMap::default() })
    }

    /// The same with a list of incidents that says when malicious versions were reported or removed.
    ///
    /// # Errors
    /// As [`labels::removals`].
    pub fn with_incidents(mut self, path: &Path) -> Result<Self> {
        for removal in labels::removals(path, &mut self.words)? {
            let [registry, package, version] = removal.release;
            self.removals.insert((registry, package, version), removal.ended);
        }
        Ok(self)
    }

    /// Milliseconds from the publish of each malicious version to its report or removal. Known at
    /// most for what really happened: a replayed attack was never removed.
    #[must_use]
    pub fn lives(&self) -> Vec<Option<i64>> {
        let life = |attack: &Attack| {
            let ended = self.removals.get(&key(&attack.row))?;
            let lived = ended - attack.row.published_at.get()?;
            (lived >= 0 && self.words.text(attack.instance).starts_with(REAL)).then_some(lived)
        };
        self.attacks.iter().map(life).collect()
    }

    /// Names of the attacks' campaigns.
    #[must_use]
    pub fn campaigns(&self) -> BTreeSet<String> {
        self.attacks.iter().map(|a| self.words.text(a.campaign).to_owned()).collect()
    }

    /// The numbers of the runs that the attacks are split into.
    #[must_use]
    pub fn folds(&self) -> Vec<i64> {
        let mut folds: Vec<i64> = self.attacks.iter().map(|a| a.fold).collect();
        folds.sort_unstable();
        folds.dedup();
        folds
    }

    /// The history with one run's attacks, or with none.
    #[must_use]
    pub fn run(&self, number: Option<i64>) -> Run {
        merge(self.rows.clone(), self.words.clone(), self.attacks.iter().filter(|a| Some(a.fold) == number))
    }

    /// The same, when no other run is needed: saves a copy of everything.
    #[must_use]
    pub fn into_run(self, number: Option<i64>) -> Run {
        let Self { rows, words, attacks, .. } = self;
        merge(rows, words, attacks.iter().filter(|a| Some(a.fold) == number))
    }
}

fn merge<'a>(mut rows: Vec<Row>, words: Vocabulary, attacks: impl Iterator<Item = &'a Attack>) -> Run {
    let mut by_key = FxHashMap::default();
    for attack in attacks {
        by_key.insert(key(&attack.row), attack);
    }
    if !by_key.is_empty() {
        rows.retain(|row| !by_key.contains_key(&key(row)));
        rows.extend(by_key.values().map(|attack| attack.row.clone()));
    }
    let history = History::new(rows, words);
    let labels = history
        .events
        .iter()
        .enumerate()
        .filter_map(|(i, e)| by_key.get(&key(e)).map(|a| (i, (a.campaign, a.instance))))
        .collect();
    Run { history, labels }
}

fn key(row: &Row) -> (Sym, Sym, Sym) {
    (row.registry, row.package, row.version)
}

impl Run {
    /// Scores every event. `progress` is told the position now and then.
    pub fn score(&self, model: &Model, progress: impl FnMut(usize)) -> Vec<Scored> {
        self.score_under(model, &Policy::default(), progress)
    }

    /// The same under a policy of what teaches. Verdicts have no time: with them a backtest uses what is known today.
    pub fn score_under(&self, model: &Model, policy: &Policy, mut progress: impl FnMut(usize)) -> Vec<Scored> {
        let mut scores = Vec::with_capacity(self.history.events.len());
        fold_under(&self.history, model, policy, |assessed: &Assessed| {
            scores.push(Scored {
                points: assessed.assessment.points,
                p_value: assessed.p_value,
                largest: if assessed.p_value <= EXPLAINED {
                    largest(&assessed.assessment.contributions(model))
                } else {
                    [None; NAMED]
                },
            });
            if assessed.index.is_multiple_of(4096) {
                progress(assessed.index);
            }
        });
        scores
    }
}
