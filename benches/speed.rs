//! Speed of the two things that must be fast: a whole backtest, and reading packuments.
//!
//! `cargo bench --bench speed` prints events and bytes a second. The history is the one in the box; packuments
//! are read from `GAITKEEPER_SHARED` (default `../shared`) and left out where they are absent.
//! One core: `POLARS_MAX_THREADS=1 taskset -c 0 cargo bench --bench speed`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gaitkeeper::acquire::{document, npm};
use gaitkeeper::archive::columns::Row;
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::table;
use gaitkeeper::archive::vocabulary::Vocabulary;
use gaitkeeper::detect::model::Model;
use gaitkeeper::engine::backtest::Material;
use gaitkeeper::engine::embedded::fold;

fn main() {
    divan::main();
}

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/history.parquet")
}

fn model() -> Model {
    Model::embedded().expect("the embedded model")
}

/// From the Parquet file to a score for every event.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn backtest_from_parquet_to_scores(bencher: Bencher) {
    let (path, model) = (events(), model());
    let count = Material::read(&path, None).expect("the history").into_run(None).history.events.len();
    bencher
        .counter(ItemsCount::new(count))
        .bench(|| Material::read(&path, None).expect("the history").into_run(None).score(&model, |_| {}));
}

/// The Parquet file to rows, without judging anything.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_history(bencher: Bencher) {
    let path = events();
    let count = table::read(&path, &mut Vocabulary::default()).expect("the history").rows.len();
    bencher
        .counter(ItemsCount::new(count))
        .bench(|| table::read(&path, &mut Vocabulary::default()).expect("the history"));
}

/// The history `times` times over, each time under other packages and accounts.
fn repeated(times: usize) -> &'static History {
    static MADE: [OnceLock<History>; 3] = [OnceLock::new(), OnceLock::new(), OnceLock::new()];
    let slot = match times {
        1 => 0,
        4 => 1,
        _ => 2,
    };
    MADE[slot].get_or_init(|| {
        let mut words = Vocabulary::default();
        let rows = table::read(&events(), &mut words).expect("the history").rows;
        let mut all: Vec<Row> = Vec::with_capacity(rows.len() * times);
        for copy in 0..times {
            for row in &rows {
                let mut row = row.clone();
                if copy > 0 {
                    for name in [&mut row.package, &mut row.publisher, &mut row.repository] {
                        if name.is_some() && words.text(*name) != gaitkeeper::names::NPM_TRUSTED_PUBLISHER_ACCOUNT {
                            let renamed = format!("{}-{copy}", words.text(*name));
                            *name = words.intern(&renamed);
                        }
                    }
                }
                all.push(row);
            }
        }
        History::new(all, words)
    })
}

/// The fold alone, at one, four and sixteen times the history: events a second must not fall.
#[divan::bench(args = [1, 4, 16], sample_count = 3, sample_size = 1)]
fn fold_over_history(bencher: Bencher, times: usize) {
    let (history, model) = (repeated(times), model());
    bencher.counter(ItemsCount::new(history.events.len())).bench(|| {
        let mut sum = 0i64;
        fold(history, &model, |assessed| sum += i64::from(assessed.assessment.points));
        sum
    });
}

fn documents() -> Vec<Vec<u8>> {
    let shared = std::env::var_os("GAITKEEPER_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let Ok(folder) = fs::read_dir(shared.join("packuments")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = folder.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    paths.iter().map(|path| document::read(path).expect("a document")).collect()
}

/// Packuments in memory to verbatim facts.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn parse_packuments(bencher: Bencher) {
    let documents = documents();
    let bytes: usize = documents.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        documents.iter().map(|document| npm::parse(document).expect("a packument").releases.len()).sum::<usize>()
    });
}
