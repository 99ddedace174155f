//! Which job comes next: three lanes, and the rules between them.
//!
//! **In**: jobs with their lanes; which ended, and how long they took. **Out**: the next job, or none. **Law**
//! 1. Within a lane, first come, first served.
//! 2. Of `cores + 2` workers at most `cores` do long jobs and at most one writes, so one is always left for short jobs: no short job
//!    waits for a long one to end.
//! 3. After [`IN_A_ROW`] short jobs a long or writing one goes first, if its lane may have another worker: none of them starves.
//! 4. The queue is bounded, all lanes together.
//!
//! No threads and no clock: plain data behind the pool's mutex, and tested as such.

use std::collections::VecDeque;
use std::time::Duration;

/// Short jobs that may go before a waiting long one that could run as well.
pub const IN_A_ROW: u32 = 16;

/// What a new lane expects of a job, until it has seen some.
const GUESS: [Duration; 3] = [Duration::from_micros(50), Duration::from_millis(5), Duration::from_millis(20)];

/// What one is told to wait at least and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(60));

/// What kind of work a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Predicted to end within a millisecond or so.
    Short,
    /// Everything else that reads.
    Long,
    /// Writing: it waits for disks and for other writers.
    Writing,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Short, Self::Long, Self::Writing];

    fn index(self) -> usize {
        self as usize
    }
}

/// How much a pool takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Processors to use.
    pub cores: usize,
    /// Jobs that may wait, over all lanes.
    pub waiting: usize,
}

/// No room for another job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// After so long there should be room again.
    pub retry_after: Duration,
    /// So many jobs wait.
    pub waiting: usize,
}

/// The waiting jobs and what runs.
pub struct Lanes<T> {
    limits: Limits,
    waiting: [VecDeque<T>; 3],
    running: [usize; 3],
    /// Short jobs taken since something else was.
    in_a_row: u32,
    /// A running mean of how long a job of each lane takes, in nanoseconds.
    mean: [u64; 3],
}

impl<T> Lanes<T> {
    pub fn new(limits: Limits) -> Self {
        let limits = Limits { cores: limits.cores.max(1), ..limits };
        let mean = GUESS.map(|guess| u64::try_from(guess.as_nanos()).unwrap_or(u64::MAX));
        Self { limits, waiting: [const { VecDeque::new() }; 3], running: [0; 3], in_a_row: 0, mean }
    }

    /// Workers that can be busy at the same time.
    pub fn most_workers(&self) -> usize {
        self.limits.cores + 2
    }

    /// Jobs that wait.
    pub fn len(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    /// Takes a job in, unless the queue is full.
    pub fn push(&mut self, lane: Lane, job: T) -> Result<(), Full> {
        let waiting = self.len();
        if waiting >= self.limits.waiting {
            return Err(Full { retry_after: self.retry_after(), waiting });
        }
        self.waiting[lane.index()].push_back(job);
        Ok(())
    }

    /// The next job for a worker; [`Lanes::ended`] is its counterpart.
    pub fn take(&mut self) -> Option<(Lane, T)> {
        let short_first = [Lane::Short, Lane::Long, Lane::Writing];
        let short_last = [Lane::Long, Lane::Writing, Lane::Short];
        let order = if self.in_a_row < IN_A_ROW { short_first } else { short_last };
        let lane = order.into_iter().find(|lane| self.has_next(*lane))?;
        let job = self.waiting[lane.index()].pop_front()?;
        self.running[lane.index()] += 1;
        self.in_a_row = if lane == Lane::Short { self.in_a_row.saturating_add(1) } else { 0 };
        Some((lane, job))
    }

    /// Whether a worker would find a job.
    pub fn is_runnable(&self) -> bool {
        Lane::ALL.into_iter().any(|lane| self.has_next(lane))
    }

    /// Jobs of a lane that run.
    pub fn running(&self, lane: Lane) -> usize {
        self.running[lane.index()]
    }

    /// Whether somebody should be woken for what waits although another worker is on its way to it: short jobs that together take longer
    /// than waking does, or anything that takes long by itself.
    pub fn wants_company(&self) -> bool {
        let short = self.waiting[Lane::Short.index()].len() as u64;
        self.has_next(Lane::Long) || self.has_next(Lane::Writing) || short.saturating_mul(self.mean[Lane::Short.index()]) > 200_000
    }

    /// A job that was taken has ended after so long.
    pub fn ended(&mut self, lane: Lane, took: Duration) {
        let at = lane.index();
        self.running[at] = self.running[at].saturating_sub(1);
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX) / 8;
        self.mean[at] = (self.mean[at] - self.mean[at] / 8).saturating_add(took);
    }

    fn has_next(&self, lane: Lane) -> bool {
        let most = match lane {
            Lane::Short => usize::MAX,
            Lane::Long => self.limits.cores,
            Lane::Writing => 1,
        };
        !self.waiting[lane.index()].is_empty() && self.running[lane.index()] < most
    }

    /// When half of what waits should be done.
    fn retry_after(&self) -> Duration {
        let workers = [self.limits.cores as u64, self.limits.cores as u64, 1];
        let waits =
            Lane::ALL.map(|lane| (self.waiting[lane.index()].len() as u64).saturating_mul(self.mean[lane.index()]) / workers[lane.index()]);
        Duration::from_nanos(waits.into_iter().max().unwrap_or(0) / 2).clamp(RETRY.0, RETRY.1)
    }
}
