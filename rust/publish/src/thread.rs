//! Threads that a child of `fork` can start at any moment.
//!
//! **In**: a name and what to do. **Out**: a detached thread. **Law**: the standard library keeps a table of its threads behind a mutex, which
//! every start and end of a thread takes; a fork in that moment leaves the child a mutex that nobody unlocks, and no thread that it starts would
//! ever run. The system's own call has no such table (and unlocks what it has after a fork), so threads that must start in a child are
//! started by it. A panic of the work ends the thread and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a thread does.
type Work = Box<dyn FnOnce() + Send>;

/// Starts a thread that nobody waits for; `false` = the system has none. Names are cut to 15 bytes where the system does so.
pub fn start_thread(name: &'static std::ffi::CStr, work: impl FnOnce() + Send + 'static) -> bool {
    start(name, Box::new(work))
}

fn run(work: Work) {
    // The work records its own failures; there is nobody else to tell.
    let _ = catch_unwind(AssertUnwindSafe(work));
}

#[cfg(unix)]
fn start(name: &'static std::ffi::CStr, work: Work) -> bool {
    use std::ffi::{CStr, c_void};
    use std::mem::MaybeUninit;

    /// What is handed to the new thread.
    struct Start(&'static CStr, Work);

    extern "C" fn main(start: *mut c_void) -> *mut c_void {
        // SAFETY: the pointer is the one of `Box::into_raw` below, handed to this thread alone and used once.
        let Start(name, work) = *unsafe { Box::from_raw(start.cast::<Start>()) };
        #[cfg(target_os = "linux")]
        // SAFETY: names this thread; the name ends with a zero and lives as long as the process.
        unsafe {
            libc::pthread_setname_np(libc::pthread_self(), name.as_ptr());
        }
        #[cfg(not(target_os = "linux"))]
        let _ = name;
        run(work);
        std::ptr::null_mut()
    }

    let start = Box::into_raw(Box::new(Start(name, work)));
    let mut thread = MaybeUninit::uninit();
    // SAFETY: default attributes, a function of the right type, and an argument that the new thread owns from now on.
    let outcome = unsafe { libc::pthread_create(thread.as_mut_ptr(), std::ptr::null(), main, start.cast()) };
    if outcome != 0 {
        // SAFETY: no thread was made, so the argument is still this function's.
        drop(unsafe { Box::from_raw(start) });
        return false;
    }
    // SAFETY: `pthread_create` succeeded, so it wrote the thread, which has not been joined or detached.
    unsafe { libc::pthread_detach(thread.assume_init()) };
    true
}

#[cfg(not(unix))]
fn start(name: &'static std::ffi::CStr, work: Work) -> bool {
    std::thread::Builder::new().name(name.to_string_lossy().into_owned()).spawn(move || run(work)).is_ok()
}
