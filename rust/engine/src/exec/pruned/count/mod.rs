//! How many documents of a segment match, without a score.
//!
//! **In**: a program, its [`Shape`](super::Shape), a segment, the documents that may be found. **Out**: how many match. **Law**: exact; the exhaustive
//! executor counts the same, which the tests hold against it. With a limit, a number above the limit says no more than that. No score, no
//! code and, but for phrases, no posting number is looked at. Nothing is allocated once a thread's buffers have grown; the interrupt is
//! looked at for each region, and for each batch of documents whose positions are read.
//!
//! Short ways first: the lengths of lists, two bitmaps, a union less an intersection. Then region by region (see [`region`]).

mod list;
mod meet;
mod open;
mod phrase;
mod region;

use std::cell::RefCell;

pub use list::REGION;
use list::{LOG2, List, WORDS};
use open::{Draft, Node, Opened, Opener, Phrase, part};
use region::{Arrays, Counter};

use super::drive::Search;
use super::work::Work;
use crate::base::Result;
use crate::codec::postings::Postings;
use crate::exec::kernels;
use crate::exec::masks::Masks;
use crate::exec::program::{Leaf, Source};
use crate::index::SegmentView;

/// Buffers of a thread.
#[derive(Default)]
struct Buffers {
    opened: Opened<'static>,
    decoded: Vec<u32>,
    lists: Vec<List<'static>>,
    arrays: Arrays,
}

thread_local! {
    static BUFFERS: RefCell<Option<Box<Buffers>>> = const { RefCell::new(None) };
}

/// The same allocation for the same type of another lifetime.
fn recycled<A, B>(mut items: Vec<A>) -> Vec<B> {
    items.clear();
    items.into_iter().map_while(|_| None).collect()
}

/// The same buffers for another segment.
fn reopened<'a>(from: Opened<'_>) -> Opened<'a> {
    let Opened { drafts, mut leaves, mut nodes, phrases, read, conditions, .. } = from;
    leaves.clear();
    nodes.clear();
    Opened {
        drafts: recycled::<Draft<'_>, Draft<'a>>(drafts),
        leaves,
        nodes,
        phrases: recycled::<Phrase<'_>, Phrase<'a>>(phrases),
        read: recycled::<Postings<'_>, Postings<'a>>(read),
        conditions: recycled(conditions),
        ..Opened::default()
    }
}

/// Counts the documents of one segment, the `number`th of the view, that match; more than `limit` need not be counted.
///
/// # Errors
/// Corruption; what the interrupt says.
pub fn count_segment(search: &Search<'_>, view: &SegmentView, number: usize, masks: Masks<'_>, limit: u64, work: &mut Work) -> Result<u64> {
    search.interrupt.check()?;
    if search.shape.is_never() {
        return Ok(0);
    }
    if let (true, Some(df)) = (masks.is_all(), sole_term(search, number)) {
        work.counted_by_length += 1;
        return Ok(df);
    }
    let counted = opened(search, view, number, masks, work, |counter| {
        let short = if counter.masks.is_all() { counter.short(limit)? } else { None };
        match short {
            Some(counted) => Ok(counted),
            None => counter.all(limit),
        }
    })?;
    Ok(counted.unwrap_or(0))
}

/// In how many documents the term is that is all of a shape.
fn sole_term(search: &Search<'_>, number: usize) -> Option<u64> {
    let [group] = &search.shape.groups[..] else { return None };
    let ([leaf], true) = (&group.leaves[..], search.shape.excluded.is_empty()) else { return None };
    let Some(Leaf::Slot(slot)) = search.program.leaves.get(*leaf as usize) else { return None };
    let [clause] = &slot.clauses[..] else { return None };
    let Source::Term(entries) = &clause.source else { return None };
    Some(entries.get(number)?.as_ref().map_or(0, |entry| u64::from(entry.df())))
}

/// What matches in a region.
pub enum Found<'f> {
    /// A bit a document, from the first of the region on.
    Bits(&'f [u64]),
    /// Documents, ascending.
    Numbers(&'f [u32]),
}

/// The documents of a segment that match, a region at a time.
pub struct Matches<'c, 'm, 'a>(&'c mut Counter<'m, 'a>);

impl Matches<'_, '_, '_> {
    /// Those of a region of [`REGION`] documents. Regions may come in any order.
    ///
    /// # Errors
    /// Corruption; what the interrupt says.
    pub fn of_region(&mut self, region: u32) -> Result<Found<'_>> {
        let Some(lead) = self.0.nodes.first().copied() else { return Ok(Found::Numbers(&[])) };
        self.0.region(region, &lead)
    }
}

/// Opens the documents of one segment, the `number`th of the view, that match; `None` when there is none.
///
/// # Errors
/// Corruption; what the interrupt says; those of `look`.
pub fn match_segment<R>(
    search: &Search<'_>,
    view: &SegmentView,
    number: usize,
    masks: Masks<'_>,
    work: &mut Work,
    look: impl FnOnce(&mut Matches<'_, '_, '_>) -> Result<R>,
) -> Result<Option<R>> {
    search.interrupt.check()?;
    if search.shape.is_never() {
        return Ok(None);
    }
    opened(search, view, number, masks, work, |counter| look(&mut Matches(counter)))
}

/// Opens what is sought in a segment, in this thread's buffers.
fn opened<R>(
    search: &Search<'_>,
    view: &SegmentView,
    number: usize,
    masks: Masks<'_>,
    work: &mut Work,
    then: impl FnOnce(&mut Counter<'_, '_>) -> Result<R>,
) -> Result<Option<R>> {
    let buffers = BUFFERS.try_with(|slot| slot.try_borrow_mut().ok().and_then(|mut slot| slot.take())).ok().flatten();
    let mut buffers = buffers.unwrap_or_default();
    let outcome = opened_in(&mut buffers, search, view, number, masks, work, then);
    let _ = BUFFERS.try_with(|slot| slot.try_borrow_mut().map(|mut slot| *slot = Some(buffers)));
    outcome
}

fn opened_in<R>(
    buffers: &mut Buffers,
    search: &Search<'_>,
    view: &SegmentView,
    number: usize,
    masks: Masks<'_>,
    work: &mut Work,
    then: impl FnOnce(&mut Counter<'_, '_>) -> Result<R>,
) -> Result<Option<R>> {
    let kernels = kernels::current();
    let Buffers { opened: kept, decoded, lists: kept_lists, arrays } = buffers;
    let mut opened = reopened(std::mem::take(kept));
    decoded.clear();
    let (program, shape, segment, interrupt) = (search.program, search.shape, &*view.reader, search.interrupt);
    let there = Opener { program, shape, segment, number, interrupt, kernels }.open(&mut opened, decoded)?;
    (work.bigrams, work.bigrams_within) = (work.bigrams + opened.bigrams.0, work.bigrams_within + opened.bigrams.1);
    let mut lists = recycled::<List<'_>, List<'_>>(std::mem::take(kept_lists));
    lists.extend(opened.drafts.iter().map(|draft| draft.list(decoded)));
    let outcome = if there {
        let Opened { leaves, nodes, excluded, excluded_phrases, phrases, read, conditions, .. } = &mut opened;
        then(&mut Counter {
            kernels,
            masks,
            interrupt,
            doc_count: segment.doc_count(),
            lists: &lists,
            leaves,
            nodes,
            excluded: *excluded,
            excluded_phrases: *excluded_phrases,
            phrases,
            read,
            conditions,
            arrays,
            work,
        })
        .map(Some)
    } else {
        Ok(None)
    };
    work.positions += std::mem::take(&mut arrays.positions.read);
    *kept = reopened(opened);
    *kept_lists = recycled(lists);
    outcome
}

impl Counter<'_, '_> {
    /// What needs no look at the whole segment: only where every document may be found.
    fn short(&mut self, limit: u64) -> Result<Option<u64>> {
        let [first, rest @ ..] = self.nodes else { return Ok(None) };
        let list = |node: &Node| self.lists.get(node.sole? as usize);
        let no_other = self.conditions.is_empty() && self.phrases.is_empty();
        let excluded: u64 = part(self.leaves, self.excluded).iter().map(|leaf| u64::from(leaf.lists.1 - leaf.lists.0)).sum();
        match (list(first), rest, excluded) {
            (Some(only), [], 0) if no_other => {
                self.work.counted_by_length += 1;
                Ok(Some(u64::from(only.df)))
            }
            (Some(first), [second], 0) if no_other => match list(second) {
                Some(second) if first.is_dense() && second.is_dense() => {
                    self.work.counted_by_kernel += 1;
                    Ok(Some((self.kernels.count_and)(first.bitmap(), second.bitmap())))
                }
                _ => Ok(None),
            },
            (Some(only), [], 1) if no_other => {
                let Some(without) = part(self.leaves, self.excluded).first().map(|leaf| leaf.lists.0) else { return Ok(None) };
                let df = u64::from(only.df);
                let of = first.sole.unwrap_or(without);
                Ok(Some(df.saturating_sub(self.both(of, without)?)))
            }
            (None, [], 0) if no_other && first.need == 1 => self.union(limit),
            _ => Ok(None),
        }
    }

    /// How many documents two lists have in common.
    fn both(&mut self, a: u32, b: u32) -> Result<u64> {
        let (Some(left), Some(right)) = (self.lists.get(a as usize), self.lists.get(b as usize)) else { return Ok(0) };
        if left.is_dense() && right.is_dense() {
            self.work.counted_by_kernel += 1;
            return Ok((self.kernels.count_and)(left.bitmap(), right.bitmap()));
        }
        let (a, b) = (Node::list(a, u64::from(left.df)), Node::list(b, u64::from(right.df)));
        let nodes = if a.most <= b.most { [a, b] } else { [b, a] };
        let Self { kernels, masks, interrupt, doc_count, lists, leaves, .. } = *self;
        let (read, conditions, arrays, work) = (&mut *self.read, &mut *self.conditions, &mut *self.arrays, &mut *self.work);
        let phrases = self.phrases;
        Counter {
            kernels,
            masks,
            interrupt,
            doc_count,
            lists,
            leaves,
            nodes: &nodes,
            excluded: (0, 0),
            excluded_phrases: false,
            phrases,
            read,
            conditions,
            arrays,
            work,
        }
        .all(u64::MAX)
    }

    /// How many documents have any of the lists.
    fn union(&mut self, limit: u64) -> Result<Option<u64>> {
        let longest = self.lists.iter().map(|list| u64::from(list.df)).max().unwrap_or(0);
        if longest > limit {
            self.work.counted_by_length += 1;
            return Ok(Some(longest));
        }
        if let [a, b] = self.lists {
            if a.is_dense() && b.is_dense() {
                self.work.counted_by_kernel += 1;
                return Ok(Some((self.kernels.count_or)(a.bitmap(), b.bitmap())));
            }
            let sum = u64::from(a.df) + u64::from(b.df);
            return Ok(Some(sum.saturating_sub(self.both(0, 1)?)));
        }
        let (dense, sparse) = self.lists.iter().fold((0, 0), |(dense, sparse), list| match list.is_dense() {
            true => (dense + 1, sparse),
            false => (dense, sparse + u64::from(list.df)),
        });
        if dense > 1 || sparse * 8 > u64::from(self.doc_count) {
            return Ok(None);
        }
        // Few documents beside at most one bitmap: only those are looked at.
        self.work.counted_as_new += 1;
        let bitmap = self.lists.iter().find(|list| list.is_dense());
        let mut total = bitmap.map_or(0, |list| u64::from(list.df));
        let bits = &mut self.arrays.acc;
        bits.fill(0);
        for region in 0..self.doc_count.div_ceil(1 << LOG2) {
            self.interrupt.check()?;
            let covered = bitmap.map_or(&[][..], |list| list.words(region));
            let lists = self.lists.iter().filter(|list| !list.is_dense());
            total += lists.clone().map(|list| list.add_new(region, covered, bits)).sum::<u64>();
            if sparse * 64 > (WORDS as u64) * u64::from(self.doc_count >> LOG2) {
                bits.fill(0);
            } else {
                lists.for_each(|list| list.clear(region, bits));
            }
        }
        Ok(Some(total))
    }
}
