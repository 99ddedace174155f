//! Terms in order.

use super::reader::{Block, Dictionary};
use super::{BLOCK, TermInfo};
use crate::base::{Result, TermOrd};
use crate::codec::codebook::Codebook;

/// Walks a dictionary from a block on.
#[derive(Clone, Debug)]
pub(in crate::codec) struct TermCursor<'a> {
    dictionary: &'a Dictionary,
    /// The next block.
    next_block: usize,
    block: Option<Block<'a>>,
    /// Ordinal of the next term.
    next: u32,
    /// How many infos of the block were read.
    infos_read: u32,
    term: Vec<u8>,
}

impl<'a> TermCursor<'a> {
    /// Before the first term of a block.
    pub fn new(dictionary: &'a Dictionary, block: usize) -> Self {
        let mut cursor = Self { dictionary, next_block: 0, block: None, next: 0, infos_read: 0, term: Vec::new() };
        cursor.jump(block);
        cursor
    }

    /// To before the first term of a block.
    pub fn jump(&mut self, block: usize) {
        (self.next_block, self.block, self.next) = (block, None, block as u32 * BLOCK);
    }

    /// To the next term; the number of bytes that it has in common with the one before in its block. `None` at the end.
    #[inline]
    pub fn advance(&mut self) -> Result<Option<usize>> {
        let damaged = |block: &Block<'_>| self.dictionary.damaged(block.at);
        if let Some(block) = &mut self.block
            && let Some(stored) = block.terms.next().map_err(|()| self.dictionary.damaged(block.at))?
        {
            if stored.shared > self.term.len() {
                return Err(damaged(block));
            }
            self.term.truncate(stored.shared);
            self.term.extend_from_slice(stored.suffix);
            self.next += 1;
            return Ok(Some(stored.shared));
        }
        if self.next_block >= self.dictionary.block_count() {
            self.block = None;
            return Ok(None);
        }
        let mut block = self.dictionary.block(self.next_block)?;
        let first = block.terms.next().ok().flatten().ok_or_else(|| damaged(&block))?;
        self.term.clear();
        self.term.extend_from_slice(first.suffix);
        self.block = Some(block);
        self.next_block += 1;
        self.next += 1;
        self.infos_read = 0;
        Ok(Some(0))
    }

    /// The current term.
    pub fn term(&self) -> &[u8] {
        &self.term
    }

    /// The current term's ordinal.
    pub fn ord(&self) -> TermOrd {
        TermOrd(self.next.wrapping_sub(1))
    }

    /// The current term's info. At most once a term.
    pub fn info(&mut self, book: &Codebook) -> Result<Option<TermInfo>> {
        let Some(block) = &mut self.block else { return Ok(None) };
        let place = self.next.wrapping_sub(1) % BLOCK;
        let mut info = None;
        while self.infos_read <= place {
            info = Some(block.infos.next(book).ok_or_else(|| self.dictionary.damaged(block.at))?);
            self.infos_read += 1;
        }
        Ok(info)
    }
}
