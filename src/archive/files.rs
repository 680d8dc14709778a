//! Files that appear under their name only when they are complete.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::error::{Error, Result};

/// The error for a place that cannot be written.
#[must_use]
pub fn unwritable(path: &Path, cause: &std::io::Error) -> Error {
    let remedy = match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space; what was stored before is intact",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only: make it writable, or name another place",
        ErrorKind::NotFound => "make the folder first, or name another one",
        ErrorKind::NotADirectory => "what stands where a folder should is a file: name another place",
        _ => "check the permissions and the free space",
    };
    Error::tool(format!("cannot be written: {cause}")).file(path).remedy(remedy)
}

/// The error for a file that the system does not let us read.
#[must_use]
pub fn unreadable(path: &Path, cause: &std::io::Error) -> Error {
    Error::tool(format!("cannot be read: {cause}")).file(path).remedy("check the path and its permissions")
}

/// Refuses to write where one of the files stands that are read, or another one that is written.
///
/// # Errors
/// When they are one file, by whatever names.
pub fn must_not_be(written: &Path, others: &[&Path]) -> Result<()> {
    let place = |path: &Path| {
        let whole = || Some(folder(path).canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(whole)
    };
    let written_to = place(written);
    match others.iter().find(|other| written_to.is_some() && place(other) == written_to) {
        None => Ok(()),
        Some(other) => Err(Error::usage(format!("it would take the place of {}", other.display()))
            .file(written)
            .remedy("name another file")),
    }
}

/// Opens a file for reading.
///
/// # Errors
/// When the system does not let us.
pub fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| unreadable(path, &e))
}

/// Makes a folder for what does not fit into memory, within `folder` or else the system's; it goes away with what is handed
/// back.
///
/// # Errors
/// When it cannot be made.
pub fn work_folder(folder: Option<&Path>) -> Result<TempDir> {
    match folder {
        Some(folder) => tempfile::tempdir_in(folder).map_err(|e| unwritable(folder, &e)),
        None => tempfile::tempdir().map_err(|e| unwritable(Path::new("the system's folder for temporary files"), &e)),
    }
}

/// Writes bytes under a name, replacing what was there, all or nothing.
///
/// # Errors
/// When the folder cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    complete(folder(path), bytes, Sharing::AsUsual)?.persist(path).map_err(|e| unwritable(path, &e.error))?;
    Ok(())
}

/// The same for several files. All of them are written before the first takes its name.
///
/// # Errors
/// When a folder cannot be written; then every name still holds what it held, unless taking the names failed midway.
pub fn replace_all(texts: &[(PathBuf, String)]) -> Result<()> {
    let mut complete_files = Vec::with_capacity(texts.len());
    for (path, text) in texts {
        complete_files.push((complete(folder(path), text.as_bytes(), Sharing::AsUsual)?, path));
    }
    for (file, path) in complete_files {
        file.persist(path).map_err(|e| unwritable(path, &e.error))?;
    }
    Ok(())
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Whoever the user's umask lets.
    AsUsual,
    /// The owner alone.
    OwnerOnly,
}

/// Writes bytes under the first name that is free, all or nothing; `false` where none was.
///
/// # Errors
/// When the folder cannot be written.
pub fn add(folder: &Path, mut names: impl Iterator<Item = PathBuf>, bytes: &[u8], sharing: Sharing) -> Result<bool> {
    fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
    let mut file = complete(folder, bytes, sharing)?;
    let Some(mut name) = names.next() else { return Ok(false) };
    loop {
        match file.persist_noclobber(&name) {
            Ok(_) => break,
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => {
                file = e.file;
                match names.next() {
                    Some(next) => name = next,
                    None => return Ok(false),
                }
            }
            Err(e) => return Err(unwritable(&name, &e.error)),
        }
    }
    fs::File::open(folder).and_then(|d| d.sync_all()).map_err(|e| unwritable(folder, &e))?;
    Ok(true)
}

/// A file in the folder of `path`, to be given its name when it is complete.
///
/// # Errors
/// When the folder cannot be written.
pub fn beside(path: &Path) -> Result<NamedTempFile> {
    unnamed(folder(path), Sharing::AsUsual)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unnamed(folder: &Path, sharing: Sharing) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    if let (Sharing::AsUsual, Some(open)) = (sharing, as_usual()) {
        builder.permissions(open);
    }
    builder.tempfile_in(folder).map_err(|e| unwritable(folder, &e))
}

fn complete(folder: &Path, bytes: &[u8], sharing: Sharing) -> Result<NamedTempFile> {
    let mut file = unnamed(folder, sharing)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|e| unwritable(folder, &e))?;
    Ok(file)
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "other systems have none")]
fn as_usual() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn as_usual() -> Option<Permissions> {
    None
}
