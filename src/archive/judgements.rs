//! Scores of a registry as a Parquet table: registry, package, version, `published_at` (UTC), score (natural logarithm of
//! the odds, to the hundredth) and `p_value`, in the order of the history.

use std::path::Path;

use polars::prelude::{
    Column as Series, DataFrame, Float32Chunked, Float64Chunked, Int64Chunked, IntoColumn, StringChunked,
    StringChunkedBuilder, TimeUnit, TimeZone,
};

use super::stream::{BLOCK, Sink, failed};
use crate::error::Result;

/// A table of judgements that is being written.
pub struct Judgements {
    sink: Sink,
    rows: Rows,
}

struct Rows {
    texts: [StringChunkedBuilder; 3],
    at: Vec<i64>,
    score: Vec<f32>,
    p_value: Vec<f64>,
}

impl Default for Rows {
    fn default() -> Self {
        let text = |name: &str| StringChunkedBuilder::new(name.into(), BLOCK);
        Self {
            texts: ["registry", "package", "version"].map(text),
            at: Vec::with_capacity(BLOCK),
            score: Vec::with_capacity(BLOCK),
            p_value: Vec::with_capacity(BLOCK),
        }
    }
}

impl Rows {
    fn frame(self) -> Result<DataFrame> {
        let height = self.at.len();
        let mut columns: Vec<Series> =
            self.texts.into_iter().map(StringChunkedBuilder::finish).map(StringChunked::into_column).collect();
        let at = Int64Chunked::from_vec("published_at".into(), self.at);
        columns.push(at.into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column());
        columns.push(Float32Chunked::from_vec("score".into(), self.score).into_column());
        columns.push(Float64Chunked::from_vec("p_value".into(), self.p_value).into_column());
        DataFrame::new(height, columns).map_err(|e| failed(&e))
    }
}

impl Judgements {
    /// Opens a table beside `path`, where it appears when it is finished.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        Ok(Self { sink: Sink::like(path, &Rows::default().frame()?)?, rows: Rows::default() })
    }

    /// Adds a publish: `at` in milliseconds since the epoch, `points` in hundredths.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn add(&mut self, registry: &str, package: &str, version: &str, at: i64, points: i32, p: f64) -> Result<()> {
        let rows = &mut self.rows;
        for (text, value) in rows.texts.iter_mut().zip([registry, package, version]) {
            text.append_value(value);
        }
        rows.at.push(at);
        #[allow(clippy::cast_possible_truncation, reason = "hundredths of at most some ten thousand")]
        rows.score.push((f64::from(points) / 100.0) as f32);
        rows.p_value.push(p);
        if rows.at.len() < BLOCK {
            return Ok(());
        }
        self.sink.write_frame(&std::mem::take(&mut self.rows).frame()?)
    }

    /// Ends the table and gives it its name.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(mut self) -> Result<()> {
        self.sink.write_frame(&self.rows.frame()?)?;
        self.sink.finish()
    }
}
