//! What is kept of transparency logs: how each one stood when it was last verified, the entries of those who
//! are watched, and what did not fit.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::state::State;
use crate::error::Result;

/// An entry of a log, by its name, as the log served it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptEntry {
    /// Name in the log.
    pub uuid: String,
    /// The answer that held it.
    pub entry: Vec<u8>,
}

/// Something about a log, or in it, that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFinding {
    /// The same for the same thing found again.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// What was found.
    pub sentence: String,
    /// What to do about it.
    pub remedy: String,
    /// When it was first found, milliseconds since the epoch.
    pub first_at: i64,
}

impl State {
    /// What was kept of a log, as the caller wrote it.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn log(&self, log: &str) -> Result<Option<String>> {
        self.connection()
            .query_row("SELECT kept FROM logs WHERE log = ?1", [log], |r| r.get(0))
            .optional()
            .map_err(|e| self.fault(&e))
    }

    /// Keeps, all or nothing, how a log stands and the entries that were read up to there.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn keep_log(&self, log: &str, kept: Option<&str>, entries: &[KeptEntry], now: i64) -> Result<()> {
        let mut connection = self.connection();
        let mut work = || -> rusqlite::Result<()> {
            let work = connection.transaction()?;
            for entry in entries {
                work.prepare_cached(
                    "INSERT OR IGNORE INTO log_entries (log, uuid, entry, seen_at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![log, entry.uuid, entry.entry, now])?;
            }
            if let Some(kept) = kept {
                work.execute(
                    "INSERT INTO logs (log, kept, seen_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (log) DO UPDATE SET kept = excluded.kept, seen_at = excluded.seen_at",
                    params![log, kept, now],
                )?;
            }
            work.commit()
        };
        work().map_err(|e| self.fault(&e))
    }

    /// The entries that are kept of a log.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn log_entries(&self, log: &str) -> Result<Vec<KeptEntry>> {
        let read = |connection: &Connection| -> rusqlite::Result<Vec<KeptEntry>> {
            connection
                .prepare("SELECT uuid, entry FROM log_entries WHERE log = ?1 ORDER BY uuid")?
                .query_map([log], |r| Ok(KeptEntry { uuid: r.get(0)?, entry: r.get(1)? }))?
                .collect()
        };
        read(&self.connection()).map_err(|e| self.fault(&e))
    }

    /// Remembers what was found now, and gives the ids of what was never found before.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn keep_findings(&self, log: &str, findings: &[LogFinding], now: i64) -> Result<BTreeSet<String>> {
        let mut connection = self.connection();
        let mut work = || -> rusqlite::Result<BTreeSet<String>> {
            let work = connection.transaction()?;
            let mut fresh = BTreeSet::new();
            for finding in findings {
                let known = work
                    .prepare_cached("UPDATE log_findings SET last_at = ?3 WHERE log = ?1 AND id = ?2")?
                    .execute(params![log, finding.id, now])?;
                if known == 0 {
                    work.prepare_cached(
                        "INSERT INTO log_findings (log, id, kind, sentence, remedy, first_at, last_at)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
                    )?
                    .execute(params![
                        log,
                        finding.id,
                        finding.kind,
                        finding.sentence,
                        finding.remedy,
                        now
                    ])?;
                    fresh.insert(finding.id.clone());
                }
            }
            work.commit()?;
            Ok(fresh)
        };
        work().map_err(|e| self.fault(&e))
    }
}
