//! Faults of sources and of the place where versions are numbered.

use std::fs;
use std::time::{Duration, Instant};

use super::*;
use crate::numbering::Folder;
use crate::parse::Limits;

fn of(provider: Files) -> Options {
    Options { providers: vec![Arc::new(provider)], ..Options::default() }
}

#[test]
fn files_that_are_no_files_or_too_large_are_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let refused = |provider: Files| codes(&Store::open(of(provider)).err().unwrap().problems).first().copied();
    // Reading a pipe would wait for ever.
    assert!(std::process::Command::new("mkfifo").arg(at("pipe.json")).status().unwrap().success());
    assert_eq!(refused(Files::new(vec![at("pipe.json")], None, false)), Some("unreadable"));
    fs::create_dir(at("folder.json")).unwrap();
    assert_eq!(refused(Files::new(vec![at("folder.json")], None, false)), Some("unreadable"));
    fs::File::create(at("huge.json")).unwrap().set_len(100 << 30).unwrap();
    assert_eq!(
        refused(Files::new(vec![at("huge.json")], None, false).with_limits(Limits { bytes: 1 << 20, ..Limits::default() })),
        Some("too_large")
    );
    fs::write(at("a.unknown"), "a = 1").unwrap();
    assert_eq!(refused(Files::new(vec![at("a.unknown")], None, false)), Some("format"));
    assert_eq!(refused(Files::new(vec![at("none*.json")], None, false)), Some("missing_file"));
    assert_eq!(refused(Files::new(vec![at("[.json")], None, false)), Some("pattern"));
    assert!(Store::open(of(Files::new(vec![at("none*.json"), at("none.json")], None, true))).is_ok());
}

#[test]
fn all_sources_are_asked_and_all_their_problems_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("a.json"), "{").unwrap();
    fs::write(at("b.toml"), "x = ").unwrap();
    let files = Files::new(vec![at("a.json"), at("b.toml"), at("c.json")], None, false);
    let other = Files::new(vec![at("d.json")], None, false);
    let report = Store::open(Options { providers: vec![Arc::new(files), Arc::new(other)], ..Options::default() }).err().unwrap();
    let text = report.to_string();
    for name in ["a.json", "b.toml", "c.json", "d.json"] {
        assert!(text.contains(name), "{name} is missing in {text}");
    }
}

#[test]
fn a_place_that_cannot_be_written_refuses_and_what_is_current_stays() {
    let folder = tempfile::tempdir().unwrap();
    let versions = folder.path().join("versions");
    let numbering = Arc::new(Folder::open(&versions).unwrap());
    let (store, _) = Store::open(Options { numbering, ..Options::default() }).unwrap();
    store.patch(&[change("a", "1")], None, &By::default()).unwrap();
    fs::rename(&versions, folder.path().join("away")).unwrap();
    let refused = store.patch(&[change("a", "2")], None, &By::default());
    assert!(matches!(&refused, Err(Refusal::Refused(report)) if codes(&report.problems) == ["numbering"]), "{refused:?}");
    assert_eq!((json(&store).as_str(), store.current().number()), (r#"{"a":1}"#, 1));
    fs::rename(folder.path().join("away"), &versions).unwrap();
    assert_eq!(store.patch(&[change("a", "3")], None, &By::default()).unwrap().version, 2);
}

#[test]
fn a_process_with_another_environment_shows_in_drift() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let numbering = || Arc::new(Folder::open(&folder.path().join("versions")).unwrap());
    let plain = Store::open(Options { numbering: numbering(), ..over(&file) }).unwrap().0;
    plain.follow();
    assert_eq!(plain.drift().differing, 0);
    let variables = Variables::new("APP__", "__", || vec![("APP__B".to_owned(), "2".to_owned()), ("HOME".to_owned(), "/".to_owned())]);
    let files = Files::new(vec![file.display().to_string()], None, false);
    let options = Options { providers: vec![Arc::new(files), Arc::new(variables)], numbering: numbering(), ..Options::default() };
    let other = Store::open(options).unwrap().0;
    assert_eq!((other.current().number(), json(&other).as_str(), other.drift().differing), (2, r#"{"a":1,"b":"2"}"#, 0));
    let patience = Instant::now() + Duration::from_secs(5);
    while plain.current().number() < 2 {
        assert!(Instant::now() < patience);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(
        (json(&plain).as_str(), plain.drift().differing),
        (r#"{"a":1,"b":"2"}"#, 1),
        "it has the version, and would say something else"
    );
    plain.patch(&[change("a", "3")], None, &By::default()).unwrap();
    assert_eq!(plain.drift().differing, 1, "a patch does not hide that");
}

#[test]
fn an_audit_that_cannot_be_written_is_an_error_at_the_start_and_a_warning_later() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let with = |audit: &FilePath| Options { audit: Some(audit.to_owned()), ..over(&file) };
    for place in [folder.path().to_owned(), folder.path().join("none").join("audit.jsonl")] {
        let refused = Store::open(with(&place)).err().unwrap();
        assert_eq!((codes(&refused.problems), refused.version), (vec!["audit"], 0));
        assert!(refused.problems[0].expected.contains(&place.display().to_string()));
    }
    let audit = folder.path().join("audit.jsonl");
    let store = Store::open(with(&audit)).unwrap().0;
    fs::remove_file(&audit).unwrap();
    fs::create_dir(&audit).unwrap();
    let report = store.patch(&[change("a", "2")], None, &By::default()).unwrap();
    assert_eq!((report.published, json(&store).as_str(), codes(&report.problems)), (true, r#"{"a":2}"#, vec!["audit"]));
    assert!(report.problems.iter().all(|problem| problem.severity == crate::problem::Severity::Warning));
    assert_eq!((store.metrics().audit_failures, codes(&store.reports().last().unwrap().problems)), (1, vec!["audit"]));
    fs::remove_dir(&audit).unwrap();
    assert_eq!(store.patch(&[change("a", "3")], None, &By::default()).unwrap().problems.len(), 0);
    assert_eq!(fs::read_to_string(&audit).unwrap().lines().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_a_line_of_the_audit_and_no_publication() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let last_good = folder.path().join("none").join("last-good");
    let options = Options { audit: Some("/dev/full".into()), last_good: Some(last_good), ..over(&file) };
    let (store, report) = Store::open(options).unwrap();
    assert_eq!((report.published, codes(&report.problems)), (true, vec!["audit", "last_good"]));
    fs::write(&file, r#"{"a": 2}"#).unwrap();
    assert!(store.reload(&By::default()).published);
    assert_eq!((store.metrics().audit_failures, store.metrics().last_good_failures), (2, 2));
}

#[test]
fn attempts_that_killed_processes_left_beside_the_last_good_version_are_deleted_later() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let left = [at("good.v1.attempt-7-0"), at("good.v1.attempt-8-3")];
    let others = [at("good.v2.attempt-7-0"), at("good.v1.attempts")];
    for file in left.iter().chain(&others) {
        fs::write(file, "").unwrap();
    }
    let hours_ago = std::time::SystemTime::now() - Duration::from_secs(7200);
    for file in left[..1].iter().chain(&others) {
        fs::File::options().write(true).open(file).unwrap().set_modified(hours_ago).unwrap();
    }
    let open = |name: &str| Store::open(Options { last_good: Some(at(name)), ..Options::default() }).unwrap().0;
    open("good.v1");
    assert!(!left[0].exists() && left[1].exists(), "a young one may be somebody's");
    assert!(others.iter().all(|file| file.exists()));
}

#[test]
fn two_stores_whose_last_good_versions_are_named_alike_do_not_share_an_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Store::open(Options { last_good: Some(folder.path().join(name)), ..Options::default() }).unwrap().0;
    let stores = [open("app.good"), open("app.kept")];
    std::thread::scope(|scope| {
        for (at, store) in stores.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..50 {
                    let report = store.patch(&[change("a", &(1000 * at + number).to_string())], None, &By::default()).unwrap();
                    assert_eq!(codes(&report.problems), [""; 0]);
                }
            });
        }
    });
    for (name, value) in [("app.good", 49), ("app.kept", 1049)] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        let stored = crate::object::decode(name, &bytes).unwrap();
        assert_eq!(stored.document.get(&path("a")).unwrap().as_integer(), Some(value));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no attempt is left");
}

#[test]
fn a_clock_that_goes_back_orders_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (versions, file) = (folder.path().join("versions"), folder.path().join("app.json"));
    fs::write(&file, r#"{"a": 0}"#).unwrap();
    let now = Arc::new(std::sync::atomic::AtomicI64::new(1_900_000_000_000_000));
    let options = || {
        // An hour earlier at each look.
        let now = Arc::clone(&now);
        let clock = move || now.fetch_sub(3_600_000_000, std::sync::atomic::Ordering::Relaxed);
        let numbering: Arc<dyn crate::numbering::Numbering> = Arc::new(Folder::open(&versions).unwrap());
        Options { numbering, clock: Arc::new(clock), ..over(&file) }
    };
    let open = || Store::open(options()).unwrap().0;
    // What was written before the clock went back is of the future now, the folder too.
    let into_the_future = |ahead: u64| {
        let later = std::time::SystemTime::now() + Duration::from_secs(ahead);
        for path in fs::read_dir(&versions).unwrap().map(|entry| entry.unwrap().path()).chain([versions.clone()]) {
            fs::File::open(path).unwrap().set_modified(later).unwrap();
        }
    };
    let (store, other) = (open(), open());
    other.follow();
    for value in 1..5u64 {
        into_the_future(1_000_000 - value);
        store.patch(&[change("a", &value.to_string())], None, &By::default()).unwrap();
        let begin = Instant::now();
        while other.current().number() < store.current().number() {
            assert!(begin.elapsed() < Duration::from_secs(10), "it does not follow");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(json(&other), format!(r#"{{"a":{value}}}"#));
    }
    let history = store.history();
    assert_eq!(history.iter().map(|record| record.head.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(history.windows(2).all(|pair| pair[0].head.time > pair[1].head.time), "the times go back, the numbers do not");
    store.rollback(2, &By::default()).unwrap();
    assert_eq!((store.current().number(), json(&store)), (6, r#"{"a":1}"#.to_owned()));
    let fresh = open();
    assert_eq!((fresh.current().number(), json(&fresh)), (6, r#"{"a":1}"#.to_owned()), "the newest is the greatest number");
}

#[test]
fn a_password_in_a_url_is_a_secret_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (old, new) = (r#"{"db": {"url": "pg://app:abracadabra@h/x", "n": 1}}"#, r#"{"db": {"url": "pg://app:sesame@h/x", "n": 2}}"#);
    fs::write(at("app.json"), old).unwrap();
    let options = || Options {
        numbering: Arc::new(Folder::open(&at("versions")).unwrap()),
        audit: Some(at("audit")),
        last_good: Some(at("good")),
        ..over(&at("app.json"))
    };
    let (store, _) = Store::open(options()).unwrap();
    fs::write(at("app.json"), new).unwrap();
    assert!(store.reload(&By::default()).published);
    assert!(json(&store).contains("sesame"), "readers get it");
    let secret = path("db.url");
    assert!(store.current().document().get(&secret).unwrap().is_marked());
    let patched = store.patch(&[change("db.url", r#""pg://app:openup@h/x""#)], None, &By::default());
    assert!(matches!(&patched, Err(Refusal::Refused(report)) if codes(&report.problems) == ["secret_patch"]), "{patched:?}");
    // A value that fits nothing, and a text that is no JSON.
    fs::write(at("app.json"), r#"{"db": {"url": {"pg://app:openup@h/x": 1, "u": "pg://app:openup@h/x"#).unwrap();
    let refused = store.reload(&By::default());
    let problems = crate::problem::Problems(refused.problems.clone());
    let mut shown = format!("{refused} {}", crate::problem::render(&problems, &[], store.secrets()));
    for entry in [at("audit"), at("good"), at("versions/1"), at("versions/2")] {
        shown.push_str(&String::from_utf8_lossy(&fs::read(entry).unwrap()));
    }
    for word in ["abracadabra", "sesame", "openup"] {
        assert!(!shown.contains(word), "{word} stands in {shown}");
    }
    assert!(shown.contains("app.json:1:16"), "{shown}");
    let (fresh, _) = Store::open(Options { numbering: Arc::new(Folder::later(&at("versions"))), ..Options::default() }).unwrap();
    assert!(!json(&fresh).contains("sesame") && json(&fresh).contains("app.json:1:16"));
}
