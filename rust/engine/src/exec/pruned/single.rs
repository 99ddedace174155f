//! One list leads: its blocks and postings are passed over by their codes, before any document is known.
//!
//! **In**: the number of a clause; the clauses in `todo` may add to it. **Out**: candidates. **Law**: a posting is passed over when its
//! code's bound plus the bounds of the others, in its block, is less than the least that any document needs. 64 codes are compared at once.

use super::clause::{Clause, Documents, Maxima};
use super::machine::Machine;
use crate::base::Result;
use crate::exec::kernels::Kernels;

/// Postings of a block of a list that is not laid out by document.
const POSTINGS: usize = 128;
/// So many blocks ahead codes and documents are asked for.
const AHEAD: usize = 4;
/// Blocks between two looks at the threshold.
const BLOCKS: usize = 64;
/// Others are bounded inside of a block when that takes at most so many of their maxima, as a power of two.
const FINER: u32 = 6;

/// Postings `start..end` of a list, in the block of documents from `base`.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    pub start: usize,
    pub end: usize,
    pub base: u32,
}

impl<'s> Machine<'_, 's> {
    /// Leads with clause `number`, which is also the first of its group.
    pub fn single(&mut self, number: usize) -> Result<()> {
        let Some(clause) = self.clauses.get(number).copied() else { return Ok(()) };
        self.todo_behind(number + 1);
        let rest: i32 = self.todo.iter().map(|(_, bound)| *bound).sum();
        if clause.least_code(self.theta() - rest) > usize::from(clause.top) {
            self.work.groups_skipped += 1;
            return Ok(());
        }
        if matches!(clause.documents, Documents::Bitmap { .. }) && self.has_must_bitmap() {
            return self.conjunction(number);
        }
        self.work.single_lists += 1;
        match clause.maxima {
            Maxima::Whole => {
                let least = clause.least_code(self.theta() - rest).max(1) as u8;
                self.stretch(&clause, Stretch { start: 0, end: clause.df as usize, base: 0 }, least, number)?;
            }
            Maxima::ByPosting(maxima) => {
                self.blocks(&clause, maxima, rest, number, |_, block| Stretch {
                    start: block * POSTINGS,
                    end: ((block + 1) * POSTINGS).min(clause.df as usize),
                    base: 0,
                })?;
            }
            Maxima::ByDocument { shift, codes } => {
                self.blocks(&clause, codes, rest, number, |clause, block| clause.block(block, shift))?;
            }
        }
        self.flush(number)
    }

    /// Leads with each block whose greatest code could win.
    fn blocks(
        &mut self,
        clause: &Clause<'_>,
        maxima: &[u8],
        rest: i32,
        first: usize,
        stretch: impl Fn(&Clause<'_>, usize) -> Stretch,
    ) -> Result<()> {
        let mut passing = [0u32; BLOCKS];
        let musts = self.has_musts();
        // What a posting had to add in the block before, and the least code that does: mostly it is the same again.
        let mut last = (i32::MIN, 1);
        for (chunk, codes) in maxima.chunks(BLOCKS).enumerate() {
            self.interrupt.check()?;
            let least = clause.least_code(self.theta() - rest).max(1);
            if least > usize::from(clause.top) {
                break;
            }
            let n = (self.kernels.filter)(codes, least as u8, &mut passing);
            self.work.blocks_skipped += (codes.len() - n) as u64;
            for &block in passing[..n].iter().take(AHEAD) {
                clause.ask_for(stretch(clause, chunk * BLOCKS + block as usize), self.kernels);
            }
            for (at, &block) in passing[..n].iter().enumerate() {
                if let Some(&block) = passing[..n].get(at + AHEAD) {
                    clause.ask_for(stretch(clause, chunk * BLOCKS + block as usize), self.kernels);
                }
                let block = chunk * BLOCKS + block as usize;
                let stretch = stretch(clause, block);
                let need = self.need(stretch.base);
                if musts && need <= 0 {
                    // All postings may win: what rules most of them out is the others.
                    self.gather(clause, stretch, 1, first)?;
                    continue;
                }
                let rest_here = match clause.maxima {
                    Maxima::ByDocument { shift, .. } => self.rest_in(stretch.base, shift, need),
                    _ => Some(rest),
                };
                let Some(rest) = rest_here else {
                    self.work.blocks_skipped += 1;
                    continue;
                };
                if last.0 != need - rest {
                    last = (need - rest, clause.least_code(need - rest).max(1));
                }
                let least = last.1;
                if least > usize::from(maxima[block]) {
                    self.work.blocks_skipped += 1;
                    continue;
                }
                if musts {
                    self.gather(clause, stretch, least as u8, first)?;
                } else {
                    self.stretch(clause, stretch, least as u8, first)?;
                }
            }
        }
        self.settle(clause, first)
    }

    /// What the clauses in `todo` add at most in the documents `base .. base + 2^log2`; none when one of them rules them out.
    pub fn rest_in(&self, base: u32, log2: u32, need: i32) -> Option<i32> {
        let mut sum = 0;
        for &(number, bound) in self.todo.iter() {
            let Some(other) = self.clauses.get(number as usize) else { continue };
            sum += match other.maxima {
                Maxima::ByDocument { shift: finer, .. } if finer + FINER >= log2 => {
                    let code = other.window_code(base, log2, self.kernels);
                    let most = other.bound[usize::from(code)];
                    if (code == 0 && other.must) || (other.caps && most < need) {
                        return None;
                    }
                    if other.caps { 0 } else { most }
                }
                _ => bound,
            };
        }
        Some(sum)
    }
}

impl Clause<'_> {
    /// Asks for the codes and documents of a stretch.
    fn ask_for(&self, stretch: Stretch, kernels: &Kernels) {
        let lines: [u32; 4] = [0, 64, 128, 192];
        let long = stretch.end.saturating_sub(stretch.start);
        (kernels.prefetch)(self.codes.get(stretch.start..).unwrap_or_default(), &lines[..(long / 64 + 1).min(3)]);
        if let Documents::Aligned { low, .. } = self.documents {
            let low = low.get(stretch.start..).unwrap_or_default().as_flattened();
            (kernels.prefetch)(low, &lines[..(long / 32 + 1).min(4)]);
        }
        if !self.exceptions.is_empty() {
            self.exceptions.ahead(stretch.start as u32).into_iter().for_each(|bytes| (kernels.prefetch)(bytes, &lines[..1]));
        }
    }

    /// The postings of a block of `2^shift` documents.
    pub fn block(&self, block: usize, shift: u32) -> Stretch {
        let base = (block as u32) << shift;
        match self.documents {
            Documents::Aligned { starts, .. } => {
                let start = |at: usize| starts.get(at).map_or(0, |start| u32::from_le_bytes(*start) as usize);
                Stretch { start: start(block), end: start(block + 1), base }
            }
            Documents::Bitmap { .. } => {
                let end = u64::from(base) + (1 << shift);
                Stretch { start: self.rank(base), end: u32::try_from(end).map_or(self.df as usize, |end| self.rank(end)), base }
            }
            Documents::Sorted(docs) => Stretch { start: 0, end: docs.len(), base: 0 },
        }
    }

    /// Postings of a bitmap before a document that is a multiple of 64.
    pub fn rank(&self, doc: u32) -> usize {
        let Documents::Bitmap { words, ranks } = self.documents else { return 0 };
        let word = doc as usize / 64;
        match ranks.get(word / 8) {
            None => self.df as usize,
            Some(rank) => {
                // The last group may have fewer than eight words.
                let before = words.get(word / 8 * 8..word.min(words.len())).unwrap_or_default();
                before.iter().fold(u32::from_le_bytes(*rank), |rank, word| rank + u64::from_le_bytes(*word).count_ones()) as usize
            }
        }
    }
}
