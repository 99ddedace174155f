//! Presence bitmaps with ranks: the documents of frequent terms.
//!
//! **Law**: bit `d % 64` of word `d / 64` says whether document `d` has the term; `rank[d / 512]` counts the bits before that group, so
//! a document's posting index is its group's rank and at most eight popcounts. There is no other list of these documents.
//!
//! ```text
//! rank:u32 ×ceil(N/512)  word:u64 ×ceil(N/64)
//! ```
//! Source: Vigna, "Broadword implementation of rank/select queries" (2008), with ranks for 512 bits and 6 % of their size.

use super::postings::DocumentBytes;

/// Documents under one rank.
const GROUP: u32 = 512;

/// Appends bitmap and ranks of `docs` (ascending, below `doc_count`).
pub fn write(out: &mut Vec<u8>, docs: &[u32], doc_count: u32) {
    let mut posting = 0;
    for group in 0..doc_count.div_ceil(GROUP) {
        while docs.get(posting).is_some_and(|doc| *doc < group * GROUP) {
            posting += 1;
        }
        out.extend_from_slice(&(posting as u32).to_le_bytes());
    }
    let words = out.len();
    out.resize(words + bitmap_len(doc_count), 0);
    for doc in docs {
        out[words + *doc as usize / 8] |= 1 << (doc % 8);
    }
}

fn bitmap_len(doc_count: u32) -> usize {
    doc_count.div_ceil(64) as usize * 8
}

/// Bytes that [`write()`] appends.
#[must_use]
pub fn written_len(doc_count: u32) -> usize {
    doc_count.div_ceil(GROUP) as usize * 4 + bitmap_len(doc_count)
}

/// The reader twin.
#[derive(Clone, Copy, Debug)]
pub struct PresenceBitmap<'a> {
    ranks: &'a [[u8; 4]],
    words: &'a [[u8; 8]],
}

impl<'a> PresenceBitmap<'a> {
    /// Over exactly the bytes of bitmap and ranks; `None` when their number is not [`written_len`].
    #[must_use]
    pub fn read(bytes: &'a [u8], doc_count: u32) -> Option<Self> {
        let (ranks, words) = bytes.split_at_checked(doc_count.div_ceil(GROUP) as usize * 4)?;
        (words.len() == bitmap_len(doc_count)).then_some(Self { ranks: ranks.as_chunks().0, words: words.as_chunks().0 })
    }

    /// As it lies in the file.
    #[must_use]
    pub fn bytes(&self) -> DocumentBytes<'a> {
        DocumentBytes::Bitmap { ranks: self.ranks, words: self.words }
    }

    /// Documents `64 · index ..` as bits; 0 beyond the end.
    #[inline]
    #[must_use]
    pub fn word(&self, index: u32) -> u64 {
        self.words.get(index as usize).map_or(0, |word| u64::from_le_bytes(*word))
    }

    /// How many documents before `64 · index` have the term.
    #[inline]
    #[must_use]
    pub fn rank(&self, index: u32) -> u32 {
        let group = index / (GROUP / 64);
        let before = self.ranks.get(group as usize).map_or(0, |rank| u32::from_le_bytes(*rank));
        (group * (GROUP / 64)..index).fold(before, |rank, word| rank.wrapping_add(self.word(word).count_ones()))
    }

    /// The posting index of a document.
    #[inline]
    #[must_use]
    pub fn find(&self, doc: u32) -> Option<u32> {
        let word = self.word(doc / 64);
        let below = word & ((1u64 << (doc % 64)) - 1);
        (word >> (doc % 64) & 1 == 1).then(|| self.rank(doc / 64).wrapping_add(below.count_ones()))
    }

    /// Calls `f(doc, posting index)` for the documents in `from..to`, ascending.
    #[inline]
    pub fn window<E>(&self, from: u32, to: u32, f: &mut impl FnMut(u32, u32) -> Result<(), E>) -> Result<(), E> {
        let mut index = self.rank(from / 64);
        for at in from / 64..to.div_ceil(64) {
            let (whole, base) = (self.word(at), at * 64);
            let mut bits = whole & masked(base, from, to);
            index = index.wrapping_add((whole & below(base, from)).count_ones());
            while bits != 0 {
                f(base + bits.trailing_zeros(), index)?;
                index = index.wrapping_add(1);
                bits &= bits - 1;
            }
        }
        Ok(())
    }
}

/// Of the 64 documents from `base` those before `from`.
#[inline]
fn below(base: u32, from: u32) -> u64 {
    if from <= base { 0 } else { 1u64.checked_shl(from - base).map_or(u64::MAX, |bit| bit - 1) }
}

/// Of the 64 documents from `base` those in `from..to`.
#[inline]
pub(super) fn masked(base: u32, from: u32, to: u32) -> u64 {
    below(base, to) & !below(base, from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn ranks_and_windows_are_those_of_the_list(n in 1u32..3000, raw in prop::collection::vec(any::<u32>(), 0..900), at in any::<(u32, u32)>()) {
            let docs: Vec<u32> = raw.iter().map(|d| d % n).collect::<BTreeSet<_>>().into_iter().collect();
            let mut bytes = Vec::new();
            write(&mut bytes, &docs, n);
            prop_assert_eq!(bytes.len(), written_len(n));
            prop_assert!(PresenceBitmap::read(&bytes[1..], n).is_none());
            let Some(bitmap) = PresenceBitmap::read(&bytes, n) else { return Err(TestCaseError::fail("not read")) };
            for doc in 0..n + 70 {
                prop_assert_eq!(bitmap.find(doc), docs.binary_search(&doc).ok().map(|i| i as u32));
            }
            let (from, to) = (at.0 % n, at.1 % (n + 1));
            let mut got = Vec::new();
            let done: Result<(), ()> = bitmap.window(from, to, &mut |doc, index| { got.push((doc, index)); Ok(()) });
            prop_assert!(done.is_ok());
            let expected: Vec<_> = docs.iter().enumerate().filter(|(_, d)| (from..to).contains(d)).map(|(i, d)| (*d, i as u32)).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
