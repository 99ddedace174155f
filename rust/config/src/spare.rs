//! Memory of documents that nobody reads any more, kept for the next one.
//!
//! **In**: the arenas and texts of documents that die, on whatever thread. **Out**: the same memory, empty. **Law**
//! 1. A service that reloads reads a document like the last one. Memory that the system took back comes again page by page, cleared, and with
//!    other threads running that was a fifth of a reload of 100,000 keys. So one piece of each kind stays, the largest that is not larger
//!    than `MOST`: 12 MiB a process at most, and nothing where documents are small.
//! 2. Nobody waits: who finds the place occupied goes to the allocator, also a child whose parent was forked in that moment.
//! 3. A piece is handed out only for what nearly fills it, so a small document does not hold a large one's memory.

use std::mem::{size_of, take};
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, TryLockError};

/// The most bytes of one kind that are kept.
const MOST: usize = 4 << 20;
/// Less than this comes from the allocator's own store at once.
const LEAST: usize = 128 << 10;
/// Room is asked for in steps, so that a document that grew a little fits the memory of the last one.
const STEP: usize = 64 << 10;

/// Where the memory of one kind waits.
pub(crate) struct Place<T>(Mutex<Vec<T>>);

impl<T> Place<T> {
    /// An empty place.
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// An empty vector with room for so many.
    pub fn take(&self, room: usize) -> Vec<T> {
        let wanted = room.saturating_mul(size_of::<T>());
        if !(LEAST..=MOST).contains(&wanted) {
            return Vec::with_capacity(room);
        }
        let room = wanted.next_multiple_of(STEP) / size_of::<T>();
        if let Some(mut kept) = self.try_lock()
            && (room..=room + room / 16).contains(&kept.capacity())
        {
            return take(&mut *kept);
        }
        Vec::with_capacity(room)
    }

    /// Keeps memory for the next one.
    pub fn give(&self, mut memory: Vec<T>) {
        let bytes = memory.capacity() * size_of::<T>();
        if (LEAST..=MOST).contains(&bytes)
            && let Some(mut kept) = self.try_lock()
            && kept.capacity() < memory.capacity()
        {
            memory.clear();
            std::mem::swap(&mut *kept, &mut memory);
        }
    }

    fn try_lock(&self) -> Option<std::sync::MutexGuard<'_, Vec<T>>> {
        match self.0.try_lock() {
            Ok(kept) => Some(kept),
            Err(TryLockError::Poisoned(kept)) => Some(kept.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// What a vector of arenas holds.
pub(crate) trait Kept: Sized + 'static {
    /// Where memory of this kind waits.
    fn place() -> &'static Place<Self>;
}

/// A vector of an arena, whose memory waits for the next one when it dies.
#[derive(Debug)]
pub(crate) struct Reused<T: Kept>(Vec<T>);

impl<T: Kept> Reused<T> {
    /// An empty one with room for so many.
    pub fn with_room(room: usize) -> Self {
        Self(T::place().take(room))
    }
}

impl<T: Kept> Default for Reused<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Kept> Deref for Reused<T> {
    type Target = Vec<T>;

    #[inline(always)]
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Kept> DerefMut for Reused<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Kept> Drop for Reused<T> {
    fn drop(&mut self) {
        T::place().give(take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_comes_back_empty_for_what_nearly_fills_it() {
        let place: Place<u64> = Place::new();
        let mut memory = place.take(50_000);
        memory.extend(0..50_000);
        let address = |memory: &Vec<u64>| memory.as_ptr() as usize;
        let (at, room) = (address(&memory), memory.capacity());
        assert!((50_000..50_000 + STEP / 8).contains(&room), "{room}");
        place.give(memory);
        assert!(address(&place.take(40_000)) != at, "it would leave a fifth of it");
        assert!(address(&place.take(60_000)) != at, "it has no room for that");
        let again = place.take(49_500);
        assert_eq!((address(&again), again.len(), again.capacity()), (at, 0, room));
        assert!(address(&place.take(49_500)) != at, "it was given away");
    }

    #[test]
    fn one_piece_is_kept_the_largest_that_is_not_too_large() {
        let place: Place<u8> = Place::new();
        for bytes in [LEAST - 1, MOST + 1, 300_000, 200_000] {
            place.give(Vec::with_capacity(bytes));
        }
        assert_eq!(place.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).capacity(), 300_000);
    }

    #[test]
    fn nobody_waits_for_who_is_in_the_place() {
        let place: Place<u8> = Place::new();
        let inside = place.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        place.give(Vec::with_capacity(LEAST));
        assert!(place.take(LEAST).capacity() >= LEAST);
        drop(inside);
    }
}
