//! Terms in order.

use super::block::Block;
use super::reader::Dictionary;
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
    term: Vec<u8>,
}

impl<'a> TermCursor<'a> {
    /// Before the first term of a block.
    pub fn new(dictionary: &'a Dictionary, block: usize) -> Self {
        let mut cursor = Self { dictionary, next_block: 0, block: None, next: 0, term: Vec::new() };
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
        let block = match &self.block {
            Some(block) if !self.next.is_multiple_of(BLOCK) && self.next % BLOCK < block.count => block,
            _ if self.next_block >= self.dictionary.block_count() => {
                self.block = None;
                return Ok(None);
            }
            _ => {
                self.next = self.next_block as u32 * BLOCK;
                self.next_block += 1;
                self.term.clear();
                &*self.block.insert(self.dictionary.block(self.next_block - 1)?)
            }
        };
        let (shared, bytes) = block.term(self.next % BLOCK).ok_or_else(|| self.dictionary.damaged(block.at))?;
        if shared > self.term.len() {
            return Err(self.dictionary.damaged(block.at));
        }
        self.term.truncate(shared);
        self.term.extend_from_slice(bytes);
        self.next += 1;
        Ok(Some(shared))
    }

    /// The current term.
    pub fn term(&self) -> &[u8] {
        &self.term
    }

    /// The current term's ordinal.
    pub fn ord(&self) -> TermOrd {
        TermOrd(self.next.wrapping_sub(1))
    }

    /// The current term's info.
    pub fn info(&self, book: &Codebook) -> Result<Option<TermInfo>> {
        let Some(block) = &self.block else { return Ok(None) };
        let info = block.info(self.next.wrapping_sub(1) % BLOCK, book);
        info.map(Some).ok_or_else(|| self.dictionary.damaged(block.at))
    }
}
