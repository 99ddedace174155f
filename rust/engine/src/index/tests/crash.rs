//! A fault at every single operation of a history: nothing that was acknowledged is lost, nothing is half done.

use super::fallible::{Fallible, Fault};
use super::*;

type Map = BTreeMap<String, i64>;

/// A history with upserts of all kinds, deletions, commits, merges, a transaction. After each step `done` hears what is now committed;
/// `retry` says whether a failed step is tried again. Returns whether it came to its end.
fn history(storage: &Arc<Fallible>, mut during: impl FnMut(&Map), retry: bool) -> Option<Map> {
    let storage: Arc<dyn Storage> = Arc::clone(storage) as Arc<dyn Storage>;
    let none = Interrupt::none();
    let attempt = |step: &mut dyn FnMut() -> Result<()>| {
        for _ in 0..3 {
            match step() {
                Ok(()) => return true,
                Err(_) if retry => {}
                Err(_) => return false,
            }
        }
        panic!("a step failed three times");
    };
    let mut handle = None;
    let opened = attempt(&mut || {
        match create(&*storage, schema(), &steps::StepHook::default()) {
            Ok(_) | Err(Error::Index { .. }) => {}
            Err(e) => return Err(e),
        }
        // Small enough that larger batches leave memory.
        let options = WriterOptions { memory: 64 << 10, ..quiet() };
        handle = Some(Handle::on(Arc::clone(&storage), open(&*storage)?, options));
        Ok(())
    });
    if !opened {
        return None;
    }
    let writer = &handle.as_ref()?.writer;
    let mut map = Map::new();
    during(&map);
    for round in 0..3i64 {
        let docs: Vec<(String, i64)> = (0..12).map(|i| (format!("k{}", (i * 7 + round * 3) % 16), round * 100 + i)).collect();
        let texts = || docs.iter().map(|(key, n)| doc(key, *n));
        attempt(&mut || writer.upsert(&mut records(texts(), 1000), &UpsertOptions::default(), &none).map(drop)).then_some(())?;
        map.extend(docs.iter().cloned());
        let gone: Vec<String> = (0..3).map(|i| format!("k{}", i * 5 + round)).collect();
        attempt(&mut || writer.delete(&gone, true, &none).map(drop)).then_some(())?;
        gone.iter().for_each(|key| _ = map.remove(key));
        if round == 1 {
            attempt(&mut || writer.delete_where(Arc::new(Remainder(9, 1)), true, &none).map(drop)).then_some(())?;
            map.retain(|_, n| n.rem_euclid(9) != 1);
        }
        during(&map);
        attempt(&mut || writer.commit(&none).map(drop)).then_some(())?;
        during(&map);
        assert_eq!(handle.as_ref()?.contents(), map);
    }
    attempt(&mut || writer.merge(2, &none).map(drop)).then_some(())?;
    let mut extra = map.clone();
    extra.insert("t".into(), 5);
    extra.remove("k3");
    during(&extra);
    attempt(&mut || {
        let mut transaction = writer.transaction()?;
        transaction.upsert(&mut records([doc("t", 5)], 1), &UpsertOptions::default(), &none)?;
        transaction.delete(vec!["k3".into()]);
        transaction.commit(&none).map(drop)
    })
    .then_some(())?;
    map = extra;
    during(&map);
    attempt(&mut || writer.merge(1, &none).map(drop)).then_some(())?;
    attempt(&mut || writer.gc().map(drop)).then_some(())?;
    assert_eq!(handle.as_ref()?.contents(), map);
    writer.close();
    Some(map)
}

#[test]
fn a_crash_at_any_operation_leaves_the_last_commit_or_the_one_under_way() {
    let whole = Fallible::new(u64::MAX, Fault::Fails);
    history(&whole, |_| {}, false).unwrap();
    let operations = whole.count();
    assert!(operations > 60, "{operations}");
    for fault in [Fault::Dies, Fault::DiesDone] {
        for at in 0..operations {
            let storage = Fallible::new(at, fault);
            let mut states: Vec<Map> = Vec::new();
            let ended = history(&storage, |map| states.push(map.clone()), false);
            assert!(ended.is_none() || at + 20 > operations, "{fault:?} at {at}: the crash went unnoticed");
            let next = storage.after_crash() as Arc<dyn Storage>;
            if manifest::numbers(&*next).unwrap().is_empty() {
                assert!(states.is_empty(), "{fault:?} at {at}: the index is gone");
                continue;
            }
            let handle = Handle::open(&next);
            let found = handle.contents();
            // The last two states: what was acknowledged last, and what was being committed.
            let allowed = &states[states.len().saturating_sub(2)..];
            assert!(allowed.contains(&found) || states.is_empty() && found.is_empty(), "{fault:?} at {at}: {found:?}\n{allowed:?}");
            handle.put_one("after", 1);
            handle.commit();
            handle.writer.merge(1, &Interrupt::none()).unwrap();
            assert_eq!(handle.contents().len(), found.len() + 1);
            handle.writer.close();
            let last = Handle::open(&next);
            last.put_one("later", 1);
            last.commit();
            last.writer.gc().unwrap();
            assert_clean(&*next);
        }
    }
}

#[test]
fn a_transaction_that_fails_behind_a_commit_that_failed_leaves_live_bits_that_exist() {
    let none = Interrupt::none();
    // The first create-if-absent of a manifest after the setup, and then the second one, fail.
    for fault in [Fault::Fails, Fault::FailsDone] {
        for at in 0..40 {
            let storage = Fallible::new(u64::MAX, fault);
            let shared = Arc::clone(&storage) as Arc<dyn Storage>;
            let a = Handle::create(Arc::clone(&shared));
            a.put((0..10).map(|i| (format!("k{i}"), i)));
            a.commit();
            a.delete(&["k1"]);
            let start = storage.count();
            storage.fail_at(start + at % 8);
            let _ = a.writer.commit(&none);
            storage.fail_at(storage.count() + at / 8);
            let mut transaction = a.writer.transaction().unwrap();
            transaction.delete(vec!["k2".into()]);
            let committed = transaction.commit(&none).is_ok();
            storage.fail_at(u64::MAX);
            a.put_one("k5", 50);
            a.commit();
            let mut expected: BTreeMap<String, i64> = (0..10).map(|i| (format!("k{i}"), i)).collect();
            expected.remove("k1");
            expected.insert("k5".into(), 50);
            let found = Handle::open(&shared).contents();
            // A transaction whose answer got lost may have been committed all the same.
            if committed || !found.contains_key("k2") {
                assert!(committed || fault == Fault::FailsDone);
                expected.remove("k2");
            }
            assert_eq!(found, expected, "{fault:?} {at}");
            assert_eq!(a.contents(), expected);
            a.writer.gc().unwrap();
            a.put_one("k6", 60);
            a.commit();
            a.writer.gc().unwrap();
            assert_clean(&*shared);
        }
    }
}

#[test]
fn an_operation_that_fails_once_harms_nothing() {
    let whole = Fallible::new(u64::MAX, Fault::Fails);
    let expected = history(&whole, |_| {}, false).unwrap();
    for fault in [Fault::Fails, Fault::FailsDone] {
        for at in 0..whole.count() {
            let storage = Fallible::new(at, fault);
            let map = history(&storage, |_| {}, true).unwrap();
            assert_eq!(map, expected);
            let storage = storage as Arc<dyn Storage>;
            let handle = Handle::open(&storage);
            assert_eq!(handle.contents(), expected, "{fault:?} at {at}");
            handle.put_one("later", 1);
            handle.commit();
            handle.writer.gc().unwrap();
            handle.writer.gc().unwrap();
            assert_clean(&*storage);
        }
    }
}
