//! What a writer has written and no manifest names yet.
//!
//! **In**: bytes of segments and live bits. **Out**: objects under unique names. **Law**: the writer's lock is taken before its first
//! object exists; a name stays in the outbox from before its object exists until a manifest names it or the object is deleted, and while
//! it is there this process's garbage collection lets it be.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::live;
use super::manifest::{self, LiveEntry};
use super::names::{self, Names};
use super::steps::{Step, StepHook};
use crate::base::bits::BitSet;
use crate::base::{Error, Result};
use crate::storage::{ObjectWriter, Storage};

pub(super) struct Outbox {
    pub storage: Arc<dyn Storage>,
    pub hook: StepHook,
    names: Mutex<Option<Arc<Names>>>,
    uncommitted: Mutex<HashSet<String>>,
    closed: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outbox {
    pub fn new(storage: Arc<dyn Storage>, hook: StepHook) -> Self {
        Self { storage, hook, names: Mutex::default(), uncommitted: Mutex::default(), closed: AtomicBool::new(false) }
    }

    /// This writer's names; the first call takes its lock.
    ///
    /// # Errors
    /// [`Error::Closed`]; those of the storage.
    pub fn names(&self) -> Result<Arc<Names>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed("the index is closed; open it again".into()));
        }
        let mut names = lock(&self.names);
        match &*names {
            Some(names) => Ok(Arc::clone(names)),
            None => Ok(Arc::clone(names.insert(Arc::new(Names::acquire(&*self.storage)?)))),
        }
    }

    /// The lock of this writer, if it ever wrote.
    pub fn lock_name(&self) -> Option<String> {
        lock(&self.names).as_ref().map(|names| names.lock().to_owned())
    }

    /// Starts the object of a segment.
    pub fn segment(&self, id: &str) -> Result<Box<dyn ObjectWriter>> {
        let object = names::segment(id);
        lock(&self.uncommitted).insert(object.clone());
        self.storage.writer(&object).map(|writer| self.hook.watch(writer)).inspect_err(|_| self.discard(&object))
    }

    /// Writes live bits durable.
    pub fn live(&self, segment: &str, bits: &BitSet) -> Result<LiveEntry> {
        let id = self.names()?.unique();
        let object = names::live(segment, &id);
        lock(&self.uncommitted).insert(object.clone());
        live::write(&*self.storage, &self.hook, segment, id, bits).inspect_err(|_| self.discard(&object))
    }

    /// Deletes an object that will never be named; one that is not in the outbox (any more) is left alone, for a manifest may name it.
    /// If deleting fails, garbage collection finds the object: it is in no manifest and not in here.
    pub fn discard(&self, object: &str) {
        if !lock(&self.uncommitted).remove(object) {
            return;
        }
        let deleted = self.hook.before(Step::Gc).and_then(|()| self.storage.delete(object));
        if let Err(error) = deleted {
            log::debug!("{object} is left to garbage collection: {error}");
        }
    }

    /// A manifest names the object, or it is gone.
    pub fn forget(&self, object: &str) {
        lock(&self.uncommitted).remove(object);
    }

    /// What existing manifests name.
    fn named(&self) -> Result<HashSet<String>> {
        let mut named = HashSet::new();
        for number in manifest::numbers(&*self.storage)? {
            named.extend(manifest::read(&*self.storage, number)?.manifest.objects());
        }
        Ok(named)
    }

    /// The names now in the outbox.
    pub fn uncommitted(&self) -> HashSet<String> {
        lock(&self.uncommitted).clone()
    }

    /// Loses the lock as a killed process does.
    #[cfg(test)]
    pub fn lose_lock(&self) {
        if let Some(Ok(names)) = lock(&self.names).take().map(Arc::try_unwrap) {
            names.lose();
        }
    }

    /// Deletes all that was not committed and gives the lock back.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let uncommitted = self.uncommitted();
        if !uncommitted.is_empty()
            && let Ok(named) = self.named()
        {
            // A commit whose answer got lost may name some of it.
            uncommitted.difference(&named).for_each(|object| self.discard(object));
        }
        if let Some(names) = lock(&self.names).take()
            && let Ok(names) = Arc::try_unwrap(names)
        {
            names.release(&*self.storage);
        }
    }
}
