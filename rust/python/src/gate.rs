//! The one gate between Python and long work: interpreter, signals, panics, errors, fork.
//!
//! **In**: a closure over engine calls. **Out**: its value or one exception. **Law**
//! 1. Long work runs on the calling thread, detached from the interpreter; no closure touches a Python object unless it attaches.
//! 2. Every 25 ms of work the calling thread attaches and lets Python run its signal handlers; what a handler raises stops the work and
//!    is raised once, when the work has unwound (or ended all the same). No signal handler is installed.
//! 3. A panic becomes `InternalError`; it never crosses into Python and never ends the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use findspot_engine::base::interrupt::{Interrupt, Poll};
use findspot_engine::base::{Error, Result};
use pyo3::prelude::*;

use crate::{errors, logging};

/// Ctrl-C is promised within 100 ms; an attach next to a busy thread waits up to 5 ms.
const PERIOD: Duration = Duration::from_millis(25);

/// Where code that runs inside the work leaves an exception of Python, to be raised in the place of the engine's error.
#[derive(Clone, Default)]
pub(crate) struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    /// Keeps the first exception and gives the engine's word for "stop".
    pub(crate) fn stop(&self, error: PyErr) -> Error {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        Error::Cancelled
    }

    fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Called on the attached calling thread every [`PERIOD`]: for progress.
pub(crate) type Tick = Box<dyn Fn(Python<'_>) -> PyResult<()> + Send + Sync>;

/// Runs `work` detached.
pub(crate) fn run<T: Send>(py: Python<'_>, work: impl FnOnce(&Interrupt) -> Result<T> + Send) -> PyResult<T> {
    run_with(py, &Raised::default(), None, work)
}

/// Runs `work` detached, with a place for exceptions from inside and a tick.
pub(crate) fn run_with<T: Send>(
    py: Python<'_>,
    raised: &Raised,
    tick: Option<Tick>,
    work: impl FnOnce(&Interrupt) -> Result<T> + Send,
) -> PyResult<T> {
    let slot = raised.clone();
    let poll = Poll::new(PERIOD, move || {
        Python::try_attach(|py| py.check_signals().and_then(|()| tick.as_ref().map_or(Ok(()), |tick| tick(py)))).is_none_or(|outcome| {
            match outcome {
                Ok(()) => true,
                Err(error) => {
                    slot.stop(error);
                    false
                }
            }
        })
    });
    let interrupt = Interrupt::polled(poll, None);
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&interrupt))));
    logging::hand_over(py);
    // What a handler raised is raised even when the work had its end already: nobody else will.
    match (outcome, raised.take()) {
        (Err(panic), _) => Err(panicked(py, &*panic)),
        (Ok(_), Some(exception)) => Err(exception),
        (Ok(Err(error)), None) => Err(errors::to_python(py, &error)),
        (Ok(Ok(value)), None) => Ok(value),
    }
}

/// Runs short work (microseconds, no waiting) without letting go of the interpreter.
pub(crate) fn inline<T>(py: Python<'_>, work: impl FnOnce() -> Result<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(|error| errors::to_python(py, &error)),
        Err(panic) => Err(panicked(py, &*panic)),
    }
}

fn panicked(py: Python<'_>, panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    errors::defect(py, &format!("internal defect: panic: {}; please report it", text.unwrap_or("without a message")))
}
