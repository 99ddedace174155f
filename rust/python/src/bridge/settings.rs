//! The pool of the process, and what the environment says of it.
//!
//! **In**: `FINDSPOT_WORKERS` (cores to use), `FINDSPOT_QUEUE` (jobs that may wait), `FINDSPOT_INLINE` (`off`: nothing runs in the loop's
//! thread). **Out**: the pool. **Law**: read once, at import; what is not a number, or 0, fails the import and says so. No thread starts here.

use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;

use findspot_pool::{Limits, OfProcess, Pool};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Jobs that may wait unless the environment says otherwise: some hundred bytes each.
const WAITING: usize = 1 << 16;

struct Settings {
    pools: OfProcess,
    inline: bool,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Reads the environment.
pub(crate) fn settle() -> PyResult<()> {
    findspot_config::process::count_forks();
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let limits = Limits { cores: number("FINDSPOT_WORKERS", cores)?, waiting: number("FINDSPOT_QUEUE", WAITING)? };
    let inline = match std::env::var("FINDSPOT_INLINE").as_deref() {
        Err(_) | Ok("" | "on") => true,
        Ok("off") => false,
        Ok(other) => return Err(PyImportError::new_err(format!("FINDSPOT_INLINE: expected on or off, got {other:?}; or leave it unset"))),
    };
    SETTINGS.get_or_init(|| Settings { pools: OfProcess::new(limits), inline });
    Ok(())
}

fn number(variable: &str, otherwise: usize) -> PyResult<usize> {
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => match text.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(PyImportError::new_err(format!("{variable}: expected a number of 1 or more, got {text:?}; or leave it unset"))),
        },
        _ => Ok(otherwise),
    }
}

fn settings() -> &'static Settings {
    let default = || Settings { pools: OfProcess::new(Limits { cores: 1, waiting: WAITING }), inline: true };
    SETTINGS.get_or_init(default)
}

/// The pool of this process.
pub(super) fn pool() -> Arc<Pool> {
    settings().pools.pool()
}

/// Whether short searches run in the loop's thread.
pub(super) fn inline() -> bool {
    settings().inline
}

/// Jobs that wait in this process, and threads that work on them.
#[pyfunction]
pub(crate) fn pool_load() -> (usize, usize) {
    pool().load()
}
