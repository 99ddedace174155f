//! The store under load: readers beside publishers, ten thousand versions, what versions must not hold.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::numbering::Folder;

/// A file in which every leaf of version `n` carries `n`.
fn numbered(number: u64) -> String {
    let sections: Vec<String> = (0..20)
        .map(|section| {
            let leaves: Vec<String> = (0..10).map(|leaf| format!(r#""k{leaf}": {number}"#)).collect();
            format!(r#""s{section}": {{{}}}"#, leaves.join(","))
        })
        .collect();
    format!("{{{}}}", sections.join(","))
}

fn soak() -> u64 {
    if std::env::var_os("FINDSPOT_SOAK").is_some() { 50 } else { 1 }
}

#[test]
fn readers_see_whole_versions_that_were_current_and_never_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, numbered(1)).unwrap();
    let store = Store::open(over(&file)).unwrap().0;
    let (done, finished, reads) = (AtomicBool::new(false), AtomicU64::new(1), AtomicU64::new(0));
    let started = AtomicU64::new(1);
    let paths: Vec<Path> = (0..20).map(|section| path(&format!("s{section}.k{}", section % 10))).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let earliest = finished.load(Ordering::SeqCst);
                    let version = store.pin();
                    let latest = started.load(Ordering::SeqCst);
                    let number = version.number();
                    assert!(earliest <= number && number <= latest, "{earliest} <= {number} <= {latest}");
                    assert!(number >= last, "went back");
                    last = number;
                    for path in &paths {
                        let value = version.document().get(path).and_then(|node| node.as_integer()).unwrap();
                        assert_eq!(value as u64, number, "torn");
                    }
                    reads.fetch_add(paths.len() as u64, Ordering::Relaxed);
                }
            });
        }
        let mut number = 1;
        let begin = Instant::now();
        while number < 300 * soak() || reads.load(Ordering::Relaxed) < 1_000_000 * soak() {
            number += 1;
            fs::write(&file, numbered(number)).unwrap();
            started.store(number, Ordering::SeqCst);
            let report = store.reload(&By::default());
            assert_eq!((report.published, report.version), (true, number));
            finished.store(number, Ordering::SeqCst);
            assert!(begin.elapsed() < Duration::from_secs(30 * soak()), "{number} versions, {} reads", reads.load(Ordering::Relaxed));
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Pages of memory in use.
fn resident() -> u64 {
    fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn ten_thousand_reloads_free_what_they_replace() {
    let texts: [String; 2] = [numbered(1), numbered(2)];
    let (store, flips) = (Arc::new(Mutex::new(0usize)), texts);
    struct Flipping(Arc<Mutex<usize>>, [Arc<crate::layers::Layer>; 2]);
    impl Provider for Flipping {
        fn read(&self) -> Result<Vec<Arc<crate::layers::Layer>>, crate::problem::Problems> {
            let mut at = self.0.lock().unwrap();
            *at += 1;
            Ok(vec![Arc::clone(&self.1[*at % 2])])
        }
    }
    let layers = flips.map(|text| {
        Arc::new(crate::parse::parse(crate::parse::Format::Json, "t", text.into_bytes(), &crate::parse::Limits::default()).unwrap())
    });
    let options = Options { providers: vec![Arc::new(Flipping(store, layers))], keep: 4, ..Options::default() };
    let store = Store::open(options).unwrap().0;
    let mut early = 0;
    for reload in 0..10_000 {
        assert!(store.reload(&By::default()).published);
        store.patch(&[change("p.x", &reload.to_string())], None, &By::default()).unwrap();
        if reload == 2_000 {
            early = resident();
        }
    }
    let patience = Instant::now() + Duration::from_secs(10);
    while store.retained().pinned > 0 {
        assert!(Instant::now() < patience, "{:?}", store.retained());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(store.retained().kept, 4);
    // Other tests run beside this one, so the bound is wide; a leak of one version each would be 200 MB.
    let grown = resident().saturating_sub(early);
    assert!(grown < 64 << 20, "{grown} bytes more");
}

#[test]
fn secrets_stand_in_no_file_and_in_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    fs::write(&file, r#"{"db": {"password": "hunter2hunter2", "host": "a"}, "port": "x"}"#).unwrap();
    let schema = crate::schema::Schema::any();
    let variables: BTreeMap<String, String> = [("APP__API_TOKEN".to_owned(), "t0ps3cret-t0ken".to_owned())].into();
    let at = folder.path().join("versions");
    let options = |variables: BTreeMap<String, String>| Options {
        providers: vec![
            Arc::new(Files::new(vec![file.display().to_string()], None, false)),
            Arc::new(Variables::new("APP__", "__", move || variables.clone().into_iter().collect())),
        ],
        schema: schema.clone(),
        numbering: Arc::new(Folder::open(&at).unwrap()),
        units: Arc::new(Folder::open(&at.join("units")).unwrap()),
        audit: Some(folder.path().join("audit.jsonl")),
        last_good: Some(folder.path().join("last-good")),
        ..Options::default()
    };
    let store = Store::open(options(variables.clone())).unwrap().0;
    store.patch(&[change("db.host", "\"b\"")], None, &By::default()).unwrap();
    for (at, value) in [("db.password", "\"another-s3cret\""), ("db", r#"{"password": "another-s3cret"}"#)] {
        let refused = store.patch(&[change(at, value)], None, &By::default());
        assert!(matches!(&refused, Err(Refusal::Refused(report)) if codes(&report.problems) == ["secret_patch"]), "{refused:?}");
    }
    let refused = store.set_units(&[("user-7".into(), Some(vec![change("db.password", "\"another-s3cret\"")]))]).unwrap_err();
    assert_eq!(codes(&refused.0), ["secret_patch"]);
    // Another process with the same sources has the secrets; one without them keeps what it had.
    let other = Store::open(options(variables)).unwrap().0;
    assert!(other.current().document() == store.current().document());
    assert_eq!(other.current().number(), 2);
    let mut shown = format!("{:?} {:?} {refused:?} {}", store.pin(), store.reports(), serde_json::to_string(&store.metrics()).unwrap());
    shown += &serde_json::to_string(&store.reports().iter().map(|report| (**report).clone()).collect::<Vec<_>>()).unwrap();
    let mut left = vec![folder.path().to_owned()];
    while let Some(place) = left.pop() {
        for entry in fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                left.push(entry);
            } else if entry != file {
                shown += &String::from_utf8_lossy(&fs::read(&entry).unwrap());
            }
        }
    }
    assert!(shown.len() > 1000);
    for secret in ["hunter2", "t0ps3cret", "another-s3cret"] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    store.patch(&[change("db.host", "\"c\"")], None, &By::default()).unwrap();
    let without = Options { numbering: Arc::new(Folder::open(&at).unwrap()), ..Options::default() };
    assert!(Store::open(without).is_err() || !json(&store).is_empty());
}
