//! A transaction: operations that become one commit, or nothing.
//!
//! **In**: the operations of a writer. **Out**: one manifest. **Law**: until its end nothing of it is visible anywhere, also not in the
//! handle that made it; its end applies the operations in their order to what the handle then sees, and commits, together with what
//! else the handle had pending; if that fails, the handle is as if the transaction had never been. Dropped, it leaves nothing.

use std::collections::HashSet;
use std::sync::Arc;

use super::DocPredicate;
use super::build::Outcome;
use super::commit::{self, Commit};
use super::options::{UpsertOptions, Upserted};
use super::state::{Batch, Home, Part, State};
use super::writer::{Inner, discard, objects};
use crate::base::{Interrupt, Result};
use crate::ingest::RecordSource;

enum Operation {
    Upsert(Batch),
    Delete(Vec<String>),
    DeleteWhere(Arc<dyn DocPredicate>),
}

/// Buffered operations.
pub struct Transaction {
    inner: Arc<Inner>,
    operations: Vec<Operation>,
}

impl Transaction {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { inner, operations: Vec::new() }
    }

    /// Adds documents at the transaction's end. They are parsed and built now; `refresh` is of no effect.
    ///
    /// # Errors
    /// As [`Writer::upsert`](super::Writer::upsert), apart from conflicts, which show at the end.
    pub fn upsert(&mut self, source: &mut dyn RecordSource, options: &UpsertOptions, interrupt: &Interrupt) -> Result<Upserted> {
        self.inner.writable()?;
        let Outcome { batch, count, rejected, rejected_count } = self.inner.build(source, options, interrupt)?;
        if !batch.segments.is_empty() {
            self.operations.push(Operation::Upsert(batch));
        }
        Ok(Upserted { count, rejected, rejected_count })
    }

    /// Deletes documents by key at the transaction's end.
    pub fn delete(&mut self, keys: Vec<String>) {
        self.operations.push(Operation::Delete(keys));
    }

    /// Deletes the documents that match at the transaction's end.
    pub fn delete_where(&mut self, predicate: Arc<dyn DocPredicate>) {
        self.operations.push(Operation::DeleteWhere(predicate));
    }

    /// Applies and commits everything.
    ///
    /// # Errors
    /// As [`Writer::commit`](super::Writer::commit); the transaction is gone then, and what the handle had pending before is kept.
    pub fn commit(mut self, interrupt: &Interrupt) -> Result<Commit> {
        self.inner.writable()?;
        let inner = Arc::clone(&self.inner);
        let mut state = inner.enter(interrupt)?;
        let before = state.clone();
        let mut added: Vec<String> = Vec::new();
        let mut result = Ok(());
        for operation in std::mem::take(&mut self.operations) {
            match operation {
                Operation::Upsert(batch) => {
                    added.extend(objects(&batch));
                    if result.is_ok() {
                        result = inner.apply(&mut state, batch, interrupt);
                    }
                }
                Operation::Delete(keys) if result.is_ok() => result = state.delete(&keys, interrupt).map(drop),
                Operation::DeleteWhere(predicate) if result.is_ok() => result = state.delete_where(predicate, interrupt).map(drop),
                _ => {}
            }
        }
        match result.and_then(|()| commit::commit(&inner.outbox, &mut state, interrupt)) {
            Ok(commit) => {
                inner.committed(&mut state, before.committed.manifest.number)?;
                Ok(commit)
            }
            Err(error) => {
                // When it is not known whether the manifest exists, what it would name stays in the outbox until it is.
                let unknown = state.is_uncertain_since(&before);
                let failed = std::mem::replace(&mut *state, before);
                state.take_attempts(&failed);
                if !unknown {
                    let kept: HashSet<String> = stored(&state).collect();
                    let gone: HashSet<String> = added.into_iter().chain(stored(&failed)).filter(|object| !kept.contains(object)).collect();
                    gone.iter().for_each(|object| inner.outbox.discard(object));
                }
                // What the transaction's attempt replaced is deleted: it must be written again.
                let uncommitted = inner.outbox.uncommitted();
                state.forget_written(|object| !uncommitted.contains(object));
                Err(error)
            }
        }
    }
}

/// All objects of a state that no manifest names.
fn stored(state: &State) -> impl Iterator<Item = String> + '_ {
    let segments = state.added.iter().filter(|added| matches!(added.home, Home::Object)).map(|added| added.part.view.entry.object());
    segments.chain(state.all().filter_map(Part::written_object))
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.inner.writable().is_ok() {
            for operation in std::mem::take(&mut self.operations) {
                if let Operation::Upsert(batch) = operation {
                    discard(&self.inner.outbox, &objects(&batch));
                }
            }
        }
    }
}
