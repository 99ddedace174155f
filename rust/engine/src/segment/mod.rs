//! Segments: built once from documents, read by searches, merged into larger ones.
//!
//! **In**: parsed documents; older segments. **Out**: one segment file, and the reader of one. **Law**: a segment never changes; what is
//! deleted from it stands beside it.

mod builder;
mod check;
mod doc_map;
pub mod inverted;
mod key_table;
mod merge;
mod meta;
mod order;
mod reader;

#[cfg(test)]
mod tests;

pub use builder::{MAX_DOCS, SegmentBuilder};
pub use doc_map::DocMap;
pub use merge::{MergeSource, merge_permuted, merge_segments};
pub use meta::{FieldStats, SegmentMeta, Shape};
pub use reader::SegmentReader;
