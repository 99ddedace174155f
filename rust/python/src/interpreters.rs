//! Which interpreter imports the module.
//!
//! **In**: the interpreter of the import. **Out**: whether it is the main one. **Law**: threads of the store and of searches attach to the main
//! interpreter, so another one would wait for ever at its end; it is refused before anything is made.

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Refuses sub-interpreters.
pub(crate) fn only_the_main_one(_: Python<'_>) -> PyResult<()> {
    // SAFETY: the interpreter is held, so the current state is there and alive; the main one has the number 0.
    let number = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    if number == 0 {
        return Ok(());
    }
    Err(PyImportError::new_err("findspot: expected the main interpreter, got a sub-interpreter; use threads or processes"))
}
