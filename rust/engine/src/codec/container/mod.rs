//! The segment file: sections between a header and a footer, with a checksum for every page.
//!
//! **In**: sections, one after the other, as bytes. **Out**: the same bytes, verified. **Law**: every byte of the file is under exactly
//! one checksum (a page's, the page table's, the footer's, or a comparison with a constant), so a flipped byte anywhere is found, with
//! its place; opening reads the footer and the page table, never the sections; a page is verified when this process first reads it,
//! and then never again.
//!
//! ```text
//! file    = header section* page-table footer tail
//! header  = "FINDSPOT" version:u32 0:u32                              16 bytes
//! section = its bytes, begun at a multiple of 64 (zeros before it)
//! pages   = crc32:u32 for each 4096 bytes from the file's start to the page table (the last page may be short)
//! footer  = count:u32 entry* data_end:u64 table_crc:u32 stats_len:u32 stats
//! entry   = kind:u16 field:u16 start:u64 len:u64                      ascending by (kind, field)
//! tail    = footer_len:u32 crc32(footer footer_len):u32 version:u32 "FINDSPOT"
//! ```
//! All integers are little-endian. The header's version, the tail's last 12 bytes and their order stay for all versions.

mod file;
mod writer;

#[cfg(test)]
pub mod test_support;
#[cfg(test)]
mod tests;

pub use file::{Section, SegmentFile};
pub use writer::{FileMeta, SegmentFileWriter};

use crate::base::FieldId;

/// First and last eight bytes of a segment file.
pub const MAGIC: [u8; 8] = *b"FINDSPOT";
/// Version of the segment file that this build writes and reads.
pub const VERSION: u32 = 1;
/// Bytes under one page checksum.
pub const PAGE: usize = 4096;
/// Sections begin at multiples of this.
pub const ALIGNMENT: u64 = 64;

const HEADER_LEN: usize = 16;
const TAIL_LEN: usize = 20;
const ENTRY_LEN: usize = 20;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum SectionKind {
    /// Compressed blocks of the documents' JSON.
    Stored = 1,
    /// Where the stored blocks begin.
    StoredDirectory = 2,
    /// Keys by document.
    Keys = 3,
    /// Where each block of keys begins.
    KeyOffsets = 4,
    /// Documents by hash of key.
    KeyHashes = 5,
    /// Relative sequence numbers, where they are not the document ids.
    Sequence = 6,
    /// A field's column of values.
    Column = 16,
    /// A geo field's longitudes.
    Longitudes = 17,
    /// Where the values of each document end in a keyword field with several.
    ValueEnds = 18,
    /// A field's posting lists, positions and dictionary.
    Postings = 32,
    /// A field's index into its dictionary.
    TermIndex = 33,
    /// Length codes by document.
    Norms = 34,
    /// A field's head: its counts and rank codes.
    Codebook = 35,
    /// A field's lists of bigrams: two adjacent words, and their dictionary.
    BigramPostings = 36,
    /// The index into the dictionary of bigrams.
    BigramTermIndex = 37,
    /// The head of the lists of bigrams.
    BigramCodebook = 38,
}

impl SectionKind {
    /// All kinds, with the names under which statistics show them.
    pub const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Stored, "stored"),
        (Self::StoredDirectory, "stored_directory"),
        (Self::Keys, "keys"),
        (Self::KeyOffsets, "key_offsets"),
        (Self::KeyHashes, "key_hashes"),
        (Self::Sequence, "sequence"),
        (Self::Column, "column"),
        (Self::Longitudes, "longitudes"),
        (Self::ValueEnds, "value_ends"),
        (Self::Postings, "postings"),
        (Self::TermIndex, "term_index"),
        (Self::Norms, "norms"),
        (Self::Codebook, "codebook"),
        (Self::BigramPostings, "bigram_postings"),
        (Self::BigramTermIndex, "bigram_term_index"),
        (Self::BigramCodebook, "bigram_codebook"),
    ];
}

/// Names a section: what it holds, and of which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectionKey {
    /// What it holds: a [`SectionKind`] as number, so that kinds of later versions can be listed.
    pub kind: u16,
    /// The field, or [`SectionKey::SEGMENT`].
    pub field: u16,
}

impl SectionKey {
    /// Stands for "no field" in sections of the segment as a whole.
    pub const SEGMENT: u16 = u16::MAX;

    /// A section of a field.
    #[must_use]
    pub fn field(kind: SectionKind, field: FieldId) -> Self {
        Self { kind: kind as u16, field: field.0 }
    }

    /// A section of the segment.
    #[must_use]
    pub fn segment(kind: SectionKind) -> Self {
        Self { kind: kind as u16, field: Self::SEGMENT }
    }

    /// The kind's name, for statistics.
    #[must_use]
    pub fn name(self) -> &'static str {
        SectionKind::NAMES.iter().find(|(kind, _)| *kind as u16 == self.kind).map_or("unknown", |(_, name)| name)
    }

    /// The field, unless the section is of the segment as a whole.
    #[must_use]
    pub fn field_id(self) -> Option<FieldId> {
        (self.field != Self::SEGMENT).then_some(FieldId(self.field))
    }
}
