//! Where the blocks of a dictionary are, by their first terms.
//!
//! **Law**: a search goes down a tree of prefixes in which every node is 16 of them, two neighbouring cache lines, and finds the block's
//! place beside the last node. Seven comparisons a node in two rounds, none of which is a branch: for 37 thousand blocks (588 k terms)
//! four nodes, of which three levels are 20 KB and stay in the cache. (Over one array of all prefixes the last steps of a binary search
//! miss the cache one after the other.)
//!
//! ```text
//! index = (prefix:u64 ×n  place:u64 ×n)*  (prefix:u64 ×16)*  n = 16 blocks, fewer in the last node
//! place = len | offset << 24                                of the block, in the section of the postings
//! ```
//! Behind the nodes of the blocks stand the levels above them, each with the first prefix of each node below, while the level below has
//! more than one node; the last node of each is filled up with 2⁶⁴ − 1. A prefix is the first eight bytes of a block's first term, padded with zeros, as a big-endian number.

/// Entries in a node.
const NODE: usize = 16;
/// Bits of a block's length in its place.
const LEN_BITS: u32 = 24;
/// What fills the last node of a level: below nothing.
const PADDING: u64 = u64::MAX;
/// Levels above the blocks that 2^32 blocks have.
const MOST_LEVELS: usize = 8;

/// The length that a block must stay below.
pub(super) const MAX_LEN: u64 = 1 << LEN_BITS;

/// The place of a block.
pub(super) fn place(offset: u64, len: u64) -> u64 {
    len | offset << LEN_BITS
}

/// The same block, `offset` further.
pub(super) fn moved(place: u64, offset: u64) -> u64 {
    place + (offset << LEN_BITS)
}

/// The entries of the index over blocks with these prefixes and places.
pub(super) fn entries<'a>(prefixes: &'a [u64], places: &'a [u64]) -> impl Iterator<Item = u64> + 'a {
    let nodes = prefixes.chunks(NODE).zip(places.chunks(NODE)).flat_map(|(prefixes, places)| prefixes.iter().chain(places));
    let mut step = 1;
    let above = std::iter::from_fn(move || {
        let below = prefixes.len().div_ceil(step);
        step *= NODE;
        let padding = below.div_ceil(NODE).next_multiple_of(NODE) - below.div_ceil(NODE);
        (below > NODE).then(|| prefixes.iter().step_by(step).chain(std::iter::repeat_n(&PADDING, padding)))
    });
    nodes.chain(above.flatten()).copied()
}

/// Where the levels of an index over so many blocks begin, in entries; the highest last.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct Levels {
    blocks: usize,
    above: [usize; MOST_LEVELS],
    count: usize,
    end: usize,
}

impl Levels {
    pub(super) fn of(blocks: usize) -> Self {
        let mut levels = Self { blocks, above: [0; MOST_LEVELS], count: 0, end: blocks * 2 };
        let mut entries = blocks;
        for level in &mut levels.above {
            if entries <= NODE {
                break;
            }
            entries = entries.div_ceil(NODE);
            *level = levels.end;
            levels.end += entries.next_multiple_of(NODE);
            levels.count += 1;
        }
        levels
    }

    /// Bytes of the index.
    pub(super) fn len(&self) -> usize {
        self.end * 8
    }
}

/// The reader twin.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct BlockIndex<'a> {
    entries: &'a [[u8; 8]],
    levels: &'a Levels,
}

/// How many entries of a node are below `prefix`.
#[inline]
fn below_in(node: &[[u8; 8]; NODE], prefix: u64) -> usize {
    let is_below = |other: &[u8; 8]| usize::from(u64::from_le_bytes(*other) < prefix);
    let quarter = is_below(&node[4]) + is_below(&node[8]) + is_below(&node[12]);
    let at = quarter * 4;
    let [a, b, c, d] = &node.as_chunks::<4>().0[quarter % 4];
    at + (is_below(a) + is_below(b)) + (is_below(c) + is_below(d))
}

impl<'a> BlockIndex<'a> {
    /// Over the bytes of an index; `None` when they are too few.
    #[inline]
    pub fn new(bytes: &'a [u8], levels: &'a Levels) -> Option<Self> {
        let entries = bytes.as_chunks::<8>().0.get(..levels.end)?;
        Some(Self { entries, levels })
    }

    /// Where the node of a block begins, and how many blocks it has.
    #[inline]
    fn node(&self, block: usize) -> Option<(usize, usize)> {
        let first = block / NODE * NODE;
        (block < self.levels.blocks).then(|| (2 * first, (self.levels.blocks - first).min(NODE)))
    }

    #[inline]
    fn entry(&self, at: usize) -> Option<u64> {
        self.entries.get(at).map(|entry| u64::from_le_bytes(*entry))
    }

    /// The prefix of a block.
    #[inline]
    pub fn prefix(&self, block: usize) -> Option<u64> {
        self.entry(self.node(block)?.0 + block % NODE)
    }

    /// Offset and length of a block.
    #[inline]
    pub fn place(&self, block: usize) -> Option<(usize, usize)> {
        let (start, blocks) = self.node(block)?;
        let place = self.entry(start + blocks + block % NODE)?;
        Some(((place >> LEN_BITS) as usize, (place & (MAX_LEN - 1)) as usize))
    }

    /// How many blocks have a prefix below this one.
    #[inline]
    pub fn below(&self, prefix: u64) -> usize {
        let mut node = 0;
        for start in self.levels.above.iter().take(self.levels.count).rev() {
            let Some(here) = self.entries.get(start + node * NODE..).and_then(<[_]>::first_chunk) else { return 0 };
            // Only in the highest node there may be none: further down the first one is the one that was found above.
            let Some(at) = below_in(here, prefix).checked_sub(1) else { return 0 };
            node = node * NODE + at;
        }
        let first = node * NODE;
        let blocks = self.levels.blocks.saturating_sub(first);
        let here = self.entries.get(2 * first..).unwrap_or_default();
        match here.first_chunk() {
            Some(here) if blocks >= NODE => first + below_in(here, prefix),
            _ => first + here.iter().take(blocks).filter(|other| u64::from_le_bytes(**other) < prefix).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn check(prefixes: &[u64], asked: &[u64]) {
        let places: Vec<u64> = (0..prefixes.len() as u64).map(|block| moved(place(block * 7, block + 1), 100)).collect();
        let bytes: Vec<u8> = entries(prefixes, &places).flat_map(u64::to_le_bytes).collect();
        let levels = Levels::of(prefixes.len());
        assert_eq!(bytes.len(), levels.len());
        let index = BlockIndex::new(&bytes, &levels).unwrap();
        for (block, prefix) in prefixes.iter().enumerate() {
            assert_eq!((index.prefix(block), index.place(block)), (Some(*prefix), Some((100 + block * 7, block + 1))));
        }
        assert_eq!((index.prefix(prefixes.len()), index.place(prefixes.len())), (None, None));
        for prefix in asked.iter().chain(prefixes).flat_map(|prefix| [prefix.saturating_sub(1), *prefix, prefix.saturating_add(1)]) {
            assert_eq!(index.below(prefix), prefixes.partition_point(|other| *other < prefix));
        }
        assert!(bytes.is_empty() || BlockIndex::new(&bytes[1..], &levels).is_none());
    }

    proptest! {
        #[test]
        fn prefixes_and_places_are_found(mut prefixes in prop::collection::vec(prop_oneof![0u64..20, any::<u64>()], 0..700), asked in prop::collection::vec(0u64..22, 5)) {
            prefixes.sort_unstable();
            check(&prefixes, &asked);
        }
    }

    #[test]
    fn every_height_finds_its_blocks() {
        for blocks in [0u64, 1, 15, 16, 17, 255, 256, 257, 4096, 4097, 70_000] {
            check(&(0..blocks).map(|block| block * 3 + 1).collect::<Vec<_>>(), &[0, u64::MAX]);
        }
        let levels = Levels::of(u32::MAX as usize);
        assert_eq!(levels.end - levels.above[levels.count - 1], NODE);
    }
}
