//! Stored JSON → Python objects.
//!
//! **In**: the JSON of a stored document. **Out**: what `json.loads` makes of it: integers of any size, and the order of the members,
//! stay as they were written.

use findspot_engine::schema::{KeyKind, Schema};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use crate::errors;

static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Any JSON value.
pub(crate) fn value<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let loads = LOADS.get_or_try_init(py, || py.import("json")?.getattr("loads").map(Bound::unbind))?;
    let text = std::str::from_utf8(json).map_err(|_| errors::defect(py, "internal defect: stored JSON is no UTF-8; please report it"))?;
    loads.bind(py).call1((PyString::new(py, text),))
}

/// A document.
pub(crate) fn document<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    Ok(value(py, json)?.cast_into::<PyDict>()?)
}

/// A key as the schema has it: text, or an integer.
pub(crate) fn key<'py>(py: Python<'py>, schema: &Schema, key: &str) -> PyResult<Bound<'py, PyAny>> {
    if schema.key_kind() == KeyKind::Integer
        && let Ok(number) = key.parse::<i64>()
    {
        return Ok(number.into_pyobject(py)?.into_any());
    }
    Ok(PyString::new(py, key).into_any())
}
