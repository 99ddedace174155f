//! The threads: they start when there is work, take the next job, and tell who waits for it.
//!
//! **In**: [`Job`]s. **Out**: [`Job::run`] on a worker, then [`Bell::ring`]. **Law**: the mutex is held for pushing and taking only; no job
//! and no bell runs under it. A job that panics ends as a job and nothing else. A bell is rung after the last job that it waits for ended,
//! at most [`PATIENCE`] after the first one did, unless a short job itself takes longer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::lanes::{Full, Lane, Lanes, Limits};

/// How long the end of a job is kept from whoever waits for it, when more jobs are at hand.
pub const PATIENCE: Duration = Duration::from_micros(50);

/// Idle time after which a worker ends.
const IDLE: Duration = Duration::from_secs(10);

/// Somebody who waits for jobs.
pub trait Bell: Send + Sync {
    /// Some of the jobs have ended.
    fn ring(&self);
}

/// Work, and who is told of its end.
pub trait Job: Send + Sync {
    /// Does the work, once. What comes of it is the job's own affair.
    fn run(&self);
    /// Who is told.
    fn bell(&self) -> &Arc<dyn Bell>;
}

struct Queue {
    lanes: Lanes<Arc<dyn Job>>,
    /// Workers that there are.
    workers: usize,
    /// Workers that sleep and have not been called.
    asleep: usize,
    /// Workers that were called, or started, and have not looked yet.
    called: usize,
    /// Workers that ring and look again then.
    ringing: usize,
    /// When a worker last took a short job.
    taken: Option<Instant>,
}

impl Queue {
    /// Whether some worker will look at the queue within some hundred microseconds.
    fn is_watched(&self) -> bool {
        self.called > 0
            || self.ringing > 0
            || self.lanes.running(Lane::Short) > 0 && self.taken.is_some_and(|taken| taken.elapsed() < Duration::from_micros(200))
    }
}

/// The workers of one process.
pub struct Pool {
    queue: Mutex<Queue>,
    work: Condvar,
}

impl Pool {
    /// A pool without threads; they come with the first job.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Self> {
        let queue = Queue { lanes: Lanes::new(limits), workers: 0, asleep: 0, called: 0, ringing: 0, taken: None };
        Arc::new(Self { queue: Mutex::new(queue), work: Condvar::new() })
    }

    /// Takes a job in.
    ///
    /// # Errors
    /// [`Full`] when too many wait already, or when the system has no thread to run it on.
    pub fn submit(self: &Arc<Self>, lane: Lane, job: Arc<dyn Job>) -> Result<(), Full> {
        let mut queue = self.lock();
        queue.lanes.push(lane, job)?;
        self.call(queue);
        Ok(())
    }

    /// Takes several jobs in under one lock; those that found no room come back.
    #[must_use]
    pub fn submit_all(self: &Arc<Self>, jobs: &mut dyn Iterator<Item = (Lane, Arc<dyn Job>)>) -> Vec<(Arc<dyn Job>, Full)> {
        let mut queue = self.lock();
        let mut refused = Vec::new();
        for (lane, job) in jobs {
            if let Err(full) = queue.lanes.push(lane, Arc::clone(&job)) {
                refused.push((job, full));
            }
        }
        self.call(queue);
        refused
    }

    /// Jobs that wait, and workers that there are.
    pub fn load(&self) -> (usize, usize) {
        let queue = self.lock();
        (queue.lanes.len(), queue.workers)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a worker, if what waits is worth another one.
    fn call(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>) {
        if !queue.lanes.is_runnable() || queue.is_watched() && !queue.lanes.wants_company() {
            return;
        }
        if queue.asleep > 0 {
            queue.asleep -= 1;
            queue.called += 1;
            drop(queue);
            self.work.notify_one();
        } else if queue.workers < queue.lanes.most_workers() {
            queue.workers += 1;
            queue.called += 1;
            let pool = Arc::clone(self);
            if !findspot_publish::start_thread(c"findspot-worker", move || pool.work()) {
                queue.workers -= 1;
                queue.called -= 1;
                let alone = queue.workers == 0;
                drop(queue);
                if alone {
                    self.drain();
                }
            }
        }
    }

    /// Does what waits in this thread: the system has no other. Better late than never.
    fn drain(&self) {
        loop {
            let taken = self.lock().lanes.take();
            let Some((lane, job)) = taken else { return };
            let took = run(&*job, Instant::now());
            self.lock().lanes.ended(lane, took);
            job.bell().ring();
        }
    }

    fn work(self: &Arc<Self>) {
        let mut told = Told::default();
        let mut queue = self.lock();
        queue.called = queue.called.saturating_sub(1);
        loop {
            let Some((lane, job)) = queue.lanes.take() else {
                if told.is_waiting() {
                    queue.ringing += 1;
                    drop(queue);
                    told.ring();
                    queue = self.lock();
                    queue.ringing -= 1;
                    continue;
                }
                queue.asleep += 1;
                let (awake, timeout) = self.work.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
                queue = awake;
                if queue.called > 0 {
                    queue.called -= 1; // the call has lowered `asleep`
                } else {
                    queue.asleep = queue.asleep.saturating_sub(1);
                    if timeout.timed_out() && !queue.lanes.is_runnable() {
                        queue.workers -= 1;
                        return;
                    }
                }
                continue;
            };
            let started = Instant::now();
            if lane == Lane::Short {
                queue.taken = Some(started);
            }
            // What is left may be worth another worker.
            self.call(queue);
            if lane != Lane::Short {
                told.ring();
            }
            let took = run(&*job, started);
            told.note(&job);
            drop(job); // outside the lock: it may hold the last of something large
            if lane != Lane::Short || told.is_late() {
                told.ring();
            }
            queue = self.lock();
            queue.lanes.ended(lane, took);
        }
    }
}

/// Runs a job; how long it took.
fn run(job: &dyn Job, started: Instant) -> Duration {
    // A job records its own failures; there is nobody else to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
    started.elapsed()
}

/// The bells that are still to be rung.
#[derive(Default)]
struct Told {
    bells: Vec<Arc<dyn Bell>>,
    since: Option<Instant>,
}

impl Told {
    fn note(&mut self, job: &Arc<dyn Job>) {
        let bell = job.bell();
        if !self.bells.iter().any(|other| Arc::ptr_eq(other, bell)) {
            self.bells.push(Arc::clone(bell));
        }
        self.since.get_or_insert_with(Instant::now);
    }

    fn is_waiting(&self) -> bool {
        !self.bells.is_empty()
    }

    fn is_late(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    fn ring(&mut self) {
        self.since = None;
        for bell in self.bells.drain(..) {
            let _ = catch_unwind(AssertUnwindSafe(|| bell.ring()));
        }
    }
}
