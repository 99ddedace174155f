//! The inverted index of one field of a segment: dictionary, posting lists, positions, lengths.
//!
//! **In**: terms, ascending, each with its documents, their pairs and positions. **Out**: [`InvertedReader`]. **Law**: the writer streams:
//! besides its buffers it holds the largest term's lists and 16 bytes for each 16 terms. Opening reads the head and nothing else; a
//! field that no document of the segment has is not written at all.
//!
//! ```text
//! Postings   = (record [positions])* and blocks of the dictionary, in runs between the records
//! TermIndex  = index of the dictionary
//! Norms      = code:u8 ×N                                          fields with lengths (Text)
//! Codebook   = flags:u8 N:varint docs:varint terms:varint sparse_below:varint dense_from:varint bigrams_from:varint bytes:varint ×8 pairs
//! flags      = 1 positions, 2 lengths, 4 bigrams
//! bytes      = dictionary, gaps, aligned, bitmaps, codes, exceptions, positions (with their directories), index
//! ```
//! A field with positions may have BigramPostings, BigramTermIndex and BigramCodebook besides, of the same grammar: see
//! [`bigrams`].
//! The grammar of each part stands in [`postings`](super::postings), [`bitmaps`](super::bitmaps), [`positions`](super::positions),
//! [`terms`](super::terms), [`norms`](super::norms) and [`codebook`](super::codebook). The number of postings and the sum of the lengths
//! follow from the pairs' counts.

pub mod bigrams;
mod head;
mod reader;
mod scan;
mod walk;
mod writer;

pub use head::{FieldForm, InvertedStats};
pub use reader::InvertedReader;
pub use scan::FuzzySink;
pub(crate) use walk::TermWalk;
pub use writer::InvertedWriter;

#[cfg(test)]
pub(crate) mod tests;
