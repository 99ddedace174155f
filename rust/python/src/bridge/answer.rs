//! What `asearch` and its like return: awaitable, and a coroutine to whoever runs it.
//!
//! **In**: what is asked. **Out**: `await` gives the answer, once. **Law**: nothing happens before it is first run, as with any coroutine;
//! under asyncio it then hands the task a [`Pending`], under trio it runs a coroutine of trio's in between. What is short is answered
//! without waiting; now and then (asyncio) or each time (trio, as its tasks expect) the loop has its turn first. Closing, throwing into it
//! or letting go of it stops the search.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use super::ask::{Ask, Begun};
use super::inbox::Inbox;
use super::pending::Pending;
use super::{place, settings};

/// Answers in a row that a thread gives without letting its loop turn: about a millisecond.
const IN_A_ROW: u32 = 32;

thread_local! {
    static GIVEN: Cell<u32> = const { Cell::new(0) };
}

enum State {
    New(Ask),
    Waiting(Py<Pending>),
    /// The loop has its turn first.
    Turn(Next),
    /// A coroutine of trio's runs.
    Inner(Py<PyAny>, Next),
    Running,
    Over,
}

/// What follows a turn of the loop.
enum Next {
    Give(Py<PyAny>),
    Ask(Ask),
    Take(Py<Pending>),
}

enum Step {
    Yield(Py<PyAny>),
    Return(Py<PyAny>),
}

/// An answer that is to come; await it once.
#[pyclass(frozen, weakref, module = "findspot._native")]
pub(crate) struct Answer {
    state: Mutex<State>,
}

impl Answer {
    pub(crate) fn new(ask: Ask) -> Self {
        Self { state: Mutex::new(State::New(ask)) }
    }

    fn swap(&self, next: State) -> State {
        std::mem::replace(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), next)
    }

    /// Runs on with what was sent or thrown in.
    fn step(&self, py: Python<'_>, sent: Sent<'_, '_>) -> PyResult<Step> {
        let step = self.advance(py, sent);
        if !matches!(step, Ok(Step::Yield(_))) {
            drop(self.swap(State::Over));
        }
        step
    }

    fn advance(&self, py: Python<'_>, sent: Sent<'_, '_>) -> PyResult<Step> {
        let next = match self.swap(State::Running) {
            State::Inner(inner, next) => {
                let yielded = match sent {
                    Sent::Value(value) => inner.bind(py).call_method1(intern!(py, "send"), (value,)),
                    Sent::Thrown(error) => inner.bind(py).call_method1(intern!(py, "throw"), error),
                };
                match yielded {
                    Ok(yielded) => {
                        drop(self.swap(State::Inner(inner, next)));
                        return Ok(Step::Yield(yielded.unbind()));
                    }
                    Err(end) if end.is_instance_of::<PyStopIteration>(py) => next,
                    Err(error) => {
                        next.abandon();
                        return Err(error);
                    }
                }
            }
            State::Running => return Err(PyRuntimeError::new_err("the answer is being awaited already")),
            State::Over => return Err(PyRuntimeError::new_err("cannot reuse already awaited answer")),
            state => {
                let next = match state {
                    State::New(ask) => Next::Ask(ask),
                    State::Waiting(pending) => Next::Take(pending),
                    State::Turn(next) => next,
                    State::Inner(..) | State::Running | State::Over => return Err(PyRuntimeError::new_err("the answer has no next step")),
                };
                if let Sent::Thrown(error) = sent {
                    next.abandon();
                    return Err(raised(&error)?);
                }
                next
            }
        };
        match next {
            Next::Give(value) => Ok(Step::Return(value)),
            Next::Take(pending) => match pending.get().take(py)? {
                Some(value) => Ok(Step::Return(value)),
                None => {
                    // Woken by somebody else: it waits on.
                    drop(self.swap(State::Waiting(pending.clone_ref(py))));
                    Ok(Step::Yield(pending.into_any()))
                }
            },
            Next::Ask(ask) => self.ask(py, ask),
        }
    }

    fn ask(&self, py: Python<'_>, ask: Ask) -> PyResult<Step> {
        let in_trio = place::is_trio(py)?;
        match ask.begin(py, settings::inline())? {
            Begun::Done(value) => {
                let given = GIVEN.get();
                if !in_trio && given < IN_A_ROW {
                    GIVEN.set(given + 1);
                    return Ok(Step::Return(value));
                }
                GIVEN.set(0);
                self.turn(py, in_trio, Next::Give(value))
            }
            Begun::Again(ask) => self.turn(py, in_trio, Next::Ask(ask)),
            Begun::Fly(lane, work) if in_trio => {
                let tasks = py.import("findspot._trio")?;
                let inbox = tasks.call_method0("inbox")?.cast_into::<Inbox>()?;
                let pending = Inbox::launch(&inbox, None, lane, work)?;
                let inner = tasks.call_method1("landed", (&pending,))?;
                self.inner(py, inner, Next::Take(pending.unbind()))
            }
            Begun::Fly(lane, work) => {
                GIVEN.set(0);
                let (event_loop, inbox) = place::asyncio(py)?;
                let pending = Inbox::launch(&inbox, Some(&event_loop), lane, work)?;
                drop(self.swap(State::Waiting(pending.clone().unbind())));
                Ok(Step::Yield(pending.into_any().unbind()))
            }
        }
    }

    /// Lets the loop turn before what comes next.
    fn turn(&self, py: Python<'_>, in_trio: bool, next: Next) -> PyResult<Step> {
        if in_trio {
            let inner = py.import("trio")?.getattr("lowlevel")?.call_method0("checkpoint")?;
            return self.inner(py, inner, next);
        }
        drop(self.swap(State::Turn(next)));
        Ok(Step::Yield(py.None()))
    }

    fn inner(&self, py: Python<'_>, inner: Bound<'_, PyAny>, next: Next) -> PyResult<Step> {
        drop(self.swap(State::Inner(inner.unbind(), next)));
        self.advance(py, Sent::Value(py.None().bind(py)))
    }
}

impl Next {
    fn abandon(&self) {
        if let Self::Take(pending) = self {
            pending.get().abandon();
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // Without the interpreter nothing is to be told to anybody: the flag of the search goes up when its `Pending` goes.
        if let State::Waiting(pending) | State::Inner(_, Next::Take(pending)) = self.swap(State::Over) {
            pending.get().abandon();
        }
    }
}

/// What comes in from whoever runs it.
enum Sent<'a, 'py> {
    Value(&'a Bound<'py, PyAny>),
    /// What `throw` was called with.
    Thrown(Bound<'py, PyTuple>),
}

/// The exception that `throw` means: an instance, a class, or a class and a value.
fn raised(thrown: &Bound<'_, PyTuple>) -> PyResult<PyErr> {
    let first = thrown.get_item(0)?;
    let Ok(class) = first.cast::<PyType>() else { return Ok(PyErr::from_value(first)) };
    let value = thrown.get_item(1).ok().filter(|value| !value.is_none());
    Ok(PyErr::from_value(match value {
        None => class.call0()?,
        Some(value) if value.is_instance(class)? => value,
        Some(value) => class.call1((value,))?,
    }))
}

fn finish(py: Python<'_>, step: Step) -> PyResult<Py<PyAny>> {
    match step {
        Step::Yield(value) => Ok(value),
        // A tuple would be taken for the arguments; of anything else Python makes no exception unless somebody looks at it.
        Step::Return(value) if value.bind(py).is_instance_of::<PyTuple>() => Err(PyStopIteration::new_err((value,))),
        Step::Return(value) => Err(PyStopIteration::new_err(value)),
    }
}

#[pymethods]
impl Answer {
    fn __await__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.step(py, Sent::Value(py.None().bind(py))).and_then(|step| finish(py, step))
    }

    #[pyo3(signature = (value, /))]
    fn send(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.step(py, Sent::Value(value)).and_then(|step| finish(py, step))
    }

    #[pyo3(signature = (*error))]
    fn throw(&self, py: Python<'_>, error: Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        self.step(py, Sent::Thrown(error)).and_then(|step| finish(py, step))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match self.swap(State::Over) {
            State::Waiting(pending) => pending.get().abandon(),
            State::Inner(inner, next) => {
                next.abandon();
                inner.bind(py).call_method0(intern!(py, "close"))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn __repr__(&self) -> &'static str {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::New(_) => "Answer(not awaited)",
            State::Over => "Answer(over)",
            _ => "Answer(awaited)",
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        let next = |next: &Next| match next {
            Next::Give(value) => visit.call(value),
            Next::Take(pending) => visit.call(pending),
            Next::Ask(_) => Ok(()),
        };
        match &*state {
            State::Waiting(pending) => visit.call(pending),
            State::Turn(after) => next(after),
            State::Inner(inner, after) => {
                visit.call(inner)?;
                next(after)
            }
            State::New(_) | State::Running | State::Over => Ok(()),
        }
    }

    fn __clear__(&self) {
        drop(self.state.try_lock().map(|mut state| std::mem::replace(&mut *state, State::Over)));
    }
}
