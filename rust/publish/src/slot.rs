//! Where a published value stands: the small trait behind which the cell keeps it.
//!
//! **In**: one value at a time. **Out**: the newest, shared. **Law**: a load returns a value that some swap (or the beginning) put there,
//! never an older one than an earlier load of the same thread; a swap returns the value that it replaced. `arc-swap` is the one in use,
//! its readers wait for nobody. A lock around the pointer is its twin: too slow under load, obviously right, and run by the same tests.

use crate::sync::{Arc, PoisonError, RwLock};

/// A place for one shared value.
pub trait Slot<T>: Send + Sync {
    /// A place that holds `value`.
    fn holding(value: Arc<T>) -> Self;
    /// The newest value.
    fn load_full(&self) -> Arc<T>;
    /// Puts `next` there and returns what was there.
    fn swap(&self, next: Arc<T>) -> Arc<T>;
}

#[cfg(not(loom))]
impl<T: Send + Sync> Slot<T> for arc_swap::ArcSwap<T> {
    fn holding(value: Arc<T>) -> Self {
        Self::new(value)
    }
    #[inline]
    fn load_full(&self) -> Arc<T> {
        Self::load_full(self)
    }
    fn swap(&self, next: Arc<T>) -> Arc<T> {
        Self::swap(self, next)
    }
}

impl<T: Send + Sync> Slot<T> for RwLock<Arc<T>> {
    fn holding(value: Arc<T>) -> Self {
        Self::new(value)
    }
    fn load_full(&self) -> Arc<T> {
        Arc::clone(&self.read().unwrap_or_else(PoisonError::into_inner))
    }
    fn swap(&self, next: Arc<T>) -> Arc<T> {
        std::mem::replace(&mut self.write().unwrap_or_else(PoisonError::into_inner), next)
    }
}
