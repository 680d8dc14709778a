//! Columns to and from Python: the Arrow PyCapsule interface (Apache Arrow, "The Arrow PyCapsule Interface"), which pyarrow, polars,
//! pandas, DuckDB and others speak. Nothing is copied on the way in but strings and bytes, whose layout differs.

use std::ffi::CStr;

use polars::prelude::{Column, CompatLevel, DataFrame, PolarsError, PolarsResult, Series};
use polars_arrow::array::{Array, StructArray, new_empty_array};
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::ffi::{ArrowArrayStream, ArrowArrayStreamReader, export_iterator};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// Name of a capsule that holds a stream, set by the interface.
const STREAM: &CStr = c"arrow_array_stream";

fn refused(cause: &PolarsError) -> PyErr {
    PyValueError::new_err(format!("these Arrow columns cannot be read: {cause}"))
}

/// The columns of anything that has `__arrow_c_stream__`.
///
/// # Errors
/// When it has not, or hands out something else than a table.
#[allow(unsafe_code, reason = "the C stream interface; safe as far as whoever made the capsule keeps to it")]
pub fn columns(data: &Bound<'_, PyAny>) -> PyResult<DataFrame> {
    let method = data.getattr("__arrow_c_stream__").map_err(|_| {
        PyTypeError::new_err(format!(
            "{} is no Arrow table: give what has `__arrow_c_stream__`, as a pyarrow Table or RecordBatchReader or a polars DataFrame",
            data.get_type()
        ))
    })?;
    let given = method.call0()?;
    let capsule = given.cast::<PyCapsule>()?;
    let stream = capsule.pointer_checked(Some(STREAM))?.cast::<ArrowArrayStream>();
    // SAFETY: a capsule of that name holds a stream. It is taken out, and an empty one, which was released, stays behind, so that
    // the capsule's destructor leaves it alone.
    let stream = unsafe { std::mem::replace(&mut *stream.as_ptr(), ArrowArrayStream::empty()) };
    // SAFETY: a live stream, until now of the capsule alone.
    let mut reader = unsafe { ArrowArrayStreamReader::try_new(Box::new(stream)) }.map_err(|e| refused(&e))?;
    let ArrowDataType::Struct(fields) = reader.field().dtype().clone() else {
        return Err(PyTypeError::new_err("an Arrow table is wanted, not an array"));
    };
    let mut chunks: Vec<Vec<Box<dyn Array>>> = vec![Vec::new(); fields.len()];
    let mut height = 0;
    // SAFETY: the arrays are those that the stream's schema promises.
    while let Some(batch) = unsafe { reader.next() } {
        let batch = batch.map_err(|e| refused(&e))?;
        height += batch.len();
        let batch = batch.as_any().downcast_ref::<StructArray>().expect("an array of the type of its field");
        for (chunks, values) in chunks.iter_mut().zip(batch.values()) {
            chunks.push(values.clone());
        }
    }
    let columns = fields.iter().zip(chunks).map(|(field, chunks)| column(field, chunks)).collect::<PolarsResult<_>>();
    DataFrame::new(height, columns.map_err(|e| refused(&e))?).map_err(|e| refused(&e))
}

fn column(field: &Field, chunks: Vec<Box<dyn Array>>) -> PolarsResult<Column> {
    let chunks = if chunks.is_empty() { vec![new_empty_array(field.dtype.clone())] } else { chunks };
    Series::try_from((field, chunks)).map(Column::from)
}

/// Columns for Python: an object with `__arrow_c_stream__`, as often as it is asked for.
#[pyclass(frozen, module = "gaitkeeper")]
pub struct Table {
    frame: DataFrame,
}

impl Table {
    /// Hands these columns out.
    pub fn new(mut frame: DataFrame) -> Self {
        frame.align_chunks_par();
        Self { frame }
    }
}

#[pymethods]
impl Table {
    /// The columns as a stream of batches. They are handed out as they are, whatever `requested_schema` asks for.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let fields: Vec<Field> =
            self.frame.columns().iter().map(|column| column.field().to_arrow(CompatLevel::oldest())).collect();
        let dtype = ArrowDataType::Struct(fields);
        let of_type = dtype.clone();
        let batches: Vec<PolarsResult<Box<dyn Array>>> = self
            .frame
            .iter_chunks(CompatLevel::oldest(), false)
            .map(|batch| {
                let height = batch.len();
                Ok(StructArray::try_new(of_type.clone(), height, batch.into_arrays(), None)?.boxed())
            })
            .collect();
        let stream = export_iterator(Box::new(batches.into_iter()), Field::new("".into(), dtype, false));
        PyCapsule::new_with_value(py, Stream(stream), STREAM)
    }

    /// Number of rows.
    fn __len__(&self) -> usize {
        self.frame.height()
    }

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.frame.columns().iter().map(|column| column.name().as_str()).collect();
        format!("gaitkeeper.Table({} rows: {})", self.frame.height(), names.join(", "))
    }
}

/// A stream that goes with its capsule; whoever takes it out leaves a released one.
#[repr(transparent)]
struct Stream(ArrowArrayStream);

#[allow(unsafe_code, reason = "the stream owns its batches, which are plain buffers")]
// SAFETY: everything behind the stream's pointers is owned by it and may go to another thread.
unsafe impl Send for Stream {}
