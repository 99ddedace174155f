//! Posting lists: which documents have a term, how often, and how long they are.
//!
//! **In**: a term's documents, ascending, with a rank code each. **Out**: a record of bytes; from it documents by window or one by one,
//! with posting index, term frequency and length code. **Law**: the *posting index* counts a term's postings from 0 in document order;
//! codes, exceptions and positions are found by it alone. The layout follows from the frequency and the two thresholds of the field:
//!
//! | frequency | layout | why |
//! |---|---|---|
//! | below `sparse_below` (N/512) | [`gaps`]: gaps in blocks of 128 | small; such lists lead and are rarely probed |
//! | between | [`aligned`]: 16-bit low parts in blocks of `doc >> shift` | a probe is a shift and two loads; blocks of all terms align |
//! | from `dense_from` (N/64) | [`bitmaps`](super::bitmaps): a bit a document | presence is one bit; the posting index is its rank |
//!
//! ```text
//! record     = [strongest] [count:varint] documents code* [exceptions]
//! documents  = gaps | aligned | bitmap [shift:u8 max_code:u8 ×ceil(N/2^shift)]      the latter in fields with codes
//! strongest  = code:u8 ×4        the largest, 10th, 100th and 1000th largest code, 0 where there are fewer; from 10 postings on
//! count      = number of exceptions, in fields that have any
//! ```
//! Codes, `strongest` and block maxima are left out in fields without codes (see [`codebook`](super::codebook)).
//! Source: the project's own study of posting formats; doc-aligned blocks after Lucene's and PISA's range-oriented block maxima.

pub mod aligned;
pub mod exceptions;
pub mod gaps;
mod places;
mod reader;
mod writer;

pub use reader::Postings;
pub(super) use reader::{FieldView, RecordPlace, Single};
pub use writer::RecordBytes;
pub(super) use writer::RecordEncoder;

use crate::base::varint;

/// From this frequency on a record begins with its strongest codes.
pub const STRONGEST_FROM: u32 = 10;
/// Ranks of the strongest codes.
pub const STRONGEST: [u32; 4] = [1, 10, 100, 1000];

/// Bytes that contradict themselves although their checksum is right: what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged(pub &'static str);

/// Which layout a term's documents have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Terms in fewer documents than this have gaps.
    pub sparse_below: u32,
    /// Terms in at least this many documents have a bitmap. Wins over `sparse_below`.
    pub dense_from: u32,
    /// Two words that are each in at least this many documents have a list of where the second follows the first; 0 where there are no
    /// such lists. In fields with positions.
    pub bigrams_from: u32,
}

/// Words in fewer documents have no bigrams, however small the segment.
const BIGRAMS_FROM: u32 = 256;

/// A term's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Gaps in blocks of 128.
    Gaps,
    /// 16-bit low parts in aligned blocks.
    Aligned,
    /// A bit a document.
    Bitmap,
}

impl Thresholds {
    /// The usual ones for a segment of so many documents. A bitmap costs `N/8` bytes whatever it holds, so tiny segments wait for 16
    /// postings; a list that fills less than a block gains nothing from alignment; positions of few documents are soon compared.
    #[must_use]
    pub fn of(doc_count: u32) -> Self {
        #[cfg(test)]
        if let Some(forced) = super::forced::thresholds() {
            return forced;
        }
        Self {
            sparse_below: (doc_count / 512).max(128),
            dense_from: (doc_count / 64).max(16),
            bigrams_from: (doc_count / 64).max(BIGRAMS_FROM),
        }
    }

    /// The layout of a term in `df` documents.
    #[inline]
    #[must_use]
    pub fn layout(&self, df: u32) -> Layout {
        if df >= self.dense_from {
            Layout::Bitmap
        } else if df < self.sparse_below {
            Layout::Gaps
        } else {
            Layout::Aligned
        }
    }
}

/// The shift of aligned blocks and of block maxima: the largest at which a block holds at most 128 postings on average, so 64 to 128.
#[must_use]
pub fn block_shift(df: u32, doc_count: u32) -> u32 {
    let documents_in_block = u64::from(doc_count) * 128 / u64::from(df.max(1));
    documents_in_block.max(1).ilog2().min(16)
}

/// Number of blocks of `2^shift` documents.
#[inline]
#[must_use]
pub fn block_count(doc_count: u32, shift: u32) -> usize {
    (u64::from(doc_count).div_ceil(1 << shift)) as usize
}

/// The greatest codes of a list's blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockMaxima<'a> {
    /// The list is one block, or its field has no codes.
    None,
    /// Of each 128 postings.
    ByPosting(&'a [u8]),
    /// Of each `2^shift` documents.
    ByDocument {
        /// log2 of the documents in a block.
        shift: u32,
        /// By block; 0 where the block has no posting.
        codes: &'a [u8],
    },
}

/// Documents as they lie in the file.
#[derive(Clone, Copy, Debug)]
pub enum DocumentBytes<'a> {
    /// Low parts in blocks of `2^shift` documents; block `b` is `low[starts[b]..starts[b + 1]]`.
    Aligned {
        /// log2 of the documents in a block, at most 16.
        shift: u32,
        /// One more than there are blocks.
        starts: &'a [[u8; 4]],
        /// By posting.
        low: &'a [[u8; 2]],
    },
    /// A bit a document, and ranks.
    Bitmap {
        /// Postings before each 512 documents.
        ranks: &'a [[u8; 4]],
        /// 64 documents each.
        words: &'a [[u8; 8]],
    },
}

/// Takes fields off the front of a record.
struct Cutter<'a>(&'a [u8]);

impl<'a> Cutter<'a> {
    fn bytes(&mut self, len: usize) -> Result<&'a [u8], Damaged> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(Damaged("a list is cut off"))?;
        self.0 = rest;
        Ok(head)
    }
    fn arrays<const N: usize>(&mut self, count: usize) -> Result<&'a [[u8; N]], Damaged> {
        let len = count.checked_mul(N).ok_or(Damaged("a list has an impossible length"))?;
        Ok(self.bytes(len)?.as_chunks::<N>().0)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        Ok(self.arrays::<N>(1)?.first().copied().unwrap_or([0; N]))
    }
    fn u8(&mut self) -> Result<u8, Damaged> {
        Ok(self.bytes(1)?[0])
    }
    fn varint(&mut self) -> Result<u64, Damaged> {
        varint::read(&mut self.0).ok_or(Damaged("a list's number is cut off"))
    }
    fn varint_u32(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.varint()?).map_err(|_| Damaged("a list's number is over 32 bits"))
    }
}

#[cfg(test)]
mod tests;
