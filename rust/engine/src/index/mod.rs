//! The index: which segments there are, who may change that, and how.
//!
//! **In**: documents, keys, predicates. **Out**: snapshots. **Law**: a segment never changes once it is written; an index changes by a
//! new manifest, which exists or does not. What is being built cannot be searched; what can be searched cannot change.

pub mod manifest;
pub mod merge_policy;
pub mod names;
pub mod steps;
