//! What a store costs beside reading and checking: `cargo run --release -p findspot-config --example life`.
//!
//! **In**: nothing; a file of 100,000 keys is made in a temporary folder. **Out**: a table of medians. **Law**: each figure is the median of
//! many, the slowest is shown beside it; numbering in memory and in a folder (with its syncs) are told apart.
#![allow(clippy::unwrap_used, reason = "a measurement")]

use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use findspot_config::numbering::{Folder, Memory, Numbering};
use findspot_config::store::{By, Files, Options, Store};
use findspot_config::{Change, LayerKind, value};

const SECTIONS: usize = 200;
const KEYS: usize = 500;

fn text(value: usize) -> String {
    let section = |number: usize| {
        let keys: Vec<String> = (0..KEYS).map(|key| format!(r#""key_{key}": {}"#, value + key)).collect();
        format!(r#""section_{number}": {{{}}}"#, keys.join(", "))
    };
    format!("{{{}}}", (0..SECTIONS).map(section).collect::<Vec<_>>().join(",\n"))
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let microseconds = |time: &Duration| time.as_secs_f64() * 1e6;
    println!("{what:<46} {:>10.1} µs   slowest {:>10.1} µs", microseconds(&times[times.len() / 2]), microseconds(times.last().unwrap()));
}

fn change(path: &str, json: &str) -> Change {
    (path.parse().unwrap(), Some(value("measured", LayerKind::Mapping, json).unwrap()))
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.json");
    let numberings: [(&str, Arc<dyn Numbering>); 2] =
        [("memory", Arc::new(Memory::default())), ("folder", Arc::new(Folder::open(&folder.path().join("versions")).unwrap()))];
    for (name, numbering) in numberings {
        fs::write(&file, text(0)).unwrap();
        let providers = vec![Arc::new(Files::new(vec![file.display().to_string()], None, false)) as Arc<_>];
        let store = Store::open(Options { providers, numbering, ..Options::default() }).unwrap().0;
        let (mut whole, mut beyond) = (Vec::new(), Vec::new());
        for round in 1..20 {
            fs::write(&file, text(round)).unwrap();
            let report = store.reload(&By::default());
            assert!(report.published);
            whole.push(report.timings.total);
            if std::env::var_os("PARTS").is_some() {
                println!("{:?}", report.timings);
            }
            beyond.push(report.timings.total - report.timings.read - report.timings.check);
        }
        show(&format!("{name}: reload of 100,000 keys"), whole);
        show(&format!("{name}: of that beyond reading and checking"), beyond);
        let unchanged = |_| {
            let begin = Instant::now();
            assert!(!store.reload(&By::default()).published);
            begin.elapsed()
        };
        show(&format!("{name}: reload of unchanged bytes"), (0..50).map(unchanged).collect());
        let patch = |round: usize| {
            let changes = [change(&format!("section_{}.key_7", round % SECTIONS), &round.to_string())];
            let begin = Instant::now();
            assert!(store.patch(&changes, None, &By::default()).unwrap().published);
            begin.elapsed()
        };
        show(&format!("{name}: one-key patch, another key each time"), (100_000..100_100).map(patch).collect());
        let again = |round: usize| {
            let changes = [change("section_7.key_7", &round.to_string())];
            let begin = Instant::now();
            assert!(store.patch(&changes, None, &By::default()).unwrap().published);
            begin.elapsed()
        };
        show(&format!("{name}: one-key patch, the same key"), (200_000..200_100).map(again).collect());
        let units = |round: usize| {
            let changes = [(format!("user-{round}"), Some(vec![change("section_7.key_7", "3")]))];
            let begin = Instant::now();
            store.set_units(&changes).unwrap();
            begin.elapsed()
        };
        show(&format!("{name}: overrides of one unit"), (0..200).map(units).collect());
        let seen = |round: usize| {
            let begin = Instant::now();
            black_box(store.for_unit(&format!("user-{round}")).unwrap());
            begin.elapsed()
        };
        show(&format!("{name}: the document of one unit"), (0..200).map(seen).collect());
        let pins = |_| {
            let begin = Instant::now();
            for _ in 0..1000 {
                black_box(store.pin());
            }
            begin.elapsed() / 1000
        };
        let mut pins: Vec<Duration> = (0..200).map(pins).collect();
        pins.sort_unstable();
        println!("{name}: pin {:>35} ns", pins[pins.len() / 2].as_nanos());
    }
    following(&folder.path().join("shared"));
}

/// How long a version of one store takes to be current in another, through the folder as between processes.
fn following(folder: &std::path::Path) {
    let open = || Store::open(Options { numbering: Arc::new(Folder::open(folder).unwrap()), ..Options::default() }).unwrap().0;
    let (publisher, follower) = (open(), open());
    publisher.patch(&[change("big", &text(0))], None, &By::default()).unwrap();
    follower.follow();
    let delay = |round: usize| {
        std::thread::sleep(Duration::from_millis(20));
        let report = publisher.patch(&[change("a", &round.to_string())], None, &By::default()).unwrap();
        let begin = Instant::now();
        while follower.current().number() < report.version {
            std::thread::sleep(Duration::from_micros(200));
        }
        begin.elapsed()
    };
    show("a version of 100,000 keys is current elsewhere", (0..40).map(delay).collect());
}
