//! What a task of asyncio waits on: the protocol of a future, without being one.
//!
//! **In**: a result that lands; a task's callback. **Out**: the callback, called in its context as soon as the result is handed out: no
//! `Future`, no `Handle`, no turn of the loop in between. **Law**: a callback is called once, and never under the mutex. Cancelling raises
//! the search's flag and lets go of the place; who waited is woken with `CancelledError`. Used by the thread of its loop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use super::ask::{Landed, Texts};
use super::flight::Flight;
use super::inbox::{Caller, Inbox};

/// A callback and its context.
type Callback = (Py<PyAny>, Option<Py<PyAny>>);

enum Phase {
    Waiting,
    Landed(Landed),
    /// The message of whoever cancelled.
    Cancelled(Option<Py<PyAny>>),
    /// Its result was taken.
    Over,
}

struct State {
    phase: Phase,
    /// One nearly always; the others are for whoever adds more.
    callback: Option<Callback>,
    others: Vec<Callback>,
}

/// A result that is to come, for asyncio's tasks.
#[pyclass(frozen, weakref, module = "findspot._native")]
pub(crate) struct Pending {
    event_loop: Option<Py<PyAny>>,
    inbox: Py<Inbox>,
    flight: Arc<Flight>,
    texts: Texts,
    state: Mutex<State>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Nobody waits any more, if anybody did.
        self.flight.cancel();
    }
}

impl Pending {
    pub(super) fn new(inbox: &Bound<'_, Inbox>, event_loop: Option<&Bound<'_, PyAny>>, flight: Arc<Flight>, texts: Texts) -> Self {
        let state = State { phase: Phase::Waiting, callback: None, others: Vec::new() };
        let event_loop = event_loop.map(|event_loop| event_loop.clone().unbind());
        Self { event_loop, inbox: inbox.clone().unbind(), flight, texts, state: Mutex::new(state) }
    }

    /// The result is here: whoever waits runs now, or next where a task is running.
    pub(super) fn land(&self, slf: &Bound<'_, Self>, landed: Landed, caller: Caller) -> PyResult<()> {
        let py = slf.py();
        let (callback, others) = {
            let mut state = self.lock();
            if !matches!(state.phase, Phase::Waiting) {
                return Ok(());
            }
            state.phase = Phase::Landed(landed);
            (state.callback.take(), std::mem::take(&mut state.others))
        };
        let mut outcome = Ok(());
        for (callback, context) in callback.into_iter().chain(others) {
            if caller == Caller::Task && self.event_loop.is_some() {
                self.soon(slf, callback, context)?;
                continue;
            }
            let called = match context {
                Some(context) => context.bind(py).call_method1(intern!(py, "run"), (callback, slf)),
                None => callback.bind(py).call1((slf,)),
            };
            if let Err(error) = called {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Takes the result: an object, an exception, or nothing yet.
    pub(super) fn take(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let phase = {
            let mut state = self.lock();
            match &state.phase {
                Phase::Waiting => return Ok(None),
                _ => std::mem::replace(&mut state.phase, Phase::Over),
            }
        };
        match phase {
            Phase::Waiting => Ok(None),
            Phase::Landed(landed) => landed.into_python(py, &self.texts).map(Some),
            Phase::Cancelled(message) => Err(cancelled(py, message)),
            Phase::Over => Err(PyRuntimeError::new_err("the result was taken already")),
        }
    }

    /// Nobody wants it any more.
    pub(super) fn abandon(&self) {
        self.flight.cancel();
        let (phase, callbacks) = {
            let mut state = self.lock();
            let phase = std::mem::replace(&mut state.phase, Phase::Over);
            (phase, (state.callback.take(), std::mem::take(&mut state.others)))
        };
        if matches!(phase, Phase::Waiting) {
            self.inbox.get().leave(self.flight.place());
        }
        drop((phase, callbacks)); // outside the lock
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.lock().phase, Phase::Waiting)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cancelled(py: Python<'_>, message: Option<Py<PyAny>>) -> PyErr {
    static ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    match ERROR.import(py, "asyncio", "CancelledError") {
        Ok(class) => match class.call1((message.unwrap_or_else(|| py.None()),)) {
            Ok(error) => PyErr::from_value(error),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

#[pymethods]
impl Pending {
    /// What a task asks before it waits; it says so once more afterwards.
    #[getter]
    fn _asyncio_future_blocking(&self) -> bool {
        true
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, _blocking: bool) {}

    fn get_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.event_loop.as_ref().map_or_else(|| py.None(), |event_loop| event_loop.clone_ref(py))
    }

    #[pyo3(signature = (callback, /, *, context = None))]
    fn add_done_callback(slf: &Bound<'_, Self>, callback: Py<PyAny>, context: Option<Py<PyAny>>) -> PyResult<()> {
        let this = slf.get();
        {
            let mut state = this.lock();
            if matches!(state.phase, Phase::Waiting) {
                match state.callback {
                    None => state.callback = Some((callback, context)),
                    Some(_) => state.others.push((callback, context)),
                }
                return Ok(());
            }
        }
        this.soon(slf, callback, context)
    }

    /// Lets go of a callback; how many there were.
    fn remove_done_callback(&self, py: Python<'_>, callback: &Bound<'_, PyAny>) -> PyResult<usize> {
        let all: Vec<Callback> = {
            let mut state = self.lock();
            let first = state.callback.take();
            first.into_iter().chain(std::mem::take(&mut state.others)).collect()
        };
        let (before, mut kept) = (all.len(), Vec::new());
        for one in all {
            if !one.0.bind(py).eq(callback)? {
                kept.push(one);
            }
        }
        let removed = before - kept.len();
        let mut state = self.lock();
        let mut kept = kept.into_iter();
        state.callback = kept.next();
        state.others = kept.collect();
        Ok(removed)
    }

    /// Stops the search and wakes who waits; whether there was anything to stop.
    #[pyo3(signature = (msg = None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let this = slf.get();
        this.flight.cancel();
        let (callback, others) = {
            let mut state = this.lock();
            match state.phase {
                // Landed and not looked at: the task runs next, in any case. It is told there.
                Phase::Cancelled(_) | Phase::Over | Phase::Landed(_) => return Ok(false),
                Phase::Waiting => {}
            }
            state.phase = Phase::Cancelled(msg);
            (state.callback.take(), std::mem::take(&mut state.others))
        };
        this.inbox.get().leave(this.flight.place());
        for (callback, context) in callback.into_iter().chain(others) {
            this.soon(slf, callback, context)?;
        }
        Ok(true)
    }

    fn cancelled(&self) -> bool {
        matches!(self.lock().phase, Phase::Cancelled(_))
    }

    fn done(&self) -> bool {
        !self.is_waiting()
    }

    /// None: the result goes to whoever awaits the answer. Raises when it was cancelled.
    fn result(&self, py: Python<'_>) -> PyResult<()> {
        let message = match &self.lock().phase {
            Phase::Cancelled(message) => message.as_ref().map(|message| message.clone_ref(py)),
            Phase::Landed(_) | Phase::Over => return Ok(()),
            Phase::Waiting => return Err(PyRuntimeError::new_err("result is not set")),
        };
        Err(cancelled(py, message))
    }

    fn exception(&self, py: Python<'_>) -> PyResult<()> {
        self.result(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(event_loop) = &self.event_loop {
            visit.call(event_loop)?;
        }
        visit.call(&self.inbox)?;
        if let Ok(state) = self.state.try_lock() {
            if let Phase::Cancelled(Some(message)) = &state.phase {
                visit.call(message)?;
            }
            for (callback, context) in state.callback.iter().chain(&state.others) {
                visit.call(callback)?;
                if let Some(context) = context {
                    visit.call(context)?;
                }
            }
        }
        Ok(())
    }

    fn __clear__(&self) {
        let taken = match self.state.try_lock() {
            Ok(mut state) => (std::mem::replace(&mut state.phase, Phase::Over), state.callback.take(), std::mem::take(&mut state.others)),
            Err(_) => return,
        };
        drop(taken);
    }
}

impl Pending {
    /// Calls at the loop's next turn.
    fn soon(&self, slf: &Bound<'_, Self>, callback: Py<PyAny>, context: Option<Py<PyAny>>) -> PyResult<()> {
        let Some(event_loop) = &self.event_loop else { return Ok(()) };
        let py = slf.py();
        let keywords = PyDict::new(py);
        if let Some(context) = context {
            keywords.set_item(intern!(py, "context"), context)?;
        }
        event_loop.bind(py).call_method(intern!(py, "call_soon"), (callback, slf), Some(&keywords))?;
        Ok(())
    }
}
