//! Numbers of versions as a program gives them.
//!
//! **In**: any object. **Out**: a number. **Law**: what is no whole number is a wrong argument; a whole number that no version can have is a
//! version that is not there, like any other.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList};

use crate::errors;

/// Why an object is no number of a version.
pub(crate) enum NoNumber {
    /// It is no whole number.
    Wrong(PyErr),
    /// No version can have it; its digits, or how large it is.
    Beyond(String),
}

fn read(value: &Bound<'_, PyAny>, argument: &str) -> Result<u64, NoNumber> {
    let py = value.py();
    let wrong = || {
        let kind = value.get_type().name().map_or_else(|_| "another type".to_owned(), |name| name.to_string());
        NoNumber::Wrong(PyTypeError::new_err(format!("{argument}: expected the number of a version as int, got {kind}")))
    };
    if value.is_instance_of::<PyBool>() {
        return Err(wrong());
    }
    value.extract::<u64>().map_err(|error| match error.is_instance_of::<PyOverflowError>(py) {
        true => NoNumber::Beyond(value.str().map_or_else(|_| "with thousands of digits".to_owned(), |digits| digits.to_string())),
        false => wrong(),
    })
}

/// The number of a version that somebody asks for.
pub(crate) fn version(value: &Bound<'_, PyAny>, argument: &str) -> PyResult<u64> {
    read(value, argument).map_err(|error| match error {
        NoNumber::Wrong(error) => error,
        NoNumber::Beyond(digits) => {
            let got = format!("there is no version {digits}");
            errors::make(value.py(), "ConfigError", &format!("configuration: {got}; `history()` lists those that are kept"), |data| {
                data.set_item("problems", PyList::new(value.py(), [("", "a version that is kept", got.as_str())])?)
            })
        }
    })
}

/// The number of the version that somebody has seen, where `current` is what there is.
pub(crate) fn expected(value: &Bound<'_, PyAny>, argument: &str, current: u64) -> PyResult<u64> {
    read(value, argument).map_err(|error| match error {
        NoNumber::Wrong(error) => error,
        NoNumber::Beyond(digits) => {
            let text = format!("configuration: expected version {digits}, but version {current} is current; look at it and decide again");
            errors::make(value.py(), "ConflictError", &text, |_| Ok(()))
        }
    })
}
