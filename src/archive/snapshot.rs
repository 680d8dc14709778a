//! What a sweep had learnt when it ended, on disk: the habits of each account and each package by name, when each name was
//! first seen, and the scores that the next ones are ranked among. A later sweep reads the habits of those that published
//! since, and no others.
//!
//! One SQLite file, `habits.sqlite`, written in one transaction or under another name first: a run that is killed leaves
//! what was there. Every entity and every name carries a seal; a file of another version, of another model, or with a seal that does
//! not hold, is recognised. Entities are found by a hash of their name, so that they are added in the order of the file.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::files::{unreadable, unwritable};
use super::sqlite::{is_busy, journal, reader};
use crate::error::{Error, Result};

/// Name of the file in its folder.
const FILE: &str = "habits.sqlite";
/// Version of the layout.
const VERSION: u32 = 2;
const TABLES: &str = "
    CREATE TABLE about (layout INTEGER NOT NULL, habits INTEGER NOT NULL, model TEXT NOT NULL,
        publishes INTEGER NOT NULL, until INTEGER NOT NULL, ranks BLOB NOT NULL, seal BLOB NOT NULL);
    CREATE TABLE accounts (hash INTEGER PRIMARY KEY, last INTEGER NOT NULL, seal BLOB NOT NULL, habits BLOB NOT NULL);
    CREATE TABLE packages (hash INTEGER PRIMARY KEY, last INTEGER NOT NULL, seal BLOB NOT NULL, habits BLOB NOT NULL);
    CREATE TABLE names (hash INTEGER PRIMARY KEY, first INTEGER NOT NULL, seal BLOB NOT NULL);
";

/// Takes away what a snapshot says of itself, if that is still what it said.
const ENDED_THERE: &str = "DELETE FROM about WHERE publishes = ? AND until = ?";

/// What a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Version of what habits are made of.
    pub habits: u32,
    /// Id of the model whose scores are kept.
    pub model: String,
    /// Publishes judged so far.
    pub publishes: u64,
    /// Time of the last of them, milliseconds.
    pub until: i64,
}

/// Kinds of entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entities {
    /// Accounts.
    Accounts,
    /// Packages.
    Packages,
}

impl Entities {
    fn table(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Packages => "packages",
        }
    }
}

/// An entity as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Hash of its name.
    pub hash: i64,
    /// Its last publish, milliseconds.
    pub last: i64,
    /// [`seal_of`] its habits.
    pub seal: [u8; SEAL],
    /// Its habits.
    pub habits: Vec<u8>,
}

/// Bytes of a seal.
pub const SEAL: usize = 8;

/// What a name is found by: the beginning of its BLAKE3.
#[must_use]
pub fn hash(name: &str) -> i64 {
    let hash = blake3::hash(name.as_bytes());
    i64::from_le_bytes(std::array::from_fn(|i| hash.as_bytes()[i]))
}

/// The seal of bytes that are kept under a name.
#[must_use]
pub fn seal(name: &str, bytes: &[u8]) -> [u8; SEAL] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(bytes);
    let hash = hasher.finalize();
    std::array::from_fn(|i| hash.as_bytes()[i])
}

/// The seal of an entity's habits, and of its last publish, milliseconds.
#[must_use]
pub fn seal_of(name: &str, last: i64, habits: &[u8]) -> [u8; SEAL] {
    seal(&format!("{name} {last}"), habits)
}

/// The seal of when a name was first seen, milliseconds, under the hash of the name.
fn seal_of_name(hash: i64, first: i64) -> [u8; SEAL] {
    seal("name", &[hash.to_le_bytes(), first.to_le_bytes()].concat())
}

/// What scores that later ones are ranked among are recognised by.
#[must_use]
pub fn mark(ranks: &[u8]) -> String {
    format!("{:016x}", u64::from_be_bytes(seal("ranks", ranks)))
}

/// A snapshot that is there.
pub struct Snapshot {
    connection: Connection,
    path: PathBuf,
    /// What it is of.
    pub about: About,
    /// Scores that later ones are ranked among.
    pub ranks: Vec<u8>,
}

impl Snapshot {
    /// Opens the snapshot in a folder for reading; `None` where there is none.
    ///
    /// # Errors
    /// When it is damaged, or another version of the program wrote it.
    pub fn open(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let connection = reader(&path).map_err(|e| broken(&path, &e))?;
        let layout: u32 =
            connection.query_row("SELECT layout FROM about", [], |row| row.get(0)).map_err(|e| broken(&path, &e))?;
        if layout != VERSION {
            return Err(other(&path, &format!("its layout is {layout}, and this program's is {VERSION}")));
        }
        let (about, ranks, sealed) = connection
            .query_row("SELECT habits, model, publishes, until, ranks, seal FROM about", [], |row| {
                let about =
                    About { habits: row.get(0)?, model: row.get(1)?, publishes: row.get(2)?, until: row.get(3)? };
                Ok((about, row.get::<_, Vec<u8>>(4)?, row.get::<_, Vec<u8>>(5)?))
            })
            .map_err(|e| broken(&path, &e))?;
        if sealed != seal(&title(&about), &ranks) {
            return Err(damaged(&path, "the seal of its ranks does not hold"));
        }
        Ok(Some(Self { connection, path, about, ranks }))
    }

    /// Refuses to go on where the habits or the scores are not of this program and this model.
    ///
    /// # Errors
    /// What differs.
    pub fn must_be(&self, habits: u32, model: &str) -> Result<()> {
        if self.about.habits != habits {
            return Err(other(&self.path, &format!("its habits are of version {}, not {habits}", self.about.habits)));
        }
        if self.about.model != model {
            return Err(other(&self.path, &format!("its scores are of model {}, not {model}", self.about.model)));
        }
        Ok(())
    }

    /// The bytes of an entity's habits, which were sealed under its name.
    ///
    /// # Errors
    /// When the seal does not hold.
    pub fn habits(&self, of: Entities, name: &str) -> Result<Option<Vec<u8>>> {
        let sql = format!("SELECT seal, last, habits FROM {} WHERE hash = ?", of.table());
        let found: Option<(Vec<u8>, i64, Vec<u8>)> = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut query| {
                query.query_row([hash(name)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
            })
            .map_err(|e| broken(&self.path, &e))?;
        match found {
            Some((sealed, last, habits)) if sealed == seal_of(name, last, &habits) => Ok(Some(habits)),
            Some(_) => Err(damaged(&self.path, &format!("the seal of {name} in {} does not hold", of.table()))),
            None => Ok(None),
        }
    }

    /// The error for habits that cannot be understood although their seal holds.
    #[must_use]
    pub fn not_habits(&self, name: &str) -> Error {
        damaged(&self.path, &format!("what is kept of {name} are no habits"))
    }

    /// Last publish of a package, milliseconds: its seal is that of the package's [`Self::habits`].
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn last(&self, package: &str) -> Result<Option<i64>> {
        self.connection
            .prepare_cached("SELECT last FROM packages WHERE hash = ?")
            .and_then(|mut query| query.query_row([hash(package)], |row| row.get(0)).optional())
            .map_err(|e| broken(&self.path, &e))
    }

    /// When a name was first seen, milliseconds.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn first_seen(&self, name: &str) -> Result<Option<i64>> {
        let hash = hash(name);
        let found: Option<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT first, seal FROM names WHERE hash = ?")
            .and_then(|mut query| query.query_row([hash], |row| Ok((row.get(0)?, row.get(1)?))).optional())
            .map_err(|e| broken(&self.path, &e))?;
        match found {
            Some((first, sealed)) if sealed == seal_of_name(hash, first) => Ok(Some(first)),
            Some(_) => Err(damaged(&self.path, &format!("the seal of the name {name} does not hold"))),
            None => Ok(None),
        }
    }
}

/// Entities and names that are added to a snapshot, or that make a new one.
pub struct Adding<'a> {
    transaction: Transaction<'a>,
    path: &'a Path,
}

impl Adding<'_> {
    /// Keeps an entity, in place of what was kept of it.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn entity(&self, of: Entities, kept: &Kept) -> Result<()> {
        let sql = format!("INSERT OR REPLACE INTO {} VALUES (?, ?, ?, ?)", of.table());
        self.run(&sql, params![kept.hash, kept.last, kept.seal, kept.habits])
    }

    /// Keeps the hash of a name with the time when it was first seen, unless an earlier one is known.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn name(&self, hash: i64, first: i64) -> Result<()> {
        const SQL: &str = "INSERT INTO names VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET first = ?2, seal = ?3 WHERE ?2 < first";
        self.run(SQL, params![hash, first, seal_of_name(hash, first)])
    }

    fn run(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<()> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(drop)
            .map_err(|e| failed(self.path, &e))
    }
}

/// Writes a snapshot into a folder: adds to the one that was of `before`, or replaces what is there. All or nothing.
///
/// # Errors
/// When the folder cannot be written, `add` fails, or what is there is not of `before` any more.
pub fn write(
    folder: &Path,
    before: Option<&About>,
    about: &About,
    ranks: &[u8],
    add: impl FnOnce(&Adding) -> Result<()>,
) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
    let (path, made) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
    let fresh = before.is_none();
    let written = if fresh { &made } else { &path };
    if fresh && made.exists() {
        fs::remove_file(&made).map_err(|e| unwritable(&made, &e))?;
    }
    let failed = |e: rusqlite::Error| failed(written, &e);
    let mut connection = Connection::open(written).map_err(failed)?;
    if fresh {
        // Nobody reads it before it has its name.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(failed)?;
        connection.execute_batch(TABLES).map_err(failed)?;
    }
    {
        let adding = Adding { transaction: connection.transaction().map_err(failed)?, path: written };
        if let Some(before) = before {
            let publishes = i64::try_from(before.publishes).unwrap_or(i64::MAX);
            if adding.transaction.execute(ENDED_THERE, params![publishes, before.until]).map_err(failed)? != 1 {
                return Err(Error::tool("another sweep went on from these habits meanwhile")
                    .file(&path)
                    .remedy("sweep one table after the other"));
            }
        }
        add(&adding)?;
        let publishes = i64::try_from(about.publishes).unwrap_or(i64::MAX);
        let sealed = seal(&title(about), ranks);
        adding.run(
            "INSERT INTO about VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![VERSION, about.habits, about.model, publishes, about.until, ranks, sealed],
        )?;
        adding.transaction.commit().map_err(failed)?;
    }
    connection.close().map_err(|(_, e)| failed(e))?;
    if fresh {
        let file = fs::File::open(&made).map_err(|e| unreadable(&made, &e))?;
        file.sync_all().map_err(|e| unwritable(&made, &e))?;
        put(&made, &path)?;
    }
    Ok(())
}

/// Moves the snapshot of one folder into another one, in place of what is there.
///
/// # Errors
/// When a folder cannot be written.
pub fn replace(from: &Path, folder: &Path) -> Result<()> {
    put(&from.join(FILE), &folder.join(FILE))
}

fn put(made: &Path, path: &Path) -> Result<()> {
    let journal = journal(path);
    if journal.exists() {
        // Reading takes back what it is of: the file is whole until the other one has its name. Damage is no matter here.
        let _ = path.parent().map(Snapshot::open);
    }
    // That of a file that is no database any more would be taken for one of the next.
    match fs::remove_file(&journal) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(&journal, &e)),
        _ => {}
    }
    fs::rename(made, path).map_err(|e| unwritable(path, &e))
}

fn title(about: &About) -> String {
    let About { habits, model, publishes, until } = about;
    format!("{habits} {model} {publishes} {until}")
}

fn failed(path: &Path, cause: &rusqlite::Error) -> Error {
    Error::tool(format!("cannot be written: {cause}"))
        .file(path)
        .remedy("check the permissions and the free space; what was kept before is intact")
}

const REBUILD: &str =
    "sweep the whole history again, with --rebuild; or name its tables with --history, and it is done by itself";

/// What cannot be read: damaged, unless somebody else is writing.
fn broken(path: &Path, cause: &rusqlite::Error) -> Error {
    if is_busy(cause) {
        return Error::busy("another sweep is keeping its habits")
            .file(path)
            .remedy("wait until that is done, and try again");
    }
    damaged(path, &cause.to_string())
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::kept(format!("the habits that were kept are damaged: {what}")).file(path).remedy(REBUILD)
}

fn other(path: &Path, what: &str) -> Error {
    Error::kept(format!("the habits that were kept cannot be gone on with: {what}")).file(path).remedy(REBUILD)
}
