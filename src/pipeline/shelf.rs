//! The documents of an archive, the newest at each path.

use std::collections::BTreeMap;
use std::path::Path;

use crate::acquire::Registry;
use crate::archive::packs;
use crate::archive::state::{Sight, State};
use crate::error::Result;

/// The texts of a package's documents; an optional one may not be held.
pub(super) type Texts = Vec<Option<Vec<u8>>>;

/// Newest document at each path.
pub(super) struct Shelf<'a> {
    state: &'a State,
    dir: &'a Path,
    newest: BTreeMap<String, Sight>,
}

impl<'a> Shelf<'a> {
    /// The documents of an archive.
    ///
    /// # Errors
    /// When its tables cannot be read.
    pub(super) fn of(state: &'a State, dir: &'a Path) -> Result<Self> {
        let mut newest: BTreeMap<String, Sight> = BTreeMap::new();
        for sight in state.addresses()?.into_iter().filter(|sight| sight.hash.is_some()) {
            if newest.get(&sight.path).is_none_or(|known| known.at < sight.at) {
                newest.insert(sight.path.clone(), sight);
            }
        }
        Ok(Self { state, dir, newest })
    }

    /// The newest document of a path, with the time when it was last known to be current.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn document(&self, path: &str) -> Result<Option<(Vec<u8>, i64)>> {
        let Some(sight) = self.newest.get(path) else { return Ok(None) };
        let held = self.state.held(&sight.source, path)?;
        held.map(|held| Ok((packs::read(self.dir, held.place, &held.hash)?, sight.at))).transpose()
    }

    /// The documents that make up a package's history, and since when the oldest of them is not known to be
    /// current; `None` where the first is not held.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) fn parts(&self, registry: &Registry, package: &str) -> Result<Option<(Texts, i64)>> {
        let (mut texts, mut until) = (Vec::new(), i64::MAX);
        for part in (registry.parts)(package) {
            let held = self.document(&part.path)?;
            until = held.as_ref().map_or(until, |(_, at)| until.min(*at));
            texts.push(held.map(|(text, _)| text));
        }
        Ok(texts.first().is_some_and(Option::is_some).then_some((texts, until)))
    }
}
