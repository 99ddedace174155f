//! The executor: a program over one segment, window by window, exhaustively.
//!
//! **In**: a [`Program`], a segment, the documents that may be found. **Out**: each window that has matches, ascending, with exact scores. **Law**:
//! every document of the masks that satisfies the program is handed out exactly once, another one never. The interrupt is looked at before
//! each window. This executor prunes nothing: it is what faster ones are compared with.

use std::ops::ControlFlow;

use super::condition::OpenCondition;
use super::masks::Masks;
use super::program::{Leaf, Op, Program};
use super::scratch::Scratch;
use super::slot::OpenSlot;
use super::tables::Tables;
use super::window::{Mask, WINDOW, Window};
use crate::base::bits::BitSet;
use crate::base::{Error, Interrupt, Result};
use crate::segment::SegmentReader;

enum OpenLeaf<'a> {
    Slot(OpenSlot<'a>),
    Condition(OpenCondition<'a>),
}

/// Runs `program` over a segment, the `number`th of the view, and hands each window with matches to `visit`: its first document and
/// what matches. Stops when `visit` says so.
///
/// # Errors
/// Corruption; [`Error::Cancelled`] and [`Error::Timeout`] when `interrupt` says so: what was handed out is then right, but not all.
pub fn run(
    program: &Program,
    tables: &Tables,
    segment: &SegmentReader,
    number: usize,
    masks: Masks<'_>,
    interrupt: &Interrupt,
    visit: &mut dyn FnMut(u32, &Window) -> Result<ControlFlow<()>>,
) -> Result<()> {
    run_where(program, tables, segment, number, masks, interrupt, &mut |_| true, visit)
}

/// The same for those windows that `worth` lets pass.
///
/// # Errors
/// As [`run`].
#[allow(clippy::too_many_arguments, reason = "those of `run`, and which windows")]
pub fn run_where(
    program: &Program,
    tables: &Tables,
    segment: &SegmentReader,
    number: usize,
    masks: Masks<'_>,
    interrupt: &Interrupt,
    worth: &mut dyn FnMut(u32) -> bool,
    visit: &mut dyn FnMut(u32, &Window) -> Result<ControlFlow<()>>,
) -> Result<()> {
    interrupt.check()?;
    let mut machine = Machine { program, leaves: open(program, tables, segment, number, interrupt)?, scratch: Scratch::take() };
    let count = segment.doc_count();
    for from in (0..count).step_by(WINDOW as usize) {
        interrupt.check()?;
        let to = count.min(from.saturating_add(WINDOW));
        let alive = masks.window(from);
        if alive.as_ref().is_some_and(Mask::is_empty) || !worth(from) {
            continue;
        }
        let mut window = machine.window(from, to, interrupt)?;
        if let Some(alive) = &alive {
            window.keep(alive);
        }
        let flow = if window.mask.is_empty() { ControlFlow::Continue(()) } else { visit(from, &window)? };
        machine.scratch.recycle(window);
        if flow.is_break() {
            break;
        }
    }
    machine.scratch.give_back();
    Ok(())
}

fn open<'a>(
    program: &'a Program,
    tables: &'a Tables,
    segment: &'a SegmentReader,
    number: usize,
    interrupt: &Interrupt,
) -> Result<Vec<OpenLeaf<'a>>> {
    let open = |leaf: &'a Leaf| {
        Ok(match leaf {
            Leaf::Slot(slot) => OpenLeaf::Slot(OpenSlot::open(slot, tables, segment, number)?),
            Leaf::Condition(condition) => OpenLeaf::Condition(OpenCondition::open(condition, segment, interrupt)?),
        })
    };
    program.leaves.iter().map(open).collect()
}

struct Machine<'a> {
    program: &'a Program,
    leaves: Vec<OpenLeaf<'a>>,
    scratch: Box<Scratch>,
}

const UNBALANCED: Error = Error::Defect("a program takes more windows than it made");

impl Machine<'_> {
    /// Evaluates one window.
    fn window(&mut self, from: u32, to: u32, interrupt: &Interrupt) -> Result<Window> {
        let mut step = 0;
        while let Some(op) = self.program.ops.get(step) {
            step += 1;
            match *op {
                Op::Leaf(leaf) => {
                    let mut window = self.scratch.window();
                    self.fill(leaf, from, to, &mut window, interrupt)?;
                    self.scratch.stack.push(window);
                }
                Op::AddLeaf(leaf) => {
                    let mut window = self.pop()?;
                    self.fill(leaf, from, to, &mut window, interrupt)?;
                    self.scratch.stack.push(window);
                }
                Op::Everything => {
                    let mut window = self.scratch.window();
                    window.mask = Mask::first(to - from);
                    self.scratch.stack.push(window);
                }
                Op::Nothing => {
                    let window = self.scratch.window();
                    self.scratch.stack.push(window);
                }
                Op::Intersect => self.with_top(|below, top| below.intersect(top))?,
                Op::Unite => self.with_top(|below, top| below.unite(top))?,
                Op::BoostBy => self.with_top(|below, top| below.boost_by(top))?,
                Op::Remove => self.with_top(|below, top| below.remove(&top.mask))?,
                Op::Complement => {
                    let top = self.top()?;
                    top.mute();
                    let mut rest = Mask::first(to - from);
                    rest.subtract(&top.mask);
                    top.mask = rest;
                }
                Op::Score(score) => self.top()?.set(score),
                Op::SkipIfEmpty(target) => {
                    if self.top()?.mask.is_empty() {
                        step = target;
                    }
                }
                Op::OpenTally => {
                    let window = self.scratch.window();
                    self.scratch.stack.push(window);
                    let tally = self.scratch.tally();
                    self.scratch.tallies.push(tally);
                }
                Op::Tally => {
                    let mut tally = self.scratch.tallies.pop().ok_or(UNBALANCED)?;
                    self.with_top(|below, top| {
                        top.mask.for_each(|place| {
                            if let Some(count) = tally.get_mut(place) {
                                *count = count.saturating_add(1);
                            }
                        });
                        below.unite(top);
                    })?;
                    self.scratch.tallies.push(tally);
                }
                Op::CloseTally(minimum) => {
                    let tally = self.scratch.tallies.pop().ok_or(UNBALANCED)?;
                    let top = self.top()?;
                    let mut enough = Mask::EMPTY;
                    top.mask.for_each(|place| {
                        if tally.get(place).is_some_and(|&count| usize::from(count) >= minimum) {
                            enough.insert(place);
                        }
                    });
                    top.keep(&enough);
                    self.scratch.spare_tallies.push(tally);
                }
            }
        }
        self.pop()
    }

    fn fill(&mut self, leaf: usize, from: u32, to: u32, window: &mut Window, interrupt: &Interrupt) -> Result<()> {
        match self.leaves.get_mut(leaf) {
            Some(OpenLeaf::Slot(slot)) => slot.fill(from, to, window, &mut self.scratch.planes, interrupt),
            Some(OpenLeaf::Condition(condition)) => condition.fill(from, to, &mut window.mask),
            None => Err(Error::Defect("a program names a leaf that it does not have")),
        }
    }

    fn pop(&mut self) -> Result<Window> {
        self.scratch.stack.pop().ok_or(UNBALANCED)
    }

    fn top(&mut self) -> Result<&mut Window> {
        self.scratch.stack.last_mut().ok_or(UNBALANCED)
    }

    fn with_top(&mut self, apply: impl FnOnce(&mut Window, &Window)) -> Result<()> {
        let top = self.pop()?;
        apply(self.top()?, &top);
        self.scratch.recycle(top);
        Ok(())
    }
}

/// The documents of a segment that satisfy the program of a filter: one without slots.
///
/// # Errors
/// As [`run`].
pub fn matching(program: &Program, segment: &SegmentReader, interrupt: &Interrupt) -> Result<BitSet> {
    let mut bits = BitSet::empty(segment.doc_count());
    run(program, &Tables::default(), segment, 0, Masks::default(), interrupt, &mut |from, window| {
        window.mask.for_each(|place| {
            bits.insert(from + place as u32);
        });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(bits)
}
