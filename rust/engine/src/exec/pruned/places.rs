//! How often a phrase stands in a document, by its positions as they lie in the file.
//!
//! **In**: the words of an exact phrase, and for each distinct one where its positions lie. **Out**: how often it stands there, up to as
//! often as asked. **Law**: the count of [`PhraseCounter`](crate::exec::PhraseCounter) for slop 0: the positions of the first word for which
//! all others stand in their places. Positions are read in one pass, as far as needed, into no buffer.

use super::clause::MISS;
use crate::codec::positions::{GROUP, Gaps, PositionPlace};
use crate::codec::postings::Postings;
use crate::exec::frequency::PhraseWord;
use crate::exec::kernels::Kernels;

/// At most so many words, different or not.
pub(super) const WORDS: usize = 8;

/// Asks for the lines that hold the positions of postings, each list with its own; [`MISS`] has none. First for where groups are written
/// down, then for the groups, each once.
pub(super) fn ahead<'l, 'a: 'l>(kernels: &Kernels, lists: impl Iterator<Item = (&'l Postings<'a>, &'l [u32])> + Clone) {
    for step in [Postings::directory_ahead, Postings::positions_ahead] {
        for (postings, found) in lists.clone() {
            let mut last = MISS;
            for posting in found.iter().filter(|posting| **posting != MISS) {
                if posting / GROUP != last {
                    last = posting / GROUP;
                    for line in step(postings, *posting) {
                        (kernels.prefetch)(line, &[0]);
                    }
                }
            }
        }
    }
}

/// How often the phrase stands, `most` being enough. `places` by term.
#[inline]
pub(super) fn frequency(words: &[PhraseWord], places: &[PositionPlace<'_>], most: u32) -> u32 {
    match words {
        [a, b] if a.term != b.term => match (places.get(a.term), places.get(b.term)) {
            (Some(first), Some(second)) => frequency_of_two(first, second, i64::from(b.offset) - i64::from(a.offset), most),
            _ => 0,
        },
        _ => frequency_of_many(words, places, most),
    }
}

/// How many positions of the first there are with one of the second so far behind.
#[inline]
fn frequency_of_two(first: &PositionPlace<'_>, second: &PositionPlace<'_>, distance: i64, most: u32) -> u32 {
    let (mut first, mut second) = (Way::new(first, -distance), Way::new(second, 0));
    let mut found = 0;
    if !second.advance() {
        return 0;
    }
    while found < most && first.advance() {
        while second.start < first.start {
            if !second.advance() {
                return found;
            }
        }
        found += u32::from(second.start == first.start);
    }
    found
}

fn frequency_of_many(words: &[PhraseWord], places: &[PositionPlace<'_>], most: u32) -> u32 {
    let none = PositionPlace::none();
    let mut ways = [const { None }; WORDS];
    for (word, way) in words.iter().zip(&mut ways) {
        let mut begun = Way::new(places.get(word.term).unwrap_or(&none), i64::from(word.offset));
        if begun.advance() {
            *way = Some(begun);
        } else {
            return 0;
        }
    }
    let Some((Some(first), others)) = ways.split_first_mut() else { return 0 };
    let mut found = 0;
    loop {
        let mut stands = true;
        for other in others.iter_mut().flatten() {
            while other.start < first.start {
                if !other.advance() {
                    return found;
                }
            }
            if other.start > first.start {
                stands = false;
                break;
            }
        }
        found += u32::from(stands);
        if found == most || !first.advance() {
            return found;
        }
    }
}

/// A word on its way through its positions.
struct Way<'a> {
    gaps: Gaps<'a>,
    /// The position that was read last, less the word's offset; before the first what is less than every position's.
    start: i64,
}

impl<'a> Way<'a> {
    #[inline]
    fn new(place: &PositionPlace<'a>, offset: i64) -> Self {
        Self { gaps: place.gaps(), start: -offset }
    }

    #[inline]
    fn advance(&mut self) -> bool {
        match self.gaps.next() {
            Some(gap) => {
                self.start += i64::from(gap);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::base::Interrupt;
    use crate::codec::packed::{self, PackedSlice};
    use crate::exec::frequency::PhraseCounter;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_stands_as_often_as_it_is_counted(
            text in prop::collection::vec((0usize..4, 0u32..3), 1..24), phrase in prop::collection::vec((0usize..3, 1u32..3), 1..5), most in 1u32..5,
        ) {
            let (mut positions, mut at) = (vec![Vec::new(); 4], 0);
            for (term, step) in text {
                at += step;
                positions[term].push(at);
            }
            let mut offset = 0;
            let words: Vec<_> = phrase.iter().map(|&(term, gap)| { let word = PhraseWord { offset, term }; offset += gap; word }).collect();
            let counted = PhraseCounter::default().count(&words, &positions, 0, &Interrupt::none()).unwrap();
            let packed: Vec<Vec<u8>> = positions.iter().map(|positions| {
                let gaps = std::iter::once(0).chain(positions.iter().copied()).zip(positions).map(|(before, place)| u64::from(place - before));
                let mut out = Vec::new();
                packed::pack(gaps, 6, &mut out);
                out
            }).collect();
            let place = |(packed, positions): (_, &Vec<u32>)| PositionPlace::new(PackedSlice::new(packed, 6).unwrap(), positions.len());
            let places: Vec<_> = packed.iter().map(Vec::as_slice).zip(&positions).map(place).collect();
            prop_assert_eq!(frequency(&words, &places, u32::MAX), counted);
            prop_assert_eq!(frequency(&words, &places, most), counted.min(most));
        }
    }
}
