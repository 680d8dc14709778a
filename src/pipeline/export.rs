//! Where findings go: to standard output or a file in one format, and to a folder in all of them.

use std::fs;
use std::path::{Path, PathBuf};

use super::Means;
use crate::archive::files;
use crate::cli::output::Output;
use crate::error::Result;
use crate::report::FORMATS;
use crate::report::view::View;

/// Refuses to write where a file stands that is read.
pub(super) fn must_be_apart(output: &Output, read: &[&Path]) -> Result<()> {
    let of_folder = |folder: &PathBuf| FORMATS.iter().map(|format| folder.join(format.file)).collect::<Vec<_>>();
    let written = output.export.iter().flat_map(of_folder).chain(output.output.clone());
    written.into_iter().try_for_each(|path| files::must_not_be(&path, read))
}

/// Writes a view as asked. Files of a folder are all made before the first of them takes its name, so that a full disk
/// leaves those of the last run together.
pub(super) fn deliver(view: &View, format: &str, output: &Output, means: &Means) -> Result<()> {
    if let Some(folder) = &output.export {
        fs::create_dir_all(folder).map_err(|e| files::unwritable(folder, &e))?;
        let texts: Vec<_> = FORMATS.iter().map(|format| (folder.join(format.file), format.for_file(view))).collect();
        files::replace_all(&texts)?;
        means.terminal.remark(&format!("{} files in {}", texts.len(), folder.display()));
    }
    let Some(format) = FORMATS.iter().find(|f| f.id == format) else { return Ok(()) };
    match &output.output {
        Some(path) => files::replace(path, format.for_file(view).as_bytes()),
        None => means.terminal.result(&(format.write)(view)),
    }
}
