//! The table of a backtest: one row an event, as CSV or Parquet.

use std::fmt::Write;
use std::path::Path;

use polars::io::parquet::write::ParquetWriter;
use polars::prelude::{
    BooleanChunked, Column, DataFrame, Float32Chunked, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray,
    StringChunked, TimeUnit, TimeZone,
};
use rustc_hash::FxHashMap;

use crate::archive::files;
use crate::archive::history::History;
use crate::archive::table::show_time;
use crate::detect::alert::source_name;
use crate::detect::evidence::Judgement;
use crate::detect::score::Source;
use crate::detect::signals::SIGNALS;
use crate::engine::backtest::{NAMED, Run, Scored};
use crate::error::{Error, Result};

/// Is a table written as Parquet, by the ending of its name?
///
/// # Errors
/// When the ending is neither `.csv` nor `.parquet`.
pub fn wants_parquet(path: &Path) -> Result<bool> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("parquet") => Ok(true),
        Some("csv") => Ok(false),
        _ => Err(Error::usage("the ending says how a table is written").file(path).remedy("name it .csv or .parquet")),
    }
}

/// Checks the name of a table that is written as Parquet only.
///
/// # Errors
/// When the ending is another.
pub fn must_be_parquet(path: &Path) -> Result<()> {
    if path.extension().is_some_and(|ending| ending == "parquet") {
        return Ok(());
    }
    Err(Error::usage("this table is written as Parquet only").file(path).remedy("name it .parquet"))
}

/// Writes a backtest's scores. The file appears under its name only when it is complete.
///
/// # Errors
/// When the ending is unknown or the file cannot be written.
pub fn write(path: &Path, run: &Run, scores: &[Scored]) -> Result<()> {
    let bytes = if wants_parquet(path)? { to_parquet(columns(run, scores))? } else { to_csv(run, scores) };
    files::replace(path, &bytes)
}

fn to_csv(run: &Run, scores: &[Scored]) -> Vec<u8> {
    let words = &run.history.words;
    let mut rows = csv::Writer::from_writer(Vec::with_capacity(scores.len() * 112));
    let mut header: Vec<String> =
        ["registry", "package", "version", "published_at", "score", "p_value", "is_attack", "campaign", "instance"]
            .map(str::to_owned)
            .to_vec();
    for i in 1..=NAMED {
        header.extend([format!("reason_{i}"), format!("points_{i}")]);
    }
    // Writing to a vector never fails. Half a million rows of fifteen cells: what is formatted goes
    // through one buffer, and a source's name is made once.
    let _ = rows.write_record(&header);
    let mut names = Names::default();
    let mut cell = String::new();
    for (i, (event, score)) in run.history.events.iter().zip(scores).enumerate() {
        let label = run.labels.get(&i);
        for text in [event.registry, event.package, event.version] {
            let _ = rows.write_field(words.text(text));
        }
        let _ = rows.write_field(show_time(event.at));
        let _ = rows.write_field(decimal(&mut cell, i64::from(score.points), 2));
        #[allow(clippy::cast_possible_truncation, reason = "a probability in millionths")]
        let millionths = (score.p_value * 1e6).round() as i64;
        let _ = rows.write_field(decimal(&mut cell, millionths, 6));
        let _ = rows.write_field(if label.is_some() { "true" } else { "false" });
        let _ = rows.write_field(label.map_or("", |l| words.text(l.0)));
        let _ = rows.write_field(label.map_or("", |l| words.text(l.1)));
        for contribution in &score.largest {
            let _ = rows.write_field(contribution.map_or("", |c| names.of(c.source)));
            let points = contribution.map(|c| decimal(&mut cell, i64::from(c.points), 2));
            let _ = rows.write_field(points.unwrap_or_default());
        }
        let _ = rows.write_record(None::<&[u8]>);
    }
    rows.into_inner().unwrap_or_default()
}

/// Names of contributions, each made once.
#[derive(Default)]
struct Names(FxHashMap<Source, String>);

impl Names {
    fn of(&mut self, source: Source) -> &str {
        self.0.entry(source).or_insert_with(|| source_name(source))
    }
}

/// A whole number of `places`-th decimals as a decimal fraction, in a buffer that is used again.
fn decimal(cell: &mut String, value: i64, places: usize) -> &str {
    cell.clear();
    let _ = write!(cell, "{:0width$}", value.unsigned_abs(), width = places + 1);
    cell.insert(cell.len() - places, '.');
    if value < 0 {
        cell.insert(0, '-');
    }
    cell
}

fn columns(run: &Run, scores: &[Scored]) -> Vec<Column> {
    let (words, events) = (&run.history.words, &run.history.events);
    let text = |name: &str, values: Vec<Option<&str>>| {
        StringChunked::from_iter_options(name.into(), values.into_iter()).into_column()
    };
    let label = |i: usize,
                 pick: fn(
        &(crate::archive::vocabulary::Sym, crate::archive::vocabulary::Sym),
    ) -> crate::archive::vocabulary::Sym| { run.labels.get(&i).map(|l| words.text(pick(l))) };
    let mut all = keys(&run.history);
    let score = |s: &Scored| f64::from(s.points) / 100.0;
    all.push(Float64Chunked::from_iter_values("score".into(), scores.iter().map(score)).into_column());
    all.push(Float64Chunked::from_iter_values("p_value".into(), scores.iter().map(|s| s.p_value)).into_column());
    all.push(
        BooleanChunked::from_iter_values("is_attack".into(), (0..events.len()).map(|i| run.labels.contains_key(&i)))
            .into_column(),
    );
    all.push(text("campaign", (0..events.len()).map(|i| label(i, |l| l.0)).collect()));
    all.push(text("instance", (0..events.len()).map(|i| label(i, |l| l.1)).collect()));
    for k in 0..NAMED {
        let names: Vec<Option<String>> = scores.iter().map(|s| s.largest[k].map(|c| source_name(c.source))).collect();
        all.push(text(&format!("reason_{}", k + 1), names.iter().map(Option::as_deref).collect()));
        let points = scores.iter().map(|s| s.largest[k].map(|c| f64::from(c.points) / 100.0));
        all.push(Float64Chunked::from_iter_options(format!("points_{}", k + 1).into(), points).into_column());
    }
    all
}

fn keys(history: &History) -> Vec<Column> {
    let (words, events) = (&history.words, &history.events);
    let text = |name: &str, values: Vec<Option<&str>>| {
        StringChunked::from_iter_options(name.into(), values.into_iter()).into_column()
    };
    let stamps = Int64Chunked::from_iter_values("published_at".into(), events.iter().map(|e| e.at));
    vec![
        text("registry", events.iter().map(|e| Some(words.text(e.registry))).collect()),
        text("package", events.iter().map(|e| Some(words.text(e.package))).collect()),
        text("version", events.iter().map(|e| Some(words.text(e.version))).collect()),
        stamps.into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column(),
    ]
}

/// Surprise of every signal at every event, in bits; empty where it could not be judged.
pub struct Surprises {
    bits: Vec<Vec<Option<f32>>>,
}

impl Default for Surprises {
    fn default() -> Self {
        Self { bits: vec![Vec::new(); SIGNALS.len()] }
    }
}

impl Surprises {
    /// Adds one event's judgements.
    pub fn note(&mut self, judgements: &[Judgement]) {
        for (column, judgement) in self.bits.iter_mut().zip(judgements) {
            column.push(if let Judgement::Bits(bits) = judgement { Some(*bits) } else { None });
        }
    }

    /// Writes them beside the keys of the history's events, as Parquet.
    ///
    /// # Errors
    /// When the ending is another or the file cannot be written.
    pub fn write(self, path: &Path, history: &History) -> Result<()> {
        must_be_parquet(path)?;
        let mut all = keys(history);
        for (signal, bits) in SIGNALS.iter().zip(self.bits) {
            all.push(Float32Chunked::from_iter_options(signal.id.into(), bits.into_iter()).into_column());
        }
        files::replace(path, &to_parquet(all)?)
    }
}

fn to_parquet(columns: Vec<Column>) -> Result<Vec<u8>> {
    let failed = |e: polars::prelude::PolarsError| Error::tool(format!("the Parquet encoder failed: {e}"));
    let rows = columns.first().map_or(0, Column::len);
    let mut frame = DataFrame::new(rows, columns).map_err(failed)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).map_err(failed)?;
    Ok(bytes)
}
