//! Lists of middle frequency: 16-bit low parts in blocks of `2^shift` consecutive documents.
//!
//! **Law**: document `d` stands in block `d >> shift`, which holds the postings `start[block]..start[block + 1]`; no block needs a search
//! to be found, and the blocks of all terms begin at multiples of a power of two. `shift` ≤ 16, so 16 bits are enough; it is chosen so
//! that a block holds 64 to 128 postings on average ([`block_shift`]).
//!
//! ```text
//! shift:u8  start:u32 ×(B + 1)  [max_code:u8 ×B]  low:u16 ×df         B = ceil(N / 2^shift)
//! ```

use super::{Cutter, Damaged, DocumentBytes, block_count, block_shift};

/// Appends the documents (ascending, below `doc_count`); `codes` is empty or by posting.
pub fn write(out: &mut Vec<u8>, docs: &[u32], codes: &[u8], doc_count: u32) {
    let shift = block_shift(docs.len() as u32, doc_count);
    out.push(shift as u8);
    write_starts(out, docs, shift, doc_count);
    write_max_codes(out, docs, codes, shift, doc_count);
    let mask = (1u32 << shift) - 1;
    out.extend(docs.iter().flat_map(|doc| ((doc & mask) as u16).to_le_bytes()));
}

fn write_starts(out: &mut Vec<u8>, docs: &[u32], shift: u32, doc_count: u32) {
    let mut posting = 0;
    for block in 0..=block_count(doc_count, shift) {
        while docs.get(posting).is_some_and(|doc| (*doc >> shift) < block as u32) {
            posting += 1;
        }
        out.extend_from_slice(&(posting as u32).to_le_bytes());
    }
}

/// Appends the greatest code of each block of `2^shift` documents; 0 for a block without postings.
pub(super) fn write_max_codes(out: &mut Vec<u8>, docs: &[u32], codes: &[u8], shift: u32, doc_count: u32) {
    if codes.is_empty() {
        return;
    }
    let start = out.len();
    out.resize(start + block_count(doc_count, shift), 0);
    for (doc, code) in docs.iter().zip(codes) {
        let max = &mut out[start + (doc >> shift) as usize];
        *max = (*max).max(*code);
    }
}

/// The reader twin.
#[derive(Clone, Debug)]
pub struct AlignedDocs<'a> {
    shift: u32,
    starts: &'a [[u8; 4]],
    max_codes: &'a [u8],
    low: &'a [[u8; 2]],
}

impl<'a> AlignedDocs<'a> {
    pub(super) fn read(record: &mut Cutter<'a>, df: u32, doc_count: u32, has_codes: bool) -> Result<Self, Damaged> {
        let shift = u32::from(record.u8()?);
        if shift > 16 {
            return Err(Damaged("aligned blocks are wider than 65536 documents"));
        }
        let blocks = block_count(doc_count, shift);
        let starts = record.arrays(blocks + 1)?;
        let max_codes = record.bytes(if has_codes { blocks } else { 0 })?;
        Ok(Self { shift, starts, max_codes, low: record.arrays(df as usize)? })
    }

    /// As they lie in the file.
    pub(super) fn bytes(&self) -> DocumentBytes<'a> {
        DocumentBytes::Aligned { shift: self.shift, starts: self.starts, low: self.low }
    }

    /// log2 of the documents in a block.
    #[must_use]
    pub fn shift(&self) -> u32 {
        self.shift
    }

    /// The greatest code of each block; empty in fields without codes.
    #[must_use]
    pub fn max_codes(&self) -> &'a [u8] {
        self.max_codes
    }

    /// Posting index of the block's first document, and the low parts of its documents.
    #[inline]
    pub fn block(&self, block: usize) -> Result<(u32, &'a [[u8; 2]]), Damaged> {
        let start = |at: usize| self.starts.get(at).map(|start| u32::from_le_bytes(*start));
        let (Some(start), Some(end)) = (start(block), start(block + 1)) else { return Err(Damaged("a block beyond the last")) };
        let low = self.low.get(start as usize..end as usize).ok_or(Damaged("a block of documents lies outside its list"))?;
        Ok((start, low))
    }

    /// Calls `f(doc, posting index)` for the documents in `from..to` (at most the number of documents), ascending.
    #[inline]
    pub fn window(&self, from: u32, to: u32, f: &mut impl FnMut(u32, u32) -> Result<(), Damaged>) -> Result<(), Damaged> {
        if from >= to {
            return Ok(());
        }
        for block in from >> self.shift..=(to - 1) >> self.shift {
            let (start, low) = self.block(block as usize)?;
            for (i, low) in low.iter().enumerate() {
                let doc = (block << self.shift).saturating_add(u32::from(u16::from_le_bytes(*low)));
                if (from..to).contains(&doc) {
                    f(doc, start + i as u32)?;
                }
            }
        }
        Ok(())
    }

    /// The posting index of a document.
    #[inline]
    pub fn find(&self, doc: u32) -> Result<Option<u32>, Damaged> {
        let (start, low) = self.block((doc >> self.shift) as usize)?;
        let wanted = (doc & ((1 << self.shift) - 1)) as u16;
        let at = low.binary_search_by_key(&wanted, |low| u16::from_le_bytes(*low));
        Ok(at.ok().map(|at| start + at as u32))
    }
}
