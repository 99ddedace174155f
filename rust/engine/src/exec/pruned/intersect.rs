//! Lots: postings of the list that leads whose documents all clauses that must match may have.
//!
//! **In**: postings of one block after the other. **Out**: those that are left, as candidates. **Law**: a document is dropped only when a
//! clause that must match lacks it; one that stays may still lack a list that is looked up later. This comes before anything else is
//! known of a document: what is looked up beside its neighbours costs a fraction of a candidate. A lot has the postings of
//! several blocks, so that their cache misses overlap, and few enough for the threshold to rise between two. Bitmaps are there already; a
//! list that has few more postings than the lot becomes bits.

use super::clause::{Clause, Documents, MISS};
use super::machine::{BATCH, Machine};
use super::single::Stretch;
use crate::base::Result;
use crate::codec::postings::exceptions::ExceptionCursor;
use crate::exec::kernels::{Kernels, Le8};

/// Postings of a lot, unless a block alone has more.
const LOT: usize = 1024;
/// Documents among which those of a lot lie when a list becomes bits: at most those of the longest block.
const SPAN: usize = 1 << 16;
/// Postings that become bits in the time of a lookup.
const LOOKUP: usize = 6;

/// Postings that wait to be looked at together.
#[derive(Default)]
pub(super) struct Lot {
    docs: Vec<u32>,
    postings: Vec<u32>,
    len: usize,
    /// The first document of the first block.
    base: u32,
    /// Those of another list.
    bits: Vec<Le8>,
}

impl Machine<'_, '_> {
    /// Whether some clause in `todo` must match.
    pub fn has_musts(&self) -> bool {
        self.musts().next().is_some()
    }

    fn musts(&self) -> impl Iterator<Item = &Clause<'_>> {
        self.todo.iter().filter_map(|(number, _)| self.clauses.get(*number as usize)).filter(|clause| clause.must)
    }

    /// Adds the postings of a block of `2^log2` documents whose code is at least `least`; all of them where that is 1.
    pub fn gather(&mut self, clause: &Clause<'_>, stretch: Stretch, log2: u32, least: u8, first: usize) -> Result<()> {
        let size = stretch.end.saturating_sub(stretch.start);
        let lot = &self.arrays.lot;
        let span = u64::from(stretch.base.saturating_sub(lot.base)) + (1u64 << log2.min(63));
        if lot.len > 0 && (lot.len + size > LOT || span > SPAN as u64) {
            self.settle(clause, first)?;
        }
        let lot = &mut self.arrays.lot;
        if lot.len == 0 {
            lot.base = stretch.base;
        }
        self.work.blocks += 1;
        self.work.filtered += lot.add(clause, stretch, least, self.kernels) as u64;
        Ok(())
    }

    /// Makes candidates of the postings of a stretch whose code is at least `least`.
    pub fn stretch(&mut self, clause: &Clause<'_>, stretch: Stretch, least: u8, first: usize) -> Result<()> {
        self.work.blocks += 1;
        self.work.filtered += self.arrays.lot.add(clause, stretch, least, self.kernels) as u64;
        self.settle(clause, first)
    }

    /// Makes candidates of the lot.
    pub fn settle(&mut self, clause: &Clause<'_>, first: usize) -> Result<()> {
        let mut lot = std::mem::take(&mut self.arrays.lot);
        let outcome = self.settle_in(&mut lot, clause, first);
        lot.len = 0;
        self.arrays.lot = lot;
        outcome
    }

    fn settle_in(&mut self, lot: &mut Lot, clause: &Clause<'_>, first: usize) -> Result<()> {
        for must in self.musts() {
            if let Documents::Bitmap { words, .. } = must.documents {
                lot.keep(words, self.kernels);
            }
        }
        let (mut marked, mut probed) = (0, 0);
        for must in self.musts() {
            if lot.len > 0 && !matches!(must.documents, Documents::Bitmap { .. }) {
                let n = lot.len as u64;
                match lot.keep_listed(must, self.kernels) {
                    true => marked += 1,
                    false => probed += n,
                }
            }
        }
        self.work.marked += marked;
        self.work.probed += probed;
        let mut exceptions = ExceptionCursor::new(&clause.exceptions);
        for (&posting, &doc) in lot.postings.iter().zip(&lot.docs).take(lot.len) {
            self.candidate(doc, clause.score_next(posting, &mut exceptions), first)?;
        }
        Ok(())
    }
}

impl Lot {
    /// Adds postings of a stretch; how many codes were looked at.
    fn add(&mut self, clause: &Clause<'_>, stretch: Stretch, least: u8, kernels: &Kernels) -> usize {
        let codes = clause.codes.get(stretch.start..stretch.end).unwrap_or_default();
        let room = self.len + codes.len();
        if self.docs.len() < room {
            self.docs.resize(room.next_power_of_two().max(LOT), 0);
            self.postings.resize(room.next_power_of_two().max(LOT), 0);
        }
        let (docs, postings) = (&mut self.docs[self.len..room], &mut self.postings[self.len..room]);
        let (n, looked_at) = if least <= 1 {
            (0u32..).zip(&mut *postings).for_each(|(at, posting)| *posting = at);
            (codes.len(), 0)
        } else {
            ((kernels.filter)(codes, least, postings), codes.len())
        };
        let n = clause.picked(kernels, stretch, &postings[..n], &mut docs[..n]);
        postings[..n].iter_mut().for_each(|posting| *posting += stretch.start as u32);
        self.len += n;
        looked_at
    }

    /// Keeps the documents of a bitmap.
    fn keep(&mut self, words: &[Le8], kernels: &Kernels) {
        self.len = (kernels.keep)(words, 0, &mut self.docs[..self.len], &mut self.postings[..self.len]);
    }

    /// Keeps the documents of a list; whether it became bits for that.
    fn keep_listed(&mut self, other: &Clause<'_>, kernels: &Kernels) -> bool {
        let marked = self.keep_marked(other, kernels);
        if !marked {
            self.keep_probed(other, kernels);
        }
        marked
    }

    /// Keeps the documents that are found in a list.
    fn keep_probed(&mut self, other: &Clause<'_>, kernels: &Kernels) {
        let (mut found, mut kept) = ([MISS; BATCH], 0);
        for from in (0..self.len).step_by(BATCH) {
            let to = self.len.min(from + BATCH);
            other.probe(kernels, &self.docs[from..to], &mut found[..to - from]);
            for (at, found) in (from..to).zip(found) {
                (self.docs[kept], self.postings[kept]) = (self.docs[at], self.postings[at]);
                kept += usize::from(found != MISS);
            }
        }
        self.len = kept;
    }

    /// Keeps the documents of a list in blocks, when that has few enough postings among them; whether it did.
    fn keep_marked(&mut self, other: &Clause<'_>, kernels: &Kernels) -> bool {
        let (Documents::Aligned { shift, starts, low }, Some(first), Some(last)) =
            (other.documents, self.docs.first(), self.docs.get(self.len.wrapping_sub(1)))
        else {
            return false;
        };
        // All blocks from that of the first document to that of the last one.
        let (from, to) = ((first >> shift) as usize, (last >> shift) as usize + 1);
        let starts = starts.get(from..starts.len().min(to + 1)).unwrap_or_default();
        let start = |start: Option<&[u8; 4]>| start.map_or(0, |start| u32::from_le_bytes(*start) as usize);
        let span = to.saturating_sub(from) << shift;
        if span > SPAN || start(starts.last()).saturating_sub(start(starts.first())) > self.len * LOOKUP {
            return false;
        }
        let base = (from as u32) << shift;
        if self.bits.is_empty() {
            self.bits.resize(SPAN / 64, [0; 8]);
        }
        let bits = &mut self.bits[..span.div_ceil(64)];
        bits.fill([0; 8]);
        for (place, bounds) in (0u32..).step_by(1 << shift).zip(starts.windows(2)) {
            for low in low.get(start(bounds.first())..start(bounds.last())).unwrap_or_default() {
                let place = place + u32::from(u16::from_le_bytes(*low));
                if let Some(word) = bits.get_mut(place as usize / 64) {
                    *word = (u64::from_le_bytes(*word) | 1 << (place % 64)).to_le_bytes();
                }
            }
        }
        self.len = (kernels.keep)(bits, base, &mut self.docs[..self.len], &mut self.postings[..self.len]);
        true
    }
}

impl Clause<'_> {
    /// Writes the documents of the postings `stretch.start + picked[i]`, which ascend; how many there are.
    fn picked(&self, kernels: &Kernels, stretch: Stretch, picked: &[u32], docs: &mut [u32]) -> usize {
        let Stretch { start, end, base } = stretch;
        match self.documents {
            Documents::Sorted(all) => {
                let all = all.get(start..).unwrap_or_default();
                docs.iter_mut().zip(picked).for_each(|(doc, at)| *doc = all.get(*at as usize).copied().unwrap_or(0));
            }
            Documents::Aligned { shift, starts, low } => {
                let low = low.get(start..).unwrap_or_default();
                let behind = |block: u32| starts.get(block as usize + 1).map_or(u32::MAX, |end| u32::from_le_bytes(*end));
                let mut block = base >> shift;
                if behind(block) as usize >= end {
                    if picked.len() == end - start {
                        docs.iter_mut().zip(low).for_each(|(doc, low)| *doc = base + u32::from(u16::from_le_bytes(*low)));
                        return docs.len().min(low.len());
                    }
                    for (doc, at) in docs.iter_mut().zip(picked) {
                        *doc = base + low.get(*at as usize).map_or(0, |low| u32::from(u16::from_le_bytes(*low)));
                    }
                    return docs.len().min(picked.len());
                }
                for (doc, at) in docs.iter_mut().zip(picked) {
                    // A list without maxima comes as one stretch over all its blocks.
                    while behind(block) <= start as u32 + at {
                        block += 1;
                    }
                    *doc = (block << shift) + low.get(*at as usize).map_or(0, |low| u32::from(u16::from_le_bytes(*low)));
                }
            }
            Documents::Bitmap { words, ranks } => {
                // From the last rank at or before the stretch.
                let group = base as usize / 512;
                let before = ranks.get(group).map_or(0, |rank| u32::from_le_bytes(*rank));
                return (kernels.select)(words, group * 8, before, start as u32, picked, docs);
            }
        }
        docs.len().min(picked.len())
    }
}
