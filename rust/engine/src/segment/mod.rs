//! Segments: built once from documents, read by searches, merged into larger ones.
//!
//! **In**: parsed documents; older segments. **Out**: one segment file, and the reader of one. **Law**: a segment never changes; what is
//! deleted from it stands beside it.

mod doc_map;
pub mod inverted;

pub use doc_map::DocMap;
