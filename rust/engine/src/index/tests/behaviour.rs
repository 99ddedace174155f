//! One behaviour per test.

use super::*;

#[test]
fn what_is_committed_is_there_after_reopening_and_what_is_not_is_not() {
    let a = Handle::memory();
    a.put((0..50).map(|i| (format!("k{i}"), i)));
    a.put_one("k7", 700);
    assert_eq!(a.view().refresh, 2);
    assert_eq!(a.view().generation, 1);
    assert_eq!(a.commit(), 2);
    assert_eq!((a.view().generation, a.view().refresh), (2, 0));
    let expected = a.contents();
    assert_eq!(expected["k7"], 700);
    assert_eq!(a.delete(&["k1", "none"]), 1);
    assert!(!a.contents().contains_key("k1"));
    let b = Handle::open(&a.storage);
    assert_eq!(b.contents(), expected);
    a.writer.close();
    assert!(matches!(a.writer.commit(&Interrupt::none()), Err(Error::Closed(_))));
    assert_eq!(Handle::open(&a.storage).contents(), expected);
}

#[test]
fn a_conditional_upsert_compares_versions_here_and_at_the_commit() {
    let a = Handle::memory();
    assert!(matches!(a.put_if("k", 1, 5), Err(Error::Conflict(_))));
    a.put_if("k", 1, 0).unwrap();
    assert!(matches!(a.put_if("k", 2, 0), Err(Error::Conflict(_))));
    a.put_if("k", 2, a.version("k")).unwrap();
    a.commit();
    let version = a.version("k");
    let b = Handle::open(&a.storage);
    assert_eq!(b.version("k"), version);
    a.put_if("k", 3, version).unwrap();
    a.put_one("other", 1);
    b.put_one("k", 4);
    b.commit();
    match a.writer.commit(&Interrupt::none()) {
        Err(Error::Conflict(what)) => assert!(what.contains("\"k\""), "{what}"),
        other => panic!("{other:?}"),
    }
    // What lost is taken out, the rest is kept, and the other writer's document is seen.
    assert_eq!(a.contents(), BTreeMap::from([("k".into(), 4), ("other".into(), 1)]));
    a.commit();
    b.refresh();
    assert_eq!(b.contents(), a.contents());
    assert_eq!(a.version("k"), b.version("k"));
    // A key that was taken out is free again, also for the writer that lost it.
    a.put_if("k", 5, a.version("k")).unwrap();
    b.put_one("x", 1);
    b.commit();
    a.commit();
    b.refresh();
    assert_eq!(b.contents()["k"], 5);
    let two = UpsertOptions { if_version: Some(0), ..UpsertOptions::default() };
    let refused = a.writer.upsert(&mut records([doc("p", 1), doc("q", 1)], 9), &two, &Interrupt::none());
    assert!(matches!(refused, Err(Error::Argument { argument: "if_version", .. })));
}

#[test]
fn versions_are_final_at_commit_and_move_up_behind_other_writers() {
    let a = Handle::memory();
    let b = Handle::open(&a.storage);
    a.put_one("a", 1);
    b.put([("b1".into(), 1), ("b2".into(), 2)]);
    assert_eq!((a.version("a"), b.version("b1"), b.version("b2")), (1, 1, 2));
    b.commit();
    a.commit();
    assert_eq!((a.version("b1"), a.version("b2"), a.version("a")), (1, 2, 3));
    a.writer.merge(1, &Interrupt::none()).unwrap();
    b.refresh();
    assert_eq!((b.version("b1"), b.version("b2"), b.version("a")), (1, 2, 3));
    assert_eq!(b.view().segments.len(), 1);
}

#[test]
fn a_refused_document_changes_nothing_or_is_collected() {
    let a = Handle::memory();
    for per_chunk in [1, 3, 1000] {
        let docs = || (0..40).map(|i| if i % 10 == 7 { format!("{{\"id\":\"k{i}\",\"n\":\"text {i}\"}}") } else { doc(i, i) });
        let before = a.contents();
        match a.writer.upsert(&mut records(docs(), per_chunk), &UpsertOptions::default(), &Interrupt::none()) {
            Err(Error::Document(reject)) => {
                assert_eq!((reject.key.as_deref(), reject.place.record), (Some("k7"), Some(8)), "the first in the source");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(a.contents(), before);
        let collect = UpsertOptions { on_error: OnError::Collect, ..UpsertOptions::default() };
        let upserted = a.writer.upsert(&mut records(docs(), per_chunk), &collect, &Interrupt::none()).unwrap();
        assert_eq!((upserted.count, upserted.rejected_count), (36, 4));
        let places: Vec<_> = upserted.rejected.iter().map(|reject| reject.place.record.unwrap()).collect();
        assert_eq!(places, [8, 18, 28, 38]);
        assert_eq!(a.contents().len(), 36);
    }
}

#[test]
fn the_last_of_several_documents_with_one_key_lives_however_threads_take_turns() {
    let a = Handle::memory();
    for per_chunk in [1, 2, 7, 500] {
        a.put([]);
        let docs = (0..300).map(|i| doc(i % 17, i));
        a.writer.upsert(&mut records(docs, per_chunk), &UpsertOptions::default(), &Interrupt::none()).unwrap();
        let expected: BTreeMap<String, i64> = (283..300).map(|i| ((i % 17).to_string(), i)).collect();
        assert_eq!(a.contents(), expected);
    }
}

#[test]
fn many_single_documents_stay_few_segments_and_statistics_count_the_dead() {
    let a = Handle::memory();
    for i in 0..300 {
        a.put_one(&format!("k{}", i % 250), i);
        assert!(a.view().segments.len() <= 11);
    }
    assert_eq!((a.view().live_count(), a.view().doc_count()), (250, 300));
    a.commit();
    let stats = a.view().stats();
    assert_eq!((stats.segments.len(), stats.docs, stats.deleted), (1, 250, 50));
    assert_eq!(a.view().field_stats(crate::base::FieldId(0)).docs, 300);
    a.writer.merge(1, &Interrupt::none()).unwrap();
    assert_eq!(a.view().stats().deleted, 0);
    assert_eq!(a.view().field_stats(crate::base::FieldId(0)).docs, 250);
    assert_eq!(a.view().stats().structures.values().sum::<u64>() > 0, a.view().stats().bytes > 0);
}

#[test]
fn a_write_that_opted_out_shows_with_the_next_refresh() {
    let a = Handle::memory();
    let hidden = UpsertOptions { refresh: false, ..UpsertOptions::default() };
    a.writer.upsert(&mut records([doc("k", 1)], 1), &hidden, &Interrupt::none()).unwrap();
    assert!(a.contents().is_empty() && a.writer.has_changes());
    a.refresh();
    assert_eq!(a.contents().len(), 1);
    a.writer.delete(&["k".into()], false, &Interrupt::none()).unwrap();
    assert_eq!(a.contents().len(), 1);
    a.commit();
    assert!(a.contents().is_empty() && !a.writer.has_changes());
}

#[test]
fn following_shows_other_writers_commits_and_only_those() {
    let a = Handle::memory();
    let b = Handle::open(&a.storage);
    assert!(!b.writer.poll().unwrap());
    a.put_one("k", 1);
    assert!(!b.writer.poll().unwrap());
    let generation = a.commit();
    assert!(b.writer.poll().unwrap());
    assert!(!b.writer.poll().unwrap());
    assert_eq!((b.contents(), b.view().generation), (a.contents(), generation));
    for i in 0..10 {
        a.put_one(&format!("k{i}"), i);
        a.commit();
    }
    assert!(b.writer.poll().unwrap());
    assert_eq!(b.contents(), a.contents());
    assert!(b.storage.list(names::LOCKS).unwrap().is_empty(), "following takes no lock");
}

#[test]
fn a_commit_without_changes_makes_no_generation() {
    let a = Handle::memory();
    assert_eq!((a.commit(), a.commit()), (1, 1));
    a.delete(&["none"]);
    assert_eq!(a.commit(), 1);
    a.put_one("k", 1);
    assert_eq!((a.commit(), a.commit()), (2, 2));
}

#[test]
fn a_schema_grows_as_a_commit_of_its_own() {
    let a = Handle::memory();
    let b = Handle::open(&a.storage);
    a.put_one("pending", 1);
    let year = Field { name: "year".into(), kind: FieldKind::Integer };
    assert_eq!(a.writer.alter(std::slice::from_ref(&year), &Interrupt::none()).unwrap().generation, 2);
    assert!(a.view().schema.find("year").is_some() && a.writer.has_changes());
    b.refresh();
    assert!(b.view().schema.find("year").is_some() && b.contents().is_empty());
    let text = "{\"id\":\"y\",\"n\":1,\"year\":1900}".to_owned();
    a.writer.upsert(&mut records([text], 1), &UpsertOptions::default(), &Interrupt::none()).unwrap();
    a.commit();
    b.refresh();
    assert_eq!(b.contents().len(), 2);
    b.writer.merge(1, &Interrupt::none()).unwrap();
    assert_eq!(b.contents().len(), 2);
    assert!(matches!(a.writer.alter(&[year], &Interrupt::none()), Err(Error::Schema { .. })));
}

#[test]
fn of_two_alterations_that_disagree_one_is_a_conflict() {
    let a = Handle::memory();
    let b = Handle::open(&a.storage);
    let field = |name: &str| [Field { name: name.into(), kind: FieldKind::Integer }];
    a.writer.alter(&field("x"), &Interrupt::none()).unwrap();
    assert!(matches!(b.writer.alter(&field("y"), &Interrupt::none()), Err(Error::Conflict(_))));
    b.writer.alter(&field("y"), &Interrupt::none()).unwrap();
    a.refresh();
    assert_eq!(a.view().schema.fields().len(), 4);
}

#[test]
fn an_index_that_was_replaced_is_a_conflict_not_a_mixture() {
    let a = Handle::memory();
    a.put_one("k", 1);
    a.commit();
    for meta in ["manifest/", "seg/", "live/"].iter().flat_map(|folder| a.storage.list(folder).unwrap()) {
        a.storage.delete(&meta.name).unwrap();
    }
    assert!(matches!(a.writer.refresh(&Interrupt::none()), Err(Error::Storage { .. })), "gone");
    let other = Handle::create(Arc::clone(&a.storage));
    assert!(matches!(a.writer.refresh(&Interrupt::none()), Err(Error::Conflict(_))), "went back");
    for i in 0..3 {
        other.put_one("o", i);
        other.commit();
    }
    a.put_one("mine", 1);
    assert!(matches!(a.writer.commit(&Interrupt::none()), Err(Error::Conflict(_))), "another index");
    assert_eq!(Handle::open(&a.storage).contents(), other.contents());
}

#[test]
fn an_interrupt_ends_a_call_and_leaves_nothing() {
    let a = Handle::memory();
    a.put_one("k", 1);
    let raised = Interrupt::new(Some(Arc::new(std::sync::atomic::AtomicBool::new(true))), None);
    let docs = || (0..5000).map(|i| doc(i, i));
    for per_chunk in [10, 10_000] {
        let result = a.writer.upsert(&mut records(docs(), per_chunk), &UpsertOptions::default(), &raised);
        assert!(matches!(result, Err(Error::Cancelled)));
    }
    assert!(matches!(a.writer.commit(&raised), Err(Error::Cancelled)));
    assert_eq!(a.contents().len(), 1);
    assert!(a.storage.list(names::SEGMENTS).unwrap().is_empty());
    a.commit();
    assert!(matches!(a.writer.merge(1, &raised), Ok(0) | Err(Error::Cancelled)));
}

#[test]
fn a_transaction_is_all_or_nothing() {
    let a = Handle::memory();
    a.put([("k".into(), 1), ("l".into(), 2)]);
    a.commit();
    let mut dropped = a.writer.transaction().unwrap();
    dropped.upsert(&mut records([doc("m", 3)], 1), &UpsertOptions::default(), &Interrupt::none()).unwrap();
    dropped.delete(vec!["k".into()]);
    drop(dropped);
    assert_eq!(a.contents().len(), 2);
    // One whose condition fails leaves nothing of itself, and what else was pending stays.
    a.put_one("pending", 1);
    let mut failing = a.writer.transaction().unwrap();
    failing.delete(vec!["l".into()]);
    let condition = UpsertOptions { if_version: Some(99), ..UpsertOptions::default() };
    failing.upsert(&mut records([doc("k", 3)], 1), &condition, &Interrupt::none()).unwrap();
    assert!(matches!(failing.commit(&Interrupt::none()), Err(Error::Conflict(_))));
    assert_eq!(a.contents(), BTreeMap::from([("k".into(), 1), ("l".into(), 2), ("pending".into(), 1)]));
    assert_eq!(Handle::open(&a.storage).contents().len(), 2);
    let mut whole = a.writer.transaction().unwrap();
    whole.delete(vec!["l".into()]);
    whole.upsert(&mut records([doc("k", 3)], 1), &UpsertOptions::default(), &Interrupt::none()).unwrap();
    assert_eq!(a.contents()["k"], 1, "invisible until its end");
    whole.commit(&Interrupt::none()).unwrap();
    let expected = BTreeMap::from([("k".into(), 3), ("pending".into(), 1)]);
    assert_eq!((a.contents(), Handle::open(&a.storage).contents()), (expected.clone(), expected));
}

#[test]
fn creating_twice_and_opening_nothing_are_refused() {
    let storage = MemoryStorage::named("");
    assert!(matches!(open(&*storage), Err(Error::Index { .. })));
    create(&*storage, schema(), &steps::StepHook::default()).unwrap();
    assert!(matches!(create(&*storage, schema(), &steps::StepHook::default()), Err(Error::Index { .. })));
    assert!(matches!(open_generation(&*storage, 2), Err(Error::StaleView(_))));
    assert_eq!(open_generation(&*storage, 1).unwrap().generation, 1);
}

#[test]
fn a_child_of_fork_may_read_and_every_write_is_refused_before_any_lock() {
    let mut a = Handle::memory();
    a.put_one("k", 1);
    a.commit();
    a.put_one("l", 2);
    Arc::get_mut(&mut a.writer.inner).unwrap().pid = 0; // what a child would see
    let _held_by_a_thread_that_does_not_exist_there = a.writer.inner.state.try_enter().unwrap();
    let none = Interrupt::none();
    let refused = |result: Result<()>| match result {
        Err(Error::Closed(what)) => assert!(what.contains("fork") && what.contains("open the index again"), "{what}"),
        other => panic!("{other:?}"),
    };
    refused(a.put_if("m", 1, 0));
    refused(a.writer.delete(&["k".into()], true, &none).map(drop));
    refused(a.writer.delete_where(Arc::new(Remainder(1, 0)), true, &none).map(drop));
    refused(a.writer.commit(&none).map(drop));
    refused(a.writer.refresh(&none));
    refused(a.writer.merge(1, &none).map(drop));
    refused(a.writer.wait_merges(&none).map(drop));
    refused(a.writer.gc().map(drop));
    refused(a.writer.alter(&[], &none).map(drop));
    refused(a.writer.transaction().map(drop));
    assert!(!a.writer.poll().unwrap() && !a.writer.has_changes());
    a.writer.close();
    assert_eq!(a.contents().len(), 2);
}

#[test]
fn closing_ends_calls_that_are_under_way_and_leaves_no_objects() {
    let storage = MemoryStorage::named("") as Arc<dyn Storage>;
    Handle::create(Arc::clone(&storage)).writer.close();
    let a = Handle::open_with(&storage, WriterOptions { memory: 8 << 10, ..quiet() });
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|thread| {
                let a = &a;
                scope.spawn(move || {
                    for i in 0..1000 {
                        let docs = (0..40).map(|n| doc(format!("{thread}-{i}-{n}"), n));
                        if let Err(error) = a.writer.upsert(&mut records(docs, 8), &UpsertOptions::default(), &Interrupt::none()) {
                            assert!(matches!(error, Error::Closed(_)), "{error}");
                            return;
                        }
                    }
                    panic!("closing went unnoticed");
                })
            })
            .collect();
        while a.view().segments.len() < 5 {
            std::thread::yield_now();
        }
        a.writer.close();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    });
    let b = Handle::open(&storage);
    assert!(b.contents().is_empty());
    b.put_one("k", 1);
    b.commit();
    b.writer.gc().unwrap();
    assert_clean(&*storage);
}

#[test]
fn an_upsert_that_waits_can_be_interrupted_and_is_then_not_done() {
    let a = Handle::memory();
    let turn = a.writer.inner.state.try_enter().unwrap();
    let flag = Arc::new(std::sync::atomic::AtomicBool::new(false));
    std::thread::scope(|scope| {
        let interrupt = Interrupt::new(Some(Arc::clone(&flag)), None);
        let a = &a;
        let waiting =
            scope.spawn(move || a.writer.upsert(&mut records([doc("stopped", 1)], 1), &UpsertOptions::default(), &interrupt).map(drop));
        let patient = scope.spawn(|| a.put_one("patient", 1));
        std::thread::sleep(std::time::Duration::from_millis(30));
        flag.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(matches!(waiting.join().unwrap(), Err(Error::Cancelled)));
        drop(turn);
        patient.join().unwrap();
    });
    assert_eq!(a.contents(), BTreeMap::from([("patient".into(), 1)]));
}
