//! Which documents of a batch have a phrase.
//!
//! **In**: documents, ascending. **Out**: for each whether the phrase stands in it. **Law**: as [`crate::exec::phrase`], but that a phrase that
//! stands once is enough; positions are read of documents that have all words, and of no others.

use super::super::clause::MISS;
use super::list::List;
use super::open::{Phrase, part};
use crate::base::{Interrupt, Result};
use crate::codec::postings::Postings;
use crate::exec::frequency::{PhraseCounter, PhraseWord};
use crate::exec::kernels::Kernels;

/// Documents looked up at once.
pub(super) const BATCH: usize = 64;
/// Words of a phrase whose postings are kept for a whole batch; those of longer ones are looked up again.
const WORDS: usize = 8;

/// Buffers for positions, kept from query to query.
#[derive(Default)]
pub(super) struct Positions {
    lists: Vec<Vec<u32>>,
    counter: PhraseCounter,
    /// Documents whose positions were read.
    pub read: u64,
}

impl Positions {
    /// Sets the flags of those of `docs` (at most [`BATCH`]) that have the phrase; flags that are set stay.
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
        let mut found = [[MISS; BATCH]; WORDS];
        let mut all = [true; BATCH];
        for (number, list) in own.iter().enumerate() {
            let slot = &mut found[number % WORDS];
            list.probe(kernels, docs, &mut slot[..docs.len().min(BATCH)]);
            all.iter_mut().zip(slot).for_each(|(all, posting)| *all &= *posting != MISS);
        }
        if self.lists.len() < words {
            self.lists.resize(words, Vec::new());
        }
        for (place, (doc, flag)) in docs.iter().zip(flags).enumerate() {
            if *flag != 0 || !all[place % BATCH] {
                continue;
            }
            self.read += 1;
            for (number, (postings, positions)) in read.iter_mut().zip(&mut self.lists).take(words).enumerate() {
                let mut posting = found[number % WORDS][place % BATCH];
                if words > WORDS {
                    let mut out = [MISS];
                    if let Some(list) = own.get(number) {
                        list.probe(kernels, &[*doc], &mut out);
                    }
                    posting = out[0];
                }
                postings.positions(posting, positions)?;
            }
            let positions = self.lists.get(..words).unwrap_or_default();
            let stands = match phrase.slop {
                0 => stands(phrase.words, positions),
                slop => self.counter.count(phrase.words, positions, slop, interrupt)? > 0,
            };
            *flag = u8::from(stands);
        }
        Ok(())
    }
}

/// Whether a phrase stands anywhere, each word in its place.
fn stands(words: &[PhraseWord], positions: &[Vec<u32>]) -> bool {
    let of = |word: &PhraseWord| positions.get(word.term).map(Vec::as_slice).unwrap_or_default();
    let Some(pivot) = words.iter().min_by_key(|word| of(word).len()) else { return false };
    of(pivot).iter().any(|place| {
        let start = i64::from(*place) - i64::from(pivot.offset);
        words.iter().all(|word| {
            let list = of(word);
            match u32::try_from(start + i64::from(word.offset)) {
                Ok(place) if list.len() <= 8 => list.contains(&place),
                Ok(place) => list.binary_search(&place).is_ok(),
                Err(_) => false,
            }
        })
    })
}
