//! Groups of clauses with many postings, window by window.
//!
//! **In**: the clauses `first..last`. **Out**: candidates. **Law**: in each window the clauses are bounded by their greatest codes there.
//! A window that cannot win is passed over; of the others, the clauses whose bounds together cannot win are not summed but looked up
//! for what the rest finds (MaxScore inside of a window, Turtle & Flood 1995); when a single one is left its codes are compared and
//! nothing is summed. Sums are bytes (see [`super::coarse`]) once something is known of what is needed; until then they are whole. Dense
//! groups use windows of 4096 documents, swept whole: what bitmaps say of the clauses that were not summed is asked in the sweep, so that
//! few become candidates; others use wide windows, with a list of the places touched where sums are whole.

use smallvec::SmallVec;

use super::clause::{Clause, Documents, Maxima};
use super::limits::Limits;
use super::machine::{Machine, OTHERS, WIDE};
use super::postings::LOG2;
use super::single::Stretch;
use crate::base::Result;
use crate::exec::kernels::Other;

/// A clause of the group in the window at hand.
#[derive(Clone, Copy)]
pub(super) struct Here {
    pub clause: u32,
    pub bound: i32,
}

impl Machine<'_, '_> {
    /// Leads with a group of clauses that have many postings together.
    pub fn windows(&mut self, first: usize, last: usize) -> Result<()> {
        let docs = self.view.reader.doc_count();
        let group = self.clauses.get(first..last).unwrap_or_default();
        let postings: u64 = group.iter().map(|clause| u64::from(clause.df)).sum();
        // Wide windows take lists; the bits of a condition come in a bitmap however few they are.
        let bitmaps = group.iter().any(|clause| matches!(clause.documents, Documents::Bitmap { .. }));
        let dense = bitmaps || postings * Limits::current().dense >= u64::from(docs);
        let log2 = if dense {
            self.work.dense_groups += 1;
            LOG2
        } else {
            self.work.wide_groups += 1;
            WIDE.ilog2()
        };
        let mut cursors: SmallVec<[u32; 64]> = SmallVec::from_elem(0, self.probed - first);
        let mut group: SmallVec<[Here; 64]> = SmallVec::new();
        self.begin_coarse();
        for base in (0..docs).step_by(1 << log2) {
            self.interrupt.check()?;
            self.window(first, last, base, log2, dense, &mut cursors, &mut group)?;
        }
        self.weigh(first, last)
    }

    #[allow(clippy::too_many_arguments, reason = "the state of one loop")]
    fn window(
        &mut self,
        first: usize,
        last: usize,
        base: u32,
        log2: u32,
        dense: bool,
        cursors: &mut [u32],
        group: &mut SmallVec<[Here; 64]>,
    ) -> Result<()> {
        let need = self.need(base);
        group.clear();
        self.todo.clear();
        let mut total = 0;
        for (number, clause) in self.clauses.get(..self.probed).unwrap_or_default().iter().enumerate().skip(first) {
            let bound = match (clause.documents, cursors.get_mut(number - first)) {
                (Documents::Sorted(docs), Some(cursor)) => bound_of_list(clause, docs, base, log2, cursor),
                _ => clause.bound[usize::from(clause.window_code(base, log2, self.kernels))],
            };
            total += bound;
            if number >= last {
                self.todo.push((number as u32, bound));
            } else if bound > 0 {
                group.push(Here { clause: number as u32, bound });
            }
        }
        if total < need || group.is_empty() {
            self.work.windows_skipped += 1;
            return Ok(());
        }
        // What cannot win together is not summed.
        group.sort_unstable_by_key(|here| here.bound);
        let mut rest = self.todo.iter().map(|(_, bound)| *bound).sum::<i32>();
        let mut others = 0;
        while let Some(here) = group.get(others)
            && rest + here.bound < need
        {
            rest += here.bound;
            others += 1;
        }
        let (others, essential) = group.split_at(others);
        // The rarer ones first: their bounds fall more.
        let behind = self.todo.len();
        self.todo.extend(others.iter().rev().map(|here| (here.clause, here.bound)));
        self.todo.rotate_left(behind);
        match essential {
            [] => {
                self.work.windows_skipped += 1;
                Ok(())
            }
            [only] => self.window_of_one(*only, base, log2, need - rest, first, cursors),
            _ if self.is_coarse(need, first) => self.coarse_window(essential, base, log2, (need, rest), (first, last), cursors),
            _ if dense => self.window_of_many(essential, base, rest, first, cursors),
            _ => self.wide_window(essential, base, rest, first, cursors),
        }
    }

    /// A single clause is left: its codes are compared.
    fn window_of_one(&mut self, here: Here, base: u32, log2: u32, need: i32, first: usize, cursors: &mut [u32]) -> Result<()> {
        self.work.windows_filtered += 1;
        let (Some(clause), Some(cursor)) = (self.clauses.get(here.clause as usize).copied(), cursors.get_mut(here.clause as usize - first))
        else {
            return Ok(());
        };
        let least = clause.least_code(need).clamp(1, 255) as u8;
        match (clause.maxima, clause.documents) {
            (Maxima::ByDocument { shift, codes }, _) if shift <= log2 => {
                let block = (base >> shift) as usize;
                for (block, &most) in codes.iter().enumerate().skip(block).take(1 << (log2 - shift)) {
                    if most < least {
                        self.work.blocks_skipped += 1;
                        continue;
                    }
                    let stretch = clause.block(block, shift);
                    self.stretch(&clause, stretch, least, first)?;
                }
            }
            (_, Documents::Bitmap { .. }) => {
                let end = base.checked_add(1 << log2).map_or(clause.df as usize, |end| clause.rank(end));
                self.stretch(&clause, Stretch { start: clause.rank(base), end, base }, least, first)?;
            }
            (_, Documents::Aligned { shift, .. }) => {
                let (start, end) = clause.range(base, log2, cursor);
                self.stretch(&clause, Stretch { start, end, base: base >> shift << shift }, least, first)?;
            }
            (_, Documents::Sorted(_)) => {
                let (start, end) = clause.range(base, log2, cursor);
                self.stretch(&clause, Stretch { start, end, base: 0 }, least, first)?;
            }
        }
        self.flush(first)
    }

    /// Sums in a window of 4096 documents.
    fn window_of_many(&mut self, essential: &[Here], base: u32, rest: i32, first: usize, cursors: &mut [u32]) -> Result<()> {
        self.work.windows += 1;
        for here in essential.iter().rev() {
            let (Some(clause), Some(cursor)) = (self.clauses.get(here.clause as usize), cursors.get_mut(here.clause as usize - first))
            else {
                continue;
            };
            clause.add_to(base, cursor, &mut self.arrays.window, self.kernels, self.work);
        }
        // Frequent clauses that were not summed: their bits tell most documents apart before these become candidates.
        let theta = self.theta();
        let arrays = &mut *self.arrays;
        let mut others: SmallVec<[Other<'_>; OTHERS]> = SmallVec::new();
        let mut flat = rest;
        let swept = self.todo.iter().filter_map(|(number, bound)| Some((self.clauses.get(*number as usize)?, *bound)));
        for ((clause, bound), bounds) in swept.filter(|(clause, _)| clause.is_swept()).zip(arrays.bounds.iter_mut()) {
            if let Documents::Bitmap { words, .. } = clause.documents {
                clause.word_bounds(base, self.kernels, bounds);
                others.push(Other { words: words.get(base as usize / 64..).unwrap_or_default(), bounds });
                flat -= bound;
            }
        }
        let least = (theta - rest).max(1);
        let mut swept = arrays.swept.take().unwrap_or_default();
        let n = (self.kernels.sweep)(&mut arrays.window, least, theta - flat, &others, &mut swept);
        drop(others);
        self.swept = true;
        let found = swept.places.iter().zip(&swept.scores).zip(&swept.sums).take(n);
        let offered = self.offer(found.map(|((place, score), sum)| (base + u32::from(*place), *score, sum - score + flat)), first);
        self.arrays.swept = Some(swept);
        offered?;
        let outcome = self.flush(first);
        self.swept = false;
        outcome
    }

    /// Sums in a wide window, remembering the places touched.
    fn wide_window(&mut self, essential: &[Here], base: u32, rest: i32, first: usize, cursors: &mut [u32]) -> Result<()> {
        self.work.windows_wide += 1;
        let mut touched = std::mem::take(&mut self.arrays.picked);
        let mut sums = std::mem::take(&mut self.arrays.wide);
        sums.resize(WIDE, 0);
        let Some(wide) = sums.first_chunk_mut::<WIDE>() else { return Ok(()) };
        let mut n = 0;
        for here in essential.iter().rev() {
            let (Some(clause), Some(cursor)) = (self.clauses.get(here.clause as usize), cursors.get_mut(here.clause as usize - first))
            else {
                continue;
            };
            let (from, to) = clause.range(base, WIDE.ilog2(), cursor);
            self.work.summed += (to - from.min(to)) as u64;
            if touched.len() < n + (to - from.min(to)) {
                touched.resize((n + to - from).next_power_of_two(), 0);
            }
            let codes = clause.codes.get(from..to).unwrap_or_default();
            let mut touch = |place: u32, code: u8| {
                let place = place as usize % WIDE;
                let before = wide[place];
                wide[place] = before + clause.upper[usize::from(code)];
                if let Some(slot) = touched.get_mut(n) {
                    *slot = place as u32;
                }
                n += usize::from(before == 0);
            };
            match clause.documents {
                Documents::Sorted(docs) => {
                    for (doc, code) in docs.get(from..to).unwrap_or_default().iter().zip(codes) {
                        touch(doc.wrapping_sub(base), *code);
                    }
                }
                Documents::Aligned { shift, starts, low } => {
                    let mut block = (base >> shift) as usize;
                    let mut index = from;
                    while index < to {
                        let end = starts.get(block + 1).map_or(to, |end| (u32::from_le_bytes(*end) as usize).min(to));
                        let offset = ((block as u32) << shift).wrapping_sub(base);
                        let lows = low.get(index..end.max(index)).unwrap_or_default();
                        for (low, code) in lows.iter().zip(codes.get(index - from..).unwrap_or_default()) {
                            touch(offset.wrapping_add(u32::from(u16::from_le_bytes(*low))), *code);
                        }
                        index = end.max(index);
                        block += 1;
                        if block >= starts.len() {
                            break;
                        }
                    }
                }
                Documents::Bitmap { .. } => {
                    // It makes its group dense.
                }
            }
        }
        let found = touched.iter().take(n).map(|&place| (base + place, std::mem::take(&mut wide[place as usize % WIDE]), rest));
        let outcome = self.offer(found, first);
        (self.arrays.wide, self.arrays.picked) = (sums, touched);
        outcome?;
        self.flush(first)
    }
}

/// The bound of a plain list in a window: nothing where it has no document.
fn bound_of_list(clause: &Clause<'_>, docs: &[u32], base: u32, log2: u32, cursor: &mut u32) -> i32 {
    let mut at = *cursor as usize;
    while docs.get(at).is_some_and(|doc| *doc < base) {
        at += 1;
    }
    *cursor = at as u32;
    match docs.get(at) {
        Some(doc) if u64::from(*doc) < u64::from(base) + (1 << log2) => clause.ceiling,
        _ => 0,
    }
}
