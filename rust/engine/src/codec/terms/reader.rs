//! The reader twin of the dictionary: lookups.

use std::sync::atomic::{AtomicBool, Ordering};

use super::index::BlockIndex;
use super::{BLOCK, ESCAPE, InfoReader, TermInfo, prefix_of};
use crate::base::{Error, Result, TermOrd, varint};
use crate::codec::codebook::Codebook;
use crate::codec::container::Section;

/// A field's dictionary.
#[derive(Debug)]
pub(in crate::codec) struct Dictionary {
    blocks: Section,
    index: Section,
    terms: u32,
    has_positions: bool,
    /// All pages of the index were verified in this process. Relaxed: it only saves work.
    index_verified: AtomicBool,
}

/// One block, cut into its parts.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct Block<'a> {
    /// Offset in the section, for errors.
    pub at: usize,
    pub terms: BlockTerms<'a>,
    pub infos: InfoReader<'a>,
}

/// Reads the terms of a block one after the other.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct BlockTerms<'a> {
    rest: &'a [u8],
    left: u32,
    first: bool,
}

/// A term as it is stored: so many bytes of the one before it, then these.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct FrontCoded<'a> {
    pub shared: usize,
    pub suffix: &'a [u8],
}

impl<'a> BlockTerms<'a> {
    /// The next term: `Ok(None)` at the end of the block, `Err` when it is cut off.
    #[inline]
    pub fn next(&mut self) -> Result<Option<FrontCoded<'a>>, ()> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.read().map(Some).ok_or(())
    }

    #[inline]
    fn read(&mut self) -> Option<FrontCoded<'a>> {
        let number = |rest: &mut &[u8]| varint::read(rest).and_then(|number| usize::try_from(number).ok());
        let (shared, len) = if std::mem::take(&mut self.first) {
            (0, number(&mut self.rest)?)
        } else {
            let (token, rest) = self.rest.split_first()?;
            self.rest = rest;
            let (mut shared, mut len) = (usize::from(token & 15), usize::from(token >> 4));
            if shared == ESCAPE {
                shared = number(&mut self.rest)?;
            }
            if len == ESCAPE {
                len = number(&mut self.rest)?;
            }
            (shared, len)
        };
        let (suffix, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(FrontCoded { shared, suffix })
    }
}

impl Dictionary {
    /// Over the section that holds the blocks and that of their index.
    pub fn open(blocks: Section, index: Section, terms: u32, has_positions: bool) -> Result<Self> {
        if index.len() != super::index::len(terms.div_ceil(BLOCK) as usize) {
            return Err(index.corruption(0, format!("an index of {} bytes for {terms} terms", index.len())));
        }
        Ok(Self { blocks, index, terms, has_positions, index_verified: AtomicBool::new(false) })
    }

    pub fn block_count(&self) -> usize {
        self.terms.div_ceil(BLOCK) as usize
    }

    /// The section that holds blocks and records.
    pub fn section(&self) -> &Section {
        &self.blocks
    }

    /// Prefixes and places of all blocks.
    #[inline]
    pub fn index(&self) -> Result<BlockIndex<'_>> {
        if !self.index_verified.load(Ordering::Relaxed) {
            self.index.all()?;
            self.index_verified.store(true, Ordering::Relaxed);
        }
        BlockIndex::new(self.index.unverified(), self.block_count()).ok_or_else(|| self.index.corruption(0, "the file was cut"))
    }

    /// A block by number.
    pub fn block(&self, number: usize) -> Result<Block<'_>> {
        self.block_in(self.index()?, number)
    }

    #[inline]
    fn block_in(&self, index: BlockIndex<'_>, number: usize) -> Result<Block<'_>> {
        let (at, len) = index.place(number).unwrap_or((0, 0));
        let bytes = self.blocks.read(at..at.saturating_add(len))?;
        let left = (u64::from(self.terms) - (number as u64 * u64::from(BLOCK)).min(u64::from(self.terms))).min(u64::from(BLOCK)) as u32;
        self.parse(bytes, at, left).ok_or_else(|| self.damaged(at))
    }

    fn parse<'a>(&self, mut bytes: &'a [u8], at: usize, left: u32) -> Option<Block<'a>> {
        let len = bytes.len();
        let record_at = varint::read(&mut bytes)?;
        let terms_len = usize::try_from(varint::read(&mut bytes)?).ok()?;
        let (terms, infos) = bytes.split_at_checked(terms_len)?;
        let infos = InfoReader { rest: infos, end: at + len, record_at, has_positions: self.has_positions };
        Some(Block { at, terms: BlockTerms { rest: terms, left, first: true }, infos })
    }

    #[cold]
    pub fn damaged(&self, at: usize) -> Error {
        self.blocks.corruption(at, "a block of the dictionary contradicts itself")
    }

    /// The last block whose first term is at or before `term`, or block 0.
    pub fn block_of(&self, term: &[u8]) -> Result<usize> {
        self.block_for(self.index()?, term)
    }

    #[inline]
    fn block_for(&self, index: BlockIndex<'_>, term: &[u8]) -> Result<usize> {
        let prefix = prefix_of(term);
        let mut low = index.below(prefix);
        if index.prefix(low) != Some(prefix) {
            return Ok(low.saturating_sub(1));
        }
        // Blocks that begin with the same eight bytes: their whole first terms decide.
        let mut high = prefix.checked_add(1).map_or(self.block_count(), |next| index.below(next));
        while low < high {
            let middle = low + (high - low) / 2;
            let block = self.block_in(index, middle)?;
            let first = block.terms.clone().next().ok().flatten().ok_or_else(|| self.damaged(block.at))?;
            if first.suffix <= term {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.saturating_sub(1))
    }

    /// What is known of a term that the field has.
    pub fn info(&self, ord: TermOrd, book: &Codebook) -> Result<TermInfo> {
        self.info_in(self.block((ord.0 / BLOCK) as usize)?, ord.0 % BLOCK, book)
    }

    #[inline]
    fn info_in(&self, mut block: Block<'_>, place: u32, book: &Codebook) -> Result<TermInfo> {
        let mut info = None;
        for _ in 0..=place {
            info = block.infos.next(book);
        }
        info.ok_or_else(|| self.damaged(block.at))
    }

    /// The ordinal of a term, and what is known of it.
    pub fn find(&self, term: &[u8], book: &Codebook) -> Result<Option<(TermOrd, TermInfo)>> {
        if self.terms == 0 {
            return Ok(None);
        }
        let index = self.index()?;
        let number = self.block_for(index, term)?;
        let block = self.block_in(index, number)?;
        let mut terms = block.terms;
        // `matched` is how much of `term` the stored term before shares; the stored terms so far are all smaller.
        let mut matched = 0;
        let mut place = 0;
        while let Some(stored) = terms.next().map_err(|()| self.damaged(block.at))? {
            if stored.shared < matched {
                return Ok(None);
            }
            if stored.shared == matched || place == 0 {
                let wanted = term.get(matched..).unwrap_or_default();
                let more = super::shared_len(wanted, stored.suffix);
                let ends = (more == wanted.len(), more == stored.suffix.len());
                match ends {
                    (true, true) => {
                        return self.info_in(block, place, book).map(|info| Some((TermOrd(number as u32 * BLOCK + place), info)));
                    }
                    (true, false) => return Ok(None),
                    (false, false) if stored.suffix[more] > wanted[more] => return Ok(None),
                    _ => matched += more,
                }
            }
            place += 1;
        }
        Ok(None)
    }
}

/// How many bytes of the common prefix of two neighbouring blocks' prefixes an automaton reads before it is dead, if it dies there.
/// `step` returns `false` when no continuation can match.
pub(in crate::codec) fn dead_prefix(first: u64, next: u64, mut step: impl FnMut(u8) -> bool) -> Option<u32> {
    let common = (first ^ next).leading_zeros() / 8;
    // A zero may be padding behind a whole term.
    let bytes = (0..common).map(|at| (at, (first >> (56 - 8 * at)) as u8)).take_while(|(_, byte)| *byte != 0);
    bytes.into_iter().find(|(_, byte)| !step(*byte)).map(|(at, _)| at + 1)
}
