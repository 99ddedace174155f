//! Lanes beside their twin, and the threads under load.
//!
//! **Law** that is checked: every job runs once, the rules between lanes hold, bells are rung for batches, and what is refused never ran.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::lanes::{IN_A_ROW, Lanes};
use crate::{Bell, Full, Job, Lane, Limits, OfProcess, Pool};

const ALL: [Lane; 3] = [Lane::Short, Lane::Long, Lane::Writing];

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The rules, as a list that is searched from the front each time.
struct Twin {
    cores: usize,
    waiting: VecDeque<(Lane, u64)>,
    running: Vec<Lane>,
    in_a_row: u32,
}

impl Twin {
    fn take(&mut self) -> Option<(Lane, u64)> {
        let may = |lane: Lane, running: &[Lane]| {
            let busy = running.iter().filter(|other| **other == lane).count();
            lane == Lane::Short || busy < if lane == Lane::Long { self.cores } else { 1 }
        };
        let order: [Lane; 3] = if self.in_a_row < IN_A_ROW { ALL } else { [Lane::Long, Lane::Writing, Lane::Short] };
        for lane in order {
            if let Some(at) = self.waiting.iter().position(|(other, _)| *other == lane)
                && may(lane, &self.running)
            {
                self.running.push(lane);
                self.in_a_row = if lane == Lane::Short { self.in_a_row + 1 } else { 0 };
                return self.waiting.remove(at);
            }
        }
        None
    }
}

#[test]
fn lanes_choose_as_their_twin_does() {
    for seed in 1..200 {
        let mut dice = Dice(seed * 0x9E37_79B9);
        let cores = 1 + dice.below(3) as usize;
        let limits = Limits { cores, waiting: 20 + dice.below(40) as usize };
        let mut lanes = Lanes::new(limits);
        let mut twin = Twin { cores, waiting: VecDeque::new(), running: Vec::new(), in_a_row: 0 };
        for job in 0..400 {
            match dice.below(3) {
                0 => {
                    let lane = ALL[dice.below(3) as usize];
                    match lanes.push(lane, job) {
                        Ok(()) => twin.waiting.push_back((lane, job)),
                        Err(full) => assert_eq!((full.waiting, twin.waiting.len()), (limits.waiting, limits.waiting)),
                    }
                }
                1 => {
                    assert_eq!(lanes.take(), twin.take());
                }
                _ if !twin.running.is_empty() => {
                    let lane = twin.running.swap_remove(dice.below(twin.running.len() as u64) as usize);
                    lanes.ended(lane, Duration::from_micros(dice.below(1000)));
                }
                _ => {}
            }
            assert_eq!(lanes.len(), twin.waiting.len());
        }
    }
}

#[test]
fn one_worker_is_always_left_for_short_jobs() {
    let mut lanes = Lanes::new(Limits { cores: 2, waiting: 100 });
    for job in 0..10 {
        lanes.push(Lane::Long, job).unwrap();
        lanes.push(Lane::Writing, job).unwrap();
    }
    let busy: Vec<Lane> = std::iter::from_fn(|| lanes.take()).map(|(lane, _)| lane).collect();
    assert_eq!(busy.len(), lanes.most_workers() - 1);
    lanes.push(Lane::Short, 99).unwrap();
    assert_eq!(lanes.take(), Some((Lane::Short, 99)));
}

#[test]
fn long_jobs_do_not_starve_beside_short_ones() {
    let mut lanes = Lanes::new(Limits { cores: 1, waiting: 1000 });
    lanes.push(Lane::Long, 0).unwrap();
    for job in 1..100 {
        lanes.push(Lane::Short, job).unwrap();
    }
    let before = std::iter::from_fn(|| lanes.take()).position(|(lane, _)| lane == Lane::Long).unwrap();
    assert_eq!(before, IN_A_ROW as usize);
}

#[test]
fn a_full_queue_says_when_to_come_again() {
    let mut lanes = Lanes::new(Limits { cores: 1, waiting: 10 });
    for job in 0..10 {
        lanes.push(Lane::Long, job).unwrap();
    }
    for _ in 0..100 {
        lanes.ended(Lane::Long, Duration::from_secs(2));
    }
    let Err(Full { retry_after, waiting: 10 }) = lanes.push(Lane::Short, 10) else { panic!("there was room") };
    assert!((5.0..=15.0).contains(&retry_after.as_secs_f64()), "{retry_after:?}");
    lanes.take().unwrap();
    lanes.push(Lane::Short, 10).unwrap();
}

/// Counts how often it is rung.
#[derive(Default)]
struct Counted(AtomicUsize);

impl Bell for Counted {
    fn ring(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Closure<F>(F, Arc<dyn Bell>);

impl<F: Fn() + Send + Sync> Job for Closure<F> {
    fn run(&self) {
        (self.0)();
    }
    fn bell(&self) -> &Arc<dyn Bell> {
        &self.1
    }
}

fn job(bell: &Arc<Counted>, work: impl Fn() + Send + Sync + 'static) -> Arc<dyn Job> {
    let bell: Arc<dyn Bell> = Arc::<Counted>::clone(bell);
    Arc::new(Closure(work, bell))
}

/// A job that ends when it is told to.
fn held(bell: &Arc<Counted>) -> (Arc<dyn Job>, Receiver<()>, Sender<()>) {
    let ((began, has_begun), (end, may_end)) = (channel(), channel::<()>());
    let (began, may_end) = (Mutex::new(began), Mutex::new(may_end));
    let work = move || {
        began.lock().unwrap().send(()).unwrap();
        let _ = may_end.lock().unwrap().recv();
    };
    (job(bell, work), has_begun, end)
}

fn eventually(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(20), "waited in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn every_job_runs_once_and_bells_are_rung_for_batches() {
    let (pool, bell) = (Pool::new(Limits { cores: 2, waiting: 100_000 }), Arc::new(Counted::default()));
    let done = Arc::new(AtomicUsize::new(0));
    let (first, begun, end) = held(&bell);
    pool.submit(Lane::Short, first).unwrap();
    begun.recv().unwrap();
    let mut jobs = (0..10_000).map(|number| {
        let done = Arc::clone(&done);
        let lane = if number % 100 == 7 { Lane::Long } else { Lane::Short };
        (
            lane,
            job(&bell, move || {
                let _ = done.fetch_add(1, Ordering::SeqCst);
            }),
        )
    });
    assert!(pool.submit_all(&mut jobs).is_empty());
    drop(end);
    eventually(|| done.load(Ordering::SeqCst) == 10_000 && pool.load().0 == 0);
    eventually(|| bell.0.load(Ordering::SeqCst) > 0);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(done.load(Ordering::SeqCst), 10_000);
    assert!(bell.0.load(Ordering::SeqCst) < 5_000, "one bell for many jobs, not {}", bell.0.load(Ordering::SeqCst));
    assert!(pool.load().1 <= 4);
}

#[test]
fn short_jobs_pass_long_ones_that_hold_all_their_workers() {
    let (pool, bell) = (Pool::new(Limits { cores: 1, waiting: 100 }), Arc::new(Counted::default()));
    let (long, begun, end) = held(&bell);
    let (write, writes, written) = held(&bell);
    pool.submit(Lane::Long, long).unwrap();
    pool.submit(Lane::Writing, write).unwrap();
    begun.recv().unwrap();
    writes.recv().unwrap();
    let (second, second_begun, _end) = held(&bell);
    pool.submit(Lane::Long, second).unwrap();
    let (send, receive) = channel();
    let send = Mutex::new(send);
    pool.submit(Lane::Short, job(&bell, move || send.lock().unwrap().send(()).unwrap())).unwrap();
    receive.recv_timeout(Duration::from_secs(20)).unwrap();
    eventually(|| bell.0.load(Ordering::SeqCst) > 0);
    assert!(second_begun.try_recv().is_err(), "one core, one long job at a time");
    drop((end, written));
    second_begun.recv_timeout(Duration::from_secs(20)).unwrap();
}

#[test]
fn a_panic_ends_the_job_only() {
    let (pool, bell) = (Pool::new(Limits { cores: 1, waiting: 10 }), Arc::new(Counted::default()));
    pool.submit(Lane::Short, job(&bell, || panic!("a defect, in a test"))).unwrap();
    let (send, receive) = channel();
    let send = Mutex::new(send);
    pool.submit(Lane::Short, job(&bell, move || send.lock().unwrap().send(()).unwrap())).unwrap();
    receive.recv_timeout(Duration::from_secs(20)).unwrap();
}

#[test]
fn a_full_pool_refuses_before_any_work() {
    let (pool, bell) = (Pool::new(Limits { cores: 1, waiting: 2 }), Arc::new(Counted::default()));
    let (long, begun, _end) = held(&bell);
    pool.submit(Lane::Long, long).unwrap();
    begun.recv().unwrap();
    let jobs = [0; 3].map(|_| (Lane::Long, job(&bell, || panic!("must not run"))));
    let refused = pool.submit_all(&mut jobs.into_iter());
    assert_eq!(refused.len(), 1);
    assert!(refused[0].1.retry_after >= Duration::from_millis(10));
    assert!(pool.submit(Lane::Short, job(&bell, || {})).is_err());
}

#[test]
fn each_process_has_its_own() {
    let pools = OfProcess::new(Limits { cores: 1, waiting: 10 });
    let mine = pools.pool();
    let child = pools.of(0);
    assert!(!Arc::ptr_eq(&mine, &child));
    assert!(Arc::ptr_eq(&child, &pools.of(0)));
}

#[test]
fn many_threads_submit_at_once() {
    let (pool, bell) = (Pool::new(Limits { cores: 2, waiting: 1_000_000 }), Arc::new(Counted::default()));
    let done = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (pool, bell, done) = (&pool, &bell, &done);
            scope.spawn(move || {
                let mut dice = Dice(thread + 1);
                for _ in 0..2_000 {
                    let done = Arc::clone(done);
                    let lane = ALL[dice.below(3) as usize];
                    pool.submit(
                        lane,
                        job(bell, move || {
                            let _ = done.fetch_add(1, Ordering::SeqCst);
                        }),
                    )
                    .unwrap();
                    if dice.below(50) == 0 {
                        std::thread::sleep(Duration::from_micros(dice.below(300)));
                    }
                }
            });
        }
    });
    eventually(|| done.load(Ordering::SeqCst) == 8_000);
}
