//! One pinned view.
//!
//! **In**: the engine's view. **Out**: `_native.View`. **Law**: immutable; it holds its files until it is closed or dropped.

use std::sync::{Arc, PoisonError, RwLock};

use findspot_engine::base::{Error, Result};
use findspot_engine::search::View as Pinned;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

use crate::{decode, errors, gate};

/// A view, for the façade.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct View {
    /// `None` once it is closed.
    view: RwLock<Option<Arc<Pinned>>>,
}

impl View {
    pub(crate) fn new(view: Arc<Pinned>) -> Self {
        Self { view: RwLock::new(Some(view)) }
    }

    /// The engine's view, to keep for a call.
    pub(crate) fn pinned(&self, py: Python<'_>) -> PyResult<Arc<Pinned>> {
        let pinned = self.view.read().unwrap_or_else(PoisonError::into_inner).clone();
        pinned.ok_or_else(|| errors::to_python(py, &Error::Closed("the view is closed; index.view() makes another".to_owned())))
    }
}

#[pymethods]
impl View {
    #[pyo3(signature = (key, /))]
    fn get<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Option<(Bound<'py, PyAny>, u64)>> {
        get(py, &*self.pinned(py)?, key)
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        contains(py, &*self.pinned(py)?, key)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.pinned(py)?.len() as usize)
    }

    #[pyo3(signature = (text, strict, /))]
    fn parse(&self, py: Python<'_>, text: &Bound<'_, PyString>, strict: bool) -> PyResult<(String, String)> {
        parse(py, &*self.pinned(py)?, text, strict)
    }

    #[getter]
    fn generation(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.pinned(py)?.generation())
    }

    fn close(&self) {
        // Whoever searches it just now keeps it until the end of the search.
        drop(self.view.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// The document of a key, decoded, and its version.
pub(crate) fn get<'py>(py: Python<'py>, view: &Pinned, key: &Bound<'py, PyAny>) -> PyResult<Option<(Bound<'py, PyAny>, u64)>> {
    let key = key_text(key)?;
    match gate::inline(py, || view.get(&key))? {
        Some((json, version)) => Ok(Some((decode::value(py, &json)?, version.0))),
        None => Ok(None),
    }
}

pub(crate) fn contains(py: Python<'_>, view: &Pinned, key: &Bound<'_, PyAny>) -> PyResult<bool> {
    // As with a dict, a key of another type is simply not there.
    match key_text(key) {
        Ok(key) => gate::inline(py, || view.contains(&key)),
        Err(_) => Ok(false),
    }
}

/// The tree as JSON, and as text to read.
pub(crate) fn parse(py: Python<'_>, view: &Pinned, text: &Bound<'_, PyString>, strict: bool) -> PyResult<(String, String)> {
    let text = text.to_string_lossy();
    gate::inline(py, || -> Result<(String, String)> {
        let parsed = view.parse(&text, strict)?;
        Ok((parsed.to_json()?, parsed.query.to_string()))
    })
}

/// A key as the engine has it: text, or the decimal text of an integer.
pub(crate) fn key_text(key: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = key.cast::<PyString>() {
        return Ok(text.to_str()?.to_owned());
    }
    if key.is_instance_of::<PyInt>() && !key.is_instance_of::<PyBool>() {
        return Ok(key.str()?.to_str()?.to_owned());
    }
    Err(PyTypeError::new_err(format!("key: expected str or int, got {}", key.get_type().name()?)))
}
