//! Which documents have a phrase.
//!
//! **In**: documents, ascending. **Out**: for each whether the phrase stands in it. **Law**: as [`crate::exec::phrase`], but that a phrase that
//! stands once is enough, so positions are read only as far as the first. None are read of a document that lacks a word. The lines that a batch
//! reads are asked for ahead.

use super::super::clause::MISS;
use super::super::places::{WORDS, ahead, frequency};
use super::list::List;
use super::open::{Phrase, part};
use crate::base::{Interrupt, Result};
use crate::codec::positions::PositionPlace;
use crate::codec::postings::Postings;
use crate::exec::frequency::PhraseCounter;
use crate::exec::kernels::Kernels;

/// Documents looked up at once.
pub(super) const BATCH: usize = 64;
/// Buffers for positions, kept from query to query.
#[derive(Default)]
pub(super) struct Positions {
    lists: Vec<Vec<u32>>,
    counter: PhraseCounter,
    /// Documents whose positions were read.
    pub read: u64,
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
        let packed = phrase.slop == 0 && words <= WORDS && phrase.words.len() <= WORDS;
        let mut places = [PositionPlace::none(); WORDS];
        let mut found = [[MISS; BATCH]; WORDS];
        for (docs, flags) in docs.chunks(BATCH).zip(flags.chunks_mut(BATCH)) {
            interrupt.check()?;
            let mut all = [true; BATCH];
            for (number, list) in own.iter().enumerate() {
                let slot = &mut found[number % WORDS];
                list.probe(kernels, docs, &mut slot[..docs.len()]);
                all.iter_mut().zip(slot).for_each(|(all, posting)| *all &= *posting != MISS);
            }
            all.iter_mut().zip(&*flags).for_each(|(all, flag)| *all &= *flag == 0);
            if packed {
                for slot in found.iter_mut().take(words) {
                    slot.iter_mut().zip(&all).filter(|(_, all)| !**all).for_each(|(posting, _)| *posting = MISS);
                }
                ahead(kernels, read.iter().zip(&found).map(|(read, found)| (read, &found[..docs.len()])).take(words));
            }
            for (at, (doc, flag)) in docs.iter().zip(flags).enumerate() {
                if !all[at % BATCH] {
                    continue;
                }
                self.read += 1;
                let mut there = packed;
                for ((read, place), found) in read.iter_mut().zip(&mut places).zip(&found).take(if packed { words } else { 0 }) {
                    there &= read.locate(found[at % BATCH], place)?;
                }
                *flag = u8::from(match there {
                    true => frequency(phrase.words, &places, 1) > 0,
                    false => self.stands(phrase, own, read, *doc, kernels, interrupt)?,
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
