//! Pins: the version that a request holds, in a context variable.
//!
//! **In**: the view to pin. **Out**: context managers, and the view that a context has pinned. **Law**
//! 1. A pin is one `with`: from its beginning to its end it is the version of its context, and of every context that was copied meanwhile.
//! 2. After its end no copy of its context keeps the version alive (tasks, callbacks, threads): when it is not current any more and nobody
//!    pins it, they see the pin around it, or none. So a version is kept by nobody but who reads it.
//! 3. A pin inside a pin holds the same version on its own account: it does not end with the outer one.
//! 4. A pin that was begun and thrown away can never end: it lasts as long as its context. Of such ones inside a pin a context keeps the last.
//! 5. All outermost pins of a version share one manager, which counts them, and the context variable then holds a mark without a view of its
//!    own. A manager serves another version when the version that it had is not current and not pinned any more.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::current::CurrentCell;
use super::slots::{self, Function, Place, WithStatement};

/// The manager of a version's outermost pins.
pub(super) struct VersionPin {
    state: Py<OutermostPin>,
    manager: Py<PyAny>,
}

impl VersionPin {
    /// What `store.pin()` gives.
    pub(super) fn manager(&self, py: Python<'_>) -> Py<PyAny> {
        self.manager.clone_ref(py)
    }
}

/// What a context holds of an outermost pin.
#[pyclass(frozen, module = "findspot._native")]
pub(super) struct PinMark {
    of: Py<OutermostPin>,
    /// Which version of the manager's it is of.
    serial: u64,
}

impl Drop for PinMark {
    /// No context has it any more: pins of a version that was replaced are over, also those that nobody ended.
    fn drop(&mut self) {
        Python::attach(|py| {
            let state = self.of.get();
            if state.serial.copied(py) != self.serial {
                return;
            }
            let left = state.marks.copied(py).saturating_sub(1);
            state.marks.replace(py, left);
            if left == 0 && state.retired.copied(py) {
                state.pins.release(self.of.bind(py));
            }
        });
    }
}

/// What a context holds of a pin inside another, or of another version than the current one; and copied contexts for longer.
#[pyclass(frozen, module = "findspot._native")]
pub(super) struct ConfigHold {
    /// The pinned view, until the end.
    view: Place<Option<Py<PyAny>>>,
    /// The pin around it: a mark or a hold.
    outside: Place<Option<Py<PyAny>>>,
}

/// All pins of one store.
pub(crate) struct Pins {
    variable: Py<PyAny>,
    current: CurrentCell,
    /// Managers of versions that were replaced while they were pinned.
    busy: Place<Vec<VersionPin>>,
    /// Managers of no version.
    spare: Place<Vec<VersionPin>>,
    closed: Place<bool>,
}

/// A pin of this context that has not ended.
struct Open<'py> {
    /// The mark, or the hold.
    held: Bound<'py, PyAny>,
    view: Bound<'py, PyAny>,
}

impl Pins {
    pub(crate) fn new(variable: Py<PyAny>, current: CurrentCell) -> Self {
        Self { variable, current, busy: Place::new(Vec::new()), spare: Place::new(Vec::new()), closed: Place::new(false) }
    }

    /// The view that this context has pinned.
    pub(crate) fn pinned<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.innermost(py)?.map(|open| open.view))
    }

    /// A manager for one pin of a view.
    pub(crate) fn pin(self: &Arc<Self>, py: Python<'_>, view: Py<PyAny>) -> PyResult<Py<PyAny>> {
        let pin = ConfigPin { pins: Arc::clone(self), view: Place::new(Some(view)), hold: Place::new(None) };
        Ok(Py::new(py, pin)?.into_any())
    }

    /// A manager for the outermost pins of a version that becomes current.
    pub(super) fn of_version(self: &Arc<Self>, py: Python<'_>, view: &Bound<'_, PyAny>) -> PyResult<VersionPin> {
        let pin = match self.spare.pop(py) {
            Some(pin) => pin,
            None => VersionPin::new(py, Arc::clone(self))?,
        };
        OutermostPin::assign(pin.state.bind(py), view)?;
        Ok(pin)
    }

    /// The version of a manager is not current any more.
    pub(super) fn retire(&self, py: Python<'_>, pin: VersionPin) {
        let state = pin.state.get();
        if state.active.copied(py) == 0 {
            state.let_go(py);
            self.keep(py, pin);
        } else {
            state.retired.replace(py, true);
            let mark = state.mark.replace(py, None);
            self.busy.push(py, pin);
            // From here on the contexts alone have it.
            drop(mark);
        }
    }

    /// The last pin of a version that is not current has ended.
    fn release(&self, state: &Bound<'_, OutermostPin>) {
        let py = state.py();
        state.get().retired.replace(py, false);
        state.get().active.replace(py, 0);
        state.get().let_go(py);
        if let Some(pin) = self.busy.take_first(py, |pin| pin.state.is(state)) {
            self.keep(py, pin);
        }
    }

    fn keep(&self, py: Python<'_>, pin: VersionPin) {
        if !self.closed.copied(py) {
            self.spare.push(py, pin);
        }
    }

    /// The store is gone: nobody pins any more, and who has pinned lets go by itself.
    pub(super) fn close(&self, py: Python<'_>) {
        self.closed.replace(py, true);
        drop(self.spare.replace(py, Vec::new()));
        drop(self.busy.replace(py, Vec::new()));
    }

    /// The innermost pin of this context that has not ended.
    fn innermost<'py>(&self, py: Python<'py>) -> PyResult<Option<Open<'py>>> {
        let mut around = slots::held(self.variable.bind(py))?.filter(|held| !held.is_none());
        while let Some(held) = around {
            around = match held.cast::<PinMark>() {
                Ok(mark) => return Ok(view_of_mark(mark).map(|view| Open { held, view })),
                Err(_) => {
                    let Ok(hold) = held.cast::<ConfigHold>() else { return Ok(None) };
                    if let Some(view) = hold.get().view.read(py) {
                        return Ok(Some(Open { held, view }));
                    }
                    hold.get().outside.read(py)
                }
            };
        }
        Ok(None)
    }

    /// Begins a pin inside another, or of another version.
    fn begin<'py>(&self, py: Python<'py>, view: Py<PyAny>) -> PyResult<Bound<'py, ConfigHold>> {
        let outside = self.innermost(py)?.map(|open| open.held);
        outside.as_ref().inspect(|outside| shorten(outside));
        let hold = ConfigHold { view: Place::new(Some(view)), outside: Place::new(outside.map(Bound::unbind)) };
        let hold = Bound::new(py, hold)?;
        slots::hold(self.variable.bind(py), hold.as_any())?;
        Ok(hold)
    }

    /// Ends it. In another context than that of its beginning, what is held there is perhaps another's, and stays.
    fn end(&self, hold: &Bound<'_, ConfigHold>) -> PyResult<()> {
        let py = hold.py();
        drop(hold.get().view.replace(py, None));
        let variable = self.variable.bind(py);
        if !slots::held(variable)?.is_some_and(|held| held.is(hold)) {
            return Ok(());
        }
        match hold.get().outside.read(py) {
            Some(outside) => slots::hold(variable, &outside),
            None => slots::hold(variable, py.None().bind(py)),
        }
    }
}

/// The view of a mark whose pins have not ended, or whose version is current.
fn view_of_mark<'py>(mark: &Bound<'py, PinMark>) -> Option<Bound<'py, PyAny>> {
    let (py, mark) = (mark.py(), mark.get());
    let state = mark.of.get();
    if state.serial.copied(py) == mark.serial { state.view.read(py) } else { None }
}

impl Drop for ConfigHold {
    fn drop(&mut self) {
        let Some(mut around) = self.outside.take() else { return };
        // A chain of pins that nobody ended is let go of in a loop: its length is bounded by nothing but memory.
        Python::attach(|py| {
            while slots::owners(around.bind(py)) == 1
                && let Ok(hold) = around.bind(py).cast::<Self>()
                && let Some(next) = hold.get().outside.replace(py, None)
            {
                around = next;
            }
        });
    }
}

/// Whether nobody can end a pin. It has two owners then: the context or the pin inside, and whoever asks here; one that can be ended is held by
/// its manager as well.
fn lost<'a, 'py>(held: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, ConfigHold>> {
    held.cast::<ConfigHold>().ok().filter(|_| slots::owners(held) == 2)
}

/// Lets go of pins around `held` that can never end, if it cannot either: it hides them for good.
fn shorten(held: &Bound<'_, PyAny>) {
    let py = held.py();
    while let Some(hold) = lost(held)
        && let Some(around) = hold.get().outside.read(py)
        && let Some(hidden) = lost(&around)
    {
        drop(hold.get().outside.replace(py, hidden.get().outside.replace(py, None)));
    }
}

/// What the manager of a version's outermost pins does.
#[pyclass(frozen, module = "findspot._native")]
pub(super) struct OutermostPin {
    pins: Arc<Pins>,
    view: Place<Option<Py<PyAny>>>,
    /// What contexts hold; none when the version is not current.
    mark: Place<Option<Py<PinMark>>>,
    /// Counts the versions that it had.
    serial: Place<u64>,
    /// Marks of its version that somebody has.
    marks: Place<usize>,
    /// Pins that have begun and not ended.
    active: Place<usize>,
    /// Whether the version was replaced meanwhile.
    retired: Place<bool>,
}

impl OutermostPin {
    fn assign(slf: &Bound<'_, Self>, view: &Bound<'_, PyAny>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        this.begin(py, view);
        let mark = Self::another_mark(slf)?;
        drop(this.mark.replace(py, Some(mark.unbind())));
        Ok(())
    }

    fn begin(&self, py: Python<'_>, view: &Bound<'_, PyAny>) {
        self.serial.replace(py, self.serial.copied(py) + 1);
        self.marks.replace(py, 0);
        drop(self.view.replace(py, Some(view.clone().unbind())));
    }

    /// For who asked for a pin of a version that was replaced before the pin began: the current one, without a mark that outlasts its pins.
    #[cold]
    fn again<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let view = this.pins.current.read(py, |current| current.view.clone_ref(py))?.into_bound(py);
        if let Some(pin) = this.pins.spare.take_first(py, |pin| pin.state.is(slf)) {
            this.pins.busy.push(py, pin);
        }
        this.begin(py, &view);
        this.retired.replace(py, true);
        Ok(view)
    }

    /// One more mark of its version.
    #[cold]
    fn another_mark<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PinMark>> {
        let (py, this) = (slf.py(), slf.get());
        let mark = Bound::new(py, PinMark { of: slf.clone().unbind(), serial: this.serial.copied(py) })?;
        this.marks.replace(py, this.marks.copied(py) + 1);
        Ok(mark)
    }

    #[cold]
    fn enter_again<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let view = this.view.read(py).map_or_else(|| Self::again(slf), Ok)?;
        let mark = this.mark.read(py).map_or_else(|| Self::another_mark(slf), Ok)?;
        // `store.pin()` gave this because nothing was pinned here, so somebody else pins now, or who kept it enters it once more.
        let active = this.active.copied(py);
        if active > 0 && this.pins.innermost(py)?.is_some() {
            return Err(PyRuntimeError::new_err("this pin is not for use inside another one: call store.pin() again for that"));
        }
        slots::hold(this.pins.variable.bind(py), mark.as_any())?;
        this.active.replace(py, active + 1);
        Ok(view)
    }

    fn let_go(&self, py: Python<'_>) {
        drop((self.mark.replace(py, None), self.view.replace(py, None)));
    }
}

impl WithStatement for OutermostPin {
    /// Begins a pin. What is rare goes through `attach`, as everything that lets go of references must.
    fn enter<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let (active, variable) = (this.active.copied(py), this.pins.variable.bind(py));
        if let (Some(view), Some(mark)) = (this.view.read(py), this.mark.read(py))
            && (active == 0 || slots::held(variable)?.is_none_or(|held| held.is_none()))
        {
            slots::hold(variable, mark.as_any())?;
            this.active.replace(py, active + 1);
            return Ok(view);
        }
        Python::attach(|py| Self::enter_again(slf.clone().unbind().bind(py)).map(Bound::unbind)).map(|view| view.into_bound(py))
    }

    /// Ends a pin.
    fn leave<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let left = this.active.copied(py).saturating_sub(1);
        this.active.replace(py, left);
        let variable = this.pins.variable.bind(py);
        let none = py.None().into_bound(py);
        // In another context than that of the beginning, what is held there is perhaps another's, and stays.
        if let Some(held) = slots::held(variable)?
            && (this.mark.holds(&held) || held.cast::<PinMark>().is_ok_and(|mark| mark.get().of.is(slf)))
        {
            slots::hold(variable, &none)?;
        }
        if left == 0 && this.retired.copied(py) {
            Python::attach(|py| this.pins.release(slf.clone().unbind().bind(py)));
        }
        Ok(none)
    }
}

static ENTER: Function<OutermostPin> = Function::enter();
static LEAVE: Function<OutermostPin> = Function::leave();

impl VersionPin {
    /// The manager is the one instance of a class whose `__enter__` and `__exit__` are bound already: `with` looks both up in the class, and would
    /// make two bound methods for each request otherwise, a fifth of the whole cost of a pin.
    fn new(py: Python<'_>, pins: Arc<Pins>) -> PyResult<Self> {
        let state = OutermostPin {
            pins,
            view: Place::new(None),
            mark: Place::new(None),
            serial: Place::new(0),
            marks: Place::new(0),
            active: Place::new(0),
            retired: Place::new(false),
        };
        let state = Bound::new(py, state)?;
        let names = PyDict::new(py);
        names.set_item("__slots__", PyTuple::empty(py))?;
        names.set_item("__module__", "findspot.config")?;
        names.set_item("__doc__", "One version for a request.")?;
        names.set_item("__enter__", ENTER.bind(&state)?)?;
        names.set_item("__exit__", LEAVE.bind(&state)?)?;
        let class = py.get_type::<PyType>().call1(("ConfigPin", PyTuple::empty(py), names))?;
        Ok(Self { state: state.unbind(), manager: class.call0()?.unbind() })
    }
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
        let hold = self.pins.begin(py, view.clone_ref(py))?;
        drop(self.hold.replace(py, Some(hold.unbind())));
        Ok(view)
    }

    #[pyo3(signature = (_kind, _error, _trace, /))]
    fn __exit__(&self, py: Python<'_>, _kind: &Bound<'_, PyAny>, _error: &Bound<'_, PyAny>, _trace: &Bound<'_, PyAny>) -> PyResult<()> {
        self.hold.replace(py, None).map_or(Ok(()), |hold| self.pins.end(hold.bind(py)))
    }
}
