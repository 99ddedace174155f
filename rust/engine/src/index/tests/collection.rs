//! What garbage collection deletes, and what it never does; merges in the background; backups; damage.

use std::time::{Duration, SystemTime};

use super::*;
use crate::storage::FileStorage;

fn folder() -> (tempfile::TempDir, Arc<dyn Storage>) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(FileStorage::new(folder.path().join("index")).unwrap());
    (folder, storage)
}

fn count(storage: &Arc<dyn Storage>, folder: &str) -> usize {
    storage.list(folder).unwrap().len()
}

#[test]
fn what_an_open_reader_holds_stays_until_it_lets_go() {
    let (_folder, storage) = folder();
    for storage in [MemoryStorage::named(""), storage] {
        let a = Handle::create(Arc::clone(&storage));
        for i in 0..3 {
            a.put_one(&format!("k{i}"), i);
            a.commit();
        }
        let reader = open(&*storage).unwrap();
        let expected = contents(&reader);
        a.delete(&["k1"]);
        a.commit();
        a.writer.merge(1, &Interrupt::none()).unwrap();
        for i in 0..4 {
            a.put_one("other", i);
            a.commit();
        }
        assert!(count(&storage, names::SEGMENTS) >= 3 + 2);
        assert_eq!(contents(&reader), expected);
        assert!(a.writer.gc().unwrap().held >= 3);
        drop(reader);
        assert!(a.writer.gc().unwrap().deleted >= 3);
        a.writer.close();
        let last = Handle::open(&storage);
        last.put_one("last", 1);
        last.commit();
        last.writer.gc().unwrap();
        assert_clean(&*storage);
        assert_eq!(count(&storage, names::MANIFESTS), 2);
    }
}

#[test]
fn what_a_living_writer_has_not_committed_stays_and_what_a_dead_one_left_goes() {
    let (_folder, storage) = folder();
    for storage in [MemoryStorage::named(""), storage] {
        let a = Handle::create(Arc::clone(&storage));
        let small = WriterOptions { memory: 16 << 10, ..quiet() };
        let living = Handle::open_with(&storage, small.clone());
        let dead = Handle::open_with(&storage, small);
        living.put((0..500).map(|i| (format!("l{i}"), i)));
        dead.put((0..500).map(|i| (format!("d{i}"), i)));
        assert!(count(&storage, names::SEGMENTS) >= 2, "both have uncommitted objects");
        // As if killed: nothing of its closing runs, only its lock is gone.
        let lock = dead.writer.inner.outbox.lock_name().unwrap();
        dead.writer.inner.outbox.lose_lock();
        let empty = open(&*storage).unwrap();
        *dead.writer.inner.state.enter(&Interrupt::none()).unwrap() = state::State::new(&empty);
        dead.cell.publish(&mut |_| Ok(Some(empty.clone()))).unwrap();
        std::mem::forget(dead.writer);
        a.put_one("k", 1);
        a.commit();
        a.writer.gc().unwrap();
        let left = storage.list(names::SEGMENTS).unwrap();
        assert!(left.iter().all(|meta| names::owner_lock(&meta.name).as_ref() != Some(&lock)), "the dead writer's are gone");
        living.commit();
        assert_eq!(living.contents().len(), 501);
        assert_eq!(Handle::open(&storage).contents().len(), 501);
    }
}

#[test]
fn a_memory_index_follows_the_rules_of_age_when_asked_to() {
    let storage = MemoryStorage::named("") as Arc<dyn Storage>;
    let now = Arc::new(Mutex::new(SystemTime::now()));
    let clock = Arc::clone(&now);
    let hour = Duration::from_secs(3600);
    let rule = gc::Rule::Ages { keep: 2, retain: hour, grace: 24 * hour, now: Arc::new(move || *clock.lock().unwrap()) };
    Handle::create(Arc::clone(&storage)).writer.close();
    let a = Handle::open_with(&storage, WriterOptions { gc: rule, ..quiet() });
    for i in 0..5 {
        a.put_one("k", i);
        a.commit();
    }
    a.writer.merge(1, &Interrupt::none()).unwrap();
    assert_eq!((count(&storage, names::MANIFESTS), count(&storage, names::SEGMENTS)), (7, 6));
    *now.lock().unwrap() += 2 * hour;
    a.writer.gc().unwrap();
    assert_eq!((count(&storage, names::MANIFESTS), count(&storage, names::SEGMENTS)), (2, 6), "manifests are old, objects not yet");
    *now.lock().unwrap() += 24 * hour;
    a.writer.gc().unwrap();
    // The last two manifests: before and after the merge.
    assert_eq!((count(&storage, names::MANIFESTS), count(&storage, names::SEGMENTS)), (2, 6));
    a.put_one("k", 9);
    a.commit();
    a.writer.gc().unwrap();
    assert_eq!(a.contents().len(), 1);
}

#[test]
fn background_merges_keep_segments_few_and_can_be_waited_for() {
    let storage = MemoryStorage::named("") as Arc<dyn Storage>;
    Handle::create(Arc::clone(&storage)).writer.close();
    let a = Handle::open_with(&storage, WriterOptions { background_merges: true, ..quiet() });
    for i in 0..60 {
        a.put_one(&format!("k{}", i % 45), i);
        a.commit();
    }
    a.writer.wait_merges(&Interrupt::none()).unwrap();
    assert!(a.view().segments.len() <= 8, "{}", a.view().segments.len());
    assert_eq!(a.contents().len(), 45);
    assert_eq!(a.writer.wait_merges(&Interrupt::none()).unwrap(), 0);
    a.writer.close();
    assert!(storage.try_lock(names::MERGE_LOCK).unwrap().is_some());
}

#[test]
fn a_merge_keeps_what_was_deleted_while_it_ran() {
    let storage = MemoryStorage::named("") as Arc<dyn Storage>;
    let a = Handle::create(Arc::clone(&storage));
    let b = Handle::open(&storage);
    for i in 0..4 {
        a.put((0..10).map(|k| (format!("k{}", i * 10 + k), k)));
        a.commit();
    }
    b.refresh();
    // A merge that has read its inputs, before anybody deletes.
    let inputs = {
        let state = b.writer.inner.state.enter(&Interrupt::none()).unwrap();
        merge::inputs(&state, &[0, 1, 2])
    };
    let merged = merge::run(&b.writer.inner.outbox, inputs, &schema(), None, &Interrupt::none()).unwrap();
    a.delete(&["k3", "k35"]); // committed by another writer
    a.commit();
    b.delete(&["k11"]); // not committed, by the merging one
    b.put_one("k20", 77);
    let mut state = b.writer.inner.state.enter(&Interrupt::none()).unwrap();
    assert!(merged.commit(&b.writer.inner.outbox, &mut state, &Interrupt::none()).unwrap());
    b.writer.inner.publish(&mut state).unwrap();
    drop(state);
    let mut expected: BTreeMap<String, i64> = (0..40).map(|k| (format!("k{k}"), k % 10)).collect();
    expected.remove("k3");
    expected.remove("k35");
    let committed = expected.clone();
    expected.remove("k11");
    expected.insert("k20".into(), 77);
    assert_eq!(b.contents(), expected);
    assert_eq!(Handle::open(&storage).contents(), committed);
    b.commit();
    assert_eq!(Handle::open(&storage).contents(), expected);
}

#[test]
fn a_merge_whose_input_is_gone_is_abandoned() {
    let a = Handle::memory();
    let b = Handle::open(&a.storage);
    for i in 0..3 {
        a.put_one(&format!("k{i}"), i);
        a.commit();
    }
    b.refresh();
    let inputs = merge::inputs(&b.writer.inner.state.enter(&Interrupt::none()).unwrap(), &[0, 1]);
    let merged = merge::run(&b.writer.inner.outbox, inputs, &schema(), None, &Interrupt::none()).unwrap();
    a.writer.merge(1, &Interrupt::none()).unwrap();
    let mut state = b.writer.inner.state.enter(&Interrupt::none()).unwrap();
    assert!(!merged.commit(&b.writer.inner.outbox, &mut state, &Interrupt::none()).unwrap());
    drop(state);
    b.refresh();
    assert_eq!((b.contents(), b.view().segments.len()), (a.contents(), 1));
}

#[test]
fn only_one_writer_merges_at_a_time() {
    let a = Handle::memory();
    for i in 0..12 {
        a.put_one(&format!("k{i}"), i);
        a.commit();
    }
    let lease = a.storage.try_lock(names::MERGE_LOCK).unwrap().unwrap();
    assert_eq!(a.writer.wait_merges(&Interrupt::none()).unwrap(), 0);
    assert_eq!(a.view().segments.len(), 12);
    drop(lease);
    assert!(a.writer.wait_merges(&Interrupt::none()).unwrap() > 0);
}

#[test]
fn a_copy_is_the_same_commit_and_never_overwrites() {
    let (_folder, target) = folder();
    let a = Handle::memory();
    a.put((0..100).map(|i| (format!("k{i}"), i)));
    a.commit();
    a.delete(&["k5", "k6"]);
    let generation = a.commit();
    a.put_one("pending", 1);
    let report = copy(&*a.storage, &*target, &Interrupt::none()).unwrap();
    assert_eq!((report.generation, report.files), (generation, 3));
    let b = Handle::open(&target);
    assert_eq!(b.contents(), Handle::open(&a.storage).contents());
    assert!(matches!(copy(&*a.storage, &*target, &Interrupt::none()), Err(Error::Index { .. })));
    b.put_one("on", 1);
    b.commit();
    assert_clean(&*target);
}

#[test]
fn a_flipped_byte_anywhere_is_found_with_its_file_and_never_panics() {
    let a = Handle::memory();
    a.put((0..20).map(|i| (format!("k{i}"), i)));
    a.commit();
    a.delete(&["k5"]);
    a.put_one("k50", 1);
    a.commit();
    let objects: Vec<_> = ["manifest/", "seg/", "live/"].iter().flat_map(|folder| a.storage.list(folder).unwrap()).collect();
    let newest = names::manifest(a.view().generation);
    let named: Vec<String> = manifest::newest(&*a.storage).unwrap().unwrap().manifest.objects().collect();
    assert_eq!(check(&*a.storage, &Interrupt::none()).unwrap().problems, []);
    let mut flips = 0;
    for meta in objects.iter().filter(|meta| meta.name == newest || named.contains(&meta.name)) {
        let bytes = a.storage.open(&meta.name).unwrap().to_vec();
        let step = (bytes.len() / 97).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            let damaged = MemoryStorage::named("");
            for other in &objects {
                let content = if other.name == meta.name { bad.clone() } else { a.storage.open(&other.name).unwrap().to_vec() };
                damaged.create(&other.name, &content).unwrap();
            }
            flips += 1;
            match check(&*damaged, &Interrupt::none()) {
                Ok(report) => assert!(report.problems.iter().any(|problem| problem.file == meta.name), "{} at {at}", meta.name),
                Err(Error::FormatVersion { file, .. } | Error::Corruption { file, .. }) => assert_eq!(file, meta.name),
                Err(other) => panic!("{other}"),
            }
            match open(&*damaged) {
                Ok(snapshot) => assert_eq!(snapshot.live_count(), 20),
                Err(Error::FormatVersion { file, .. } | Error::Corruption { file, .. }) => assert_eq!(file, meta.name),
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(flips > 200);
}

#[test]
fn a_missing_object_is_corruption_for_opening_and_a_problem_for_check() {
    let a = Handle::memory();
    a.put_one("k", 1);
    a.commit();
    let object = a.storage.list(names::SEGMENTS).unwrap().remove(0).name;
    a.storage.delete(&object).unwrap();
    match open(&*a.storage) {
        Err(Error::Corruption { file, .. }) => assert!(file.contains(&object)),
        other => panic!("{:?}", other.map(|_| ())),
    }
    assert_eq!(check(&*a.storage, &Interrupt::none()).unwrap().problems[0].file, object);
}

/// Largest key first.
struct Backwards;

impl MergeOrder for Backwards {
    fn permutation(&self, sources: &[crate::segment::MergeSource<'_>]) -> Result<Option<Vec<(usize, DocId)>>> {
        let mut all = Vec::new();
        for (place, source) in sources.iter().enumerate() {
            for doc in (0..source.reader.doc_count()).filter(|doc| source.live.is_none_or(|live| live.contains(*doc))) {
                let mut key = String::new();
                source.reader.key(DocId(doc), &mut key)?;
                all.push((key, place, DocId(doc)));
            }
        }
        all.sort_by(|a, b| b.cmp(a));
        Ok(Some(all.into_iter().map(|(_, place, doc)| (place, doc)).collect()))
    }
}

#[test]
fn a_merge_order_moves_documents_and_not_their_ages() {
    let storage = MemoryStorage::named("") as Arc<dyn Storage>;
    Handle::create(Arc::clone(&storage)).writer.close();
    let a = Handle::open_with(&storage, WriterOptions { merge_order: Some(Arc::new(Backwards)), ..quiet() });
    let key = |i: i64| format!("k{:02}", i * 7 % 30);
    for i in 0..3 {
        a.put((0..10).map(|n| (key(i * 10 + n), i * 10 + n)));
        a.commit();
    }
    a.delete(&["k03"]);
    a.commit();
    let versions: Vec<u64> = (0..30).map(|i| a.version(&key(i))).collect();
    a.writer.merge(1, &Interrupt::none()).unwrap();
    assert_eq!((0..30).map(|i| a.version(&key(i))).collect::<Vec<_>>(), versions);
    let view = a.view();
    let mut first = String::new();
    view.segments[0].reader.key(DocId(0), &mut first).unwrap();
    assert_eq!((view.segments.len(), first.as_str(), view.live_count()), (1, "k29", 29));
    assert_clean(&*storage);
}
