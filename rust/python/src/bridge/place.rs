//! Which event loop runs the task that awaits.
//!
//! **In**: the running thread. **Out**: the inbox of its loop of asyncio (uvloop's are such), or that it is trio. **Law**: neither library is
//! imported unless somebody has; each loop has one inbox for each thread that ran it, registered with the loop as a reader, which is what
//! keeps it. What a thread remembers of loops is weak.

use std::cell::RefCell;

use findspot_config::process::generation;
use pyo3::exceptions::{PyNotImplementedError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyWeakrefMethods, PyWeakrefReference};

use super::inbox::Inbox;

/// A loop, its inbox, and after how many forks that was so: a child may run another loop where it was born.
type Running = (Py<PyAny>, Py<Inbox>, u64);

thread_local! {
    /// The loop whose inbox is handing out results in this thread just now: no other can be running.
    static HANDING_OUT: RefCell<Option<Running>> = const { RefCell::new(None) };
    /// Addresses of loops and their inboxes.
    static INBOXES: RefCell<Vec<(usize, Py<PyWeakrefReference>)>> = const { RefCell::new(Vec::new()) };
}

/// Whether this is a task of trio.
pub(super) fn is_trio(py: Python<'_>) -> PyResult<bool> {
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let modules = MODULES.get_or_try_init(py, || PyResult::Ok(py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?.unbind()))?;
    let Some(trio) = modules.bind(py).get_item(intern!(py, "trio"))? else { return Ok(false) };
    let Some(asked) = trio.getattr_opt(intern!(py, "lowlevel"))?.map(|low| low.getattr_opt(intern!(py, "in_trio_task"))).transpose()?
    else {
        return Ok(false);
    };
    asked.map_or(Ok(false), |asked| asked.call0()?.is_truthy())
}

/// The loop of asyncio that runs in this thread, and its inbox.
pub(super) fn asyncio<'py>(py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, Inbox>)> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let known_already = HANDING_OUT.with_borrow(|running| {
        let (event_loop, inbox, forks) = running.as_ref()?;
        (*forks == generation()).then(|| (event_loop.bind(py).clone(), inbox.bind(py).clone()))
    });
    if let Some(running) = known_already {
        return Ok(running);
    }
    let running = RUNNING.get_or_try_init(py, || PyResult::Ok(py.import("asyncio")?.getattr("get_running_loop")?.unbind()))?;
    let event_loop = running.bind(py).call0().map_err(|_| {
        PyRuntimeError::new_err("no event loop runs in this thread: await it in a task of asyncio or trio, or call the blocking method")
    })?;
    let inbox = match known(&event_loop) {
        Some(inbox) => inbox,
        None => make(&event_loop)?,
    };
    Ok((event_loop, inbox))
}

/// Until the next call no other loop runs in this thread; `None` ends that.
pub(super) fn handing_out(running: Option<(Bound<'_, PyAny>, &Bound<'_, Inbox>)>) {
    let running = running.map(|(event_loop, inbox)| (event_loop.unbind(), inbox.clone().unbind(), generation()));
    drop(HANDING_OUT.replace(running));
}

fn known<'py>(event_loop: &Bound<'py, PyAny>) -> Option<Bound<'py, Inbox>> {
    let address = event_loop.as_ptr().addr();
    INBOXES.with_borrow(|inboxes| {
        let (_, weak) = inboxes.iter().find(|(other, _)| *other == address)?;
        let inbox = weak.bind(event_loop.py()).upgrade()?.cast_into::<Inbox>().ok()?;
        inbox.get().serves(event_loop).then_some(inbox)
    })
}

fn make<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Inbox>> {
    let py = event_loop.py();
    let inbox = Bound::new(py, Inbox::for_loop(event_loop)?)?;
    let registered = event_loop.call_method1(intern!(py, "add_reader"), (inbox.get().fd(), inbox.getattr(intern!(py, "collect"))?));
    if let Err(error) = registered {
        let name = event_loop.get_type().name()?;
        return Err(match error.is_instance_of::<PyNotImplementedError>(py) {
            true => PyRuntimeError::new_err(format!("expected an event loop with add_reader, got {name}; use a selector loop or uvloop")),
            false => error,
        });
    }
    let weak = PyWeakrefReference::new(&inbox)?.unbind();
    let address = event_loop.as_ptr().addr();
    let gone = INBOXES.with_borrow_mut(|inboxes| {
        let (gone, mut kept): (Vec<_>, Vec<_>) =
            inboxes.drain(..).partition(|(other, weak)| *other == address || weak.bind(py).upgrade().is_none());
        kept.push((address, weak));
        *inboxes = kept;
        gone
    });
    drop(gone);
    Ok(inbox)
}
