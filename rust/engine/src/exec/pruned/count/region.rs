//! The documents of one region that match, as bits while they are many, as numbers when they are few.
//!
//! **In**: what was opened. **Out**: how many documents of a region match. **Law**: what has to match is looked at from the least frequent
//! on; each step leaves a superset of what matches, the steps after it leave less, and all steps leave exactly that. What reads
//! positions comes last. A step over bits costs the region, a step over numbers costs the documents that are left.

use super::super::lot::Lot;
use super::super::work::Work;
use super::Found;
use super::list::{Bits, LOG2, List, REGION, WORDS};
use super::open::{Alternatives, Node, Phrase, Stretch, part};
use super::phrase::{BATCH, Positions};
use crate::base::{Interrupt, Result};
use crate::codec::postings::Postings;
use crate::exec::condition::OpenCondition;
use crate::exec::kernels::Kernels;
use crate::exec::masks::Masks;
use crate::exec::window::{Mask, WINDOW};

/// Documents are numbers when they are at most one in so many of a region.
const FEW: usize = 64;
/// Bits that a list in bits sets in the time of a lookup.
const LOOKUP: usize = 10;

/// Arrays that are kept from query to query.
pub(super) struct Arrays {
    pub acc: Box<Bits>,
    other: Box<Bits>,
    planes: Vec<Box<Bits>>,
    docs: Vec<u32>,
    flags: Vec<u8>,
    tally: Vec<u16>,
    pub lot: Lot,
    pub positions: Positions,
}

fn empty() -> Box<Bits> {
    vec![0; WORDS].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; WORDS]))
}

impl Default for Arrays {
    fn default() -> Self {
        let positions = Positions::default();
        Self {
            acc: empty(),
            other: empty(),
            planes: Vec::new(),
            docs: Vec::new(),
            flags: Vec::new(),
            tally: Vec::new(),
            lot: Lot::default(),
            positions,
        }
    }
}

/// One count in one segment.
pub(super) struct Counter<'m, 'a> {
    pub kernels: &'static Kernels,
    pub masks: Masks<'m>,
    pub interrupt: &'m Interrupt,
    pub doc_count: u32,
    pub lists: &'m [List<'a>],
    pub leaves: &'m [Alternatives],
    /// The least frequent first.
    pub nodes: &'m [Node],
    pub excluded: Stretch,
    pub excluded_phrases: bool,
    pub phrases: &'m [Phrase<'a>],
    pub read: &'m mut [Postings<'a>],
    pub conditions: &'m mut [OpenCondition<'a>],
    pub arrays: &'m mut Arrays,
    pub work: &'m mut Work,
}

impl<'m, 'a> Counter<'m, 'a> {
    /// Counts region after region; stops when more than `limit` were counted.
    pub fn all(&mut self, limit: u64) -> Result<u64> {
        if let Some(rarest) = self.rarest() {
            return self.meet(rarest, limit);
        }
        let Some(lead) = self.nodes.first().copied() else { return Ok(0) };
        let list = self.sole(&lead).filter(|list| !list.is_dense());
        let (mut region, mut total) = (0, 0);
        while region <= self.doc_count.saturating_sub(1) >> LOG2 && total <= limit {
            self.interrupt.check()?;
            if list.is_none_or(|list| list.len(region) > 0) {
                total += match self.region(region, &lead)? {
                    Found::Bits(_) => (self.kernels.count)(&self.arrays.acc[..]),
                    Found::Numbers(docs) => docs.len() as u64,
                };
            }
            region = list.map_or(region + 1, |list| list.next_region(region));
        }
        Ok(total)
    }

    pub(super) fn sole(&self, node: &Node) -> Option<&'m List<'a>> {
        let lists: &'m [List<'a>] = self.lists;
        lists.get(node.sole? as usize)
    }

    /// What matches in a region.
    pub fn region(&mut self, region: u32, lead: &Node) -> Result<Found<'_>> {
        let few = lead.most.saturating_mul(FEW as u64) <= u64::from(self.doc_count);
        let phrases = self.excluded_phrases || self.nodes.iter().any(|node| node.phrases);
        self.arrays.docs.clear();
        match self.sole(lead).filter(|list| few && !list.is_dense()) {
            Some(list) => {
                let docs = &mut self.arrays.docs;
                list.each(region, |place| docs.push((region << LOG2) + place as u32));
            }
            None => {
                self.bits_of(lead, region, false)?;
                if few {
                    self.list(region);
                }
            }
        }
        if !few {
            self.work.counted_as_bits += 1;
            self.reduce_bits(region)?;
            if !phrases {
                return Ok(Found::Bits(&self.arrays.acc[..]));
            }
            self.list(region);
        } else {
            self.work.counted_as_numbers += 1;
            self.reduce_numbers(region)?;
        }
        if phrases {
            for node in self.nodes.iter().filter(|node| node.phrases) {
                self.filter(node.leaves, node.need, true, true, region)?;
            }
            if self.excluded_phrases {
                self.filter(self.excluded, 1, false, true, region)?;
            }
        }
        Ok(Found::Numbers(&self.arrays.docs))
    }

    /// Lists the documents whose bits are set.
    fn list(&mut self, region: u32) {
        let Arrays { acc, docs, .. } = &mut *self.arrays;
        for (base, word) in (region << LOG2..).step_by(64).zip(acc.iter()) {
            let mut word = *word;
            while word != 0 {
                docs.push(base + word.trailing_zeros());
                word &= word - 1;
            }
        }
    }

    /// Leaves the bits of what may match.
    fn reduce_bits(&mut self, region: u32) -> Result<()> {
        let Masks { live, filter, wanted } = self.masks;
        for mask in [live, filter, wanted].into_iter().flatten() {
            let words = mask.get(region as usize * WORDS..).unwrap_or_default();
            self.arrays.acc.iter_mut().zip(words).for_each(|(word, mask)| *word &= mask);
        }
        for node in self.nodes.iter().skip(1).filter(|node| !node.by_words) {
            match self.sole(node).filter(|list| list.is_dense()).map(|list| list.words(region)) {
                Some(words) => (self.kernels.and_into)(&mut self.arrays.acc[..], words),
                None => {
                    self.bits_of(node, region, true)?;
                    let Arrays { acc, other, .. } = &mut *self.arrays;
                    acc.iter_mut().zip(other.iter()).for_each(|(word, other)| *word &= other);
                }
            }
        }
        for leaf in part(self.leaves, self.excluded) {
            for list in part(self.lists, leaf.lists) {
                list.remove(self.kernels, region, &mut self.arrays.acc);
            }
            if leaf.conditions.0 < leaf.conditions.1 {
                self.arrays.other.fill(0);
                self.add_conditions(leaf.conditions, region, true, false)?;
                let Arrays { acc, other, .. } = &mut *self.arrays;
                acc.iter_mut().zip(other.iter()).for_each(|(word, other)| *word &= !other);
            }
        }
        Ok(())
    }

    /// Writes the bits of a node, phrases by their rarest words, into `acc` or `other`.
    fn bits_of(&mut self, node: &Node, region: u32, into_other: bool) -> Result<()> {
        if node.need > 1 {
            return self.bits_of_several(node, region, into_other);
        }
        self.bits(into_other).fill(0);
        if let Some(list) = self.sole(node) {
            list.add(self.kernels, region, self.bits(into_other));
            return Ok(());
        }
        for leaf in part(self.leaves, node.leaves) {
            self.add_leaf(leaf, region, into_other)?;
        }
        Ok(())
    }

    fn bits(&mut self, other: bool) -> &mut Bits {
        if other { &mut self.arrays.other } else { &mut self.arrays.acc }
    }

    fn add_leaf(&mut self, leaf: &Alternatives, region: u32, into_other: bool) -> Result<()> {
        let (lists, kernels) = (self.lists, self.kernels);
        for list in part(lists, leaf.lists) {
            list.add(kernels, region, self.bits(into_other));
        }
        for phrase in part(self.phrases, leaf.phrases) {
            if let Some(list) = lists.get(phrase.rarest as usize) {
                list.add(kernels, region, self.bits(into_other));
            }
        }
        self.add_conditions(leaf.conditions, region, into_other, false)
    }

    /// Counts the leaves of a node in binary, one plane of bits a digit, and keeps where they are enough.
    fn bits_of_several(&mut self, node: &Node, region: u32, into_other: bool) -> Result<()> {
        let leaves = part(self.leaves, node.leaves);
        let digits = (usize::BITS - leaves.len().leading_zeros()) as usize;
        while self.arrays.planes.len() < digits {
            self.arrays.planes.push(empty());
        }
        self.arrays.planes.iter_mut().take(digits).for_each(|plane| plane.fill(0));
        for (before, leaf) in leaves.iter().enumerate() {
            self.bits(into_other).fill(0);
            self.add_leaf(leaf, region, into_other)?;
            let Arrays { acc, other, planes, .. } = &mut *self.arrays;
            let carry = if into_other { other } else { acc };
            let used = (usize::BITS - (before + 1).leading_zeros()) as usize;
            for plane in planes.iter_mut().take(used) {
                for (plane, carry) in plane.iter_mut().zip(carry.iter_mut()) {
                    (*plane, *carry) = (*plane ^ *carry, *plane & *carry);
                }
            }
        }
        // From the highest digit down: larger already, or equal so far.
        let Arrays { acc, other, planes, .. } = &mut *self.arrays;
        let out = if into_other { other } else { acc };
        for (at, out) in out.iter_mut().enumerate() {
            let (mut more, mut equal) = (0, u64::MAX);
            for (digit, plane) in planes.iter().take(digits).enumerate().rev() {
                let here = plane[at % WORDS];
                if node.need >> digit & 1 == 1 {
                    equal &= here;
                } else {
                    more |= equal & here;
                    equal &= !here;
                }
            }
            *out = more | equal;
        }
        Ok(())
    }

    /// Adds what satisfies conditions; of `only` those documents, where the windows of others may be left out.
    fn add_conditions(&mut self, conditions: Stretch, region: u32, into_other: bool, only: bool) -> Result<()> {
        let (from, to) = (region << LOG2, self.doc_count.min((region << LOG2).saturating_add(REGION)));
        let Arrays { acc, other, docs, .. } = &mut *self.arrays;
        let bits = if into_other { other } else { acc };
        let mut docs = docs.as_slice();
        for start in (from..to).step_by(WINDOW as usize) {
            let end = to.min(start + WINDOW);
            let here = docs.partition_point(|doc| *doc < end);
            docs = docs.get(here..).unwrap_or_default();
            if only && here == 0 {
                continue;
            }
            for condition in self.conditions.iter_mut().take(conditions.1 as usize).skip(conditions.0 as usize) {
                let mut mask = Mask::EMPTY;
                condition.fill(start, end, &mut mask)?;
                let words = bits.iter_mut().skip((start - from) as usize / 64);
                words.zip(mask.0).for_each(|(word, mask)| *word |= mask);
            }
        }
        Ok(())
    }

    /// Leaves the numbers of what may match.
    fn reduce_numbers(&mut self, region: u32) -> Result<()> {
        if !self.masks.is_all() {
            let masks = self.masks;
            self.arrays.docs.retain(|doc| masks.has(*doc));
        }
        for node in self.nodes.iter().skip(1).filter(|node| !node.phrases) {
            match self.sole(node) {
                Some(list) => self.keep(list, region),
                None => self.filter(node.leaves, node.need, true, false, region)?,
            }
            if self.arrays.docs.is_empty() {
                return Ok(());
            }
        }
        if self.excluded.0 < self.excluded.1 {
            self.filter(self.excluded, 1, false, false, region)?;
        }
        Ok(())
    }

    /// Keeps the documents of a list.
    fn keep(&mut self, list: &List<'a>, region: u32) {
        let Arrays { docs, other, .. } = &mut *self.arrays;
        if list.is_dense() {
            let words = list.bitmap();
            docs.retain(|doc| words.get(*doc as usize / 64).is_some_and(|word| u64::from_le_bytes(*word) >> (doc % 64) & 1 == 1));
        } else if docs.len() * LOOKUP < list.len(region) {
            let (mut found, mut kept) = ([0; BATCH], 0);
            for start in (0..docs.len()).step_by(BATCH) {
                let end = docs.len().min(start + BATCH);
                list.probe(self.kernels, &docs[start..end], &mut found);
                for at in start..end {
                    docs[kept] = docs[at];
                    kept += usize::from(found[(at - start) % BATCH] != super::super::clause::MISS);
                }
            }
            docs.truncate(kept);
        } else {
            other.fill(0);
            list.each(region, |place| other[place / 64 % WORDS] |= 1 << (place % 64));
            docs.retain(|doc| has(other, *doc));
        }
    }

    /// Keeps the documents of which at least `need` leaves match, or the others. Phrases count when `exact`; else, when they are wanted, by
    /// their rarest words.
    fn filter(&mut self, leaves: Stretch, need: u32, wanted: bool, exact: bool, region: u32) -> Result<()> {
        let n = self.arrays.docs.len();
        let several = need > 1;
        let Arrays { flags, tally, .. } = &mut *self.arrays;
        flags.clear();
        flags.resize(n, 0);
        tally.clear();
        tally.resize(if several { n } else { 0 }, 0);
        for leaf in part(self.leaves, leaves) {
            self.mark(leaf, exact, region)?;
            if several {
                let Arrays { flags, tally, .. } = &mut *self.arrays;
                tally.iter_mut().zip(flags).for_each(|(tally, flag)| *tally += u16::from(std::mem::take(flag)));
            }
        }
        let Arrays { docs, flags, tally, .. } = &mut *self.arrays;
        let mut kept = 0;
        for at in 0..n {
            let matches = if several { u32::from(tally[at]) >= need } else { flags[at] != 0 };
            docs[kept] = docs[at];
            kept += usize::from(matches == wanted);
        }
        docs.truncate(kept);
        Ok(())
    }

    /// Sets the flags of the documents that match a leaf.
    fn mark(&mut self, leaf: &Alternatives, exact: bool, region: u32) -> Result<()> {
        let lists = self.lists;
        let conditions = leaf.conditions.0 < leaf.conditions.1;
        let mut in_bits = conditions;
        if conditions {
            self.arrays.other.fill(0);
            self.add_conditions(leaf.conditions, region, true, true)?;
        }
        let Arrays { docs, flags, other, positions, .. } = &mut *self.arrays;
        for list in part(lists, leaf.lists) {
            if list.is_dense() {
                let words = list.bitmap();
                let has = |doc: u32| words.get(doc as usize / 64).is_some_and(|word| u64::from_le_bytes(*word) >> (doc % 64) & 1 == 1);
                flags.iter_mut().zip(docs.iter()).for_each(|(flag, doc)| *flag |= u8::from(has(*doc)));
            } else if docs.len() * LOOKUP < list.len(region) {
                let mut found = [0; BATCH];
                for (docs, flags) in docs.chunks(BATCH).zip(flags.chunks_mut(BATCH)) {
                    list.probe(self.kernels, docs, &mut found);
                    flags.iter_mut().zip(found).for_each(|(flag, found)| *flag |= u8::from(found != super::super::clause::MISS));
                }
            } else {
                if !std::mem::replace(&mut in_bits, true) {
                    other.fill(0);
                }
                list.each(region, |place| other[place / 64 % WORDS] |= 1 << (place % 64));
            }
        }
        if in_bits {
            flags.iter_mut().zip(docs.iter()).for_each(|(flag, doc)| *flag |= u8::from(has(other, *doc)));
        }
        if exact {
            for phrase in part(self.phrases, leaf.phrases) {
                positions.mark(phrase, lists, self.read, docs, flags, self.kernels, self.interrupt)?;
            }
        }
        Ok(())
    }
}

#[inline]
fn has(bits: &Bits, doc: u32) -> bool {
    let place = (doc % REGION) as usize;
    bits[place / 64] >> (place % 64) & 1 == 1
}
