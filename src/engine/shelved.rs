//! The excerpt of a release whose history is on a [`shelf`](crate::archive::shelf): the same events, and the same scores to
//! rank it among, as cutting them out of the whole history gives.

use rustc_hash::FxHashSet;

use super::excerpt::{Excerpt, Past, Shown};
use super::policy::Policy;
use crate::archive::columns::Row;
use crate::archive::history::{Event, Gathered, History};
use crate::archive::outline::Outline;
use crate::archive::shelf::Shelf;
use crate::archive::snapshot::hash;
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::World;
use crate::error::Result;
use crate::names::PackageId;

/// What was taken from a shelf.
struct Taken<'a> {
    shelf: &'a mut Shelf,
    all: Gathered,
    packages: FxHashSet<i64>,
    accounts: FxHashSet<Sym>,
}

impl Taken<'_> {
    fn packages(&mut self, mut packages: Vec<i64>) -> Result<()> {
        packages.retain(|package| self.packages.insert(*package));
        self.shelf.packages(&packages, &mut self.all.words, &mut self.all.rows)
    }

    /// Everything in the packages of an account.
    fn account(&mut self, account: Sym) -> Result<()> {
        if account.is_none() || !self.accounts.insert(account) {
            return Ok(());
        }
        let portfolio = self.shelf.portfolio(self.all.words.text(account))?;
        self.packages(portfolio)
    }

    /// The first publish of everybody, and of every name, in the publishes up to `until`, milliseconds.
    fn firsts(&mut self, until: i64) -> Result<()> {
        self.all.parse();
        let (mut accounts, mut names, mut lists) = (FxHashSet::default(), FxHashSet::default(), FxHashSet::default());
        for row in self.all.rows.iter().filter(|row| row.at <= until) {
            if row.actor.is_some() {
                accounts.insert(row.parsed.actor);
            }
            names.insert(row.install_script_id);
            let unseen = lists.insert((row.dependencies, row.optional_dependencies));
            World::names_of(row, &self.all.words, Policy::default().teaching(row, 1.0), unseen, |name| {
                names.insert(name);
            });
        }
        let words = &self.all.words;
        let mut firsts = self.shelf.firsts_of_accounts(accounts.into_iter().map(|account| words.text(account)))?;
        let names = names.into_iter().filter(|name| name.is_some()).map(|name| words.text(name));
        firsts.extend(self.shelf.firsts_of_names(names)?);
        firsts.sort_unstable();
        firsts.dedup();
        let release = |row: &Row| (row.registry, row.package, row.version);
        let known: FxHashSet<(Sym, Sym, Sym)> = self.all.rows.iter().map(release).collect();
        let mut found = Vec::new();
        self.shelf.firsts(&firsts, &mut self.all.words, &mut found)?;
        found.retain(|row| !known.contains(&release(row)));
        self.all.rows.append(&mut found);
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
    let mut taken =
        Taken { shelf, all: Gathered::default(), packages: FxHashSet::default(), accounts: FxHashSet::default() };
    taken.packages(vec![hash(&package.name)])?;
    let is_wanted = |row: &Event, words: &Vocabulary| {
        let is = |sym: Sym, text: &str| words.text(sym) == text;
        is(row.package, &package.name)
            && is(row.registry, &package.registry)
            && version.is_none_or(|version| is(row.version, version))
    };
    let find = |all: &Gathered, order: &[usize]| order.iter().rposition(|&at| is_wanted(&all.rows[at], &all.words));
    let order = taken.all.order();
    let Some(at) = find(&taken.all, &order) else { return Ok(Err(taken.all.history())) };
    let release = &taken.all.rows[order[at]];
    let (account, released) = (release.parsed.actor, release.at);
    // What else the account did decides what is shown, and who did that, on what it depends.
    taken.account(account)?;
    let order = taken.all.order();
    let Some(at) = find(&taken.all, &order) else { return Ok(Err(taken.all.history())) };
    let outlines: Vec<Outline> = order.iter().map(|&place| Outline::from(&taken.all.rows[place])).collect();
    let shown = Shown::around(&outlines, at);
    let mut until = released;
    let mut accounts = Vec::new();
    for &shown in shown.package.iter().chain(&shown.act) {
        until = until.max(outlines[shown].at);
        accounts.push(outlines[shown].actor);
    }
    accounts.into_iter().try_for_each(|account| taken.account(account))?;
    taken.firsts(until)?;
    let history = taken.all.history();
    let at = history.events.iter().rposition(|event| is_wanted(event, &history.words));
    let Some(at) = at else { return Ok(Err(history)) };
    let mut past = Past::default();
    taken.shelf.scores_before(released, |(at, points)| past.takes(at, points))?;
    Ok(Ok(Excerpt::of_part(history, past.scores, at)))
}
