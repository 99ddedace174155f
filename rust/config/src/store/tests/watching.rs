//! The watch: every way in which editors, deployments and accidents change a file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::*;
use crate::problem::Problems;

struct Watched {
    folder: tempfile::TempDir,
    store: Store,
}

impl Watched {
    /// A store that watches `app.json`.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.json"), r#"{"v": 0}"#).unwrap();
        let store = Store::open(over(&folder.path().join("app.json"))).unwrap().0;
        store.watch();
        Self { folder, store }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, value: u64) {
        fs::write(self.at(name), format!(r#"{{"v": {value}}}"#)).unwrap();
    }

    fn value(&self) -> Option<i64> {
        self.store.current().document().get(&path("v")).and_then(|node| node.as_integer())
    }

    /// Waits for a value; no other version may come between.
    #[track_caller]
    fn sees(&self, value: i64) {
        let patience = Instant::now() + Duration::from_secs(10);
        while self.value() != Some(value) {
            assert!(Instant::now() < patience, "still {:?} instead of {value}: {:?}", self.value(), self.store.reports().last());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[track_caller]
    fn refuses(&self, code: &str) {
        let patience = Instant::now() + Duration::from_secs(10);
        while self.store.reports().last().is_none_or(|report| codes(&report.problems).first() != Some(&code)) {
            assert!(Instant::now() < patience, "never refused with {code}: {:?}", self.store.reports().last());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn vim_writes_beside_and_renames_over() {
    let watched = Watched::new();
    for value in 1..4 {
        // backupcopy=no: the old file becomes the backup, the new one takes its name.
        fs::write(watched.at("4913"), "").unwrap();
        fs::remove_file(watched.at("4913")).unwrap();
        fs::rename(watched.at("app.json"), watched.at("app.json~")).unwrap();
        watched.write("app.json", value);
        fs::remove_file(watched.at("app.json~")).unwrap();
        watched.sees(value as i64);
    }
}

#[test]
fn emacs_nano_and_vs_code_write_in_place() {
    let watched = Watched::new();
    for value in 1..4 {
        fs::copy(watched.at("app.json"), watched.at("app.json~")).unwrap();
        fs::write(watched.at(".#app.json"), "").unwrap();
        let mut file = fs::File::create(watched.at("app.json")).unwrap();
        std::thread::sleep(Duration::from_millis(3));
        std::io::Write::write_all(&mut file, format!(r#"{{"v": {value}}}"#).as_bytes()).unwrap();
        fs::remove_file(watched.at(".#app.json")).unwrap();
        watched.sees(value as i64);
    }
    assert_eq!(watched.store.metrics().rejects, 0, "an empty file on the way is not finished");
}

#[test]
fn a_half_written_file_is_waited_for_and_then_refused() {
    let watched = Watched::new();
    let whole = format!(r#"{{"v": 1, "text": "{}"}}"#, "x".repeat(5000));
    let (begin, end) = whole.split_at(2000);
    fs::write(watched.at("app.json"), begin).unwrap();
    std::thread::sleep(Duration::from_millis(150));
    fs::write(watched.at("app.json"), [begin, end].concat()).unwrap();
    watched.sees(1);
    assert_eq!(watched.store.metrics().rejects, 0);
    fs::write(watched.at("app.json"), begin).unwrap();
    watched.refuses("truncated");
    assert_eq!(watched.value(), Some(1));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(watched.store.metrics().rejects, 1, "reported once");
    watched.write("app.json", 2);
    watched.sees(2);
}

#[test]
fn a_deleted_file_is_refused_and_its_return_is_seen() {
    let watched = Watched::new();
    fs::remove_file(watched.at("app.json")).unwrap();
    watched.refuses("missing_file");
    assert_eq!(watched.value(), Some(0));
    watched.write("app.json", 1);
    watched.sees(1);
    fs::remove_file(watched.at("app.json")).unwrap();
    watched.write("app.json", 2);
    watched.sees(2);
    fs::write(watched.at("app.json"), "").unwrap();
    watched.refuses("empty_file");
    assert_eq!(watched.value(), Some(2));
}

#[test]
fn a_restored_older_file_and_one_with_equal_size_and_date_are_seen() {
    let watched = Watched::new();
    let date = fs::metadata(watched.at("app.json")).unwrap().modified().unwrap();
    watched.write("old", 1);
    fs::File::options().write(true).open(watched.at("old")).unwrap().set_modified(date - Duration::from_secs(1_000_000)).unwrap();
    fs::rename(watched.at("old"), watched.at("app.json")).unwrap();
    watched.sees(1);
    let date = fs::metadata(watched.at("app.json")).unwrap().modified().unwrap();
    watched.write("app.json", 2);
    fs::File::options().write(true).open(watched.at("app.json")).unwrap().set_modified(date).unwrap();
    watched.sees(2);
}

#[test]
fn a_folder_in_place_of_the_file_and_lost_permissions_are_refused() {
    let watched = Watched::new();
    fs::remove_file(watched.at("app.json")).unwrap();
    fs::create_dir(watched.at("app.json")).unwrap();
    watched.refuses("unreadable");
    fs::remove_dir(watched.at("app.json")).unwrap();
    watched.write("app.json", 1);
    watched.sees(1);
    fs::set_permissions(watched.at("app.json"), fs::Permissions::from_mode(0o000)).unwrap();
    // Who may read everything is not refused; then there is nothing to see but that all goes on.
    if fs::read(watched.at("app.json")).is_err() {
        watched.refuses("unreadable");
        fs::set_permissions(watched.at("app.json"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    watched.write("app.json", 2);
    watched.sees(2);
    fs::remove_file(watched.at("app.json")).unwrap();
    symlink("app.json", watched.at("app.json")).unwrap();
    watched.refuses("unreadable");
    fs::remove_file(watched.at("app.json")).unwrap();
    watched.write("app.json", 3);
    watched.sees(3);
}

#[test]
fn a_folder_that_is_replaced_is_watched_anew() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("conf");
    fs::create_dir(&conf).unwrap();
    fs::write(conf.join("app.json"), r#"{"v": 0}"#).unwrap();
    let store = Store::open(over(&conf.join("app.json"))).unwrap().0;
    store.watch();
    let watched = Watched { folder, store };
    for value in 1..4 {
        fs::create_dir(watched.at("next")).unwrap();
        watched.write("next/app.json", value);
        fs::rename(watched.at("conf"), watched.at(&format!("old{value}"))).unwrap();
        fs::rename(watched.at("next"), watched.at("conf")).unwrap();
        watched.sees(value as i64);
        watched.write("conf/app.json", value * 10);
        watched.sees(value as i64 * 10);
    }
}

/// What kubelet does: a folder for each state, one link that is renamed over.
fn swap(root: &FilePath, value: u64) {
    let name = format!("..{value}");
    fs::create_dir(root.join(&name)).unwrap();
    for file in ["a.json", "b.json"] {
        fs::write(root.join(&name).join(file), format!(r#"{{"{}": {value}}}"#, &file[..1])).unwrap();
    }
    symlink(&name, root.join("..data_tmp")).unwrap();
    fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    if value > 0 {
        fs::remove_dir_all(root.join(format!("..{}", value - 1))).unwrap();
    }
}

#[test]
fn swapped_links_are_read_as_one_version() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    swap(&root, 0);
    for file in ["a.json", "b.json"] {
        symlink(format!("..data/{file}"), root.join(file)).unwrap();
    }
    // Two providers, so that reading cannot be one step.
    let files = |name: &str| -> Arc<dyn Provider> { Arc::new(Files::new(vec![root.join(name).display().to_string()], None, false)) };
    struct Whole;
    impl Check for Whole {
        fn name(&self) -> &str {
            "whole"
        }
        fn check(&self, candidate: &Candidate) -> Result<(), Problems> {
            let get = |name: &str| candidate.document().get(&path(name)).and_then(|node| node.as_integer());
            assert_eq!(get("a"), get("b"), "two states in one version");
            Ok(())
        }
    }
    let options = Options { providers: vec![files("a.json"), files("b.json")], checks: vec![Arc::new(Whole)], ..Options::default() };
    let store = Store::open(options).unwrap().0;
    store.watch();
    for value in 1..150 {
        swap(&root, value);
        if value % 10 == 0 {
            store.reload(&By::default());
        }
        std::thread::sleep(Duration::from_millis(value % 5));
    }
    let patience = Instant::now() + Duration::from_secs(10);
    while json(&store) != r#"{"a":149,"b":149}"# {
        assert!(Instant::now() < patience, "{}", json(&store));
        std::thread::sleep(Duration::from_millis(2));
    }
    let panics = store.reports().iter().filter(|report| codes(&report.problems).contains(&"hook_panicked")).count();
    assert_eq!(panics, 0);
}

#[test]
fn new_files_of_a_pattern_are_seen_and_backups_are_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("10.json"), r#"{"v": 0}"#).unwrap();
    let pattern = folder.path().join("*.json").display().to_string();
    let options = Options { providers: vec![Arc::new(Files::new(vec![pattern], None, false))], ..Options::default() };
    let store = Store::open(options).unwrap().0;
    store.watch();
    let watched = Watched { folder, store };
    watched.write("20.json", 1);
    watched.sees(1);
    for name in [".30.json.swp", ".30.json", "30.json~", "#30.json#", "30.json.bak"] {
        watched.write(name, 9);
    }
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!((watched.value(), watched.store.metrics().rejects), (Some(1), 0));
    fs::remove_file(watched.at("20.json")).unwrap();
    watched.sees(0);
}

#[test]
fn a_source_that_flaps_is_read_a_few_times_a_second() {
    let watched = Watched::new();
    let before = watched.store.metrics();
    let begin = Instant::now();
    let mut value = 0;
    while begin.elapsed() < Duration::from_secs(2) {
        value += 1;
        watched.write("app.json", value);
        std::thread::sleep(Duration::from_millis(8));
    }
    let after = watched.store.metrics();
    assert!(after.published - before.published <= 8, "{} versions of {value} writes", after.published - before.published);
    watched.sees(value as i64);
    assert_eq!(watched.store.metrics().rejects, 0);
}

#[test]
fn a_held_store_waits_and_the_heartbeat_goes_on() {
    let watched = Watched::new();
    watched.write("app.json", 1);
    watched.sees(1);
    watched.store.rollback(1, &By::default()).unwrap();
    watched.write("app.json", 2);
    let beat = watched.store.watching().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(watched.value(), Some(0));
    assert!(watched.store.watching().unwrap() > beat);
    watched.store.resume(&By::default());
    watched.sees(2);
    watched.write("app.json", 3);
    watched.sees(3);
    watched.store.unwatch();
    assert_eq!(watched.store.watching(), None);
    std::thread::sleep(Duration::from_millis(120));
    watched.write("app.json", 4);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(watched.value(), Some(3));
    watched.store.watch();
    watched.sees(4);
}

#[test]
fn a_watch_whose_provider_panics_goes_on() {
    struct Panicking(Files, std::sync::atomic::AtomicU32, std::sync::atomic::AtomicBool);
    impl Provider for Panicking {
        fn read(&self) -> Result<Vec<Arc<crate::layers::Layer>>, Problems> {
            // As a panic, but silent.
            if self.2.load(std::sync::atomic::Ordering::Relaxed) {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            self.0.read()
        }
        fn watched(&self) -> Vec<PathBuf> {
            let calls = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if (20..23).contains(&calls) {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            self.0.watched()
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.json"), r#"{"v": 0}"#).unwrap();
    let files = Files::new(vec![folder.path().join("app.json").display().to_string()], None, false);
    let provider = Arc::new(Panicking(files, std::sync::atomic::AtomicU32::new(0), std::sync::atomic::AtomicBool::new(false)));
    let store = Store::open(Options { providers: vec![provider.clone()], ..Options::default() }).unwrap().0;
    store.watch();
    let watched = Watched { folder, store };
    let patience = Instant::now() + Duration::from_secs(10);
    while watched.store.metrics().restarts < 3 {
        assert!(Instant::now() < patience, "{:?}", watched.store.metrics());
        std::thread::sleep(Duration::from_millis(5));
    }
    watched.write("app.json", 1);
    watched.sees(1);
    provider.2.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(codes(&watched.store.reload(&By::default()).problems), ["source_panicked"]);
    assert_eq!(watched.value(), Some(1));
}

#[test]
fn a_store_that_nobody_uses_ends() {
    let watched = Watched::new();
    let weak = Arc::downgrade(&watched.store.0);
    drop(watched.store);
    let patience = Instant::now() + Duration::from_secs(5);
    while weak.strong_count() > 0 {
        assert!(Instant::now() < patience);
        std::thread::sleep(Duration::from_millis(5));
    }
}
