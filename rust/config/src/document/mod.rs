//! Documents: immutable tables in arenas, with a hash for every subtree and an offset for every value.
//!
//! **In**: values in the order of reading. **Out**: [`Document`], [`Node`], [`Path`], JSON text. **Law**: see [`chunk`](self) for memory,
//! `node` for equality, `path` for paths; a document never changes, so it may be read by any number of threads without a lock.

pub(crate) mod build;
pub(crate) mod chunk;
mod json;
mod node;
mod path;

pub use chunk::Kind;
pub use node::{Document, Node, Origin};
pub use path::{Path, PathError, Segment};

#[cfg(test)]
pub(crate) mod tests;
