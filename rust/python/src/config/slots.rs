//! Instances of view classes: made without `__init__`, filled although their class forbids it; and functions that a request calls.
//!
//! **In**: a class with `__slots__`, an instance, values; a context variable; an object and a function of it. **Out**: the instance; the
//! variable's value; the function, bound to the object. **Law**
//! 1. Only instances that nobody has written to are filled, while the interpreter is held and no Python code runs between two slots: a reader
//!    sees none of them filled, or all.
//! 2. A bound function takes its object alone, whatever it is called with: looking at arguments that nobody reads was a tenth of a pin.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::PyClass;
use pyo3::exceptions::PyRuntimeError;
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

// Not named by the stable ABI, and yet the same in every CPython since 3.7.1; going through the methods `get` and `set` costs twice as much.
unsafe extern "C" {
    fn PyContextVar_Get(variable: *mut ffi::PyObject, default: *mut ffi::PyObject, value: *mut *mut ffi::PyObject) -> c_int;
    fn PyContextVar_Set(variable: *mut ffi::PyObject, value: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

/// The value of a context variable; none when it has none.
pub(crate) fn held<'py>(variable: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut value = std::ptr::null_mut();
    // SAFETY: a live context variable (it is made in `store` and never given away), no default, and a place for a new reference or null.
    let failed = unsafe { PyContextVar_Get(variable.as_ptr(), std::ptr::null_mut(), &mut value) };
    if failed != 0 {
        return Err(PyErr::fetch(variable.py()));
    }
    // SAFETY: null, or a new reference that is ours.
    Ok(unsafe { Bound::from_owned_ptr_or_opt(variable.py(), value) })
}

/// Sets a context variable in the current context.
pub(crate) fn hold(variable: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    // SAFETY: a live context variable and a live value; the result is a new reference (the token, which is let go) or null with an error set.
    unsafe { Bound::from_owned_ptr_or_err(variable.py(), PyContextVar_Set(variable.as_ptr(), value.as_ptr())) }.map(drop)
}

/// How many references to an object there are, the caller's among them.
pub(crate) fn owners(object: &Bound<'_, PyAny>) -> usize {
    // SAFETY: a live object, and the interpreter is held.
    usize::try_from(unsafe { ffi::Py_REFCNT(object.as_ptr()) }).unwrap_or(usize::MAX)
}

/// What `with` calls. The bodies drop no references that are not tied to the interpreter: those would wait for the next call that comes in
/// through pyo3.
pub(crate) trait WithStatement: PyClass {
    fn enter<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>>;
    fn leave<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>>;
}

/// `__enter__` or `__exit__` of objects of class `T`, as the interpreter describes a function.
pub(crate) struct Function<T>(UnsafeCell<ffi::PyMethodDef>, PhantomData<fn(T)>);

// SAFETY: nobody writes to it; the interpreter only wants a pointer that says it might.
unsafe impl<T> Sync for Function<T> {}

impl<T: WithStatement> Function<T> {
    pub(crate) const fn enter() -> Self {
        Self::new(c"__enter__", ffi::PyMethodDefPointer { PyCFunction: enter::<T> }, ffi::METH_NOARGS)
    }

    pub(crate) const fn leave() -> Self {
        Self::new(c"__exit__", ffi::PyMethodDefPointer { PyCFunctionFast: leave::<T> }, ffi::METH_FASTCALL)
    }

    const fn new(name: &'static CStr, function: ffi::PyMethodDefPointer, flags: c_int) -> Self {
        let described = ffi::PyMethodDef { ml_name: name.as_ptr(), ml_meth: function, ml_flags: flags, ml_doc: std::ptr::null() };
        Self(UnsafeCell::new(described), PhantomData)
    }

    /// The function of an object.
    pub(crate) fn bind<'py>(&'static self, object: &Bound<'py, T>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: the description lives for ever, the object is alive and owned by the function; the result is a new reference or null.
        unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyCFunction_NewEx(self.0.get(), object.as_ptr(), std::ptr::null_mut())) }
    }
}

/// # Safety
/// The interpreter calls it with what `Function::bind` bound it to.
unsafe extern "C" fn enter<T: WithStatement>(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: that is an object of class `T`.
    unsafe { called(object, T::enter) }
}

/// # Safety
/// As of `enter`.
unsafe extern "C" fn leave<T: WithStatement>(
    object: *mut ffi::PyObject,
    _: *mut *mut ffi::PyObject,
    _: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: as of `enter`.
    unsafe { called(object, T::leave) }
}

/// # Safety
/// The interpreter is held, and `object` is alive and of class `T`.
unsafe fn called<T: PyClass>(
    object: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(&Bound<'py, T>) -> PyResult<Bound<'py, PyAny>>,
) -> *mut ffi::PyObject {
    // SAFETY: the caller says so.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: the caller says so.
    let object = unsafe { Bound::from_borrowed_ptr(py, object).cast_into_unchecked::<T>() };
    let answer = catch_unwind(AssertUnwindSafe(|| body(&object)));
    match answer.unwrap_or_else(|_| Err(PyRuntimeError::new_err("a defect of findspot: beginning or ending a `with` panicked"))) {
        Ok(value) => value.into_ptr(),
        Err(error) => {
            error.restore(py);
            std::ptr::null_mut()
        }
    }
}

/// A place that whoever holds the interpreter may read and write: what a lock costs, a request would pay five times.
pub(crate) struct Place<T>(UnsafeCell<T>);

// SAFETY: every access takes the interpreter (a build without its lock is none for the stable ABI that this is compiled for), and lets go of
// the place before any other code can run: neither `replace` nor the copy of pointers in `read` calls anything.
unsafe impl<T: Send> Sync for Place<T> {}

impl<T> Place<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Puts a value in, and hands out the one before, to be dropped by the caller.
    pub(crate) fn replace(&self, _: Python<'_>, value: T) -> T {
        // SAFETY: see above.
        std::mem::replace(unsafe { &mut *self.0.get() }, value)
    }
}

impl<T> Place<T> {
    /// Looks at what is there: `look` copies pointers and runs nothing else.
    pub(crate) fn look<R>(&self, _: Python<'_>, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: see above.
        look(unsafe { &*self.0.get() })
    }
}

impl<T: Copy> Place<T> {
    /// What is there.
    pub(crate) fn copied(&self, _: Python<'_>) -> T {
        // SAFETY: see above.
        unsafe { *self.0.get() }
    }
}

impl<T> Place<Option<Py<T>>> {
    /// What is there, for the only owner.
    pub(crate) fn take(&mut self) -> Option<Py<T>> {
        self.0.get_mut().take()
    }

    /// Whether this is there.
    pub(crate) fn holds(&self, object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: see above; two pointers are compared.
        unsafe { &*self.0.get() }.as_ref().is_some_and(|held| held.as_ptr() == object.as_ptr())
    }

    /// One more reference to what is there.
    pub(crate) fn read<'py>(&self, py: Python<'py>) -> Option<Bound<'py, T>> {
        // SAFETY: see above; copying a reference adds to a counter.
        unsafe { &*self.0.get() }.as_ref().map(|object| object.bind(py).clone())
    }
}

impl<T> Place<Vec<T>> {
    /// The last one.
    pub(crate) fn pop(&self, _: Python<'_>) -> Option<T> {
        // SAFETY: see above.
        unsafe { &mut *self.0.get() }.pop()
    }

    /// Adds one.
    pub(crate) fn push(&self, _: Python<'_>, object: T) {
        // SAFETY: see above.
        unsafe { &mut *self.0.get() }.push(object);
    }

    /// Takes out the first that is wanted; `wanted` compares pointers and runs nothing else.
    pub(crate) fn take_first(&self, _: Python<'_>, wanted: impl FnMut(&T) -> bool) -> Option<T> {
        // SAFETY: see above.
        let list = unsafe { &mut *self.0.get() };
        list.iter().position(wanted).map(|at| list.swap_remove(at))
    }
}
