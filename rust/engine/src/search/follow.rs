//! A thread that follows other processes' commits.
//!
//! **In**: a period and what to do each time. **Out**: nothing. **Law**: stopping wakes the thread and waits for its end; in a child of
//! `fork`, where there is no such thread, nothing is touched. A failure is logged and tried again.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::base::{Error, Result};

/// The thread, until it is stopped or dropped.
pub(super) struct Follower {
    pid: u32,
    /// Dropping it ends the thread.
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Follower {
    /// Calls `poll` every `period` on a thread of its own.
    pub fn start(period: Duration, poll: impl Fn() -> Result<bool> + Send + 'static) -> Result<Self> {
        let (alive, stopped) = channel::<()>();
        let thread = std::thread::Builder::new().name("findspot-follow".into()).spawn(move || {
            while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = poll() {
                    log::warn!("following failed, the next round tries again: {error}");
                }
            }
        });
        let thread = thread.map_err(|error| Error::storage("start a thread for", "follow", error))?;
        Ok(Self { pid: std::process::id(), running: Some((alive, thread)) })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let Some((alive, thread)) = self.running.take() else { return };
        if self.pid != std::process::id() {
            // The thread is the parent's: neither its channel nor its handle is ours to touch.
            std::mem::forget((alive, thread));
            return;
        }
        drop(alive);
        if thread.join().is_err() {
            log::error!("the following thread had panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    #[test]
    fn it_polls_until_it_is_dropped_and_then_never_again() {
        let polls = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&polls);
        let follower = Follower::start(Duration::from_millis(1), move || {
            seen.fetch_add(1, Ordering::Relaxed);
            Err(Error::Cancelled)
        });
        let patience = Instant::now() + Duration::from_secs(10);
        while polls.load(Ordering::Relaxed) < 3 {
            assert!(Instant::now() < patience, "never polled");
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(follower.unwrap());
        let after = polls.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(polls.load(Ordering::Relaxed), after);
    }

    #[test]
    fn stopping_does_not_wait_for_the_period() {
        let started = Instant::now();
        drop(Follower::start(Duration::from_secs(3600), || Ok(false)).unwrap());
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}
