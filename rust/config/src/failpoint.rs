//! Places where a test may kill the process.
//!
//! **In**: the name of a step that has just been done. **Out**: nothing, or the end of the process as by `kill -9`: no clean-up, no flush.
//! **Law**: outside tests this is no code at all.

#[cfg(all(test, unix))]
static ARMED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// From now on, the variable `FINDSPOT_KILL_AT` counts.
#[cfg(all(test, unix))]
pub fn arm() {
    ARMED.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// Kills the process here when a test asked for it by the variable `FINDSPOT_KILL_AT`.
#[cfg(all(test, unix))]
pub fn failpoint(step: &str) {
    if ARMED.load(std::sync::atomic::Ordering::Relaxed) && std::env::var_os("FINDSPOT_KILL_AT").is_some_and(|at| at == step) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // The signal is delivered before this returns, or very soon after.
        std::thread::sleep(std::time::Duration::from_secs(60));
    }
}

/// Nothing.
#[cfg(not(all(test, unix)))]
#[inline(always)]
pub fn failpoint(_step: &str) {}
