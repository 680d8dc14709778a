//! Event tables that are larger than memory: rows are set cell by cell into a block of columns, and blocks
//! go into a Parquet file one after the other.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::{
    BatchedWriter, KeyValueMetadata, ParquetCompression, ParquetWriter, StatisticsOptions,
};
use polars::prelude::{
    BooleanChunked, ChunkFullNull, Column as Series, DataFrame, Int64Chunked, IntoColumn, NewChunkedArray, PolarsError,
    StringChunked, StringChunkedBuilder, TimeUnit, TimeZone,
};
use tempfile::NamedTempFile;

use super::columns::{COLUMNS, Field, SCHEMA_VERSION};
use super::files;
use super::sheet::SCHEMA_KEY;
use crate::error::{Error, Result};

/// Rows of a block, and so of a row group of the file.
pub const BLOCK: usize = 1 << 18;

/// Columns that tables of attacks have besides: what an attack belongs to, and the run in which it takes part.
pub const LABELS: [(&str, Kind); 4] =
    [("campaign", Kind::Text), ("instance", Kind::Text), ("fold", Kind::Int), ("ci_anomaly", Kind::Flag)];

/// How a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Strings.
    Text,
    /// True or false.
    Flag,
    /// Whole numbers.
    Int,
    /// Milliseconds since the Unix epoch, UTC.
    Time,
}

impl From<Field> for Kind {
    fn from(field: Field) -> Self {
        match field {
            Field::Text(..) | Field::List(..) => Self::Text,
            Field::Flag(..) => Self::Flag,
            Field::Int(..) => Self::Int,
            Field::Time(..) => Self::Time,
        }
    }
}

/// Position of a column of the schema, or of [`LABELS`] behind them.
///
/// # Panics
/// When there is none of that name.
#[must_use]
pub fn place(name: &str) -> usize {
    let names = COLUMNS.iter().map(|c| c.name).chain(LABELS.iter().map(|(name, _)| *name));
    names.into_iter().position(|n| n == name).expect("a column of the schema")
}

/// Values of one column so far. What was never set is made null when the block ends, or when a later row is set.
enum Cells {
    Text(Option<StringChunkedBuilder>, usize),
    Flag(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    Time(Vec<Option<i64>>),
}

/// Rows of an event table, column by column.
pub struct Block {
    names: Vec<&'static str>,
    cells: Vec<Cells>,
    rows: usize,
}

impl Block {
    /// No rows yet; with room for the labels of attacks if wanted.
    #[must_use]
    pub fn new(labels: bool) -> Self {
        let mut columns: Vec<(&'static str, Kind)> = COLUMNS.iter().map(|c| (c.name, c.field.into())).collect();
        if labels {
            columns.extend(LABELS);
        }
        let cells = columns.iter().map(|&(_, kind)| match kind {
            Kind::Text => Cells::Text(None, 0),
            Kind::Flag => Cells::Flag(Vec::new()),
            Kind::Int => Cells::Int(Vec::new()),
            Kind::Time => Cells::Time(Vec::new()),
        });
        Self { cells: cells.collect(), names: columns.iter().map(|(name, _)| *name).collect(), rows: 0 }
    }

    /// Begins the next row, in which nothing is recorded.
    pub fn begin(&mut self) {
        self.rows += 1;
    }

    /// Rows begun.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// No row has been begun.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Sets a string of the current row. A cell is set once.
    pub fn text(&mut self, column: usize, value: &str) {
        if let Cells::Text(builder, filled) = &mut self.cells[column] {
            let name = self.names[column];
            let builder = builder.get_or_insert_with(|| StringChunkedBuilder::new(name.into(), BLOCK));
            while *filled + 1 < self.rows {
                builder.append_null();
                *filled += 1;
            }
            builder.append_value(value);
            *filled += 1;
        }
    }

    /// Sets a flag of the current row.
    pub fn flag(&mut self, column: usize, value: bool) {
        if let Cells::Flag(values) = &mut self.cells[column] {
            values.resize(self.rows - 1, None);
            values.push(Some(value));
        }
    }

    /// Sets a number or a time of the current row.
    pub fn number(&mut self, column: usize, value: i64) {
        if let Cells::Int(values) | Cells::Time(values) = &mut self.cells[column] {
            values.resize(self.rows - 1, None);
            values.push(Some(value));
        }
    }

    fn frame(self) -> std::result::Result<DataFrame, PolarsError> {
        let rows = self.rows;
        let columns: Vec<Series> =
            self.cells.into_iter().zip(self.names).map(|(c, name)| series(c, name, rows)).collect();
        DataFrame::new(rows, columns)
    }
}

fn series(cells: Cells, name: &str, rows: usize) -> Series {
    match cells {
        Cells::Text(None, _) => StringChunked::full_null(name.into(), rows).into_column(),
        Cells::Text(Some(mut builder), filled) => {
            for _ in filled..rows {
                builder.append_null();
            }
            builder.finish().into_column()
        }
        Cells::Flag(mut values) => {
            values.resize(rows, None);
            BooleanChunked::from_slice_options(name.into(), &values).into_column()
        }
        Cells::Int(mut values) => {
            values.resize(rows, None);
            Int64Chunked::from_slice_options(name.into(), &values).into_column()
        }
        Cells::Time(mut values) => {
            values.resize(rows, None);
            let stamps = Int64Chunked::from_slice_options(name.into(), &values);
            stamps.into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
        }
    }
}

/// A Parquet file that takes blocks and appears under its name when it is finished.
pub struct Sink {
    writer: BatchedWriter<BufWriter<File>>,
    file: NamedTempFile,
    path: PathBuf,
}

impl Sink {
    /// Opens a file beside `path`, for blocks with or without labels.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(path: &Path, labels: bool) -> Result<Self> {
        Self::like(
            path,
            &Block::new(labels).frame().map_err(|e| failed(&e))?,
            &[(SCHEMA_KEY, &SCHEMA_VERSION.to_string())],
        )
    }

    /// The same for frames like this one; the file says `facts` of itself.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn like(path: &Path, empty: &DataFrame, facts: &[(&str, &str)]) -> Result<Self> {
        let file = files::beside(path)?;
        let handle = file.reopen().map_err(|e| files::unwritable(path, &e))?;
        let writer = ParquetWriter::new(BufWriter::new(handle))
            .with_compression(ParquetCompression::Zstd(None))
            // Whoever reads these tables reads all of them.
            .with_statistics(StatisticsOptions::empty())
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(
                facts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            )))
            .batched(empty.schema())
            .map_err(|e| failed(&e))?;
        Ok(Self { writer, file, path: path.to_path_buf() })
    }

    /// Writes a block as a row group.
    ///
    /// # Errors
    /// When the encoder fails or the disk is full.
    pub fn write(&mut self, block: Block) -> Result<()> {
        self.write_frame(&block.frame().map_err(|e| failed(&e))?)
    }

    /// The same for a frame.
    ///
    /// # Errors
    /// When the encoder fails or the disk is full.
    pub(super) fn write_frame(&mut self, frame: &DataFrame) -> Result<()> {
        self.writer.write_batch(frame).map_err(|e| failed(&e).file(&self.path))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self) -> Result<()> {
        self.writer.finish().map_err(|e| failed(&e).file(&self.path))?;
        drop(self.writer);
        self.file.as_file().sync_all().map_err(|e| files::unwritable(&self.path, &e))?;
        self.file.persist(&self.path).map_err(|e| files::unwritable(&self.path, &e.error))?;
        Ok(())
    }
}

pub(super) fn failed(cause: &PolarsError) -> Error {
    Error::tool(format!("the Parquet encoder failed: {cause}")).remedy("check the free space")
}
