//! The first of a view by the values of fields, without looking at blocks that cannot be among them.
//!
//! **In**: what is sought, sort keys without the score. **Out**: the hits, in order, with their scores. **Law**: the same hits as by looking at
//! everything. A column says the least and greatest value of every 1024 documents: what they bound is passed over once as many rows as
//! wanted come before it; regions with the best bounds come first, so few are looked at where values follow the order of documents.
//! Which documents match is asked for a region at a time, without scores; only hits are scored, in their windows.

use std::ops::ControlFlow;

use super::gather::{Executor, Gathered, Hit, Segment, Sought, Wanted, shorten, total};
use super::sort::{SegmentKeys, SortBy, SortValue};
use super::top::{Key, TopByKeys};
use crate::base::{Error, Interrupt, Result};
use crate::codec::columns::BLOCK;
use crate::exec::boost::boosted;
use crate::exec::pruned::{Found, REGION, Search, Work, match_segment};
use crate::exec::{Masks, Op, run_where};
use crate::index::Snapshot;

/// 64-bit words of the bits of a block.
const WORDS: usize = BLOCK as usize / 64;
/// A block of which at least so many documents match is decoded whole.
const DENSE: u32 = 64;
/// Blocks of a region.
const BLOCKS: u32 = REGION / BLOCK;

/// The first by `wanted.sort`; `None` when that is not a matter of columns alone.
pub(super) fn sorted(sought: Sought<'_>, snapshot: &Snapshot, wanted: Wanted<'_>, interrupt: &Interrupt) -> Result<Option<Gathered>> {
    let all = sought.program.ops[..] == [Op::Everything];
    if wanted.sort.is_empty() || wanted.sort.contains(&SortBy::Score) || (sought.shape.is_none() && !all) {
        return Ok(None);
    }
    let aged = [wanted.sort, &[SortBy::Age]].concat();
    let mut rows = Vec::new();
    let (mut work, mut partial, mut threshold) = (Work::default(), false, None);
    for (number, view) in snapshot.segments.iter().enumerate().filter(|(_, view)| view.live_docs > 0) {
        let outcome = (|| {
            let sort = if view.reader.in_sequence_order() { wanted.sort } else { &aged };
            let mut first = First::new(SegmentKeys::open(sort, view), view.reader.doc_count(), wanted.hits, threshold)?;
            if first.is_hopeless() {
                return Ok(());
            }
            let filter = sought.filter.map(|filter| filter(number)).transpose()?;
            let segment = Segment { sought, view, number, filter: filter.as_deref(), interrupt };
            let found = match sought.shape {
                Some(shape) => {
                    let search = Search { program: sought.program, shape, tables: sought.tables, interrupt };
                    match_segment(&search, view, number, segment.masks(), &mut work, |matches| {
                        first.look(interrupt, |region, first| match matches.of_region(region)? {
                            Found::Bits(bits) => first.take_bits(region, bits),
                            Found::Numbers(docs) => docs.iter().try_for_each(|doc| first.take(*doc)),
                        })
                    })
                    .map(|_| ())
                }
                None => first.look(interrupt, |region, first| {
                    let bits = of_masks(&segment.masks(), region, view.reader.doc_count());
                    first.take_bits(region, &bits)
                }),
            };
            // What was found until the time was over is kept.
            first.finish(&segment, &mut rows)?;
            found
        })();
        match outcome {
            Ok(()) => {}
            Err(Error::Timeout { .. }) => {
                partial = true;
                break;
            }
            Err(error) => return Err(error),
        }
        shorten(&mut rows, wanted.hits, false);
        threshold = match rows.last() {
            Some((values, _)) if rows.len() >= wanted.hits => match values.first() {
                Some(SortValue::Number(key)) => Some(*key),
                _ => None,
            },
            _ => None,
        };
    }
    shorten(&mut rows, wanted.hits, false);
    let mut hits: Vec<Hit> = rows.into_iter().map(|(_, hit)| hit).collect();
    if wanted.scores {
        partial |= !score(sought, snapshot, &mut hits, interrupt)?;
    }
    let counted = total(sought, snapshot, wanted, hits.len(), interrupt)?;
    work.add(&counted.work);
    partial |= counted.partial;
    Ok(Some(Gathered { hits, total: counted.total, relation: counted.relation, partial, executor: Executor::Sorted, work }))
}

/// The bits of a region that the masks let pass.
fn of_masks(masks: &Masks<'_>, region: u32, doc_count: u32) -> Box<[u64]> {
    let words = REGION as usize / 64;
    let (from, left) = (region as usize * words, doc_count.saturating_sub(region * REGION));
    let mut bits: Box<[u64]> = (0..words as u32).map(|word| ones(left.saturating_sub(word * 64))).collect();
    for mask in [masks.live, masks.filter, masks.wanted].into_iter().flatten() {
        let mask = mask.get(from..).unwrap_or_default().iter().chain(std::iter::repeat(&0));
        bits.iter_mut().zip(mask).for_each(|(word, mask)| *word &= mask);
    }
    bits
}

/// A word whose first so many bits are set.
fn ones(count: u32) -> u64 {
    1u64.checked_shl(count).map_or(u64::MAX, |bit| bit - 1)
}

/// Scores hits; whether there was time for all.
fn score(sought: Sought<'_>, snapshot: &Snapshot, hits: &mut [Hit], interrupt: &Interrupt) -> Result<bool> {
    for (number, view) in snapshot.segments.iter().enumerate() {
        let mut here: Vec<&mut Hit> = hits.iter_mut().filter(|hit| hit.segment == number).collect();
        if here.is_empty() {
            continue;
        }
        here.sort_unstable_by_key(|hit| hit.doc);
        let docs: Vec<u32> = here.iter().map(|hit| hit.doc.0).collect();
        let within = |from: u32| {
            docs.partition_point(|doc| *doc < from)..docs.partition_point(|doc| *doc < from.saturating_add(crate::exec::WINDOW))
        };
        let segment = Segment { sought, view, number, filter: None, interrupt };
        let factors = segment.factors()?;
        let run = run_where(
            sought.program,
            sought.tables,
            &view.reader,
            number,
            Masks::default(),
            interrupt,
            &mut |from| !within(from).is_empty(),
            &mut |from, window| {
                for hit in here.get_mut(within(from)).unwrap_or_default() {
                    let score = window.scores.get((hit.doc.0 - from) as usize).copied().unwrap_or_default();
                    hit.score = match &factors {
                        Some(factors) if score > 0 => boosted(score, factors.of(hit.doc.0)?),
                        _ => score,
                    };
                }
                Ok(ControlFlow::Continue(()))
            },
        );
        match run {
            Ok(()) => {}
            Err(Error::Timeout { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// The first of one segment.
struct First<'a> {
    keys: SegmentKeys<'a>,
    hits: usize,
    top: TopByKeys,
    /// The first key of the last row of the segments before.
    threshold: Option<Key>,
    /// By block: what its first key is at least.
    bounds: Vec<Key>,
    row: Vec<Key>,
    /// First keys of a block.
    firsts: Vec<Key>,
}

impl<'a> First<'a> {
    fn new(keys: SegmentKeys<'a>, doc_count: u32, hits: usize, threshold: Option<Key>) -> Result<Self> {
        let bounds = (0..doc_count.div_ceil(BLOCK)).map(|block| keys.first_of_block(block)).collect::<Result<_>>()?;
        let hits = hits.min(doc_count as usize);
        Ok(Self { top: TopByKeys::new(hits, keys.width()), keys, hits, threshold, bounds, row: Vec::new(), firsts: Vec::new() })
    }

    /// Whether all rows come behind those of the segments before.
    fn is_hopeless(&self) -> bool {
        self.threshold.is_some_and(|threshold| self.bounds.iter().all(|bound| *bound > threshold))
    }

    /// Whether no document from `doc` on whose first key is at least `bound` can be among the first.
    fn passes_over(&self, bound: Key, doc: u32) -> bool {
        self.threshold.is_some_and(|threshold| bound > threshold)
            || self.top.last().is_some_and(|(last, older)| match last {
                [only] => bound > *only || (bound == *only && doc > older),
                [first, ..] => bound > *first,
                [] => false,
            })
    }

    /// Hands out the regions that may have one of the first, those with the best bound first.
    fn look(&mut self, interrupt: &Interrupt, mut region: impl FnMut(u32, &mut Self) -> Result<()>) -> Result<()> {
        let of = |(number, bounds): (u32, &[Key])| (bounds.iter().min().copied().unwrap_or(Key::MISSING), number);
        let mut order: Vec<(Key, u32)> = (0..).zip(self.bounds.chunks(BLOCKS as usize)).map(of).collect();
        order.sort_unstable();
        for (bound, number) in order {
            interrupt.check()?;
            if !self.passes_over(bound, number * REGION) {
                region(number, self)?;
                self.top.settle();
            }
        }
        Ok(())
    }

    /// Takes the documents of a region whose bits are set, from the block with the best bound on.
    fn take_bits(&mut self, region: u32, bits: &[u64]) -> Result<()> {
        let mut order = [(Key::MISSING, 0); BLOCKS as usize];
        let mut n = 0;
        for (number, (words, bound)) in (0..).zip(bits.chunks(WORDS).zip(self.bounds.iter().skip((region * BLOCKS) as usize))) {
            if words.iter().any(|word| *word != 0) {
                order[n] = (*bound, number);
                n += 1;
            }
        }
        order[..n].sort_unstable();
        for &(bound, number) in &order[..n] {
            let block = region * BLOCKS + number;
            if self.passes_over(bound, block * BLOCK) {
                continue;
            }
            let words = bits.chunks(WORDS).nth(number as usize).unwrap_or_default();
            let dense = words.iter().map(|word| word.count_ones()).sum::<u32>() >= DENSE;
            if dense {
                self.keys.first_keys(block, &mut self.firsts)?;
            }
            for (place, word) in (0usize..).step_by(64).zip(words) {
                let mut word = *word;
                while word != 0 {
                    let place = place + word.trailing_zeros() as usize;
                    let doc = block * BLOCK + place as u32;
                    match self.firsts.get(place).filter(|_| dense) {
                        Some(first) => self.read(doc, *first)?,
                        None => self.read(doc, self.keys.first(doc)?)?,
                    }
                    word &= word - 1;
                }
            }
            self.top.settle();
        }
        Ok(())
    }

    /// Takes a document.
    fn take(&mut self, doc: u32) -> Result<()> {
        match self.bounds.get((doc / BLOCK) as usize) {
            Some(bound) if self.passes_over(*bound, doc) => Ok(()),
            _ => self.read(doc, self.keys.first(doc)?),
        }
    }

    /// Takes a document whose first key is this, or later.
    #[inline]
    fn read(&mut self, doc: u32, first: Key) -> Result<()> {
        if self.hits == 0 || self.passes_over(first, doc) {
            return Ok(());
        }
        self.keys.read(doc, 0, &mut self.row)?;
        self.top.push(&self.row, doc, 0);
        Ok(())
    }

    fn finish(self, segment: &Segment<'_>, rows: &mut Vec<(Vec<SortValue>, Hit)>) -> Result<()> {
        for kept in self.top.finish() {
            rows.push((self.keys.resolve(&kept.keys)?, segment.hit(kept.doc, 0)?));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::bits::BitSet;

    #[test]
    fn masks_end_where_the_segment_ends() {
        let full = BitSet::full(REGION + 70);
        let masks = Masks { filter: Some(full.words()), ..Masks::default() };
        for masks in [masks, Masks::default()] {
            let count = |region| of_masks(&masks, region, REGION + 70).iter().map(|word| word.count_ones()).sum::<u32>();
            assert_eq!((count(0), count(1), count(2)), (REGION, 70, 0));
        }
    }
}
