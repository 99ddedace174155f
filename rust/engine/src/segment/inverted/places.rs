//! Where a token stands, in one integer; and a term's tokens as a list.
//!
//! **Law**: the document is above the position, so integers order as documents and positions do. Half of all flushes fit into 32 bits.

use crate::base::{Error, Result};
use crate::codec::codebook::{Pair, PairNumbers};

/// Bits that every position fits into.
pub(super) fn position_bits(max_position: u32) -> u32 {
    32 - max_position.leading_zeros()
}

/// A document and a position in one integer.
pub(super) trait Place: Copy + Default + PartialEq {
    fn new(doc: u32, position: u32, bits: u32) -> Self;
    fn doc(self, bits: u32) -> u32;
    fn position(self, bits: u32) -> u32;
}

impl Place for u32 {
    #[inline]
    fn new(doc: u32, position: u32, bits: u32) -> Self {
        (u64::from(doc) << bits | u64::from(position)) as Self
    }
    #[inline]
    fn doc(self, bits: u32) -> u32 {
        (u64::from(self) >> bits) as u32
    }
    #[inline]
    fn position(self, bits: u32) -> u32 {
        (u64::from(self) & ((1 << bits) - 1)) as u32
    }
}

impl Place for u64 {
    #[inline]
    fn new(doc: u32, position: u32, bits: u32) -> Self {
        u64::from(doc) << bits | u64::from(position)
    }
    #[inline]
    fn doc(self, bits: u32) -> u32 {
        (self >> bits) as u32
    }
    #[inline]
    fn position(self, bits: u32) -> u32 {
        (self & ((1 << bits) - 1)) as u32
    }
}

/// The postings of the term that is being encoded.
#[derive(Default)]
pub(super) struct List {
    pub docs: Vec<u32>,
    pub pairs: Vec<u32>,
    pub deltas: Vec<u32>,
}

impl List {
    #[inline]
    pub fn read<P: Place>(&mut self, places: &[P], bits: u32, positions: bool, norms: &[u8], numbers: &PairNumbers) -> Result<()> {
        self.docs.clear();
        self.pairs.clear();
        self.deltas.clear();
        if positions {
            let gap = |pair: &[P]| {
                let (doc, at) = (pair[1].doc(bits), pair[1].position(bits));
                if doc == pair[0].doc(bits) { at - pair[0].position(bits) } else { at }
            };
            self.deltas.extend(places.first().map(|first| first.position(bits)));
            self.deltas.extend(places.windows(2).map(gap));
        }
        let mut start = 0;
        while let Some(first) = places.get(start) {
            let doc = first.doc(bits);
            let mut end = start + 1;
            while places.get(end).is_some_and(|place| place.doc(bits) == doc) {
                end += 1;
            }
            let pair = Pair { tf: (end - start) as u32, norm: norms.get(doc as usize).copied().unwrap_or(0) };
            start = end;
            let Some(number) = numbers.get(pair) else { return Err(Error::Defect("a posting's pair was not counted")) };
            self.docs.push(doc);
            self.pairs.push(number);
        }
        Ok(())
    }
}
