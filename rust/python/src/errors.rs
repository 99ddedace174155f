//! One mapping from the engine's errors to the classes of `findspot.errors`.
//!
//! **In**: [`Error`]. **Out**: an exception with the same text and the same data. **Law**: no wildcard arm; a new kind of error does not
//! compile until somebody has chosen its class. A wrong argument becomes Python's own `ValueError`.

use findspot_engine::base::{Error, error::Reject};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};

static CLASSES: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// An exception of a class in `findspot.errors`.
pub(crate) fn make(py: Python<'_>, class: &str, message: &str, data: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let module = CLASSES.get_or_try_init(py, || py.import("findspot.errors").map(Bound::unbind))?;
        let keywords = PyDict::new(py);
        data(&keywords)?;
        Ok(PyErr::from_value(module.bind(py).getattr(class)?.call((message,), Some(&keywords))?))
    };
    // Failing to build an error (no memory, a broken installation) is itself the error to report.
    build().unwrap_or_else(|error| error)
}

/// The exception for a refused document; also what `Upserted.rejected` holds.
pub(crate) fn document(py: Python<'_>, reject: &Reject) -> PyErr {
    make(py, "DocumentError", &reject.to_string(), |data| {
        data.set_item("key", reject.key.as_deref())?;
        data.set_item("field", &reject.field)?;
        data.set_item("expected", &reject.expected)?;
        data.set_item("got", &reject.got)?;
        data.set_item("source", reject.place.source.as_deref())?;
        data.set_item("record", reject.place.record)
    })
}

/// A defect of findspot: a panic, or a broken promise between the rooms.
pub(crate) fn defect(py: Python<'_>, message: &str) -> PyErr {
    make(py, "InternalError", message, |_| Ok(()))
}

/// Takes the position out of a `QueryError` about typed queries and filters: they have no text to count in.
pub(crate) fn without_position(py: Python<'_>, error: PyErr) -> PyErr {
    let strip = || -> PyResult<()> {
        let value = error.value(py);
        if value.get_type().name()? != "QueryError" || value.getattr("position")?.is_none() {
            return Ok(());
        }
        let place = format!(", position {}:", value.getattr("position")?);
        let message = value.getattr("message")?.extract::<String>()?.replacen(&place, ":", 1);
        value.setattr("args", (&message,))?;
        value.setattr("message", message)?;
        value.setattr("position", py.None())
    };
    match strip() {
        Ok(()) => error,
        Err(error) => error,
    }
}

/// Adds a note to an exception.
pub(crate) fn noted(py: Python<'_>, error: PyErr, note: &str) -> PyErr {
    match error.value(py).call_method1("add_note", (note,)) {
        Ok(_) => error,
        Err(error) => error,
    }
}

/// The name in Python's `errno` of a kind of refusal.
fn errno(kind: std::io::ErrorKind) -> &'static str {
    match kind {
        std::io::ErrorKind::NotFound => "ENOENT",
        std::io::ErrorKind::AlreadyExists => "EEXIST",
        _ => "EINVAL",
    }
}

/// The exception for an error of the engine.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.to_string();
    let plain = |class: &str| make(py, class, &message, |_| Ok(()));
    match error {
        Error::Schema { path, expected, got } => make(py, "SchemaError", &message, |data| {
            data.set_item("path", path)?;
            data.set_item("expected", expected)?;
            data.set_item("got", got)
        }),
        Error::Document(reject) => document(py, reject),
        Error::Query { position, hint, .. } => make(py, "QueryError", &message, |data| {
            data.set_item("position", position)?;
            data.set_item("hint", hint.as_deref())
        }),
        Error::Config(problems) => make(py, "ConfigError", &message, |data| {
            data.set_item("problems", PyList::new(py, problems.iter().map(|p| (&p.path, p.expected(), &p.got)))?)
        }),
        Error::Conflict(_) => plain("ConflictError"),
        Error::StaleView(_) => plain("StaleView"),
        Error::Corruption { file, offset, .. } => make(py, "CorruptionError", &message, |data| {
            data.set_item("file", file)?;
            data.set_item("offset", offset)
        }),
        Error::FormatVersion { file, .. } => make(py, "StorageError", &message, |data| data.set_item("filename", file)),
        Error::Storage { path, source, .. } => make(py, "StorageError", &message, |data| {
            data.set_item("errno", source.raw_os_error())?;
            data.set_item("filename", path)
        }),
        Error::Index { url, kind, .. } => make(py, "StorageError", &message, |data| {
            data.set_item("errno", py.import("errno")?.getattr(errno(*kind))?)?;
            data.set_item("filename", url)
        }),
        Error::Timeout { seconds } => make(py, "SearchTimeout", &message, |data| data.set_item("seconds", seconds)),
        // Only reached when no signal handler raised: another thread closed what this call was using.
        Error::Cancelled | Error::Closed(_) => plain("ClosedError"),
        // What a search asks for beside its query: a service passes it on from its users as it does the query.
        Error::Argument { argument: "sort" | "fields", .. } => plain("QueryError"),
        Error::Argument { .. } => PyValueError::new_err(message),
        Error::Defect(_) => defect(py, &message),
    }
}
