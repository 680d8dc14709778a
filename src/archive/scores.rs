//! The scores of a history under a model, kept beside the model: how rare a score is takes those of a hundred thousand
//! publishes, and nobody should wait for them to be judged again to learn about one.

use std::io::Cursor;
use std::path::Path;

use polars::io::parquet::read::ParquetReader;
use polars::io::parquet::write::{KeyValueMetadata, ParquetCompression, ParquetWriter};
use polars::prelude::{DataFrame, Int32Chunked, IntoColumn, NewChunkedArray, PolarsError, SerReader};

use crate::error::{Error, Result};

/// Key of the model's id in the file's metadata.
const MODEL: &str = "gaitkeeper.model";
/// Key of the event table's hash.
const EVENTS: &str = "gaitkeeper.events";
const COLUMN: &str = "points";
/// Hexadecimal digits of an event table's hash.
const DIGITS: usize = 16;

/// Scores of every publish of an event table, in the order of its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scores {
    /// Id of the model.
    pub model: String,
    /// Beginning of the BLAKE3 of the event table's file.
    pub events: String,
    /// Points, hundredths.
    pub points: Vec<i32>,
}

/// What an event table is known by.
#[must_use]
pub fn fingerprint(table: &[u8]) -> String {
    blake3::hash(table).to_hex()[..DIGITS].to_owned()
}

impl Scores {
    /// As a Parquet file of one column.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn to_parquet(&self) -> Result<Vec<u8>> {
        let failed = |e: PolarsError| Error::tool(format!("the Parquet encoder failed: {e}"));
        let column = Int32Chunked::from_slice(COLUMN.into(), &self.points).into_column();
        let mut frame = DataFrame::new(self.points.len(), vec![column]).map_err(failed)?;
        let mut bytes = Vec::new();
        let pairs = vec![(MODEL.to_owned(), self.model.clone()), (EVENTS.to_owned(), self.events.clone())];
        ParquetWriter::new(&mut bytes)
            .with_compression(ParquetCompression::Zstd(None))
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(pairs)))
            .finish(&mut frame)
            .map_err(failed)?;
        Ok(bytes)
    }

    /// Reads what [`Scores::to_parquet`] wrote; `None` where it is of another model or of other events.
    ///
    /// # Errors
    /// When it is damaged; `name` stands for it.
    pub fn read(bytes: &[u8], name: &Path, model: &str, table: &[u8]) -> Result<Option<Self>> {
        let broken = |what: String| {
            Error::tool(format!("not a file of scores: {what}"))
                .file(name)
                .remedy("`gaitkeeper train` writes it beside its model")
        };
        let polars = |e: PolarsError| broken(e.to_string());
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let metadata = reader.get_metadata().map_err(polars)?;
        let said = |key: &str| {
            let pairs = metadata.key_value_metadata().as_ref()?;
            pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone())
        };
        let (made_by, of) = (said(MODEL), said(EVENTS));
        if made_by.as_deref() != Some(model) || of.as_deref() != Some(fingerprint(table).as_str()) {
            return Ok(None);
        }
        let frame = reader.finish().map_err(polars)?;
        let points = frame.column(COLUMN).map_err(polars)?.i32().map_err(polars)?;
        if points.null_count() > 0 {
            return Err(broken("a score is missing".to_owned()));
        }
        let points = points.downcast_iter().flat_map(|chunk| chunk.values_iter().copied()).collect();
        Ok(Some(Self { model: model.to_owned(), events: of.unwrap_or_default(), points }))
    }
}
