//! Several processes on one numbering: this test binary starts itself again as other processes.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::numbering::Folder;

const ROLE: &str = "FINDSPOT_CHILD_ROLE";
const PLACE: &str = "FINDSPOT_CHILD_FOLDER";

fn options(folder: &FilePath) -> Options {
    Options {
        providers: vec![Arc::new(Files::new(vec![folder.join("app.json").display().to_string()], None, false))],
        numbering: Arc::new(Folder::open(&folder.join("versions")).unwrap()),
        units: Arc::new(Folder::open(&folder.join("versions/units")).unwrap()),
        keep: 1000,
        audit: Some(folder.join("audit.jsonl")),
        last_good: Some(folder.join("good")),
        ..Options::default()
    }
}

fn child(role: &str, folder: &FilePath, kill_at: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::processes::plays_its_role", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(PLACE, folder)
        .env("FINDSPOT_KILL_AT", kill_at)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn value(store: &Store, name: &str) -> i64 {
    store.current().document().get(&path(name)).and_then(|node| node.as_integer()).unwrap()
}

fn microseconds() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros()
}

/// What a child does. In the parent's own run there is no role, and nothing to do: the tests below look at what the children did.
#[test]
fn plays_its_role() {
    let (Ok(role), Some(folder)) = (std::env::var(ROLE), std::env::var_os(PLACE)) else { return };
    if role == "reopen" {
        return reopen(FilePath::new(&folder));
    }
    let store = Store::open(options(FilePath::new(&folder))).unwrap().0;
    match role.as_str() {
        "patch" => {
            crate::failpoint::arm();
            store.patch(&[change("a", "2")], None, &By::actor("child")).unwrap();
        }
        "count" => {
            let mut left = 15;
            while left > 0 {
                let version = store.pin();
                let next = version.document().get(&path("a")).and_then(|node| node.as_integer()).unwrap() + 1;
                match store.patch(&[change("a", &next.to_string())], Some(version.number()), &By::default()) {
                    Ok(_) => left -= 1,
                    Err(Refusal::Conflict { .. }) => {}
                    Err(other) => unreachable!("{other}"),
                }
            }
        }
        "own" => {
            for number in 0..15 {
                store.patch(&[change(&format!("p{}.k{number}", std::process::id()), "1")], None, &By::default()).unwrap();
            }
        }
        "watch" => {
            store.follow();
            store.watch();
            let mut line = String::new();
            println!("ready");
            std::io::stdin().lock().read_line(&mut line).unwrap();
        }
        "follow" => {
            store.follow();
            let (mut seen, mut units) = (0, 0);
            println!("ready");
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_secs(30) {
                let version = store.pin();
                if (version.number(), version.units().revision) != (seen, units) {
                    (seen, units) = (version.number(), version.units().revision);
                    println!("sees {seen} {units} {}", microseconds());
                    std::io::stdout().flush().unwrap();
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        other => unreachable!("{other}"),
    }
}

/// A process without sources that opens, reloads and follows again and again, with a shape that every third version does not fit.
fn reopen(folder: &FilePath) {
    let schema = r#"{"type": "table", "fields": {"a": {"type": "integer", "default": -1, "lt": 1000}}}"#;
    let schema = crate::schema::Schema::from_json(schema).unwrap();
    println!("ready");
    let begin = Instant::now();
    let mut seen = 0;
    while seen < 40 && begin.elapsed() < Duration::from_secs(20) {
        let without = Options { providers: Vec::new(), audit: None, schema: schema.clone(), ..options(folder) };
        if let Ok((store, _)) = Store::open(without) {
            store.follow();
            let number = store.current().number();
            let report = store.reload(&By::default());
            assert!(!report.published && report.version >= number);
            seen = report.version;
        }
    }
}

#[test]
fn processes_without_sources_publish_nothing_while_others_do() {
    let folder = tempfile::tempdir().unwrap();
    let followers: Vec<Child> = (0..3).map(|_| child("reopen", folder.path(), "")).collect();
    std::thread::sleep(Duration::from_millis(100));
    fs::write(folder.path().join("app.json"), r#"{"a": 1}"#).unwrap();
    let store = Store::open(options(folder.path())).unwrap().0;
    store.follow();
    for number in 2..=40 {
        let value = if number % 3 == 0 { number + 1000 } else { number };
        fs::write(folder.path().join("app.json"), format!(r#"{{"a": {value}}}"#)).unwrap();
        let report = store.reload(&By::actor("publisher"));
        assert_eq!((report.published, report.version), (true, number));
        std::thread::sleep(Duration::from_millis(5));
    }
    for follower in followers {
        assert!(follower.wait_with_output().unwrap().status.success());
    }
    assert_eq!(store.numbering_newest(), 40);
    assert!(store.history().iter().skip(1).all(|record| record.head.actor == "publisher"));
    assert_eq!(store.metrics().followed, 0);
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.json"), r#"{"a": 1}"#).unwrap();
    folder
}

#[test]
fn a_publisher_that_is_killed_at_any_step_leaves_the_old_version_or_the_new_one() {
    let steps = [
        ("publish: derived", false),
        ("publish: guarded", false),
        ("numbering: attempt opened", false),
        ("numbering: attempt written", false),
        ("numbering: attempt synced", false),
        ("numbering: linked", true),
        ("numbering: synced", true),
        ("publish: numbered", true),
        ("publish: stored", true),
        ("publish: committed", true),
        ("last good: attempt written", true),
    ];
    for (step, published) in steps {
        let folder = folder();
        let store = Store::open(options(folder.path())).unwrap().0;
        let status = child("patch", folder.path(), step).wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{step}: it was not killed");
        assert!(store.reload(&By::default()).accepted, "{step}");
        assert_eq!((value(&store, "a"), store.current().number()), if published { (2, 2) } else { (1, 1) }, "{step}");
        let fresh = Store::open(options(folder.path())).unwrap().0;
        assert_eq!(value(&fresh, "a"), value(&store, "a"), "{step}");
        let report = fresh.patch(&[change("a", "3")], None, &By::default()).unwrap();
        assert_eq!(report.version, if published { 3 } else { 2 }, "{step}");
        assert_eq!(fresh.history().len() as u64, report.version, "{step}: no hole and nothing torn");
        for line in fs::read_to_string(folder.path().join("audit.jsonl")).unwrap().lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}

#[test]
fn pushes_at_once_lose_nothing() {
    for role in ["count", "own"] {
        let folder = folder();
        let store = Store::open(options(folder.path())).unwrap().0;
        let children: Vec<_> = (0..3).map(|_| child(role, folder.path(), "")).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert!(store.reload(&By::default()).accepted);
        assert_eq!(store.current().number(), 46);
        if role == "count" {
            assert_eq!(value(&store, "a"), 46);
        } else {
            assert_eq!(store.current().document().leaves(), 46);
        }
        let froms: Vec<_> = store.history().iter().map(|record| (record.head.from, record.head.number)).collect();
        assert_eq!(froms, (1..=46).map(|number| (number - 1, number)).collect::<Vec<_>>(), "each was made from the one before");
    }
}

/// Lines of a child, read as they come.
fn wait_for_line(reader: &mut impl BufRead, wanted: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the child ended before it said {wanted}");
        // The test harness writes without ends of lines.
        if let Some(at) = line.find(wanted) {
            return line[at..].trim().to_owned();
        }
    }
}

#[test]
fn others_follow_soon_and_drift_shows_them() {
    let folder = folder();
    let store = Store::open(options(folder.path())).unwrap().0;
    store.follow();
    let mut other = child("follow", folder.path(), "");
    let mut lines = BufReader::new(other.stdout.take().unwrap());
    wait_for_line(&mut lines, "ready");
    let mut delays = Vec::new();
    for number in 2..22 {
        std::thread::sleep(Duration::from_millis(30));
        let published = if number % 5 == 0 {
            store.set_units(&[("user-7".into(), Some(vec![change("a", &number.to_string())]))]).unwrap();
            let at = microseconds();
            wait_for_line(&mut lines, &format!("sees {} {} ", store.current().number(), store.current().units().revision))
                .replace("sees ", &format!("{at} "))
        } else {
            store.patch(&[change("a", &number.to_string())], None, &By::default()).unwrap();
            let at = microseconds();
            wait_for_line(&mut lines, &format!("sees {} ", store.current().number())).replace("sees ", &format!("{at} "))
        };
        let words: Vec<u128> = published.split(' ').map(|word| word.parse().unwrap()).collect();
        delays.push(words[3].saturating_sub(words[0]) / 1000);
    }
    delays.sort_unstable();
    assert!(delays[delays.len() / 2] <= 200, "delays in ms: {delays:?}");
    let patience = Instant::now() + Duration::from_secs(5);
    loop {
        let drift = store.drift();
        if drift.processes.len() == 2 && drift.behind == 0 {
            assert_eq!((drift.newest, drift.differing), (store.current().number(), 0));
            break;
        }
        assert!(Instant::now() < patience, "{drift:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(store.drift().processes.len(), 1, "the dead are taken off");
}

#[test]
fn one_saved_file_seen_by_several_watchers_is_one_version() {
    let folder = folder();
    let store = Store::open(options(folder.path())).unwrap().0;
    store.watch();
    store.follow();
    let mut others: Vec<Child> = (0..2).map(|_| child("watch", folder.path(), "")).collect();
    for other in &mut others {
        wait_for_line(&mut BufReader::new(other.stdout.as_mut().unwrap()), "ready");
    }
    for number in 2..8 {
        fs::write(folder.path().join("next"), format!(r#"{{"a": {number}}}"#)).unwrap();
        fs::rename(folder.path().join("next"), folder.path().join("app.json")).unwrap();
        let patience = Instant::now() + Duration::from_secs(10);
        while value(&store, "a") != number {
            assert!(Instant::now() < patience);
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(store.current().number(), number as u64, "one version for each save");
    }
    for mut other in others {
        other.stdin.take().unwrap().write_all(b"end\n").unwrap();
        assert!(other.wait().unwrap().success());
    }
}

#[test]
fn a_forged_or_truncated_version_is_refused_once_and_overtaken() {
    let folder = folder();
    let store = Store::open(options(folder.path())).unwrap().0;
    store.follow();
    let versions = folder.path().join("versions");
    let good = fs::read(versions.join("1")).unwrap();
    let renumbered = {
        let (head, document) = (crate::object::decode_head(&good).unwrap(), store.pin());
        crate::object::encode(&crate::object::Head { number: 9, ..head }, document.document())
    };
    let forged: [(&str, Vec<u8>); 4] = [
        ("cut", good[..good.len() - 3].to_vec()),
        ("empty", Vec::new()),
        ("text", b"version = 2".to_vec()),
        ("another number", renumbered),
    ];
    for (at, (what, bytes)) in forged.iter().enumerate() {
        let number = store.numbering_newest() + 1;
        fs::write(versions.join(number.to_string()), bytes).unwrap();
        let refusals = |store: &Store| store.reports().iter().filter(|report| codes(&report.problems) == ["damaged_version"]).count();
        let patience = Instant::now() + Duration::from_secs(5);
        while refusals(&store) <= at {
            assert!(Instant::now() < patience, "{what}");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(refusals(&store), at + 1, "{what}: once");
        assert_eq!(value(&store, "a"), at as i64 + 1, "{what}: the version before stays");
        let report = store.patch(&[change("a", &(at + 2).to_string())], None, &By::default()).unwrap();
        assert_eq!(report.version, number + 1, "{what}");
    }
    let fresh = Store::open(options(folder.path())).unwrap().0;
    assert_eq!(value(&fresh, "a"), 5);
}
