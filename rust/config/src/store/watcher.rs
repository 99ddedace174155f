//! The threads of a store: one that watches the sources, one that follows the numbering.
//!
//! **In**: a store. **Out**: reloads and adoptions. **Law**
//! 1. A thread holds the store only while it works, so a store that nobody uses any more ends, and its threads with it.
//! 2. Threads belong to a process: in a child of `fork` they start again, by [`after_fork`] or with the next use.
//! 3. A file that is empty, missing, half-written or refused within half a second of a change is not finished: it is read again when it
//!    changes, and only what it says at the end of that time is reported.
//! 4. Whatever notices changes may fail: every few ticks the content itself is compared. Each thread says when it last looked, and one that
//!    panicked goes on with its next round.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use findspot_publish::Latest;

use super::provider::watched;
use super::report::{By, Report};
use super::{Inner, Store};
use crate::object::Cause;
use crate::process;
use crate::watch::{Bell, Observation, PATIENCE, STILL, folders, mounted_files, settle};

/// The longest time between two looks.
const TICK: Duration = Duration::from_millis(50);
/// The folders to listen to are found again after this time.
const ARM: Duration = Duration::from_secs(1);
/// The content is compared after this time, or after so many times what that costs.
const CONTENT: (Duration, u32) = (Duration::from_secs(2), 200);

/// One thread, as others see it.
struct Running {
    pid: u32,
    stop: AtomicBool,
    ended: AtomicBool,
    checked: AtomicI64,
}

/// Which threads a store wants, and which run.
#[derive(Default)]
pub(super) struct Threads {
    watch: Thread,
    follow: Thread,
}

struct Thread {
    wanted: AtomicBool,
    running: Latest<Option<Arc<Running>>>,
}

impl Default for Thread {
    fn default() -> Self {
        Self { wanted: AtomicBool::new(false), running: Latest::new(None) }
    }
}

/// Marks the end of a thread, however it ends.
struct Ending(Arc<Running>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Release);
    }
}

impl Thread {
    /// Starts the thread unless it runs in this process already.
    fn start(&self, store: &Arc<Inner>, name: &'static std::ffi::CStr, work: fn(&Weak<Inner>, &Running)) {
        self.wanted.store(true, Ordering::Release);
        let pid = std::process::id();
        loop {
            let now = self.running.load();
            if let Some(running) = &**now
                && running.pid == pid
                && !running.ended.load(Ordering::Acquire)
                && !running.stop.load(Ordering::Acquire)
            {
                return;
            }
            let fresh = Arc::new(Running {
                pid,
                stop: AtomicBool::new(false),
                ended: AtomicBool::new(false),
                checked: AtomicI64::new(store.now()),
            });
            if !self.running.offer(&now, Some(Arc::clone(&fresh))) {
                continue;
            }
            let weak = Arc::downgrade(store);
            let ending = Ending(Arc::clone(&fresh));
            let started = findspot_publish::start_thread(name, move || {
                let ending = ending;
                // A panic (of a provider, say) ends one round; the next one begins with nothing that it knew.
                while catch_unwind(AssertUnwindSafe(|| work(&weak, &ending.0))).is_err() {
                    let Some(inner) = weak.upgrade() else { return };
                    Inner::count(&inner.counts.restarts);
                    drop(inner);
                    std::thread::sleep(TICK);
                }
            });
            if !started {
                fresh.ended.store(true, Ordering::Release);
            }
            return;
        }
    }

    fn stop(&self) {
        self.wanted.store(false, Ordering::Release);
        if let Some(running) = &**self.running.load() {
            running.stop.store(true, Ordering::Release);
        }
    }

    /// When it last looked, if it is wanted.
    fn last_checked(&self) -> Option<i64> {
        let running = self.running.load();
        running.as_ref().as_ref().filter(|_| self.wanted.load(Ordering::Acquire)).map(|running| running.checked.load(Ordering::Relaxed))
    }

    /// Whether it should run and does not: after a fork, after a panic.
    fn is_missing(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
            && match &**self.running.load() {
                None => true,
                Some(running) => running.pid != std::process::id() || running.ended.load(Ordering::Acquire),
            }
    }
}

/// All stores of this process, for the sake of forks.
fn stores() -> &'static Latest<Vec<Weak<Inner>>> {
    static STORES: OnceLock<Latest<Vec<Weak<Inner>>>> = OnceLock::new();
    STORES.get_or_init(|| Latest::new(Vec::new()))
}

pub(super) fn register(store: &Arc<Inner>) {
    loop {
        let now = stores().load();
        let next = now.iter().filter(|other| other.strong_count() > 0).cloned().chain([Arc::downgrade(store)]).collect();
        if stores().offer(&now, next) {
            return;
        }
    }
}

/// Starts the threads of all stores again, in a child of `fork`. Also happens by itself when a store is used; a binding calls it so that a
/// child that only reads plain values follows too.
pub fn after_fork() {
    for store in stores().load().iter().filter_map(Weak::upgrade) {
        store.revive();
    }
}

impl Store {
    /// Watches the sources from now on, and reloads when they change. Does nothing when it does already. What can never be seen to change is
    /// said in the log, and counted.
    pub fn watch(&self) {
        let mounted = mounted_files(&watched(&self.0.providers));
        for file in &mounted {
            log::warn!(
                target: "findspot::config",
                "{} is mounted by itself (as subPath does): what replaces it outside never arrives here; mount its folder instead",
                file.display()
            );
        }
        self.0.counts.mounted_files.store(mounted.len() as u64, Ordering::Relaxed);
        self.0.threads.watch.start(&self.0, c"findspot-watch", watch);
    }

    /// Ends the watch.
    pub fn unwatch(&self) {
        self.0.threads.watch.stop();
    }

    /// Follows the versions that other processes publish.
    pub fn follow(&self) {
        self.0.threads.follow.start(&self.0, c"findspot-follow", follow);
    }

    /// Ends following, and takes this process off the board.
    pub fn unfollow(&self) {
        self.0.threads.follow.stop();
        self.0.leave_board();
    }

    /// Ends all threads of this store; what is current stays readable.
    pub fn close(&self) {
        self.unwatch();
        self.unfollow();
    }

    /// Whether the sources are watched, and when they were last looked at (microseconds since 1970).
    pub fn watching(&self) -> Option<i64> {
        self.0.threads.watch.last_checked()
    }

    /// Whether the numbering is followed, and when it was last looked at.
    pub fn following(&self) -> Option<i64> {
        self.0.threads.follow.last_checked()
    }
}

impl Inner {
    /// Starts what a fork has left behind; two relaxed loads when there was none.
    #[inline]
    pub(super) fn notice_fork(self: &Arc<Self>) {
        if self.generation.load(Ordering::Relaxed) != process::generation() {
            self.revive();
        }
    }

    /// In a child: gives subscribers queues of their own, and starts the threads that are wanted.
    #[cold]
    fn revive(self: &Arc<Self>) {
        let generation = process::generation();
        if self.generation.swap(generation, Ordering::Relaxed) != generation {
            // The parent's publisher is not here: whatever it was creating is followed.
            self.creating.store(0, Ordering::Release);
            self.amend(|state| {
                let mut next = state.clone();
                next.subscriptions = state.subscriptions.iter().map(|subscription| Arc::new(subscription.for_child())).collect();
                next
            });
        }
        if self.threads.watch.is_missing() {
            self.threads.watch.start(self, c"findspot-watch", watch);
        }
        if self.threads.follow.is_missing() {
            self.threads.follow.start(self, c"findspot-follow", follow);
        }
    }
}

/// The folders to listen to, found again now and then.
struct Ear {
    bell: Bell,
    armed: Option<Instant>,
}

impl Ear {
    fn new() -> Self {
        Self { bell: Bell::new(), armed: None }
    }

    fn listen(&mut self, paths: &[PathBuf], changed: bool) {
        if changed || self.armed.is_none_or(|armed| armed.elapsed() > ARM) {
            self.bell.arm(&folders(paths));
            self.armed = Some(Instant::now());
        }
    }
}

/// What the watching thread does.
fn watch(store: &Weak<Inner>, running: &Running) {
    let mut ear = Ear::new();
    let mut known: Option<Observation> = None;
    let mut content = Instant::now();
    let mut cost = Duration::ZERO;
    let mut last_failure = String::new();
    loop {
        let Some(inner) = store.upgrade() else { return };
        if running.stop.load(Ordering::Acquire) {
            return;
        }
        running.checked.store(inner.now(), Ordering::Relaxed);
        inner.counts.last_checked_at.store(inner.now().max(0) as u64, Ordering::Relaxed);
        let paths = watched(&inner.providers);
        ear.listen(&paths, false);
        let seen = Observation::of(&paths);
        let due = content.elapsed() > CONTENT.0.max(cost * CONTENT.1);
        let changed = known.as_ref() != Some(&seen);
        if (changed || due) && !inner.cell.load().head.held {
            let begin = Instant::now();
            let (report, last) = if changed { read_settled(&inner, running) } else { (inner.try_reload(Cause::Watch, &by()), seen) };
            if running.stop.load(Ordering::Acquire) && !report.published {
                return;
            }
            (content, cost) = (Instant::now(), begin.elapsed().min(PATIENCE));
            report_changes(&inner, report, &mut last_failure);
            known = Some(last);
            ear.listen(&watched(&inner.providers), true);
        }
        drop(inner);
        ear.bell.wait(TICK);
    }
}

fn by() -> By {
    By { actor: "watch".to_owned(), ..By::default() }
}

/// Waits until the files stand still and reads them; begins again while they are not finished. Returns what counts, and what was seen before.
fn read_settled(inner: &Inner, running: &Running) -> (Report, Observation) {
    let begin = Instant::now();
    let mut until = begin + PATIENCE;
    let look = || Observation::of(&watched(&inner.providers));
    loop {
        let seen = settle(until, look, std::thread::sleep);
        let report = inner.try_reload(Cause::Watch, &by());
        if report.accepted {
            return (report, seen);
        }
        // Not finished, perhaps: the next change decides, or the end of the time.
        loop {
            let is_over = Instant::now() >= until;
            std::thread::sleep(STILL);
            if running.stop.load(Ordering::Acquire) || begin.elapsed() > PATIENCE * 6 {
                return (report, seen);
            }
            if look() != seen {
                // Somebody is still writing: what was read is not what they mean.
                until = until.max((Instant::now() + STILL * 4).min(begin + PATIENCE * 6));
                break;
            }
            if is_over {
                return (report, seen);
            }
        }
    }
}

/// Records what came of a look: versions, and each failure once.
fn report_changes(inner: &Inner, report: Report, last_failure: &mut String) {
    if report.accepted {
        last_failure.clear();
        if report.published {
            inner.record(report, &by());
        }
        return;
    }
    let failure: String = report.problems.iter().map(|problem| format!("{problem}\n")).collect();
    if *last_failure != failure {
        *last_failure = failure;
        inner.record(report, &by());
    }
}

/// What the following thread does.
fn follow(store: &Weak<Inner>, running: &Running) {
    let mut ear = Ear::new();
    let mut shown: Option<(process::Entry, Instant)> = None;
    loop {
        let Some(inner) = store.upgrade() else { return };
        if running.stop.load(Ordering::Acquire) {
            return;
        }
        running.checked.store(inner.now(), Ordering::Relaxed);
        let folders: Vec<PathBuf> =
            [&inner.numbering, &inner.units].iter().filter_map(|numbering| Some(numbering.folder()?.to_owned())).collect();
        ear.listen(&folders, false);
        inner.follow();
        inner.follow_units();
        if let Some(entry) = inner.board_entry() {
            let stale = shown.as_ref().is_none_or(|(last, at)| *last != entry || at.elapsed() > process::HEARTBEAT);
            if stale {
                inner.show_on_board(&entry);
                shown = Some((entry, Instant::now()));
            }
        }
        drop(inner);
        ear.bell.wait(TICK);
    }
}
