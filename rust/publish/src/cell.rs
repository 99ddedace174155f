//! The cell itself.
//!
//! **Law**: versions count publications from 1 and only grow; the version is stored with the value it names, so a pair that was read is
//! a pair that was published.

use std::marker::PhantomData;

use arc_swap::ArcSwap;
#[cfg(not(loom))]
use arc_swap::Guard;

#[cfg(not(loom))]
use crate::reaper::retire;
use crate::slot::Slot;
use crate::sync::Arc;
use crate::turn::Turn;

/// One immutable value that publishers replace and readers load. `S` is where it stands; see [`Slot`].
///
/// # Examples
/// ```
/// let cell = findspot_publish::Cell::new(vec![1]);
/// let before = cell.load_full();
/// cell.publish::<()>(|now| Ok(Some([now.as_slice(), &[2]].concat()))).unwrap();
/// assert_eq!((before.as_slice(), cell.load().as_slice()), (&[1][..], &[1, 2][..]));
/// ```
pub struct Cell<T: Send + Sync + 'static, S: Slot<T> = ArcSwap<T>> {
    value: S,
    turn: Turn,
    of: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static, S: Slot<T>> Cell<T, S> {
    /// A cell that holds `value`, in a slot of the caller's choice.
    pub fn in_slot(value: T) -> Self {
        Self { value: S::holding(Arc::new(value)), turn: Turn::default(), of: PhantomData }
    }

    /// The newest value, to keep.
    #[inline]
    pub fn load_full(&self) -> Arc<T> {
        self.value.load_full()
    }

    /// As [`Cell::publish`], but hands the replaced value to the caller instead of to the reaper.
    ///
    /// # Errors
    /// Those of `next`; the value then stays.
    pub fn replace<E>(&self, next: impl FnOnce(&Arc<T>) -> Result<Option<Arc<T>>, E>) -> Result<Option<Arc<T>>, E> {
        let _mine = self.turn.take();
        let current = self.value.load_full();
        Ok(next(&current)?.map(|value| {
            drop(self.value.swap(value));
            current
        }))
    }
}

#[cfg(not(loom))]
impl<T: Send + Sync + 'static> Cell<T> {
    /// A cell that holds `value`.
    pub fn new(value: T) -> Self {
        Self::in_slot(value)
    }

    /// The newest value, for the length of a unit of work. Wait-free; no reference count is touched.
    #[inline]
    pub fn load(&self) -> Guard<Arc<T>> {
        self.value.load()
    }
}

#[cfg(not(loom))]
impl<T: Send + Sync + 'static, S: Slot<T>> Cell<T, S> {
    /// Replaces the value by what `next` makes of the current one; `None` leaves it. Publishers wait for one another, readers for nobody.
    ///
    /// # Errors
    /// Those of `next`; the value then stays.
    pub fn publish<E>(&self, next: impl FnOnce(&Arc<T>) -> Result<Option<T>, E>) -> Result<bool, E> {
        self.publish_shared(|now| next(now).map(|value| value.map(Arc::new)))
    }

    /// As [`Cell::publish`], of a value that is shared already.
    ///
    /// # Errors
    /// Those of `next`; the value then stays.
    pub fn publish_shared<E>(&self, next: impl FnOnce(&Arc<T>) -> Result<Option<Arc<T>>, E>) -> Result<bool, E> {
        let Some(replaced) = self.replace(next)? else { return Ok(false) };
        retire(replaced);
        Ok(true)
    }
}

#[cfg(not(loom))]
impl<T: Send + Sync + 'static, S: Slot<T>> Drop for Cell<T, S> {
    fn drop(&mut self) {
        retire(self.value.load_full());
    }
}
