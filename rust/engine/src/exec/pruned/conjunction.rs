//! Frequent clauses that must all match: their bitmaps meet before any document is looked at.
//!
//! **In**: the number of a clause with a bitmap; others in `todo` that must match have bitmaps too. **Out**: candidates. **Law**: in each
//! window of 4096 documents the smaller set is gone through: the documents that all bitmaps have, or the postings whose codes could win.
//! A window is passed over when its codes cannot win, or when one of the clauses that must match has nothing there.

use smallvec::SmallVec;

use super::clause::{Clause, Documents, MISS};
use super::machine::{BATCH, Machine};
use super::postings::LOG2;
use super::single::Stretch;
use crate::base::Result;
use crate::exec::window::{WINDOW, WORDS};

/// The bitmaps that have to meet.
type Bitmaps<'s> = SmallVec<[&'s [[u8; 8]]; 8]>;

impl<'s> Machine<'_, 's> {
    /// The bitmaps of the clauses in `todo` that must match.
    pub fn must_bitmaps(&self) -> Bitmaps<'s> {
        let musts = self.todo.iter().filter_map(|(number, _)| self.clauses.get(*number as usize)).filter(|clause| clause.must);
        let words = |clause: &Clause<'s>| match clause.documents {
            Documents::Bitmap { words, .. } => Some(words),
            _ => None,
        };
        musts.filter_map(words).collect()
    }

    /// Leads with clause `number`, whose own bitmap is `own`, together with those that must match.
    pub fn conjunction(&mut self, number: usize, own: &'s [[u8; 8]], musts: &Bitmaps<'s>) -> Result<()> {
        let Some(clause) = self.clauses.get(number).copied() else { return Ok(()) };
        self.work.conjunctions += 1;
        for base in (0..self.view.reader.doc_count()).step_by(WINDOW as usize) {
            self.interrupt.check()?;
            let need = self.need(base);
            let most = clause.window_code(base, LOG2, self.kernels);
            let least = match self.rest_in(base, LOG2, need) {
                Some(rest) if most > 0 => clause.least_code(need.saturating_sub(rest)).max(1),
                _ => 256,
            };
            if least > usize::from(most) {
                self.work.windows_skipped += 1;
                continue;
            }
            self.meet(&clause, number, base, least as u8, own, musts)?;
        }
        self.flush(number)
    }

    fn meet(&mut self, clause: &Clause<'s>, first: usize, base: u32, least: u8, own: &'s [[u8; 8]], musts: &Bitmaps<'s>) -> Result<()> {
        let at = base as usize / 64;
        let window = |words: &'s [[u8; 8]]| words.get(at..).map_or(&[][..], |rest| rest.get(..WORDS).unwrap_or(rest));
        let mut bits = [0; WORDS];
        (self.kernels.or_into)(&mut bits, window(own));
        for must in musts {
            (self.kernels.and_into)(&mut bits, window(must));
        }
        let both = (self.kernels.count)(&bits) as usize;
        if both == 0 {
            self.work.windows_skipped += 1;
            return Ok(());
        }
        let (start, end) = (clause.rank(base), base.checked_add(WINDOW).map_or(clause.df as usize, |end| clause.rank(end)));
        // Codes say little when nearly all pass; then what both have is fewer.
        let mut picked = std::mem::take(&mut self.arrays.picked);
        let codes = clause.codes.get(start..end).unwrap_or_default();
        if picked.len() < codes.len() {
            picked.resize(codes.len().next_power_of_two(), 0);
        }
        self.work.filtered += codes.len() as u64;
        let passing = (self.kernels.filter)(codes, least, &mut picked);
        self.arrays.picked = picked;
        if passing < both {
            return self.stretch(clause, Stretch { start, end, base }, least, first);
        }
        self.work.windows_met += 1;
        (self.kernels.bits_to_places)(&bits, &mut self.arrays.places);
        let mut from = 0;
        while from < both {
            let n = (both - from).min(BATCH);
            let (mut docs, mut postings) = ([0; BATCH], [MISS; BATCH]);
            for (doc, place) in docs.iter_mut().zip(self.arrays.places.get(from..from + n).unwrap_or_default()) {
                *doc = base + u32::from(*place);
            }
            clause.probe(self.kernels, &docs[..n], &mut postings[..n]);
            for (&doc, &posting) in docs[..n].iter().zip(&postings[..n]) {
                if clause.codes.get(posting as usize).is_some_and(|code| *code >= least) {
                    self.candidate(doc, clause.score(posting), first)?;
                }
            }
            from += n;
        }
        Ok(())
    }
}
