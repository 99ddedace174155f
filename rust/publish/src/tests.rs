//! The cell against its slow twin, and its promises under threads.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use super::Cell;

/// What both the cell and its twin offer, so that one suite runs against both.
trait Publication: Send + Sync {
    fn read(&self) -> Arc<[u64; 8]>;
    fn add_one(&self);
}

impl Publication for Cell<[u64; 8]> {
    fn read(&self) -> Arc<[u64; 8]> {
        self.load_full()
    }
    fn add_one(&self) {
        self.publish::<()>(|now| Ok(Some(now.map(|n| n + 1)))).unwrap();
    }
}

impl Publication for RwLock<Arc<[u64; 8]>> {
    fn read(&self) -> Arc<[u64; 8]> {
        Arc::clone(&RwLock::read(self).unwrap())
    }
    fn add_one(&self) {
        let mut slot = self.write().unwrap();
        *slot = Arc::new(slot.map(|n| n + 1));
    }
}

impl Publication for Cell<[u64; 8], RwLock<Arc<[u64; 8]>>> {
    fn read(&self) -> Arc<[u64; 8]> {
        self.load_full()
    }
    fn add_one(&self) {
        self.publish::<()>(|now| Ok(Some(now.map(|n| n + 1)))).unwrap();
    }
}

fn readers_see_whole_values_in_order_and_publishers_lose_nothing(cell: &dyn Publication) {
    const PUBLISHERS: usize = 2;
    const EACH: usize = 5_000;
    let done = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let value = cell.read();
                    assert!(value.iter().all(|&n| n == value[0]), "torn: {value:?}");
                    assert!(value[0] >= last, "went back from {last} to {}", value[0]);
                    last = value[0];
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let publishers: Vec<_> = (0..PUBLISHERS).map(|_| scope.spawn(|| (0..EACH).for_each(|_| cell.add_one()))).collect();
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(cell.read()[0], (PUBLISHERS * EACH) as u64);
    assert!(reads.load(Ordering::Relaxed) > 0);
}

#[test]
fn the_cell_keeps_its_promises() {
    readers_see_whole_values_in_order_and_publishers_lose_nothing(&Cell::new([0; 8]));
}

#[test]
fn the_slow_twin_keeps_the_same_promises() {
    readers_see_whole_values_in_order_and_publishers_lose_nothing(&RwLock::new(Arc::new([0; 8])));
}

#[test]
fn the_cell_in_the_twins_slot_keeps_the_same_promises() {
    readers_see_whole_values_in_order_and_publishers_lose_nothing(&Cell::<_, RwLock<_>>::in_slot([0; 8]));
}

#[test]
fn a_failed_publish_changes_nothing() {
    let cell = Cell::new(1);
    assert_eq!(cell.publish(|_| Err("no")), Err("no"));
    assert_eq!(cell.publish::<()>(|_| Ok(None)), Ok(false));
    assert_eq!(**cell.load(), 1);
    assert_eq!(cell.publish::<()>(|now| Ok(Some(**now + 1))), Ok(true));
    assert_eq!(**cell.load(), 2);
}

struct DropWitness(Arc<std::sync::Mutex<Option<Option<String>>>>);

impl Drop for DropWitness {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = Some(std::fs::read_to_string("/proc/thread-self/comm").ok().map(|name| name.trim().to_owned()));
    }
}

#[test]
fn a_retired_value_is_freed_by_the_reaper_after_its_last_reader() {
    let freed_on = Arc::new(std::sync::Mutex::new(None));
    let cell = Cell::new(Some(DropWitness(Arc::clone(&freed_on))));
    let reader = cell.load_full();
    cell.publish::<()>(|_| Ok(Some(None))).unwrap();
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(*freed_on.lock().unwrap(), None, "freed under a reader");
    drop(reader);
    let patience = Instant::now() + Duration::from_secs(10);
    while freed_on.lock().unwrap().is_none() {
        assert!(Instant::now() < patience, "never freed");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(*freed_on.lock().unwrap(), Some(Some("findspot-reaper".to_owned())));
}
