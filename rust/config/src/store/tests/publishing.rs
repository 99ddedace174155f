//! Loading, reloading, patching, rolling back, staging.

use std::fs;
use std::time::Duration;

use super::*;
use crate::numbering::Folder;
use crate::problem::{Problem, Problems};
use crate::store::guards::{ImmutablePaths, MaxChanged, MaxRemoved, NotEmpty};

#[test]
fn a_reload_publishes_what_changed_and_refuses_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let (store, report) = Store::open(over(&file)).unwrap();
    assert!(report.accepted && report.published && report.version == 1);
    let unchanged = store.reload(&By::default());
    assert!(unchanged.accepted && !unchanged.published && unchanged.version == 1);
    let pinned = store.pin();
    fs::write(&file, r#"{"a": 2}"#).unwrap();
    let report = store.reload(&By::actor("me"));
    assert_eq!((report.published, report.previous, report.version, json(&store).as_str()), (true, 1, 2, r#"{"a":2}"#));
    assert_eq!(pinned.document().to_json(), br#"{"a":1}"#);
    fs::write(&file, r#"{"a": 3"#).unwrap();
    let refused = store.reload(&By::default());
    assert!(!refused.accepted && refused.version == 2 && !refused.problems.is_empty(), "{refused}");
    assert_eq!(json(&store), r#"{"a":2}"#);
    assert_eq!(store.reports().len(), 4);
    assert_eq!(store.metrics().rejects, 1);
    fs::remove_file(&file).unwrap();
    assert_eq!(codes(&store.reload(&By::default()).problems), ["missing_file"]);
}

#[test]
fn a_store_without_a_good_start_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    assert_eq!(codes(&Store::open(over(&file)).err().unwrap().problems), ["missing_file"]);
    fs::write(&file, "{]").unwrap();
    assert!(Store::open(over(&file)).is_err());
}

#[test]
fn patches_stand_above_saved_files_until_they_are_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": {"b": 1, "c": 1}}"#).unwrap();
    let numbering = Arc::new(Folder::open(&folder.path().join("versions")).unwrap());
    let options = || Options { numbering: numbering.clone(), ..over(&file) };
    let (store, _) = Store::open(options()).unwrap();
    let report = store.patch(&[change("a.b", "5")], Some(1), &By::actor("ops")).unwrap();
    assert_eq!((report.version, json(&store).as_str()), (2, r#"{"a":{"b":5,"c":1}}"#));
    assert!(matches!(store.patch(&[change("a.b", "6")], Some(1), &By::default()), Err(Refusal::Conflict { expected: 1, current: 2 })));
    fs::write(&file, r#"{"a": {"b": 2, "c": 2}}"#).unwrap();
    assert!(store.reload(&By::default()).published);
    assert_eq!(json(&store), r#"{"a":{"b":5,"c":2}}"#);
    assert_eq!(store.explain(&path("a.b")).iter().map(|(place, _)| place.to_string()).collect::<Vec<_>>()[0], "patch");
    drop(store);
    let (store, report) = Store::open(options()).unwrap();
    assert_eq!((report.published, report.version, json(&store).as_str()), (false, 3, r#"{"a":{"b":5,"c":2}}"#));
    store.patch(&[(path("a.c"), None)], None, &By::default()).unwrap();
    assert_eq!(json(&store), r#"{"a":{"b":5}}"#);
    store.unpatch(&[path("a")], None, &By::default()).unwrap();
    assert_eq!(json(&store), r#"{"a":{"b":2,"c":2}}"#);
    let through = store.patch(&[change("a.b.c", "1")], None, &By::default());
    assert!(matches!(through, Err(Refusal::Refused(_))));
    assert_eq!(store.current().number(), 5);
}

#[test]
fn a_rollback_is_a_new_version_and_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    let numbering = Arc::new(Folder::open(&folder.path().join("versions")).unwrap());
    let options = || Options { numbering: numbering.clone(), guards: vec![Arc::new(MaxRemoved(0.0))], ..over(&file) };
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let (store, _) = Store::open(options()).unwrap();
    fs::write(&file, r#"{"a": 2, "b": 1}"#).unwrap();
    store.reload(&By::default());
    let report = store.rollback(1, &By::actor("ops")).unwrap();
    assert_eq!((report.version, json(&store).as_str(), store.is_held()), (3, r#"{"a":1}"#, true));
    let head = store.current().head().clone();
    assert_eq!((head.rolled_back_from, head.content_of), (Some(2), Some(1)));
    drop(store);
    let (store, report) = Store::open(options()).unwrap();
    assert_eq!((report.version, store.is_held(), json(&store).as_str()), (3, true, r#"{"a":1}"#), "held through a restart");
    assert!(matches!(store.rollback(9, &By::default()), Err(Refusal::UnknownVersion { number: 9, known }) if known == [1, 2, 3]));
    fs::write(&file, "{").unwrap();
    assert!(!store.resume(&By::default()).accepted);
    assert_eq!((store.is_held(), store.current().number(), json(&store).as_str()), (false, 4, r#"{"a":1}"#));
    fs::write(&file, r#"{"a": 2, "b": 1}"#).unwrap();
    assert!(store.resume(&By::default()).published);
    assert_eq!(json(&store), r#"{"a":2,"b":1}"#);
    assert_eq!(store.history().iter().map(|record| record.head.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(store.diff(1, 5).unwrap().differences.len(), 2);
}

#[test]
fn staged_candidates_are_published_on_their_base_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let (store, _) = Store::open(over(&file)).unwrap();
    let one = store.stage(Some(&[change("a", "2")])).unwrap();
    let two = store.stage(Some(&[change("a", "3")])).unwrap();
    assert_eq!((json(&store).as_str(), one.base()), (r#"{"a":1}"#, 1));
    store.publish_staged(&one, &By::default()).unwrap();
    assert!(matches!(store.publish_staged(&two, &By::default()), Err(Refusal::Conflict { expected: 1, current: 2 })));
    fs::write(&file, "{").unwrap();
    assert!(!store.stage(None).err().unwrap().accepted);
}

#[test]
fn guards_refuse_and_force_overrules_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1, "b": 2, "c": 3, "d": 4}"#).unwrap();
    let guards: Vec<Arc<dyn GuardRule>> =
        vec![Arc::new(NotEmpty), Arc::new(MaxRemoved(0.25)), Arc::new(MaxChanged(0.5)), Arc::new(ImmutablePaths(vec![path("a")]))];
    let audit = folder.path().join("audit.jsonl");
    let (store, _) = Store::open(Options { guards, audit: Some(audit.clone()), ..over(&file) }).unwrap();
    let refused = |text: &str| {
        fs::write(&file, text).unwrap();
        store.reload(&By::default()).problems.iter().map(|problem| problem.hint.clone().unwrap()).collect::<String>()
    };
    let all = refused("{}");
    for name in ["not_empty", "max_removed", "max_changed", "immutable_paths"] {
        assert!(all.contains(name), "{name}: {all}");
    }
    assert!(refused(r#"{"a": 1, "b": 2}"#).contains("max_removed"));
    assert!(refused(r#"{"a": 2, "b": 2, "c": 3, "d": 4}"#).contains("immutable_paths"));
    assert!(store.reload(&By { force: true, actor: "ops".into(), reason: "as agreed".into() }).published);
    let lines: Vec<serde_json::Value> =
        fs::read_to_string(&audit).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect::<Vec<_>>(),
        ["published", "refused", "refused", "refused", "published"]
    );
    let last = lines.last().unwrap();
    assert_eq!((last["forced"].as_bool(), last["actor"].as_str(), last["reason"].as_str()), (Some(true), Some("ops"), Some("as agreed")));
    assert_eq!(last["changed"]["paths"], serde_json::json!(["a"]));
}

struct Length(std::sync::atomic::AtomicU64);

impl Derive for Length {
    fn name(&self) -> &str {
        "length"
    }
    fn inputs(&self) -> &[Path] {
        static INPUTS: std::sync::OnceLock<Vec<Path>> = std::sync::OnceLock::new();
        INPUTS.get_or_init(|| vec![path("words")])
    }
    fn derive(&self, document: &crate::document::Document) -> Result<Derived, Problems> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let words = document.get(&path("words")).ok_or_else(|| Problem::new("missing", path("words"), "words", ""))?;
        Ok(Arc::new(words.len()))
    }
}

#[test]
fn what_is_derived_is_built_only_when_its_inputs_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"words": ["a"], "weight": 1}"#).unwrap();
    let length = Arc::new(Length(std::sync::atomic::AtomicU64::new(0)));
    let (store, _) = Store::open(Options { derives: vec![length.clone()], ..over(&file) }).unwrap();
    let built = || length.0.load(std::sync::atomic::Ordering::Relaxed);
    let derived = || *store.pin().derived("length").unwrap().downcast_ref::<usize>().unwrap();
    store.patch(&[change("weight", "2")], None, &By::default()).unwrap();
    fs::write(&file, r#"{"weight": 3, "words": ["a"]}"#).unwrap();
    store.reload(&By::default());
    assert_eq!((built(), derived()), (1, 1), "neither a patch nor another file with equal words");
    store.patch(&[change("words", r#"["a", "b"]"#)], None, &By::default()).unwrap();
    assert_eq!((built(), derived()), (2, 2));
    let refused = store.patch(&[(path("words"), None)], None, &By::default());
    assert!(matches!(refused, Err(Refusal::Refused(report)) if codes(&report.problems) == ["missing"]));
    assert_eq!(derived(), 2);
    store.rollback(1, &By::default()).unwrap();
    assert_eq!(derived(), 1);
}

struct Hanging(Duration);

impl GuardRule for Hanging {
    fn name(&self) -> &str {
        "hanging"
    }
    fn budget(&self) -> Option<Duration> {
        Some(Duration::from_millis(50))
    }
    fn judge(&self, candidate: &Candidate) -> Result<(), Problems> {
        if candidate.previous().is_some() {
            std::thread::sleep(self.0);
        }
        Ok(())
    }
}

#[test]
fn a_guard_that_hangs_refuses_and_is_not_called_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let guards: Vec<Arc<dyn GuardRule>> = vec![Arc::new(Hanging(Duration::from_millis(400)))];
    let (store, _) = Store::open(Options { guards, ..over(&file) }).unwrap();
    fs::write(&file, r#"{"a": 2}"#).unwrap();
    let got = |report: Report| report.problems.iter().map(|problem| (problem.code, problem.got.clone())).collect::<Vec<_>>();
    assert_eq!(got(store.reload(&By::default())), [("time_budget", "it has not returned".to_owned())]);
    assert_eq!(got(store.reload(&By::default())), [("time_budget", "it has not returned from an earlier call".to_owned())]);
    assert_eq!(json(&store), r#"{"a":1}"#);
    std::thread::sleep(Duration::from_millis(450));
    assert_eq!(got(store.reload(&By::default()))[0].1, "it has not returned", "asked again once it had returned");
}

struct Calling<F>(F);

impl<F: Fn(&Candidate) -> Result<(), Problems> + Send + Sync> Check for Calling<F> {
    fn name(&self) -> &str {
        "calling"
    }
    fn check(&self, candidate: &Candidate) -> Result<(), Problems> {
        (self.0)(candidate)
    }
}

#[test]
fn a_check_that_panics_or_calls_the_store_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let known: Arc<std::sync::OnceLock<Store>> = Arc::default();
    let inside = known.clone();
    let check = Calling(move |candidate: &Candidate| match candidate.document().get(&path("a")).and_then(|node| node.as_integer()) {
        Some(2) => unreachable!("as a check may do"),
        Some(3) => Err(inside.get().unwrap().reload(&By::default()).problems.into()),
        _ => Ok(()),
    });
    let (store, _) = Store::open(Options { checks: vec![Arc::new(check)], ..over(&file) }).unwrap();
    known.set(store.clone()).ok().unwrap();
    for (text, code) in [(r#"{"a": 2}"#, "hook_panicked"), (r#"{"a": 3}"#, "reentrant")] {
        fs::write(&file, text).unwrap();
        assert_eq!(codes(&store.reload(&By::default()).problems), [code]);
    }
    fs::write(&file, r#"{"a": 4}"#).unwrap();
    assert!(store.reload(&By::default()).published);
}

struct Teller<F>(F);

impl<F: Fn(&Arc<Version>, &Arc<Version>) -> Result<(), String> + Send + Sync> Subscriber for Teller<F> {
    fn published(&self, old: &Arc<Version>, new: &Arc<Version>, _: &crate::diff::Diff) -> Result<(), String> {
        (self.0)(old, new)
    }
}

pub fn wait_until(what: &str, done: impl Fn() -> bool) {
    let patience = std::time::Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(std::time::Instant::now() < patience, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn subscribers_that_hang_raise_or_re_enter_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1, "b": 1}"#).unwrap();
    let (store, _) = Store::open(over(&file)).unwrap();
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (log, inside) = (told.clone(), store.clone());
    let re_entering = Teller(move |old: &Arc<Version>, new: &Arc<Version>| {
        log.lock().unwrap().push((old.number(), new.number()));
        if new.number() < 4 {
            inside.patch(&[change("a", &format!("{}", new.number() * 10))], None, &By::default()).map_err(|refusal| refusal.to_string())?;
            inside.reload(&By::default());
        }
        Ok(())
    });
    let subscription = store.subscribe(vec!["a".parse().unwrap()], Arc::new(re_entering));
    store.subscribe(vec!["*".parse().unwrap()], Arc::new(Teller(|_: &Arc<Version>, _: &Arc<Version>| Err("on purpose".to_owned()))));
    let hang = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let waits = hang.clone();
    let hanging = Teller(move |_: &Arc<Version>, _: &Arc<Version>| {
        while waits.load(std::sync::atomic::Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    });
    store.subscribe(vec!["*".parse().unwrap()], Arc::new(hanging));
    store.patch(&[change("b", "2")], None, &By::default()).unwrap();
    assert!(told.lock().unwrap().is_empty());
    store.patch(&[change("a", "2")], None, &By::default()).unwrap();
    wait_until("told about its own patch", || told.lock().unwrap().len() == 2);
    assert_eq!(*told.lock().unwrap(), [(2, 3), (3, 4)]);
    wait_until("failures", || store.failures().0 == 3);
    assert_eq!(store.failures().1.last().unwrap(), &(4, "on purpose".to_owned()));
    store.unsubscribe(&subscription);
    store.patch(&[change("a", "7")], None, &By::default()).unwrap();
    wait_until("failures", || store.failures().0 == 4);
    assert_eq!(told.lock().unwrap().len(), 2);
    hang.store(false, std::sync::atomic::Ordering::Relaxed);
}

#[test]
fn a_start_without_sources_uses_what_was_good_last() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let last_good = Some(folder.path().join("last-good"));
    let options = || Options { last_good: last_good.clone(), ..over(&file) };
    drop(Store::open(options()).unwrap());
    fs::remove_file(&file).unwrap();
    let (store, report) = Store::open(options()).unwrap();
    assert_eq!((report.accepted, report.cause, json(&store).as_str()), (false, crate::object::Cause::LastGood, r#"{"a":1}"#));
    assert_eq!(codes(&report.problems), ["missing_file"]);
    let bytes = fs::read(last_good.as_ref().unwrap()).unwrap();
    fs::write(last_good.as_ref().unwrap(), &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(codes(&Store::open(options()).err().unwrap().problems), ["missing_file", "damaged_version"]);
}

#[test]
fn a_store_without_sources_follows_and_patches() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"a": 1, "b": 1}"#).unwrap();
    let at = folder.path().join("versions");
    let without = || Options { numbering: Arc::new(Folder::read_only(&at)), ..Options::default() };
    let (early, report) = Store::open(without()).unwrap();
    assert_eq!((report.accepted, early.current().number(), early.current().document().leaves()), (true, 0, 0));
    assert!(
        matches!(early.patch(&[change("a", "2")], None, &By::default()), Err(Refusal::Refused(report)) if codes(&report.problems) == ["numbering"])
    );
    let (writer, _) = Store::open(Options { numbering: Arc::new(Folder::open(&at).unwrap()), ..over(&file) }).unwrap();
    early.follow();
    wait_until("the first version", || early.current().number() == 1);
    let (late, report) = Store::open(without()).unwrap();
    assert_eq!((report.published, late.current().number(), json(&late).as_str()), (false, 1, r#"{"a":1,"b":1}"#));
    late.patch(&[change("a", "2")], None, &By::default()).unwrap();
    assert!(!late.reload(&By::default()).published);
    assert!(writer.reload(&By::default()).accepted);
    assert_eq!(json(&writer), r#"{"a":2,"b":1}"#);
    // What stood there before the patch is in the version before it.
    late.unpatch(&[path("a")], None, &By::default()).unwrap();
    assert_eq!((json(&late).as_str(), late.current().head().patches.is_empty()), (r#"{"a":1,"b":1}"#, true));
    assert!(!writer.reload(&By::default()).published);
    assert_eq!(json(&writer), r#"{"a":1,"b":1}"#);
}

#[test]
fn a_version_of_another_release_is_overtaken_by_sources_with_its_patches_and_not_by_patches() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    let schema = |text: &str| crate::schema::Schema::from_json(text).unwrap();
    let old = r#"{"type": "table", "fields": {"a": {"type": "integer"}}, "additional": false}"#;
    let new = r#"{"type": "table", "fields": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "additional": false}"#;
    let at = folder.path().join("versions");
    let options = |text: &str| Options { schema: schema(text), numbering: Arc::new(Folder::open(&at).unwrap()), ..over(&file) };
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let (before, _) = Store::open(options(old)).unwrap();
    before.patch(&[change("a", "5")], None, &By::default()).unwrap();
    before.follow();
    fs::write(&file, r#"{"a": 1, "b": 2}"#).unwrap();
    // The new release starts: what is stored has no `b`, its own file has.
    let (after, report) = Store::open(options(new)).unwrap();
    assert_eq!((report.published, report.version, json(&after).as_str()), (true, 3, r#"{"a":5,"b":2}"#));
    wait_until("the old release refuses it", || before.reports().last().unwrap().cause == crate::object::Cause::Follow);
    assert_eq!((before.current().number(), json(&before).as_str()), (2, r#"{"a":5}"#));
    assert!(matches!(before.patch(&[change("a", "6")], None, &By::default()), Err(Refusal::Refused(_))));
    assert_eq!(after.reload(&By::default()).version, 3);
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let report = before.reload(&By::default());
    assert_eq!(
        (report.accepted, report.published, report.version),
        (true, false, 2),
        "what it says is what its readers have: no version for that"
    );
}

#[test]
fn kept_versions_are_bounded_and_pins_are_seen() {
    let (store, _) = Store::open(Options { keep: 3, ..Options::default() }).unwrap();
    let pinned = store.pin();
    for number in 0..20 {
        store.patch(&[change("a", &number.to_string())], None, &By::default()).unwrap();
    }
    wait_until("only the pin is left", || store.retained().pinned == 1);
    let retained = store.retained();
    assert_eq!(retained.kept, 3);
    assert!(retained.oldest_pin_age.is_some());
    drop(pinned);
    wait_until("freed", || store.retained().pinned == 0);
    assert_eq!(store.history().len(), 3, "the numbering is pruned too");
}

#[test]
fn overlays_are_checked_kept_and_versioned() {
    let folder = tempfile::tempdir().unwrap();
    let numbering = || Arc::new(Folder::open(folder.path()).unwrap());
    let units = || Arc::new(Folder::open(&folder.path().join("units")).unwrap());
    let options = || Options { numbering: numbering(), units: units(), ..Options::default() };
    let (store, _) = Store::open(options()).unwrap();
    store.patch(&[change("s.weight", "1"), change("s.other", "1")], None, &By::default()).unwrap();
    let pinned = store.pin();
    assert_eq!(store.set_units(&[("user-7".into(), Some(vec![change("s.weight", "3"), (path("s.other"), None)]))]).unwrap(), 1);
    let seen = |store: &Store, unit: &str| String::from_utf8(store.for_unit(unit).unwrap().to_json()).unwrap();
    assert_eq!(
        (seen(&store, "user-7").as_str(), seen(&store, "user-8").as_str()),
        (r#"{"s":{"weight":3}}"#, r#"{"s":{"weight":1,"other":1}}"#)
    );
    assert_eq!(pinned.for_unit("user-7").unwrap(), *pinned.document(), "a pin keeps the overlays that it had");
    let refused = store.set_units(&[("user-8".into(), Some(vec![change("s.weight.x", "3")])), ("user-9".into(), None)]).unwrap_err();
    assert!(refused.to_string().contains("user-8"), "{refused}");
    assert_eq!(store.current().units().revision, 1);
    store.patch(&[change("s.weight", "2"), change("s.new", "null")], None, &By::default()).unwrap();
    assert_eq!(seen(&store, "user-7"), r#"{"s":{"weight":3,"new":null}}"#);
    for number in 0..200 {
        store.set_units(&[(format!("u{number}"), Some(vec![change("s.weight", &number.to_string())]))]).unwrap();
    }
    assert!(units().numbers().unwrap().len() < 100, "older objects are gone");
    let (other, _) = Store::open(options()).unwrap();
    assert_eq!((seen(&other, "u199").as_str(), other.current().units().len()), (r#"{"s":{"weight":199,"other":1,"new":null}}"#, 201));
    other.set_units(&[("user-7".into(), None)]).unwrap();
    store.set_units(&[("user-8".into(), Some(vec![change("s.weight", "8")]))]).unwrap();
    assert_eq!((seen(&store, "user-7").contains(":3"), seen(&store, "user-8").contains(":8")), (false, true));
}
