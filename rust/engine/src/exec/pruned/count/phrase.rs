//! Which documents have a phrase.
//!
//! **In**: documents, ascending. **Out**: for each whether the phrase stands in it. **Law**: as [`crate::exec::phrase`], but that a phrase that
//! stands once is enough, so positions are read only as far as the first. None are read of a document that lacks a word. Where two documents
//! follow one another in a group of 128 postings, the places of the whole group are summed up at once.

use smallvec::SmallVec;

use super::super::clause::MISS;
use super::list::List;
use super::open::{Phrase, part};
use crate::base::{Interrupt, Result};
use crate::codec::packed::PackedSlice;
use crate::codec::positions::{GROUP as POSITION_GROUP, PositionPlace};
use crate::codec::postings::Postings;
use crate::exec::frequency::{PhraseCounter, PhraseWord};
use crate::exec::kernels::Kernels;

/// Documents looked up at once.
pub(super) const BATCH: usize = 64;
/// Words of a phrase whose postings are kept for a whole batch; of longer ones all positions are read.
const WORDS: usize = 8;

/// Buffers for positions, kept from query to query.
#[derive(Default)]
pub(super) struct Positions {
    lists: Vec<Vec<u32>>,
    counter: PhraseCounter,
    /// Documents whose positions were read.
    pub read: u64,
}

/// Where the positions of a word are in the document at hand, and what is known of those of other documents.
struct Places<'a> {
    /// The group of the posting that was last looked for.
    last: u32,
    /// The group that `starts` is of.
    group: u32,
    starts: [u32; POSITION_GROUP as usize + 1],
    gaps: PackedSlice<'a>,
    from: usize,
    to: usize,
}

impl<'a> Places<'a> {
    fn new() -> Self {
        Self { last: u32::MAX, group: u32::MAX, starts: [0; POSITION_GROUP as usize + 1], gaps: PackedSlice::none(), from: 0, to: 0 }
    }

    /// Goes to a posting; `false` where positions are not packed.
    #[inline]
    fn go_to(&mut self, postings: &mut Postings<'a>, index: u32) -> Result<bool> {
        let (group, place) = (index / POSITION_GROUP, (index % POSITION_GROUP) as usize);
        if group == self.group || self.enter(postings, group, index)? {
            (self.from, self.to) = (self.starts[place] as usize, self.starts[place + 1] as usize);
            return Ok(true);
        }
        Ok(self.from < self.to)
    }

    /// Goes to another group: whether all of it is known then, or only the posting.
    fn enter(&mut self, postings: &mut Postings<'a>, group: u32, index: u32) -> Result<bool> {
        self.group = u32::MAX;
        let whole = std::mem::replace(&mut self.last, group) == group;
        let place = if whole { postings.locate_group(group, &mut self.starts)? } else { postings.locate(index)? };
        let Some((gaps, range)) = place.map(PositionPlace::packed) else {
            (self.from, self.to) = (0, 0);
            return Ok(false);
        };
        (self.gaps, self.from, self.to) = (gaps, range.start, range.end);
        if whole {
            self.group = group;
        }
        Ok(whole)
    }
}

impl Positions {
    /// Sets the flags of those of `docs` that have the phrase; flags that are set stay.
    #[allow(clippy::too_many_arguments, reason = "a phrase, what it is read from, and where its answer goes")]
    pub fn mark<'a>(
        &mut self,
        phrase: &Phrase<'a>,
        lists: &[List<'a>],
        read: &mut [Postings<'a>],
        docs: &[u32],
        flags: &mut [u8],
        kernels: &Kernels,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let words = phrase.count as usize;
        let own = part(lists, (phrase.first, phrase.first + phrase.count));
        let read = read.get_mut(phrase.read as usize..).unwrap_or_default();
        let mut places: SmallVec<[Places<'a>; 3]> = (0..words).map(|_| Places::new()).collect();
        let packed = phrase.slop == 0 && words <= WORDS && phrase.words.len() <= WORDS;
        let mut found = [[MISS; BATCH]; WORDS];
        for (docs, flags) in docs.chunks(BATCH).zip(flags.chunks_mut(BATCH)) {
            interrupt.check()?;
            let mut all = [true; BATCH];
            for (number, list) in own.iter().enumerate() {
                let slot = &mut found[number % WORDS];
                list.probe(kernels, docs, &mut slot[..docs.len()]);
                all.iter_mut().zip(slot).for_each(|(all, posting)| *all &= *posting != MISS);
            }
            for (at, (doc, flag)) in docs.iter().zip(flags).enumerate() {
                if *flag != 0 || !all[at % BATCH] {
                    continue;
                }
                self.read += 1;
                let stands = if packed { stands_packed(phrase, read, &found, at % BATCH, &mut places)? } else { None };
                *flag = u8::from(match stands {
                    Some(stands) => stands,
                    None => self.stands(phrase, own, read, *doc, kernels, interrupt)?,
                });
            }
        }
        Ok(())
    }

    /// Whether the phrase stands in a document, by all its positions.
    fn stands<'a>(
        &mut self,
        phrase: &Phrase<'a>,
        lists: &[List<'a>],
        read: &mut [Postings<'a>],
        doc: u32,
        kernels: &Kernels,
        interrupt: &Interrupt,
    ) -> Result<bool> {
        if self.lists.len() < lists.len() {
            self.lists.resize(lists.len(), Vec::new());
        }
        for ((list, read), positions) in lists.iter().zip(read).zip(&mut self.lists) {
            let mut posting = [MISS];
            list.probe(kernels, &[doc], &mut posting);
            read.positions(posting[0], positions)?;
        }
        let positions = self.lists.get(..lists.len()).unwrap_or_default();
        Ok(self.counter.count(phrase.words, positions, phrase.slop, interrupt)? > 0)
    }
}

/// Whether an exact phrase stands in the `at`th document of a batch; `None` where positions are not packed.
#[inline]
fn stands_packed<'a>(
    phrase: &Phrase<'a>,
    read: &mut [Postings<'a>],
    found: &[[u32; BATCH]; WORDS],
    at: usize,
    places: &mut [Places<'a>],
) -> Result<Option<bool>> {
    for ((read, places), found) in read.iter_mut().zip(&mut *places).zip(found) {
        if !places.go_to(read, found[at])? {
            return Ok(None);
        }
    }
    Ok(Some(match (phrase.words, &*places) {
        ([a, b], [first, second]) if a.term != b.term => {
            let (left, right) = if a.term == 0 { (first, second) } else { (second, first) };
            meet_two(left, right, i64::from(b.offset) - i64::from(a.offset))
        }
        (words, places) => meet(words, places),
    }))
}

/// Whether any position of the second is so far behind one of the first.
#[inline]
fn meet_two(first: &Places<'_>, second: &Places<'_>, distance: i64) -> bool {
    let (mut i, mut j) = (first.from, second.from);
    let (mut left, mut right) = (i64::from(first.gaps.get(i)) + distance, i64::from(second.gaps.get(j)));
    loop {
        if left < right {
            i += 1;
            if i >= first.to {
                return false;
            }
            left += i64::from(first.gaps.get(i));
        } else if right < left {
            j += 1;
            if j >= second.to {
                return false;
            }
            right += i64::from(second.gaps.get(j));
        } else {
            return true;
        }
    }
}

/// A word on its way through its positions.
#[derive(Clone, Copy, Default)]
struct Way {
    term: usize,
    offset: i64,
    next: usize,
    /// The position that was read last, less the offset; none before the first.
    start: i64,
}

/// Whether the words, at most [`WORDS`], stand anywhere, each in its place.
fn meet(words: &[PhraseWord], places: &[Places<'_>]) -> bool {
    let mut ways = [Way::default(); WORDS];
    let (mut lead, mut least) = (0, usize::MAX);
    for (number, (word, way)) in words.iter().zip(&mut ways).enumerate() {
        let Some(place) = places.get(word.term) else { return false };
        let offset = i64::from(word.offset);
        *way = Way { term: word.term, offset, next: place.from, start: i64::MIN };
        // The word with the fewest positions leads.
        if place.to - place.from < least {
            (lead, least) = (number, place.to - place.from);
        }
    }
    ways.swap(0, lead);
    let advance = |way: &mut Way| {
        let Some(place) = places.get(way.term).filter(|place| way.next < place.to) else { return false };
        let before = if way.start == i64::MIN { -way.offset } else { way.start };
        way.start = before + i64::from(place.gaps.get(way.next));
        way.next += 1;
        true
    };
    let Some((lead, others)) = ways.split_first_mut() else { return false };
    let others = others.get_mut(..words.len().min(WORDS).saturating_sub(1)).unwrap_or_default();
    'starts: while advance(lead) {
        for other in &mut *others {
            while other.start < lead.start {
                if !advance(other) {
                    return false;
                }
            }
            if other.start > lead.start {
                continue 'starts;
            }
        }
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec::packed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_phrase_stands_where_it_is_counted(
            text in prop::collection::vec(0usize..4, 1..24), phrase in prop::collection::vec((0usize..3, 1u32..3), 1..5),
        ) {
            let mut positions = vec![Vec::new(); 4];
            text.iter().enumerate().for_each(|(i, &term)| positions[term].push(i as u32));
            let mut offset = 0;
            let words: Vec<_> = phrase.iter().map(|&(term, gap)| { let word = PhraseWord { offset, term }; offset += gap; word }).collect();
            let counted = PhraseCounter::default().count(&words, &positions, 0, &Interrupt::none()).unwrap();
            let packed: Vec<Vec<u8>> = positions.iter().map(|positions| {
                let gaps = std::iter::once(0).chain(positions.iter().copied()).zip(positions).map(|(before, place)| u64::from(place - before));
                let mut out = Vec::new();
                packed::pack(gaps, 6, &mut out);
                out
            }).collect();
            let places: Vec<_> = packed.iter().zip(&positions).map(|(packed, positions)| {
                Places { gaps: PackedSlice::new(packed, 6).unwrap(), to: positions.len(), ..Places::new() }
            }).collect();
            prop_assert_eq!(meet(&words, &places), counted > 0);
            if let ([a, b], true) = (&words[..], words.iter().all(|word| places[word.term].to > 0)) {
                let distance = i64::from(b.offset) - i64::from(a.offset);
                prop_assert_eq!(meet_two(&places[a.term], &places[b.term], distance), counted > 0);
            }
        }
    }
}
