//! A registry's publishes by package, on disk: what is said of one release reads the publishes that it depends on, a few
//! hundred kilobytes of however many gigabytes.
//!
//! One SQLite file, `shelf.sqlite`, that is written in transactions. The publishes of a package lie together, one compressed
//! run for each table that was put in; beside them are the packages of each account, the first publish of each account and the
//! first one that named each name, and all scores in the order of time. Names are found by their hash
//! ([`snapshot::hash`](super::snapshot::hash)).

mod adding;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use zstd::bulk::Decompressor;

pub use self::adding::Adding;
use super::coded;
use super::columns::Row;
use super::snapshot::{hash, seal};
use super::sqlite::{is_busy, reader};
use super::vocabulary::Vocabulary;
use crate::error::{Error, Kind, Result};

/// Name of the file in its folder.
const FILE: &str = "shelf.sqlite";
/// Version of the layout, and of what a row is made of.
const VERSION: u32 = 2;
const TABLES: &str = "
    CREATE TABLE about (layout INTEGER NOT NULL, model TEXT NOT NULL, publishes INTEGER NOT NULL, until INTEGER NOT NULL, ranks BLOB NOT NULL);
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

/// A shelf that is open: nobody changes it meanwhile.
pub struct Shelf {
    /// At least one. A disk that is asked several things at once answers sooner.
    readers: Vec<Reader>,
    /// What it holds.
    pub about: About,
}

/// One connection that reads.
struct Reader {
    connection: Connection,
    path: PathBuf,
    decompressor: Decompressor<'static>,
}

/// Publishes that were taken from the file: their strings are still to be known.
struct Run {
    title: String,
    bytes: Vec<u8>,
    rows: Vec<Row>,
}

/// Threads that read a shelf, and what is too little for all of them.
const READERS: usize = 8;
const FEW: usize = 32;

impl Reader {
    fn of((connection, path): (Connection, PathBuf)) -> Result<Self> {
        // Otherwise each question takes and gives back the lock of the file, and asks whether it has changed.
        connection.execute_batch("BEGIN").map_err(|e| unusable(&path, &e))?;
        Ok(Self { connection, path, decompressor: decompressor()? })
    }

    /// One more beside this one; `None` where somebody waits to write, and nobody else is let in until this one has ended.
    fn another(&self) -> Result<Option<Self>> {
        let broken = |e: rusqlite::Error| unusable(&self.path, &e);
        let connection = reader(&self.path).map_err(broken)?;
        connection.busy_timeout(Duration::ZERO).map_err(broken)?;
        let another = Self::of((connection, self.path.clone()))?;
        match about(&another.connection, &another.path) {
            Err(error) if error.kind == Kind::Busy => Ok(None),
            known => known.map(|_| Some(another)),
        }
    }

    /// The runs of a package, by its hash.
    fn package(&mut self, package: i64) -> Result<Vec<Run>> {
        let runs = runs_of(&self.connection, &self.path, package)?;
        runs.into_iter().map(|(title, run)| self.run(title, &run)).collect()
    }

    fn run(&mut self, title: String, run: &[u8]) -> Result<Run> {
        let bytes = decompressed(&self.path, &title, run, &mut self.decompressor)?;
        let rows = coded::unnamed(&bytes).ok_or_else(|| no_publishes(&self.path, &title))?;
        Ok(Run { title, bytes, rows })
    }

    fn number(&self, sql: &str, key: i64) -> Result<Option<i64>> {
        let found = self.connection.prepare_cached(sql);
        found
            .and_then(|mut query| query.query_row([key], |row| row.get(0)).optional())
            .map_err(|e| unusable(&self.path, &e))
    }

    /// A first publish.
    fn first(&mut self, id: i64) -> Result<Run> {
        let found = self.connection.prepare_cached("SELECT seal, run FROM firsts WHERE id = ?");
        let (sealed, run): (Vec<u8>, Vec<u8>) = found
            .and_then(|mut query| query.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(|e| unusable(&self.path, &e))?;
        let title = format!("first {id}");
        must_hold(&self.path, &title, &sealed, &run)?;
        self.run(title, &run)
    }
}

impl Shelf {
    /// Opens the shelf in a folder for reading.
    ///
    /// # Errors
    /// When there is none, it is damaged, or another version of the program wrote it.
    pub fn open(folder: &Path) -> Result<Self> {
        let reader = Reader::of(connect(folder)?)?;
        let about = about(&reader.connection, &reader.path)?;
        Ok(Self { readers: vec![reader], about })
    }

    /// Asks one thing of each key, of many by several threads at once. The answers are in the order of the keys.
    fn ask<T: Send>(&mut self, keys: &[i64], ask: impl Fn(&mut Reader, i64) -> Result<T> + Sync) -> Result<Vec<T>> {
        if keys.len() < FEW {
            return keys.iter().map(|key| ask(&mut self.readers[0], *key)).collect();
        }
        while self.readers.len() < READERS {
            let Some(another) = self.readers[0].another()? else { break };
            self.readers.push(another);
        }
        let ask = &ask;
        std::thread::scope(|scope| {
            let shares = keys.chunks(keys.len().div_ceil(self.readers.len())).zip(&mut self.readers);
            let one = |(share, reader): (&'_ [i64], &'_ mut Reader)| {
                share.iter().map(|key| ask(reader, *key)).collect::<Result<Vec<T>>>()
            };
            let running: Vec<_> = shares.map(|share| scope.spawn(move || one(share))).collect();
            let mut answers = Vec::with_capacity(keys.len());
            for thread in running {
                answers.extend(thread.join().expect("a thread that does not panic")?);
            }
            Ok(answers)
        })
    }

    fn path(&self) -> &Path {
        &self.readers[0].path
    }

    /// Adds the publishes of packages, by their hashes, to `rows`.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn packages(&mut self, packages: &[i64], words: &mut Vocabulary, rows: &mut Vec<Row>) -> Result<()> {
        let runs = self.ask(packages, Reader::package)?.into_iter().flatten().collect();
        self.name(runs, words, rows)
    }

    fn name(&self, runs: Vec<Run>, words: &mut Vocabulary, rows: &mut Vec<Row>) -> Result<()> {
        rows.reserve(runs.iter().map(|run| run.rows.len()).sum());
        for Run { title, bytes, rows: of_run } in runs {
            rows.extend(coded::name(&bytes, of_run, words).ok_or_else(|| no_publishes(self.path(), &title))?);
        }
        Ok(())
    }

    /// Hashes of the packages of an account, rising.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn portfolio(&self, account: &str) -> Result<Vec<i64>> {
        let broken = |e: rusqlite::Error| unusable(self.path(), &e);
        let sql = "SELECT package FROM portfolios WHERE account = ? ORDER BY package";
        let mut query = self.readers[0].connection.prepare_cached(sql).map_err(broken)?;
        let found = query.query_map([hash(account)], |row| row.get(0)).map_err(broken)?;
        found.collect::<rusqlite::Result<_>>().map_err(broken)
    }

    /// Where the first publishes of accounts are.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn firsts_of_accounts<'a>(&mut self, accounts: impl Iterator<Item = &'a str>) -> Result<Vec<i64>> {
        self.numbers("SELECT first FROM accounts WHERE account = ?", accounts)
    }

    /// Where the first publishes are that named names.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn firsts_of_names<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<Vec<i64>> {
        self.numbers("SELECT first FROM names WHERE name = ?", names)
    }

    fn numbers<'a>(&mut self, sql: &str, names: impl Iterator<Item = &'a str>) -> Result<Vec<i64>> {
        // In the order in which they lie in the file.
        let mut hashes: Vec<i64> = names.map(hash).collect();
        hashes.sort_unstable();
        let found = self.ask(&hashes, |reader, hash| reader.number(sql, hash))?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Adds first publishes to `rows`.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn firsts(&mut self, ids: &[i64], words: &mut Vocabulary, rows: &mut Vec<Row>) -> Result<()> {
        let runs = self.ask(ids, Reader::first)?;
        self.name(runs, words, rows)
    }

    /// Scores before `at`, milliseconds, the newest first, as long as `wanted` wants them.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn scores_before(&self, at: i64, mut wanted: impl FnMut(Score) -> bool) -> Result<()> {
        let path = self.path();
        let broken = |e: rusqlite::Error| unusable(path, &e);
        let sql = "SELECT run FROM scores WHERE since < ? ORDER BY since DESC, part DESC";
        let mut query = self.readers[0].connection.prepare_cached(sql).map_err(broken)?;
        let mut runs = query.query([at]).map_err(broken)?;
        while let Some(row) = runs.next().map_err(broken)? {
            let run: Vec<u8> = row.get(0).map_err(broken)?;
            let scores = zstd::stream::decode_all(run.as_slice())
                .ok()
                .and_then(|bytes| postcard::from_bytes::<Vec<Score>>(&bytes).ok())
                .ok_or_else(|| damaged(path, "its scores are none"))?;
            for score in scores.into_iter().rev().filter(|(then, _)| *then < at) {
                if !wanted(score) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Opens the shelf in a folder.
///
/// # Errors
/// When there is none, or it cannot be read.
pub(super) fn connect(folder: &Path) -> Result<(Connection, PathBuf)> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Err(Error::no_input("there is no shelf").file(&path).remedy(
            "make one: gaitkeeper sweep --events TABLE --out scores.parquet, then gaitkeeper shelve --events TABLE --scores \
             scores.parquet --shelf DIR",
        ));
    }
    let connection = reader(&path).map_err(|e| unusable(&path, &e))?;
    Ok((connection, path))
}

/// Adds the publishes of a package, by its hash, to `rows`.
pub(super) fn of_package(
    connection: &Connection,
    path: &Path,
    package: i64,
    words: &mut Vocabulary,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let mut decompressor = decompressor()?;
    for (title, run) in runs_of(connection, path, package)? {
        let bytes = decompressed(path, &title, &run, &mut decompressor)?;
        rows.extend(coded::decode::<Vec<Row>>(&bytes, words).ok_or_else(|| no_publishes(path, &title))?);
    }
    Ok(())
}

/// The compressed runs of a package, by its hash, with their titles; their seals hold.
fn runs_of(connection: &Connection, path: &Path, package: i64) -> Result<Vec<(String, Vec<u8>)>> {
    let broken = |e: rusqlite::Error| unusable(path, &e);
    let sql = "SELECT since, seal, run FROM packages WHERE package = ? ORDER BY since";
    let mut query = connection.prepare_cached(sql).map_err(broken)?;
    let runs = query.query_map([package], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(broken)?;
    let titled = |run: rusqlite::Result<(i64, Vec<u8>, Vec<u8>)>| {
        let (since, sealed, run) = run.map_err(broken)?;
        let title = title_of(package, since);
        must_hold(path, &title, &sealed, &run).map(|()| (title, run))
    };
    runs.map(titled).collect()
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

fn must_hold(path: &Path, title: &str, sealed: &[u8], run: &[u8]) -> Result<()> {
    if sealed == seal(title, run) {
        return Ok(());
    }
    Err(damaged(path, &format!("the seal of {title} does not hold")))
}

fn decompressor() -> Result<Decompressor<'static>> {
    Decompressor::new().map_err(|e| Error::tool(format!("the decompressor failed: {e}")))
}

/// The bytes of a run: it says how many they are.
fn decompressed(path: &Path, title: &str, run: &[u8], decompressor: &mut Decompressor) -> Result<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(run).ok().flatten();
    let size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
    decompressor.decompress(run, size).map_err(|e| damaged(path, &format!("{title}: {e}")))
}

fn no_publishes(path: &Path, title: &str) -> Error {
    damaged(path, &format!("{title} are no publishes"))
}

/// What the file says of itself.
///
/// # Errors
/// When it is damaged, or another version of the program wrote it.
pub(super) fn about(connection: &Connection, path: &Path) -> Result<About> {
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
