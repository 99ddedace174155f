//! Instances of view classes: made without `__init__`, filled although their class forbids it.
//!
//! **In**: a class with `__slots__`, an instance, values. **Out**: the instance. **Law**: only instances that nobody has written to are
//! filled, while the interpreter is held and no Python code runs between two slots: a reader sees none of them filled, or all.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// A new instance whose slots are empty.
pub(crate) fn instance<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the class is alive, and was made by `type(…)` from bases that are plain `object` and a class of slots: its instances need
    // nothing but zeroed memory, which is what the generic allocator gives. The result is a new reference or null with an error set.
    unsafe { Bound::from_owned_ptr_or_err(class.py(), ffi::PyType_GenericAlloc(class.as_type_ptr(), 0)) }
}

/// Stores one value, past the class's own `__setattr__`.
pub(crate) fn set(view: &Bound<'_, PyAny>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    // SAFETY: three live objects, the interpreter is held; the function is what `object.__setattr__` calls.
    let failed = unsafe { ffi::PyObject_GenericSetAttr(view.as_ptr(), name.as_ptr(), value.as_ptr()) };
    if failed == 0 { Ok(()) } else { Err(PyErr::fetch(view.py())) }
}

/// Calls a bound method with arguments that were packed before.
pub(crate) fn call<'py>(function: &Bound<'py, PyAny>, arguments: &Bound<'py, pyo3::types::PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: two live objects, the second a tuple; no keywords. The result is a new reference or null with an error set.
    unsafe { Bound::from_owned_ptr_or_err(function.py(), ffi::PyObject_Call(function.as_ptr(), arguments.as_ptr(), std::ptr::null_mut())) }
}
