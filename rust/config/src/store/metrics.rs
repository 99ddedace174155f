//! What can be seen from outside: who is on which version, and counts.
//!
//! **In**: the board, counters. **Out**: data; a binding makes text of it. **Law**: looking changes nothing but the board's dead entries.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::{Inner, Store};
use crate::process::{self, Entry};

/// Who is where.
#[derive(Clone, Debug, Serialize)]
pub struct Drift {
    /// The newest version that exists.
    pub newest: u64,
    /// Every process that follows, this one too.
    pub processes: Vec<Entry>,
    /// Those on another version than the newest.
    pub behind: usize,
    /// Those whose own sources say something else than their version.
    pub differing: usize,
}

/// Counts and states at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Metrics {
    /// The current version.
    pub version: u64,
    /// The revision of the overlays.
    pub units_revision: u64,
    /// Units with overrides.
    pub units: usize,
    /// Values of the current version.
    pub leaves: usize,
    /// Bytes that its document holds.
    pub document_bytes: usize,
    /// Times that sources were read.
    pub reloads: u64,
    /// Attempts and versions of others that were refused.
    pub rejects: u64,
    /// Versions that this process published.
    pub published: u64,
    /// Versions that it took over.
    pub followed: u64,
    /// Derived values that were made.
    pub derived_built: u64,
    /// Derived values that were taken from the version before.
    pub derived_reused: u64,
    /// What subscribers raised.
    pub subscriber_failures: u64,
    /// When the current version became current, in microseconds since 1970.
    pub applied_at: i64,
    /// When the sources were last looked at by the watch; 0 = never.
    pub last_checked_at: i64,
    /// Watched files that are mounted by themselves, whose changes may never be seen.
    pub mounted_files: u64,
    /// Rounds of threads that ended by a panic.
    pub restarts: u64,
    /// Lines that the audit lacks.
    pub audit_failures: u64,
    /// Times that the file of the last good version could not be written.
    pub last_good_failures: u64,
    /// Versions in memory.
    pub retained_versions: usize,
    /// Versions that were replaced and are still read.
    pub pinned_versions: usize,
    /// How long ago the oldest of them was replaced.
    pub oldest_pin_age: Option<Duration>,
    /// Whether a rollback holds the watch.
    pub held: bool,
}

impl Store {
    /// Counts and states.
    pub fn metrics(&self) -> Metrics {
        self.0.notice_fork();
        let (inner, version) = (&self.0, self.pin());
        let counts = &inner.counts;
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let retained = self.retained();
        Metrics {
            version: version.number(),
            units_revision: version.units().revision,
            units: version.units().len(),
            leaves: version.document().leaves(),
            document_bytes: version.document().bytes(),
            reloads: count(&counts.reloads),
            rejects: count(&counts.rejects),
            published: count(&counts.published),
            followed: count(&counts.followed),
            derived_built: count(&counts.built),
            derived_reused: count(&counts.reused),
            subscriber_failures: self.failures().0,
            applied_at: count(&counts.applied_at) as i64,
            last_checked_at: count(&counts.last_checked_at) as i64,
            mounted_files: count(&counts.mounted_files),
            restarts: count(&counts.restarts),
            audit_failures: inner.audit.failures(),
            last_good_failures: count(&counts.last_good_failures),
            retained_versions: retained.kept + retained.pinned,
            pinned_versions: retained.pinned,
            oldest_pin_age: retained.oldest_pin_age,
            held: version.head().held,
        }
    }

    /// Which process is on which version. Without a folder there is only this one.
    pub fn drift(&self) -> Drift {
        self.0.notice_fork();
        let mine = self.0.entry();
        let mut processes = self.0.board().map_or_else(Vec::new, |board| process::read(&board));
        processes.retain(|entry| (entry.pid, entry.start, &entry.system) != (mine.pid, mine.start, &mine.system));
        processes.push(mine);
        processes.sort_by_key(|entry| (entry.pid, entry.start));
        let newest = self.0.numbering.newest().unwrap_or(0).max(self.current().number());
        let behind = processes.iter().filter(|entry| entry.version != newest).count();
        let differing = processes.iter().filter(|entry| entry.differs).count();
        Drift { newest, processes, behind, differing }
    }
}

impl Inner {
    fn board(&self) -> Option<PathBuf> {
        self.numbering.folder().map(std::path::Path::to_owned)
    }

    fn entry(&self) -> Entry {
        let version = self.cell.load_full();
        let local = self.local.load();
        let differs = !local.is_empty() && !version.head.held && **local != version.head.merged;
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Entry::of_this_process(version.number(), count(&self.counts.applied_at) as i64, count(&self.counts.rejects), differs)
    }

    /// What this process says of itself, if there is a board.
    pub(super) fn board_entry(&self) -> Option<Entry> {
        self.board().map(|_| self.entry())
    }

    pub(super) fn show_on_board(&self, entry: &Entry) {
        if let Some(board) = self.board() {
            process::show(&board, entry);
        }
    }

    pub(super) fn leave_board(&self) {
        if let Some(board) = self.board() {
            process::leave(&board, &self.entry());
        }
    }
}
