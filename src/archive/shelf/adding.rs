//! Putting tables on a [`Shelf`](super::Shelf).

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use tempfile::NamedTempFile;

use super::{About, FILE, Score, TABLES, VERSION, about, compressed, failed, put_package};
use crate::archive::files::{self, unwritable};
use crate::archive::snapshot::seal;
use crate::archive::sqlite::{PATIENCE, journal};
use crate::error::{Error, Result};

/// A shelf that is being put into. What was put in is there when it is finished.
pub struct Adding {
    connection: Connection,
    path: PathBuf,
    /// What it is before it has its name, where it is new.
    made: Option<NamedTempFile>,
    /// What was there before.
    pub before: Option<About>,
    /// Scores of it that later ones are ranked among.
    pub ranks: Vec<u8>,
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
        let ranks = match before {
            None => Vec::new(),
            Some(_) => connection.query_row("SELECT ranks FROM about", [], |row| row.get(0)).map_err(failed)?,
        };
        let next = connection
            .query_row("SELECT coalesce(max(id), 0) + 1 FROM firsts", [], |row| row.get(0))
            .map_err(failed)?;
        Ok(Self { connection, path, made, before, ranks, next })
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

    /// Ends: from now on everything that was put in is there. Later scores are ranked among `ranks`.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self, about: &About, ranks: &[u8]) -> Result<()> {
        self.run("DELETE FROM about", params![])?;
        let publishes = i64::try_from(about.publishes).unwrap_or(i64::MAX);
        let about = params![VERSION, about.model, publishes, about.until, ranks];
        self.run("INSERT INTO about VALUES (?, ?, ?, ?, ?)", about)?;
        let failed = |e: rusqlite::Error| failed(&self.path, &e);
        self.connection.execute_batch("COMMIT").map_err(failed)?;
        self.connection.close().map_err(|(_, e)| failed(e))?;
        let Some(made) = self.made else { return Ok(()) };
        made.as_file().sync_all().map_err(|e| unwritable(&self.path, &e))?;
        // The journal of a shelf that was taken away would be played into this one.
        let journal = journal(&self.path);
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
