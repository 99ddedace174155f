//! Stores without sources: what they take, and that they say nothing. Places of values that others published.

use std::fs;

use super::*;
use crate::numbering::Folder;
use crate::object::Cause;
use crate::schema::Schema;

fn numbered(at: &FilePath) -> Arc<Folder> {
    Arc::new(Folder::open(at).unwrap())
}

fn follower(at: &FilePath) -> Options {
    Options { numbering: Arc::new(Folder::later(at)), units: Arc::new(Folder::later(&at.join("units"))), ..Options::default() }
}

fn objects(at: &FilePath) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(at).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn schema(fields: &str) -> Schema {
    Schema::from_json(&format!(r#"{{"type": "table", "fields": {{{fields}}}, "additional": false}}"#)).unwrap()
}

#[test]
fn a_follower_publishes_nothing_by_opening_and_reloading() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("versions");
    let defaults = schema(r#""a": {"type": "integer", "default": 7}"#);
    let (store, report) = Store::open(Options { schema: defaults, ..follower(&at) }).unwrap();
    assert_eq!((report.accepted, report.published, report.version, json(&store).as_str()), (true, false, 0, r#"{"a":7}"#));
    assert!(store.reload(&By::default()).accepted && store.resume(&By::default()).accepted);
    assert!(store.stage(None).unwrap().report.accepted);
    assert!(!at.exists() && store.history().is_empty());
    // A patch is asked for: it is the first version, and makes the folder.
    assert_eq!(store.patch(&[change("a", "8")], Some(0), &By::default()).unwrap().version, 1);
    assert_eq!((json(&store).as_str(), objects(&at).contains(&"1".to_owned())), (r#"{"a":8}"#, true));
    let needed = Options { schema: schema(r#""b": {"type": "integer"}"#), ..follower(&folder.path().join("none")) };
    assert_eq!(codes(&Store::open(needed).err().unwrap().problems), ["no_version", "missing"]);
}

#[test]
fn a_follower_that_cannot_take_the_newest_version_leaves_it_to_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let (writer, _) = Store::open(Options { numbering: numbered(&at), ..over(&file) }).unwrap();
    let other = || Options { schema: schema(r#""b": {"type": "integer", "default": 1}"#), ..follower(&at) };
    let refused = Store::open(other()).err().unwrap();
    assert_eq!(codes(&refused.problems), ["unknown_key"]);
    assert!(refused.problems[0].hint.as_ref().unwrap().contains("findspot config rollback"), "{refused}");
    assert_eq!(objects(&at), ["1"]);
    // While it follows: what it has stays, and nothing is written over what it cannot take.
    fs::write(&file, r#"{"b": 2}"#).unwrap();
    writer.reload(&By::default());
    let store = Store::open(other()).unwrap().0;
    fs::write(&file, r#"{"c": 3}"#).unwrap();
    writer.reload(&By::default());
    for _ in 0..2 {
        let report = store.reload(&By::default());
        assert_eq!((report.accepted, report.published, report.version, codes(&report.problems)), (false, false, 2, vec!["unknown_key"]));
    }
    fs::write(at.join("4"), "damaged").unwrap();
    for _ in 0..2 {
        assert_eq!(codes(&store.reload(&By::default()).problems), ["damaged_version"]);
    }
    assert_eq!((json(&store).as_str(), objects(&at).len()), (r#"{"b":2}"#, 4));
}

#[test]
fn a_follower_does_not_end_a_rollback_by_reloading_and_does_by_resuming() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let (writer, _) = Store::open(Options { numbering: numbered(&at), ..over(&file) }).unwrap();
    fs::write(&file, r#"{"a": 2}"#).unwrap();
    writer.reload(&By::default());
    let store = Store::open(follower(&at)).unwrap().0;
    store.rollback(1, &By::actor("ops")).unwrap();
    assert!(!store.reload(&By::default()).published && store.is_held());
    assert!(Store::open(follower(&at)).unwrap().0.is_held());
    let report = store.resume(&By::actor("ops"));
    assert_eq!((report.published, report.version, store.is_held(), json(&store).as_str()), (true, 4, false, r#"{"a":1}"#));
    assert!(writer.reload(&By::default()).published);
    assert_eq!(json(&writer), r#"{"a":2}"#);
}

#[test]
fn a_follower_starts_on_the_newest_version_that_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let (writer, _) = Store::open(Options { numbering: numbered(&at), ..over(&file) }).unwrap();
    for number in [2, 3, 4] {
        fs::write(&file, format!(r#"{{"a": {number}}}"#)).unwrap();
        assert_eq!(writer.reload(&By::default()).version, number);
    }
    let whole = fs::read(at.join("4")).unwrap();
    fs::write(at.join("4"), &whole[..whole.len() / 2]).unwrap();
    fs::write(at.join("3"), "").unwrap();
    let (store, report) = Store::open(follower(&at)).unwrap();
    assert_eq!((report.accepted, report.version, codes(&report.problems)), (true, 2, vec!["damaged_version"]));
    assert_eq!(json(&store), r#"{"a":2}"#);
    // What comes next is newer than all of them.
    let changed = store.patch(&[change("a", "7")], None, &By::actor("ops")).unwrap();
    assert_eq!((changed.version, json(&store).as_str()), (5, r#"{"a":7}"#));
    // Nothing whole, or nothing for this schema: then there is no start.
    for number in [1, 2, 5] {
        fs::write(at.join(number.to_string()), "damaged").unwrap();
    }
    assert_eq!(codes(&Store::open(follower(&at)).err().unwrap().problems), ["damaged_version"]);
}

#[test]
fn a_follower_starts_on_the_last_good_version_without_publishing_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    let last_good = Some(folder.path().join("last-good"));
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let (writer, _) = Store::open(Options { numbering: numbered(&at), ..over(&file) }).unwrap();
    let options = || Options { last_good: last_good.clone(), ..follower(&at) };
    assert_eq!(Store::open(options()).unwrap().1.version, 1);
    fs::write(at.join("2"), "damaged").unwrap();
    let whole = fs::read(at.join("1")).unwrap();
    fs::write(at.join("1"), "damaged").unwrap();
    let (store, report) = Store::open(options()).unwrap();
    assert_eq!((report.cause, report.version, json(&store).as_str()), (Cause::LastGood, 1, r#"{"a":1}"#));
    fs::write(at.join("1"), whole).unwrap();
    assert_eq!((codes(&report.problems), objects(&at)), (vec!["damaged_version"], vec!["1".to_owned(), "2".to_owned()]));
    fs::write(&file, r#"{"a": 3}"#).unwrap();
    assert_eq!(writer.reload(&By::default()).version, 3);
    assert_eq!((store.reload(&By::default()).version, json(&store).as_str()), (3, r#"{"a":3}"#));
    fs::remove_dir_all(&at).unwrap();
    let (store, report) = Store::open(options()).unwrap();
    assert_eq!((report.version, json(&store).as_str(), at.exists()), (0, r#"{"a":3}"#, false));
}

#[test]
fn subscribers_of_a_follower_are_told_of_the_first_version() {
    struct Told(std::sync::mpsc::Sender<(u64, u64)>);
    impl Subscriber for Told {
        fn published(&self, old: &Arc<Version>, new: &Arc<Version>, _: &crate::diff::Diff) -> Result<(), String> {
            self.0.send((old.number(), new.number())).map_err(|error| error.to_string())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    fs::write(&file, r#"{"a": 1, "b": 1}"#).unwrap();
    let store = Store::open(follower(&at)).unwrap().0;
    let (sender, told) = std::sync::mpsc::channel();
    store.subscribe(vec!["a".parse().unwrap(), "b".parse().unwrap()], Arc::new(Told(sender)));
    store.follow();
    let _writer = Store::open(Options { numbering: numbered(&at), ..over(&file) }).unwrap();
    let patience = std::time::Duration::from_secs(20);
    assert_eq!(told.recv_timeout(patience).unwrap(), (0, 1));
    // Two patterns are one subscription: it is told once.
    assert!(told.recv_timeout(std::time::Duration::from_millis(200)).is_err());
}

/// Where a value stands, as people write it.
fn place(store: &Store, at: &str) -> String {
    store.explain(&path(at))[0].0.to_string()
}

#[test]
fn values_keep_the_places_of_their_files_whoever_published_them() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    let name = file.display();
    let options = || Options { numbering: numbered(&at), ..over(&file) };
    fs::write(&file, r#"{"a": 1, "b": 2}"#).unwrap();
    let (first, _) = Store::open(options()).unwrap();
    assert_eq!(place(&first, "b"), format!("{name}:1:15"));
    drop(first);
    // A restart reads the version first, then the file that says the same.
    let (second, report) = Store::open(options()).unwrap();
    assert_eq!((report.published, place(&second, "b")), (false, format!("{name}:1:15")));
    assert_eq!(second.pin().document().get(&path("b")).unwrap().origin().unwrap().place().to_string(), format!("{name}:1:15"));
    // Another process patches; the rest of what it publishes is what this file says.
    let (other, _) = Store::open(options()).unwrap();
    other.patch(&[change("a", "5")], None, &By::default()).unwrap();
    second.follow();
    super::publishing::wait_until("the patch", || second.current().number() == 2);
    assert_eq!((place(&second, "b"), place(&second, "a")), (format!("{name}:1:15"), "patch".to_owned()));
    // It goes back to the first version; that one is known here.
    other.rollback(1, &By::default()).unwrap();
    super::publishing::wait_until("the rollback", || second.current().number() == 3);
    assert_eq!(place(&second, "a"), format!("{name}:1:7"));
}

#[test]
fn a_follower_without_sources_knows_where_values_stood() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    fs::write(&file, "{\"a\": 1,\n \"b\": {\"c\": 2}, \"password\": \"hunter2\"}").unwrap();
    let variable = crate::environment("APP__", "__", [("APP__D".to_owned(), "3".to_owned())]).unwrap();
    let mut options = Options { numbering: numbered(&at), ..over(&file) };
    options.providers.push(Arc::new(Fixed(vec![Arc::new(variable)])));
    let (writer, _) = Store::open(options).unwrap();
    writer.patch(&[change("b.e", "4")], None, &By::default()).unwrap();
    let (tool, _) = Store::open(follower(&at)).unwrap();
    let name = file.display();
    let places = |store: &Store| ["a", "b.c", "password", "d", "b.e"].map(|path| place(store, path));
    let expected = [format!("{name}:1:7"), format!("{name}:2:13"), format!("{name}:2:29"), "APP__D (environment)".into(), "patch".into()];
    assert_eq!(places(&tool), expected);
    assert_eq!(tool.explain(&path("b.e")).len(), 1, "a patch overrides no patch");
    // What it publishes itself says so as well, and what it refuses.
    tool.patch(&[change("a", "5")], None, &By::default()).unwrap();
    let (other, _) = Store::open(follower(&at)).unwrap();
    assert_eq!(places(&other)[1..], expected[1..]);
    assert_eq!(place(&other, "a"), "patch");
    let fields = r#""b": {"type": "integer"}, "a": {"type": "any"}, "d": {"type": "any"}, "password": {"type": "any", "default": ""}"#;
    let strict = Options { schema: schema(fields), ..follower(&at) };
    let report = Store::open(strict).err().unwrap();
    assert!(report.to_string().contains(&format!("{name}:2:7: b: expected integer")), "{report}");
}

#[test]
fn a_publisher_that_follows_itself_keeps_the_places() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    fs::write(&file, r#"{"a": 0}"#).unwrap();
    let (store, _) = Store::open(Options { numbering: numbered(&at), ..over(&file) }).unwrap();
    store.follow();
    for number in 1..60 {
        fs::write(&file, format!(r#"{{"a": {number}}}"#)).unwrap();
        assert!(store.reload(&By::default()).published);
        assert_eq!(place(&store, "a"), format!("{}:1:7", file.display()), "version {number}");
    }
    assert_eq!(store.metrics().followed, 0);
}

#[test]
fn tools_without_sources_see_references_and_keep_them() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    fs::write(&file, r#"{"db": {"password": "hunter2"}, "k": 1}"#).unwrap();
    let (writer, _) = Store::open(Options { numbering: numbered(&at), ..over(&file) }).unwrap();
    let needs = schema(r#""db": {"type": "table", "fields": {"password": {"type": "string"}}}, "k": {"type": "integer"}"#);
    assert_eq!(codes(&Store::open(Options { schema: needs, ..follower(&at) }).err().unwrap().problems), ["secret"]);
    let tool = Store::open(follower(&at)).unwrap().0;
    let reference = format!(r#"{{"db":{{"password":{{"!secret":"{}:1:21"}}}},"k":1}}"#, file.display());
    assert_eq!(json(&tool), reference);
    tool.patch(&[change("k", "2")], None, &By::default()).unwrap();
    writer.0.catch_up().unwrap();
    assert_eq!(json(&writer), r#"{"db":{"password":"hunter2"},"k":2}"#);
    assert_eq!(json(&Store::open(follower(&at)).unwrap().0), reference.replace(r#""k":1"#, r#""k":2"#));
}

#[test]
fn a_stored_patch_that_a_new_release_does_not_know_is_named_and_can_be_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let (file, at) = (folder.path().join("app.json"), folder.path().join("versions"));
    fs::write(&file, r#"{"a": 1}"#).unwrap();
    let integer = r#""a": {"type": "integer"}"#;
    let old = schema(&format!(r#"{integer}, "old": {{"type": "integer", "default": 2}}"#));
    let options = |schema: &Schema| Options { schema: schema.clone(), numbering: numbered(&at), ..over(&file) };
    let store = Store::open(options(&old)).unwrap().0;
    store.patch(&[change("old", "9")], None, &By::default()).unwrap();
    store.patch(&[change("a", "5")], None, &By::default()).unwrap();
    drop(store);
    let new = schema(integer);
    let refused = Store::open(options(&new)).err().unwrap();
    let way = format!("`findspot config unpatch {} old` withdraws it", at.display());
    assert!(refused.problems.len() == 1 && refused.problems[0].hint.as_ref().unwrap().contains(&way), "{refused}");
    // That command is a store without sources.
    Store::open(follower(&at)).unwrap().0.unpatch(&[path("old")], None, &By::actor("ops")).unwrap();
    let (store, report) = Store::open(options(&new)).unwrap();
    assert_eq!((report.accepted, json(&store).as_str()), (true, r#"{"a":5}"#), "the other patch stands");
}
