//! Pairs while a field is built: how often each occurs, and which number it got.
//!
//! **Law**: both maps are an array for the small term frequencies that nearly all postings have, and a hash map for the rest.

use hashbrown::HashMap;

use super::{Codebook, Pair};

/// Term frequencies below this have a slot in the arrays.
const SMALL: u32 = 16;

#[inline]
fn slot(pair: Pair) -> Option<usize> {
    (pair.tf < SMALL).then(|| (pair.tf as usize) << 8 | usize::from(pair.norm))
}

/// How often each pair occurs.
#[derive(Debug, Default)]
pub struct PairCounts {
    /// Empty until something is counted: a schema may have a thousand fields.
    small: Vec<u64>,
    large: HashMap<Pair, u64>,
}

impl PairCounts {
    /// Counts `times` postings of a pair.
    #[inline]
    pub fn add(&mut self, pair: Pair, times: u64) {
        match slot(pair) {
            Some(slot) => match self.small.get_mut(slot) {
                Some(count) => *count += times,
                None => self.first(slot, times),
            },
            None => *self.large.entry(pair).or_default() += times,
        }
    }

    #[cold]
    fn first(&mut self, slot: usize, times: u64) {
        self.small = vec![0; (SMALL as usize) << 8];
        self.small[slot] = times;
    }

    /// All pairs that occur, in no order.
    #[must_use]
    pub fn into_vec(self) -> Vec<(Pair, u64)> {
        let small = self.small.iter().enumerate().filter(|(_, count)| **count > 0);
        let small = small.map(|(slot, count)| (Pair { tf: (slot >> 8) as u32, norm: slot as u8 }, *count));
        small.chain(self.large).collect()
    }

    /// Bytes held.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.small.capacity() * 8 + self.large.capacity() * (size_of::<(Pair, u64)>() + 1)
    }
}

/// No number.
const NONE: u32 = u32::MAX;

/// The numbers that a codebook gave its pairs.
#[derive(Debug)]
pub struct PairNumbers {
    small: Vec<u32>,
    large: HashMap<Pair, u32>,
}

impl PairNumbers {
    /// Of all pairs of `codebook`.
    #[must_use]
    pub fn of(codebook: &Codebook) -> Self {
        let mut numbers = Self { small: vec![NONE; (SMALL as usize) << 8], large: HashMap::new() };
        for (number, pair) in codebook.pairs().iter().enumerate() {
            match slot(*pair) {
                Some(slot) => numbers.small[slot] = number as u32,
                None => _ = numbers.large.insert(*pair, number as u32),
            }
        }
        numbers
    }

    /// The number of a pair that was counted.
    #[inline]
    #[must_use]
    pub fn get(&self, pair: Pair) -> Option<u32> {
        let number = match slot(pair) {
            Some(slot) => self.small[slot],
            None => self.large.get(&pair).copied().unwrap_or(NONE),
        };
        (number != NONE).then_some(number)
    }
}
