//! A query that is one phrase: the last look at a batch.
//!
//! **In**: documents that have all words of the phrase, and could win were the phrase to stand as often as the rarest of them. **Out**: hits.
//! **Law**: the same line of the formula as everywhere, `tf` being how often the phrase stands. Postings of all words are looked up for
//! the whole batch, and the lines of their positions asked for, before any position is read.

use super::clause::{MISS, contribution};
use super::machine::{BATCH, Machine};
use crate::base::Result;
use crate::exec::frequency::PhraseWord;

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
        for ((clause, found), draft) in self.clauses.iter().zip(&mut positions.found).zip(&self.drafts.lists) {
            clause.probe(self.kernels, &self.arrays.docs[..n], &mut found[..n]);
            if let Some(postings) = &draft.postings {
                for posting in &found[..n] {
                    for line in postings.positions_ahead(*posting) {
                        (self.kernels.prefetch)(line, &[0]);
                    }
                }
            }
        }
        for i in 0..n {
            let (doc, score) = (self.arrays.docs[i], self.arrays.scores[i]);
            if score < self.best.need(doc) - self.base || positions.found.iter().take(words).any(|found| found[i] == MISS) {
                continue;
            }
            self.work.positions += 1;
            for ((clause, found), draft) in self.clauses.iter().zip(&positions.found).zip(&mut self.drafts.lists) {
                if let (Some(postings), Some(list)) = (&mut draft.postings, positions.lists.get_mut(clause.word as usize)) {
                    postings.positions(found[i], list)?;
                }
            }
            let lists = positions.lists.get(..sole.terms).unwrap_or_default();
            let tf = positions.counter.count(sole.words, lists, sole.slop, self.interrupt)?;
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
