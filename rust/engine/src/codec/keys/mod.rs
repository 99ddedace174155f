//! Keys by document, and documents by key.
//!
//! **In**: each document's key, documents ascending. **Out**: the key of a document; all documents that have a key. **Law**: a hash only
//! narrows the search, the key itself decides; a key that the segment does not have costs a hash and, 999 times of 1000, two short
//! reads, so the hashes are also the filter by which a rebase tells which segments a tombstone touches.
//!
//! ```text
//! keys    = (head bytes)*  in blocks of 16 keys; the first `shared` bytes of a key are those of the key before it in the block
//! head    = shared·16 + rest : u8, where both are below 15  |  255 shared:varint rest:varint
//! offsets = at:u40 × (blocks + 1): where each block begins and the last one ends
//! hashes  = ends:u32 × 2^bits  fingerprints:u16 × docs  documents: packed at `width` bits × docs  docs:u32 bits:u16 width:u16
//! ```
//! A key's hash is its XXH3 (64 bits, seed 0): the top `bits` bits name its bucket, the next 16 are its fingerprint. Inside a bucket,
//! documents ascend by (fingerprint, document); `ends` says how many documents stand in the buckets up to and including this one.
//! Source: front coding, Witten, Moffat and Bell, "Managing Gigabytes", section 4.1.

mod column;
mod hashes;

#[cfg(test)]
mod tests;

pub use column::KeyColumnWriter;
pub use hashes::write_hashes;

use std::sync::Arc;

use crate::base::checksum::xxh3;
use crate::base::{DocId, Error, Result};
use crate::codec::SegmentFile;
use column::KeyColumn;
use hashes::KeyHashes;

/// Reads the keys of one segment.
#[derive(Clone, Debug)]
pub struct KeyReader {
    column: KeyColumn,
    hashes: KeyHashes,
}

impl KeyReader {
    /// Opens the keys of a segment of `doc_count` documents.
    ///
    /// # Errors
    /// [`Error::Corruption`] when a section is missing or contradicts another.
    pub fn open(file: &Arc<SegmentFile>, doc_count: u32) -> Result<Self> {
        Ok(Self { column: KeyColumn::open(file, doc_count)?, hashes: KeyHashes::open(file, doc_count)? })
    }

    /// Replaces `out` by the key of a document.
    ///
    /// # Errors
    /// [`Error::Corruption`]; [`Error::Defect`] for a document that the segment does not have.
    #[inline]
    pub fn key(&self, doc: DocId, out: &mut String) -> Result<()> {
        self.column.key(doc, out)
    }

    /// Hands out every document that has this key, ascending.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn find(&self, key: &str, each: &mut dyn FnMut(DocId)) -> Result<()> {
        self.hashes.candidates(xxh3(key.as_bytes()), |doc| {
            if self.column.is(doc, key.as_bytes())? {
                each(doc);
            }
            Ok(())
        })
    }

    /// Decodes every key and finds it again.
    ///
    /// # Errors
    /// [`Error::Corruption`] at the first key that is not found under its hash.
    pub fn check(&self) -> Result<()> {
        let mut key = String::new();
        self.hashes.check()?;
        for doc in (0..self.column.doc_count()).map(DocId) {
            self.key(doc, &mut key)?;
            let mut found = false;
            self.find(&key, &mut |other| found |= other == doc)?;
            if !found {
                return Err(self.hashes.corruption(format!("document {doc} is not found under its key {key:?}")));
            }
        }
        Ok(())
    }

    /// Bytes of all sections.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.column.bytes() + self.hashes.bytes()
    }
}

fn missing(file: &SegmentFile, what: &str) -> Error {
    Error::corruption(file.name(), 0, format!("a segment without {what}"))
}
