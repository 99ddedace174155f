//! The pace of long work: who stands still because of it gets the processor.
//!
//! **In**: values that were read or checked. **Out**: nothing. **Law**: a thread that was woken on the processor of a reload waits for some
//! thousand values, not for the reload's whole slice of about 3 ms. A thread that gets the interpreter is woken like that when another hands it over,
//! and while it waits for a processor no other thread runs Python either. So every 4,096 values, some 0.2 ms, the reload asks what the other
//! threads of its process did meanwhile: where they worked and now stand still, it sleeps for the shortest time there is. It is woken on a
//! processor that is free. Who has nobody beside it never sleeps, and nobody sleeps twice for the same silence: where all share one processor, the
//! others get no more than one turn for each slice that the system gives them anyway.
//!
//! **Source**: `sched_yield` will not do: since Linux 6.18 it costs a slice each time, whether somebody waits or not (`yield_task_fair`); beside a
//! loop that never waits a reload of 5 ms then takes 90. A sleeper keeps its share.

use std::cell::RefCell;
use std::time::Duration;

/// Values between two looks.
const VALUES: usize = 4096;
/// Others stand still when they took less than this part of the time that this thread took.
const STILL: u32 = 4;

/// Counts values.
#[derive(Debug, Default)]
pub(crate) struct Pace(usize);

impl Pace {
    /// So many values were looked at.
    #[inline]
    pub fn step(&mut self, values: usize) {
        self.0 += values;
        if self.0 >= VALUES {
            self.look();
        }
    }

    #[cold]
    fn look(&mut self) {
        self.0 = 0;
        look();
    }
}

/// Gives the processor to who waits for it, between two steps that count no values.
pub(crate) fn look() {
    thread_local! {
        static WATCH: RefCell<Watch> = const { RefCell::new(Watch::new()) };
    }
    WATCH.with_borrow_mut(|watch| {
        if times().is_some_and(|times| watch.stopped(times)) {
            std::thread::sleep(Duration::from_nanos(1));
            // Whoever shares the only processor worked just then. That is no sign of working beside this thread.
            if let Some(times) = times() {
                watch.begin(times);
            }
        }
    });
}

/// What threads worked so far.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// This thread.
    own: Duration,
    /// The process, this thread included.
    all: Duration,
}

impl Times {
    fn others(&self) -> Duration {
        self.all.saturating_sub(self.own)
    }
}

/// What was seen at the last look.
#[derive(Debug)]
struct Watch {
    own: Duration,
    others: Duration,
    worked: bool,
}

impl Watch {
    const fn new() -> Watch {
        Watch { own: Duration::ZERO, others: Duration::ZERO, worked: false }
    }

    /// Whether the others worked up to the last look and stand still since.
    fn stopped(&mut self, times: Times) -> bool {
        let others = times.others();
        let worked = others.saturating_sub(self.others) * STILL >= times.own.saturating_sub(self.own);
        let stopped = self.worked && !worked;
        *self = Watch { own: times.own, others, worked };
        stopped
    }

    /// What was until now does not count.
    fn begin(&mut self, times: Times) {
        *self = Watch { own: times.own, others: times.others(), worked: false };
    }
}

#[cfg(target_os = "linux")]
fn times() -> Option<Times> {
    use rustix::time::{ClockId, clock_gettime};

    let time = |clock| Duration::try_from(clock_gettime(clock)).ok();
    // The process last: it then has at least what this thread has.
    let own = time(ClockId::ThreadCPUTime)?;
    Some(Times { own, all: time(ClockId::ProcessCPUTime)? })
}

/// Elsewhere nobody has been seen to wait for a whole slice.
#[cfg(not(target_os = "linux"))]
fn times() -> Option<Times> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Looks after each of these times that this thread and the others worked; whether each sleeps. The sleep itself is time of others.
    fn sleeps(steps: &[(u64, u64)], meanwhile: u64) -> Vec<bool> {
        let (mut own, mut others, mut watch) = (0, 0, Watch::new());
        let at = |own: u64, others: u64| Times { own: Duration::from_micros(own), all: Duration::from_micros(own + others) };
        steps
            .iter()
            .map(|&(mine, theirs)| {
                (own, others) = (own + mine, others + theirs);
                let stopped = watch.stopped(at(own, others));
                if stopped {
                    others += meanwhile;
                    watch.begin(at(own, others));
                }
                stopped
            })
            .collect()
    }

    #[test]
    fn who_is_alone_never_sleeps() {
        assert_eq!(sleeps(&[(200, 0); 100], 0), [false; 100]);
        // Nor beside threads that do a little now and then, nor beside one that never waits.
        assert_eq!(sleeps(&[(200, 20); 100], 0), [false; 100]);
        assert_eq!(sleeps(&[(200, 200); 100], 0), [false; 100]);
    }

    #[test]
    fn a_silence_is_answered_once() {
        let steps = [(200, 180), (200, 200), (200, 30), (200, 0), (200, 0), (200, 190), (200, 0), (200, 0)];
        assert_eq!(sleeps(&steps, 0), [false, false, true, false, false, false, true, false]);
    }

    #[test]
    fn on_one_processor_the_others_get_one_turn_a_slice() {
        // They are let in by the system once in ten looks, and by this thread at the next one.
        let steps: Vec<_> = (0..100).map(|look| (200, if look % 10 == 0 { 2_800 } else { 0 })).collect();
        let sleeps = sleeps(&steps, 2_800);
        assert_eq!(sleeps.iter().filter(|&&slept| slept).count(), 10);
        assert!(sleeps.iter().enumerate().all(|(look, &slept)| slept == (look % 10 == 1)));
    }

    #[test]
    fn a_look_comes_after_so_many_values() {
        let mut pace = Pace::default();
        let mut looks = 0;
        for _ in 0..10 * VALUES {
            pace.step(1);
            looks += usize::from(pace.0 == 0);
        }
        assert_eq!(looks, 10);
        pace.step(usize::MAX / 2);
        assert_eq!(pace.0, 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_has_at_least_what_the_thread_has() {
        let before = times().unwrap();
        let until = before.own + Duration::from_millis(5);
        while times().unwrap().own < until {}
        let after = times().unwrap();
        assert!(after.all >= after.own && after.all >= before.all + (after.own - before.own));
    }
}
