//! Terms while a field is built: each distinct byte string once, numbered as it comes.
//!
//! **Law**: a slot of the table holds a term's first eight bytes, its length and its number, so a lookup of a short word touches one cache
//! line and compares no strings; the arena holds only what is behind the first eight bytes. Sorting compares integers too. The hash is
//! keyed per builder: documents chosen to collide do not.
//!
//! Linear probing at a load of at most 3/4: with control bytes apart from slots and slots apart from entries (`hashbrown` over numbers),
//! two thirds of the time went into three dependent cache misses a word. Source: wyhash's folded multiplication (Wang Yi).

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::base::{Pace, Result, sorting};
use crate::codec::terms::prefix_of;

/// Where a term is found.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The first eight bytes, as the number that orders as they do.
    prefix: u64,
    /// One more than the term's number; 0 = free.
    number: u32,
    /// Length in bytes, at most [`LONG`].
    len: u16,
    /// Bits of the hash that do not choose the slot.
    tag: u16,
}

/// Stands for this length and all greater ones.
const LONG: usize = u16::MAX as usize;

/// The distinct terms of a field.
#[derive(Debug)]
pub(super) struct Interner {
    /// A power of two, or none.
    slots: Vec<Slot>,
    /// By number: the first eight bytes.
    prefixes: Vec<u64>,
    /// By number: where in the arena the other bytes begin, and the whole length.
    spans: Vec<(u32, u32)>,
    arena: Vec<u8>,
    keys: [u64; 2],
}

/// Multiplies to 128 bits and folds the halves.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[inline]
fn hash(keys: [u64; 2], prefix: u64, len: usize, rest: &[u8]) -> u64 {
    let mut state = fold(prefix ^ keys[0], len as u64 ^ keys[1]);
    let (words, tail) = rest.as_chunks::<8>();
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), keys[1]);
    }
    if !tail.is_empty() {
        state = fold(state ^ prefix_of(tail), keys[1]);
    }
    state
}

/// Equality of two strings of one length, without a call for the short ones that words end in.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    a.iter().zip(b).all(|(a, b)| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b)) && prefix_of(a_tail) == prefix_of(b_tail)
}

impl Default for Interner {
    fn default() -> Self {
        let random = RandomState::new();
        let key = |number| {
            let mut hasher = random.build_hasher();
            hasher.write_u64(number);
            hasher.finish() | 1
        };
        Self { slots: Vec::new(), prefixes: Vec::new(), spans: Vec::new(), arena: Vec::new(), keys: [key(1), key(2)] }
    }
}

impl Interner {
    /// The number of a term.
    #[inline]
    pub fn intern(&mut self, term: &[u8]) -> u32 {
        let prefix = prefix_of(term);
        let rest = term.get(8..).unwrap_or_default();
        let hash = hash(self.keys, prefix, term.len(), rest);
        let (tag, len) = ((hash >> 48) as u16, term.len().min(LONG) as u16);
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get(at) {
            if slot.number == 0 {
                break;
            }
            if slot.prefix == prefix
                && slot.len == len
                && slot.tag == tag
                && (rest.is_empty() || self.is(slot.number - 1, term.len(), rest))
            {
                return slot.number - 1;
            }
            at = (at + 1) & mask;
        }
        self.add(prefix, term.len(), rest)
    }

    #[inline]
    fn is(&self, number: u32, len: usize, rest: &[u8]) -> bool {
        self.spans[number as usize].1 as usize == len && same(self.rest(number), rest)
    }

    fn add(&mut self, prefix: u64, len: usize, rest: &[u8]) -> u32 {
        let number = self.prefixes.len() as u32;
        self.prefixes.push(prefix);
        self.spans.push((self.arena.len() as u32, len as u32));
        self.arena.extend_from_slice(rest);
        if self.prefixes.len() * 4 > self.slots.len() * 3 {
            let slots = (self.slots.len() * 2).max(64);
            self.slots.clear();
            self.slots.resize(slots, Slot::default());
            // In the order of the numbers, so that only the writes jump.
            (0..number).for_each(|number| self.place(number));
        }
        self.place(number);
        number
    }

    /// Puts a term into the first free slot behind its hash.
    fn place(&mut self, number: u32) {
        let (prefix, len) = (self.prefixes[number as usize], self.spans[number as usize].1 as usize);
        let hash = hash(self.keys, prefix, len, self.rest(number));
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at].number != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = Slot { prefix, number: number + 1, len: len.min(LONG) as u16, tag: (hash >> 48) as u16 };
    }

    /// The bytes behind the first eight.
    #[inline]
    fn rest(&self, number: u32) -> &[u8] {
        let (start, len) = self.spans[number as usize];
        let len = (len as usize).saturating_sub(8);
        &self.arena[start as usize..start as usize + len]
    }

    /// How many terms there are.
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// Whether all that was interned could be numbered: 2³² − 2 terms and 4 GiB of bytes are the limit.
    pub fn has_room(&self) -> bool {
        self.prefixes.len() < u32::MAX as usize && self.arena.len() <= u32::MAX as usize
    }

    /// Appends a term's bytes to `out`.
    pub fn append(&self, number: u32, out: &mut Vec<u8>) {
        let len = self.spans[number as usize].1 as usize;
        out.extend_from_slice(&self.prefixes[number as usize].to_be_bytes()[..len.min(8)]);
        out.extend_from_slice(self.rest(number));
    }

    /// The numbers of all terms, in byte order of the terms.
    ///
    /// # Errors
    /// An interrupt's.
    pub fn sorted(&self, pace: &mut Pace<'_>) -> Result<Vec<u32>> {
        let mut order: Vec<(u64, u32)> = self.prefixes.iter().copied().zip(0..).collect();
        sorting::sort_unstable(&mut order, pace)?;
        for same in order.chunk_by_mut(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let key = |number: u32| (self.rest(number), self.spans[number as usize].1);
            same.sort_unstable_by(|a, b| key(a.1).cmp(&key(b.1)));
            pace.step(same.len())?;
        }
        Ok(order.into_iter().map(|(_, number)| number).collect())
    }

    /// Bytes held, and the bytes that sorting will take beside them.
    pub fn memory(&self) -> usize {
        let sorting = self.len() * (size_of::<(u64, u32)>() + size_of::<u32>());
        let by_number = self.prefixes.capacity() * size_of::<u64>() + self.spans.capacity() * size_of::<(u32, u32)>();
        self.slots.capacity() * size_of::<Slot>() + by_number + self.arena.capacity() + sorting
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::base::Interrupt;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_term_has_one_number_and_sorts_as_its_bytes(terms in prop::collection::vec(prop::collection::vec(prop_oneof![0u8..3, any::<u8>()], 0..24), 0..200)) {
            let mut interner = Interner::default();
            let numbers: Vec<u32> = terms.iter().map(|term| interner.intern(term)).collect();
            for (term, number) in terms.iter().zip(&numbers) {
                prop_assert_eq!(interner.intern(term), *number);
                let mut out = Vec::new();
                interner.append(*number, &mut out);
                prop_assert_eq!(&out, term);
            }
            let distinct: BTreeSet<Vec<u8>> = terms.iter().cloned().collect();
            prop_assert_eq!(interner.len(), distinct.len());
            let sorted: Vec<Vec<u8>> = interner.sorted(&mut Pace::new(&Interrupt::none())).unwrap().into_iter().map(|number| { let mut out = Vec::new(); interner.append(number, &mut out); out }).collect();
            prop_assert_eq!(sorted, distinct.into_iter().collect::<Vec<_>>());
        }
    }
}
