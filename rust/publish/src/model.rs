//! The model of publishing, keeping and freeing: loom runs it in every order that the threads can take, with every value that each load
//! may return.
//!
//! **Law** that is checked: publishers lose nothing and are ordered; a reader never sees an older value than it saw before; a value is freed
//! exactly once, never under a reader, and always by the reaper, whatever reader let go of it last.
#![expect(clippy::unwrap_used, reason = "tests")]

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex, RwLock};
use loom::thread;

use crate::reaper::{Retired, unread};
use crate::{Cell, Turn};

/// A value that counts its drops, and notices where it is dropped.
struct Value {
    version: usize,
    freed: Arc<[AtomicUsize; 4]>,
    /// The thread that reads, which must never free.
    reader: thread::ThreadId,
}

impl Drop for Value {
    fn drop(&mut self) {
        assert_eq!(self.freed[self.version].fetch_add(1, Ordering::Relaxed), 0, "version {} was freed twice", self.version);
        assert!(thread::current().id() != self.reader || READING.with(|reading| !reading.get()), "freed by a reader");
    }
}

loom::thread_local! {
    static READING: std::cell::Cell<bool> = std::cell::Cell::new(false);
}

type Modelled = Cell<Value, RwLock<Arc<Value>>>;

fn beginning() -> (Arc<Modelled>, Arc<[AtomicUsize; 4]>, Arc<Mutex<Vec<Box<dyn Retired>>>>) {
    let freed = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)]);
    let cell = Modelled::in_slot(Value { version: 0, freed: Arc::clone(&freed), reader: thread::current().id() });
    (Arc::new(cell), freed, Arc::new(Mutex::new(Vec::new())))
}

fn publish(cell: &Modelled, retired: &Mutex<Vec<Box<dyn Retired>>>) {
    let next = |now: &Arc<Value>| {
        Ok::<_, ()>(Some(Arc::new(Value { version: now.version + 1, freed: Arc::clone(&now.freed), reader: now.reader })))
    };
    if let Some(old) = cell.replace(next).unwrap() {
        retired.lock().unwrap().push(Box::new(old));
    }
}

fn sweep(retired: &Mutex<Vec<Box<dyn Retired>>>) {
    let free = unread(&mut retired.lock().unwrap());
    drop(free);
}

fn counts(freed: &[AtomicUsize; 4]) -> Vec<usize> {
    freed.iter().map(|count| count.load(Ordering::Relaxed)).collect()
}

#[test]
fn publish_keep_and_free() {
    loom::model(|| {
        let (cell, freed, retired) = beginning();
        let publisher = {
            let (cell, retired) = (Arc::clone(&cell), Arc::clone(&retired));
            thread::spawn(move || publish(&cell, &retired))
        };
        let reaper = {
            let retired = Arc::clone(&retired);
            thread::spawn(move || sweep(&retired))
        };
        READING.with(|reading| reading.set(true));
        let first = cell.load_full();
        let second = cell.load_full();
        assert!(second.version >= first.version, "went back from {} to {}", first.version, second.version);
        for read in [&first, &second] {
            assert_eq!(freed[read.version].load(Ordering::Relaxed), 0, "freed under a reader");
        }
        drop((first, second));
        READING.with(|reading| reading.set(false));
        publisher.join().unwrap();
        reaper.join().unwrap();
        sweep(&retired);
        assert_eq!(counts(&freed), [1, 0, 0, 0], "the old one is freed once, the current one never");
    });
}

#[test]
fn two_publishers_lose_nothing() {
    loom::model(|| {
        let (cell, freed, retired) = beginning();
        let other = {
            let (cell, retired) = (Arc::clone(&cell), Arc::clone(&retired));
            thread::spawn(move || publish(&cell, &retired))
        };
        publish(&cell, &retired);
        other.join().unwrap();
        assert_eq!(cell.load_full().version, 2);
        sweep(&retired);
        assert_eq!(counts(&freed), [1, 1, 0, 0]);
    });
}

#[test]
fn a_turn_is_one_threads_from_the_first_on() {
    loom::model(|| {
        let turn = Arc::new(Turn::default());
        let inside = Arc::new(AtomicUsize::new(0));
        let enter = |turn: &Turn, inside: &AtomicUsize| {
            let mine = turn.take();
            assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two at once");
            inside.fetch_sub(1, Ordering::Relaxed);
            drop(mine);
        };
        let other = {
            let (turn, inside) = (Arc::clone(&turn), Arc::clone(&inside));
            thread::spawn(move || enter(&turn, &inside))
        };
        enter(&turn, &inside);
        other.join().unwrap();
    });
}
