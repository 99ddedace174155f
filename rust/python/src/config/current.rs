//! What readers get now: the cell that a store and the manager of its pins share.
//!
//! **In**: a version and its view. **Out**: copies of them. **Law**: the lock is held for a copy of a pointer, with the interpreter, and
//! no Python code runs under it. The number never goes back.

use std::sync::{Arc, Mutex, PoisonError};

use findspot_config::store::Version;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The version that is current.
pub(super) struct Current {
    pub version: Arc<Version>,
    pub view: Py<PyAny>,
}

/// The cell; empty until the store was opened.
#[derive(Clone, Default)]
pub(super) struct CurrentCell(Arc<Mutex<Option<Current>>>);

impl CurrentCell {
    /// Reads what is current.
    pub fn read<T>(&self, read: impl FnOnce(&Current) -> T) -> PyResult<T> {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(read).ok_or_else(|| PyRuntimeError::new_err("the configuration store was never opened"))
    }

    /// Lets the view go: nobody can ask any more.
    pub fn empty(&self) {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(last);
    }

    /// Takes a newer version in, or the same with something else beside its values, and says so to `stored` before anybody else can read it; an
    /// older one is left.
    pub fn replace(&self, next: Current, stored: impl FnOnce() -> PyResult<()>) -> PyResult<()> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| current.version.number() > next.version.number()) {
            return Ok(());
        }
        let replaced = current.replace(next);
        let outcome = stored();
        drop(current);
        // Behind the lock: what dies with the last view may run Python code.
        drop(replaced);
        outcome
    }
}
