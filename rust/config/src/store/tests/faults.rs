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
