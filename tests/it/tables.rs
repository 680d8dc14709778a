//! Event tables for tests, from owned events and back.

use std::io::Cursor;
use std::path::Path;

use gaitkeeper::archive::columns::{COLUMNS, Field, PublishEvent, Row};
use gaitkeeper::archive::history::{History, intern};
use gaitkeeper::archive::store::Archive;
use gaitkeeper::archive::table::{show_time, to_parquet};
use gaitkeeper::archive::vocabulary::{Sym, Vocabulary};
use polars::io::parquet::read::ParquetReader;
use polars::io::parquet::write::{KeyValueMetadata, ParquetWriter};
use polars::prelude::{Column, DataFrame, SerReader};

/// The events as a Parquet table.
pub fn parquet(events: &[PublishEvent]) -> Vec<u8> {
    let mut words = Vocabulary::default();
    let mut rows: Vec<Row> = events.iter().map(|event| intern(event.clone(), &mut words)).collect();
    to_parquet(&mut rows, &words).expect("encoded")
}

/// The events as a CSV table with every column.
pub fn csv(events: &[PublishEvent]) -> Vec<u8> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS.iter().map(|column| column.name)).expect("header");
    for event in events {
        table.write_record(cells(&mut event.clone())).expect("row");
    }
    table.into_inner().expect("bytes")
}

fn cells(event: &mut PublishEvent) -> Vec<String> {
    let cell = |column: &gaitkeeper::archive::columns::Column| match column.field {
        Field::Text(cell, _) | Field::List(cell, _) => cell(event).clone(),
        Field::Flag(cell, _) => cell(event).map(|flag| flag.to_string()),
        Field::Int(cell, _) => cell(event).map(|number| number.to_string()),
        Field::Time(cell, _) => cell(event).map(show_time),
    };
    COLUMNS.iter().map(cell).map(Option::unwrap_or_default).collect()
}

/// A row as an owned event.
pub fn own(row: &Row, words: &Vocabulary) -> PublishEvent {
    let (mut row, mut event) = (row.clone(), PublishEvent::default());
    let text = |sym: Sym| sym.is_some().then(|| words.text(sym).to_owned());
    for column in COLUMNS {
        match column.field {
            Field::Text(to, from) | Field::List(to, from) => *to(&mut event) = text(*from(&mut row)),
            Field::Flag(to, from) => *to(&mut event) = *from(&mut row),
            Field::Int(to, from) | Field::Time(to, from) => *to(&mut event) = from(&mut row).get(),
        }
    }
    event
}

/// Everything that an archive holds, in the order of time.
pub fn held(archive: &Path) -> Vec<PublishEvent> {
    let History { words, events } = Archive::Dir(archive.to_owned()).load().expect("an archive");
    events.iter().map(|event| own(event, &words)).collect()
}

/// A Parquet table as a data frame.
pub fn frame(bytes: &[u8]) -> DataFrame {
    ParquetReader::new(Cursor::new(bytes)).finish().expect("a table")
}

/// A data frame as a Parquet table that says it was written by this version of the schema.
pub fn of_schema(mut frame: DataFrame, version: &'static str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let metadata = KeyValueMetadata::from_static(vec![("gaitkeeper.schema_version".into(), version.into())]);
    ParquetWriter::new(&mut bytes).with_key_value_metadata(Some(metadata)).finish(&mut frame).expect("encoded");
    bytes
}

/// The events as a Parquet table, with columns added or replaced.
pub fn with_columns(events: &[PublishEvent], columns: Vec<Column>) -> Vec<u8> {
    let mut table = frame(&parquet(events));
    for column in columns {
        table.with_column(column).expect("a column as long as the table");
    }
    of_schema(table, "1")
}
