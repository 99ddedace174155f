//! One suite for every storage.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use super::{FileStorage, MemoryStorage, Storage, connect, is_url};
use crate::base::Error;

fn with_each(test: impl Fn(Arc<dyn Storage>)) {
    test(MemoryStorage::named(""));
    let folder = tempfile::tempdir().unwrap();
    test(Arc::new(FileStorage::new(folder.path().join("a folder/index")).unwrap()));
}

#[test]
fn create_writes_once_and_never_again() {
    with_each(|storage| {
        assert!(storage.create("manifest/1", b"one").unwrap());
        assert!(!storage.create("manifest/1", b"two").unwrap());
        assert_eq!(&*storage.open("manifest/1").unwrap(), b"one");
        assert!(storage.list("tmp/").unwrap().is_empty());
    });
}

#[test]
fn of_many_creators_exactly_one_wins() {
    with_each(|storage| {
        for round in 0..20 {
            let name = format!("manifest/{round}");
            let winners: Vec<u8> = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..4u8)
                    .map(|i| {
                        let (storage, name) = (&storage, &name);
                        scope.spawn(move || storage.create(name, &[i; 1000]).unwrap().then_some(i))
                    })
                    .collect();
                tries.into_iter().filter_map(|t| t.join().unwrap()).collect()
            });
            assert_eq!(winners.len(), 1);
            assert_eq!(&*storage.open(&name).unwrap(), &[winners[0]; 1000]);
        }
    });
}

#[test]
fn an_object_appears_when_it_is_finished_and_an_abandoned_one_leaves_nothing() {
    with_each(|storage| {
        let long = vec![7u8; 1_000_000];
        let mut writer = storage.writer("seg/a.seg").unwrap();
        for piece in long.chunks(70_001) {
            writer.write(piece).unwrap();
        }
        assert_eq!(writer.position(), 1_000_000);
        writer.finish().unwrap();
        assert_eq!(&*storage.open("seg/a.seg").unwrap(), &long[..]);
        let mut abandoned = storage.writer("seg/b.seg").unwrap();
        abandoned.write(b"half").unwrap();
        drop(abandoned);
        let names: Vec<String> = storage.list("seg/").unwrap().into_iter().map(|meta| meta.name).collect();
        assert_eq!(names, ["seg/a.seg"]);
        assert!(storage.open("seg/b.seg").unwrap_err().is_not_found());
    });
}

#[test]
fn lists_are_by_name_and_by_prefix() {
    with_each(|storage| {
        for name in ["manifest/2", "manifest/10", "live/x.1", "live/xy.1"] {
            storage.create(name, b"").unwrap();
        }
        let names = |prefix: &str| storage.list(prefix).unwrap().into_iter().map(|meta| meta.name).collect::<Vec<_>>();
        assert_eq!(names("manifest/"), ["manifest/10", "manifest/2"]);
        assert_eq!(names("live/x."), ["live/x.1"]);
        assert!(names("seg/").is_empty());
        storage.delete("live/x.1").unwrap();
        storage.delete("live/x.1").unwrap();
        assert!(names("live/x.").is_empty());
    });
}

#[test]
fn a_lock_has_one_holder_until_it_is_dropped() {
    with_each(|storage| {
        let lease = storage.try_lock("lock/merge").unwrap().unwrap();
        assert!(storage.try_lock("lock/merge").unwrap().is_none());
        assert!(storage.try_lock("lock/other").unwrap().is_some());
        drop(lease);
        assert!(storage.try_lock("lock/merge").unwrap().is_some());
    });
}

#[test]
fn what_a_reader_holds_is_not_deleted() {
    with_each(|storage| {
        storage.create("seg/a", b"bytes").unwrap();
        let (one, two) = (storage.hold("seg/a").unwrap(), storage.hold("seg/a").unwrap());
        assert!(storage.is_held("seg/a").unwrap());
        assert!(!storage.delete_unless_held("seg/a").unwrap());
        drop(one);
        assert!(!storage.delete_unless_held("seg/a").unwrap());
        drop(two);
        assert!(!storage.is_held("seg/a").unwrap());
        assert!(storage.delete_unless_held("seg/a").unwrap());
        assert!(storage.delete_unless_held("seg/a").unwrap());
        assert!(storage.hold("seg/a").map(drop).unwrap_err().is_not_found());
    });
}

#[test]
fn a_hold_and_a_delete_that_race_leave_either_a_held_object_or_none() {
    with_each(|storage| {
        for round in 0..200 {
            let name = format!("seg/{round}");
            storage.create(&name, b"x").unwrap();
            let (held, deleted) = std::thread::scope(|scope| {
                let hold = scope.spawn(|| storage.hold(&name).ok());
                let delete = scope.spawn(|| storage.delete_unless_held(&name).unwrap());
                (hold.join().unwrap(), delete.join().unwrap())
            });
            assert_eq!(held.is_some(), !deleted);
            assert_eq!(storage.open(&name).is_ok(), held.is_some());
        }
    });
}

#[test]
fn urls_name_storages_and_unknown_ones_are_refused() {
    assert!(is_url("s3://bucket") && is_url("memory://") && !is_url("C:/x") && !is_url("a/b://c") && !is_url("://x"));
    let (a, b) = (connect("memory://tests-urls").unwrap(), connect("memory://tests-urls").unwrap());
    a.create("x", b"1").unwrap();
    assert_eq!(&*b.open("x").unwrap(), b"1");
    drop((a, b));
    assert!(connect("memory://tests-urls").unwrap().open("x").unwrap_err().is_not_found());
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}/with%20blank", folder.path().display());
    connect(&url).unwrap().create("x", b"1").unwrap();
    assert!(folder.path().join("with blank/x").exists());
    for bad in ["", "gopher://x", "file://relative", "file:///a%zz", "a\0b"] {
        assert!(matches!(connect(bad).err().unwrap(), Error::Index { .. }), "{bad:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_a_storage_error_with_its_place() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let storage = FileStorage::new(file.path().join("index")).unwrap();
    match storage.create("manifest/1", b"x").unwrap_err() {
        Error::Storage { path, .. } => assert!(path.contains("index")),
        other => panic!("{other}"),
    }
}
