//! Where one way to lead ends and another begins: numbers of which none changes a result, only what it costs.
//!
//! **Law**: whatever they are, hits stay the same; so tests may force others on their thread, and meet in small segments what otherwise
//! needs large ones.

/// The numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A clause joins a group when it has at most so many times the group's postings.
    pub ratio: u64,
    /// Groups of at most so many postings are merged as lists.
    pub merged: u64,
    /// A group with at least one posting in so many documents is dense.
    pub dense: u64,
    /// Cost of a candidate, in tenths of a cycle.
    pub candidate_cost: u64,
    /// Cost of a summed posting, in tenths of a cycle.
    pub posting_cost: u64,
}

impl Limits {
    /// Those that were measured.
    pub const USUAL: Self = Self { ratio: 4, merged: 2048, dense: 16, candidate_cost: 300, posting_cost: 37 };

    /// Those in force.
    #[cfg(not(test))]
    #[inline]
    pub const fn current() -> Self {
        Self::USUAL
    }
}

#[cfg(test)]
mod forced {
    use super::Limits;
    use std::cell::Cell;

    thread_local! {
        static FORCED: Cell<Limits> = const { Cell::new(Limits::USUAL) };
    }

    impl Limits {
        /// Those in force on this thread.
        pub fn current() -> Self {
            FORCED.get()
        }

        /// Puts others in force on this thread, while `run` runs.
        pub fn force<T>(self, run: impl FnOnce() -> T) -> T {
            let before = FORCED.replace(self);
            let done = run();
            FORCED.set(before);
            done
        }
    }
}
