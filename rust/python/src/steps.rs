//! The crash tests' hook: the process kills itself just before a named step of writing.
//!
//! **In**: the variable `FINDSPOT_KILL_AT="<step>:<n>"`. **Out**: a hook for the engine, or nothing when it is not set. **Law**: at the n-th
//! announcement of the step (from 1, over all threads and indexes of the process) the process gets SIGKILL, which nothing can catch or
//! clean up after. Without the variable nothing is hooked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use findspot_engine::base::Result;
use findspot_engine::index::steps::{Step, Steps};
use pyo3::prelude::*;

static ANNOUNCED: AtomicU64 = AtomicU64::new(0);

struct KillAt {
    step: Step,
    announcement: u64,
}

impl Steps for KillAt {
    fn before(&self, step: Step) -> Result<()> {
        if step == self.step && ANNOUNCED.fetch_add(1, Ordering::SeqCst) + 1 == self.announcement {
            Python::attach(|py| {
                let kill = || -> PyResult<()> {
                    let os = py.import("os")?;
                    os.call_method1("kill", (os.call_method0("getpid")?, py.import("signal")?.getattr("SIGKILL")?)).map(|_| ())
                };
                if let Err(error) = kill() {
                    error.write_unraisable(py, None);
                }
            });
        }
        Ok(())
    }
}

/// The hook that the environment asks for.
pub(crate) fn hook() -> Option<Arc<dyn Steps>> {
    let text = std::env::var("FINDSPOT_KILL_AT").ok()?;
    let (name, announcement) = text.split_once(':')?;
    let step = Step::ALL.into_iter().find(|step| step.name() == name)?;
    Some(Arc::new(KillAt { step, announcement: announcement.parse().ok()? }))
}
