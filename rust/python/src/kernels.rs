//! The instructions of the inner loops, when the environment names them.
//!
//! **In**: the variable `FINDSPOT_KERNELS`: `portable`, `neon`, `avx2` or `avx512`. **Out**: that level in use, in the whole process.
//! **Law**: read once, at import; not set or empty means the fastest that the processor has. A name that is unknown, or whose
//! instructions are missing here, fails the import and says which there are. Results do not depend on the level.

use findspot_engine::exec::kernels::{Level, current, use_level};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

const VARIABLE: &str = "FINDSPOT_KERNELS";

/// Puts the level of the environment in use, and returns the name of the one that is.
pub(crate) fn choose() -> PyResult<&'static str> {
    let Some(name) = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) else { return Ok(current().level.name()) };
    let name = name.to_string_lossy();
    let level = Level::named(&name);
    if level.is_some_and(use_level) {
        return Ok(current().level.name());
    }
    let here: Vec<&str> = Level::available().map(Level::name).collect();
    let why = if level.is_some() { "this processor lacks these instructions" } else { "there is no such level" };
    Err(PyImportError::new_err(format!("{VARIABLE}={name}: {why}; set it to one of {} or leave it unset", here.join(", "))))
}
