//! Every kernel at every level that runs here against its naive twin: over lengths, alignments, and lies.
//!
//! **Law**: what a kernel writes is compared whole, with the marks behind the part that it may write.

mod coarse;
mod codes;
mod lists;
mod naive;
mod probes;
mod windows;

use super::*;

/// The level that `FINDSPOT_KERNELS` names: the engine's tests run under each in turn.
pub(super) fn forced() -> Option<Level> {
    let name = std::env::var("FINDSPOT_KERNELS").ok().filter(|name| !name.is_empty())?;
    let level = Level::named(&name);
    assert!(level.is_some_and(|level| level.kernels().is_some()), "FINDSPOT_KERNELS={name}: no such level here");
    level
}

fn levels() -> impl Iterator<Item = &'static Kernels> {
    Level::available().filter_map(Level::kernels)
}

/// Lengths and alignments: every length to 300 at three alignments, the awkward ones at each of 64.
fn shapes() -> impl Iterator<Item = (usize, usize)> {
    const AWKWARD: [usize; 14] = [0, 1, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 128, 129];
    let each = (0..=300).flat_map(|length| [0, length * 7 + 1, length * 13 + 5].map(|at| (length, at % 64)));
    each.chain(AWKWARD.into_iter().flat_map(|length| (0..64).map(move |at| (length, at))))
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// Distinct ascending numbers below `bound`; at most `count` of them.
    fn ascending(&mut self, count: usize, bound: usize) -> Vec<u32> {
        let set: std::collections::BTreeSet<u32> = (0..count).map(|_| self.below(bound) as u32).collect();
        set.into_iter().collect()
    }
}

/// A list whose first element lies at any byte.
struct Unaligned {
    bytes: Vec<u8>,
    at: usize,
}

impl Unaligned {
    fn new<const N: usize>(elements: impl IntoIterator<Item = [u8; N]>, at: usize) -> Self {
        let bytes = vec![0xa5; at].into_iter().chain(elements.into_iter().flatten()).collect();
        Self { bytes, at }
    }

    fn get<const N: usize>(&self) -> &[[u8; N]] {
        self.bytes[self.at..].as_chunks().0
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.at..]
    }
}

#[test]
fn a_level_in_use_is_one_that_runs() {
    let levels: Vec<Level> = Level::available().collect();
    assert_eq!(levels[0], Level::Portable);
    assert!(levels.contains(&current().level));
    assert!(use_level(current().level) && Level::ALL.iter().all(|level| levels.contains(level) || !use_level(*level)));
    assert!(Level::ALL.iter().all(|level| Level::named(level.name()) == Some(*level)) && Level::named("sse").is_none());
    assert!(Level::available().all(|level| level.kernels().is_some_and(|kernels| kernels.level == level)));
}
