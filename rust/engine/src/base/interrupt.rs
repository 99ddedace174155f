//! How long work learns that it must stop: a flag, a deadline, and a clock that is handed in.
//!
//! **In**: an optional cancel flag, an optional deadline. **Out**: [`Stop`] when one of them says so. **Law**: long loops call
//! [`Interrupt::check`] once per window, batch or block, never per posting; a check costs an atomic load and, where there is a
//! deadline, one reading of the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Why work stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody raised the flag: Ctrl-C, a cancelled task, a closing index.
    Cancelled,
    /// The deadline passed.
    Deadline,
}

/// A cancel flag and a deadline, cheap to clone and to look at.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    flag: Option<Arc<AtomicBool>>,
    deadline: Option<Instant>,
}

impl Interrupt {
    /// Never stops.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Stops when `flag` is raised or `deadline` has passed.
    #[must_use]
    pub fn new(flag: Option<Arc<AtomicBool>>, deadline: Option<Instant>) -> Self {
        Self { flag, deadline }
    }

    /// The same flag with another deadline.
    #[must_use]
    pub fn with_deadline(&self, deadline: Option<Instant>) -> Self {
        Self { flag: self.flag.clone(), deadline }
    }

    /// `Err` when work must stop. The flag wins over the deadline.
    #[inline]
    pub fn check(&self) -> Result<(), Stop> {
        if let Some(flag) = &self.flag
            && flag.load(Ordering::Relaxed)
        {
            return Err(Stop::Cancelled);
        }
        if let Some(deadline) = self.deadline
            && Instant::now() >= deadline
        {
            return Err(Stop::Deadline);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn flag_and_deadline_stop_and_nothing_else_does() {
        assert_eq!(Interrupt::none().check(), Ok(()));
        let flag = Arc::new(AtomicBool::new(false));
        let past = Instant::now().checked_sub(Duration::from_millis(1));
        let interrupt = Interrupt::new(Some(Arc::clone(&flag)), None);
        assert_eq!(interrupt.check(), Ok(()));
        assert_eq!(interrupt.with_deadline(past).check(), Err(Stop::Deadline));
        flag.store(true, Ordering::Relaxed);
        assert_eq!(interrupt.with_deadline(past).check(), Err(Stop::Cancelled));
    }
}
