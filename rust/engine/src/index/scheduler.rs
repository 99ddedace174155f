//! The thread on which merges run by themselves.
//!
//! **In**: a wake-up after each commit. **Out**: calls of the work until it says that nothing is left. **Law**: the thread starts with the
//! first wake-up and never exists in a child of `fork`; it ends, and is waited for, when its writer closes; a wake-up costs the writer a
//! short lock. Work that fails is tried again at the next wake-up, not before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::base::{Interrupt, Result};

#[derive(Default)]
struct Flags {
    wake: bool,
    closing: bool,
}

#[derive(Default)]
struct Shared {
    flags: Mutex<Flags>,
    changed: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One background thread, or none yet.
pub(super) struct Scheduler {
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pid: u32,
}

impl Scheduler {
    pub fn new() -> Self {
        Self { shared: Arc::default(), stop: Arc::default(), thread: Mutex::default(), pid: std::process::id() }
    }

    /// Lets the thread look for work. `work` is used when the thread is started: one piece of work, `false` = there was none.
    pub fn wake(&self, work: impl Fn(&Interrupt) -> Result<bool> + Send + 'static) {
        let mut thread = lock(&self.thread);
        let mut flags = lock(&self.shared.flags);
        if flags.closing {
            return;
        }
        flags.wake = true;
        drop(flags);
        self.shared.changed.notify_one();
        if thread.is_none() {
            let (shared, interrupt) = (Arc::clone(&self.shared), Interrupt::new(Some(Arc::clone(&self.stop)), None));
            let spawned = std::thread::Builder::new().name("findspot-merge".into()).spawn(move || run(&shared, &work, &interrupt));
            match spawned {
                Ok(handle) => *thread = Some(handle),
                Err(error) => log::warn!("no thread for merging: {error}; merges run when they are asked for"),
            }
        }
    }

    /// Stops the work at its next look at the interrupt and waits for the thread.
    pub fn close(&self) {
        if self.pid != std::process::id() {
            return;
        }
        lock(&self.shared.flags).closing = true;
        self.stop.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            log::error!("the merging thread panicked");
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        if self.pid != std::process::id()
            && let Ok(mut thread) = self.thread.try_lock()
        {
            std::mem::forget(thread.take()); // a thread of the parent: not ours to detach
        }
    }
}

fn run(shared: &Shared, work: &dyn Fn(&Interrupt) -> Result<bool>, interrupt: &Interrupt) {
    loop {
        let mut flags = lock(&shared.flags);
        while !flags.wake && !flags.closing {
            flags = shared.changed.wait(flags).unwrap_or_else(PoisonError::into_inner);
        }
        if flags.closing {
            return;
        }
        flags.wake = false;
        drop(flags);
        loop {
            match work(interrupt) {
                Ok(true) if interrupt.check().is_ok() => {}
                Ok(_) => break,
                Err(error) => {
                    if interrupt.check().is_ok() {
                        log::warn!("a merge failed and will be tried again after the next commit: {error}");
                    }
                    break;
                }
            }
        }
    }
}
