//! What the dictionary knows of a term.

use crate::base::{TermOrd, varint};
use crate::codec::codebook::Codebook;

/// What the dictionary knows of a term: enough to open its postings without the block that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) struct TermInfo {
    /// In how many documents it is.
    pub df: u32,
    pub place: TermPlace,
}

/// Where the postings of a term are. Offsets are those of the section of the postings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) enum TermPlace {
    /// The only posting, from the dictionary itself, and where its positions stand there. `code` is 0 in fields without codes.
    Single { doc: u32, pair: u32, code: u8, at: usize, len: usize },
    /// A record, and positions behind it.
    List { at: usize, record_len: usize, positions_len: usize },
}

/// A term that was looked up: its ordinal, its frequency, and where its postings are. Means something only to the reader that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermEntry {
    pub(in crate::codec) ord: TermOrd,
    pub(in crate::codec) info: TermInfo,
}

impl TermEntry {
    /// Its ordinal.
    #[inline]
    #[must_use]
    pub fn ord(&self) -> TermOrd {
        self.ord
    }

    /// In how many documents it is.
    #[inline]
    #[must_use]
    pub fn df(&self) -> u32 {
        self.info.df
    }
}

/// What a term is written with.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) enum NewTerm<'a> {
    /// One posting that is to stand in the dictionary, and the gaps between its positions.
    Single { doc: u32, pair: u32, deltas: &'a [u32] },
    /// A record of so many bytes; in fields with positions also their bytes, behind it.
    List { df: u32, record_len: usize, positions_len: Option<usize> },
}

impl NewTerm<'_> {
    /// Bytes that it has outside the dictionary.
    pub fn len(&self) -> u64 {
        match self {
            Self::Single { .. } => 0,
            Self::List { record_len, positions_len, .. } => (record_len + positions_len.unwrap_or(0)) as u64,
        }
    }

    /// Appends what stands in the dictionary; `start` is where the record begins, counted from the first of the block.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>, book: &Codebook, start: u64) {
        match self {
            Self::Single { doc, pair, deltas } => {
                varint::write(out, u64::from(*doc));
                if book.has_codes() {
                    let (code, _) = book.code(*pair);
                    out.push(code);
                    if book.is_mixed(code) {
                        varint::write(out, u64::from(*pair));
                    }
                }
                deltas.iter().for_each(|delta| varint::write(out, u64::from(*delta)));
            }
            Self::List { df, record_len, positions_len } => {
                varint::write(out, u64::from(*df));
                varint::write(out, start);
                if positions_len.is_some() {
                    varint::write(out, *record_len as u64);
                }
            }
        }
    }
}
