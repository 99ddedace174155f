//! Pins: the version that a request holds, in a context variable.
//!
//! **In**: the view to pin. **Out**: context managers. **Law**: the outermost pin of a context sets the variable and clears it; an inner
//! one changes nothing unless it asks for another version. One manager serves all requests of a version: it holds no state.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::slots;

/// Sets the variable to `inside` on entering and to `outside` on leaving.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigPin {
    view: Py<PyAny>,
    /// `ContextVar.set`, and its arguments; none when nothing is to be done.
    set: Option<Py<PyAny>>,
    inside: Py<PyTuple>,
    outside: Py<PyTuple>,
}

impl ConfigPin {
    pub(crate) fn new(py: Python<'_>, view: &Bound<'_, PyAny>, set: Option<&Py<PyAny>>, outside: Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            view: view.clone().unbind(),
            set: set.map(|set| set.clone_ref(py)),
            inside: PyTuple::new(py, [view])?.unbind(),
            outside: PyTuple::new(py, [outside])?.unbind(),
        })
    }
}

#[pymethods]
impl ConfigPin {
    fn __enter__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(set) = &self.set {
            slots::call(set.bind(py), self.inside.bind(py))?;
        }
        Ok(self.view.clone_ref(py))
    }

    #[pyo3(signature = (_kind, _error, _trace, /))]
    fn __exit__(&self, py: Python<'_>, _kind: &Bound<'_, PyAny>, _error: &Bound<'_, PyAny>, _trace: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Some(set) = &self.set {
            slots::call(set.bind(py), self.outside.bind(py))?;
        }
        Ok(())
    }
}
