//! The cell itself.
//!
//! **Law**: versions count publications from 1 and only grow; the version is stored with the value it names, so a pair that was read is
//! a pair that was published.

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};

use crate::reaper::retire;

/// One immutable value that publishers replace and readers load.
///
/// # Examples
/// ```
/// let cell = findspot_publish::Cell::new(vec![1]);
/// let before = cell.load_full();
/// cell.publish::<()>(|now| Ok(Some([now.as_slice(), &[2]].concat()))).unwrap();
/// assert_eq!((before.as_slice(), cell.load().as_slice()), (&[1][..], &[1, 2][..]));
/// ```
pub struct Cell<T: Send + Sync + 'static> {
    value: ArcSwap<T>,
    publisher: AtomicPtr<Publisher>,
}

/// The publishers' mutex of one process. A child of `fork` gets a fresh one: the old one may be held by a thread that does not exist
/// there. The forgotten ones (one a fork generation) are leaked on purpose, 16 bytes each.
struct Publisher {
    pid: u32,
    order: Mutex<()>,
}

impl<T: Send + Sync + 'static> Cell<T> {
    /// A cell that holds `value`.
    pub fn new(value: T) -> Self {
        Self { value: ArcSwap::from_pointee(value), publisher: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// The newest value, for the length of a unit of work. Wait-free; no reference count is touched.
    #[inline]
    pub fn load(&self) -> Guard<Arc<T>> {
        self.value.load()
    }

    /// The newest value, to keep.
    #[inline]
    pub fn load_full(&self) -> Arc<T> {
        self.value.load_full()
    }

    /// Replaces the value by what `next` makes of the current one; `None` leaves it. Publishers wait for one another, readers for nobody.
    ///
    /// # Errors
    /// Those of `next`; the value then stays.
    pub fn publish<E>(&self, next: impl FnOnce(&Arc<T>) -> Result<Option<T>, E>) -> Result<bool, E> {
        // A panic of an earlier `next` cannot have left half a value behind: the store is one pointer.
        let _order = self.publisher().order.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.value.load_full();
        match next(&current)? {
            None => Ok(false),
            Some(value) => {
                drop(self.value.swap(Arc::new(value)));
                retire(current);
                Ok(true)
            }
        }
    }

    fn publisher(&self) -> &'static Publisher {
        let pid = std::process::id();
        loop {
            let seen = self.publisher.load(Ordering::Acquire);
            // SAFETY: the pointer is null or was made by `Box::leak` below, which nobody frees.
            if let Some(publisher) = unsafe { seen.as_ref() }
                && publisher.pid == pid
            {
                return publisher;
            }
            let fresh: *mut Publisher = Box::leak(Box::new(Publisher { pid, order: Mutex::new(()) }));
            if self.publisher.compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: `fresh` came from `Box::leak` just now and was not shared.
                drop(unsafe { Box::from_raw(fresh) });
            }
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Cell<T> {
    fn drop(&mut self) {
        let publisher = *self.publisher.get_mut();
        // SAFETY: made by `Box::leak`; `&mut self` proves that no publisher is inside. A mutex of another process's threads is only forgotten.
        if let Some(owned) = unsafe { publisher.as_ref() }
            && owned.pid == std::process::id()
        {
            // SAFETY: as above, and freed once.
            drop(unsafe { Box::from_raw(publisher) });
        }
        retire(self.value.load_full());
    }
}
