//! Both numberings keep the same promises; the folder keeps them across processes and through a sleep.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Creation, Folder, Memory, Numbering, Object};

fn object(text: &str) -> Arc<dyn Object> {
    Arc::new(text.as_bytes().to_vec())
}

fn counts_from_one_and_never_overwrites(numbering: &dyn Numbering) {
    assert_eq!((numbering.newest().unwrap(), numbering.read(1).unwrap()), (0, None));
    assert_eq!(numbering.create(1, &object("a")).unwrap(), Creation::Created);
    assert_eq!(numbering.create(1, &object("b")).unwrap(), Creation::Exists);
    assert_eq!(numbering.create(2, &object("c")).unwrap(), Creation::Created);
    assert_eq!(numbering.read(1).unwrap().unwrap(), b"a");
    assert_eq!(numbering.newest().unwrap(), 2);
    for number in 3..=9 {
        assert_eq!(numbering.create(number, &object("d")).unwrap(), Creation::Created);
    }
    numbering.prune(6).unwrap();
    assert_eq!(numbering.numbers().unwrap(), [6, 7, 8, 9]);
    numbering.prune(100).unwrap();
    assert_eq!(numbering.numbers().unwrap(), [8, 9], "the newest two stay");
    assert_eq!(numbering.create(10, &object("e")).unwrap(), Creation::Created);
}

fn one_of_many_wins_each_number(numbering: &dyn Numbering) {
    const NUMBERS: u64 = 40;
    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let won = &won;
            scope.spawn(move || {
                for number in 1..=NUMBERS {
                    if numbering.create(number, &object(&format!("{thread}"))).unwrap() == Creation::Created {
                        won.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(won.load(Ordering::Relaxed), usize::try_from(NUMBERS).unwrap());
    assert_eq!(numbering.numbers().unwrap(), (1..=NUMBERS).collect::<Vec<_>>());
}

#[test]
fn memory_counts() {
    counts_from_one_and_never_overwrites(&Memory::default());
    one_of_many_wins_each_number(&Memory::default());
}

#[test]
fn a_folder_counts() {
    let folder = tempfile::tempdir().unwrap();
    counts_from_one_and_never_overwrites(&Folder::open(&folder.path().join("a")).unwrap());
    one_of_many_wins_each_number(&Folder::open(&folder.path().join("b")).unwrap());
}

#[test]
fn two_handles_of_a_folder_see_each_others_objects_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Folder::open(folder.path()).unwrap(), Folder::open(folder.path()).unwrap());
    for number in 1..=60 {
        let (creator, reader) = if number % 2 == 0 { (&one, &two) } else { (&two, &one) };
        assert_eq!(reader.newest().unwrap(), number - 1);
        assert_eq!(creator.create(number, &object("x")).unwrap(), Creation::Created);
        assert_eq!(reader.newest().unwrap(), number, "the listing that was kept is older than the object");
        if number % 20 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(80));
        }
    }
}

#[test]
fn a_sleeper_does_not_take_a_number_that_was_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let numbering = Folder::open(folder.path()).unwrap();
    for number in 1..=9 {
        numbering.create(number, &object("x")).unwrap();
    }
    numbering.prune(7).unwrap();
    // As if `newest` had been asked before all that: the link itself succeeds.
    for number in [1, 4, 6] {
        std::fs::write(folder.path().join(number.to_string()), "mine").unwrap();
        assert!(numbering.is_stale(number).unwrap(), "{number}");
        std::fs::remove_file(folder.path().join(number.to_string())).unwrap();
    }
    assert!(!numbering.is_stale(8).unwrap());
}

#[test]
fn attempts_of_the_killed_are_deleted_by_who_opens_later() {
    let folder = tempfile::tempdir().unwrap();
    let (old, young) = (folder.path().join("attempt-1-2-3"), folder.path().join("attempt-4-5-6"));
    for file in [&old, &young] {
        std::fs::write(file, "x").unwrap();
    }
    let hours = std::time::Duration::from_secs(2 * 3600);
    let file = std::fs::File::options().write(true).open(&old).unwrap();
    file.set_modified(std::time::SystemTime::now() - hours).unwrap();
    for reader in [Folder::read_only(folder.path()), Folder::later(folder.path())] {
        assert_eq!((reader.newest().unwrap(), old.exists()), (0, true), "who only reads deletes nothing");
    }
    Folder::open(folder.path()).unwrap();
    assert_eq!((old.exists(), young.exists()), (false, true));
    let later = folder.path().join("a").join("b");
    let numbering = Folder::later(&later);
    assert_eq!((numbering.numbers().unwrap().len(), later.exists()), (0, false));
    assert_eq!(numbering.create(1, &object("a")).unwrap(), Creation::Created);
    assert_eq!(Folder::read_only(&later).read(1).unwrap().unwrap(), b"a");
}

#[test]
fn other_files_are_no_versions_and_attempts_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let numbering = Folder::open(folder.path()).unwrap();
    for name in ["07", "x", "1.tmp", "attempt-1-2-3", "99999999999999999999999"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(numbering.newest().unwrap(), 0);
    numbering.create(1, &object("a")).unwrap();
    numbering.create(1, &object("b")).unwrap();
    let attempts =
        std::fs::read_dir(folder.path()).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("attempt-"));
    assert_eq!(attempts.count(), 1, "only the one of somebody else, which is young");
    assert_eq!(Folder::read_only(&folder.path().join("missing")).newest().unwrap(), 0);
}
