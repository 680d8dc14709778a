//! What the SQLite files of an archive have in common.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// How long another process that is writing is waited for.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Puts a file into write-ahead mode, in which it stays. SQLite does not wait for others when it changes the mode of a
/// file, whatever its busy timeout (two that make a file at once would meet an error), so this does.
///
/// # Errors
/// When the mode cannot be changed, or others held the file for longer than [`PATIENCE`].
pub fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(e) if is_busy(&e) && begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            done => return done,
        }
    }
}

/// Opens a file to read it. Whoever may write takes back what a run that was killed had half written.
///
/// # Errors
/// When it cannot be opened.
pub fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let open = |access| Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = open(OpenFlags::SQLITE_OPEN_READ_WRITE).or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// What SQLite writes before it changes a page of a file: there while a run writes, and after one that was killed.
#[must_use]
pub fn journal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-journal");
    name.into()
}

/// Does somebody else hold the file?
#[must_use]
pub fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
