//! The scores of hits as a read-only buffer of float64.
//!
//! **In**: hits. **Out**: an object with the buffer protocol: `np.asarray(hits.scores)` and `memoryview(hits.scores)` copy nothing.
//! **Law**: the memory belongs to the hits, which are immutable and kept alive by the view of the buffer.
//!
//! Source: PEP 3118; the C API's "Buffer Protocol", fields of `Py_buffer`.

use std::ffi::{c_int, c_void};
use std::ptr;

use pyo3::exceptions::{PyBufferError, PyIndexError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList};

use crate::hits::Hits;

/// The scores of all hits, best first: a sequence of floats that is also a buffer of float64.
#[pyclass(frozen, sequence, module = "findspot._native")]
pub(crate) struct Scores {
    hits: Py<Hits>,
    /// What `Py_buffer::shape` and `strides` point to.
    shape: [ffi::Py_ssize_t; 1],
    strides: [ffi::Py_ssize_t; 1],
}

impl Scores {
    pub(crate) fn new(hits: &Bound<'_, Hits>) -> Self {
        let shape = [hits.get().found().scores().len() as ffi::Py_ssize_t];
        Self { hits: hits.clone().unbind(), shape, strides: [size_of::<f64>() as ffi::Py_ssize_t] }
    }
}

#[pymethods]
impl Scores {
    fn __len__(&self) -> usize {
        self.hits.get().found().scores().len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<f64> {
        let scores = self.hits.get().found().scores();
        let at = if index < 0 { index + scores.len() as isize } else { index };
        usize::try_from(at).ok().and_then(|at| scores.get(at).copied()).ok_or_else(|| PyIndexError::new_err("scores: index out of range"))
    }

    /// Iterates over a list of them: Python walks a list without a call an item.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.hits.get().found().scores())?.try_iter()
    }

    fn __repr__(&self) -> String {
        format!("Scores({:?})", self.hits.get().found().scores())
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("expected a view to fill, got NULL"));
        }
        if flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE {
            // SAFETY: `view` is not null, and on an error its `obj` must be null.
            unsafe { (*view).obj = ptr::null_mut() };
            return Err(PyBufferError::new_err("scores are read-only"));
        }
        let this = slf.get();
        let scores = this.hits.get().found().scores();
        // SAFETY: `view` is the caller's and not null. `obj` holds a strong reference to this object, so the scores (immutable, in
        // the frozen hits that it holds), `shape` and `strides` (in the frozen object) outlive the view; nothing writes through `buf`, the view is read-only.
        unsafe {
            (*view).buf = scores.as_ptr().cast_mut().cast::<c_void>();
            (*view).len = size_of_val(scores) as ffi::Py_ssize_t;
            (*view).readonly = 1;
            (*view).itemsize = size_of::<f64>() as ffi::Py_ssize_t;
            (*view).format = if flags & ffi::PyBUF_FORMAT == ffi::PyBUF_FORMAT { c"d".as_ptr().cast_mut() } else { ptr::null_mut() };
            (*view).ndim = 1;
            (*view).shape = if flags & ffi::PyBUF_ND == ffi::PyBUF_ND { this.shape.as_ptr().cast_mut() } else { ptr::null_mut() };
            (*view).strides =
                if flags & ffi::PyBUF_STRIDES == ffi::PyBUF_STRIDES { this.strides.as_ptr().cast_mut() } else { ptr::null_mut() };
            (*view).suboffsets = ptr::null_mut();
            (*view).internal = ptr::null_mut();
            (*view).obj = slf.clone().into_any().into_ptr();
        }
        Ok(())
    }
}
