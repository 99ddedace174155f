//! Sorting that can be stopped.
//!
//! **In**: a slice in any order. **Out**: the slice sorted, or the word to stop. **Law**: a piece is sorted at once when it is small; a
//! larger slice is first parted around its middle, so no step between two looks at the interrupt takes longer than one pass over the
//! slice. The order is that of `sort_unstable`. Source: quickselect (Hoare 1961, algorithm 65), as the standard library has it.

use super::Pace;
use super::interrupt::Stop;

/// Elements that are sorted without a look at the interrupt: a few milliseconds.
const PIECE: usize = 1 << 16;

/// Sorts ascending; equal elements may change places.
///
/// # Errors
/// When the work must stop; the slice then has its elements in any order.
pub fn sort_unstable<T: Ord>(items: &mut [T], pace: &mut Pace<'_>) -> Result<(), Stop> {
    let mut waiting = vec![items];
    while let Some(items) = waiting.pop() {
        pace.step(items.len())?;
        if items.len() <= PIECE {
            items.sort_unstable();
            continue;
        }
        let (below, _, above) = items.select_nth_unstable(items.len() / 2);
        waiting.push(above);
        waiting.push(below);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::base::Interrupt;

    #[test]
    fn sorts_as_the_standard_library_does() {
        let mut state = 1u64;
        for len in [0, 1, 2, 1000, PIECE, PIECE + 1, 5 * PIECE + 3] {
            for distinct in [3, u64::MAX] {
                let mut items: Vec<u64> = (0..len)
                    .map(|_| {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        (state >> 11) % distinct
                    })
                    .collect();
                let mut expected = items.clone();
                expected.sort_unstable();
                sort_unstable(&mut items, &mut Pace::new(&Interrupt::none())).unwrap();
                assert!(items == expected, "{len} elements, {distinct} distinct");
            }
        }
    }

    #[test]
    fn stops_when_told_to() {
        let interrupt = Interrupt::new(Some(Arc::new(AtomicBool::new(true))), None);
        let mut items: Vec<usize> = (0..2 * PIECE).rev().collect();
        assert_eq!(sort_unstable(&mut items, &mut Pace::new(&interrupt)), Err(Stop::Cancelled));
    }
}
