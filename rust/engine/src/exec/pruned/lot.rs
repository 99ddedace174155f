//! Lots: postings of the rarest of several lists, less those whose documents others lack.
//!
//! **In**: postings of one list, one stretch after the other; other lists. **Out**: the documents that all have, and their postings. **Law**:
//! what is looked up beside its neighbours costs a fraction of what it costs alone: a lot has the postings of several blocks, so that their
//! cache misses overlap. A bitmap is there already. A list that has few more postings than the lot marks the places of its documents in a
//! table of 64 KB at most, where several documents share a place: a store a posting, and few of the lot are left to be searched for. Any other
//! is searched at once.
//! Numbers that a damaged file makes up lead to wrong documents, never outside of a slice.

use super::clause::{Documents, MISS};
use super::machine::BATCH;
use super::single::Stretch;
use crate::exec::kernels::{Kernels, Le8};

/// Postings of a lot, unless a stretch alone has more.
pub(super) const LOT: usize = 1024;
/// Postings that mark their places in the time in which a document is looked up in blocks.
const LOOKUP: usize = 14;
/// Postings that mark their places in the time of a search in a plain list.
const SEARCH: usize = 24;
/// A table has so many places for each posting that marks one, within these limits.
const ROOM: usize = 8;
const FEWEST: usize = 1 << 10;
const MOST: usize = 1 << 16;

/// Postings that wait to be looked at together.
#[derive(Default)]
pub(super) struct Lot {
    docs: Vec<u32>,
    postings: Vec<u32>,
    len: usize,
    /// Where documents of another list are.
    table: Vec<u8>,
}

impl Lot {
    /// Whether the postings of a block may come to it; a lot without postings takes all.
    pub fn takes(&self, stretch: Stretch) -> bool {
        self.len == 0 || self.len + stretch.end.saturating_sub(stretch.start) <= LOT
    }

    /// Keeps those whose documents pass.
    pub fn retain(&mut self, passes: impl Fn(u32) -> bool) {
        let mut kept = 0;
        for i in 0..self.len {
            let doc = self.docs[i];
            (self.docs[kept], self.postings[kept]) = (doc, self.postings[i]);
            kept += usize::from(passes(doc));
        }
        self.len = kept;
    }

    /// Adds all postings of a stretch.
    pub fn add(&mut self, list: Documents<'_>, stretch: Stretch, kernels: &Kernels) {
        self.add_some(list, stretch, kernels, |picked| {
            (0u32..).zip(&mut *picked).for_each(|(at, picked)| *picked = at);
            picked.len()
        });
    }

    /// Adds those postings of a stretch that `pick` writes, counted from the first one, ascending.
    pub fn add_some(&mut self, list: Documents<'_>, stretch: Stretch, kernels: &Kernels, pick: impl FnOnce(&mut [u32]) -> usize) {
        let size = match list {
            Documents::Sorted(docs) => docs.get(stretch.start..stretch.end).map_or(0, <[_]>::len),
            Documents::Aligned { low, .. } => low.get(stretch.start..stretch.end).map_or(0, <[_]>::len),
            Documents::Bitmap { words, .. } => stretch.end.saturating_sub(stretch.start).min(64 * words.len()),
        };
        let room = self.len + size;
        if self.docs.len() < room {
            self.docs.resize(room.next_power_of_two().max(LOT), 0);
            self.postings.resize(room.next_power_of_two().max(LOT), 0);
        }
        let (docs, postings) = (&mut self.docs[self.len..room], &mut self.postings[self.len..room]);
        let n = pick(postings);
        let n = list.picked(kernels, stretch, &postings[..n], &mut docs[..n]);
        postings[..n].iter_mut().for_each(|posting| *posting += stretch.start as u32);
        self.len += n;
    }

    /// Keeps the documents that all `others` have: bitmaps first, then lists; how many lists marked places, and how many lookups it took.
    pub fn meet<'a, I: Iterator<Item = Documents<'a>>>(&mut self, others: impl Fn() -> I, kernels: &Kernels) -> (u64, u64) {
        for other in others() {
            if let Documents::Bitmap { words, .. } = other {
                self.keep(words, kernels);
            }
        }
        let (mut marked, mut probed) = (0, 0);
        // Lists that are still to be searched, by their numbers.
        let mut open = 0u64;
        for (number, other) in others().enumerate() {
            if self.len == 0 {
                break;
            }
            if matches!(other, Documents::Bitmap { .. }) {
                continue;
            }
            if number < 64 && self.keep_marked(other, kernels) {
                marked += 1;
                open |= 1 << number;
            } else {
                probed += self.len as u64;
                self.keep_probed(other, kernels);
            }
        }
        if open != 0 {
            for (_, other) in others().take(64).enumerate().filter(|(number, _)| open >> number & 1 == 1) {
                probed += self.len as u64;
                self.keep_probed(other, kernels);
            }
        }
        (marked, probed)
    }

    /// The documents.
    pub fn docs(&self) -> &[u32] {
        &self.docs[..self.len]
    }

    /// Their postings.
    pub fn postings(&self) -> &[u32] {
        &self.postings[..self.len]
    }

    /// Makes room for the next.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Keeps the documents of a bitmap.
    fn keep(&mut self, words: &[Le8], kernels: &Kernels) {
        self.len = (kernels.keep)(words, 0, &mut self.docs[..self.len], &mut self.postings[..self.len]);
    }

    /// Keeps the documents that are found in a list.
    fn keep_probed(&mut self, other: Documents<'_>, kernels: &Kernels) {
        let (mut found, mut kept) = ([MISS; BATCH], 0);
        for from in (0..self.len).step_by(BATCH) {
            let to = self.len.min(from + BATCH);
            other.probe(kernels, &self.docs[from..to], &mut found[..to - from]);
            for (at, found) in (from..to).zip(&found) {
                (self.docs[kept], self.postings[kept]) = (self.docs[at], self.postings[at]);
                kept += usize::from(*found != MISS);
            }
        }
        self.len = kept;
    }

    /// Keeps what stands where some document of a list does, when that has few enough postings among the lot's documents; whether it did.
    fn keep_marked(&mut self, other: Documents<'_>, kernels: &Kernels) -> bool {
        let (Some(first), Some(last)) = (self.docs.first(), self.docs.get(self.len.wrapping_sub(1))) else { return false };
        let table = match other {
            Documents::Bitmap { .. } => return false,
            Documents::Sorted(list) => {
                if list.len() > self.len * SEARCH {
                    return false;
                }
                let table = places(&mut self.table, list.len());
                (kernels.fold_sorted)(list, table);
                table
            }
            Documents::Aligned { shift, starts, low } => {
                // All blocks from that of the first document to that of the last one.
                let (from, to) = ((first >> shift) as usize, (last >> shift) as usize + 1);
                let starts = starts.get(from..starts.len().min(to + 1)).unwrap_or_default();
                let start = |start: Option<&[u8; 4]>| start.map_or(0, |start| u32::from_le_bytes(*start) as usize);
                let (begin, end) = (start(starts.first()), start(starts.last()));
                let postings = end.saturating_sub(begin);
                if postings > self.len * LOOKUP {
                    return false;
                }
                let table = places(&mut self.table, postings);
                if table.len() <= 1 << shift.min(MOST.ilog2()) {
                    // All blocks begin at place 0.
                    (kernels.fold)(low.get(begin..end).unwrap_or_default(), 0, table);
                } else {
                    for (base, bounds) in (0..).step_by(1 << shift).zip(starts.windows(2)) {
                        let base = ((from as u32) << shift) as usize + base;
                        (kernels.fold)(low.get(start(bounds.first())..start(bounds.last())).unwrap_or_default(), base, table);
                    }
                }
                table
            }
        };
        self.len = (kernels.keep_folded)(table, &mut self.docs[..self.len], &mut self.postings[..self.len]);
        true
    }
}

/// A table without a mark for so many postings.
fn places(table: &mut Vec<u8>, postings: usize) -> &mut [u8] {
    let size = (postings * ROOM).next_power_of_two().clamp(FEWEST, MOST);
    if table.len() < size {
        table.resize(size, 0);
    }
    let table = &mut table[..size];
    table.fill(0);
    table
}

impl Documents<'_> {
    /// Writes the documents of the postings `stretch.start + picked[i]`, which ascend; how many there are.
    fn picked(&self, kernels: &Kernels, stretch: Stretch, picked: &[u32], docs: &mut [u32]) -> usize {
        let Stretch { start, end, base } = stretch;
        match *self {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec::bitmaps;
    use crate::codec::postings::DocumentBytes;
    use crate::exec::kernels::Level;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const COUNT: u32 = 40_000;

    /// A list in one of its forms.
    #[derive(Debug)]
    struct Stored {
        docs: Vec<u32>,
        shift: u32,
        starts: Vec<[u8; 4]>,
        low: Vec<[u8; 2]>,
        bitmap: Vec<u8>,
        form: usize,
    }

    impl Stored {
        fn new(docs: &BTreeSet<u32>, shift: u32, form: usize) -> Self {
            let docs: Vec<u32> = docs.iter().copied().collect();
            let starts = (0..=COUNT.div_ceil(1 << shift)).map(|block| docs.partition_point(|doc| *doc < block << shift) as u32);
            let starts = starts.map(u32::to_le_bytes).collect();
            let low = docs.iter().map(|doc| ((doc & ((1 << shift) - 1)) as u16).to_le_bytes()).collect();
            let mut bitmap = Vec::new();
            bitmaps::write(&mut bitmap, &docs, COUNT);
            Self { docs, shift, starts, low, bitmap, form }
        }

        fn documents(&self) -> Documents<'_> {
            match self.form {
                0 => Documents::Sorted(&self.docs),
                1 => Documents::Aligned { shift: self.shift, starts: &self.starts, low: &self.low },
                _ => match bitmaps::PresenceBitmap::read(&self.bitmap, COUNT).unwrap().bytes() {
                    DocumentBytes::Bitmap { ranks, words } => Documents::Bitmap { words, ranks },
                    DocumentBytes::Aligned { .. } => unreachable!(),
                },
            }
        }

        /// All its postings, block by block where it has blocks.
        fn stretches(&self) -> Vec<Stretch> {
            let start = |block: usize| u32::from_le_bytes(self.starts[block]) as usize;
            let block = |block: usize| Stretch { start: start(block), end: start(block + 1), base: (block as u32) << self.shift };
            match self.form {
                1 => (0..self.starts.len() - 1).map(block).collect(),
                _ => vec![Stretch { start: 0, end: self.docs.len(), base: 0 }],
            }
        }
    }

    fn list() -> impl Strategy<Value = Stored> {
        // Sparse or dense, anywhere or close together.
        let docs = (0u32..COUNT, 1u32..COUNT, 1usize..700).prop_flat_map(|(from, width, count)| {
            let to = (from + width).min(COUNT);
            prop::collection::btree_set(from..to.max(from + 1), 0..count)
        });
        (docs, 6u32..17, 0usize..3).prop_map(|(docs, shift, form)| Stored::new(&docs, shift, form))
    }

    proptest! {
        #[test]
        fn what_is_left_is_what_all_have(lead in list(), others in prop::collection::vec(list(), 0..4)) {
            for level in Level::available() {
                let kernels = level.kernels().unwrap();
                let (mut lot, mut left) = (Lot::default(), Vec::new());
                let documents = || others.iter().map(Stored::documents);
                let mut met = |lot: &mut Lot| {
                    lot.meet(documents, kernels);
                    left.extend(lot.docs().iter().copied().zip(lot.postings().iter().copied()));
                    lot.clear();
                };
                for stretch in lead.stretches() {
                    if !lot.takes(stretch) {
                        met(&mut lot);
                    }
                    lot.add(lead.documents(), stretch, kernels);
                }
                met(&mut lot);
                let in_all = |doc: &u32| others.iter().all(|other| other.docs.contains(doc));
                let expected: Vec<_> = lead.docs.iter().copied().zip(0u32..).filter(|(doc, _)| in_all(doc)).collect();
                prop_assert_eq!(&left, &expected, "{:?}", level);
            }
        }
    }
}
