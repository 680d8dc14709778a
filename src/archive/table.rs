//! Event tables on disk: Parquet and CSV, read into interned rows and written from them.

use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDateTime, SecondsFormat};
use polars::io::parquet::write::{KeyValueMetadata, ParquetCompression, ParquetWriter};
use polars::prelude::{
    BooleanChunked, Column as Series, DataFrame, DataType, Int64Chunked, IntoColumn, NewChunkedArray, StringChunked,
    TimeUnit, TimeZone,
};

use super::columns::{COLUMNS, Column, Field, Row, SCHEMA_VERSION};
use super::files;
use super::seal;
use super::sheet::{SCHEMA_KEY, Sheet, absent};
use super::vocabulary::{Sym, Vocabulary};
use crate::error::{Error, Result, line_of};
use crate::names::package_name_fault;

/// Earliest and latest usable publish time: 2009-01-01 (before any registry kept a log) and 2100-01-01.
const USABLE: std::ops::Range<i64> = 1_230_768_000_000..4_102_444_800_000;
/// A list that is known to hold no name, in CSV: there an empty cell is one that is not recorded.
const NO_NAMES: &str = "|";
const MICROS_PER_MILLI: i64 = 1_000;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// Rows of one table, and the columns of the schema that it does not have.
#[derive(Debug, Default)]
pub struct Table {
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
    /// Optional columns that the file lacks; they read as not recorded.
    pub absent: Vec<&'static str>,
    /// Columns of the file that the schema does not know; they are not read.
    pub unknown: Vec<String>,
}

/// Is this the beginning of a Parquet file?
#[must_use]
pub fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

/// Reads an event table, Parquet by its magic bytes, CSV otherwise.
///
/// # Errors
/// When the file cannot be read, lacks a required column, holds a column of another type, was
/// written by a later schema, or has a cell that cannot be: file, row and column are named.
pub fn read(path: &Path, words: &mut Vocabulary) -> Result<Table> {
    let bytes = fs::read(path).map_err(|e| files::unreadable(path, &e))?;
    if is_parquet(&bytes) { read_parquet(&bytes, path, words) } else { read_csv(&bytes, path, words) }
}

/// Reads a Parquet event table from memory; `name` stands for it in errors.
///
/// # Errors
/// As [`read`].
pub fn read_parquet(bytes: &[u8], name: &Path, words: &mut Vocabulary) -> Result<Table> {
    let sheet = Sheet::open(bytes, name)?;
    let mut table = Table {
        rows: vec![Row::default(); sheet.rows()],
        absent: sheet.absent()?,
        unknown: sheet.names.iter().filter(|n| COLUMNS.iter().all(|c| c.name != *n)).cloned().collect(),
    };
    // About what a history has: a commit for every other publish, and few other strings.
    words.reserve(sheet.rows() / 2);
    for column in COLUMNS {
        if let Some(series) = sheet.series(column)? {
            fill(column, &series, &mut table.rows, words).map_err(|e| e.file(name))?;
        }
    }
    check_rows(&table.rows, 0, words, &mut Vec::new()).map_err(|e| e.file(name))?;
    Ok(table)
}

/// Rows of columns that are in memory; `name` stands for them in errors.
///
/// # Errors
/// As [`read`].
pub fn from_frame(frame: &DataFrame, name: &Path, words: &mut Vocabulary) -> Result<Table> {
    let mut table = Table { rows: vec![Row::default(); frame.height()], ..Table::default() };
    for column in COLUMNS {
        match frame.column(column.name) {
            Ok(series) => fill(column, series, &mut table.rows, words).map_err(|e| e.file(name))?,
            Err(_) => absent(column, name, &mut table.absent)?,
        }
    }
    check_rows(&table.rows, 0, words, &mut Vec::new()).map_err(|e| e.file(name))?;
    Ok(table)
}

/// Fills one column of `rows` from as many values.
///
/// # Errors
/// When the values are of another type than the column.
pub(super) fn fill(column: &Column, series: &Series, rows: &mut [Row], words: &mut Vocabulary) -> Result<()> {
    if matches!(series.dtype(), DataType::Null) {
        return Ok(());
    }
    let mistyped = |wanted: &str| {
        Error::tool(format!("is of type {}, not {wanted}", series.dtype()))
            .place(format!("column {}", column.name))
            .remedy("write the column in the type that the schema names; `gaitkeeper columns` lists them")
    };
    match column.field {
        Field::Text(_, cell) => {
            fill_text(series.str().map_err(|_| mistyped("a string"))?, rows, cell, &mut |s| words.intern(s));
        }
        Field::List(_, cell) => {
            let strings = series.str().map_err(|_| mistyped("a string of names joined by `|`"))?;
            fill_text(strings, rows, cell, &mut |s| words.intern_list(s));
        }
        Field::Flag(_, cell) => {
            let flags = series.bool().map_err(|_| mistyped("a boolean"))?;
            let values = flags.downcast_iter().flat_map(IntoIterator::into_iter);
            rows.iter_mut().zip(values).for_each(|(row, value)| *cell(row) = value);
        }
        Field::Int(_, cell) => {
            if !series.dtype().is_integer() {
                return Err(mistyped("an integer"));
            }
            let wide = series.cast(&DataType::Int64).map_err(|_| mistyped("an integer"))?;
            let numbers = wide.i64().map_err(|_| mistyped("an integer"))?;
            let values = numbers.downcast_iter().flat_map(|chunk| chunk.iter());
            rows.iter_mut().zip(values).for_each(|(row, value)| *cell(row) = value.copied().into());
        }
        Field::Time(_, cell) => {
            let DataType::Datetime(unit, _) = series.dtype() else { return Err(mistyped("a timestamp")) };
            let per_milli = match unit {
                TimeUnit::Milliseconds => 1,
                TimeUnit::Microseconds => MICROS_PER_MILLI,
                TimeUnit::Nanoseconds => NANOS_PER_MILLI,
            };
            let stamps = series.to_physical_repr();
            let stamps = stamps.i64().map_err(|_| mistyped("a timestamp"))?;
            let values = stamps.downcast_iter().flat_map(|chunk| chunk.iter());
            for (row, value) in rows.iter_mut().zip(values) {
                *cell(row) = value.map(|v| v.div_euclid(per_milli)).into();
            }
        }
    }
    Ok(())
}

/// Interns a string column. Dictionary-encoded columns come as equal views, so a small cache over
/// the view's bits saves most hashing; equal bits within one chunk are the same bytes.
fn fill_text(
    strings: &StringChunked,
    rows: &mut [Row],
    cell: fn(&mut Row) -> &mut Sym,
    intern: &mut dyn FnMut(&str) -> Sym,
) {
    const SLOTS: usize = 1 << 12;
    let mut rows = rows.iter_mut();
    for chunk in strings.downcast_iter() {
        let mut cache = vec![(0u128, Sym::NONE); SLOTS];
        let views = chunk.views();
        for (i, (value, row)) in chunk.iter().zip(rows.by_ref()).enumerate() {
            let Some(text) = value else { continue };
            let bits = views[i].as_u128();
            #[allow(clippy::cast_possible_truncation, reason = "a slot number is a hash")]
            let slot = ((bits as u64 ^ (bits >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize;
            if cache[slot].0 != bits || cache[slot].1.is_none() {
                cache[slot] = (bits, intern(text));
            }
            *cell(row) = cache[slot].1;
        }
    }
}

/// Refuses rows that cannot be: `first` is the row of the file that the first of them is, from 0, and `sound` are the
/// package names that were found to be names.
///
/// # Errors
/// Row and column.
pub(super) fn check_rows(rows: &[Row], first: usize, words: &Vocabulary, sound: &mut Vec<bool>) -> Result<()> {
    const REMEDY: &str = "correct the row or take it out of the table";
    sound.resize(words.len().max(sound.len()), false);
    for (i, row) in rows.iter().enumerate() {
        let at = |column: &str| format!("row {}, column {column}", first + i + 1);
        let fault = |column: &str, what: String| Err(Error::tool(what).place(at(column)).remedy(REMEDY));
        for (column, value) in [("registry", row.registry), ("package", row.package), ("version", row.version)] {
            if value.is_none() {
                return fault(column, "is empty".to_owned());
            }
        }
        if !sound[row.package.index()] {
            if let Some(why) = package_name_fault(words.text(row.package)) {
                return fault("package", format!("`{}` is not a package name: {why}", words.text(row.package)));
            }
            sound[row.package.index()] = true;
        }
        match row.published_at.get() {
            Some(at) if USABLE.contains(&at) => {}
            Some(at) => return fault("published_at", format!("{} is outside 2009 to 2099", show_time(at))),
            None => return fault("published_at", "is empty".to_owned()),
        }
    }
    Ok(())
}

/// A time in milliseconds as RFC 3339 in UTC, to the millisecond.
#[must_use]
pub fn show_time(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map_or_else(|| format!("{millis} ms"), |t| t.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Milliseconds of a time as people and spreadsheets write it: RFC 3339, the same with a blank
/// instead of the `T`, without an offset (read as UTC), or with a trailing ` UTC`.
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let bare = text.strip_suffix(" UTC").unwrap_or(text);
    DateTime::parse_from_rfc3339(text)
        .map(|t| t.timestamp_millis())
        .or_else(|_| {
            NaiveDateTime::parse_from_str(bare, "%Y-%m-%d %H:%M:%S%.f").map(|t| t.and_utc().timestamp_millis())
        })
        .or_else(|_| {
            NaiveDateTime::parse_from_str(bare, "%Y-%m-%dT%H:%M:%S%.f").map(|t| t.and_utc().timestamp_millis())
        })
        .ok()
}

fn read_csv(bytes: &[u8], path: &Path, words: &mut Vocabulary) -> Result<Table> {
    let broken = |e: csv::Error| {
        Error::tool(format!("not a readable CSV table: {e}"))
            .file(path)
            .remedy("give an event table as UTF-8 CSV with a header, or as Parquet")
    };
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(broken)?.clone();
    let unknown = header.iter().filter(|n| COLUMNS.iter().all(|c| c.name != *n)).map(str::to_owned).collect();
    let mut table = Table { unknown, ..Table::default() };
    let mut present = Vec::new();
    for column in COLUMNS {
        match header.iter().position(|name| name == column.name) {
            Some(position) => present.push((column, position)),
            None => absent(column, path, &mut table.absent)?,
        }
    }
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let mut row = Row::default();
        for (column, position) in &present {
            let text = record.get(*position).unwrap_or_default();
            if !text.is_empty() && !set_cell(column, text, &mut row, words) {
                let line = line_of(bytes, record.position());
                return Err(Error::tool(format!("`{text}` is not {}", kind_name(column.field)))
                    .file(path)
                    .place(format!("row {}, line {line}, column {}", table.rows.len() + 1, column.name))
                    .remedy("correct the cell or leave it empty"));
            }
        }
        table.rows.push(row);
    }
    check_rows(&table.rows, 0, words, &mut Vec::new()).map_err(|e| e.file(path))?;
    Ok(table)
}

fn set_cell(column: &Column, text: &str, row: &mut Row, words: &mut Vocabulary) -> bool {
    match column.field {
        Field::Text(_, cell) => *cell(row) = words.intern(text),
        Field::List(_, cell) => *cell(row) = words.intern_list(if text == NO_NAMES { "" } else { text }),
        Field::Flag(_, cell) => *cell(row) = text.to_ascii_lowercase().parse().ok(),
        Field::Int(_, cell) => *cell(row) = text.parse().ok().into(),
        Field::Time(_, cell) => *cell(row) = parse_time(text).into(),
    }
    match column.field {
        Field::Text(..) | Field::List(..) => true,
        Field::Flag(_, cell) => cell(row).is_some(),
        Field::Int(_, cell) | Field::Time(_, cell) => cell(row).is_some(),
    }
}

/// What a column of this kind holds, in words.
#[must_use]
pub fn kind_name(field: Field) -> &'static str {
    match field {
        Field::Text(..) => "a string",
        Field::List(..) => "a string of names joined by `|`; in CSV `|` alone is a list without names",
        Field::Flag(..) => "true or false",
        Field::Int(..) => "a whole number",
        Field::Time(..) => "a time (RFC 3339, UTC)",
    }
}

/// The error for a table in which there is nothing.
#[must_use]
pub fn no_rows(path: &Path) -> Error {
    Error::no_input("the table has no rows").file(path).remedy("give a registry's history, or what was published since")
}

/// Rows as a Parquet file in memory, with the schema version and the [`seal`] in its metadata.
///
/// # Errors
/// When the encoder fails.
pub fn to_parquet(rows: &mut [Row], words: &Vocabulary) -> Result<Vec<u8>> {
    let failed = |e: polars::prelude::PolarsError| Error::tool(format!("the Parquet encoder failed: {e}"));
    let mut frame = to_frame(rows, words)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(vec![
            (SCHEMA_KEY.to_owned(), SCHEMA_VERSION.to_string()),
            (seal::KEY.to_owned(), seal::BLANK.to_owned()),
        ])))
        .finish(&mut frame)
        .map_err(failed)?;
    seal::seal(&mut bytes);
    Ok(bytes)
}

/// Rows as columns, in the order of the schema.
///
/// # Errors
/// Never: the columns are as long as there are rows.
pub fn to_frame(rows: &mut [Row], words: &Vocabulary) -> Result<DataFrame> {
    let columns = COLUMNS.iter().map(|column| to_series(column, rows, words)).collect();
    DataFrame::new(rows.len(), columns).map_err(|e| Error::tool(format!("the columns differ: {e}")))
}

/// Rows as CSV with a header, as [`read`] takes it.
///
/// # Errors
/// When a row cannot be written.
pub fn to_csv(rows: &mut [Row], words: &Vocabulary) -> Result<Vec<u8>> {
    let failed = |e: csv::Error| Error::tool(format!("the CSV writer failed: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS.iter().map(|c| c.name)).map_err(failed)?;
    for row in rows {
        let cells = COLUMNS.iter().map(|column| match column.field {
            Field::List(_, cell) if cell(row).is_some() && words.text(*cell(row)).is_empty() => NO_NAMES.to_owned(),
            Field::Text(_, cell) | Field::List(_, cell) => words.text(*cell(row)).to_owned(),
            Field::Flag(_, cell) => cell(row).map_or_else(String::new, |flag| flag.to_string()),
            Field::Int(_, cell) => cell(row).get().map_or_else(String::new, |number| number.to_string()),
            Field::Time(_, cell) => cell(row).get().map_or_else(String::new, show_time),
        });
        writer.write_record(cells.collect::<Vec<_>>()).map_err(failed)?;
    }
    writer.into_inner().map_err(|e| Error::tool(format!("the CSV writer failed: {e}")))
}

fn to_series(column: &Column, rows: &mut [Row], words: &Vocabulary) -> Series {
    let name = column.name.into();
    match column.field {
        Field::Text(_, cell) | Field::List(_, cell) => {
            let texts = rows.iter_mut().map(|r| *cell(r)).map(|s| s.is_some().then(|| words.text(s)));
            StringChunked::from_iter_options(name, texts).into_column()
        }
        Field::Flag(_, cell) => {
            BooleanChunked::from_iter_options(name, rows.iter_mut().map(|r| *cell(r))).into_column()
        }
        Field::Int(_, cell) => {
            Int64Chunked::from_iter_options(name, rows.iter_mut().map(|r| cell(r).get())).into_column()
        }
        Field::Time(_, cell) => {
            let stamps = Int64Chunked::from_iter_options(name, rows.iter_mut().map(|r| cell(r).get()));
            stamps.into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
        }
    }
}
