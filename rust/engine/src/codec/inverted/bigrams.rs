//! Bigrams: where one frequent word follows another.
//!
//! **In**: two terms of a field. **Out**: whether the segment says where the second directly follows the first, and the list that says
//! it. **Law**: where both are in at least `bigrams_from` documents, the list is complete: a document without it has them nowhere side by
//! side. Its documents have as term frequency the number of positions of the first word right before one of the second, and the length
//! code of the field: so it scores as the phrase of the two words does, with numbers of the phrase.
//!
//! ```text
//! term       = first:u32 second:u32, ordinals of the words, big end first
//! ```
//! The lists are written like those of words, without positions and lengths, with a codebook of their own.
//! Source: phrase queries by nextword lists and common grams, Williams, Zobel & Bahle, "Fast Phrase Querying with Combined Indexes"
//! (ACM TOIS 2004).

use super::super::terms::TermEntry;
use super::InvertedReader;
use crate::base::{Result, TermOrd};

/// What a segment says of two words side by side.
#[derive(Clone, Copy, Debug)]
pub enum Adjacency {
    /// Nothing: one of them is not frequent, or not there.
    Unsaid,
    /// They are nowhere.
    Nowhere,
    /// This list has all documents.
    Listed(TermEntry),
}

/// The term of a bigram.
#[must_use]
pub fn term_of(first: TermOrd, second: TermOrd) -> [u8; 8] {
    (u64::from(first.0) << 32 | u64::from(second.0)).to_be_bytes()
}

impl InvertedReader {
    /// The lists of bigrams, if there are any.
    #[must_use]
    pub fn bigrams(&self) -> Option<&Self> {
        self.bigrams.as_deref()
    }

    /// Words in at least so many documents are in bigrams; 0 where there are none.
    #[must_use]
    pub fn bigrams_from(&self) -> u32 {
        self.head.thresholds.bigrams_from
    }

    /// Where `second` follows `first`, both of this field.
    ///
    /// # Errors
    /// [`Error::Corruption`](crate::base::Error::Corruption) when the dictionary is not intact where it is read.
    pub fn adjacency(&self, first: &TermEntry, second: &TermEntry) -> Result<Adjacency> {
        let from = self.bigrams_from();
        if from == 0 || first.df().min(second.df()) < from {
            return Ok(Adjacency::Unsaid);
        }
        let found = match &self.bigrams {
            Some(bigrams) => bigrams.lookup(&term_of(first.ord, second.ord))?,
            None => None,
        };
        Ok(found.map_or(Adjacency::Nowhere, Adjacency::Listed))
    }
}
