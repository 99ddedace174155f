//! Summing the postings of one list over a stretch of documents.
//!
//! **In**: a clause, a window. **Out**: contributions added at the places of the window. **Law**: sums are at least the
//! contributions, and equal to them in lists without exceptions.

use super::clause::{Clause, Documents};
use super::work::Work;
use crate::exec::kernels::{Kernels, Le2, Le4};
use crate::exec::window::{PLACES, WINDOW};

/// log2 of a window's documents.
pub(super) const LOG2: u32 = WINDOW.ilog2();

/// The first posting of the block `first..last` whose low part is at least `offset`, and the end. `cursor`: the first that was not passed yet.
fn begin(low: &[[u8; 2]], (first, last): (usize, usize), offset: u32, cursor: u32) -> (usize, usize) {
    let lows = low.get(first..last).unwrap_or_default();
    let low = |at: usize| lows.get(at).map_or(u32::MAX, |low| u32::from(u16::from_le_bytes(*low)));
    // Windows ascend: mostly this one begins where the last one ended.
    let next = (cursor as usize).saturating_sub(first).min(lows.len());
    let begins = low(next) >= offset && next.checked_sub(1).is_none_or(|before| low(before) < offset);
    let from = if begins { next } else { lows.partition_point(|low| u32::from(u16::from_le_bytes(*low)) < offset) };
    (first + from, first + lows.len())
}

impl Clause<'_> {
    /// Calls `f(posting, document)` for all postings, ascending.
    pub fn each(&self, mut f: impl FnMut(u32, u32)) {
        match self.documents {
            Documents::Sorted(docs) => (0u32..).zip(docs).for_each(|(index, doc)| f(index, *doc)),
            Documents::Aligned { shift, starts, low } => {
                for (block, bounds) in (0u32..).zip(starts.windows(2)) {
                    let [start, end] = [bounds[0], bounds[1]].map(u32::from_le_bytes);
                    for (index, low) in (start..).zip(low.get(start as usize..end as usize).unwrap_or_default()) {
                        f(index, (block << shift) + u32::from(u16::from_le_bytes(*low)));
                    }
                }
            }
            Documents::Bitmap { words, .. } => {
                let mut index = 0;
                for (base, word) in (0u32..).step_by(64).zip(words) {
                    let mut word = u64::from_le_bytes(*word);
                    while word != 0 && index < self.df {
                        f(index, base + word.trailing_zeros());
                        index += 1;
                        word &= word - 1;
                    }
                }
            }
        }
    }

    /// The postings in the documents `base .. base + 2^log2`, of a list that is not a bitmap; `cursor` is the first posting that was
    /// not passed yet: windows ascend.
    #[inline]
    pub fn range(&self, base: u32, log2: u32, cursor: &mut u32) -> (usize, usize) {
        match self.documents {
            Documents::Sorted(docs) => {
                let end = u64::from(base) + (1u64 << log2);
                let mut from = *cursor as usize;
                while docs.get(from).is_some_and(|doc| *doc < base) {
                    from += 1;
                }
                let mut to = from;
                while docs.get(to).is_some_and(|doc| u64::from(*doc) < end) {
                    to += 1;
                }
                *cursor = to as u32;
                (from, to)
            }
            Documents::Aligned { shift, starts, low } => {
                let start = |at: usize| starts.get(at).or(starts.last()).map_or(0, |start| u32::from_le_bytes(*start) as usize);
                let block = (base >> shift) as usize;
                if shift <= log2 {
                    return (start(block), start(block + (1usize << (log2 - shift))));
                }
                let offset = base & ((1 << shift) - 1);
                let (from, end) = begin(low, (start(block), start(block + 1)), offset, *cursor);
                let rest = low.get(from..end).unwrap_or_default();
                let len = rest.partition_point(|low| u32::from(u16::from_le_bytes(*low)) < offset + (1 << log2));
                *cursor = (from + len) as u32;
                (from, from + len)
            }
            Documents::Bitmap { .. } => (0, 0),
        }
    }

    /// Calls `f(low parts, codes, first place)` for each block of a window of `2^log2` documents, which are several, from `starts` on; the
    /// postings that they have.
    #[inline(always)]
    fn each_block(&self, starts: &[Le4], low: &[Le2], shift: u32, log2: u32, mut f: impl FnMut(&[Le2], &[u8], usize)) -> (usize, usize) {
        let (mut first, mut last) = (None, 0);
        for (place, bounds) in (0usize..).step_by(1 << shift).zip(starts.windows(2).take(1 << (log2 - shift))) {
            let [start, end] = [bounds[0], bounds[1]].map(|start| u32::from_le_bytes(start) as usize);
            f(low.get(start..end).unwrap_or_default(), self.codes.get(start..end).unwrap_or_default(), place);
            first = first.or(Some(start));
            last = end;
        }
        (first.unwrap_or(last), last)
    }

    /// Adds what postings contribute at most in the documents `base .. base + 4096`.
    pub fn add_to(&self, base: u32, cursor: &mut u32, window: &mut [i32; PLACES], kernels: &Kernels, work: &mut Work) {
        let (from, to) = match self.documents {
            Documents::Sorted(docs) => {
                let (from, to) = self.range(base, LOG2, cursor);
                for index in from..to {
                    let (Some(doc), Some(code)) = (docs.get(index), self.codes.get(index)) else { break };
                    window[(doc - base) as usize % PLACES] += self.upper[usize::from(*code)];
                }
                (from, to)
            }
            Documents::Aligned { shift, starts, low } if shift < LOG2 => {
                let starts = starts.get((base >> shift) as usize..).unwrap_or_default();
                self.each_block(starts, low, shift, LOG2, |low, codes, place| {
                    (kernels.scatter_codes)(low, codes, self.upper, place, window)
                })
            }
            Documents::Aligned { low, .. } => {
                let (from, to) = self.range(base, LOG2, cursor);
                let (low, codes) = (low.get(from..to).unwrap_or_default(), self.codes.get(from..to).unwrap_or_default());
                (kernels.scatter_codes)(low, codes, self.upper, 0, window);
                (from, to)
            }
            Documents::Bitmap { words, .. } => {
                let first = base as usize / 64;
                let words = words.get(first..).unwrap_or_default();
                let words = words.get(..PLACES / 64).unwrap_or(words);
                let (from, to) = (self.rank(base), base.checked_add(WINDOW).map_or(self.df as usize, |end| self.rank(end)));
                (kernels.expand_codes)(words, self.codes.get(from..to).unwrap_or_default(), self.upper, window);
                (from, to)
            }
        };
        work.summed += (to - from.min(to)) as u64;
    }

    /// The same in units, rounded up, in the documents `base .. base + 2^log2`; `window` has a byte for each.
    pub fn add_coarse(&self, base: u32, log2: u32, cursor: &mut u32, lut: &[u8; 256], window: &mut [u8], kernels: &Kernels) -> usize {
        let (from, to) = match self.documents {
            Documents::Sorted(docs) => {
                let (from, to) = self.range(base, log2, cursor);
                for (doc, code) in docs.get(from..to).unwrap_or_default().iter().zip(self.codes.get(from..).unwrap_or_default()) {
                    if let Some(slot) = window.get_mut((doc - base) as usize) {
                        *slot = slot.saturating_add(lut[usize::from(*code)]);
                    }
                }
                (from, to)
            }
            Documents::Aligned { shift, starts, low } if shift < log2 => {
                let starts = starts.get((base >> shift) as usize..).unwrap_or_default();
                self.each_block(starts, low, shift, log2, |low, codes, place| (kernels.scatter_coarse)(low, codes, lut, place, window))
            }
            Documents::Aligned { shift, starts, low } => {
                let start = |at: usize| starts.get(at).or(starts.last()).map_or(0, |start| u32::from_le_bytes(*start) as usize);
                let (block, offset) = ((base >> shift) as usize, base & ((1u32 << shift.min(31)) - 1));
                let (from, end) = begin(low, (start(block), start(block + 1)), offset, *cursor);
                // A few: where the window ends is seen on the way.
                let mut to = from;
                for (low, code) in low.get(from..end).unwrap_or_default().iter().zip(self.codes.get(from..).unwrap_or_default()) {
                    let place = u32::from(u16::from_le_bytes(*low)).wrapping_sub(offset) as usize;
                    let Some(slot) = window.get_mut(place) else { break };
                    *slot = slot.saturating_add(lut[usize::from(*code)]);
                    to += 1;
                }
                *cursor = to as u32;
                (from, to)
            }
            Documents::Bitmap { words, .. } => {
                let words = words.get(base as usize / 64..).unwrap_or_default();
                let end = base.checked_add(1 << log2).map_or(self.df as usize, |end| self.rank(end));
                let from = self.rank(base);
                (kernels.expand_coarse)(words, self.codes.get(from..end).unwrap_or_default(), lut, window);
                (from, end)
            }
        };
        to - from.min(to)
    }
}
