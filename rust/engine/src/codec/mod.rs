//! The stored structures of a segment: each a writer twin and a reader twin, over the sections of one checksummed file.
//!
//! **In**: ids, values, bytes. **Out**: sections of a segment file; typed reads from them. **Law**: what a writer twin writes, its reader
//! twin reads back, and nothing else knows the layout; file bytes never panic a reader. FORMAT.md gives the grammar with worked bytes.

pub mod bitmaps;
pub mod codebook;
pub mod columns;
pub mod container;
#[cfg(test)]
pub mod forced;
pub mod inverted;
pub mod keys;
pub mod live_docs;
pub mod norms;
pub mod packed;
pub mod positions;
pub mod postings;
pub mod sequence;
pub mod stored;
pub mod terms;

pub use container::{FileMeta, Section, SectionKey, SectionKind, SegmentFile, SegmentFileWriter};
pub use inverted::InvertedReader;
pub use terms::TermEntry;
