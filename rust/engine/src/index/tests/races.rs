//! Threads and writers at once.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::storage::FileStorage;

#[test]
fn all_threads_write_through_one_handle_and_each_sees_its_own_write_at_return() {
    let a = Handle::memory();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let a = &a;
            scope.spawn(move || {
                for i in 0..60 {
                    let key = format!("t{thread}-{}", i % 20);
                    a.put_one(&key, i);
                    let view = a.view();
                    assert!(view.find(&key).unwrap().is_some());
                    if i % 15 == 14 {
                        a.delete(&[&key]);
                        assert!(a.view().find(&key).unwrap().is_none());
                        a.commit();
                    }
                }
            });
        }
    });
    a.commit();
    let expected: usize = 4 * 20 - 4 * 2; // 54 deletes key 14, 59 key 19; 14 and 29 are written again, 44 is key 4, written no more
    let found = a.contents();
    assert!(found.len() <= 4 * 20 && found.len() >= expected - 8, "{}", found.len());
    assert_eq!(Handle::open(&a.storage).contents(), found);
    assert_clean(&*a.storage);
}

fn race(storage: Arc<dyn Storage>, rounds: i64) {
    let options = || WriterOptions { background_merges: true, ..quiet() };
    Handle::create(Arc::clone(&storage)).writer.close();
    let done = AtomicBool::new(false);
    let committed: Vec<BTreeMap<String, i64>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|who| {
                let storage = &storage;
                scope.spawn(move || {
                    let handle = Handle::open_with(storage, options());
                    let mut own = BTreeMap::new();
                    for round in 0..rounds {
                        // Own keys, and one that all fight for.
                        let key = format!("w{who}-{}", round % 15);
                        handle.put([(key.clone(), round), ("shared".into(), who * 1000 + round)]);
                        own.insert(key, round);
                        if round % 3 == who {
                            handle.commit();
                        }
                    }
                    handle.commit();
                    let view = handle.contents();
                    assert!(own.iter().all(|(key, n)| view.get(key) == Some(n)), "a writer lost its own work");
                    handle.writer.close();
                    own
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            // Every view is whole: all keys found, all documents read, no key twice (contents checks that).
            let mut seen = 0;
            let handle = Handle::open(&storage);
            while !done.load(Ordering::Relaxed) {
                handle.writer.poll().unwrap();
                contents(&open(&*storage).unwrap());
                contents(&handle.view());
                seen += 1;
            }
            seen
        });
        let ended: Vec<_> = writers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
        ended.into_iter().map(std::result::Result::unwrap).collect()
    });
    let last = Handle::open(&storage);
    let found = last.contents();
    for own in &committed {
        assert!(own.iter().all(|(key, n)| found.get(key) == Some(n)), "a commit was lost");
    }
    assert_eq!(found.len(), committed.iter().map(BTreeMap::len).sum::<usize>() + 1);
    last.put_one("end", 1);
    last.commit();
    last.writer.gc().unwrap();
    assert_clean(&*storage);
}

#[test]
fn writers_that_race_lose_no_commit_and_keep_one_document_per_key() {
    race(MemoryStorage::named(""), 90);
}

#[test]
fn writers_that_race_on_a_folder_lose_no_commit_either() {
    let folder = tempfile::tempdir().unwrap();
    race(Arc::new(FileStorage::new(folder.path().join("index")).unwrap()), 30);
}
