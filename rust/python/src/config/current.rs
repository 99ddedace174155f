//! What readers get now: the cell that a store, the manager of its pins and its publishers share.
//!
//! **In**: versions. **Out**: the newest one that was adopted, and its view. **Law**
//! 1. What is current is read and replaced with the interpreter, pointer by pointer, and no Python code runs in between: readers take no lock.
//!    The number never goes back.
//! 2. A publisher announces a version without the interpreter. Whoever asks the store next, with the interpreter, adopts it: so it is current
//!    at once, however long the publisher waits for its own turn.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use findspot_config::store::Version;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use super::handover;
use super::pin::VersionPin;
use super::slots::Place;
use super::store::ConfigStore;

/// The version that is current.
pub(super) struct Current {
    pub version: Arc<Version>,
    pub view: Py<PyAny>,
    /// The manager of its outermost pins.
    pub pin: VersionPin,
}

struct Shared {
    /// Empty until the store was opened.
    current: Place<Option<Current>>,
    announced: Mutex<Option<Arc<Version>>>,
    is_announced: AtomicBool,
    /// The store whose slot shows the same.
    owner: OnceLock<Py<PyWeakrefReference>>,
}

/// The cell.
#[derive(Clone)]
pub(super) struct CurrentCell(Arc<Shared>);

impl Default for CurrentCell {
    fn default() -> Self {
        let (current, announced, owner) = (Place::new(None), Mutex::default(), OnceLock::new());
        Self(Arc::new(Shared { current, announced, is_announced: AtomicBool::new(false), owner }))
    }
}

impl CurrentCell {
    /// Sets whose cell this is.
    pub fn belongs_to(&self, store: &Bound<'_, ConfigStore>) -> PyResult<()> {
        let _ = self.0.owner.set(PyWeakrefReference::new(store.as_any())?.unbind());
        Ok(())
    }

    /// Reads what is current; adopts what was announced before.
    #[inline]
    pub fn read<T>(&self, py: Python<'_>, read: impl FnOnce(&Current) -> T) -> PyResult<T> {
        if self.0.is_announced.load(Ordering::Acquire) {
            self.catch_up(py);
        }
        self.peek(py, read)
    }

    /// Reads what was adopted last.
    pub fn peek<T>(&self, py: Python<'_>, read: impl FnOnce(&Current) -> T) -> PyResult<T> {
        let read = self.0.current.look(py, |current| current.as_ref().map(read));
        read.ok_or_else(|| PyRuntimeError::new_err("the configuration store was never opened"))
    }

    /// Takes what is current out: nobody can ask any more.
    pub fn empty(&self, py: Python<'_>) -> Option<Current> {
        let announced = self.0.announced.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(announced);
        self.0.current.replace(py, None)
    }

    /// Takes a newer version in, or the same with something else beside its values, and says so to `stored` before anybody else can read it; an
    /// older one is left. Gives back what is not current any more, or not at all: what dies with its view may run Python code.
    pub fn replace(&self, py: Python<'_>, next: Current, stored: impl FnOnce() -> PyResult<()>) -> (Option<Current>, PyResult<()>) {
        let is_older = |current: &Option<Current>| current.as_ref().is_some_and(|current| current.version.number() > next.version.number());
        if self.0.current.look(py, is_older) {
            return (Some(next), Ok(()));
        }
        (self.0.current.replace(py, Some(next)), stored())
    }

    /// A version was published. Needs no interpreter; waits for it, to adopt the version, unless the caller is about to have it anyway.
    pub fn announce(&self, version: &Arc<Version>) {
        let mut announced = self.0.announced.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = announced.replace(Arc::clone(version));
        self.0.is_announced.store(true, Ordering::Release);
        drop(announced);
        drop(replaced);
        if !Returning::is_true() {
            handover::try_attach(|py| self.catch_up(py));
        }
    }

    /// Adopts what was announced.
    #[cold]
    pub fn catch_up(&self, py: Python<'_>) {
        let announced = {
            let mut announced = self.0.announced.lock().unwrap_or_else(PoisonError::into_inner);
            self.0.is_announced.store(false, Ordering::Release);
            announced.take()
        };
        if let Some(version) = announced
            && let Some(owner) = self.0.owner.get().and_then(|owner| owner.bind(py).upgrade())
            && let Ok(store) = owner.cast::<ConfigStore>()
        {
            // The slot of an object that is alive: nothing can fail but memory, and then the old version stays readable.
            let _ = ConfigStore::adopt(store, &version);
        }
    }
}

thread_local! {
    static RETURNING: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, what this thread publishes is adopted when its call returns to Python: one wait for the interpreter instead of two.
pub(super) struct Returning(bool);

impl Returning {
    pub fn begin() -> Self {
        Self(RETURNING.replace(true))
    }

    fn is_true() -> bool {
        RETURNING.get()
    }
}

impl Drop for Returning {
    fn drop(&mut self) {
        RETURNING.set(self.0);
    }
}
