//! How long work learns that it must stop: a flag, a deadline, and a hook of the caller.
//!
//! **In**: an optional cancel flag, an optional deadline, an optional [`Poll`]. **Out**: [`Stop`] when one of them says so.
//! **Law**: long loops call [`Interrupt::check`] once per window, batch or block, never per posting; a check costs an atomic load
//! and, where there is a deadline or a hook, one reading of the clock. The hook is asked only on the thread that made it, and at most
//! once per period: an interpreter that wants to look for Ctrl-C pays one attach per period, and worker threads pay nothing. A wait
//! of the calling thread (for a lock, for workers) is cut into slices shorter than the period, with a check between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// Why work stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody raised the flag: Ctrl-C, a cancelled task, a closing index.
    Cancelled,
    /// The deadline passed.
    Deadline,
}

/// A question put to the calling thread's owner now and then: go on?
pub struct Poll {
    thread: ThreadId,
    start: Instant,
    /// Nanoseconds after `start` at which the hook is due.
    due: AtomicU64,
    period: u64,
    hook: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Poll {
    /// A hook of this thread; `false` stops the work for good. First asked one `period` from now.
    pub fn new(period: Duration, hook: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        Self { thread: std::thread::current().id(), start: Instant::now(), due: AtomicU64::new(period), period, hook: Box::new(hook) }
    }

    /// Asks if it is due and this is the hook's thread.
    fn goes_on(&self) -> bool {
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if now < self.due.load(Ordering::Relaxed) || std::thread::current().id() != self.thread {
            return true;
        }
        let answer = (self.hook)();
        // Counted from the end of the hook, so that a slow one (an interpreter that is slow to attach) never runs back to back.
        let after = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.due.store(after.saturating_add(self.period), Ordering::Relaxed);
        answer
    }
}

impl std::fmt::Debug for Poll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poll").field("thread", &self.thread).field("period_ns", &self.period).finish_non_exhaustive()
    }
}

/// A cancel flag, a deadline and a hook, cheap to clone and to look at.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    flag: Option<Arc<AtomicBool>>,
    deadline: Option<Instant>,
    poll: Option<Arc<Poll>>,
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
        Self { flag, deadline, poll: None }
    }

    /// Stops when `poll` says so too; then the flag is up for every clone, on every thread.
    #[must_use]
    pub fn polled(poll: Poll, deadline: Option<Instant>) -> Self {
        Self { flag: Some(Arc::new(AtomicBool::new(false))), deadline, poll: Some(Arc::new(poll)) }
    }

    /// The same flag and hook with another deadline.
    #[must_use]
    pub fn with_deadline(&self, deadline: Option<Instant>) -> Self {
        Self { flag: self.flag.clone(), deadline, poll: self.poll.clone() }
    }

    /// `Err` when work must stop. The flag wins over the deadline.
    #[inline]
    pub fn check(&self) -> Result<(), Stop> {
        if let Some(flag) = &self.flag
            && flag.load(Ordering::Relaxed)
        {
            return Err(Stop::Cancelled);
        }
        if let Some(poll) = &self.poll
            && !poll.goes_on()
        {
            if let Some(flag) = &self.flag {
                flag.store(true, Ordering::Relaxed);
            }
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

/// Looks at an interrupt once for so much work, however the work is cut into steps.
#[derive(Debug)]
pub struct Pace<'a> {
    interrupt: &'a Interrupt,
    done: usize,
}

impl<'a> Pace<'a> {
    /// Units (postings, tokens, keys) between two looks: well below a millisecond of work at ten nanoseconds each.
    pub const STRIDE: usize = 1 << 16;

    /// Nothing done so far.
    #[must_use]
    pub fn new(interrupt: &'a Interrupt) -> Self {
        Self { interrupt, done: 0 }
    }

    /// So many units were done.
    ///
    /// # Errors
    /// When it is time to look and the work must stop.
    #[inline]
    pub fn step(&mut self, units: usize) -> Result<(), Stop> {
        self.done += units;
        if self.done < Self::STRIDE {
            return Ok(());
        }
        self.done = 0;
        self.interrupt.check()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use std::sync::atomic::AtomicUsize;

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

    #[test]
    fn the_hook_is_asked_on_its_thread_once_per_period_and_stops_all_threads() {
        let asked = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&asked);
        let poll = Poll::new(Duration::from_millis(5), move || seen.fetch_add(1, Ordering::Relaxed) < 1);
        let interrupt = Interrupt::polled(poll, None);
        assert_eq!(interrupt.check(), Ok(()));
        assert_eq!(asked.load(Ordering::Relaxed), 0, "not before its period");
        std::thread::sleep(Duration::from_millis(6));
        std::thread::scope(|scope| {
            let other = interrupt.clone();
            scope.spawn(move || assert_eq!(other.check(), Ok(())));
        });
        assert_eq!(asked.load(Ordering::Relaxed), 0, "never on another thread");
        assert_eq!(interrupt.check(), Ok(()));
        assert_eq!(interrupt.check(), Ok(()));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        std::thread::sleep(Duration::from_millis(6));
        assert_eq!(interrupt.with_deadline(None).check(), Err(Stop::Cancelled));
        std::thread::scope(|scope| {
            let other = interrupt.clone();
            scope.spawn(move || assert_eq!(other.check(), Err(Stop::Cancelled)));
        });
    }
}
