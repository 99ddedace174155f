//! Frequent clauses that must all match: their bitmaps meet before any document is looked at.
//!
//! **In**: the number of a clause with a bitmap; others in `todo` that must match have bitmaps too. **Out**: candidates. **Law**: a window of
//! 4096 documents is passed over when its codes cannot win, or when one of the clauses that must match has nothing there. Else the bits that
//! all bitmaps have are taken together, and of those each clause in turn takes away the ones whose code could not win with the greatest
//! codes of the others. What is left is a candidate.

use smallvec::SmallVec;

use super::clause::{Clause, Documents, MISS};
use super::machine::{BATCH, Machine};
use super::postings::LOG2;
use crate::base::Result;
use crate::exec::kernels::{Kernels, Le8};
use crate::exec::window::{WINDOW, WORDS};

/// Clauses whose bitmaps have to meet, the one that leads first, and the least code of each that could win.
type Meeting<'m, 's> = SmallVec<[(&'m Clause<'s>, &'s [Le8], u8); 8]>;

impl<'s> Machine<'_, 's> {
    /// Whether a clause in `todo` that must match has a bitmap.
    pub fn has_must_bitmap(&self) -> bool {
        let mut todo = self.todo.iter().filter_map(|(number, _)| self.clauses.get(*number as usize));
        todo.any(|clause| clause.must && matches!(clause.documents, Documents::Bitmap { .. }))
    }

    /// Leads with clause `number`, which has a bitmap, together with those that must match.
    pub fn conjunction(&mut self, number: usize) -> Result<()> {
        let clauses = self.clauses;
        let Some(clause) = clauses.get(number) else { return Ok(()) };
        let others = self.todo.iter().filter_map(|(number, _)| clauses.get(*number as usize)).filter(|clause| clause.must);
        let with_bitmap = |clause: &'_ Clause<'s>| match clause.documents {
            Documents::Bitmap { words, .. } => Some(words),
            _ => None,
        };
        let mut meeting: Meeting<'_, 's> =
            std::iter::once(clause).chain(others).filter_map(|clause| Some((clause, with_bitmap(clause)?, 1))).collect();
        self.work.conjunctions += 1;
        for base in (0..self.view.reader.doc_count()).step_by(WINDOW as usize) {
            self.interrupt.check()?;
            let need = self.need(base);
            if need <= 0 || self.may_win(clause, base, need, &mut meeting) {
                self.meet(&meeting, number, base)?;
            } else {
                self.work.windows_skipped += 1;
            }
        }
        self.flush(number)
    }

    /// Whether some document of a window could win; finds the least code of each clause that could.
    fn may_win(&self, clause: &Clause<'s>, base: u32, need: i32, meeting: &mut Meeting<'_, 's>) -> bool {
        let most = clause.window_code(base, LOG2, self.kernels);
        let Some(rest) = self.rest_in(base, LOG2, need).filter(|_| most > 0) else { return false };
        let together = clause.bound[usize::from(most)].saturating_add(rest);
        if together < need {
            return false;
        }
        for (number, (clause, _, least)) in meeting.iter_mut().enumerate() {
            let most = if number == 0 { most } else { clause.window_code(base, LOG2, self.kernels) };
            // A clause that caps is no part of what is added up: it needs all by itself.
            let others = if clause.caps { 0 } else { together - clause.bound[usize::from(most)] };
            match clause.least_code(need - others).max(1) {
                code if code <= usize::from(most) => *least = code as u8,
                _ => return false,
            }
        }
        true
    }

    fn meet(&mut self, meeting: &Meeting<'_, 's>, first: usize, base: u32) -> Result<()> {
        let at = base as usize / 64;
        let window = |words: &'s [Le8]| words.get(at..).map_or(&[][..], |rest| rest.get(..WORDS).unwrap_or(rest));
        let mut bits = [u64::MAX; WORDS];
        for (_, words, _) in meeting {
            (self.kernels.and_into)(&mut bits, window(words));
        }
        self.work.windows_met += 1;
        for (clause, words, least) in meeting {
            if *least > 1 {
                let codes = clause.codes.get(clause.rank(base)..).unwrap_or_default();
                (self.kernels.filter_bits)(window(words), codes, *least, &mut bits);
            }
        }
        let Some((clause, ..)) = meeting.first() else { return Ok(()) };
        let n = (self.kernels.bits_to_places)(&bits, &mut self.arrays.places);
        self.look_up_in(clause, first, base, n, self.kernels)
    }

    /// Makes candidates of the first `n` places.
    fn look_up_in(&mut self, clause: &Clause<'s>, first: usize, base: u32, n: usize, kernels: &Kernels) -> Result<()> {
        for from in (0..n).step_by(BATCH) {
            let n = (n - from).min(BATCH);
            let (mut docs, mut postings) = ([0; BATCH], [MISS; BATCH]);
            for (doc, place) in docs.iter_mut().zip(self.arrays.places.get(from..from + n).unwrap_or_default()) {
                *doc = base + u32::from(*place);
            }
            clause.probe(kernels, &docs[..n], &mut postings[..n]);
            for (&doc, &posting) in docs[..n].iter().zip(&postings[..n]) {
                self.candidate(doc, clause.score(posting), first)?;
            }
        }
        Ok(())
    }
}
