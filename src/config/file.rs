//! Settings files of other programs: read whole, bounded, and never fatal.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use super::Surroundings;
use crate::error::{Error, Result};

/// The largest settings file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Reads a settings file as text; bytes that are no UTF-8 become U+FFFD. `None` if there is none.
///
/// # Errors
/// It cannot be read, is larger than 1 MiB, or is no file.
pub(super) fn read(path: &Path) -> Result<Option<String>> {
    // The usual way to say that there is no such file.
    if path == Path::new("/dev/null") {
        return Ok(None);
    }
    // A pipe would be waited for without end, so the kind is asked before it is opened.
    match fs::metadata(path) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(path, &error)),
        Ok(meta) if !meta.is_file() => return Err(Error::tool("is no file").file(path)),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::tool("is larger than 1 MiB: too large for settings").file(path));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()))
}

/// As [`read`], with every failure turned into a warning.
pub(super) fn read_or_warn(s: &Surroundings, path: &Path, warnings: &mut Vec<String>) -> Option<String> {
    read(path).unwrap_or_else(|error| {
        warnings.push(format!("{}: {}; its settings are not used", s.shown(path), error.what));
        None
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::tool(format!("cannot be read: {error}")).file(path).remedy("check that the file may be read")
}
