//! Who gained and lost the right to publish, as a registry's journal of role changes tells.

use rusqlite::{OptionalExtension, params};

use super::state::{Memory, State};
use crate::error::Result;

/// One change of who may publish a package, from a registry's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChange {
    /// Position in the journal.
    pub position: u64,
    /// Package, as the registry normalises it.
    pub package: String,
    /// When, milliseconds since the epoch.
    pub at: i64,
    /// In the journal's words: `add Owner x`.
    pub action: String,
}

impl State {
    /// Takes up a stretch of a registry's journal of role changes, which is complete from `begun` on, and
    /// the position after it.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn note_journal(&self, source: &str, changes: &[RoleChange], position: u64, begun: i64) -> Result<()> {
        let mut connection = self.connection();
        let mut work =
            || -> rusqlite::Result<()> {
                let work = connection.transaction()?;
                work.execute("INSERT OR IGNORE INTO journals (source, since) VALUES (?1, ?2)", params![source, begun])?;
                for change in changes {
                    work.prepare_cached(
                    "INSERT OR IGNORE INTO journal (source, position, package, at, action) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![source, change.position, change.package, change.at, change.action])?;
                }
                let cursor = Some((journal_cursor(source), position, begun));
                Memory { cursor, ..Memory::default() }.write(&work)?;
                work.commit()
            };
        work().map_err(|e| self.fault(&e))
    }

    /// The position up to which a journal was taken up.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn journal_position(&self, source: &str) -> Result<Option<u64>> {
        Ok(self.cursor(&journal_cursor(source))?.map(|(position, _)| position))
    }

    /// A package's role changes, and since when they are complete; `None` where no journal was read.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn journal(&self, source: &str, package: &str) -> Result<Option<(i64, Vec<RoleChange>)>> {
        let connection = self.connection();
        let read = || -> rusqlite::Result<Option<(i64, Vec<RoleChange>)>> {
            let since: Option<i64> = connection
                .prepare_cached("SELECT since FROM journals WHERE source = ?1")?
                .query_row([source], |r| r.get(0))
                .optional()?;
            let Some(since) = since else { return Ok(None) };
            let mut select = connection.prepare_cached(
                "SELECT position, package, at, action FROM journal WHERE source = ?1 AND package = ?2 ORDER BY position",
            )?;
            let changes = select.query_map([source, package], |r| {
                Ok(RoleChange { position: r.get(0)?, package: r.get(1)?, at: r.get(2)?, action: r.get(3)? })
            })?;
            Ok(Some((since, changes.collect::<rusqlite::Result<_>>()?)))
        };
        read().map_err(|e| self.fault(&e))
    }
}

fn journal_cursor(source: &str) -> String {
    format!("{source} journal")
}
