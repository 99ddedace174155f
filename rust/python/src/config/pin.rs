//! Pins: the version that a request holds, in a context variable.
//!
//! **In**: the view to pin. **Out**: context managers, and the view that a context has pinned. **Law**
//! 1. A pin is one `with`: from its beginning to its end it is the version of its context, and of every context that was copied meanwhile.
//! 2. What it holds it lets go of at its end, wherever copies of its context live on (tasks, callbacks, threads): they see the pin around it,
//!    or none. So a version is kept by nobody but who reads it.
//! 3. A pin inside a pin holds the same version on its own account: it does not end with the outer one.
//! 4. A pin that was begun and thrown away can never end; of such ones a context keeps the last.
//! 5. One manager serves all outermost pins of a store: it holds no state, gives the version that is current when it is entered, and ends the
//!    innermost pin that it began in the context in which it is left.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::current::CurrentCell;
use super::slots::{self, Place};

/// Ended holds that may be kept for the next pins.
const SPARE: usize = 64;

/// What a context holds of a pin, and copied contexts for longer.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigHold {
    /// The pinned view, until the end.
    view: Place<Option<Py<PyAny>>>,
    /// The pin around it.
    outside: Place<Option<Py<ConfigHold>>>,
    /// Whether the manager of the outermost pins began it, who knows it by the context alone.
    outermost: Place<bool>,
}

/// All pins of one store: their context variable, and ended holds to be used again, since making an object costs a third of a pin.
pub(crate) struct Pins {
    variable: Py<PyAny>,
    current: CurrentCell,
    spare: Place<Vec<Py<ConfigHold>>>,
}

impl Pins {
    pub(crate) fn new(variable: Py<PyAny>, current: CurrentCell) -> Self {
        Self { variable, current, spare: Place::new(Vec::new()) }
    }

    /// The view that this context has pinned.
    pub(crate) fn pinned<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.innermost(py, |_| true)?.map(|(_, view)| view))
    }

    /// A manager for one pin of a view.
    pub(crate) fn pin(self: &Arc<Self>, py: Python<'_>, view: Py<PyAny>) -> PyResult<Py<PyAny>> {
        let pin = ConfigPin { pins: Arc::clone(self), view: Place::new(Some(view)), hold: Place::new(None) };
        Ok(Py::new(py, pin)?.into_any())
    }

    /// The innermost pin of this context that has not ended, of those that are wanted.
    fn innermost<'py>(
        &self,
        py: Python<'py>,
        wanted: impl Fn(&ConfigHold) -> bool,
    ) -> PyResult<Option<(Bound<'py, ConfigHold>, Bound<'py, PyAny>)>> {
        let mut hold = self.held(py)?;
        while let Some(inner) = hold {
            if let Some(view) = inner.get().view.read(py)
                && wanted(inner.get())
            {
                return Ok(Some((inner, view)));
            }
            hold = inner.get().outside.read(py);
        }
        Ok(None)
    }

    /// What the variable holds.
    fn held<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, ConfigHold>>> {
        let held = slots::held(self.variable.bind(py))?.filter(|held| !held.is_none());
        Ok(held.and_then(|held| held.cast_into().ok()))
    }

    /// Begins a pin in this context.
    fn begin<'py>(&self, py: Python<'py>, view: Py<PyAny>, outermost: bool) -> PyResult<Bound<'py, ConfigHold>> {
        let outside = self.innermost(py, |_| true)?.map(|(outside, _)| outside);
        outside.as_ref().inspect(|outside| shorten(outside));
        let outside = outside.map(Bound::unbind);
        let hold = match self.spare.pop(py) {
            Some(spare) => {
                let (was, around) = (spare.get().view.replace(py, Some(view)), spare.get().outside.replace(py, outside));
                spare.get().outermost.replace(py, outermost);
                drop((was, around));
                spare.into_bound(py)
            }
            None => {
                Bound::new(py, ConfigHold { view: Place::new(Some(view)), outside: Place::new(outside), outermost: Place::new(outermost) })?
            }
        };
        slots::hold(self.variable.bind(py), hold.as_any())?;
        Ok(hold)
    }

    /// Ends a pin. In another context than that of its beginning, what is held there is perhaps another's, and stays.
    fn end(&self, hold: Bound<'_, ConfigHold>) -> PyResult<()> {
        let py = hold.py();
        drop(hold.get().view.replace(py, None));
        let mut held = self.held(py)?;
        while let Some(inner) = held {
            if inner.is(&hold) {
                drop(inner);
                return self.leave(hold);
            }
            // One that somebody will end lasts until then; one that nobody can ends here.
            if inner.get().view.read(py).is_some() && !is_lost(&inner) {
                break;
            }
            held = inner.get().outside.read(py);
        }
        self.keep(hold);
        Ok(())
    }

    /// Makes this context hold the pin around one that has ended.
    fn leave(&self, hold: Bound<'_, ConfigHold>) -> PyResult<()> {
        let py = hold.py();
        match hold.get().outside.read(py) {
            Some(outside) => slots::hold(self.variable.bind(py), outside.as_any())?,
            None => slots::hold(self.variable.bind(py), py.None().bind(py))?,
        }
        self.keep(hold);
        Ok(())
    }

    /// Keeps an ended hold for the next pin; not one that a copied context holds, from where it leads to the pin around it.
    fn keep(&self, hold: Bound<'_, ConfigHold>) {
        if slots::owners(&hold) == 1 {
            let py = hold.py();
            drop(hold.get().outside.replace(py, None));
            self.spare.push(py, hold.unbind(), SPARE);
        }
    }
}

impl Drop for ConfigHold {
    fn drop(&mut self) {
        let Some(mut hold) = self.outside.take() else { return };
        // A chain of pins that nobody ended is let go of in a loop: its length is bounded by nothing but memory.
        Python::attach(|py| {
            while slots::owners(hold.bind(py)) == 1
                && let Some(next) = hold.get().outside.replace(py, None)
            {
                hold = next;
            }
        });
    }
}

/// Whether nobody can end a pin. It has two owners then: the context or the pin inside, and whoever asks here; one that can be ended is held by
/// its manager as well, or known by its context.
fn is_lost(hold: &Bound<'_, ConfigHold>) -> bool {
    slots::owners(hold) == 2 && !hold.get().outermost.copied(hold.py())
}

/// Lets go of pins around `hold` that can never end, if it cannot either: it hides them for good.
fn shorten(hold: &Bound<'_, ConfigHold>) {
    let py = hold.py();
    while is_lost(hold)
        && let Some(around) = hold.get().outside.read(py)
        && is_lost(&around)
    {
        drop(hold.get().outside.replace(py, around.get().outside.replace(py, None)));
    }
}

/// What the manager of a store's outermost pins does.
#[pyclass(frozen, module = "findspot._native")]
struct OutermostPin {
    pins: Arc<Pins>,
}

#[pymethods]
impl OutermostPin {
    fn enter(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let view = self.pins.current.read(|current| current.view.clone_ref(py))?;
        self.pins.begin(py, view.clone_ref(py), true)?;
        Ok(view)
    }

    #[pyo3(signature = (_kind, _error, _trace, /))]
    fn leave(&self, py: Python<'_>, _kind: &Bound<'_, PyAny>, _error: &Bound<'_, PyAny>, _trace: &Bound<'_, PyAny>) -> PyResult<()> {
        let Some(hold) = self.pins.held(py)? else { return Ok(()) };
        if hold.get().outermost.copied(py)
            && let Some(view) = hold.get().view.replace(py, None)
        {
            drop(view);
            return self.pins.leave(hold);
        }
        match self.pins.innermost(py, |hold| hold.outermost.copied(py))? {
            Some((hold, _)) => self.pins.end(hold),
            None => Ok(()),
        }
    }
}

/// The manager of a store's outermost pins.
///
/// It is the one instance of a class whose `__enter__` and `__exit__` are bound already: `with` looks both up in the class, and would make two
/// bound methods for each request otherwise, a fifth of the whole cost of a pin.
pub(super) fn outermost(py: Python<'_>, pins: Arc<Pins>) -> PyResult<Py<PyAny>> {
    let pin = Bound::new(py, OutermostPin { pins })?;
    let names = PyDict::new(py);
    names.set_item("__slots__", PyTuple::empty(py))?;
    names.set_item("__module__", "findspot.config")?;
    names.set_item("__doc__", "One version for a request.")?;
    names.set_item("__enter__", pin.getattr("enter")?)?;
    names.set_item("__exit__", pin.getattr("leave")?)?;
    let class = py.get_type::<PyType>().call1(("ConfigPin", PyTuple::empty(py), names))?;
    Ok(class.call0()?.unbind())
}

/// The manager of one pin inside another, or of another version than the current one.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigPin {
    pins: Arc<Pins>,
    /// The view, until it begins.
    view: Place<Option<Py<PyAny>>>,
    /// What the context holds, while it lasts.
    hold: Place<Option<Py<ConfigHold>>>,
}

#[pymethods]
impl ConfigPin {
    fn __enter__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Some(view) = self.view.replace(py, None) else {
            return Err(PyRuntimeError::new_err("this pin is used in one `with`: call store.pin() again for the next one"));
        };
        let hold = self.pins.begin(py, view.clone_ref(py), false)?;
        drop(self.hold.replace(py, Some(hold.unbind())));
        Ok(view)
    }

    #[pyo3(signature = (_kind, _error, _trace, /))]
    fn __exit__(&self, py: Python<'_>, _kind: &Bound<'_, PyAny>, _error: &Bound<'_, PyAny>, _trace: &Bound<'_, PyAny>) -> PyResult<()> {
        self.hold.replace(py, None).map_or(Ok(()), |hold| self.pins.end(hold.into_bound(py)))
    }
}
