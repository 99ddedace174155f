//! A value that whoever has a better one may replace, without waiting for anybody.
//!
//! **In**: values, each made from one that was seen. **Out**: the newest. **Law**: nobody takes a lock; of two that were made from the same
//! value one is kept and the other dropped, so this is for what may be lost: caches. Whoever lets go of a value last frees it.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

/// One immutable value that readers may replace.
///
/// # Examples
/// ```
/// let latest = findspot_publish::Latest::new(1);
/// let seen = latest.load();
/// assert!(latest.offer(&seen, 2));
/// assert!(!latest.offer(&seen, 3), "made from a value that is no longer the newest");
/// assert_eq!(**latest.load(), 2);
/// ```
pub struct Latest<T>(ArcSwap<T>);

impl<T> Latest<T> {
    /// Holds `value`.
    pub fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    /// The newest value, for the length of a unit of work.
    #[inline]
    pub fn load(&self) -> Guard<Arc<T>> {
        self.0.load()
    }

    /// Replaces the value by one that was made from `seen`; `false` when `seen` is not the newest any more.
    pub fn offer(&self, seen: &Arc<T>, next: T) -> bool {
        let found = self.0.compare_and_swap(seen, Arc::new(next));
        Arc::ptr_eq(&found, seen)
    }
}
