//! One list of documents, a region of 65,536 documents at a time.
//!
//! **In**: a list as it lies in the file, or decoded. **Out**: its documents of a region as bits or numbers; whether it has given ones. **Law**:
//! regions may come in any order, ascending ones are fastest. A region is as long as the longest block of an aligned list, so no block has to be cut, and its bits are 8 KB: those
//! of a few lists stay in the first-level cache.

use std::cell::Cell;

use super::super::clause::Documents;
use crate::exec::kernels::Kernels;

/// log2 of a region's documents.
pub(super) const LOG2: u32 = 16;
/// Documents of a region.
pub const REGION: u32 = 1 << LOG2;
/// 64-bit words of a region.
pub(super) const WORDS: usize = REGION as usize / 64;
/// Documents of a region as bits.
pub(super) type Bits = [u64; WORDS];

/// A list.
#[derive(Clone)]
pub(super) struct List<'a> {
    pub df: u32,
    pub documents: Documents<'a>,
    /// The region last asked for, and the postings of a plain list in it.
    reached: Cell<(u32, u32, u32)>,
}

impl<'a> List<'a> {
    pub fn new(df: u32, documents: Documents<'a>) -> Self {
        Self { df, documents, reached: Cell::new((0, 0, 0)) }
    }

    /// Whether it is a bitmap.
    pub fn is_dense(&self) -> bool {
        matches!(self.documents, Documents::Bitmap { .. })
    }

    /// All words of a bitmap.
    pub fn bitmap(&self) -> &'a [[u8; 8]] {
        if let Documents::Bitmap { words, .. } = self.documents { words } else { &[] }
    }

    /// The words of a bitmap in a region.
    #[inline]
    pub fn words(&self, region: u32) -> &'a [[u8; 8]] {
        let rest = self.bitmap().get(region as usize * WORDS..).unwrap_or_default();
        rest.get(..WORDS).unwrap_or(rest)
    }

    /// The postings of a region, of a list that is no bitmap.
    #[inline]
    fn span(&self, region: u32) -> (usize, usize) {
        match self.documents {
            Documents::Sorted(docs) => {
                let (at, mut from, mut to) = self.reached.get();
                if at != region || to == 0 {
                    from = if at < region { to } else { 0 };
                    if at + 1 != region {
                        let rest = docs.get(from as usize..).unwrap_or_default();
                        from += rest.partition_point(|doc| doc >> LOG2 < region) as u32;
                    }
                    while docs.get(from as usize).is_some_and(|doc| doc >> LOG2 < region) {
                        from += 1;
                    }
                    to = from;
                    while docs.get(to as usize).is_some_and(|doc| doc >> LOG2 == region) {
                        to += 1;
                    }
                    self.reached.set((region, from, to));
                }
                (from as usize, to as usize)
            }
            Documents::Aligned { shift, starts, .. } => {
                let start = |at: usize| starts.get(at).or(starts.last()).map_or(0, |start| u32::from_le_bytes(*start) as usize);
                let (block, blocks) = ((region as usize) << (LOG2 - shift.min(LOG2)), 1 << (LOG2 - shift.min(LOG2)));
                (start(block), start(block + blocks))
            }
            Documents::Bitmap { .. } => (0, 0),
        }
    }

    /// How many postings of a region there are, of a list that is no bitmap.
    #[inline]
    pub fn len(&self, region: u32) -> usize {
        let (from, to) = self.span(region);
        to.saturating_sub(from)
    }

    /// The first region behind the last one asked for in which a plain list has a document; the next one for others.
    pub fn next_region(&self, region: u32) -> u32 {
        let next = region + 1;
        match self.documents {
            Documents::Sorted(docs) => {
                let (_, to) = self.span(region);
                docs.get(to).map_or(u32::MAX >> LOG2, |doc| doc >> LOG2).max(next)
            }
            _ => next,
        }
    }

    /// Hands out the places of a region, ascending, of a list that is no bitmap.
    #[inline]
    pub fn each(&self, region: u32, mut place: impl FnMut(usize)) {
        match self.documents {
            Documents::Sorted(docs) => {
                let (from, to) = self.span(region);
                docs.get(from..to).unwrap_or_default().iter().for_each(|doc| place((doc % REGION) as usize));
            }
            Documents::Aligned { shift, starts, low } => {
                let block = (region as usize) << (LOG2 - shift.min(LOG2));
                let bounds = starts.get(block..).unwrap_or_default().windows(2).take(1 << (LOG2 - shift.min(LOG2)));
                for (base, bounds) in (0usize..).step_by(1 << shift.min(LOG2)).zip(bounds) {
                    let [start, end] = [bounds[0], bounds[1]].map(|start| u32::from_le_bytes(start) as usize);
                    for low in low.get(start..end).unwrap_or_default() {
                        place(base + usize::from(u16::from_le_bytes(*low)));
                    }
                }
            }
            Documents::Bitmap { .. } => {}
        }
    }

    /// Adds its documents to the bits of a region.
    #[inline]
    pub fn add(&self, kernels: &Kernels, region: u32, bits: &mut Bits) {
        if self.is_dense() {
            (kernels.or_into)(bits, self.words(region));
        } else {
            self.each(region, |place| bits[place / 64 % WORDS] |= 1 << (place % 64));
        }
    }

    /// Takes its documents from the bits of a region.
    #[inline]
    pub fn remove(&self, kernels: &Kernels, region: u32, bits: &mut Bits) {
        if self.is_dense() {
            (kernels.and_not_into)(bits, self.words(region));
        } else {
            self.each(region, |place| bits[place / 64 % WORDS] &= !(1 << (place % 64)));
        }
    }

    /// Adds its documents to the bits of a region, and counts those that were neither there nor in a bitmap.
    #[inline]
    pub fn add_new(&self, region: u32, covered: &[[u8; 8]], bits: &mut Bits) -> u64 {
        let mut new = 0;
        self.each(region, |place| {
            let (at, bit) = (place / 64 % WORDS, place % 64);
            let word = bits[at];
            let there = word | covered.get(at).map_or(0, |word| u64::from_le_bytes(*word));
            new += !there >> bit & 1;
            bits[at] = word | 1 << bit;
        });
        new
    }

    /// Empties the words that hold any of its documents.
    #[inline]
    pub fn clear(&self, region: u32, bits: &mut Bits) {
        self.each(region, |place| bits[place / 64 % WORDS] = 0);
    }

    /// The posting of each document, or [`super::super::clause::MISS`].
    #[inline]
    pub fn probe(&self, kernels: &Kernels, docs: &[u32], out: &mut [u32]) {
        self.documents.probe(kernels, docs, out);
    }
}
