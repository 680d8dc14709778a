//! Verdicts of an archive, kept for good: `DIR/review.sqlite`, SQLite in write-ahead mode. The table is only ever
//! added to, which its triggers enforce: a conclusion that was wrong is followed by another one, never replaced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Transaction, TransactionBehavior, params};

use crate::archive::sqlite;
use crate::archive::verdicts::Verdict;
use crate::error::{Error, Result};
use crate::names::ReleaseId;

/// The file's name in an archive.
pub const FILE: &str = "review.sqlite";
/// Version of the table; a later one is refused.
const VERSION: i64 = 1;
/// What tells this file from other SQLite files: the letters `gait`.
const APPLICATION: i64 = 0x6761_6974;
/// Bytes of a reason at most.
pub const LONGEST_REASON: usize = 4_000;
/// Bytes of a reviewer's name at most.
pub const LONGEST_REVIEWER: usize = 200;

/// A conclusion about one publish, as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// About which release.
    pub release: ReleaseId,
    /// The conclusion.
    pub verdict: Verdict,
    /// Why; never empty.
    pub reason: String,
    /// Who concluded it; never empty.
    pub reviewer: String,
    /// When, milliseconds since the epoch.
    pub at: i64,
}

/// A conclusion as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its place in the order in which verdicts were recorded, from 1.
    pub id: i64,
    /// What was concluded.
    pub given: Given,
}

/// The open table.
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Opens the table of an archive, and makes it where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or written, is damaged, is not a table of verdicts, or is of a later version.
    pub fn open(archive_dir: &Path) -> Result<Self> {
        let path = archive_dir.join(FILE);
        if !archive_dir.is_dir() {
            return Err(Error::no_input("there is no archive in this folder").file(archive_dir).remedy(
                "name the folder of an archive with --archive DIR; gaitkeeper pull --archive DIR PACKAGE makes one",
            ));
        }
        let broken = |e: rusqlite::Error| fault(&path, &e);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = Connection::open_with_flags(&path, flags).map_err(broken)?;
        connection.busy_timeout(sqlite::PATIENCE).map_err(broken)?;
        let version = known(&connection, &path)?;
        sqlite::write_ahead(&connection).map_err(broken)?;
        // A verdict is an hour of somebody's work: it is on the disk before it is acknowledged.
        connection.pragma_update(None, "synchronous", "FULL").map_err(broken)?;
        if version == 0 {
            make(&mut connection).map_err(broken)?;
        }
        sound(&connection, &path)?;
        Ok(Self { path, connection })
    }

    /// Opens it for reading only; `None` where there is none yet.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn read(archive_dir: &Path) -> Result<Option<Self>> {
        let path = archive_dir.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let connect = |name: &Path, flags: OpenFlags| -> Result<(Connection, i64)> {
            let connection = Connection::open_with_flags(name, flags).map_err(|e| fault(&path, &e))?;
            connection.busy_timeout(sqlite::PATIENCE).map_err(|e| fault(&path, &e))?;
            let version = known(&connection, &path)?;
            Ok((connection, version))
        };
        let mut opened = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        // On a medium that cannot be written SQLite cannot make its shared-memory file, and can do without one where
        // there is no log.
        let log = archive_dir.join(format!("{FILE}-wal"));
        if opened.is_err() && std::fs::metadata(log).map_or(0, |log| log.len()) == 0 {
            let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            opened = connect(Path::new(&format!("file:{escaped}?immutable=1")), flags);
        }
        let (connection, version) = opened?;
        // Who was killed before the table was made has left a file without it.
        if version == 0 {
            return Ok(None);
        }
        sound(&connection, &path)?;
        Ok(Some(Self { path, connection }))
    }

    /// Records one verdict, and gives its number.
    ///
    /// # Errors
    /// When it lacks a reason, a reviewer or a part of its release, one of them is too long, or the table cannot be
    /// written.
    pub fn record(&mut self, given: &Given) -> Result<i64> {
        Ok(self.record_all(std::slice::from_ref(given))?[0])
    }

    /// Records several verdicts, all or none, and gives their numbers in the same order.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub fn record_all(&mut self, given: &[Given]) -> Result<Vec<i64>> {
        Ok(self.record_if(given, |_| true)?.unwrap_or_default())
    }

    /// Records several verdicts, all or none, unless `agreed` finds that what holds by now forbids it. Nobody else can
    /// record anything between the question and the verdicts.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub fn record_if(
        &mut self,
        given: &[Given],
        agreed: impl FnOnce(&BTreeMap<ReleaseId, Kept>) -> bool,
    ) -> Result<Option<Vec<i64>>> {
        given.iter().try_for_each(Given::check)?;
        let path = self.path.clone();
        let broken = |e: rusqlite::Error| fault(&path, &e);
        let work = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(broken)?;
        if !agreed(&held(rows(&work, &path, 0)?)) {
            return Ok(None);
        }
        let numbers = given.iter().map(|one| add(&work, one)).collect::<rusqlite::Result<_>>().map_err(broken)?;
        work.commit().map_err(broken)?;
        Ok(Some(numbers))
    }

    /// Every verdict that was ever given, in the order in which they were recorded.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn all(&self) -> Result<Vec<Kept>> {
        self.after(0)
    }

    /// What was recorded after the verdict with this number.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn after(&self, id: i64) -> Result<Vec<Kept>> {
        rows(&self.connection, &self.path, id)
    }

    /// What holds: of several verdicts about one release the one that was recorded last.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn latest(&self) -> Result<BTreeMap<ReleaseId, Kept>> {
        Ok(held(self.all()?))
    }
}

impl Given {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// When it lacks a reason, a reviewer or a part of its release, or one of them is too long.
    pub fn check(&self) -> Result<()> {
        let release = &self.release;
        let parts = [
            ("registry", &release.registry, 100),
            ("package", &release.package, 1_000),
            ("version", &release.version, 1_000),
            ("reason", &self.reason, LONGEST_REASON),
            ("reviewer", &self.reviewer, LONGEST_REVIEWER),
        ];
        for (name, text, longest) in parts {
            let refused = |what: String, remedy: String| {
                Err(Error::usage(format!("a verdict about {release}: {what}")).place(name).remedy(remedy))
            };
            if text.trim().is_empty() {
                return refused(
                    format!("the {name} is empty"),
                    "say who decided, about what, and why: it is what the next reader goes by".to_owned(),
                );
            }
            if text.len() > longest {
                return refused(
                    format!("the {name} has {} bytes", text.len()),
                    format!("{longest} bytes are the most"),
                );
            }
        }
        Ok(())
    }
}

/// The version of a file that is a table of verdicts, or is empty yet (0).
fn known(connection: &Connection, path: &Path) -> Result<i64> {
    let broken = |e: rusqlite::Error| fault(path, &e);
    // One moment for all three: another process may be making the table between two questions.
    let moment = connection.unchecked_transaction().map_err(broken)?;
    let ask = |sql: &str| moment.query_row(sql, [], |r| r.get::<_, i64>(0)).map_err(broken);
    let tables = ask("SELECT count(*) FROM sqlite_schema")?;
    let (version, application) = (ask("PRAGMA user_version")?, ask("PRAGMA application_id")?);
    drop(moment);
    if application != APPLICATION && (version != 0 || application != 0 || tables != 0) {
        return Err(Error::tool("is an SQLite file of another program").file(path).remedy("move it away"));
    }
    if version > VERSION {
        return Err(Error::tool(format!("is of version {version}, this program knows up to {VERSION}"))
            .file(path)
            .remedy("update gaitkeeper"));
    }
    Ok(version)
}

/// Reads the whole file once, so that damage is told before anything is built on it; a table without what keeps it
/// append-only is damaged too.
fn sound(connection: &Connection, path: &Path) -> Result<()> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)).map_err(|e| fault(path, &e))?;
    let guards: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'verdicts'", [], |r| {
            r.get(0)
        })
        .map_err(|e| fault(path, &e))?;
    let what = match (said.as_str(), guards) {
        ("ok", 3) => return Ok(()),
        ("ok", _) => "its verdicts are not kept from being changed".to_owned(),
        (said, _) => said.to_owned(),
    };
    Err(Error::tool(format!("the verdicts are damaged: {what}")).file(path).remedy(RESTORE))
}

fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made it while this one waited.
    if work.query_row("PRAGMA user_version", [], |r| r.get::<_, i64>(0))? == 0 {
        work.execute_batch(include_str!("store.sql"))?;
        work.pragma_update(None, "application_id", APPLICATION)?;
        work.pragma_update(None, "user_version", VERSION)?;
    }
    work.commit()
}

fn add(work: &Transaction, given: &Given) -> rusqlite::Result<i64> {
    let release = &given.release;
    work.prepare_cached(
        "INSERT INTO verdicts (registry, package, version, verdict, reason, reviewer, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .insert(params![
        release.registry,
        release.package,
        release.version,
        given.verdict.name(),
        given.reason.trim(),
        given.reviewer.trim(),
        given.at
    ])
}

fn rows(connection: &Connection, path: &Path, after: i64) -> Result<Vec<Kept>> {
    connection
        .prepare_cached(
            "SELECT id, registry, package, version, verdict, reason, reviewer, at FROM verdicts WHERE id > ?1
             ORDER BY id",
        )
        .and_then(|mut s| s.query_map([after], kept)?.collect())
        .map_err(|e| fault(path, &e))
}

fn kept(row: &Row) -> rusqlite::Result<Kept> {
    let verdict: String = row.get(4)?;
    let unknown = |e: Error| rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, Box::new(e));
    Ok(Kept {
        id: row.get(0)?,
        given: Given {
            release: ReleaseId { registry: row.get(1)?, package: row.get(2)?, version: row.get(3)? },
            verdict: verdict.parse().map_err(unknown)?,
            reason: row.get(5)?,
            reviewer: row.get(6)?,
            at: row.get(7)?,
        },
    })
}

fn held(all: Vec<Kept>) -> BTreeMap<ReleaseId, Kept> {
    all.into_iter().map(|kept| (kept.given.release.clone(), kept)).collect()
}

const RESTORE: &str = "put back a copy of the file, or move it away and record the verdicts again from your last \
    export: gaitkeeper review import FILE.csv";

fn fault(path: &Path, error: &rusqlite::Error) -> Error {
    let remedy = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "free some space; what was recorded before is intact",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "check the permissions of the archive's folder"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another gaitkeeper is writing: try again when it has ended"
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => RESTORE,
        _ => "check the permissions and the free space",
    };
    Error::tool(format!("the verdicts cannot be read or written: {error}")).file(path).remedy(remedy)
}
