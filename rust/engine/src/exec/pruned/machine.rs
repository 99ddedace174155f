//! The state of one query in one segment, and what becomes of a candidate.
//!
//! **In**: candidates: documents with what some of their clauses add at most. **Out**: hits in [`Best`]. **Law**: a candidate is dropped only when
//! what is known of it plus the bounds of the clauses not yet looked at is less than what its document needs; each document is judged
//! whole once, in the first group of clauses that has it. Candidates are gathered in batches: bounds of blocks first, presence bits
//! with them, then probes clause by clause, so that the cache misses of a batch overlap.

use super::best::Best;
use super::clause::{Clause, MISS, Maxima};
use super::coarse::Coarse;
use super::exact::Doubts;
use super::lot::Lot;
use super::open::Drafts;
use super::verify::Verifier;
use super::work::Work;
use crate::base::{Interrupt, Result};
use crate::codec::postings::exceptions::ExceptionCursor;
use crate::exec::kernels::{Kernels, Swept};
use crate::exec::masks::Masks;
use crate::exec::window::{PLACES, WORDS};
use crate::index::SegmentView;

/// Candidates of a batch.
pub(super) const BATCH: usize = 64;
/// Clauses with bitmaps that a sweep takes into account.
pub(super) const OTHERS: usize = 16;
/// Clauses whose postings are sooner read than asked for.
const FEW: usize = 4;
/// Documents of a wide window, for groups with few postings.
pub(super) const WIDE: usize = 1 << 14;
/// Matches nothing: whatever is added (at most 2^30), the sum stays below what any document needs, and does not wrap.
pub(super) const NEVER: i32 = -1_900_000_000;

/// Arrays that are kept from query to query.
pub(super) struct Arrays {
    pub docs: [u32; BATCH],
    pub scores: [i32; BATCH],
    pub rest: [i32; BATCH],
    /// Bounds of one clause, and postings.
    pub found: [i32; BATCH],
    pub postings: [u32; BATCH],
    pub len: usize,
    /// Postings of the batch in several clauses.
    pub found_in: Box<[[u32; BATCH]; OTHERS]>,
    /// Scores by place; all zero between uses.
    pub window: Box<[i32; PLACES]>,
    pub swept: Option<Box<Swept>>,
    /// Bounds of each 64 documents of a window, for the clauses that a sweep takes into account.
    pub bounds: Box<[[i32; WORDS]; OTHERS]>,
    /// Sums in bytes, once they were used.
    pub coarse: Option<Box<Coarse>>,
    /// Scores by place of a wide window, [`WIDE`] once it was used; all zero between uses.
    pub wide: Vec<i32>,
    /// Indices of a filter, or places touched.
    pub picked: Vec<u32>,
    /// Postings of the list that leads.
    pub lot: Lot,
    /// Postings that may be exceptions.
    pub doubts: Doubts,
    /// Merged lists of small groups: documents and scores.
    pub merge: [Vec<(u32, i32)>; 3],
}

fn boxed<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    vec![T::default(); N].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([T::default(); N]))
}

impl Default for Arrays {
    fn default() -> Self {
        Self {
            docs: [0; BATCH],
            scores: [0; BATCH],
            rest: [0; BATCH],
            found: [0; BATCH],
            postings: [0; BATCH],
            len: 0,
            found_in: Box::new([[0; BATCH]; OTHERS]),
            window: boxed(),
            swept: None,
            bounds: Box::new([[0; WORDS]; OTHERS]),
            coarse: None,
            wide: Vec::new(),
            picked: Vec::new(),
            lot: Lot::default(),
            doubts: Doubts::default(),
            merge: [Vec::new(), Vec::new(), Vec::new()],
        }
    }
}

/// One query in one segment.
pub(super) struct Machine<'m, 's> {
    pub kernels: &'static Kernels,
    pub view: &'s SegmentView,
    pub masks: Masks<'m>,
    pub interrupt: &'m Interrupt,
    /// Leads first, by ascending frequency in both parts.
    pub clauses: &'m [Clause<'s>],
    pub leads: usize,
    /// Clauses from here on are only read when a hit is verified.
    pub probed: usize,
    pub excluded: &'m [Clause<'s>],
    /// What every hit scores besides.
    pub base: i32,
    /// Contributions are exact divided by two to this, rounded up: where fields that saturate together are bounded one by one, their sum
    /// would not fit into 32 bits. Then every hit is verified.
    pub shift: u32,
    pub verifier: Option<Verifier<'m, 's>>,
    pub drafts: &'m mut Drafts<'s>,
    pub best: &'m mut Best,
    pub arrays: &'m mut Arrays,
    /// Clauses that a batch has still to look at, and their bounds where the batch was made.
    pub todo: &'m mut Vec<(u32, i32)>,
    /// Whether sums are only what documents score at most, because some clause has exceptions: those that pass all bounds are scored exactly.
    /// Else they are exact. A clause alone is always exact.
    pub rough: bool,
    /// Whether a sweep has already taken the bits and blocks of bitmaps into account: candidates come with what is left.
    pub swept: bool,
    pub work: &'m mut Work,
}

impl Machine<'_, '_> {
    /// The least score that any document needs from its clauses.
    #[inline]
    pub fn theta(&self) -> i32 {
        (self.best.theta() - self.base) >> self.shift
    }

    /// The least score that this document needs from its clauses.
    #[inline]
    pub fn need(&self, doc: u32) -> i32 {
        (self.best.need(doc) - self.base) >> self.shift
    }

    /// The last document for which [`Machine::theta`] is enough.
    #[inline]
    pub(super) fn tie(&self) -> u32 {
        if self.shift > 0 { u32::MAX } else { self.best.tie() }
    }

    /// Adds a candidate. `first`: the first clause of the group at hand; documents of earlier ones were judged before.
    #[inline]
    pub fn candidate(&mut self, doc: u32, score: i32, first: usize) -> Result<()> {
        let at = self.arrays.len;
        if let (Some(slot), Some(sum)) = (self.arrays.docs.get_mut(at), self.arrays.scores.get_mut(at)) {
            (*slot, *sum) = (doc, score);
            self.arrays.len = at + 1;
        }
        if at + 1 >= BATCH { self.flush(first) } else { Ok(()) }
    }

    /// The same of several postings, ascending, of a list that leads.
    pub fn candidates(&mut self, clause: &Clause<'_>, postings: &[u32], docs: &[u32], first: usize) -> Result<()> {
        let (mut postings, mut docs) = (postings, docs);
        let mut exceptions = ExceptionCursor::new(&clause.exceptions);
        while !docs.is_empty() {
            let from = self.arrays.len.min(BATCH - 1);
            let n = docs.len().min(BATCH - from);
            let (here, later) = docs.split_at(n);
            let (scored, behind) = postings.split_at(n.min(postings.len()));
            self.arrays.docs[from..from + n].copy_from_slice(here);
            let scores = self.arrays.scores[from..from + n].iter_mut().zip(scored);
            // Apart from `worth`: exceptions of ascending postings are met one after the other.
            if self.rough {
                scores.for_each(|(score, posting)| *score = clause.upper(*posting));
            } else {
                scores.for_each(|(score, posting)| *score = clause.score_next(*posting, &mut exceptions));
            }
            (postings, docs, self.arrays.len) = (behind, later, from + n);
            if from + n >= BATCH {
                self.flush(first)?;
            }
        }
        Ok(())
    }

    /// The same of many: documents with what they have and what the clauses in `todo` add at most. All are taken from `found`, also after
    /// an error. Those that cannot win are written over by the next: no branch has to be guessed.
    pub fn offer(&mut self, mut found: impl Iterator<Item = (u32, i32, i32)>, first: usize) -> Result<()> {
        loop {
            let theta = self.theta();
            let Arrays { docs, scores, rest, len, .. } = &mut *self.arrays;
            let mut at = (*len).min(BATCH - 1);
            while at < BATCH {
                let Some((doc, score, more)) = found.next() else {
                    *len = at;
                    return Ok(());
                };
                (docs[at], scores[at], rest[at]) = (doc, score, more);
                at += usize::from(score + more >= theta);
            }
            *len = at;
            if let Err(error) = self.flush(first) {
                found.for_each(drop);
                return Err(error);
            }
        }
    }

    /// Judges the batch.
    pub fn flush(&mut self, first: usize) -> Result<()> {
        let mut n = std::mem::take(&mut self.arrays.len).min(BATCH);
        if n == 0 {
            return Ok(());
        }
        self.interrupt.check()?;
        self.work.candidates += n as u64;
        n = self.masked(n);
        if n > 0 && self.todo.is_empty() {
            n = self.still_winning(n);
        } else if n > 0 {
            // As long as any score will do, bounds drop nothing: their lines are not worth a look.
            let any = self.theta() <= 0 && self.tie() == u32::MAX && !self.swept;
            if any {
                self.work.unbounded += 1;
                self.arrays.rest[..n].fill(0);
            } else {
                n = self.bounded(n);
            }
            n = self.probed(n, !any);
        }
        n = self.without(n, first);
        if let Some(sole) = self.drafts.sole {
            return self.phrases(n, sole);
        }
        if self.rough && self.verifier.is_none() {
            self.rescore(n, first);
        }
        for i in 0..n {
            let (doc, score) = (self.arrays.docs[i], self.arrays.scores[i]);
            self.judge(doc, score)?;
        }
        Ok(())
    }

    /// Scores the few that are left exactly: none has a clause before `first`.
    fn rescore(&mut self, n: usize, first: usize) {
        let Arrays { docs, scores, found_in, doubts, .. } = &mut *self.arrays;
        self.work.rescored += n as u64;
        scores[..n].fill(0);
        // All misses of one kind overlap: documents, then codes, then exceptions, of several clauses at once. For few the asking costs more.
        let several = self.probed - first > FEW;
        let all = self.clauses.get(first..self.probed).unwrap_or_default();
        for (clauses, from) in all.chunks(OTHERS).zip((0u32..).step_by(OTHERS)) {
            for (clause, postings) in clauses.iter().zip(found_in.iter_mut()) {
                clause.probe(self.kernels, &docs[..n], &mut postings[..n]);
                if several {
                    (self.kernels.prefetch)(clause.codes, &postings[..n]);
                }
            }
            for (number, (clause, postings)) in (from..).zip(clauses.iter().zip(found_in.iter())) {
                if !several {
                    for (score, &posting) in scores[..n].iter_mut().zip(&postings[..n]) {
                        *score += if posting == MISS { 0 } else { clause.score(posting) };
                    }
                    continue;
                }
                let there = (0u32..).zip(&mut scores[..n]).zip(&postings[..n]).filter(|(_, posting)| **posting != MISS);
                for ((at, score), &posting) in there {
                    doubts.add(number, clause, posting, at, score, self.kernels);
                }
            }
        }
        doubts.settle(all, scores);
    }

    /// Drops what may not be found.
    pub(super) fn masked(&mut self, n: usize) -> usize {
        if self.masks.is_all() {
            return n;
        }
        let Arrays { docs, scores, rest, .. } = &mut *self.arrays;
        let mut kept = 0;
        for i in 0..n {
            let doc = docs[i];
            (docs[kept], scores[kept], rest[kept]) = (doc, scores[i], rest[i]);
            kept += usize::from(self.masks.has(doc));
        }
        kept
    }

    /// Drops what the hits since it was found have left behind.
    fn still_winning(&mut self, n: usize) -> usize {
        let (theta, tie) = (self.theta(), self.tie());
        let Arrays { docs, scores, rest, .. } = &mut *self.arrays;
        rest[..n].fill(0);
        (self.kernels.squeeze)(docs, scores, rest, n, theta, tie)
    }

    /// Sums the bounds of the clauses to look at, block by block.
    fn bounded(&mut self, mut n: usize) -> usize {
        let (theta, tie) = (self.theta(), self.tie());
        let Arrays { docs, scores, rest, found, .. } = &mut *self.arrays;
        if self.swept {
            // The threshold may have risen.
            n = (self.kernels.squeeze)(docs, scores, rest, n, theta, tie);
        } else {
            let total: i32 = self.todo.iter().map(|(_, bound)| *bound).sum();
            rest[..n].fill(total);
        }
        for &(number, bound) in self.todo.iter() {
            let Some(clause) = self.clauses.get(number as usize) else { continue };
            if self.swept && clause.is_swept() {
                continue;
            }
            if matches!(clause.maxima, Maxima::ByDocument { .. }) {
                let here = &mut found[..n];
                clause.block_bounds(self.kernels, &docs[..n], here);
                if clause.must {
                    let (ceiling, caps) = (clause.ceiling, clause.caps);
                    // Where no posting is worth anything, bounds do not tell blocks with postings from others.
                    let worthless = clause.bound[usize::from(clause.top)] == 0;
                    for ((here, rest), score) in here.iter().zip(&mut rest[..n]).zip(&mut scores[..n]) {
                        // A block without any posting says that the document lacks the term.
                        *rest = *rest - bound + if *here > 0 || worthless { (*here).min(ceiling) } else { NEVER };
                        *score = if caps { (*score).min(*here) } else { *score };
                    }
                } else {
                    for (here, rest) in here.iter().zip(&mut rest[..n]) {
                        *rest += *here - bound;
                    }
                }
                n = (self.kernels.squeeze)(docs, scores, rest, n, theta, tie);
                if n == 0 {
                    return 0;
                }
            } else {
                let more = clause.ceiling - bound;
                rest[..n].iter_mut().for_each(|rest| *rest += more);
            }
        }
        n
    }

    /// Looks the clauses up, one after the other. `bounded`: whether `rest` is what those that are left add at most; else it is 0, and any
    /// score will do.
    fn probed(&mut self, mut n: usize, bounded: bool) -> usize {
        for (at, &(number, _)) in (1..).zip(self.todo.iter()) {
            if n == 0 {
                return 0;
            }
            let Some(clause) = self.clauses.get(number as usize) else { continue };
            let is_last = at == self.todo.len();
            let (theta, tie) = (self.theta(), self.tie());
            let Arrays { docs, scores, rest, found, postings, .. } = &mut *self.arrays;
            clause.probe(self.kernels, &docs[..n], &mut postings[..n]);
            self.work.probed += n as u64;
            // Codes of postings lie anywhere: they are under way while the bounds are taken off.
            (self.kernels.prefetch)(clause.codes, &postings[..n]);
            if is_last {
                // Nothing is left then.
                rest[..n].fill(0);
            } else if bounded && clause.ceiling > 0 {
                clause.block_bounds(self.kernels, &docs[..n], &mut found[..n]);
                rest[..n].iter_mut().zip(&found[..n]).for_each(|(rest, here)| *rest -= *here);
            }
            let missing = if clause.must { NEVER } else { 0 };
            for (score, &posting) in scores[..n].iter_mut().zip(&postings[..n]) {
                if clause.caps {
                    let code = clause.codes.get(posting as usize).copied().unwrap_or(0);
                    *score = if posting == MISS { NEVER } else { (*score).min(clause.bound[usize::from(code)]) };
                } else {
                    *score += if posting == MISS { missing } else { clause.worth(posting, self.rough) };
                }
            }
            n = (self.kernels.squeeze)(docs, scores, rest, n, theta, tie);
        }
        n
    }

    /// Drops documents that an earlier group has judged, and those that an excluded clause has.
    pub(super) fn without(&mut self, mut n: usize, first: usize) -> usize {
        for clause in self.clauses.get(..first).unwrap_or_default().iter().chain(self.excluded) {
            if n == 0 {
                break;
            }
            let Arrays { docs, scores, postings, .. } = &mut *self.arrays;
            clause.probe(self.kernels, &docs[..n], &mut postings[..n]);
            let mut kept = 0;
            for i in 0..n {
                (docs[kept], scores[kept]) = (docs[i], scores[i]);
                kept += usize::from(postings[i] == MISS);
            }
            n = kept;
        }
        n
    }

    /// A document whose clauses add up to `score`, exactly or at most.
    pub(super) fn judge(&mut self, doc: u32, score: i32) -> Result<()> {
        if score < self.need(doc) {
            return Ok(());
        }
        let score = match &mut self.verifier {
            None => score,
            Some(verifier) => {
                self.work.verified += 1;
                match verifier.score(doc, self.clauses, self.drafts, self.kernels, self.interrupt)? {
                    Some(exact) => exact,
                    None => return Ok(()),
                }
            }
        };
        self.work.pushed += 1;
        self.best.push(self.view, doc, score + self.base)
    }
}
