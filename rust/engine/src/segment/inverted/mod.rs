//! A field's inverted index while it is built, and while several become one.
//!
//! **In**: tokens document by document; or readers and the new numbers of their documents. **Out**: the field's sections, and for
//! Keyword fields what the column needs. **Law**: both ways encode through the same writer, so a merged index is read like a built one.

mod bigram_merge;
mod bigrams;
mod builder;
mod interner;
mod merge;
mod places;
mod route;

pub use builder::{InvertedBuilder, InvertedWritten};
pub use merge::{InvertedMerged, merge_inverted};

#[cfg(test)]
mod tests;
