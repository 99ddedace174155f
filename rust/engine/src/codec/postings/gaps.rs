//! Sparse lists: gaps at a fixed width in blocks of 128 postings.
//!
//! **Law**: a block holds its first document in the directory and then `gap − 1` of each following one, all at the block's width.
//!
//! ```text
//! up to 128 postings:  first:varint width:u8 gaps
//! more:                first:u32 ×B  end:u32 ×B  width:u8 ×B  [max_code:u8 ×B]  gaps of block 0, of block 1 …      B = ceil(df/128)
//! ```
//! `end` is where a block's gaps end, counted from the start of block 0's gaps.

use super::{Cutter, Damaged};
use crate::base::varint;
use crate::codec::packed::{self, PackedSlice};

/// Postings in a block.
pub const BLOCK: usize = 128;

/// Appends the documents (ascending); `codes` is empty or by posting.
pub fn write(out: &mut Vec<u8>, docs: &[u32], codes: &[u8]) {
    let gap_width = |block: &[u32]| packed::width_of(u64::from(block.windows(2).fold(0, |all, pair| all | (pair[1] - pair[0] - 1))));
    let gaps =
        |out: &mut Vec<u8>, block: &[u32], width| packed::pack(block.windows(2).map(|pair| u64::from(pair[1] - pair[0] - 1)), width, out);
    if docs.len() <= BLOCK {
        let width = gap_width(docs);
        varint::write(out, u64::from(docs.first().copied().unwrap_or(0)));
        out.push(width as u8);
        gaps(out, docs, width);
        return;
    }
    let mut end = 0u32;
    let mut ends = Vec::with_capacity(docs.len().div_ceil(BLOCK));
    for block in docs.chunks(BLOCK) {
        out.extend_from_slice(&block[0].to_le_bytes());
        let width = gap_width(block);
        end += packed::packed_len(block.len() - 1, width) as u32;
        ends.push((end, width));
    }
    ends.iter().for_each(|(end, _)| out.extend_from_slice(&end.to_le_bytes()));
    out.extend(ends.iter().map(|(_, width)| *width as u8));
    out.extend(codes.chunks(BLOCK).map(|codes| codes.iter().copied().max().unwrap_or(0)));
    for (block, (_, width)) in docs.chunks(BLOCK).zip(&ends) {
        gaps(out, block, *width);
    }
}

/// The reader twin. Keeps the block that it decoded last.
#[derive(Clone, Debug)]
pub struct GapDocs<'a> {
    df: u32,
    directory: Directory<'a>,
    gaps: &'a [u8],
    /// Empty until a block is decoded: most lists are only asked for their frequency.
    decoded: Vec<u32>,
    /// Which block `decoded` holds.
    block: usize,
}

#[derive(Clone, Debug)]
enum Directory<'a> {
    One { first: u32, width: u8 },
    Many { first: &'a [[u8; 4]], end: &'a [[u8; 4]], width: &'a [u8], max_code: &'a [u8] },
}

impl<'a> GapDocs<'a> {
    pub(super) fn read(record: &mut Cutter<'a>, df: u32, has_codes: bool) -> Result<Self, Damaged> {
        let (directory, gaps_len) = if df as usize <= BLOCK {
            let (first, width) = (record.varint_u32()?, record.u8()?);
            (Directory::One { first, width }, packed::packed_len((df as usize).saturating_sub(1), u32::from(width)))
        } else {
            let blocks = (df as usize).div_ceil(BLOCK);
            let (first, end, width) = (record.arrays(blocks)?, record.arrays(blocks)?, record.bytes(blocks)?);
            let max_code = record.bytes(if has_codes { blocks } else { 0 })?;
            let len = end.last().map_or(0, |end| u32::from_le_bytes(*end));
            (Directory::Many { first, end, width, max_code }, len as usize)
        };
        Ok(Self { df, directory, gaps: record.bytes(gaps_len)?, decoded: Vec::new(), block: usize::MAX })
    }

    /// The greatest code of each block; empty for a single block and in fields without codes.
    #[must_use]
    pub fn max_codes(&self) -> &'a [u8] {
        match self.directory {
            Directory::One { .. } => &[],
            Directory::Many { max_code, .. } => max_code,
        }
    }

    fn blocks(&self) -> usize {
        (self.df as usize).div_ceil(BLOCK)
    }

    fn first(&self, block: usize) -> u32 {
        match &self.directory {
            Directory::One { first, .. } => *first,
            Directory::Many { first, .. } => first.get(block).map_or(u32::MAX, |first| u32::from_le_bytes(*first)),
        }
    }

    /// The last block that begins at or before `doc`, or block 0.
    fn block_of(&self, doc: u32) -> usize {
        match &self.directory {
            Directory::One { .. } => 0,
            Directory::Many { first, .. } => first.partition_point(|first| u32::from_le_bytes(*first) <= doc).saturating_sub(1),
        }
    }

    /// Number of blocks.
    #[must_use]
    pub fn block_count(&self) -> usize {
        self.blocks()
    }

    /// A block as it lies in the file: its first document, the width of its gaps, their bytes, and how many documents it has.
    pub fn packed(&self, block: usize) -> Result<(u32, u32, &'a [u8], usize), Damaged> {
        let outside = Damaged("a block of documents lies outside its list");
        let count = (self.df as usize).saturating_sub(block * BLOCK).min(BLOCK);
        let (start, width) = match &self.directory {
            Directory::One { width, .. } => (0, *width),
            Directory::Many { end, width, .. } => {
                let start = block.checked_sub(1).and_then(|before| end.get(before)).map_or(0, |end| u32::from_le_bytes(*end) as usize);
                (start, width.get(block).copied().ok_or(outside)?)
            }
        };
        let gaps = self.gaps.get(start..).filter(|_| width <= 32).ok_or(outside)?;
        Ok((self.first(block), u32::from(width), gaps, count))
    }

    /// The documents of a block.
    fn decode(&mut self, block: usize) -> Result<&[u32], Damaged> {
        let count = (self.df as usize - block * BLOCK).min(BLOCK);
        if self.block != block {
            let (start, width) = match &self.directory {
                Directory::One { width, .. } => (0, *width),
                Directory::Many { end, width, .. } => {
                    let start = block.checked_sub(1).and_then(|before| end.get(before)).map_or(0, |end| u32::from_le_bytes(*end) as usize);
                    (start, width.get(block).copied().unwrap_or(u8::MAX))
                }
            };
            let gaps = self.gaps.get(start..).and_then(|gaps| PackedSlice::new(gaps, u32::from(width)));
            let gaps = gaps.ok_or(Damaged("a block of documents lies outside its list"))?;
            let mut doc = u64::from(self.first(block));
            self.block = usize::MAX;
            self.decoded.clear();
            self.decoded.reserve_exact(count);
            self.decoded.push(doc as u32);
            self.decoded.extend((0..count - 1).map(|i| {
                doc += u64::from(gaps.get(i)) + 1;
                doc as u32
            }));
            if doc > u64::from(u32::MAX) {
                return Err(Damaged("a block of documents overflows"));
            }
            self.block = block;
        }
        Ok(&self.decoded)
    }

    /// Calls `f(doc, posting index)` for the documents in `from..to`, ascending.
    #[inline]
    pub fn window(&mut self, from: u32, to: u32, f: &mut impl FnMut(u32, u32) -> Result<(), Damaged>) -> Result<(), Damaged> {
        for block in self.block_of(from)..self.blocks() {
            if self.first(block) >= to {
                break;
            }
            for (i, doc) in self.decode(block)?.iter().enumerate() {
                if (from..to).contains(doc) {
                    f(*doc, (block * BLOCK + i) as u32)?;
                }
            }
        }
        Ok(())
    }

    /// The posting index of a document.
    pub fn find(&mut self, doc: u32) -> Result<Option<u32>, Damaged> {
        let block = self.block_of(doc);
        let at = self.decode(block)?.binary_search(&doc);
        Ok(at.ok().map(|at| (block * BLOCK + at) as u32))
    }
}
