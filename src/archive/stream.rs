//! Event tables that are larger than memory: rows are set cell by cell into a block of columns, and blocks
//! go into a Parquet file one after the other.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use polars::io::parquet::write::{
    BatchedWriter, KeyValueMetadata, ParquetCompression, ParquetWriter, StatisticsOptions,
};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{
    BooleanChunked, ChunkFullNull, ChunkTake, Column as Series, DataFrame, IdxSize, Int64Chunked, IntoColumn,
    PolarsError, StringChunked, StringChunkedBuilder, TimeUnit, TimeZone,
};
use tempfile::NamedTempFile;

use super::columns::{COLUMNS, Field, SCHEMA_VERSION};
use super::files;
use super::sheet::SCHEMA_KEY;
use crate::error::{Error, Result};

/// Rows of a block, and so of a row group of the file.
pub const BLOCK: usize = 1 << 18;
/// How hard columns are compressed: the default, 3, makes a file smaller by a twenty-fifth and takes longer.
const LEVEL: i32 = 1;

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
    /// Places among the strings of the block.
    Text(Vec<IdxSize>),
    Flag(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    Time(Vec<Option<i64>>),
}

/// A string that many rows have: a block keeps it once.
#[derive(Clone, Debug, Default)]
pub struct Repeated {
    text: Box<str>,
    /// The block that had it last, and its place there.
    block: u32,
    place: IdxSize,
}

impl Repeated {
    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<T: Into<Box<str>>> From<T> for Repeated {
    fn from(text: T) -> Self {
        Self { text: text.into(), block: 0, place: 0 }
    }
}

/// Place of what is null among the strings of a block.
const NULL: IdxSize = 0;

/// Rows of an event table, column by column.
pub struct Block {
    /// Another number for each block of the process.
    number: u32,
    names: Vec<&'static str>,
    cells: Vec<Cells>,
    strings: StringChunkedBuilder,
    /// Strings so far, and the null before them.
    held: IdxSize,
    rows: usize,
}

impl Block {
    /// No rows yet; with room for the labels of attacks if wanted.
    #[must_use]
    pub fn new(labels: bool) -> Self {
        static NUMBERS: AtomicU32 = AtomicU32::new(1);
        let mut columns: Vec<(&'static str, Kind)> = COLUMNS.iter().map(|c| (c.name, c.field.into())).collect();
        if labels {
            columns.extend(LABELS);
        }
        let cells = columns.iter().map(|&(_, kind)| match kind {
            Kind::Text => Cells::Text(Vec::new()),
            Kind::Flag => Cells::Flag(Vec::new()),
            Kind::Int => Cells::Int(Vec::new()),
            Kind::Time => Cells::Time(Vec::new()),
        });
        let mut strings = StringChunkedBuilder::new("".into(), 0);
        strings.append_null();
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            cells: cells.collect(),
            names: columns.iter().map(|(name, _)| *name).collect(),
            strings,
            held: NULL + 1,
            rows: 0,
        }
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
        let place = self.keep(value);
        self.set(column, place);
    }

    /// The same for one that other rows have too.
    pub fn repeated(&mut self, column: usize, value: &mut Repeated) {
        if value.block != self.number {
            value.place = self.keep(&value.text);
            value.block = self.number;
        }
        self.set(column, value.place);
    }

    fn keep(&mut self, value: &str) -> IdxSize {
        self.strings.append_value(value);
        self.held += 1;
        self.held - 1
    }

    fn set(&mut self, column: usize, place: IdxSize) {
        if let Cells::Text(places) = &mut self.cells[column] {
            places.resize(self.rows - 1, NULL);
            places.push(place);
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
        let (rows, strings) = (self.rows, self.strings.finish());
        let columns: std::result::Result<Vec<Series>, PolarsError> =
            self.cells.into_iter().zip(self.names).map(|(c, name)| series(c, &strings, name, rows)).collect();
        DataFrame::new(rows, columns?)
    }
}

fn series(cells: Cells, strings: &StringChunked, name: &str, rows: usize) -> std::result::Result<Series, PolarsError> {
    Ok(match cells {
        Cells::Text(places) if places.is_empty() => StringChunked::full_null(name.into(), rows).into_column(),
        Cells::Text(mut places) => {
            places.resize(rows, NULL);
            strings.take(&places)?.with_name(name.into()).into_column()
        }
        Cells::Flag(mut values) => {
            values.resize(rows, None);
            values.into_iter().collect::<BooleanChunked>().with_name(name.into()).into_column()
        }
        Cells::Int(values) => numbers(values, name, rows).into_column(),
        Cells::Time(values) => {
            numbers(values, name, rows).into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
        }
    })
}

fn numbers(mut values: Vec<Option<i64>>, name: &str, rows: usize) -> Int64Chunked {
    values.resize(rows, None);
    values.into_iter().collect::<Int64Chunked>().with_name(name.into())
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
            .with_compression(ParquetCompression::Zstd(ZstdLevel::try_new(LEVEL).ok()))
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
