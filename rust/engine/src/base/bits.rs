//! A fixed-length set of document ids as plain 64-bit words.
//!
//! **Law**: bits at and beyond `len` are always zero, so counting is a popcount and complement is masked.

/// A set of `u32` below a fixed length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitSet {
    words: Vec<u64>,
    len: u32,
}

impl BitSet {
    /// The empty set over `0..len`.
    #[must_use]
    pub fn empty(len: u32) -> Self {
        Self { words: vec![0; (len as usize).div_ceil(64)], len }
    }

    /// The set of all of `0..len`.
    #[must_use]
    pub fn full(len: u32) -> Self {
        let mut set = Self { words: vec![u64::MAX; (len as usize).div_ceil(64)], len };
        set.mask_tail();
        set
    }

    fn mask_tail(&mut self) {
        let tail = self.len % 64;
        if tail != 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1u64 << tail) - 1;
        }
    }

    /// How many ids the set ranges over.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether it ranges over nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The words, low bit first.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The words to write to. Whoever writes keeps the bits beyond the length zero.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Whether `id` is in the set; ids beyond the length are not.
    #[inline]
    #[must_use]
    pub fn contains(&self, id: u32) -> bool {
        self.words.get(id as usize / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// Adds `id` and says whether it is new. Ids beyond the length are ignored.
    #[inline]
    pub fn insert(&mut self, id: u32) -> bool {
        if id >= self.len {
            return false;
        }
        let word = &mut self.words[id as usize / 64];
        let new = *word >> (id % 64) & 1 == 0;
        *word |= 1 << (id % 64);
        new
    }

    /// Removes `id` and says whether it was there.
    #[inline]
    pub fn remove(&mut self, id: u32) -> bool {
        if id >= self.len {
            return false;
        }
        let word = &mut self.words[id as usize / 64];
        let there = *word >> (id % 64) & 1 == 1;
        *word &= !(1 << (id % 64));
        there
    }

    /// How many ids are in the set.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// Keeps what is also in `other` (of the same length).
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }

    /// Adds what is in `other` (of the same length).
    pub fn union(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }

    /// Removes what is in `other` (of the same length).
    pub fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= !b);
    }

    /// The complement.
    pub fn negate(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.mask_tail();
    }

    /// The ids, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    i as u32 * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_like_a_set_of_numbers(len in 0u32..300, a in prop::collection::vec(0u32..320, 0..80), b in prop::collection::vec(0u32..320, 0..80)) {
            let build = |ids: &[u32]| {
                let mut bits = BitSet::empty(len);
                let mut set = BTreeSet::new();
                for &id in ids {
                    prop_assert_eq!(bits.insert(id), id < len && set.insert(id));
                }
                Ok((bits, set))
            };
            let ((bits_a, set_a), (bits_b, set_b)) = (build(&a)?, build(&b)?);
            let check = |bits: &BitSet, set: &BTreeSet<u32>| {
                prop_assert!(bits.iter().eq(set.iter().copied()));
                prop_assert_eq!(bits.count() as usize, set.len());
                Ok(())
            };
            let mut both = bits_a.clone();
            both.intersect(&bits_b);
            check(&both, &set_a.intersection(&set_b).copied().collect())?;
            let mut any = bits_a.clone();
            any.union(&bits_b);
            check(&any, &set_a.union(&set_b).copied().collect())?;
            let mut less = bits_a.clone();
            less.subtract(&bits_b);
            check(&less, &set_a.difference(&set_b).copied().collect())?;
            let mut not = bits_a.clone();
            not.negate();
            check(&not, &(0..len).filter(|id| !set_a.contains(id)).collect())?;
            check(&BitSet::full(len), &(0..len).collect())?;
        }
    }
}
