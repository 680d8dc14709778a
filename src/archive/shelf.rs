//! A registry's publishes by package, on disk: what is said of one release reads the publishes that it depends on, a few
//! hundred kilobytes of however many gigabytes.
//!
//! One SQLite file, `shelf.sqlite`, that is written in transactions. The publishes of a package lie together, one compressed
//! run for each table that was put in; beside them are the packages of each account, the first publish of each account and the
//! first one that named each name, and all scores in the order of time. Names are found by their hash
//! ([`snapshot::hash`](super::snapshot::hash)).

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use tempfile::NamedTempFile;

use super::coded;
use super::columns::Row;
use super::files::{self, unwritable};
use super::snapshot::{hash, seal};
use super::sqlite::{PATIENCE, is_busy};
use super::vocabulary::Vocabulary;
use crate::error::{Error, Result};

/// Name of the file in its folder.
const FILE: &str = "shelf.sqlite";
/// Version of the layout, and of what a row is made of.
const VERSION: u32 = 1;
const TABLES: &str = "
    CREATE TABLE about (layout INTEGER NOT NULL, model TEXT NOT NULL, publishes INTEGER NOT NULL, until INTEGER NOT NULL);
    CREATE TABLE packages (package INTEGER NOT NULL, since INTEGER NOT NULL, seal BLOB NOT NULL, run BLOB NOT NULL,
        PRIMARY KEY (package, since)) WITHOUT ROWID;
    CREATE TABLE portfolios (account INTEGER NOT NULL, package INTEGER NOT NULL, PRIMARY KEY (account, package)) WITHOUT ROWID;
    CREATE TABLE firsts (id INTEGER PRIMARY KEY, seal BLOB NOT NULL, run BLOB NOT NULL);
    CREATE TABLE accounts (account INTEGER PRIMARY KEY, first INTEGER NOT NULL);
    CREATE TABLE names (name INTEGER PRIMARY KEY, first INTEGER NOT NULL);
    CREATE TABLE scores (since INTEGER NOT NULL, part INTEGER NOT NULL, run BLOB NOT NULL, PRIMARY KEY (since, part)) WITHOUT ROWID;
";
/// How hard runs are compressed: this takes little time.
const LEVEL: i32 = 3;

/// What a shelf holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Id of the model of its scores.
    pub model: String,
    /// Publishes.
    pub publishes: u64,
    /// Time of the last of them, milliseconds.
    pub until: i64,
}

/// What one publish scored: time in milliseconds, and hundredths; of those that later ones are ranked among.
pub type Score = (i64, i32);

/// A run of rows as a shelf keeps it.
///
/// # Errors
/// When the compressor fails.
pub fn pack(rows: Vec<Row>, words: &Vocabulary) -> Result<Vec<u8>> {
    compressed(&coded::encode(rows, words))
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|e| Error::tool(format!("the compressor failed: {e}")))
}

/// A shelf that is open.
pub struct Shelf {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// What it holds.
    pub about: About,
}

impl Shelf {
    /// Opens the shelf in a folder for reading.
    ///
    /// # Errors
    /// When there is none, it is damaged, or another version of the program wrote it.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(Error::no_input("there is no shelf").file(&path).remedy(
                "make one: gaitkeeper sweep --events TABLE --out scores.parquet, then gaitkeeper shelve --events TABLE --scores \
                 scores.parquet --shelf DIR",
            ));
        }
        // Whoever may write takes back what an interrupted run has half written.
        let opened =
            Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = opened
            .or_else(|_| {
                Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            })
            .map_err(|e| unusable(&path, &e))?;
        connection.busy_timeout(PATIENCE).map_err(|e| unusable(&path, &e))?;
        let about = about(&connection, &path)?;
        Ok(Self { connection, path, about })
    }

    /// Adds the publishes of a package, by its hash, to `rows`.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn package(&self, package: i64, words: &mut Vocabulary, rows: &mut Vec<Row>) -> Result<()> {
        of_package(&self.connection, &self.path, package, words, rows)
    }

    /// Hashes of the packages of an account.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn portfolio(&self, account: &str) -> Result<Vec<i64>> {
        let broken = |e: rusqlite::Error| unusable(&self.path, &e);
        let sql = "SELECT package FROM portfolios WHERE account = ?";
        let mut query = self.connection.prepare_cached(sql).map_err(broken)?;
        let found = query.query_map([hash(account)], |row| row.get(0)).map_err(broken)?;
        found.collect::<rusqlite::Result<_>>().map_err(broken)
    }

    /// Where the first publish of an account is.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn first_of_account(&self, account: &str) -> Result<Option<i64>> {
        self.number("SELECT first FROM accounts WHERE account = ?", account)
    }

    /// Where the first publish is that named a name.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn first_of_name(&self, name: &str) -> Result<Option<i64>> {
        self.number("SELECT first FROM names WHERE name = ?", name)
    }

    fn number(&self, sql: &str, name: &str) -> Result<Option<i64>> {
        let found = self.connection.prepare_cached(sql);
        found
            .and_then(|mut query| query.query_row([hash(name)], |row| row.get(0)).optional())
            .map_err(|e| unusable(&self.path, &e))
    }

    /// Adds a first publish to `rows`.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn first(&self, id: i64, words: &mut Vocabulary, rows: &mut Vec<Row>) -> Result<()> {
        let found = self.connection.prepare_cached("SELECT seal, run FROM firsts WHERE id = ?");
        let (sealed, run): (Vec<u8>, Vec<u8>) = found
            .and_then(|mut query| query.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(|e| unusable(&self.path, &e))?;
        rows.extend(unpack(&self.path, &format!("first {id}"), &sealed, &run, words)?);
        Ok(())
    }

    /// Scores before `at`, milliseconds, the newest first, as long as `wanted` wants them.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn scores_before(&self, at: i64, mut wanted: impl FnMut(Score) -> bool) -> Result<()> {
        let broken = |e: rusqlite::Error| unusable(&self.path, &e);
        let sql = "SELECT run FROM scores WHERE since < ? ORDER BY since DESC, part DESC";
        let mut query = self.connection.prepare_cached(sql).map_err(broken)?;
        let mut runs = query.query([at]).map_err(broken)?;
        while let Some(row) = runs.next().map_err(broken)? {
            let run: Vec<u8> = row.get(0).map_err(broken)?;
            let scores = zstd::stream::decode_all(run.as_slice())
                .ok()
                .and_then(|bytes| postcard::from_bytes::<Vec<Score>>(&bytes).ok())
                .ok_or_else(|| damaged(&self.path, "its scores are none"))?;
            for score in scores.into_iter().rev().filter(|(then, _)| *then < at) {
                if !wanted(score) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Adds the publishes of a package, by its hash, to `rows`.
pub(super) fn of_package(
    connection: &Connection,
    path: &Path,
    package: i64,
    words: &mut Vocabulary,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let broken = |e: rusqlite::Error| unusable(path, &e);
    let sql = "SELECT since, seal, run FROM packages WHERE package = ? ORDER BY since";
    let mut query = connection.prepare_cached(sql).map_err(broken)?;
    let runs = query.query_map([package], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(broken)?;
    for run in runs {
        let (since, sealed, run): (i64, Vec<u8>, Vec<u8>) = run.map_err(broken)?;
        rows.extend(unpack(path, &title_of(package, since), &sealed, &run, words)?);
    }
    Ok(())
}

/// Writes a run of publishes of a package.
pub(super) fn put_package(connection: &Connection, package: i64, since: i64, run: &[u8]) -> rusqlite::Result<()> {
    let sealed = seal(&title_of(package, since), run);
    let mut statement = connection.prepare_cached("INSERT INTO packages VALUES (?, ?, ?, ?)")?;
    statement.execute(params![package, since, sealed, run]).map(drop)
}

fn title_of(package: i64, since: i64) -> String {
    format!("package {package} {since}")
}

fn unpack(path: &Path, title: &str, sealed: &[u8], run: &[u8], words: &mut Vocabulary) -> Result<Vec<Row>> {
    if sealed != seal(title, run) {
        return Err(damaged(path, &format!("the seal of {title} does not hold")));
    }
    let bytes = zstd::stream::decode_all(run).map_err(|e| damaged(path, &e.to_string()))?;
    coded::decode(&bytes, words).ok_or_else(|| damaged(path, &format!("{title} are no publishes")))
}

/// A shelf that is being put into. What was put in is there when it is finished.
pub struct Adding {
    connection: Connection,
    path: PathBuf,
    /// What it is before it has its name, where it is new.
    made: Option<NamedTempFile>,
    /// What was there before.
    pub before: Option<About>,
    next: i64,
}

impl Adding {
    /// Begins to put into the shelf of a folder, or to make one.
    ///
    /// # Errors
    /// When the folder cannot be written, or what is there is damaged.
    pub fn begin(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
        let path = folder.join(FILE);
        let made = if path.exists() { None } else { Some(files::beside(&path)?) };
        let written = made.as_ref().map_or(path.as_path(), NamedTempFile::path);
        let failed = |e: rusqlite::Error| failed(written, &e);
        let connection = Connection::open(written).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        if made.is_some() {
            // Nobody reads it before it has its name.
            connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(failed)?;
            connection.execute_batch(TABLES).map_err(failed)?;
        }
        connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        // What is there is known only when nobody else can add to it.
        let before = if made.is_some() { None } else { Some(about(&connection, &path)?) };
        let next = connection
            .query_row("SELECT coalesce(max(id), 0) + 1 FROM firsts", [], |row| row.get(0))
            .map_err(failed)?;
        Ok(Self { connection, path, made, before, next })
    }

    fn run(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(|e| failed(&self.path, &e))
    }

    /// Puts in the publishes of a package, by its hash, as [`pack`] gave them; the first of them was at `since`.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn package(&self, package: i64, since: i64, run: &[u8]) -> Result<()> {
        put_package(&self.connection, package, since, run).map_err(|e| failed(&self.path, &e))
    }

    /// An account, by its hash, published a package.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn portfolio(&self, account: i64, package: i64) -> Result<()> {
        self.run("INSERT OR IGNORE INTO portfolios VALUES (?, ?)", params![account, package]).map(drop)
    }

    /// A publish, as [`pack`] gives it, is the first of an account, and of names, all by their hashes; what is known keeps its first.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn first(&mut self, account: Option<i64>, names: &[i64], run: &[u8]) -> Result<()> {
        let id = self.next;
        let mut fresh = 0;
        if let Some(account) = account {
            fresh += self.run("INSERT OR IGNORE INTO accounts VALUES (?, ?)", params![account, id])?;
        }
        for name in names {
            fresh += self.run("INSERT OR IGNORE INTO names VALUES (?, ?)", params![name, id])?;
        }
        if fresh > 0 {
            self.next += 1;
            let sealed = seal(&format!("first {id}"), run);
            self.run("INSERT INTO firsts VALUES (?, ?, ?)", params![id, sealed, run])?;
        }
        Ok(())
    }

    /// Puts in scores in the order of time.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn scores(&self, part: i64, scores: &[Score]) -> Result<()> {
        let Some((since, _)) = scores.first() else { return Ok(()) };
        let bytes = postcard::to_stdvec(scores).map_err(|e| Error::tool(format!("scores cannot be packed: {e}")))?;
        self.run("INSERT INTO scores VALUES (?, ?, ?)", params![since, part, compressed(&bytes)?]).map(drop)
    }

    /// Ends: from now on everything that was put in is there.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self, about: &About) -> Result<()> {
        self.run("DELETE FROM about", params![])?;
        let publishes = i64::try_from(about.publishes).unwrap_or(i64::MAX);
        self.run("INSERT INTO about VALUES (?, ?, ?, ?)", params![VERSION, about.model, publishes, about.until])?;
        let failed = |e: rusqlite::Error| failed(&self.path, &e);
        self.connection.execute_batch("COMMIT").map_err(failed)?;
        self.connection.close().map_err(|(_, e)| failed(e))?;
        let Some(made) = self.made else { return Ok(()) };
        made.as_file().sync_all().map_err(|e| unwritable(&self.path, &e))?;
        // The journal of a shelf that was taken away would be played into this one.
        let journal = self.path.with_file_name(format!("{FILE}-journal"));
        if journal.exists() && !self.path.exists() {
            fs::remove_file(&journal).map_err(|e| unwritable(&journal, &e))?;
        }
        made.persist_noclobber(&self.path).map(drop).map_err(|e| match e.error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::busy("another run has made the shelf meanwhile")
                .file(&self.path)
                .remedy("put in one table after the other"),
            _ => unwritable(&self.path, &e.error),
        })
    }
}

fn about(connection: &Connection, path: &Path) -> Result<About> {
    let broken = |e: rusqlite::Error| unusable(path, &e);
    let layout: u32 = connection.query_row("SELECT layout FROM about", [], |row| row.get(0)).map_err(broken)?;
    if layout != VERSION {
        return Err(damaged(path, &format!("its layout is {layout}, and this program's is {VERSION}")));
    }
    connection
        .query_row("SELECT model, publishes, until FROM about", [], |row| {
            Ok(About { model: row.get(0)?, publishes: row.get(1)?, until: row.get(2)? })
        })
        .map_err(broken)
}

pub(super) fn failed(path: &Path, cause: &rusqlite::Error) -> Error {
    if is_busy(cause) {
        return busy(path);
    }
    Error::tool(format!("cannot be written: {cause}"))
        .file(path)
        .remedy("check the permissions and the free space; what was there before is intact")
}

fn busy(path: &Path) -> Error {
    Error::busy("the shelf is being put into").file(path).remedy("wait until that is done, and try again")
}

/// What cannot be read although it may be sound.
fn unusable(path: &Path, cause: &rusqlite::Error) -> Error {
    match cause.sqlite_error_code() {
        _ if is_busy(cause) => busy(path),
        Some(ErrorCode::ReadOnly) => {
            Error::tool("a run that put something in was interrupted, and who may not write cannot mend it")
                .file(path)
                .remedy("run `gaitkeeper shelve` or `gaitkeeper investigate` once as somebody who may write there")
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Error::tool(format!("cannot be read: {cause}")).file(path).remedy("check the path and its permissions")
        }
        _ => damaged(path, &cause.to_string()),
    }
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::tool(format!("the shelf cannot be used: {what}"))
        .file(path)
        .remedy("remove the file and put the whole history in again with `gaitkeeper shelve`")
}
