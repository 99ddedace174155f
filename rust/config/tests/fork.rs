//! Forks: a child keeps what it pinned, follows by itself, and is never caught by a lock that nobody holds any more.
//!
//! `fork` without `exec` is what prefork servers do, from whatever thread and at whatever moment. This is a test of its own process, and its
//! parts run one after the other, so that the harness's threads are quiet when it forks.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use findspot_config::numbering::Folder;
use findspot_config::store::{By, Options, Pattern, Store, Subscriber, Version};
use findspot_config::{Change, Diff, LayerKind, value};

fn change(path: &str, json: &str) -> Change {
    (path.parse().unwrap(), Some(value("test", LayerKind::Mapping, json).unwrap()))
}

fn number_of(version: &Version) -> i64 {
    version.document().get(&"a".parse().unwrap()).and_then(|node| node.as_integer()).unwrap()
}

/// Runs `work` in a child; whether it returned `true` within the time.
fn in_child(work: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs `work` and leaves by `_exit`, so no destructor and no handler of the parent runs twice; what `work` uses of the
    // parent's memory is what this test is about.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(if outcome { 0 } else { 1 }) };
    }
    assert!(pid > 0, "no child");
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let mut status = 0;
        // SAFETY: waits for the child that was made above, into a number of this frame.
        match unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) } {
            0 if Instant::now() < patience => std::thread::sleep(Duration::from_millis(2)),
            0 => {
                // SAFETY: a child of this process that has not been waited for.
                unsafe { libc::kill(pid, libc::SIGKILL) };
                // SAFETY: as above.
                unsafe { libc::waitpid(pid, &raw mut status, 0) };
                return false;
            }
            _ => return libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
        }
    }
}

fn waits_for(done: impl Fn() -> bool) -> bool {
    let patience = Instant::now() + Duration::from_secs(5);
    while !done() {
        if Instant::now() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

struct Counting(AtomicU64);

impl Subscriber for Counting {
    fn published(&self, _: &Arc<Version>, _: &Arc<Version>, _: &Diff) -> Result<(), String> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn a_child_keeps_its_pin_and_follows_by_itself(store: &Store, told: &Counting) {
    let pinned = store.pin();
    let next = number_of(&pinned) + 1;
    let (ready, go) = (tempfile::NamedTempFile::new().unwrap(), store.clone());
    let path = ready.path().to_owned();
    std::fs::remove_file(&path).unwrap();
    let publisher = std::thread::spawn(move || {
        assert!(waits_for(|| path.exists()), "the child never said that it runs");
        go.patch(&[change("a", &next.to_string())], None, &By::default()).unwrap();
    });
    let followed = in_child(|| {
        let before = told.0.load(Ordering::Relaxed);
        // Reading is all that the child does: the threads that it needs must come by themselves.
        let same = number_of(&pinned) == next - 1 && store.current().number() == pinned.number();
        std::fs::write(ready.path(), "").unwrap();
        same && waits_for(|| number_of(&store.current()) == next)
            && number_of(&pinned) == next - 1
            && waits_for(|| told.0.load(Ordering::Relaxed) > before)
            && store.drift().processes.iter().any(|entry| entry.pid == std::process::id() && entry.version == store.current().number())
    });
    publisher.join().unwrap();
    assert!(followed, "the child did not follow");
    assert_eq!(number_of(&store.current()), next);
}

/// A thread that publishes without a pause until it is told that all is done.
fn publishing_until_done(store: &Store) -> (Arc<AtomicBool>, std::thread::JoinHandle<()>) {
    let done = Arc::new(AtomicBool::new(false));
    let (publishing, stop) = (store.clone(), Arc::clone(&done));
    let publisher = std::thread::spawn(move || {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            publishing.patch(&[change("noise", &number.to_string())], None, &By::default()).unwrap();
        }
    });
    (done, publisher)
}

fn a_fork_in_the_middle_of_a_publish_leaves_the_child_a_store_that_works(store: &Store) {
    let (done, publisher) = publishing_until_done(store);
    for round in 0..40 {
        std::thread::sleep(Duration::from_micros(round * 137 % 3000));
        let works = in_child(|| {
            let seen = store.current().number();
            let key = format!("child{round}");
            // What goes wrong is shown: the child has no other voice.
            let patched = store.patch(&[change(&key, "1")], None, &By::default()).map_err(|refusal| eprintln!("{round}: {refusal}"));
            patched.is_ok_and(|report| report.version > seen)
                && store.reload(&By::default()).accepted
                && store.set_units(&[(key, Some(vec![change("a", "5")]))]).is_ok()
                && store.current().document().get(&format!("child{round}").parse().unwrap()).is_some()
        });
        assert!(works, "round {round}");
    }
    done.store(true, Ordering::Relaxed);
    publisher.join().unwrap();
    store.reload(&By::default());
    let children = (0..40).filter(|round| store.current().document().get(&format!("child{round}").parse().unwrap()).is_some()).count();
    assert_eq!(children, 40, "a version of a child was lost");
}

fn a_fork_beside_a_subscriber_leaves_the_child_a_queue_of_its_own() {
    let (store, _) = Store::open(Options::default()).unwrap();
    let told = Arc::new(Counting(AtomicU64::new(0)));
    store.subscribe(vec!["*".parse::<Pattern>().unwrap()], told.clone());
    let (done, publisher) = publishing_until_done(&store);
    for round in 0..150 {
        std::thread::sleep(Duration::from_micros(round * 137 % 3000));
        let works = in_child(|| {
            let before = told.0.load(Ordering::Relaxed);
            store.patch(&[change("mine", "1")], None, &By::default()).is_ok() && waits_for(|| told.0.load(Ordering::Relaxed) > before)
        });
        assert!(works, "round {round}");
    }
    done.store(true, Ordering::Relaxed);
    publisher.join().unwrap();
}

#[test]
fn forks() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        numbering: Arc::new(Folder::open(folder.path()).unwrap()),
        units: Arc::new(Folder::open(&folder.path().join("units")).unwrap()),
        ..Options::default()
    };
    let store = Store::open(options).unwrap().0;
    store.patch(&[change("a", "1")], None, &By::default()).unwrap();
    store.follow();
    store.watch();
    let told = Arc::new(Counting(AtomicU64::new(0)));
    store.subscribe(vec!["a".parse::<Pattern>().unwrap()], told.clone());
    for _ in 0..3 {
        a_child_keeps_its_pin_and_follows_by_itself(&store, &told);
    }
    a_fork_in_the_middle_of_a_publish_leaves_the_child_a_store_that_works(&store);
    a_fork_beside_a_subscriber_leaves_the_child_a_queue_of_its_own();
}
