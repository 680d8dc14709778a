//! The row groups of a Parquet file that may be larger than memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::io::parquet::metadata::FileMetadataRef;
use polars::io::parquet::read::ParquetReader;
use polars::prelude::{DataFrame, SerReader};

use super::files;
use super::sheet::{broken, said};
use crate::error::Result;

/// A file of which the footer was read.
pub(super) struct Groups {
    /// The file.
    pub(super) path: PathBuf,
    metadata: FileMetadataRef,
    /// Names of the columns that are read: at first all.
    pub(super) wanted: Vec<String>,
}

impl Groups {
    /// Reads the footer.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut reader = ParquetReader::new(files::open(path)?);
        let metadata = Arc::clone(reader.get_metadata().map_err(|e| broken(path, &e))?);
        let schema = reader.schema().map_err(|e| broken(path, &e))?;
        let wanted = schema.iter_names().map(ToString::to_string).collect();
        Ok(Self { path: path.to_path_buf(), metadata, wanted })
    }

    /// What the file says of itself under a key.
    pub(super) fn said(&self, key: &str) -> Option<String> {
        said(&self.metadata, key)
    }

    /// Rows of the file.
    pub(super) fn rows(&self) -> usize {
        self.metadata.num_rows
    }

    /// First row and columns of each row group, read when it is asked for.
    pub(super) fn frames(&self) -> impl Iterator<Item = (usize, Result<DataFrame>)> {
        let mut next = 0;
        self.metadata.row_groups.iter().map(move |group| {
            let first = next;
            next += group.num_rows();
            (first, self.frame(first, group.num_rows()))
        })
    }

    fn frame(&self, first: usize, rows: usize) -> Result<DataFrame> {
        let mut reader = ParquetReader::new(files::open(&self.path)?)
            .with_columns(Some(self.wanted.clone()))
            .with_slice(Some((first, rows)));
        reader.set_metadata(Arc::clone(&self.metadata));
        reader.finish().map_err(|e| broken(&self.path, &e))
    }
}
