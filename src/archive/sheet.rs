//! A Parquet event table, column by column.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use polars::io::parquet::metadata::FileMetadataRef;
use polars::io::parquet::read::ParquetReader;
use polars::prelude::{Column as Series, NewChunkedArray, PolarsError, SerReader, UInt32Chunked};

use super::columns::{COLUMNS, Column, SCHEMA_VERSION};
use crate::error::{Error, Result};

/// Key of the schema version in a file's metadata.
pub(super) const SCHEMA_KEY: &str = "gaitkeeper.schema_version";

/// A Parquet event table in memory, of which no column has been read yet.
pub(super) struct Sheet<'a> {
    bytes: &'a [u8],
    name: &'a Path,
    metadata: FileMetadataRef,
    pub(super) names: Vec<String>,
}

impl<'a> Sheet<'a> {
    /// Reads the footer.
    ///
    /// # Errors
    /// When there is none, or a later schema wrote it.
    pub(super) fn open(bytes: &'a [u8], name: &'a Path) -> Result<Self> {
        let broken = |e: PolarsError| broken(name, &e);
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let metadata = Arc::clone(reader.get_metadata().map_err(broken)?);
        let names = reader.schema().map_err(broken)?.iter_names().map(ToString::to_string).collect();
        check_schema_version(said(&metadata, SCHEMA_KEY).as_deref(), name)?;
        Ok(Self { bytes, name, metadata, names })
    }

    /// Rows of the table.
    pub(super) fn rows(&self) -> usize {
        self.metadata.num_rows
    }

    /// Optional columns that the table lacks.
    pub(super) fn absent(&self) -> Result<Vec<&'static str>> {
        let mut missing = Vec::new();
        for column in COLUMNS.iter().filter(|column| !self.names.iter().any(|name| name == column.name)) {
            absent(column, self.name, &mut missing)?;
        }
        Ok(missing)
    }

    /// One column; `None` where the table lacks it.
    ///
    /// # Errors
    /// When its pages are damaged.
    pub(super) fn series(&self, column: &Column) -> Result<Option<Series>> {
        if !self.names.iter().any(|name| name == column.name) {
            return Ok(None);
        }
        let broken = |e: PolarsError| broken(self.name, &e);
        let mut reader = ParquetReader::new(Cursor::new(self.bytes)).with_columns(Some(vec![column.name.to_owned()]));
        reader.set_metadata(Arc::clone(&self.metadata));
        let frame = reader.finish().map_err(broken)?;
        frame.column(column.name).cloned().map(Some).map_err(broken)
    }

    /// The values of a column at some places.
    ///
    /// # Errors
    /// When the table has fewer rows.
    pub(super) fn chosen(&self, series: &Series, places: &[u32]) -> Result<Series> {
        let places = UInt32Chunked::from_slice("".into(), places);
        series.take(&places).map_err(|e| broken(self.name, &e))
    }
}

pub(super) fn broken(name: &Path, cause: &PolarsError) -> Error {
    Error::tool(format!("not a readable Parquet file: {cause}"))
        .file(name)
        .remedy("the file may be cut off: fetch or export it again")
}

/// What a file says of itself under a key.
pub(super) fn said(metadata: &FileMetadataRef, key: &str) -> Option<String> {
    let pairs = metadata.key_value_metadata().as_ref()?;
    pairs.iter().find(|p| p.key == key).and_then(|p| p.value.as_deref()).map(str::to_owned)
}

pub(super) fn check_schema_version(found: Option<&str>, name: &Path) -> Result<()> {
    match found.map(str::parse::<u32>) {
        None => Ok(()),
        Some(Ok(version)) if version <= SCHEMA_VERSION => Ok(()),
        Some(_) => Err(Error::tool(format!(
            "written with event schema {}, this program knows up to {SCHEMA_VERSION}",
            found.unwrap_or_default()
        ))
        .file(name)
        .remedy("update gaitkeeper")),
    }
}

/// Notes a column that a table lacks.
///
/// # Errors
/// When the table must have it.
pub(super) fn absent(column: &Column, name: &Path, absent: &mut Vec<&'static str>) -> Result<()> {
    if column.required {
        return Err(Error::tool(format!("the column `{}` is missing", column.name))
            .file(name)
            .remedy(format!("an event table needs at least {}", required_names())));
    }
    absent.push(column.name);
    Ok(())
}

fn required_names() -> String {
    COLUMNS.iter().filter(|c| c.required).map(|c| c.name).collect::<Vec<_>>().join(", ")
}
