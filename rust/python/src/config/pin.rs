//! Pins: the version that a request holds, in a context variable.
//!
//! **In**: the view to pin. **Out**: context managers. **Law**: the outermost pin of a context sets the variable and clears it; an inner
//! one changes nothing unless it asks for another version. One manager serves all outermost pins of a store: it holds no state, and gives
//! the version that is current when it is entered.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::current::CurrentCell;
use super::slots;

/// What the manager of a store's outermost pins does.
#[pyclass(frozen, module = "findspot._native")]
struct OutermostPin {
    current: CurrentCell,
    variable: Py<PyAny>,
}

#[pymethods]
impl OutermostPin {
    fn enter(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let view = self.current.read(|current| current.view.clone_ref(py))?;
        slots::hold(self.variable.bind(py), view.bind(py))?;
        Ok(view)
    }

    #[pyo3(signature = (_kind, _error, _trace, /))]
    fn leave(&self, py: Python<'_>, _kind: &Bound<'_, PyAny>, _error: &Bound<'_, PyAny>, _trace: &Bound<'_, PyAny>) -> PyResult<()> {
        slots::hold(self.variable.bind(py), py.None().bind(py))
    }
}

/// The manager of a store's outermost pins.
///
/// It is the one instance of a class whose `__enter__` and `__exit__` are bound already: `with` looks both up in the class, and would make two
/// bound methods for each request otherwise, a fifth of the whole cost of a pin.
pub(super) fn outermost(variable: &Bound<'_, PyAny>, current: CurrentCell) -> PyResult<Py<PyAny>> {
    let py = variable.py();
    let pin = Bound::new(py, OutermostPin { current, variable: variable.clone().unbind() })?;
    let names = PyDict::new(py);
    names.set_item("__slots__", PyTuple::empty(py))?;
    names.set_item("__module__", "findspot.config")?;
    names.set_item("__doc__", "One version for a request.")?;
    names.set_item("__enter__", pin.getattr("enter")?)?;
    names.set_item("__exit__", pin.getattr("leave")?)?;
    let class = py.get_type::<PyType>().call1(("ConfigPin", PyTuple::empty(py), names))?;
    Ok(class.call0()?.unbind())
}

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
