//! What the SQLite files of an archive have in common.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

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

/// Does somebody else hold the file?
#[must_use]
pub fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
