//! Pins: the version that a request holds, in a context variable.
//!
//! **In**: the view to pin. **Out**: context managers. **Law**: the outermost pin of a context sets the variable and clears it; an inner
//! one changes nothing unless it asks for another version. One manager serves all requests of a version: it holds no state.

use pyo3::prelude::*;

use super::slots;

/// Sets the variable to `inside` on entering and to `outside` on leaving.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigPin {
    view: Py<PyAny>,
    /// The context variable; none when nothing is to be done.
    variable: Option<Py<PyAny>>,
    outside: Py<PyAny>,
}

impl ConfigPin {
    pub(crate) fn new(view: &Bound<'_, PyAny>, variable: Option<&Bound<'_, PyAny>>, outside: &Bound<'_, PyAny>) -> Self {
        Self {
            view: view.clone().unbind(),
            variable: variable.map(|variable| variable.clone().unbind()),
            outside: outside.clone().unbind(),
        }
    }
}

#[pymethods]
impl ConfigPin {
    fn __enter__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(variable) = &self.variable {
            slots::hold(variable.bind(py), self.view.bind(py))?;
        }
        Ok(self.view.clone_ref(py))
    }

    #[pyo3(signature = (_kind, _error, _trace, /))]
    fn __exit__(&self, py: Python<'_>, _kind: &Bound<'_, PyAny>, _error: &Bound<'_, PyAny>, _trace: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Some(variable) = &self.variable {
            slots::hold(variable.bind(py), self.outside.bind(py))?;
        }
        Ok(())
    }
}
