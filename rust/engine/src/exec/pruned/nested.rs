//! Programs that are deeper than a shape: windows are passed over when their bounds cannot win.
//!
//! **In**: any program that scores, a segment, the [`Best`] so far. **Out**: hits in [`Best`]. **Law**: the program itself is run on symbols
//! once more, with the most that each leaf adds in a window in the place of its documents; what a step does to windows it does to bounds:
//! both sides of an intersection must be possible, sums add up. A window is evaluated, exhaustively, only when its bound reaches what
//! its first document needs, so hits are exact whatever the bounds are worth.

use std::cell::RefCell;
use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::arena::{Arena, Draft, Worth};
use super::best::Best;
use super::clause::{Clause, Documents};
use super::work::Work;
use crate::base::{Interrupt, Result};
use crate::codec::TermEntry;
use crate::exec::kernels::{self, Kernels};
use crate::exec::masks::Masks;
use crate::exec::program::{Leaf, Op, Program, Source};
use crate::exec::run::run_where;
use crate::exec::tables::Tables;
use crate::exec::window::WINDOW;
use crate::index::SegmentView;

/// log2 of a window's documents.
const LOG2: u32 = WINDOW.ilog2();

/// Looks for the best of one segment, the `number`th of the view, window by window.
///
/// # Errors
/// Corruption; what the interrupt says: what is in `best` is then right, but perhaps not the best.
#[allow(clippy::too_many_arguments, reason = "a program, where it runs, and what for")]
pub fn search_nested(
    program: &Program,
    tables: &Tables,
    view: &SegmentView,
    number: usize,
    masks: Masks<'_>,
    interrupt: &Interrupt,
    best: &mut Best,
    work: &mut Work,
) -> Result<()> {
    let kernels = kernels::current();
    let mut arena = Arena::default();
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for (leaf, slot) in program.leaves.iter().enumerate() {
        if let Leaf::Slot(slot) = slot {
            for clause in &slot.clauses {
                let of = |term: &[Option<TermEntry>]| term.get(number).copied().flatten();
                // A phrase is nowhere without its rarest word; a sloppy one may stand more often than that, though.
                let (entry, loose) = match &clause.source {
                    Source::Term(entries) => (of(entries), false),
                    Source::Phrase { terms, slop, .. } => {
                        let there: Option<SmallVec<[TermEntry; 8]>> = terms.iter().map(|term| of(term)).collect();
                        (there.and_then(|there| there.into_iter().min_by_key(TermEntry::df)), *slop > 0)
                    }
                };
                let (Some(entry), Some(inverted)) = (entry, view.reader.inverted(clause.field)) else { continue };
                let saturation = tables.saturation(number, clause.field);
                let mut draft = Draft::list(inverted.postings_of(&entry)?, saturation, Worth::of(slot.blend, clause.value), leaf as u32, 0);
                draft.loose = loose;
                drafts.push(draft);
            }
        }
    }
    for draft in &mut drafts {
        arena.lay_out(draft, 0, kernels)?;
    }
    let clauses = drafts.iter().map(|draft| arena.clause(draft)).collect::<Result<Vec<_>>>()?;
    let mut bounds = Bounds { program, clauses: &clauses, kernels, stack: Vec::new() };
    let shared = RefCell::new((best, work));
    let mut worth = |from: u32| {
        let (best, work) = &mut *shared.borrow_mut();
        let can_win = bounds.of(from).is_some_and(|bound| bound >= i64::from(best.need(from)));
        if can_win {
            work.windows += 1;
        } else {
            work.windows_skipped += 1;
        }
        can_win
    };
    run_where(program, tables, &view.reader, number, masks, interrupt, &mut worth, &mut |from, window| {
        let (best, work) = &mut *shared.borrow_mut();
        let mut outcome = Ok(());
        window.mask.for_each(|place| {
            if outcome.is_ok() {
                work.pushed += 1;
                let score = i32::try_from(window.scores[place]).unwrap_or(i32::MAX);
                outcome = best.push(view, from + place as u32, score);
            }
        });
        outcome.map(|()| ControlFlow::Continue(()))
    })
}

/// The most that a program scores in a window.
struct Bounds<'m, 's> {
    program: &'m Program,
    /// By leaf.
    clauses: &'m [Clause<'s>],
    kernels: &'static Kernels,
    /// None: nothing matches.
    stack: Vec<Option<i64>>,
}

impl Bounds<'_, '_> {
    /// The most of the window from `from` on; none when nothing can match.
    fn of(&mut self, from: u32) -> Option<i64> {
        self.stack.clear();
        for op in &self.program.ops {
            let bound = match *op {
                Op::SkipIfEmpty(_) => continue,
                Op::Leaf(leaf) => self.leaf(leaf, from),
                Op::AddLeaf(leaf) => either(self.stack.pop().flatten(), self.leaf(leaf, from)),
                Op::Everything => Some(0),
                Op::Nothing | Op::OpenTally => None,
                Op::Complement => {
                    self.stack.pop();
                    Some(0)
                }
                Op::Score(score) => self.stack.pop().flatten().map(|_| score),
                Op::CloseTally(_) => continue,
                Op::Intersect | Op::Unite | Op::Tally | Op::BoostBy | Op::Remove => {
                    let (top, below) = (self.stack.pop().flatten(), self.stack.pop().flatten());
                    match op {
                        Op::Intersect => below.zip(top).map(|(below, top)| below + top),
                        Op::BoostBy => below.map(|below| below + top.unwrap_or(0)),
                        Op::Remove => below,
                        _ => either(below, top),
                    }
                }
            };
            self.stack.push(bound);
        }
        self.stack.pop().flatten()
    }

    fn leaf(&self, leaf: usize, from: u32) -> Option<i64> {
        if let Some(Leaf::Condition(_)) = self.program.leaves.get(leaf) {
            return Some(0);
        }
        let start = self.clauses.partition_point(|clause| (clause.leaf as usize) < leaf);
        let own = self.clauses.get(start..).unwrap_or_default().iter().take_while(|clause| clause.leaf as usize == leaf);
        own.filter(|clause| is_in(clause, from)).fold(None, |sum, clause| {
            let code = clause.window_code(from, LOG2, self.kernels);
            if code == 0 { sum } else { either(sum, Some(i64::from(clause.bound[usize::from(code)]))) }
        })
    }
}

/// Both, or the one that is there.
fn either(below: Option<i64>, top: Option<i64>) -> Option<i64> {
    match (below, top) {
        (Some(below), Some(top)) => Some(below + top),
        (one, other) => one.or(other),
    }
}

/// Whether a plain list has a document in the window; others are asked by their codes.
fn is_in(clause: &Clause<'_>, from: u32) -> bool {
    let Documents::Sorted(docs) = clause.documents else { return true };
    let at = docs.partition_point(|doc| *doc < from);
    docs.get(at).is_some_and(|doc| doc - from < WINDOW)
}
