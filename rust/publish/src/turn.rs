//! Whose turn it is to publish: a mutex that a fork never finds locked.
//!
//! **In**: threads that want to publish. **Out**: one of them at a time. **Law**: a child of `fork` gets a fresh mutex, since the old one
//! may be held by a thread that does not exist there; the forgotten ones (one a fork generation and turn) are leaked on purpose, a few
//! bytes each. What a turn protects must therefore be whole at every moment: values that are swapped, never ones that are mended in place.

use crate::sync::{AtomicPtr, Mutex, MutexGuard, Ordering, PoisonError};

/// One turn at a time, in each process.
///
/// # Examples
/// ```
/// let turn = findspot_publish::Turn::default();
/// let mine = turn.take();
/// assert!(turn.try_take().is_none());
/// drop(mine);
/// assert!(turn.try_take().is_some());
/// ```
pub struct Turn(AtomicPtr<Order>);

/// The mutex of one process.
struct Order {
    pid: u32,
    order: Mutex<()>,
}

/// The turn, until it is dropped.
#[must_use = "the turn is over when this is dropped"]
pub struct MyTurn<'a>(#[expect(dead_code, reason = "held for its drop")] MutexGuard<'a, ()>);

impl Default for Turn {
    fn default() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }
}

impl Turn {
    /// Waits for the turn. A panic in an earlier turn does not matter: see the law above.
    pub fn take(&self) -> MyTurn<'_> {
        MyTurn(self.order().order.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The turn, if nobody has it.
    pub fn try_take(&self) -> Option<MyTurn<'_>> {
        match self.order().order.try_lock() {
            Ok(guard) => Some(MyTurn(guard)),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(MyTurn(poisoned.into_inner())),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }

    fn order(&self) -> &Order {
        let pid = std::process::id();
        loop {
            let seen = self.0.load(Ordering::Acquire);
            // SAFETY: the pointer is null or was made by `Box::leak` below; only `drop` frees it, which nobody who borrows `self` can meet.
            if let Some(order) = unsafe { seen.as_ref() }
                && order.pid == pid
            {
                return order;
            }
            let fresh: *mut Order = Box::leak(Box::new(Order { pid, order: Mutex::new(()) }));
            if self.0.compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: `fresh` came from `Box::leak` just now and was not shared.
                drop(unsafe { Box::from_raw(fresh) });
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let order = self.0.load(Ordering::Acquire);
        // SAFETY: made by `Box::leak`; `&mut self` proves that nobody is inside. A mutex of another process's threads is only forgotten.
        if let Some(owned) = unsafe { order.as_ref() }
            && owned.pid == std::process::id()
        {
            // SAFETY: as above, and freed once.
            drop(unsafe { Box::from_raw(order) });
        }
    }
}
