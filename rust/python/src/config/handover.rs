//! Getting the interpreter beside a main thread that takes it back at once.
//!
//! **In**: a thread that is about to wait for the interpreter. **Out**: its turn, soon. **Law**
//! 1. A thread that lets go of the interpreter for a system call and takes it back within microseconds (an event loop that always has
//!    something to do) wakes those who wait, and has it again before they run; CPython counts their wait anew each time, so they never ask for
//!    it by force. Seconds pass so. What is asked for here is a pending call of the main thread: it lets go and waits until the other has
//!    had its turn, at most a millisecond.
//! 2. At most one pending call is queued at a time, and one that comes too late does nothing. Nobody takes a lock, so a fork at any moment
//!    leaves nothing locked; the child forgets who waited.
//!
//! Source: `take_gil` in CPython's ceval_gil.h (3.11); `Py_AddPendingCall`, which needs no interpreter and is in the stable ABI.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::ffi;
use pyo3::prelude::*;

/// The longest that the main thread stands back.
const AT_MOST: Duration = Duration::from_millis(1);
/// Between two looks at whether the other has had its turn.
const LOOK: Duration = Duration::from_micros(10);

/// Threads that wait for the interpreter.
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// Turns that were had.
static TURNS: AtomicU64 = AtomicU64::new(0);
/// Whether a pending call is queued.
static QUEUED: AtomicBool = AtomicBool::new(false);

/// This thread's wait for the interpreter: begins when it is made, without the interpreter; ends when it is dropped, with it.
pub(super) struct Turn(());

impl Turn {
    /// Asks the main thread to stand back once.
    pub fn ask() -> Self {
        WAITING.fetch_add(1, Ordering::AcqRel);
        if !QUEUED.swap(true, Ordering::AcqRel) {
            // SAFETY: the function takes no interpreter and may be called by any thread; it keeps a pointer to a function that lives as long
            // as the process, and no argument. A full queue, or a process without an interpreter, is -1.
            let queued = unsafe { ffi::Py_AddPendingCall(Some(stand_back), std::ptr::null_mut()) };
            if queued != 0 {
                QUEUED.store(false, Ordering::Release);
            }
        }
        Self(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A fork has set it to nought in between, perhaps.
        let _ = WAITING.fetch_update(Ordering::AcqRel, Ordering::Acquire, |waiting| waiting.checked_sub(1));
        TURNS.fetch_add(1, Ordering::AcqRel);
    }
}

/// Runs on the main thread, with the interpreter.
extern "C" fn stand_back(_: *mut c_void) -> c_int {
    QUEUED.store(false, Ordering::Release);
    let before = TURNS.load(Ordering::Acquire);
    if WAITING.load(Ordering::Acquire) > 0 {
        Python::try_attach(|py| {
            py.detach(|| {
                let begin = Instant::now();
                while WAITING.load(Ordering::Acquire) > 0 && TURNS.load(Ordering::Acquire) == before && begin.elapsed() < AT_MOST {
                    std::thread::sleep(LOOK);
                }
            });
        });
    }
    0
}

/// In a child of `fork`: its only thread waits for nothing. What the parent had queued runs here, too, and does nothing.
pub(super) fn after_fork() {
    WAITING.store(0, Ordering::Release);
    QUEUED.store(false, Ordering::Release);
}

/// `Python::try_attach`, with a turn asked for.
pub(super) fn try_attach<R>(work: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    let turn = Turn::ask();
    Python::try_attach(|py| {
        drop(turn);
        work(py)
    })
}
