//! Tables of known attacks: event tables with `campaign`, `instance` and, where attacks are split
//! over several runs, `fold`; and lists of incidents that say when a malicious version was found out.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use polars::io::parquet::read::ParquetReader;
use polars::prelude::{DataType, SerReader};

use super::columns::Row;
use super::files;
use super::table;
use super::vocabulary::{Sym, Vocabulary};
use crate::error::{Error, Result};

/// One malicious publish.
#[derive(Clone, Debug)]
pub struct Attack {
    /// The publish.
    pub row: Row,
    /// The campaign that it belongs to, or is modelled on.
    pub campaign: Sym,
    /// The incident: one victim, one or more publishes.
    pub instance: Sym,
    /// The run in which it takes part.
    pub fold: i64,
}

/// Reads a table of attacks (Parquet).
///
/// # Errors
/// As [`table::read`]; also when a label column is missing or empty.
pub fn read(path: &Path, words: &mut Vocabulary) -> Result<Vec<Attack>> {
    let bytes = fs::read(path).map_err(|e| files::unreadable(path, &e))?;
    if !table::is_parquet(&bytes) {
        return Err(Error::tool("a table of attacks must be Parquet")
            .file(path)
            .remedy("convert it, for example with polars"));
    }
    let rows = table::read_parquet(&bytes, path, words)?.rows;
    let campaigns = texts(&bytes, path, "campaign", words)?;
    let instances = texts(&bytes, path, "instance", words)?;
    let folds = numbers(&bytes, path, "fold")?.unwrap_or_else(|| vec![0; rows.len()]);
    Ok(rows
        .into_iter()
        .zip(campaigns.into_iter().zip(instances))
        .zip(folds)
        .map(|((row, (campaign, instance)), fold)| Attack { row, campaign, instance, fold })
        .collect())
}

/// When a malicious version was reported or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Registry, package and version.
    pub release: [Sym; 3],
    /// Milliseconds since the epoch.
    pub ended: i64,
}

/// Column of a list of incidents that tells the time of a report or removal.
const ENDED: &str = "detected_or_removed_utc";

/// Reads a list of incidents (CSV with `registry`, `package`, `version` and `detected_or_removed_utc`).
/// Rows that name no version, or a day and no time of day, are left out.
///
/// # Errors
/// When it cannot be read, is no CSV table or lacks a column.
pub fn removals(path: &Path, words: &mut Vocabulary) -> Result<Vec<Removal>> {
    let bytes = fs::read(path).map_err(|e| files::unreadable(path, &e))?;
    let broken = |e: csv::Error| {
        Error::tool(format!("no list of incidents: {e}")).file(path).remedy("give a CSV table with a header")
    };
    let mut table = csv::Reader::from_reader(bytes.as_slice());
    let header = table.headers().map_err(broken)?.clone();
    let place = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| {
            Error::tool(format!("the column `{name}` is missing"))
                .file(path)
                .remedy(format!("a list of incidents has the columns registry, package, version and {ENDED}"))
        })
    };
    let places = [place("registry")?, place("package")?, place("version")?];
    let ended = place(ENDED)?;
    let mut found = Vec::new();
    for record in table.records() {
        let record = record.map_err(broken)?;
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let to_the_minute = cell(ended).contains('T');
        if let Some(ended) = table::parse_time(cell(ended)).filter(|_| to_the_minute)
            && !cell(places[2]).is_empty()
        {
            found.push(Removal { release: places.map(|at| words.intern(cell(at))), ended });
        }
    }
    Ok(found)
}

fn column(bytes: &[u8], path: &Path, name: &str) -> Result<Option<polars::prelude::Column>> {
    let broken = |e: polars::prelude::PolarsError| {
        Error::tool(format!("the column `{name}` cannot be read: {e}")).file(path).remedy("write the table again")
    };
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    if !reader.schema().map_err(broken)?.contains(name) {
        return Ok(None);
    }
    let frame = reader.with_columns(Some(vec![name.to_owned()])).finish().map_err(broken)?;
    frame.column(name).cloned().map(Some).map_err(broken)
}

fn texts(bytes: &[u8], path: &Path, name: &str, words: &mut Vocabulary) -> Result<Vec<Sym>> {
    let missing = |what: &str| {
        Error::tool(format!("the column `{name}` {what}"))
            .file(path)
            .remedy("a table of attacks names the campaign and the instance of every row, as strings")
    };
    let column = column(bytes, path, name)?.ok_or_else(|| missing("is missing"))?;
    let strings = column.str().map_err(|_| missing("is not a string"))?;
    strings
        .downcast_iter()
        .flat_map(|chunk| chunk.iter())
        .map(|text| text.map(|t| words.intern(t)).ok_or_else(|| missing("has an empty cell")))
        .collect()
}

fn numbers(bytes: &[u8], path: &Path, name: &str) -> Result<Option<Vec<i64>>> {
    let Some(column) = column(bytes, path, name)? else { return Ok(None) };
    let wrong = || {
        Error::tool(format!("the column `{name}` is not a whole number in every row"))
            .file(path)
            .remedy("number the runs 0, 1, ...")
    };
    if !column.dtype().is_integer() {
        return Err(wrong());
    }
    let wide = column.cast(&DataType::Int64).map_err(|_| wrong())?;
    let values = wide.i64().map_err(|_| wrong())?;
    values
        .downcast_iter()
        .flat_map(|chunk| chunk.iter())
        .map(|v| v.copied().ok_or_else(wrong))
        .collect::<Result<_>>()
        .map(Some)
}
