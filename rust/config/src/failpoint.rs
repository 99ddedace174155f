//! Places where a test may kill the process.
//!
//! **In**: the name of a step that has just been done. **Out**: nothing, or the end of the process without any clean-up, as if by `kill -9`.
//! **Law**: outside tests this is no code at all.

/// Ends the process here when a test asked for it by the variable `FINDSPOT_KILL_AT`.
#[cfg(test)]
pub fn failpoint(step: &str) {
    if std::env::var_os("FINDSPOT_KILL_AT").is_some_and(|at| at == step) {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(test))]
#[inline(always)]
pub fn failpoint(_step: &str) {}
