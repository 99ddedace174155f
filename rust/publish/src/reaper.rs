//! The reaper: the thread on which retired values are freed.
//!
//! **In**: the last-but-one owners of values. **Out**: nothing. **Law**: a value is freed here, when nobody else owns it, so that no
//! reader ever pays for unmapping a segment; the thread starts with the first value, ends when it has been idle for a while, and is keyed
//! by the process id, so that a child of `fork` starts its own. If no thread can be started, the value is freed where it is.

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often values that somebody still reads are looked at.
const PATIENCE: Duration = Duration::from_millis(20);
/// Idle rounds after which the thread ends.
const IDLE_ROUNDS: u32 = 25;

trait Retired: Send {
    fn is_last_owner(&self) -> bool;
}

impl<T: Send + Sync> Retired for Arc<T> {
    fn is_last_owner(&self) -> bool {
        Arc::strong_count(self) == 1
    }
}

#[derive(Default)]
struct Queue {
    values: Vec<Box<dyn Retired>>,
    running: bool,
}

struct Reaper {
    pid: u32,
    queue: Mutex<Queue>,
    wake: Condvar,
}

static REAPER: AtomicPtr<Reaper> = AtomicPtr::new(std::ptr::null_mut());

/// Hands a value over to be freed once nobody reads it.
pub fn retire<T: Send + Sync + 'static>(value: Arc<T>) {
    let reaper = reaper();
    let mut queue = reaper.lock();
    queue.values.push(Box::new(value));
    if !queue.running {
        queue.running = std::thread::Builder::new().name("findspot-reaper".into()).spawn(|| reaper.run()).is_ok();
        if !queue.running {
            let values = std::mem::take(&mut queue.values);
            drop(queue);
            drop(values);
            return;
        }
    }
    drop(queue);
    reaper.wake.notify_one();
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
        let mut idle = 0;
        loop {
            let mut queue = self.lock();
            if queue.values.is_empty() {
                idle += 1;
                if idle > IDLE_ROUNDS {
                    queue.running = false;
                    return;
                }
            } else {
                idle = 0;
            }
            let (mut queue, _) = self.wake.wait_timeout(queue, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            let (free, kept) = std::mem::take(&mut queue.values).into_iter().partition::<Vec<_>, _>(|value| value.is_last_owner());
            queue.values = kept;
            drop(queue);
            drop(free); // outside the lock: freeing may take long and may retire more
        }
    }
}
