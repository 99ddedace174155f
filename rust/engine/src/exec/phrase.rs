//! A phrase over one segment: documents that have all its terms, then the positions of those.
//!
//! **In**: posting lists with positions. **Out**: the documents of a window with their phrase frequency. **Law**: no position is read of
//! a document that lacks a term or has it too seldom; the rarest term leads. A term that stands twice in the phrase is read once.

use super::frequency::{PhraseCounter, PhraseWord};
use super::program::Entries;
use crate::base::{Interrupt, Result};
use crate::codec::InvertedReader;
use crate::codec::postings::Postings;

/// A phrase opened on a segment.
pub(super) struct OpenPhrase<'a> {
    /// The distinct terms, rarest first.
    lists: Vec<Listed<'a>>,
    words: &'a [PhraseWord],
    slop: u32,
    /// Documents of the window that have all terms so far.
    candidates: Vec<Candidate>,
    /// For each list, the posting of each candidate.
    postings: Vec<Vec<u32>>,
    /// For each term, its positions in the document at hand.
    positions: Vec<Vec<u32>>,
    counter: PhraseCounter,
}

/// A distinct term.
struct Listed<'a> {
    /// Its number in the phrase.
    term: usize,
    /// How often it stands there: a document needs as many.
    times: u32,
    postings: Postings<'a>,
}

#[derive(Clone, Copy)]
struct Candidate {
    doc: u32,
    code: u8,
}

impl<'a> OpenPhrase<'a> {
    /// Opens the lists; `None` when the segment lacks a term.
    pub fn open(
        inverted: &'a InvertedReader,
        terms: &[Entries],
        words: &'a [PhraseWord],
        slop: u32,
        segment: usize,
    ) -> Result<Option<Self>> {
        let mut lists = Vec::with_capacity(terms.len());
        for (term, entries) in terms.iter().enumerate() {
            let Some(Some(entry)) = entries.get(segment) else { return Ok(None) };
            lists.push((term, entry));
        }
        lists.sort_by_key(|(_, entry)| entry.df());
        let times = |term| words.iter().filter(|word| word.term == term).count() as u32;
        let open = |(term, entry)| Ok(Listed { term, times: times(term), postings: inverted.postings_of(entry)? });
        let lists = lists.into_iter().map(open).collect::<Result<Vec<_>>>()?;
        let empty = || vec![Vec::new(); terms.len()];
        let (postings, positions) = (empty(), empty());
        Ok(Some(Self { lists, words, slop, candidates: Vec::new(), postings, positions, counter: PhraseCounter::default() }))
    }

    /// Hands out each match of the window: place, frequency, length code.
    pub fn each(&mut self, from: u32, to: u32, interrupt: &Interrupt, mut visit: impl FnMut(usize, f64, u8)) -> Result<()> {
        self.intersect(from, to)?;
        let Self { lists, words, slop, candidates, postings, positions, counter } = self;
        for (number, candidate) in candidates.iter().enumerate() {
            for (list, postings) in lists.iter_mut().zip(postings.iter()) {
                if let (Some(&posting), Some(into)) = (postings.get(number), positions.get_mut(list.term)) {
                    into.clear();
                    list.postings.positions(posting, into)?;
                }
            }
            let frequency = counter.count(words, positions, *slop, interrupt)?;
            if frequency > 0 {
                visit(candidate.doc.wrapping_sub(from) as usize, f64::from(frequency), candidate.code);
            }
        }
        Ok(())
    }

    /// Leaves in `candidates` what has all terms, and in `postings` where.
    fn intersect(&mut self, from: u32, to: u32) -> Result<()> {
        let Self { lists, candidates, postings, .. } = self;
        candidates.clear();
        for number in 0..lists.len() {
            let (before, rest) = postings.split_at_mut(number);
            let (Some(Listed { times, postings: list, .. }), Some(own)) = (lists.get_mut(number), rest.first_mut()) else { continue };
            own.clear();
            if number == 0 {
                list.collect_window(from, to, &mut |doc, posting, tf, code| {
                    if tf >= *times {
                        candidates.push(Candidate { doc, code });
                        own.push(posting);
                    }
                })?;
            } else if !candidates.is_empty() {
                let (mut at, mut kept) = (0, 0);
                list.collect_window(from, to, &mut |doc, posting, tf, _| {
                    if tf < *times {
                        return;
                    }
                    while candidates.get(at).is_some_and(|candidate| candidate.doc < doc) {
                        at += 1;
                    }
                    if candidates.get(at).is_some_and(|candidate| candidate.doc == doc) {
                        candidates.swap(kept, at);
                        before.iter_mut().for_each(|postings| postings.swap(kept, at));
                        own.push(posting);
                        (kept, at) = (kept + 1, at + 1);
                    }
                })?;
                candidates.truncate(kept);
                before.iter_mut().for_each(|postings| postings.truncate(kept));
            }
        }
        Ok(())
    }
}
