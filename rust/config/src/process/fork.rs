//! Forks, as a number that grows: how code notices that its threads did not come along.
//!
//! **In**: nothing. **Out**: how often this process and its ancestors forked since the first call. **Law**: reading it is one relaxed load,
//! cheap enough for every read of a store; the handler that counts does one atomic addition, which is all that may be done between `fork`
//! and whatever comes next.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static FORKS: AtomicU64 = AtomicU64::new(0);

#[cfg(unix)]
extern "C" fn count_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Counts forks from now on, in this process and in its children.
pub fn count_forks() {
    static REGISTERED: Once = Once::new();
    #[cfg(unix)]
    REGISTERED.call_once(|| {
        // SAFETY: the handler has the signature that is asked for, lives as long as the process, and only adds to an atomic number. When
        // it cannot be registered (no memory), nothing is counted, and stores notice forks by the process id where they take a turn.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(count_in_child)) };
    });
    #[cfg(not(unix))]
    REGISTERED.call_once(|| {});
}

/// How many forks lie between this process and the first call of [`count_forks`].
#[inline]
pub fn generation() -> u64 {
    FORKS.load(Ordering::Relaxed)
}
