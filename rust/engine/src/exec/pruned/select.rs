//! The document of a posting in a presence bitmap.
//!
//! **In**: words, ranks of 512 documents, posting numbers that ascend. **Out**: documents. **Law**: the inverse of rank; numbers that a
//! damaged file makes up have no document. Source: Vigna, "Broadword implementation of rank/select queries" (2008), §5, by ranks.

/// The document of posting `index`; `group` is where the search begins, and is left where the posting was found.
#[inline]
pub(super) fn select(words: &[[u8; 8]], ranks: &[[u8; 4]], group: &mut u32, index: u32) -> Option<u32> {
    let rank = |group: u32| ranks.get(group as usize).map(|rank| u32::from_le_bytes(*rank));
    while rank(*group + 1).is_some_and(|next| next <= index) {
        *group += 1;
    }
    let mut left = index.checked_sub(rank(*group)?)?;
    let first = *group * 8;
    for (at, word) in (first..first + 8).zip(words.get(first as usize..)?) {
        let word = u64::from_le_bytes(*word);
        let here = word.count_ones();
        if left < here {
            return Some(at * 64 + nth(word, left));
        }
        left -= here;
    }
    None
}

/// The place of the `n`th set bit (from 0) of a word that has more than `n`.
#[inline]
fn nth(mut word: u64, n: u32) -> u32 {
    for _ in 0..n {
        word &= word.wrapping_sub(1);
    }
    word.trailing_zeros()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec::bitmaps;
    use crate::codec::postings::DocumentBytes;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn select_finds_what_rank_counts(n in 1u32..3000, raw in prop::collection::vec(any::<u32>(), 1..900)) {
            let docs: Vec<u32> = raw.iter().map(|d| d % n).collect::<BTreeSet<_>>().into_iter().collect();
            let mut bytes = Vec::new();
            bitmaps::write(&mut bytes, &docs, n);
            let DocumentBytes::Bitmap { ranks, words } = bitmaps::PresenceBitmap::read(&bytes, n).unwrap().bytes() else { unreachable!() };
            let mut group = 0;
            for (index, doc) in docs.iter().enumerate() {
                prop_assert_eq!(select(words, ranks, &mut group, index as u32), Some(*doc));
            }
            prop_assert_eq!(select(words, ranks, &mut group, docs.len() as u32), None);
        }
    }
}
