//! Windows whose sums are bytes.
//!
//! **In**: the clauses of a group that have to be summed in a window, the clauses in `todo` that could add to it. **Out**: documents that
//! the sums cannot rule out, scored. **Law**: a byte counts units, contributions rounded up and the score that is needed rounded down, so no
//! document that could win is passed over; a sum that is cut at 255 still reaches what is needed, which is no more than that. What a
//! sweep finds is nearly all that is left of a window, so nothing is kept of its sum: documents of several windows are looked up together in
//! all clauses from the group on, and those whose codes could win are scored exactly.
//!
//! The unit follows the threshold. Where nothing is known yet, whole sums say more ([`super::windows`]).

use smallvec::SmallVec;

use super::clause::{Clause, Documents, MISS};
use super::machine::{BATCH, Machine, NEVER, OTHERS};
use super::windows::Here;
use crate::base::Result;
use crate::exec::kernels::{COARSE, COARSE_WORDS, CoarseOther, Kernels};

/// Documents that are looked up together at least: few, as each that wins helps the windows to come, if few are wanted.
const TOGETHER: usize = 24;
/// Units of the score that is needed when a unit is chosen: it may grow by a quarter before the next.
const UNITS: i32 = 204;
/// A bit more than one, so that a product of rounded numbers is not too small.
const UPWARDS: f64 = 1.0 + 1.0 / (1 << 20) as f64;

/// Arrays of such windows, kept from query to query.
pub(super) struct Coarse {
    /// Sums by place; all zero between uses.
    window: Box<[u8; COARSE]>,
    places: Box<[u16; COARSE + 64]>,
    /// Bounds of each 64 documents, for the clauses that a sweep takes into account.
    bounds: Box<[[u8; COARSE_WORDS]; OTHERS]>,
    /// What codes add at most, exceptions aside and with them, by clause of the group and behind it, in units.
    uppers: Vec<[u8; 256]>,
    blocks: Vec<[u8; 256]>,
    /// The unit; 0 before one was chosen.
    unit: i32,
    /// Documents found.
    docs: [u32; BATCH],
    len: usize,
    /// Their postings by clause.
    postings: Vec<[u32; BATCH]>,
}

impl Default for Coarse {
    fn default() -> Self {
        let boxed = || vec![0; COARSE].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; COARSE]));
        let places = vec![0; COARSE + 64].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; COARSE + 64]));
        Self {
            window: boxed(),
            places,
            bounds: Box::new([[0; COARSE_WORDS]; OTHERS]),
            uppers: Vec::new(),
            blocks: Vec::new(),
            unit: 0,
            docs: [0; BATCH],
            len: 0,
            postings: Vec::new(),
        }
    }
}

impl Machine<'_, '_> {
    /// Chooses a unit anew when the first window of a group is summed.
    pub fn begin_coarse(&mut self) {
        if let Some(coarse) = &mut self.arrays.coarse {
            (coarse.unit, coarse.len) = (0, 0);
        }
    }

    /// Whether bytes can tell documents of a window apart.
    pub fn is_coarse(&self, need: i32, first: usize) -> bool {
        need > 0 && !self.clauses.get(first..self.probed).unwrap_or_default().iter().any(|clause| clause.caps)
    }

    /// Sums in a window of `2^log2` documents, which need so much; the clauses in `todo` have the `rest` at most.
    pub fn coarse_window(
        &mut self,
        essential: &[Here],
        base: u32,
        log2: u32,
        (need, mut rest): (i32, i32),
        (first, last): (usize, usize),
        cursors: &mut [u32],
    ) -> Result<()> {
        self.work.windows_coarse += 1;
        self.work.windows_coarse_wide += u64::from(1 << log2 == COARSE);
        let mut coarse = self.arrays.coarse.take().unwrap_or_default();
        if coarse.unit == 0 || need / coarse.unit > 255 {
            coarse.measure(need, self.clauses.get(first..self.probed).unwrap_or_default(), self.kernels);
        }
        let Coarse { window, places, bounds, uppers, blocks, unit, .. } = &mut *coarse;
        let window = window.get_mut(..1 << log2).unwrap_or_default();
        // Of those that could not win together, lists without a bit a document are summed too: a few postings more, but then all is known.
        let is_swept = |number: u32| self.clauses.get(number as usize).is_some_and(Clause::is_swept);
        let besides = self.todo.iter().filter(|(number, bound)| *bound > 0 && !is_swept(*number));
        let besides = besides.inspect(|(_, bound)| rest -= bound).map(|(number, _)| *number);
        for number in essential.iter().map(|here| here.clause).chain(besides) {
            let Some(clause) = self.clauses.get(number as usize) else { continue };
            let number = number as usize - first;
            let Some(cursor) = cursors.get_mut(number) else { continue };
            let Some(lut) = uppers.get(number) else { continue };
            self.work.summed += clause.add_coarse(base, log2, cursor, lut, window, self.kernels) as u64;
        }
        let mut others: SmallVec<[CoarseOther<'_>; OTHERS]> = SmallVec::new();
        let mut flat = rest;
        let swept = self.todo.iter().filter_map(|(number, bound)| Some((*number, self.clauses.get(*number as usize)?, *bound)));
        for ((number, clause, bound), bounds) in swept.filter(|(_, clause, _)| clause.is_swept()).zip(bounds.iter_mut()) {
            if let (Documents::Bitmap { words, .. }, Some(lut)) = (clause.documents, blocks.get(number as usize - first)) {
                clause.coarse_bounds(base, window.len() / 64, lut, self.kernels, bounds);
                others.push(CoarseOther { words: words.get(base as usize / 64..).unwrap_or_default(), bounds });
                flat -= bound;
            }
        }
        // Rounded down; never more than 255 by the choice of the unit.
        let units = |score: i32| (score / *unit).clamp(0, 255) as u8;
        let n = (self.kernels.sweep_coarse)(window, units(need - rest).max(1), units(need - flat), &others, places);
        drop(others);
        self.work.coarse_found += n as u64;
        let (mut from, together) = (0, self.best.k().clamp(TOGETHER, BATCH));
        while from < n {
            from = coarse.gather(base, from, n, together);
            if coarse.len >= together {
                self.weigh_in(&mut coarse, first, last)?;
            }
        }
        self.arrays.coarse = Some(coarse);
        Ok(())
    }

    /// Looks at the documents that are left of the windows of a group.
    pub fn weigh(&mut self, first: usize, last: usize) -> Result<()> {
        let Some(mut coarse) = self.arrays.coarse.take() else { return Ok(()) };
        let outcome = self.weigh_in(&mut coarse, first, last);
        self.arrays.coarse = Some(coarse);
        outcome
    }

    /// Looks documents up in all clauses of the group and behind it, and scores exactly those whose codes could win.
    fn weigh_in(&mut self, coarse: &mut Coarse, first: usize, last: usize) -> Result<()> {
        let n = std::mem::take(&mut coarse.len).min(BATCH);
        if n == 0 {
            return Ok(());
        }
        self.interrupt.check()?;
        self.work.candidates += n as u64;
        self.arrays.docs[..n].copy_from_slice(&coarse.docs[..n]);
        let n = self.masked(n);
        let clauses = self.clauses.get(first..self.probed).unwrap_or_default();
        let docs = &self.arrays.docs[..n];
        if coarse.postings.len() < clauses.len() {
            coarse.postings.resize(clauses.len(), [MISS; BATCH]);
        }
        for (clause, postings) in clauses.iter().zip(&mut coarse.postings) {
            clause.probe(self.kernels, docs, &mut postings[..n]);
            // Codes of postings lie anywhere: all of a batch are under way before the first is read.
            (self.kernels.prefetch)(clause.codes, &postings[..n]);
        }
        self.work.probed += (n * clauses.len()) as u64;
        let (theta, tie) = (self.theta(), self.tie());
        let (docs, scores) = (&self.arrays.docs[..n], &mut self.arrays.scores[..n]);
        scores.fill(0);
        for (number, (clause, postings)) in (first..).zip(clauses.iter().zip(&coarse.postings)) {
            if number == last {
                // What only clauses behind the group have is for theirs to find.
                scores.iter_mut().filter(|score| **score == 0).for_each(|score| *score = NEVER);
            }
            for (score, &posting) in scores.iter_mut().zip(&postings[..n]) {
                // Set, not added: twice it would wrap.
                let missing = if clause.must { NEVER } else { *score };
                *score = if posting == MISS { missing } else { *score + clause.upper(posting) };
            }
        }
        let (mut winning, mut count) = ([0u8; BATCH], 0);
        for (i, (doc, score)) in docs.iter().zip(&*scores).enumerate() {
            winning[count] = i as u8;
            count += usize::from(*score >= theta + i32::from(*doc > tie));
        }
        let winning = &winning[..count];
        if self.rough && self.verifier.is_none() {
            self.work.rescored += count as u64;
            winning.iter().for_each(|i| scores[usize::from(*i)] = 0);
            for (number, (clause, postings)) in (0u32..).zip(clauses.iter().zip(&coarse.postings)) {
                for (&i, posting) in winning.iter().map(|i| (i, postings[usize::from(*i)])).filter(|(_, posting)| *posting != MISS) {
                    self.arrays.doubts.add(number, clause, posting, u32::from(i), &mut scores[usize::from(i)], self.kernels);
                }
            }
            self.arrays.doubts.settle(clauses, scores);
        }
        for (at, &i) in winning.iter().enumerate() {
            let i = usize::from(i);
            (self.arrays.docs[at], self.arrays.scores[at]) = (self.arrays.docs[i], self.arrays.scores[i]);
        }
        for i in 0..self.without(count, first) {
            let (doc, score) = (self.arrays.docs[i], self.arrays.scores[i]);
            self.judge(doc, score)?;
        }
        Ok(())
    }
}

impl Coarse {
    /// Appends the documents at the places `from..to` found, as far as there is room; where to go on.
    fn gather(&mut self, base: u32, from: usize, to: usize, together: usize) -> usize {
        let to = to.min(from + together.saturating_sub(self.len));
        let found = self.places.get(from..to).unwrap_or_default();
        for (doc, place) in self.docs.iter_mut().skip(self.len).zip(found) {
            *doc = base + u32::from(*place);
        }
        self.len += found.len();
        to
    }

    /// Chooses the unit by what is needed, and measures all contributions by it.
    fn measure(&mut self, need: i32, clauses: &[Clause<'_>], kernels: &Kernels) {
        self.unit = need / UNITS + 1;
        let factor = (UPWARDS / f64::from(self.unit)) as f32;
        if self.uppers.len() < clauses.len() {
            self.uppers.resize(clauses.len(), [0; 256]);
            self.blocks.resize(clauses.len(), [0; 256]);
        }
        for ((clause, upper), block) in clauses.iter().zip(&mut self.uppers).zip(&mut self.blocks) {
            (kernels.coarsen)(clause.bound, factor, block);
            if std::ptr::eq(clause.upper, clause.bound) {
                *upper = *block;
            } else {
                (kernels.coarsen)(clause.upper, factor, upper);
            }
        }
    }
}
