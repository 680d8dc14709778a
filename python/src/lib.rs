//! gaitkeeper for Python: the kernels of [`gaitkeeper::engine::partition`] over Arrow tables, and event tables as Arrow.
//!
//! What each part does is told in `gaitkeeper/__init__.pyi`, which is what Python shows.

mod arrow;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use gaitkeeper::archive::columns::{COLUMNS, SCHEMA_VERSION};
use gaitkeeper::archive::files;
use gaitkeeper::archive::scan::{RECORDED, UNREAD};
use gaitkeeper::archive::table;
use gaitkeeper::archive::vocabulary::Vocabulary;
use gaitkeeper::detect::calibration::MOST;
use gaitkeeper::detect::model::Model as Judge;
use gaitkeeper::engine::partition::{self, Accounts, Packages};
use gaitkeeper::error::Error;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use arrow::{Table, columns};

/// An error with its remedy, for people.
#[allow(clippy::needless_pass_by_value, reason = "it is what a failed result is mapped with")]
fn told(error: Error) -> PyErr {
    let remedy = error.remedy.as_ref().map(|remedy| format!("\nhelp: {remedy}")).unwrap_or_default();
    PyValueError::new_err(format!("{error}{remedy}"))
}

/// What judges: the signals' weights, priors and reference scores.
#[pyclass(frozen, module = "gaitkeeper")]
struct Model {
    text: Option<String>,
    judge: Arc<Judge>,
}

#[pymethods]
impl Model {
    #[new]
    #[pyo3(signature = (text=None))]
    fn new(text: Option<String>) -> PyResult<Self> {
        let judge = match &text {
            None => Judge::embedded(),
            Some(text) => Judge::parse(text, "the model".as_ref()),
        };
        Ok(Self { text, judge: Arc::new(judge.map_err(told)?) })
    }

    /// Hash of the model's file.
    #[getter]
    fn id(&self) -> &str {
        &self.judge.id
    }

    /// Goes to other processes as its text.
    fn __reduce__(slf: &Bound<'_, Self>) -> (Py<PyAny>, (Option<String>,)) {
        (slf.get_type().into_any().unbind(), (slf.get().text.clone(),))
    }

    fn __repr__(&self) -> String {
        format!("gaitkeeper.Model({})", self.judge.id)
    }
}

fn or_embedded(model: Option<&Bound<'_, Model>>) -> PyResult<Arc<Judge>> {
    match model {
        Some(model) => Ok(Arc::clone(&model.get().judge)),
        None => Judge::embedded().map(Arc::new).map_err(told),
    }
}

/// Columns of the event schema: name, type, required, meaning, and whether a judgement depends on it.
#[pyfunction(name = "columns")]
fn schema() -> Vec<(&'static str, &'static str, bool, &'static str, bool)> {
    let of = |c: &gaitkeeper::archive::columns::Column| {
        (c.name, table::kind_name(c.field), c.required, c.doc, !UNREAD.contains(&c.name))
    };
    COLUMNS.iter().map(of).collect()
}

/// Reads an event table, Parquet or CSV.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "an argument of Python comes as a value")]
fn read_events(py: Python<'_>, path: PathBuf) -> PyResult<Table> {
    py.detach(|| {
        let mut words = Vocabulary::default();
        let mut rows = table::read(&path, &mut words)?.rows;
        table::to_frame(&mut rows, &words)
    })
    .map(Table::new)
    .map_err(told)
}

/// Writes an event table as Parquet, with the version of the schema. The file appears when it is complete.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "an argument of Python comes as a value")]
fn write_events(py: Python<'_>, data: &Bound<'_, PyAny>, path: PathBuf) -> PyResult<()> {
    let frame = columns(data)?;
    py.detach(|| {
        let mut words = Vocabulary::default();
        let mut rows = table::from_frame(&frame, "the table".as_ref(), &mut words)?.rows;
        files::replace(&path, &table::to_parquet(&mut rows, &words)?)
    })
    .map_err(told)
}

/// Judges a whole history, in any order: registry, package, version, published_at, score, p_value and teaches, in the order of time, then package,
/// version and registry.
#[pyfunction]
#[pyo3(signature = (data, model=None))]
fn score(py: Python<'_>, data: &Bound<'_, PyAny>, model: Option<&Bound<'_, Model>>) -> PyResult<Table> {
    let (frame, judge) = (columns(data)?, or_embedded(model)?);
    py.detach(|| partition::score(frame, &judge)).map(Table::new).map_err(told)
}

/// The column account: who each publish counts as, null where the registry does not say.
#[pyfunction]
fn accounts(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Table> {
    let frame = columns(data)?;
    py.detach(|| partition::accounts(frame)).map(Table::new).map_err(told)
}

/// When the names in some publishes appeared in them: name (a 64-bit hash) and first_seen (milliseconds since 1970).
#[pyfunction]
fn first_sights(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Table> {
    let frame = columns(data)?;
    py.detach(|| partition::first_sights(frame)).map(Table::new).map_err(told)
}

/// The pass over accounts, for one partition: all publishes of an account follow each other, by time in milliseconds, package, version and
/// registry.
#[pyclass(frozen, module = "gaitkeeper")]
struct AccountPass(Mutex<Accounts>);

#[pymethods]
impl AccountPass {
    #[new]
    #[pyo3(signature = (model=None))]
    fn new(model: Option<&Bound<'_, Model>>) -> PyResult<Self> {
        Ok(Self(Mutex::new(Accounts::new(or_embedded(model)?))))
    }

    /// The column side for the next batch, which has the columns of the schema and stale.
    fn sides(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Table> {
        let frame = columns(data)?;
        py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).sides(frame)).map(Table::new).map_err(told)
    }
}

/// The pass over packages, for one partition: all publishes of a package follow each other, as for AccountPass. sights are all rows of
/// first_sights of the whole history.
#[pyclass(frozen, module = "gaitkeeper")]
struct PackagePass(Mutex<Packages>);

#[pymethods]
impl PackagePass {
    #[new]
    #[pyo3(signature = (sights, model=None))]
    fn new(sights: &Bound<'_, PyAny>, model: Option<&Bound<'_, Model>>) -> PyResult<Self> {
        let packages = Packages::new(or_embedded(model)?, &columns(sights)?).map_err(told)?;
        Ok(Self(Mutex::new(packages)))
    }

    /// The columns points and teaches for the next batch, which has the columns of the schema, stale and side.
    fn points(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Table> {
        let frame = columns(data)?;
        py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).points(frame)).map(Table::new).map_err(told)
    }
}

/// The last pass, over all publishes in the order of time.
#[pyclass(frozen, module = "gaitkeeper")]
struct Ranks(Mutex<partition::Ranks>);

#[pymethods]
impl Ranks {
    #[new]
    #[pyo3(signature = (model=None))]
    fn new(model: Option<&Bound<'_, Model>>) -> PyResult<Self> {
        Ok(Self(Mutex::new(partition::Ranks::new(or_embedded(model)?))))
    }

    /// The columns score and p_value for the next batch, which has published_at, points and teaches.
    fn judge(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Table> {
        let frame = columns(data)?;
        py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).judge(&frame)).map(Table::new).map_err(told)
    }
}

#[pymodule]
fn _gaitkeeper(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("SCHEMA_VERSION", SCHEMA_VERSION)?;
    module.add("STALE_MS", partition::STALE)?;
    module.add("RECORDED", RECORDED)?;
    module.add("WINDOW", MOST)?;
    module.add_class::<Table>()?;
    module.add_class::<Model>()?;
    module.add_class::<AccountPass>()?;
    module.add_class::<PackagePass>()?;
    module.add_class::<Ranks>()?;
    module.add_function(wrap_pyfunction!(schema, module)?)?;
    module.add_function(wrap_pyfunction!(read_events, module)?)?;
    module.add_function(wrap_pyfunction!(write_events, module)?)?;
    module.add_function(wrap_pyfunction!(score, module)?)?;
    module.add_function(wrap_pyfunction!(accounts, module)?)?;
    module.add_function(wrap_pyfunction!(first_sights, module)?)?;
    Ok(())
}
