//! A phrase in a segment: which lists say where it may stand; and, where it is the whole query, the last look at a batch.
//!
//! **In**: documents that have all words of the phrase, and could win were the phrase to stand as often as the rarest of them. **Out**: hits.
//! **Law**: the same line of the formula as everywhere, `tf` being how often the phrase stands. Postings of all words are looked up for
//! the whole batch, and the lines of their positions asked for, before any position is read.

use smallvec::SmallVec;

use super::clause::{MISS, contribution};
use super::machine::{BATCH, Machine};
use super::places::{WORDS, ahead, frequency};
use crate::base::Result;
use crate::codec::TermEntry;
use crate::codec::inverted::bigrams::Adjacency;
use crate::codec::positions::PositionPlace;
use crate::exec::frequency::PhraseWord;
use crate::exec::program::Source;

/// The phrase that is the whole query.
#[derive(Clone, Copy)]
pub(super) struct Sole<'s> {
    /// The words, by ascending offset.
    pub words: &'s [PhraseWord],
    /// How many different ones.
    pub terms: usize,
    /// How far out of place they may be.
    pub slop: u32,
    /// Bound × scale.
    pub value: f64,
    /// What a length code adds to the frequency.
    pub lengths: &'s [f64; 256],
}

/// The lists of a phrase in a segment.
pub(super) struct OpenedPhrase<'s> {
    pub words: &'s [PhraseWord],
    pub slop: u32,
    /// The distinct words.
    pub terms: SmallVec<[&'s TermEntry; 8]>,
    /// What the segment says of words that follow one another: every document of an exact phrase is in each of these lists too.
    pub bigrams: SmallVec<[&'s TermEntry; 4]>,
    /// Words in a bigram, a bit each.
    implied: u64,
}

impl<'s> OpenedPhrase<'s> {
    /// In the `number`th segment; `None` where it cannot stand there, or the source is no phrase.
    pub fn of(source: &'s Source, number: usize) -> Option<Self> {
        let Source::Phrase { terms, words, slop, adjacent } = source else { return None };
        let terms = terms.iter().map(|term| term.get(number).and_then(Option::as_ref)).collect::<Option<_>>()?;
        let mut opened = Self { words, slop: *slop, terms, bigrams: SmallVec::new(), implied: 0 };
        for said in adjacent {
            match &said.between.get(number) {
                Some(Adjacency::Nowhere) => return None,
                Some(Adjacency::Listed(entry)) => {
                    opened.bigrams.push(entry);
                    opened.implied |= bit(said.first) | bit(said.second);
                }
                Some(Adjacency::Unsaid) | None => {}
            }
        }
        Some(opened)
    }

    /// The list that is all there is to know: of two words, one of both.
    pub fn answer(&self) -> Option<&'s TermEntry> {
        match (self.words, &self.bigrams[..]) {
            ([_, _], [both]) => Some(both),
            _ => None,
        }
    }

    /// Which list has the fewest documents: words first, then bigrams.
    pub fn rarest(&self) -> usize {
        let lists = self.terms.iter().chain(&self.bigrams).enumerate();
        lists.min_by_key(|(_, entry)| entry.df()).map_or(0, |(list, _)| list)
    }

    /// It stands in at most so many documents.
    pub fn most(&self) -> u32 {
        self.terms.iter().chain(&self.bigrams).map(|entry| entry.df()).min().unwrap_or(0)
    }

    /// Whether a list is that of a word in a bigram.
    pub fn is_implied(&self, list: usize) -> bool {
        list < self.terms.len() && self.implied & bit(list) != 0
    }
}

/// Of words beyond the 64th nothing is implied.
fn bit(word: usize) -> u64 {
    u32::try_from(word).ok().and_then(|word| 1u64.checked_shl(word)).unwrap_or(0)
}

impl Machine<'_, '_> {
    /// Reads the positions of the first `n` documents of the batch.
    pub fn phrases(&mut self, n: usize, sole: Sole<'_>) -> Result<()> {
        let Some(verifier) = &mut self.verifier else { return Ok(()) };
        let (words, positions) = (self.clauses.len(), &mut *verifier.positions);
        if positions.found.len() < words {
            positions.found.resize(words, [MISS; BATCH]);
        }
        if positions.lists.len() < sole.terms {
            positions.lists.resize(sole.terms, Vec::new());
        }
        for (clause, found) in self.clauses.iter().zip(&mut positions.found) {
            clause.probe(self.kernels, &self.arrays.docs[..n], &mut found[..n]);
        }
        let lists = self.drafts.lists.iter().zip(&positions.found);
        ahead(self.kernels, lists.filter_map(|(draft, found)| Some((draft.postings.as_ref()?, &found[..n]))));
        let mut places = [PositionPlace::none(); WORDS];
        let packed = sole.slop == 0 && sole.words.len() <= WORDS;
        for i in 0..n {
            let (doc, score) = (self.arrays.docs[i], self.arrays.scores[i]);
            if score < self.best.need(doc) - self.base || positions.found.iter().take(words).any(|found| found[i] == MISS) {
                continue;
            }
            self.work.positions += 1;
            let mut there = packed;
            for ((clause, found), draft) in
                self.clauses.iter().zip(&positions.found).zip(&mut self.drafts.lists).take(if packed { words } else { 0 })
            {
                if (clause.word as usize) < sole.terms
                    && let (Some(postings), Some(place)) = (&mut draft.postings, places.get_mut(clause.word as usize))
                {
                    there &= postings.locate(found[i], place)?;
                }
            }
            let tf = if there {
                frequency(sole.words, &places, u32::MAX)
            } else {
                for ((clause, found), draft) in self.clauses.iter().zip(&positions.found).zip(&mut self.drafts.lists) {
                    if let (Some(postings), Some(list)) = (&mut draft.postings, positions.lists.get_mut(clause.word as usize)) {
                        postings.positions(found[i], list)?;
                    }
                }
                let lists = positions.lists.get(..sole.terms).unwrap_or_default();
                positions.counter.count(sole.words, lists, sole.slop, self.interrupt)?
            };
            let Some((found, postings)) = positions.found.first().zip(self.drafts.lists.first().and_then(|draft| draft.postings.as_ref()))
            else {
                continue;
            };
            if tf > 0 {
                let (tf, norm) = (f64::from(tf), postings.pair(found[i])?.norm);
                let exact = contribution(sole.value, tf / (tf + sole.lengths[usize::from(norm)]));
                self.work.pushed += 1;
                self.best.push(self.view, doc, exact + self.base)?;
            }
        }
        Ok(())
    }
}
