//! The exports of a night: a folder that is there whole or not at all, and `latest`, which points to the newest.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::archive::files;
use crate::error::{Error, Result};
use crate::report::night::{self, Night};
use crate::report::view::View;
use crate::report::{FORMATS, Format};

/// Name of the pointer.
const LATEST: &str = "latest";
/// Begins the name of a folder that is not whole yet.
const UNFINISHED: &str = ".unfinished-";

/// A night's folder, named after its beginning to the second (`2026-05-20T021500Z`), and numbered where there is one
/// of that second.
pub(super) fn folder(root: &Path, started_at: &str) -> PathBuf {
    let second = started_at.split('.').next().unwrap_or(started_at).replace(':', "");
    let mut folder = root.join(format!("{second}Z"));
    let mut number = 1;
    while folder.exists() {
        number += 1;
        folder = root.join(format!("{second}Z-{number}"));
    }
    folder
}

/// The formats that are meant: every one where none is named.
///
/// # Errors
/// When a name is none of a format.
pub(in crate::pipeline) fn formats(names: &[String]) -> Result<Vec<&'static Format>> {
    if names.is_empty() {
        return Ok(FORMATS.to_vec());
    }
    let find = |name: &String| {
        FORMATS.iter().copied().find(|format| format.id == name).ok_or_else(|| {
            let known: Vec<&str> = FORMATS.iter().map(|format| format.id).collect();
            Error::usage(format!("`nightly.formats`: there is no format `{name}`"))
                .remedy(format!("known are {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

/// Writes a folder below `root`, all or nothing, and lets `latest` point to it.
pub(super) fn write(
    root: &Path,
    folder: &Path,
    formats: &[&Format],
    view: &View,
    night: &Night,
    keep: usize,
) -> Result<()> {
    fs::create_dir_all(root).map_err(|e| files::unwritable(root, &e))?;
    sweep(root)?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let unfinished = root.join(format!("{UNFINISHED}{name}"));
    fs::create_dir(&unfinished).map_err(|e| files::unwritable(&unfinished, &e))?;
    let written = fill(&unfinished, formats, view, night)
        .and_then(|()| fs::rename(&unfinished, folder).map_err(|e| files::unwritable(folder, &e)));
    if written.is_err() {
        // The space may be what lacked; the next run sweeps what cannot be removed now.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written?;
    point(root, &name)?;
    sync(root)?;
    prune(root, keep)
}

/// Writes the report of a night into its folder, replacing an earlier state of it.
pub(super) fn report(folder: &Path, night: &Night) -> Result<()> {
    files::replace(&folder.join("run.json"), night::json(night).as_bytes())?;
    files::replace(&folder.join("run.txt"), night::text(night).as_bytes())
}

fn fill(folder: &Path, formats: &[&Format], view: &View, night: &Night) -> Result<()> {
    for format in formats {
        files::replace(&folder.join(format.file), (format.write)(view).as_bytes())?;
    }
    report(folder, night)?;
    sync(folder)
}

/// Removes what a run that was killed had begun.
fn sweep(root: &Path) -> Result<()> {
    for path in folders(root)? {
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED)) {
            fs::remove_dir_all(&path).map_err(|e| files::unwritable(&path, &e))?;
        }
    }
    Ok(())
}

/// Lets `latest` point to a folder, in one step.
#[cfg(unix)]
fn point(root: &Path, name: &str) -> Result<()> {
    let (pointer, next) = (root.join(LATEST), root.join(format!(".{LATEST}")));
    match fs::remove_file(&next) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(files::unwritable(&next, &e)),
        _ => {}
    }
    std::os::unix::fs::symlink(name, &next)
        .and_then(|()| fs::rename(&next, &pointer))
        .map_err(|e| files::unwritable(&pointer, &e))
}

/// Writes the name of a folder into `latest`: not every system has links.
#[cfg(not(unix))]
fn point(root: &Path, name: &str) -> Result<()> {
    files::replace(&root.join(LATEST), name.as_bytes())
}

/// Removes the oldest folders beyond so many; none where it is 0. What is no folder of a night is left alone.
fn prune(root: &Path, keep: usize) -> Result<()> {
    if keep == 0 {
        return Ok(());
    }
    let mut nights: Vec<PathBuf> = folders(root)?.into_iter().filter(|path| is_night(path)).collect();
    nights.sort();
    for path in nights.iter().take(nights.len().saturating_sub(keep)) {
        fs::remove_dir_all(path).map_err(|e| files::unwritable(path, &e))?;
    }
    Ok(())
}

fn is_night(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let named = name.len() >= "2026-05-20T021500Z".len() && name.as_bytes()[10] == b'T' && name.as_bytes()[17] == b'Z';
    named && path.join("run.json").exists()
}

fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |e: std::io::Error| files::unreadable(root, &e);
    let mut found = Vec::new();
    for entry in fs::read_dir(root).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| files::unwritable(folder, &e))
}
