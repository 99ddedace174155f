//! The writer of an index handle: all that changes an index goes through here.
//!
//! **In**: records, keys, predicates, from any number of threads. **Out**: published snapshots, commits. **Law**
//! 1. A call is atomic and takes its place in one serial order; building happens before that, in parallel, outside every lock.
//! 2. A call returns when its effect is searchable through this handle (unless it opted out); calls that wait for each other share one
//!    publication. Only [`Writer::commit`] makes anything durable that a later opening shows.
//! 3. Nothing is written, no lock is taken and no thread is started before the first writing call, so opening a writer costs nothing
//!    and works on a storage that cannot be written.
//! 4. In a child of `fork` every call that would write is refused before it touches a lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::build::{self, Outcome, Toolkit};
use super::commit::{self, Commit, commit_edit, successor};
use super::gate::{Gate, Turn};
use super::gc::{self, GcReport};
use super::merge_policy::Candidate;
use super::options::{UpsertOptions, Upserted, WriterOptions};
use super::outbox::Outbox;
use super::scheduler::Scheduler;
use super::snapshot::SnapshotCell;
use super::state::{Batch, Home, State};
use super::steps::StepHook;
use super::{DocPredicate, fold, merge, names};
use crate::analysis::Analyzers;
use crate::base::{Error, Interrupt, Result};
use crate::ingest::RecordSource;
use crate::schema::Field;
use crate::storage::Storage;

/// An upsert that waits for its turn.
struct Ticket {
    batch: Mutex<Option<Batch>>,
    refresh: bool,
    result: Mutex<Option<Result<()>>>,
}

pub(super) struct Inner {
    pub outbox: Arc<Outbox>,
    pub options: WriterOptions,
    pub state: Gate<State>,
    cell: Arc<dyn SnapshotCell>,
    queue: Mutex<Vec<Arc<Ticket>>>,
    toolkit: Mutex<Option<Arc<Toolkit>>>,
    merging: Gate<()>,
    scheduler: Scheduler,
    closed: AtomicBool,
    pub pid: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Segments up to this size stay in memory until they are folded or committed.
const SPILL_AT: usize = 8 << 20;
/// Bytes that one builder may always use: a few buffers and some documents. Smaller budgets would make segments of single documents.
const LEAST_SHARE: usize = 2 << 20;

impl Inner {
    /// Refuses writing in a child of `fork` and after closing.
    pub fn writable(&self) -> Result<()> {
        if self.pid != std::process::id() {
            return Err(Error::Closed(
                "this index was opened before a fork, and a child process may only read with it; open the index again to write".into(),
            ));
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed("the index is closed; open it again".into()));
        }
        Ok(())
    }

    pub fn toolkit(&self) -> Result<Arc<Toolkit>> {
        let schema = Arc::clone(&self.cell.load().schema);
        let mut kept = lock(&self.toolkit);
        if let Some(toolkit) = kept.as_ref().filter(|toolkit| Arc::ptr_eq(&toolkit.schema, &schema) || toolkit.schema == schema) {
            return Ok(Arc::clone(toolkit));
        }
        let toolkit = Toolkit {
            analyzers: Arc::new(Analyzers::of(schema.analyzers())?),
            schema,
            outbox: Arc::clone(&self.outbox),
            memory: self.options.memory.max(self.options.threads.max(1) * LEAST_SHARE),
            threads: self.options.threads.max(1),
            spill_at: self.spill_at(),
        };
        Ok(Arc::clone(kept.insert(Arc::new(toolkit))))
    }

    fn spill_at(&self) -> usize {
        SPILL_AT.min(self.options.memory / 16)
    }

    /// Waits for the state; refuses when the writer was closed meanwhile.
    pub fn enter(&self, interrupt: &Interrupt) -> Result<Turn<'_, State>> {
        let state = self.state.enter(interrupt)?;
        self.writable()?;
        Ok(state)
    }

    /// Puts a finished batch into the state, and publishes. Whoever has the turn does it for all that wait.
    fn submit(&self, batch: Batch, refresh: bool, interrupt: &Interrupt) -> Result<()> {
        let ticket = Arc::new(Ticket { batch: Mutex::new(Some(batch)), refresh, result: Mutex::new(None) });
        lock(&self.queue).push(Arc::clone(&ticket));
        let served = self.enter(interrupt).and_then(|mut state| self.serve(&ticket, &mut state, interrupt));
        loop {
            if let Some(result) = lock(&ticket.result).take() {
                return result;
            }
            if let Some(batch) = lock(&ticket.batch).take() {
                // Nobody has begun it, and now nobody will.
                lock(&self.queue).retain(|other| !Arc::ptr_eq(other, &ticket));
                discard(&self.outbox, &objects(&batch));
                return served.and(Err(Error::Defect("an upsert had its turn and was not done")));
            }
            // Interrupted, but another thread is at it: it ends soon, or puts the batch back when it is interrupted itself.
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Applies what waits in the queue, unless another thread has done it for this ticket already.
    fn serve(&self, own: &Arc<Ticket>, state: &mut State, interrupt: &Interrupt) -> Result<()> {
        if lock(&own.result).is_some() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut *lock(&self.queue));
        let (mut refresh, mut stopped) = (false, Ok(()));
        for (i, ticket) in waiting.iter().enumerate() {
            let Some(batch) = lock(&ticket.batch).take() else { continue };
            match self.try_apply(state, batch, interrupt) {
                Ok(()) => {
                    refresh |= ticket.refresh;
                    *lock(&ticket.result) = Some(Ok(()));
                }
                Err((batch, error)) => match interrupt.check() {
                    // This thread is interrupted, not the one whose batch it is: whoever comes next goes on here.
                    Err(stop) => {
                        *lock(&ticket.batch) = Some(batch);
                        lock(&self.queue).splice(0..0, waiting[i..].iter().cloned());
                        stopped = Err(stop.into());
                        break;
                    }
                    Ok(()) => {
                        discard(&self.outbox, &objects(&batch));
                        *lock(&ticket.result) = Some(Err(error));
                    }
                },
            }
        }
        if refresh && state.dirty {
            self.publish(state)?;
        }
        stopped
    }

    /// Applies a batch; one that cannot be applied leaves no objects.
    pub fn apply(&self, state: &mut State, batch: Batch, interrupt: &Interrupt) -> Result<()> {
        self.try_apply(state, batch, interrupt).map_err(|(batch, error)| {
            discard(&self.outbox, &objects(&batch));
            error
        })
    }

    /// Applies a batch, then folds if there are many small segments. One that cannot be applied comes back.
    fn try_apply(&self, state: &mut State, mut batch: Batch, interrupt: &Interrupt) -> Result<(), (Batch, Error)> {
        if let Err(error) = state.upsert(&mut batch, interrupt) {
            return Err((batch, error));
        }
        let memory = (self.options.memory / 4) as u64;
        if let Err(error) = fold::fold(&self.outbox, state, memory, self.spill_at(), &Interrupt::none()) {
            log::warn!("folding small segments failed, the next write tries again: {error}"); // the documents are in all the same
        }
        Ok(())
    }

    /// Publishes the state as it is.
    pub fn publish(&self, state: &mut State) -> Result<()> {
        let mut next = Some(state.snapshot());
        self.cell.publish(&mut |_| Ok(next.take()))
    }

    /// Commits; published in any case, because a commit that failed may have seen others' work.
    pub fn commit_state(self: &Arc<Self>, state: &mut State, interrupt: &Interrupt) -> Result<Commit> {
        let before = state.committed.manifest.number;
        let result = commit::commit(&self.outbox, state, interrupt);
        self.committed(state, before)?;
        result
    }

    /// Publishes, and after a new generation collects garbage and lets merges run.
    pub fn committed(self: &Arc<Self>, state: &mut State, before: u64) -> Result<()> {
        if state.dirty {
            self.publish(state)?;
        }
        if state.committed.manifest.number != before {
            self.collect_quietly();
            self.wake_scheduler();
        }
        Ok(())
    }

    fn collect_quietly(&self) {
        if let Err(error) = gc::collect(&self.outbox, &self.options.gc) {
            log::warn!("garbage collection failed, the next commit tries again: {error}");
        }
    }

    fn wake_scheduler(self: &Arc<Self>) {
        if self.options.background_merges {
            let inner = Arc::downgrade(self);
            self.scheduler.wake(move |interrupt| match inner.upgrade() {
                Some(inner) => inner.merge_next(&|segments| inner.options.merge_policy.next(segments), false, interrupt),
                None => Ok(false),
            });
        }
    }

    /// Does one merge of the policy's choice; `false` = there is none, or another process merges and `wait` is not set.
    fn merge_next(&self, choose: &dyn Fn(&[Candidate]) -> Vec<usize>, wait: bool, interrupt: &Interrupt) -> Result<bool> {
        let _turn = self.merging.enter(interrupt)?;
        if choose(&merge::candidates(&*self.state.enter(interrupt)?)).is_empty() {
            return Ok(false);
        }
        let _lease = loop {
            match self.outbox.storage.try_lock(names::MERGE_LOCK)? {
                Some(lease) => break lease,
                None if !wait => return Ok(false),
                None => {
                    interrupt.check()?;
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        };
        let (inputs, schema) = {
            let mut state = self.state.enter(interrupt)?;
            commit::catch_up(&self.outbox, &mut state, interrupt)?;
            let places = choose(&merge::candidates(&state));
            if places.is_empty() {
                return Ok(false);
            }
            (merge::inputs(&state, &places), Arc::clone(&state.committed.manifest.schema))
        };
        let merged = merge::run(&self.outbox, inputs, &schema, self.options.merge_order.as_deref(), interrupt)?;
        let mut state = self.enter(interrupt)?;
        let result = merged.commit(&self.outbox, &mut state, interrupt);
        if state.dirty {
            self.publish(&mut state)?;
        }
        drop(state);
        result?;
        self.collect_quietly();
        Ok(true)
    }
}

/// The names of a batch's objects.
pub(super) fn objects(batch: &Batch) -> Vec<String> {
    let stored = batch.segments.iter().filter(|segment| matches!(segment.home, Home::Object));
    stored.map(|segment| segment.view.entry.object()).collect()
}

pub(super) fn discard(outbox: &Outbox, objects: &[String]) {
    objects.iter().for_each(|object| outbox.discard(object));
}

/// The writer of one handle. Shared by all threads.
pub struct Writer {
    pub(super) inner: Arc<Inner>,
}

impl Writer {
    /// A writer on the commit that `cell` shows. Touches nothing.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, options: WriterOptions, cell: Arc<dyn SnapshotCell>) -> Self {
        let state = Gate::new(State::new(&cell.load()));
        let outbox = Arc::new(Outbox::new(storage, StepHook::new(options.steps.clone())));
        let inner = Inner {
            outbox,
            options,
            state,
            cell,
            queue: Mutex::default(),
            toolkit: Mutex::default(),
            merging: Gate::new(()),
            scheduler: Scheduler::new(),
            closed: AtomicBool::new(false),
            pid: std::process::id(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Adds documents; each replaces the one that has its key.
    ///
    /// # Errors
    /// [`Error::Document`] for the first refused document (with [`OnError::Raise`](super::OnError::Raise)), [`Error::Conflict`] when `if_version` does not hold;
    /// those of the source and the storage; an interrupt. Nothing has changed then.
    pub fn upsert(&self, source: &mut dyn RecordSource, options: &UpsertOptions, interrupt: &Interrupt) -> Result<Upserted> {
        self.inner.writable()?;
        let Outcome { batch, count, rejected, rejected_count } = self.inner.build(source, options, interrupt)?;
        if !batch.segments.is_empty() {
            self.inner.submit(batch, options.refresh, interrupt)?;
        }
        Ok(Upserted { count, rejected, rejected_count })
    }

    /// Deletes documents by key; returns how many there were.
    ///
    /// # Errors
    /// Corruption of a segment; an interrupt. Nothing has changed then.
    pub fn delete(&self, keys: &[String], refresh: bool, interrupt: &Interrupt) -> Result<u64> {
        self.change(refresh, interrupt, |state| state.delete(keys, interrupt))
    }

    /// Deletes the documents that match; returns how many. Those that another writer commits first are judged too, at the commit.
    ///
    /// # Errors
    /// Those of the predicate; an interrupt. Nothing has changed then.
    pub fn delete_where(&self, predicate: Arc<dyn DocPredicate>, refresh: bool, interrupt: &Interrupt) -> Result<u64> {
        self.change(refresh, interrupt, |state| state.delete_where(predicate, interrupt))
    }

    fn change(&self, refresh: bool, interrupt: &Interrupt, change: impl FnOnce(&mut State) -> Result<u64>) -> Result<u64> {
        self.inner.writable()?;
        self.inner.outbox.names()?; // a storage that cannot be written refuses here, not at the commit
        let mut state = self.inner.enter(interrupt)?;
        let count = change(&mut state)?;
        if refresh && state.dirty {
            self.inner.publish(&mut state)?;
        }
        Ok(count)
    }

    /// Makes searchable here what was written so far, and what others committed.
    ///
    /// # Errors
    /// Those of the storage, corruption, a schema that disagrees; an interrupt.
    pub fn refresh(&self, interrupt: &Interrupt) -> Result<()> {
        self.inner.writable()?;
        let mut state = self.inner.enter(interrupt)?;
        let followed = commit::catch_up(&self.inner.outbox, &mut state, interrupt);
        if state.dirty {
            self.inner.publish(&mut state)?;
        }
        followed
    }

    /// Follows other processes' commits without waiting: `true` = something new was published. Does nothing while a writing call is
    /// under way (which follows by itself), after closing, and in a child of `fork`.
    ///
    /// # Errors
    /// As [`Writer::refresh`].
    pub fn poll(&self) -> Result<bool> {
        if self.inner.writable().is_err() {
            return Ok(false);
        }
        let Some(mut state) = self.inner.state.try_enter() else { return Ok(false) };
        let before = state.committed.manifest.number;
        commit::catch_up(&self.inner.outbox, &mut state, &Interrupt::none())?;
        let news = state.committed.manifest.number != before;
        if news {
            self.inner.publish(&mut state)?;
        }
        Ok(news)
    }

    /// Makes everything that was written durable, as one manifest.
    ///
    /// # Errors
    /// [`Error::Conflict`] when other writers were faster too often, disagree about the schema, or changed a key that was written with
    /// `if_version`; those of the storage. What was written stays pending then, so a later commit can succeed.
    pub fn commit(&self, interrupt: &Interrupt) -> Result<Commit> {
        self.inner.writable()?;
        let mut state = self.inner.enter(interrupt)?;
        self.inner.commit_state(&mut state, interrupt)
    }

    /// Whether anything was written and not committed.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        // In a child of `fork` a lock may be held by a thread that does not exist there.
        self.inner.pid == std::process::id() && self.inner.state.enter(&Interrupt::none()).is_ok_and(|state| state.has_changes())
    }

    /// Adds fields to the schema, as a commit of its own. Uncommitted documents stay uncommitted.
    ///
    /// # Errors
    /// [`Error::Schema`] for fields that cannot be, [`Error::Conflict`] when another writer added others first.
    pub fn alter(&self, add: &[Field], interrupt: &Interrupt) -> Result<Commit> {
        self.inner.writable()?;
        let mut state = self.inner.enter(interrupt)?;
        let before = state.committed.manifest.number;
        let wanted = Arc::new(state.committed.manifest.schema.altered(add.to_vec())?);
        let committed = commit_edit(&self.inner.outbox, &mut state, interrupt, &mut |state| {
            let last = &state.committed.manifest;
            if last.schema.fields().len() >= wanted.fields().len() && last.schema.extends(&wanted) {
                return Ok(None); // somebody else added just these
            }
            if !wanted.extends(&last.schema) {
                return Err(Error::Conflict("another writer added other fields first; look at the schema and alter again".into()));
            }
            let schema_version = last.schema_version + 1;
            Ok(Some(super::manifest::Manifest { schema: Arc::clone(&wanted), schema_version, ..successor(&self.inner.outbox, state)? }))
        })?;
        if let Some(committed) = committed {
            state.committed = Arc::new(committed);
            state.attempts.clear();
            state.dirty = true;
        }
        self.inner.committed(&mut state, before)?;
        Ok(Commit { generation: state.committed.manifest.number })
    }

    /// Merges committed segments until at most `max_segments` are left and none of them has deleted documents. Returns how many merges it
    /// took. Uncommitted documents are left alone: commit first.
    ///
    /// # Errors
    /// Those of the storage, corruption; an interrupt.
    pub fn merge(&self, max_segments: usize, interrupt: &Interrupt) -> Result<u64> {
        self.merge_until(&|segments| self.inner.options.merge_policy.next_forced(segments, max_segments), true, interrupt)
    }

    /// Does the merges that the policy asks for, and waits for those under way: afterwards none is pending, unless another process is
    /// at it.
    ///
    /// # Errors
    /// As [`Writer::merge`].
    pub fn wait_merges(&self, interrupt: &Interrupt) -> Result<u64> {
        self.merge_until(&|segments| self.inner.options.merge_policy.next(segments), false, interrupt)
    }

    fn merge_until(&self, choose: &dyn Fn(&[Candidate]) -> Vec<usize>, wait: bool, interrupt: &Interrupt) -> Result<u64> {
        self.inner.writable()?;
        let mut merges = 0;
        while self.inner.merge_next(choose, wait, interrupt)? {
            merges += 1;
        }
        Ok(merges)
    }

    /// Deletes what nobody needs any more.
    ///
    /// # Errors
    /// Those of the storage; corruption of a manifest (then nothing is deleted).
    pub fn gc(&self) -> Result<GcReport> {
        self.inner.writable()?;
        self.inner.outbox.names()?;
        gc::collect(&self.inner.outbox, &self.inner.options.gc)
    }

    /// Buffers operations that are applied and committed together, or not at all.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn transaction(&self) -> Result<super::transaction::Transaction> {
        self.inner.writable()?;
        Ok(super::transaction::Transaction::new(Arc::clone(&self.inner)))
    }

    /// Stops merging, drops what was not committed and gives the lock back. Closing again does nothing; in a child of `fork` nothing
    /// is touched.
    pub fn close(&self) {
        if self.inner.pid != std::process::id() || self.inner.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.inner.scheduler.close();
        if let Ok(state) = self.inner.state.enter(&Interrupt::none()) {
            drop(state); // a call that was under way has ended
        }
        self.inner.outbox.close();
    }
}

impl Inner {
    /// Builds the segments of an upsert.
    pub fn build(&self, source: &mut dyn RecordSource, options: &UpsertOptions, interrupt: &Interrupt) -> Result<Outcome> {
        let toolkit = self.toolkit()?;
        let mut outcome = build::build(&toolkit, source, options.on_error, interrupt)?;
        if options.if_version.is_some() && outcome.count > 0 {
            if outcome.count != 1 {
                discard(&self.outbox, &objects(&outcome.batch));
                let got = format!("{} documents", outcome.count);
                return Err(Error::Argument { argument: "if_version", expected: "exactly one document".into(), got });
            }
            outcome.batch.if_version = options.if_version;
        }
        Ok(outcome)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}
