//! The excerpt of a release whose history is on a [`shelf`](crate::archive::shelf): the same events, and the same scores to
//! rank it among, as cutting them out of the whole history gives.

use rustc_hash::FxHashSet;

use super::excerpt::{Excerpt, Past, Shown};
use super::policy::Policy;
use crate::archive::columns::Row;
use crate::archive::history::History;
use crate::archive::shelf::Shelf;
use crate::archive::snapshot::hash;
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::World;
use crate::error::Result;
use crate::names::PackageId;

/// What was taken from a shelf.
struct Taken<'a> {
    shelf: &'a mut Shelf,
    words: Vocabulary,
    rows: Vec<Row>,
    packages: FxHashSet<i64>,
    accounts: FxHashSet<Sym>,
}

impl Taken<'_> {
    fn packages(&mut self, mut packages: Vec<i64>) -> Result<()> {
        packages.retain(|package| self.packages.insert(*package));
        self.shelf.packages(&packages, &mut self.words, &mut self.rows)
    }

    /// Everything in the packages of an account.
    fn account(&mut self, account: Sym) -> Result<()> {
        if account.is_none() || !self.accounts.insert(account) {
            return Ok(());
        }
        let portfolio = self.shelf.portfolio(self.words.text(account))?;
        self.packages(portfolio)
    }

    /// The first publish of everybody, and of every name, in the publishes up to `until`, milliseconds.
    fn firsts(&mut self, until: i64) -> Result<()> {
        let (mut accounts, mut names, mut lists) = (FxHashSet::default(), FxHashSet::default(), FxHashSet::default());
        for row in self.rows.iter().filter(|row| row.at <= until) {
            if row.actor.is_some() {
                accounts.insert(row.parsed.actor);
            }
            names.insert(row.install_script_id);
            let unseen = lists.insert((row.dependencies, row.optional_dependencies));
            World::names_of(row, &self.words, Policy::default().teaching(row, 1.0), unseen, |name| {
                names.insert(name);
            });
        }
        let words = &self.words;
        let mut firsts = self.shelf.firsts_of_accounts(accounts.into_iter().map(|account| words.text(account)))?;
        let names = names.into_iter().filter(|name| name.is_some()).map(|name| words.text(name));
        firsts.extend(self.shelf.firsts_of_names(names)?);
        firsts.sort_unstable();
        firsts.dedup();
        let release = |row: &Row| (row.registry, row.package, row.version);
        let known: FxHashSet<(Sym, Sym, Sym)> = self.rows.iter().map(release).collect();
        let mut found = Vec::new();
        self.shelf.firsts(&firsts, &mut self.words, &mut found)?;
        found.retain(|row| !known.contains(&release(row)));
        self.rows.append(&mut found);
        Ok(())
    }
}

/// Everything on which a release depends: the newest one of its package where no version is named.
///
/// # Errors
/// When the shelf is damaged; the history that it has of the package where the release is not in it.
pub fn excerpt(
    shelf: &mut Shelf,
    package: &PackageId,
    version: Option<&str>,
) -> Result<std::result::Result<Excerpt, History>> {
    let mut taken = Taken {
        shelf,
        words: Vocabulary::default(),
        rows: Vec::new(),
        packages: FxHashSet::default(),
        accounts: FxHashSet::default(),
    };
    taken.packages(vec![hash(&package.name)])?;
    let find = |history: &History| {
        let is = |sym: Sym, text: &str| history.words.text(sym) == text;
        history.events.iter().rposition(|e| {
            is(e.package, &package.name)
                && is(e.registry, &package.registry)
                && version.is_none_or(|version| is(e.version, version))
        })
    };
    let of_package = History::new(std::mem::take(&mut taken.rows), std::mem::take(&mut taken.words));
    let Some(at) = find(&of_package) else { return Ok(Err(of_package)) };
    let (account, released) = (of_package.events[at].parsed.actor, of_package.events[at].at);
    (taken.rows, taken.words) = (of_package.events, of_package.words);
    // What else the account did decides what is shown, and who did that, on what it depends.
    taken.account(account)?;
    let around = History::new(std::mem::take(&mut taken.rows), std::mem::take(&mut taken.words));
    let Some(at) = find(&around) else { return Ok(Err(around)) };
    let shown = Shown::around(&around.outlines(), at);
    let mut until = released;
    let mut accounts = Vec::new();
    for &shown in shown.package.iter().chain(&shown.act) {
        until = until.max(around.events[shown].at);
        accounts.push(around.events[shown].parsed.actor);
    }
    (taken.rows, taken.words) = (around.events, around.words);
    accounts.into_iter().try_for_each(|account| taken.account(account))?;
    taken.firsts(until)?;
    let history = History::new(taken.rows, taken.words);
    let Some(at) = find(&history) else { return Ok(Err(history)) };
    let mut past = Past::default();
    taken.shelf.scores_before(released, |(at, points)| past.takes(at, points))?;
    Ok(Ok(Excerpt::of_part(history, past.scores, at)))
}
