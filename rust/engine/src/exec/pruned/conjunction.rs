//! Frequent clauses that must all match: their bitmaps meet before any document is looked at.
//!
//! **In**: the number of a clause with a bitmap; others in `todo` that must match have bitmaps too. **Out**: candidates. **Law**: a window of
//! 4096 documents is passed over when its codes cannot win, or when one of the clauses that must match has nothing there. Else the bits that
//! all bitmaps have are taken together, and of those each clause in turn takes away the ones whose code could not win with the greatest
//! codes of the others: word by word while they are many, one by one when they are few. What is left is a candidate.

use smallvec::SmallVec;

use super::clause::{Clause, Documents, MISS};
use super::machine::{BATCH, Machine};
use super::postings::LOG2;
use crate::base::Result;
use crate::exec::kernels::Le8;
use crate::exec::window::{WINDOW, WORDS};

/// Documents of a window whose codes are sooner looked up one by one than word by word.
const FEW: usize = 24;

/// A clause whose bitmap has to meet others.
struct Meeting<'m, 's> {
    clause: &'m Clause<'s>,
    words: &'s [Le8],
    /// What it has to add to win, in the window looked at last.
    need: i32,
    /// The least code that adds so much.
    least: usize,
}

/// All of them, the one that leads first.
type Meetings<'m, 's> = SmallVec<[Meeting<'m, 's>; 4]>;

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
        let all = std::iter::once(clause).chain(others);
        let mut meeting: Meetings<'_, 's> = all
            .filter_map(|clause| match clause.documents {
                Documents::Bitmap { words, .. } => Some(Meeting { clause, words, need: 0, least: 1 }),
                _ => None,
            })
            .collect();
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
    fn may_win(&self, clause: &Clause<'s>, base: u32, need: i32, meeting: &mut Meetings<'_, 's>) -> bool {
        let most = clause.window_code(base, LOG2, self.kernels);
        let Some(rest) = self.rest_in(base, LOG2, need).filter(|_| most > 0) else { return false };
        let together = clause.bound[usize::from(most)].saturating_add(rest);
        if together < need {
            return false;
        }
        for (number, meeting) in meeting.iter_mut().enumerate() {
            let clause = meeting.clause;
            let most = if number == 0 { most } else { clause.window_code(base, LOG2, self.kernels) };
            // A clause that caps is no part of what is added up: it needs all by itself.
            let others = if clause.caps { 0 } else { together - clause.bound[usize::from(most)] };
            // Mostly as in the window before.
            if meeting.need != need - others {
                (meeting.need, meeting.least) = (need - others, clause.least_code(need - others).max(1));
            }
            if meeting.least > usize::from(most) {
                return false;
            }
        }
        true
    }

    fn meet(&mut self, meeting: &Meetings<'_, 's>, first: usize, base: u32) -> Result<()> {
        let at = base as usize / 64;
        let window = |words: &'s [Le8]| words.get(at..).map_or(&[][..], |rest| rest.get(..WORDS).unwrap_or(rest));
        let mut bits = [u64::MAX; WORDS];
        for meeting in meeting {
            (self.kernels.and_into)(&mut bits, window(meeting.words));
        }
        self.work.windows_met += 1;
        let mut left = (self.kernels.count)(&bits) as usize;
        let mut one_by_one = meeting.len();
        for (number, Meeting { clause, words, least, .. }) in meeting.iter().enumerate() {
            if left <= FEW {
                one_by_one = number;
                break;
            }
            if *least > 1 {
                let codes = clause.codes.get(clause.rank(base)..).unwrap_or_default();
                (self.kernels.filter_bits)(window(words), codes, *least as u8, &mut bits);
                left = (self.kernels.count)(&bits) as usize;
            }
        }
        if left == 0 {
            return Ok(());
        }
        let mut swept = self.arrays.swept.take().unwrap_or_default();
        let n = (self.kernels.bits_to_places)(&bits, &mut swept.places);
        let outcome = self.look_up_places(meeting, one_by_one, first, base, swept.places.get(..n).unwrap_or_default());
        self.arrays.swept = Some(swept);
        outcome
    }

    /// Makes candidates of places of the window from `base` on, a batch at a time.
    fn look_up_places(&mut self, meeting: &Meetings<'_, 's>, from: usize, first: usize, base: u32, places: &[u16]) -> Result<()> {
        for places in places.chunks(BATCH) {
            let mut docs = [0; BATCH];
            docs.iter_mut().zip(places).for_each(|(doc, place)| *doc = base + u32::from(*place));
            self.look_up_all(meeting, from, first, &mut docs, places.len())?;
        }
        Ok(())
    }

    /// Makes candidates of those of the first `n` documents whose codes could win; those of clauses before `from` can.
    fn look_up_all(&mut self, meeting: &Meetings<'_, 's>, from: usize, first: usize, docs: &mut [u32; BATCH], mut n: usize) -> Result<()> {
        let mut postings = [MISS; BATCH];
        // The one that leads comes last: its postings are wanted.
        for (number, Meeting { clause, least, .. }) in meeting.iter().enumerate().rev() {
            if number > 0 && (number < from || *least <= 1) {
                continue;
            }
            clause.probe(self.kernels, &docs[..n], &mut postings[..n]);
            let mut kept = 0;
            for i in 0..n {
                let code = clause.codes.get(postings[i] as usize).copied().unwrap_or(0);
                (docs[kept], postings[kept]) = (docs[i], postings[i]);
                kept += usize::from(usize::from(code) >= *least);
            }
            n = kept;
            if n == 0 {
                return Ok(());
            }
        }
        let Some(Meeting { clause, .. }) = meeting.first() else { return Ok(()) };
        for (&doc, &posting) in docs[..n].iter().zip(&postings[..n]) {
            self.candidate(doc, clause.worth(posting, self.rough), first)?;
        }
        Ok(())
    }
}
