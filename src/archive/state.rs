//! What changes: the watch list, what is held of each address, cursors. SQLite in write-ahead mode,
//! `DIR/state.sqlite`. What it knows of documents can be made again from the packs.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, TransactionBehavior, params};

use super::packs::{Label, Place};
use super::sqlite;
use crate::error::{Error, Result};

/// Version of the tables; a later one is refused.
const VERSION: i64 = 3;
/// What each version added.
const TABLES: [&str; 3] = [include_str!("state.sql"), include_str!("state_2.sql"), include_str!("state_3.sql")];

/// The open tables.
pub struct State {
    path: PathBuf,
    connection: Mutex<Connection>,
}

/// What is held of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The document that was last served there.
    pub hash: String,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Its revision.
    pub revision: Option<i64>,
    /// Where it stands.
    pub place: Place,
    /// When it was last known to be current, milliseconds since the epoch.
    pub seen_at: i64,
    /// It was older than what the change feed announced.
    pub stale: bool,
}

/// What one question to a registry showed, to be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Base address of the registry.
    pub source: String,
    /// Path below it.
    pub path: String,
    /// When it was asked, milliseconds since the epoch.
    pub at: i64,
    /// The document, by its hash; `None` where there was nothing (404).
    pub hash: Option<String>,
    /// Its entity tag.
    pub etag: Option<String>,
    /// It is older than what the change feed announced.
    pub stale: bool,
}

/// An attestation document that a version has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// Base address of the registry.
    pub source: String,
    /// Path of the document below it.
    pub path: String,
    /// Package that it belongs to.
    pub package: String,
}

/// What one commit is to remember beside its documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What was seen where.
    pub sights: Vec<Sight>,
    /// Attestation documents that exist and are not held.
    pub owed: Vec<Debt>,
    /// Those that the registry did not have when it was asked, with the time.
    pub put_off: Vec<(Debt, i64)>,
    /// Those that are held now.
    pub paid: Vec<Debt>,
    /// A feed, the position up to which it was taken up, and when.
    pub cursor: Option<(String, u64, i64)>,
}

impl State {
    /// Opens the tables of an archive, and makes them where there are none.
    ///
    /// # Errors
    /// When the file cannot be opened or written, is no database, or is of a later version.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::with(dir, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, true)
    }

    /// Opens them for reading only; `None` where there are none.
    ///
    /// # Errors
    /// As [`State::open`].
    pub fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join("state.sqlite");
        if !path.exists() {
            return Ok(None);
        }
        let mut opened = Self::with(dir, OpenFlags::SQLITE_OPEN_READ_ONLY, false);
        // On a medium that cannot be written SQLite cannot make its shared-memory file. It can do without one
        // where there is no log: what stands in one would be passed over.
        if opened.is_err() && std::fs::metadata(dir.join("state.sqlite-wal")).map_or(0, |log| log.len()) == 0 {
            let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            opened = Self::connect(dir, Path::new(&format!("file:{escaped}?immutable=1")), flags, false);
        }
        let state = opened?;
        // Who was killed before the tables were made has left a file without any.
        let version = version(&state.connection()).map_err(|e| state.fault(&e))?;
        Ok((version > 0).then_some(state))
    }

    fn with(dir: &Path, flags: OpenFlags, make: bool) -> Result<Self> {
        Self::connect(dir, &dir.join("state.sqlite"), flags, make)
    }

    fn connect(dir: &Path, name: &Path, flags: OpenFlags, make: bool) -> Result<Self> {
        let path = dir.join("state.sqlite");
        let broken = |e: rusqlite::Error| fault(&path, &e);
        let mut connection =
            Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(broken)?;
        connection.busy_timeout(sqlite::PATIENCE).map_err(broken)?;
        if make {
            sqlite::write_ahead(&connection).map_err(broken)?;
            connection.pragma_update(None, "synchronous", "NORMAL").map_err(broken)?;
            connection.pragma_update(None, "foreign_keys", true).map_err(broken)?;
        }
        let version = version(&connection).map_err(broken)?;
        if version > VERSION {
            return Err(Error::tool(format!("is of version {version}, this program knows up to {VERSION}"))
                .file(&path)
                .remedy("update gaitkeeper"));
        }
        if make && version < VERSION {
            tables(&mut connection).map_err(broken)?;
        }
        Ok(Self { path, connection: Mutex::new(connection) })
    }

    /// What is held of an address.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn held(&self, source: &str, path: &str) -> Result<Option<Held>> {
        self.connection()
            .prepare_cached(
                "SELECT d.hash, a.etag, d.revision, d.pack, d.offset, d.packed, a.seen_at, a.stale
                 FROM addresses a JOIN documents d USING (hash) WHERE a.source = ?1 AND a.path = ?2",
            )
            .and_then(|mut s| s.query_row([source, path], held).optional())
            .map_err(|e| self.fault(&e))
    }

    /// Whether a document is stored, at whatever address it was served.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn has(&self, hash: &str) -> Result<bool> {
        self.connection()
            .prepare_cached("SELECT 1 FROM documents WHERE hash = ?1")
            .and_then(|mut s| s.exists([hash]))
            .map_err(|e| self.fault(&e))
    }

    /// Attestation documents of a package that are not held yet and were not asked for since `before`.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn owed(&self, source: &str, package: &str, before: i64) -> Result<Vec<String>> {
        self.connection()
            .prepare_cached("SELECT path FROM owed WHERE source = ?1 AND package = ?2 AND asked_at < ?3")
            .and_then(|mut s| s.query_map(params![source, package, before], |r| r.get(0))?.collect())
            .map_err(|e| self.fault(&e))
    }

    /// Takes up, all or nothing, a pack that is in its place and what is to be remembered.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn commit(&self, pack: Option<(u32, &[(Label, Place)])>, memory: &Memory) -> Result<()> {
        let mut connection = self.connection();
        let mut work = || -> rusqlite::Result<()> {
            let work = connection.transaction()?;
            if let Some((number, documents)) = pack {
                work.execute(
                    "INSERT OR IGNORE INTO packs (number, documents) VALUES (?1, ?2)",
                    params![number, documents.len()],
                )?;
                for (label, place) in documents {
                    document(&work, label, *place)?;
                }
            }
            memory.write(&work)?;
            work.commit()
        };
        work().map_err(|e| self.fault(&e))
    }

    /// Packs that the tables know.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn packs(&self) -> Result<Vec<u32>> {
        self.list("SELECT number FROM packs ORDER BY number", |r| r.get(0))
    }

    /// The position up to which a feed was taken up, and when.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn cursor(&self, feed: &str) -> Result<Option<(u64, i64)>> {
        self.connection()
            .query_row("SELECT position, at FROM cursors WHERE feed = ?1", [feed], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()
            .map_err(|e| self.fault(&e))
    }

    /// Every document with its place, in the order of the packs.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn documents(&self) -> Result<Vec<(String, Place)>> {
        self.list("SELECT hash, pack, offset, packed FROM documents ORDER BY pack, offset", |r| {
            Ok((r.get(0)?, Place { pack: r.get(1)?, offset: r.get(2)?, packed: r.get(3)? }))
        })
    }

    /// Every address that was asked.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn addresses(&self) -> Result<Vec<Sight>> {
        self.list("SELECT source, path, seen_at, hash, etag, stale FROM addresses ORDER BY source, path", |r| {
            Ok(Sight {
                source: r.get(0)?,
                path: r.get(1)?,
                at: r.get(2)?,
                hash: r.get(3)?,
                etag: r.get(4)?,
                stale: r.get(5)?,
            })
        })
    }

    /// Feeds that were followed: address, position, time.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn cursors(&self) -> Result<Vec<(String, u64, i64)>> {
        self.list("SELECT feed, position, at FROM cursors ORDER BY feed", |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
    }

    /// How many addresses had nothing when they were last asked.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn gone(&self) -> Result<i64> {
        self.list("SELECT count(*) FROM addresses WHERE gone_at IS NOT NULL", |r| r.get(0)).map(|n| n[0])
    }

    /// How many attestation documents are owed.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn debts(&self) -> Result<i64> {
        self.list("SELECT count(*) FROM owed", |r| r.get(0)).map(|n| n[0])
    }

    pub(super) fn list<T>(&self, sql: &str, read: fn(&Row) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        self.connection().prepare(sql).and_then(|mut s| s.query_map([], read)?.collect()).map_err(|e| self.fault(&e))
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn fault(&self, error: &rusqlite::Error) -> Error {
        fault(&self.path, error)
    }
}

impl Memory {
    /// Takes in what another one remembers.
    pub fn append(&mut self, mut other: Self) {
        self.sights.append(&mut other.sights);
        self.owed.append(&mut other.owed);
        self.put_off.append(&mut other.put_off);
        self.paid.append(&mut other.paid);
        self.cursor = other.cursor.or(self.cursor.take());
    }

    /// What is owed and not paid in the same breath.
    pub(super) fn unpaid(&self) -> Vec<Debt> {
        let paid: HashSet<_> = self.paid.iter().map(|d| (&d.source, &d.path)).collect();
        self.owed.iter().filter(|d| !paid.contains(&(&d.source, &d.path))).cloned().collect()
    }

    pub(super) fn write(&self, work: &Connection) -> rusqlite::Result<()> {
        for sight in &self.sights {
            address(work, sight)?;
        }
        for debt in &self.owed {
            work.prepare_cached("INSERT OR IGNORE INTO owed (source, path, package) VALUES (?1, ?2, ?3)")?
                .execute([&debt.source, &debt.path, &debt.package])?;
        }
        for (debt, at) in &self.put_off {
            work.prepare_cached("UPDATE owed SET asked_at = ?3 WHERE source = ?1 AND path = ?2")?.execute((
                &debt.source,
                &debt.path,
                at,
            ))?;
        }
        for debt in &self.paid {
            work.prepare_cached("DELETE FROM owed WHERE source = ?1 AND path = ?2")?
                .execute([&debt.source, &debt.path])?;
        }
        if let Some((feed, position, at)) = &self.cursor {
            work.execute(
                "INSERT INTO cursors (feed, position, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (feed) DO UPDATE SET position = excluded.position, at = excluded.at",
                params![feed, position, at],
            )?;
        }
        Ok(())
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |r| r.get(0))
}

/// Makes the tables that are missing, unless another process made them while this one waited.
fn tables(connection: &mut Connection) -> rusqlite::Result<()> {
    let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for missing in TABLES.iter().skip(usize::try_from(version(&work)?).unwrap_or(0)) {
        work.execute_batch(missing)?;
    }
    work.pragma_update(None, "user_version", VERSION)?;
    work.commit()
}

fn document(work: &Connection, label: &Label, place: Place) -> rusqlite::Result<()> {
    work.prepare_cached(
        "INSERT OR IGNORE INTO documents (hash, registry, source, path, observed_at, revision, length, pack, offset, packed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        label.hash, label.registry, label.source, label.path, label.observed_at, label.revision, label.length,
        place.pack, place.offset, place.packed
    ])?;
    Ok(())
}

/// Remembers what an address showed last. Nothing there (404) keeps the document that was.
fn address(work: &Connection, sight: &Sight) -> rusqlite::Result<()> {
    work.prepare_cached(
        "INSERT INTO addresses (source, path, hash, etag, seen_at, stale, gone_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?3 IS NULL THEN ?5 END)
         ON CONFLICT (source, path) DO UPDATE SET
           hash = coalesce(excluded.hash, hash),
           etag = CASE WHEN excluded.hash IS NULL THEN NULL ELSE excluded.etag END,
           seen_at = excluded.seen_at, stale = excluded.stale, gone_at = excluded.gone_at",
    )?
    .execute(params![sight.source, sight.path, sight.hash, sight.etag, sight.at, sight.stale])?;
    Ok(())
}

fn held(row: &Row) -> rusqlite::Result<Held> {
    Ok(Held {
        hash: row.get(0)?,
        etag: row.get(1)?,
        revision: row.get(2)?,
        place: Place { pack: row.get(3)?, offset: row.get(4)?, packed: row.get(5)? },
        seen_at: row.get(6)?,
        stale: row.get(7)?,
    })
}

fn fault(path: &Path, error: &rusqlite::Error) -> Error {
    let remedy = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "free some space; what was stored before is intact",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "check the permissions of the archive's folder"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another gaitkeeper is writing: try again when it has ended"
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "move the file away: what it knew of documents is made again from the packs, the watch list is read again from your files"
        }
        _ => "check the permissions and the free space",
    };
    Error::tool(format!("the state cannot be read or written: {error}")).file(path).remedy(remedy)
}
