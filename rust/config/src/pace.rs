//! The pace of long work: it gives the processor away several times a millisecond.
//!
//! **In**: values that were read or checked. **Out**: nothing. **Law**: a thread that was woken on the processor of a reload waits for 4,096
//! values at most, some 0.2 ms, and not for the reload's whole slice of 3 ms. A thread that waits for the interpreter is woken like that when
//! another hands it over, and while it waits for a processor no other thread runs Python either: handlers then stood still for 2 to 4 ms in
//! every second reload. With nobody waiting a turn costs less than a microsecond.

/// Values between two turns.
const VALUES: usize = 4096;

/// Counts values.
#[derive(Debug, Default)]
pub(crate) struct Pace(usize);

impl Pace {
    /// So many values were looked at.
    #[inline]
    pub fn step(&mut self, values: usize) {
        self.0 += values;
        if self.0 >= VALUES {
            self.turn();
        }
    }

    #[cold]
    fn turn(&mut self) {
        self.0 = 0;
        turn();
    }
}

/// Gives the processor to who waits for it, between two steps that count no values.
pub(crate) fn turn() {
    std::thread::yield_now();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_comes_after_so_many_values() {
        let mut pace = Pace::default();
        let mut turns = 0;
        for _ in 0..10 * VALUES {
            pace.step(1);
            turns += usize::from(pace.0 == 0);
        }
        assert_eq!(turns, 10);
        pace.step(usize::MAX / 2);
        assert_eq!(pace.0, 0);
    }
}
