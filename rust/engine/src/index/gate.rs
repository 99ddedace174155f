//! A lock whose waiters can be interrupted.
//!
//! **In**: threads that want the value. **Out**: one at a time has it. **Law**: a waiter looks at its interrupt at least every
//! [`SLICE`]; a panic of the holder leaves the value as it was at that moment, so what is done under the gate is prepared first and then
//! done by assignments.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::{Interrupt, Result};

/// How often a waiter looks for an interrupt.
const SLICE: Duration = Duration::from_millis(20);

/// A value for one thread at a time.
pub(super) struct Gate<T> {
    busy: Mutex<bool>,
    free: Condvar,
    value: Mutex<T>,
}

/// The right to the value; dropped, it goes to the next.
pub(super) struct Turn<'a, T> {
    gate: &'a Gate<T>,
    /// `None` only while it is dropped.
    value: MutexGuard<'a, T>,
}

impl<T> Gate<T> {
    pub fn new(value: T) -> Self {
        Self { busy: Mutex::new(false), free: Condvar::new(), value: Mutex::new(value) }
    }

    /// Waits for the value.
    ///
    /// # Errors
    /// The interrupt.
    pub fn enter(&self, interrupt: &Interrupt) -> Result<Turn<'_, T>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        while *busy {
            busy = self.free.wait_timeout(busy, SLICE).unwrap_or_else(PoisonError::into_inner).0;
            if *busy {
                interrupt.check()?;
            }
        }
        *busy = true;
        Ok(self.turn())
    }

    /// Takes the value if nobody has it.
    pub fn try_enter(&self) -> Option<Turn<'_, T>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        (!std::mem::replace(&mut *busy, true)).then(|| self.turn())
    }

    fn turn(&self) -> Turn<'_, T> {
        Turn { gate: self, value: self.value.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        // The guard itself is dropped right after this; the next one waits for it at most that long.
        *self.gate.busy.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.gate.free.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::base::Error;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn one_at_a_time_and_waiters_can_be_interrupted() {
        let gate = Gate::new(0u64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| *gate.enter(&Interrupt::none()).unwrap() += 1));
            }
        });
        let turn = gate.enter(&Interrupt::none()).unwrap();
        assert_eq!(*turn, 4000);
        assert!(gate.try_enter().is_none());
        let raised = Interrupt::new(Some(Arc::new(AtomicBool::new(true))), None);
        assert!(matches!(gate.enter(&raised), Err(Error::Cancelled)));
        drop(turn);
        assert!(gate.try_enter().is_some());
    }
}
