//! Where the blocks of a dictionary are, by their first terms.
//!
//! **Law**: a search reads the small array of every 16th prefix, then two neighbouring cache lines of prefixes; a block's place stands
//! beside them. (Over one array of all prefixes the last steps of a binary search miss the cache one after the other.)
//!
//! ```text
//! index = (prefix:u64 ×n  place:u64 ×n)*  top:u64*          n = 16 blocks, fewer in the last group; top = each group's first prefix
//! place = len | offset << 24                                of the block, in the section of the postings
//! ```
//! A prefix is the first eight bytes of a block's first term, padded with zeros, as a big-endian number.

/// Blocks in a group.
const GROUP: usize = 16;
/// Bits of a block's length in its place.
const LEN_BITS: u32 = 24;

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
    let groups = prefixes.chunks(GROUP).zip(places.chunks(GROUP)).flat_map(|(prefixes, places)| prefixes.iter().chain(places));
    groups.chain(prefixes.iter().step_by(GROUP)).copied()
}

/// Bytes of an index over so many blocks.
pub(super) fn len(blocks: usize) -> usize {
    (blocks * 2 + blocks.div_ceil(GROUP)) * 8
}

/// The reader twin.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct BlockIndex<'a> {
    groups: &'a [[u8; 8]],
    top: &'a [[u8; 8]],
    blocks: usize,
}

impl<'a> BlockIndex<'a> {
    /// Over the bytes of an index; `None` when they are too few.
    #[inline]
    pub fn new(bytes: &'a [u8], blocks: usize) -> Option<Self> {
        let (groups, top) = bytes.as_chunks::<8>().0.split_at_checked(blocks * 2)?;
        (top.len() >= blocks.div_ceil(GROUP)).then_some(Self { groups, top, blocks })
    }

    /// The prefix of a block.
    #[inline]
    pub fn prefix(&self, block: usize) -> Option<u64> {
        let at = block / GROUP * (2 * GROUP) + block % GROUP;
        if block < self.blocks { self.groups.get(at).map(|prefix| u64::from_le_bytes(*prefix)) } else { None }
    }

    /// Offset and length of a block.
    #[inline]
    pub fn place(&self, block: usize) -> Option<(usize, usize)> {
        let first = block / GROUP * GROUP;
        let in_group = self.blocks.checked_sub(first)?.min(GROUP);
        let place = u64::from_le_bytes(*self.groups.get(2 * first + in_group + block % GROUP)?);
        Some(((place >> LEN_BITS) as usize, (place & (MAX_LEN - 1)) as usize))
    }

    /// How many blocks have a prefix below this one.
    #[inline]
    pub fn below(&self, prefix: u64) -> usize {
        let is_below = |other: &[u8; 8]| u64::from_le_bytes(*other) < prefix;
        let Some(group) = self.top.partition_point(is_below).checked_sub(1) else { return 0 };
        let first = group * GROUP;
        let in_group = self.blocks.saturating_sub(first).min(GROUP);
        let prefixes = self.groups.get(2 * first..2 * first + in_group).unwrap_or_default();
        first + prefixes.iter().map(|other| usize::from(is_below(other))).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prefixes_and_places_are_found(mut prefixes in prop::collection::vec(prop_oneof![0u64..20, any::<u64>()], 0..120), asked in prop::collection::vec(0u64..22, 5)) {
            prefixes.sort_unstable();
            let places: Vec<u64> = (0..prefixes.len() as u64).map(|block| moved(place(block * 7, block + 1), 100)).collect();
            let bytes: Vec<u8> = entries(&prefixes, &places).flat_map(u64::to_le_bytes).collect();
            prop_assert_eq!(bytes.len(), len(prefixes.len()));
            let index = BlockIndex::new(&bytes, prefixes.len()).unwrap();
            for (block, prefix) in prefixes.iter().enumerate() {
                prop_assert_eq!((index.prefix(block), index.place(block)), (Some(*prefix), Some((100 + block * 7, block + 1))));
            }
            prop_assert_eq!(index.prefix(prefixes.len()), None);
            for prefix in asked.iter().chain(&prefixes) {
                prop_assert_eq!(index.below(*prefix), prefixes.partition_point(|other| other < prefix));
            }
            prop_assert!(bytes.is_empty() || BlockIndex::new(&bytes[1..], prefixes.len()).is_none());
        }
    }
}
