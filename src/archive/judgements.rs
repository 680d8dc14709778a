//! Scores of a registry as a Parquet table: registry, package, version, `published_at` (UTC), score (natural logarithm of
//! the odds, to the hundredth), `p_value`, and `teaches` (later publishes are ranked against it), in the order of the history.

use std::path::Path;

use polars::prelude::{
    BooleanChunked, Column as Series, DataFrame, Float32Chunked, Float64Chunked, Int64Chunked, IntoColumn,
    NewChunkedArray, StringChunked, StringChunkedBuilder, TimeUnit, TimeZone,
};

use super::block::BLOCK;
use super::groups::Groups;
use super::stream::{Sink, failed};
use crate::error::{Error, Result};

/// Key of the model's id in the file's metadata.
const MODEL: &str = "gaitkeeper.model";
/// Key of the number of publishes that came before.
const BEFORE: &str = "gaitkeeper.publishes_before";
/// Key of the [`mark`](super::snapshot::mark) of their scores.
const AFTER: &str = "gaitkeeper.ranked_after";

/// A score as tables have it: the natural logarithm of the odds, of points in hundredths.
#[allow(clippy::cast_possible_truncation, reason = "hundredths of at most some ten thousand")]
#[must_use]
pub fn score(points: i32) -> f32 {
    (f64::from(points) / 100.0) as f32
}

/// A table of judgements that is being written.
pub struct Judgements {
    sink: Sink,
    rows: Rows,
}

/// Judgements that are not in a table yet.
pub struct Rows {
    texts: [StringChunkedBuilder; 3],
    at: Vec<i64>,
    score: Vec<f32>,
    p_value: Vec<f64>,
    teaches: Vec<bool>,
}

impl Default for Rows {
    fn default() -> Self {
        let text = |name: &str| StringChunkedBuilder::new(name.into(), BLOCK);
        Self {
            texts: ["registry", "package", "version"].map(text),
            at: Vec::with_capacity(BLOCK),
            score: Vec::with_capacity(BLOCK),
            p_value: Vec::with_capacity(BLOCK),
            teaches: Vec::with_capacity(BLOCK),
        }
    }
}

impl Rows {
    /// Adds a publish: `at` in milliseconds since the epoch, `points` in hundredths.
    pub fn add(&mut self, release: [&str; 3], at: i64, points: i32, p_value: f64, teaches: bool) {
        for (text, value) in self.texts.iter_mut().zip(release) {
            text.append_value(value);
        }
        self.at.push(at);
        self.score.push(score(points));
        self.p_value.push(p_value);
        self.teaches.push(teaches);
    }

    /// The columns.
    ///
    /// # Errors
    /// Never: they are all as long.
    pub fn frame(self) -> Result<DataFrame> {
        let height = self.at.len();
        let mut columns: Vec<Series> =
            self.texts.into_iter().map(StringChunkedBuilder::finish).map(StringChunked::into_column).collect();
        let at = Int64Chunked::from_vec("published_at".into(), self.at);
        columns.push(at.into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column());
        columns.push(Float32Chunked::from_vec("score".into(), self.score).into_column());
        columns.push(Float64Chunked::from_vec("p_value".into(), self.p_value).into_column());
        columns.push(BooleanChunked::from_slice("teaches".into(), &self.teaches).into_column());
        DataFrame::new(height, columns).map_err(|e| failed(&e))
    }
}

impl Judgements {
    /// Opens a table of what a model judged, by its id, after so many publishes whose scores have this mark, beside `path`, where
    /// it appears when it is finished.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(path: &Path, model: &str, before: u64, after: &str) -> Result<Self> {
        let facts = [(MODEL, model), (BEFORE, &before.to_string()), (AFTER, after)];
        Ok(Self { sink: Sink::of(path, Rows::default().frame()?.schema(), &facts)?, rows: Rows::default() })
    }

    /// Adds a publish, registry, package and version, as [`Rows::add`] takes it.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn add(&mut self, release: [&str; 3], at: i64, points: i32, p_value: f64, teaches: bool) -> Result<()> {
        let rows = &mut self.rows;
        rows.add(release, at, points, p_value, teaches);
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

/// What is read again of a judgement: time in milliseconds since the epoch, points in hundredths, and whether it teaches.
pub type Judgement = (i64, i32, bool);

/// A table of judgements that is read piece by piece.
pub struct Judged {
    groups: Groups,
    /// Id of the model that judged.
    pub model: String,
    /// Publishes that were judged before it.
    pub before: u64,
    /// Mark of the scores among which it was ranked.
    pub after: String,
}

impl Judged {
    /// Opens a table that [`Judgements`] wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn open(path: &Path) -> Result<Self> {
        let mut groups = Groups::open(path)?;
        groups.wanted = ["published_at", "score", "teaches"].map(str::to_owned).to_vec();
        let before = groups.said(BEFORE).and_then(|before| before.parse().ok());
        match groups.said(MODEL).zip(before).zip(groups.said(AFTER)) {
            Some(((model, before), after)) => Ok(Self { groups, model, before, after }),
            None => Err(not_judgements(path)),
        }
    }

    /// Rows of the table.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.groups.rows()
    }

    /// Judgements, row group by row group.
    pub fn pieces(&self) -> impl Iterator<Item = Result<Vec<Judgement>>> {
        self.groups.frames().map(|(_, frame)| self.piece(&frame?))
    }

    fn piece(&self, frame: &DataFrame) -> Result<Vec<Judgement>> {
        let strange = |_| not_judgements(&self.groups.path);
        let at = frame.column("published_at").map_err(strange)?.to_physical_repr();
        let (at, scores) = (at.i64().map_err(strange)?, frame.column("score").map_err(strange)?);
        let (scores, teaches) = (scores.f32().map_err(strange)?, frame.column("teaches").map_err(strange)?);
        let rows = at.iter().zip(scores.iter()).zip(teaches.bool().map_err(strange)?.iter());
        #[allow(clippy::cast_possible_truncation, reason = "hundredths of what was a whole number of them")]
        let judgement = |((at, score), teaches): ((Option<i64>, Option<f32>), Option<bool>)| {
            Some((at?, (f64::from(score?) * 100.0).round() as i32, teaches?))
        };
        rows.map(|row| judgement(row).ok_or_else(|| not_judgements(&self.groups.path))).collect()
    }
}

fn not_judgements(path: &Path) -> Error {
    Error::tool("is no table of judgements, or does not say any more which model judged, and after what")
        .file(path)
        .remedy("give the file that `gaitkeeper sweep --out` wrote, as it is")
}
