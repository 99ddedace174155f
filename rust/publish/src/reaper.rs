//! The reaper: the thread on which retired values are freed.
//!
//! **In**: the last-but-one owners of values. **Out**: nothing. **Law**: a value is freed here, when nobody else owns it, so that no
//! reader ever pays for unmapping a segment; the thread starts with the first value, ends when it has been idle for a while, and is keyed
//! by the process id, so that a child of `fork` starts its own. If no thread can be started, the value is freed where it is.

#[cfg(not(loom))]
pub use thread::retire;

use crate::sync::Arc;

/// A value of any type that waits for its last reader.
pub trait Retired: Send {
    fn is_last_owner(&self) -> bool;
}

impl<T: Send + Sync> Retired for Arc<T> {
    fn is_last_owner(&self) -> bool {
        Arc::strong_count(self) == 1
    }
}

/// Takes those out of `values` that nobody else owns any more. Nobody can become an owner again: the cell has let go of them, and a reader
/// only shares what it owns.
pub fn unread(values: &mut Vec<Box<dyn Retired>>) -> Vec<Box<dyn Retired>> {
    let (free, kept) = std::mem::take(values).into_iter().partition(|value| value.is_last_owner());
    *values = kept;
    free
}

#[cfg(not(loom))]
mod thread {
    //! The thread that looks at the retired values again and again, ever more rarely while nothing changes.

    use std::sync::atomic::{AtomicPtr, Ordering};
    use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
    use std::time::Duration;

    use super::{Retired, unread};

    /// How soon values that somebody still reads are looked at again, at first and at last.
    const PATIENCE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(320));
    /// Idle rounds after which the thread ends.
    const IDLE_ROUNDS: u32 = 25;

    #[derive(Default)]
    struct Queue {
        values: Vec<Box<dyn Retired>>,
        running: bool,
        /// Values that came since the last look.
        fresh: usize,
        /// Whether the thread waits for longer than new values shall.
        dozes: bool,
    }

    struct Reaper {
        pid: u32,
        queue: Mutex<Queue>,
        wake: Condvar,
    }

    static REAPER: AtomicPtr<Reaper> = AtomicPtr::new(std::ptr::null_mut());

    /// Hands a value over to be freed once nobody reads it. A cell does this itself; a value that is handed over twice has two owners for ever.
    pub fn retire<T: Send + Sync + 'static>(value: Arc<T>) {
        let reaper = reaper();
        let mut queue = reaper.lock();
        queue.values.push(Box::new(value));
        queue.fresh += 1;
        if !queue.running {
            queue.running = crate::start_thread(c"findspot-reaper", || reaper.run());
            if !queue.running {
                let values = std::mem::take(&mut queue.values);
                drop(queue);
                drop(values);
                return;
            }
        }
        // Waking a thread may cost the publisher its processor; the next look is soon enough.
        let dozes = std::mem::take(&mut queue.dozes);
        drop(queue);
        if dozes {
            reaper.wake.notify_one();
        }
    }

    fn reaper() -> &'static Reaper {
        let pid = std::process::id();
        loop {
            let seen = REAPER.load(Ordering::Acquire);
            // SAFETY: the pointer is null or was made by `Box::leak` below; a reaper is never freed, a forked child forgets its parent's.
            if let Some(reaper) = unsafe { seen.as_ref() }
                && reaper.pid == pid
            {
                return reaper;
            }
            let fresh: *mut Reaper = Box::leak(Box::new(Reaper { pid, queue: Mutex::default(), wake: Condvar::new() }));
            if REAPER.compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: `fresh` came from `Box::leak` just now and was not shared.
                drop(unsafe { Box::from_raw(fresh) });
            }
        }
    }

    impl Reaper {
        fn lock(&self) -> MutexGuard<'_, Queue> {
            self.queue.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn run(&self) {
            let (mut idle, mut patience) = (0, PATIENCE.0);
            loop {
                let mut queue = self.lock();
                if queue.values.is_empty() {
                    idle += 1;
                    patience = PATIENCE.0;
                    if idle > IDLE_ROUNDS {
                        queue.running = false;
                        return;
                    }
                } else {
                    idle = 0;
                }
                queue.dozes = patience > PATIENCE.0;
                let (mut queue, _) = self.wake.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner);
                queue.dozes = false;
                let free = unread(&mut queue.values);
                let is_quiet = std::mem::take(&mut queue.fresh) == 0 && free.is_empty();
                drop(queue);
                patience = if is_quiet { (patience * 2).min(PATIENCE.1) } else { PATIENCE.0 };
                drop(free); // outside the lock: freeing may take long and may retire more
            }
        }
    }
}
