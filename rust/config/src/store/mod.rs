//! The store: versions of a configuration, checked before they are published, read without locks.
//!
//! **In**: providers, a shape, hooks, a numbering. **Out**: the current version, and reports. **Law**
//! 1. Readers load one pointer. What they get is whole, was accepted, and never changes.
//! 2. A version is: read → merge → patches → shape → checks → derive → prepare the attached → guards (the publisher's only) → create the
//!    numbered object → one pointer store → the attached adopt → subscribers. Whatever fails before the object exists changes nothing, and is
//!    recorded and reported in full.
//! 3. Publishers of one process wait for one another; of several processes, one creates each number, and the others begin again on what it
//!    made. Equal content is one version.
//! 4. All state is swapped as a whole and locks are keyed by the process, so a fork at any moment leaves the child a store that works; its
//!    threads start again by themselves.
//! 5. Numbers order versions; clocks never do.

mod audit;
mod change;
mod follow;
pub mod guards;
mod history;
mod hooks;
mod metrics;
mod opening;
mod overlays;
mod provider;
mod publish;
mod registration;
mod reload;
mod report;
mod state;
mod subscribers;
mod version;
mod watcher;

#[cfg(test)]
mod tests;

pub use change::Staged;
pub use history::{Record, Retained};
pub use hooks::{Adopt, Attached, Candidate, Check, Derive, GuardRule};
pub use metrics::{Drift, Metrics};
pub use overlays::UnitChange;
pub use provider::{Files, Fixed, Provider, Variables};
pub use report::{By, Refusal, Report, Timings};
pub use subscribers::{Pattern, Subscriber, Subscription};
pub use version::{Derived, Version};
pub use watcher::after_fork;

use std::hash::RandomState;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use findspot_publish::{Cell, Guard, Latest, Turn};

use crate::document::{Document, Path};
use crate::layers::Merged;
use crate::numbering::{Memory, Numbering};
use crate::object::{Cause, Head};
use crate::problem::Problems;
use crate::schema::{Checked, Schema};
use crate::secrets::Secrets;
use crate::units::Units;
use audit::Audit;
use hooks::Hook;
use state::State;
use subscribers::Failures;
use watcher::Threads;

/// How a store is made.
pub struct Options {
    /// Who brings the layers, lowest first. Without any, the store only follows: it publishes nothing but what it is asked to.
    pub providers: Vec<Arc<dyn Provider>>,
    /// What a configuration must look like.
    pub schema: Schema,
    /// Paths that are secrets although neither the schema nor their names say so.
    pub secret_paths: Vec<Path>,
    /// Checks beyond the shape.
    pub checks: Vec<Arc<dyn Check>>,
    /// What is derived.
    pub derives: Vec<Arc<dyn Derive>>,
    /// Whether so much may change at once.
    pub guards: Vec<Arc<dyn GuardRule>>,
    /// Who prepares for each version before it is published.
    pub attached: Vec<Arc<dyn Attached>>,
    /// Where versions are numbered.
    pub numbering: Arc<dyn Numbering>,
    /// The numbering of overlays.
    pub units: Arc<dyn Numbering>,
    /// How many versions are kept for `rollback`, `diff` and pins by number.
    pub keep: usize,
    /// How much memory they may take together; the current one always stays.
    pub keep_bytes: usize,
    /// Where the last accepted version is kept for a start without sources.
    pub last_good: Option<PathBuf>,
    /// Where every attempt is written down.
    pub audit: Option<PathBuf>,
    /// Microseconds since 1970, for people to read.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            schema: Schema::any(),
            secret_paths: Vec::new(),
            checks: Vec::new(),
            derives: Vec::new(),
            guards: Vec::new(),
            attached: Vec::new(),
            numbering: Arc::new(Memory::default()),
            units: Arc::new(Memory::default()),
            keep: 16,
            keep_bytes: 256 << 20,
            last_good: None,
            audit: None,
            clock: Arc::new(|| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)),
        }
    }
}

impl Options {
    /// The rule about the names of secrets is that of the newest version, unless this store has one of its own: so all processes show the same.
    /// `Store::open` does it, too.
    pub fn keep_to_secret_names(&mut self) {
        if self.schema.secret_names().is_usual()
            && let Some(names) = follow::names_of_newest(&*self.numbering)
        {
            self.schema = self.schema.clone().with_secret_names(names);
        }
    }
}

/// Counts for metrics.
#[derive(Default)]
struct Counts {
    reloads: AtomicU64,
    rejects: AtomicU64,
    published: AtomicU64,
    followed: AtomicU64,
    built: AtomicU64,
    reused: AtomicU64,
    applied_at: AtomicU64,
    last_checked_at: AtomicU64,
    mounted_files: AtomicU64,
    restarts: AtomicU64,
    last_good_failures: AtomicU64,
}

/// A numbered version that did not become current here.
#[derive(Clone, Default)]
struct Refused {
    number: u64,
    /// What is known about it, when the object itself is sound and only this process has no use for it.
    head: Option<Arc<Head>>,
    /// Why.
    problems: Problems,
}

struct Inner {
    cell: Cell<Version>,
    state: Latest<State>,
    /// One publisher at a time, from reading the current version to creating the next.
    publishing: Turn,
    /// One change of what is current at a time: pointer work.
    committing: Turn,
    providers: Vec<Arc<dyn Provider>>,
    schema: Schema,
    secrets: Secrets,
    numbering: Arc<dyn Numbering>,
    /// The number that a publisher of this process is creating; 0 = none.
    creating: AtomicU64,
    units: Arc<dyn Numbering>,
    keep: usize,
    keep_bytes: usize,
    last_good: Option<PathBuf>,
    audit: Audit,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    counts: Counts,
    failures: Arc<Failures>,
    /// Hash of what this process's own sources said when they were last merged; empty = not yet.
    local: Latest<String>,
    /// The newest version that was looked at and refused here.
    refused: Latest<Refused>,
    /// Of a version whose secrets this process does not know: the document with its references, which says what is a secret.
    foreign: Latest<Option<Document>>,
    /// What hashes of documents with secrets are mixed with in memory.
    mixer: RandomState,
    threads: Threads,
    /// The count of forks when the threads and queues were made.
    generation: AtomicU64,
    /// One change of overlays at a time.
    units_turn: Turn,
    units_since_whole: AtomicU64,
    units_refused: AtomicU64,
}

/// A configuration store. Cloning shares it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

impl Store {
    /// Opens a store: follows what is numbered already, reads the sources, and publishes what they say if it is something else.
    ///
    /// # Errors
    /// The report of the refusal, when there is nothing that could be current.
    pub fn open(mut options: Options) -> Result<(Self, Report), Box<Report>> {
        crate::process::count_forks();
        options.keep_to_secret_names();
        let nothing = Version {
            head: Arc::new(Head::nothing()),
            checked: Checked::nothing(),
            merged: Merged::new(Arc::from([]), Document::empty()),
            schema: options.schema.clone(),
            derived: Arc::default(),
            units: Units::default(),
            bytes: 0,
        };
        let state = State {
            checks: options.checks.into_iter().map(Hook::new).collect(),
            derives: options.derives.into_iter().map(Hook::new).collect(),
            guards: options.guards.into_iter().map(Hook::new).collect(),
            attached: options.attached.into_iter().map(Hook::new).collect(),
            ..State::default()
        };
        let store = Self(Arc::new(Inner {
            cell: Cell::new(nothing),
            state: Latest::new(state),
            publishing: Turn::default(),
            committing: Turn::default(),
            providers: options.providers,
            secrets: Secrets::new(&options.schema).with_paths(options.secret_paths),
            schema: options.schema,
            numbering: options.numbering,
            creating: AtomicU64::new(0),
            units: options.units,
            keep: options.keep,
            keep_bytes: options.keep_bytes,
            last_good: options.last_good,
            audit: Audit::new(options.audit),
            clock: options.clock,
            counts: Counts::default(),
            failures: Arc::default(),
            local: Latest::new(String::new()),
            refused: Latest::new(Refused::default()),
            foreign: Latest::new(None),
            mixer: RandomState::new(),
            threads: Threads::default(),
            generation: AtomicU64::new(crate::process::generation()),
            units_turn: Turn::default(),
            units_since_whole: AtomicU64::new(0),
            units_refused: AtomicU64::new(0),
        }));
        watcher::register(&store.0);
        if let Err(found) = store.0.audit.try_open() {
            return Err(Box::new(store.0.report_of(Cause::Load, 0, found.0)));
        }
        let report = store.0.load();
        store.0.follow_units();
        if report.version == 0 && !report.accepted { Err(Box::new(report)) } else { Ok((store, report)) }
    }

    /// The current version, for the length of a unit of work.
    #[inline]
    pub fn current(&self) -> Guard<Arc<Version>> {
        self.0.notice_fork();
        self.0.cell.load()
    }

    /// The current version, to keep.
    #[inline]
    pub fn pin(&self) -> Arc<Version> {
        self.0.notice_fork();
        self.0.cell.load_full()
    }

    /// Reads the sources again and publishes what they say. Content that is refused changes nothing. Ends the hold of a rollback.
    pub fn reload(&self, by: &By) -> Report {
        self.0.notice_fork();
        self.0.reload(Cause::Reload, by)
    }

    /// Which values no output may show.
    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// What subscribers raised: how often, and the last texts with the version they were told about.
    pub fn failures(&self) -> (u64, Vec<(u64, String)>) {
        self.0.failures.recorded()
    }

    /// The last reports, oldest first, refusals included.
    pub fn reports(&self) -> Vec<Arc<Report>> {
        self.0.state.load().reports.clone()
    }

    /// Tells `subscriber` once about every version that touches one of `patterns`, from the next one on.
    pub fn subscribe(&self, patterns: Vec<Pattern>, subscriber: Arc<dyn Subscriber>) -> Arc<Subscription> {
        let subscription = Arc::new(Subscription::new(patterns, subscriber, Arc::clone(&self.0.failures)));
        self.0.amend(|state| {
            let mut next = state.clone();
            next.subscriptions.push(Arc::clone(&subscription));
            next
        });
        subscription
    }

    /// Ends a subscription. A call that is running ends by itself.
    pub fn unsubscribe(&self, subscription: &Arc<Subscription>) {
        subscription.end();
        self.0.amend(|state| {
            let mut next = state.clone();
            next.subscriptions.retain(|other| !other.is_same(subscription));
            next
        });
    }
}

impl Inner {
    /// Replaces the state by what `next` makes of it.
    fn amend(&self, next: impl Fn(&State) -> State) {
        loop {
            let now = self.state.load();
            if self.state.offer(&now, next(&now)) {
                return;
            }
        }
    }

    /// What hooks of this store are told apart by.
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }

    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
