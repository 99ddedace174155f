//! Which clauses lead together, and in what order.
//!
//! **In**: a shape on one segment. **Out**: hits in [`Best`]. **Law**: clauses lead by ascending frequency, in groups of similar ones, so
//! that what has few postings raises the threshold for what has many; clauses stop to lead as soon as all that are left cannot win
//! together. When nothing is known yet and looking the first group's documents up would cost more than summing everything, everything
//! is summed: that is the one case in which a pruned shape runs exhaustively, and [`Work::exhaustive`] counts it.

use std::cell::RefCell;

use smallvec::SmallVec;

use super::arena::{Arena, Draft};
use super::best::Best;
use super::clause::Clause;
use super::limits::Limits;
use super::machine::{Arrays, Machine};
use super::open::{Drafts, Opener};
use super::shape::Shape;
use super::verify::{Positions, Verifier};
use super::work::Work;
use crate::base::{Interrupt, Result};
use crate::codec::postings::STRONGEST;
use crate::exec::kernels;
use crate::exec::masks::Masks;
use crate::exec::program::{Blend, Leaf, Program};
use crate::exec::tables::Tables;
use crate::index::SegmentView;

/// A guess takes so many times the hits that are wanted from a list's strongest postings.
const MARGIN: f64 = 4.0;
/// A bold guess allows for so many standard deviations of the number that is missing.
const BOLDNESS: f64 = 1.5;

/// One search.
pub struct Search<'a> {
    /// What is sought.
    pub program: &'a Program,
    /// Its form.
    pub shape: &'a Shape,
    /// What codes are worth.
    pub tables: &'a Tables,
    /// When to stop.
    pub interrupt: &'a Interrupt,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All its hits are in.
    Done,
    /// Some clause that leads scores nothing, so that nothing can be passed over: the exhaustive executor has to do it.
    Unscored,
}

/// Buffers of a thread.
#[derive(Default)]
struct Buffers {
    arena: Arena,
    arrays: Arrays,
    todo: Vec<(u32, i32)>,
    order: Vec<u32>,
    positions: Positions,
    clauses: Vec<Clause<'static>>,
    excluded: Vec<Clause<'static>>,
    lists: Vec<Draft<'static>>,
    barred: Vec<Draft<'static>>,
}

thread_local! {
    static BUFFERS: RefCell<Option<Box<Buffers>>> = const { RefCell::new(None) };
}

/// The same allocation for another lifetime.
fn recycled<T, U>(mut list: Vec<T>) -> Vec<U> {
    list.clear();
    list.into_iter().map_while(|_| None).collect()
}

impl Shape {
    /// Whether the pruning executors can run it: something that scores has to lead.
    #[must_use]
    pub fn is_led_by_scores(&self, program: &Program) -> bool {
        let is_slot = |leaf: &u32| matches!(program.leaves.get(*leaf as usize), Some(Leaf::Slot(_)));
        self.groups.iter().any(|group| group.leaves.len() > 1 || group.leaves.iter().all(is_slot))
    }
}

/// Looks for the best of one segment, the `number`th of the view, which `best` has entered.
///
/// # Errors
/// Corruption; what the interrupt says: what is in `best` is then right, but perhaps not the best.
pub fn search_segment(
    search: &Search<'_>,
    view: &SegmentView,
    number: usize,
    masks: Masks<'_>,
    best: &mut Best,
    work: &mut Work,
) -> Result<Outcome> {
    let buffers = BUFFERS.try_with(|slot| slot.try_borrow_mut().ok().and_then(|mut slot| slot.take())).ok().flatten();
    let mut buffers = buffers.unwrap_or_default();
    let outcome = run(search, view, number, masks, best, work, &mut buffers);
    if outcome.is_ok() {
        // After an error windows may hold sums: such buffers are not used again.
        let _ = BUFFERS.try_with(|slot| slot.try_borrow_mut().map(|mut slot| *slot = Some(buffers)));
    }
    outcome
}

fn run(
    search: &Search<'_>,
    view: &SegmentView,
    number: usize,
    masks: Masks<'_>,
    best: &mut Best,
    work: &mut Work,
    buffers: &mut Buffers,
) -> Result<Outcome> {
    let Search { program, shape, tables, interrupt } = *search;
    interrupt.check()?;
    let kernels = kernels::current();
    let Buffers { arena, arrays, todo, order, positions, .. } = buffers;
    arena.clear();
    let (lists, barred) = (std::mem::take(&mut buffers.lists), std::mem::take(&mut buffers.barred));
    let mut drafts = Drafts { lists: recycled(lists), excluded: recycled(barred), ..Drafts::default() };
    let opener = Opener { program, shape, tables, segment: &view.reader, number, interrupt };
    let can_match = !shape.is_never() && opener.open(&mut drafts, arena)? && drafts.leads > 0;
    (work.bigrams, work.bigrams_within) = (work.bigrams + drafts.bigrams.0, work.bigrams_within + drafts.bigrams.1);
    let unscored = can_match && drafts.leads > 1 && drafts.lists.iter().take(drafts.leads).any(|list| list.is_worthless());
    let shift = shift_of(program);
    // A segment that cannot win is left before anything is laid out: most are, where a word's best documents come early.
    let most = drafts.lists.iter().take(drafts.probed).fold(drafts.base, |sum, list| sum.saturating_add(list.ceiling()));
    let hopeless = can_match && !unscored && shift == 0 && most < best.theta();
    if !can_match || unscored || hopeless {
        work.segments_skipped += u64::from(hopeless);
        (buffers.lists, buffers.barred) = (recycled(drafts.lists), recycled(drafts.excluded));
        return Ok(if unscored { Outcome::Unscored } else { Outcome::Done });
    }
    for draft in drafts.lists.iter_mut().chain(&mut drafts.excluded) {
        arena.lay_out(draft, shift, kernels)?;
    }
    let mut clauses = recycled(std::mem::take(&mut buffers.clauses));
    let mut excluded = recycled(std::mem::take(&mut buffers.excluded));
    for draft in &drafts.lists {
        clauses.push(arena.clause(draft)?);
    }
    for draft in &drafts.excluded {
        excluded.push(arena.clause(draft)?);
    }
    let wanted = drafts.wanted.take();
    let masks = Masks { wanted: wanted.as_ref().map(crate::base::bits::BitSet::words), ..masks };
    let verifier = drafts.verify.then(|| {
        order.clear();
        order.extend(0..clauses.len() as u32);
        order.sort_unstable_by_key(|number| clauses.get(*number as usize).map(|clause| (clause.leaf, clause.place, clause.word)));
        Verifier { program, shape, tables, order, positions, read: 0 }
    });
    let (leads, probed, base) = (drafts.leads, drafts.probed, drafts.base);
    let mut machine = Machine {
        kernels,
        view,
        masks,
        interrupt,
        clauses: &clauses,
        leads,
        probed,
        excluded: &excluded,
        base,
        shift,
        verifier,
        drafts: &mut drafts,
        best,
        arrays,
        todo,
        // What a conjunction finds is few, and nearly all of it is scored: at once, then.
        rough: (leads > 1 || probed > 1 && !clauses.iter().take(probed).any(|clause| clause.must))
            && clauses.iter().take(probed).any(|clause| !clause.exceptions.is_empty()),
        swept: false,
        work,
    };
    machine.floor(shape);
    let mut found = false;
    for guess in machine.guesses(shape) {
        machine.work.guesses += 1;
        machine.best.raise(guess);
        machine.lead()?;
        found = machine.best.is_full();
        if found {
            break;
        }
        // Fewer hits than thought score so much.
        machine.work.guesses_missed += 1;
        machine.best.forget();
    }
    if !found {
        machine.lead()?;
    }
    machine.work.positions += machine.verifier.as_ref().map_or(0, |verifier| verifier.read);
    (buffers.clauses, buffers.excluded) = (recycled(clauses), recycled(excluded));
    (buffers.lists, buffers.barred) = (recycled(drafts.lists), recycled(drafts.excluded));
    Ok(Outcome::Done)
}

/// By how many bits contributions have to be smaller so that the fields of weighted slots, bounded one by one, fit together.
pub(super) fn shift_of(program: &Program) -> u32 {
    let fields = |leaf: &Leaf| match leaf {
        Leaf::Slot(slot) if matches!(slot.blend, Blend::Weighted { .. }) => slot.clauses.len(),
        _ => 1,
    };
    program.leaves.iter().map(fields).max().unwrap_or(1).next_power_of_two().ilog2()
}

impl Machine<'_, '_> {
    /// So many postings of one clause score at least this: a threshold before any document is looked at.
    fn floor(&mut self, shape: &Shape) {
        if !shape.is_disjunction() || !self.masks.is_all() || !shape.excluded.is_empty() {
            return;
        }
        let rank = match self.best.k() {
            0..=1 => 0,
            2..=10 => 1,
            11..=100 => 2,
            101..=1000 => 3,
            _ => return,
        };
        let floor = self.strongest(rank);
        if floor > self.best.theta() {
            self.work.floors += 1;
            self.best.raise(floor);
        }
    }

    /// Where documents may be missing from a list's strongest, thresholds that `k` of those that are left should still reach, the bolder
    /// one first. When `k` hits reach one, all that could were looked at; else it was wrong, and the caller begins again.
    fn guesses(&self, shape: &Shape) -> SmallVec<[i32; 2]> {
        let mut guesses = SmallVec::new();
        if !shape.is_disjunction() || !self.best.is_empty() || self.theta() > -self.base {
            return guesses;
        }
        let (k, density) = (self.best.k() as f64, self.masks.density(self.view.reader.doc_count()));
        // Where a word is excluded, from "seldom together" to "mostly together".
        let (most, least) = if self.excluded.is_empty() { (density, density) } else { (density * 0.85, density * 0.5) };
        let rank_of = |wanted: f64| STRONGEST.iter().position(|rank| f64::from(*rank) >= wanted);
        let wanted = (k + BOLDNESS * (k * (1.0 - most)).sqrt()) / most;
        if let Some(above) = rank_of(wanted)
            && let Some(below) = above.checked_sub(1)
        {
            // Between two ranks codes fall about as the logarithm of the rank rises.
            let [low, high] = [above, below].map(|rank| (f64::from(STRONGEST[rank]), f64::from(self.strongest(rank))));
            let share = (low.0 / wanted).ln() / (low.0 / high.0).ln();
            guesses.push((low.1 + (high.1 - low.1) * share) as i32);
        }
        guesses.extend(rank_of(MARGIN * k / least).map(|rank| self.strongest(rank)));
        guesses.retain(|guess| *guess > 0);
        guesses.dedup();
        guesses
    }

    /// What so many postings of one clause that leads score at least, dead documents among them: the `rank`th of [`STRONGEST`].
    fn strongest(&self, rank: usize) -> i32 {
        self.clauses.get(..self.leads).unwrap_or_default().iter().map(|clause| clause.floors[rank]).max().unwrap_or(0)
    }

    /// Leads with group after group.
    fn lead(&mut self) -> Result<()> {
        if self.few_may() {
            return self.filtered();
        }
        let ceilings = |clauses: &[Clause<'_>]| clauses.iter().map(|clause| clause.ceiling).sum::<i32>();
        let mut left = ceilings(self.clauses.get(..self.probed).unwrap_or_default());
        let mut first = 0;
        while first < self.leads {
            if left < self.theta() {
                self.work.groups_skipped += 1;
                break;
            }
            let (last, postings) = self.group(first, left);
            match last - first {
                1 => self.single(first)?,
                _ if postings <= Limits::current().merged => self.merged(first, last)?,
                _ => self.windows(first, last)?,
            }
            left -= ceilings(self.clauses.get(first..last).unwrap_or_default());
            first = last;
        }
        Ok(())
    }

    /// The end of the group that begins with `first`, and its postings. `left`: what all clauses from `first` on add at most.
    fn group(&mut self, first: usize, left: i32) -> (usize, u64) {
        let limits = Limits::current();
        let leads = self.clauses.get(first..self.leads).unwrap_or_default();
        let theta = self.theta();
        let (mut postings, mut last, mut rest) = (0, first, left);
        for clause in leads {
            let df = u64::from(clause.df);
            if last > first && (df > limits.ratio * postings || rest < theta) {
                break;
            }
            postings += df;
            rest -= clause.ceiling;
            last += 1;
        }
        let all: u64 = leads.iter().map(|clause| u64::from(clause.df)).sum();
        let behind = (self.probed - last) as u64;
        let (looked_up, summed) = (postings * limits.candidate_cost * behind.min(4), all * limits.posting_cost);
        if self.best.is_empty() && self.best.theta() <= 0 && last < self.leads && looked_up > summed {
            self.work.exhaustive += 1;
            return (self.leads, all);
        }
        (last, postings)
    }
}
