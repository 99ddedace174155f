//! How often a phrase stands in one field of one document.
//!
//! **In**: for each word of the phrase its offset, which term it is, and the ascending positions of that term. **Out**: the phrase
//! frequency. **Law**: it is the number of positions of the *first* word for which a position q of every other word can be chosen,
//! different ones for words that are the same term, with `max(q − offset) − min(q − offset) ≤ slop`. Slop 0 is the exact phrase.
//!
//! All chosen positions, less their offsets, lie in a stretch of length `slop` that begins at one of them. So for each position of the
//! first word the possible beginnings are tried, and in each stretch the words take positions from left to right: their admissible
//! intervals have equal lengths and ascend with the offset, for which the greedy choice is right.

use crate::base::{Interrupt, Result};

/// One word of a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhraseWord {
    /// Its place relative to the phrase's beginning.
    pub offset: u32,
    /// Which of the phrase's distinct terms it is.
    pub term: usize,
}

/// Stretches times words above which a position of the first word is worth a look at the interrupt.
const LONG_SEARCH: usize = 1 << 12;

/// Counts phrases. Holds its scratch, so that counting allocates nothing once warm.
#[derive(Debug, Default)]
pub struct PhraseCounter {
    /// Possible beginnings of a stretch.
    starts: Vec<i64>,
    /// The first position that is still free, for each distinct term.
    free: Vec<i64>,
}

impl PhraseCounter {
    /// The frequency of `words` (by ascending offset, the first first), given the positions of each distinct term.
    ///
    /// # Errors
    /// When `interrupt` says so in the middle of a long search.
    pub fn count(&mut self, words: &[PhraseWord], positions: &[Vec<u32>], slop: u32, interrupt: &Interrupt) -> Result<u32> {
        let Some((first, others)) = words.split_first() else { return Ok(0) };
        let of = |word: &PhraseWord| positions.get(word.term).map(Vec::as_slice).unwrap_or_default();
        let mut found = 0;
        for &p in of(first) {
            let start = i64::from(p) - i64::from(first.offset);
            // Exact: different offsets of one term never take the same position.
            let stands = match slop {
                0 => others.iter().all(|word| has(of(word), start + i64::from(word.offset))),
                _ => self.stands_loosely(words, positions, start, i64::from(slop), interrupt)?,
            };
            found += u32::from(stands);
        }
        Ok(found)
    }

    /// Whether a phrase stands whose first word is where its beginning would be `own`.
    fn stands_loosely(&mut self, words: &[PhraseWord], positions: &[Vec<u32>], own: i64, slop: i64, interrupt: &Interrupt) -> Result<bool> {
        let Self { starts, free } = self;
        let of = |word: &PhraseWord| positions.get(word.term).map(Vec::as_slice).unwrap_or_default();
        starts.clear();
        starts.push(own);
        for word in words {
            let offset = i64::from(word.offset);
            let list = of(word);
            let from = list.partition_point(|&q| i64::from(q) - offset < own - slop);
            starts.extend(list.iter().skip(from).map(|&q| i64::from(q) - offset).take_while(|&start| start < own));
        }
        starts.sort_unstable();
        starts.dedup();
        if starts.len() * words.len() > LONG_SEARCH {
            interrupt.check()?;
        }
        Ok(starts.iter().any(|&start| {
            free.clear();
            free.resize(positions.len(), i64::MIN);
            words.iter().enumerate().all(|(i, word)| {
                let low = start + i64::from(word.offset);
                let taken_by_first =
                    words.first().filter(|first| i > 0 && first.term == word.term).map(|first| own + i64::from(first.offset));
                let Some(free) = free.get_mut(word.term) else { return false };
                let list = of(word);
                let chosen = if i == 0 {
                    Some(own + i64::from(word.offset))
                } else {
                    let from = list.partition_point(|&q| i64::from(q) < low.max(*free));
                    list.iter().skip(from).map(|&q| i64::from(q)).find(|&q| Some(q) != taken_by_first).filter(|&q| q <= low + slop)
                };
                if i > 0 {
                    *free = chosen.map_or(i64::MAX, |q| q + 1);
                }
                chosen.is_some()
            })
        }))
    }
}

fn has(list: &[u32], position: i64) -> bool {
    u32::try_from(position).is_ok_and(|position| list.binary_search(&position).is_ok())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    /// The law, word by word: tries every choice.
    fn naive(words: &[PhraseWord], positions: &[Vec<u32>], slop: i64) -> u32 {
        fn choose(words: &[PhraseWord], positions: &[Vec<u32>], slop: i64, chosen: &mut Vec<u32>) -> bool {
            let starts = || chosen.iter().zip(words).map(|(&q, word)| i64::from(q) - i64::from(word.offset));
            if let (Some(low), Some(high)) = (starts().min(), starts().max())
                && high - low > slop
            {
                return false;
            }
            let Some(word) = words.get(chosen.len()) else { return true };
            positions[word.term].iter().any(|&q| {
                if chosen.iter().zip(words).any(|(&other, w)| other == q && w.term == word.term) {
                    return false;
                }
                chosen.push(q);
                let good = choose(words, positions, slop, chosen);
                chosen.pop();
                good
            })
        }
        positions[words[0].term].iter().filter(|&&p| choose(words, positions, slop, &mut vec![p])).count() as u32
    }

    proptest! {
        #[test]
        fn the_count_is_that_of_trying_everything(
            text in prop::collection::vec(0usize..4, 0..24), phrase in prop::collection::vec((0usize..3, 1u32..3), 1..5), slop in 0u32..6,
        ) {
            let mut positions = vec![Vec::new(); 4];
            text.iter().enumerate().for_each(|(i, &term)| positions[term].push(i as u32));
            let mut offset = 0;
            let words: Vec<_> = phrase.iter().map(|&(term, gap)| { let word = PhraseWord { offset, term }; offset += gap; word }).collect();
            let counted = PhraseCounter::default().count(&words, &positions, slop, &Interrupt::none()).unwrap();
            prop_assert_eq!(counted, naive(&words, &positions, i64::from(slop)));
        }
    }

    #[test]
    fn a_repeated_word_needs_two_places() {
        let words = [PhraseWord { offset: 0, term: 0 }, PhraseWord { offset: 1, term: 0 }];
        let count =
            |positions: &[u32], slop| PhraseCounter::default().count(&words, &[positions.to_vec()], slop, &Interrupt::none()).unwrap();
        assert_eq!((count(&[3], 0), count(&[3], 5), count(&[3, 4], 0), count(&[3, 5], 1)), (0, 0, 1, 1));
        assert_eq!(count(&[3, 4], 9), 2, "either may be first when loose");
    }
}
