//! One nightly at a time on an archive.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::archive::files;
use crate::archive::table::show_time;
use crate::error::{Error, Result, printable};

/// Held as long as it is kept; the system lets go of it when the process ends, however it ends.
pub(super) struct Alone {
    _file: File,
}

/// Takes the lock of an archive.
///
/// # Errors
/// Another nightly holds it (its process id and start are named), or the archive cannot be written.
pub(super) fn alone(dir: &Path, now: i64) -> Result<Alone> {
    const LONGEST: u64 = 200;
    fs::create_dir_all(dir).map_err(|e| files::unwritable(dir, &e))?;
    let path = dir.join("nightly.lock");
    let unwritable = |e: std::io::Error| files::unwritable(&path, &e);
    let mut file =
        File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Who has just taken the lock may not have written yet who it is.
            let _ = file.take(LONGEST).read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() { "process not known yet" } else { holder.trim() };
            return Err(Error::busy(format!("another nightly is running: {}", printable(holder)))
                .file(dir)
                .remedy("wait until it has ended; what it does is not done twice"));
        }
        Err(TryLockError::Error(e)) => return Err(unwritable(e)),
    }
    let holder = format!("process {}, started {}\n", std::process::id(), show_time(now));
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(holder.as_bytes()))
        .map_err(unwritable)?;
    Ok(Alone { _file: file })
}
