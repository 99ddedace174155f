//! The reader twin of the dictionary: lookups.

use std::sync::atomic::{AtomicBool, Ordering};

use super::block::{Block, BlockBytes, Sought};
use super::index::{BlockIndex, Levels};
use super::sizes::Lanes;
use super::{BLOCK, TermEntry, TermInfo, prefix_of, tag_of};
use crate::base::{Error, Result, TermOrd};
use crate::codec::codebook::Codebook;
use crate::codec::container::Section;

/// A field's dictionary.
#[derive(Debug)]
pub(in crate::codec) struct Dictionary {
    blocks: Section,
    index: Section,
    levels: Levels,
    terms: u32,
    has_positions: bool,
    /// All pages of the index were verified in this process. Relaxed: it only saves work.
    index_verified: AtomicBool,
}

impl Dictionary {
    /// Over the section that holds the blocks and that of their index.
    pub fn open(blocks: Section, index: Section, terms: u32, has_positions: bool) -> Result<Self> {
        let levels = Levels::of(terms.div_ceil(BLOCK) as usize);
        if index.len() != levels.len() {
            return Err(index.corruption(0, format!("an index of {} bytes for {terms} terms", index.len())));
        }
        Ok(Self { blocks, index, levels, terms, has_positions, index_verified: AtomicBool::new(false) })
    }

    pub fn block_count(&self) -> usize {
        self.terms.div_ceil(BLOCK) as usize
    }

    /// The section that holds blocks and records.
    pub fn section(&self) -> &Section {
        &self.blocks
    }

    /// Prefixes and places of all blocks.
    #[inline(always)]
    pub fn index(&self) -> Result<BlockIndex<'_>> {
        if !self.index_verified.load(Ordering::Relaxed) {
            self.index.all()?;
            self.index_verified.store(true, Ordering::Relaxed);
        }
        BlockIndex::new(self.index.unverified(), &self.levels).ok_or_else(|| self.index.corruption(0, "the file was cut"))
    }

    /// A block by number.
    pub fn block(&self, number: usize) -> Result<Block<'_>> {
        self.block_in(self.index()?, number)
    }

    #[inline]
    fn block_in(&self, index: BlockIndex<'_>, number: usize) -> Result<Block<'_>> {
        let bytes = self.bytes_of(index, number)?;
        Block::read(bytes).ok_or_else(|| self.damaged(bytes.at))
    }

    #[inline(always)]
    fn bytes_of(&self, index: BlockIndex<'_>, number: usize) -> Result<BlockBytes<'_>> {
        let (at, len) = index.place(number).unwrap_or((0, 0));
        let bytes = self.blocks.read(at..at.saturating_add(len))?;
        let count = self.terms.saturating_sub((number as u32).saturating_mul(BLOCK)).min(BLOCK);
        Ok(BlockBytes { bytes, at, count, has_positions: self.has_positions })
    }

    #[cold]
    pub fn damaged(&self, at: usize) -> Error {
        self.blocks.corruption(at, "a block of the dictionary contradicts itself")
    }

    /// The last block whose first term is at or before `term`, or block 0.
    pub fn block_of(&self, term: &[u8]) -> Result<usize> {
        self.block_for(self.index()?, term, prefix_of(term))
    }

    #[inline(always)]
    fn block_for(&self, index: BlockIndex<'_>, term: &[u8], prefix: u64) -> Result<usize> {
        let low = index.below(prefix);
        if index.prefix(low) == Some(prefix) { self.block_among(index, term, prefix, low) } else { Ok(low.saturating_sub(1)) }
    }

    /// The same when blocks from `low` on begin with the same eight bytes: their whole first terms decide.
    #[cold]
    fn block_among(&self, index: BlockIndex<'_>, term: &[u8], prefix: u64, mut low: usize) -> Result<usize> {
        let several = index.prefix(low + 1) == Some(prefix);
        let mut high = if several { prefix.checked_add(1).map_or(self.block_count(), |next| index.below(next)) } else { low + 1 };
        while low < high {
            let middle = low + (high - low) / 2;
            let bytes = self.bytes_of(index, middle)?;
            let first = match Block::read_narrow(bytes) {
                Some(block) => block.term(0),
                None => Block::read(bytes).and_then(|block| block.term(0)),
            };
            if first.ok_or_else(|| self.damaged(bytes.at))?.1 <= term {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.saturating_sub(1))
    }

    /// A term: its ordinal, and what is known of it.
    #[inline(always)]
    pub fn find(&self, term: &[u8], book: &Codebook) -> Result<Option<TermEntry>> {
        if self.terms == 0 {
            return Ok(None);
        }
        let (index, prefix) = (self.index()?, prefix_of(term));
        let number = self.block_for(index, term, prefix)?;
        let (bytes, sought) = (self.bytes_of(index, number)?, Sought { term, tag: tag_of(prefix, term) });
        let found = match Block::read_narrow(bytes) {
            Some(block) => find_in(&block, sought, book),
            None => find_in_any(bytes, sought, book),
        };
        match found {
            Ok(Some((lane, info))) => Ok(Some(TermEntry { ord: TermOrd(number as u32 * BLOCK + lane), info })),
            Ok(None) => Ok(None),
            Err(()) => Err(self.damaged(bytes.at)),
        }
    }

    /// What is known of a term that the field has.
    pub fn info(&self, ord: TermOrd, book: &Codebook) -> Result<TermInfo> {
        let block = self.block((ord.0 / BLOCK) as usize)?;
        block.info(ord.0 % BLOCK, book).ok_or_else(|| self.damaged(block.at))
    }
}

/// The lane of a term and what is known of it; `Err` when the block contradicts itself.
#[inline(always)]
fn find_in<S: Lanes>(block: &Block<'_, S>, sought: Sought<'_>, book: &Codebook) -> Result<Option<(u32, TermInfo)>, ()> {
    match block.find(sought) {
        Ok(Some(lane)) => block.info(lane, book).map(|info| Some((lane, info))).ok_or(()),
        Ok(None) => Ok(None),
        Err(()) => Err(()),
    }
}

#[inline(never)]
fn find_in_any(bytes: BlockBytes<'_>, sought: Sought<'_>, book: &Codebook) -> Result<Option<(u32, TermInfo)>, ()> {
    find_in(&Block::read(bytes).ok_or(())?, sought, book)
}

/// How many bytes of the common prefix of two neighbouring blocks' prefixes an automaton reads before it is dead, if it dies there.
/// `step` returns `false` when no continuation can match.
pub(in crate::codec) fn dead_prefix(first: u64, next: u64, mut step: impl FnMut(u8) -> bool) -> Option<u32> {
    let common = (first ^ next).leading_zeros() / 8;
    // A zero may be padding behind a whole term.
    let bytes = (0..common).map(|at| (at, (first >> (56 - 8 * at)) as u8)).take_while(|(_, byte)| *byte != 0);
    bytes.into_iter().find(|(_, byte)| !step(*byte)).map(|(at, _)| at + 1)
}
