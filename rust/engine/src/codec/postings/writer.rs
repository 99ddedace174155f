//! Encodes a term's record.
//!
//! **In**: documents, ascending, and the number of each one's pair. **Out**: the record's bytes, and how many of them each structure takes.
//! **Law**: the buffers are reused from term to term: nothing is allocated per term.

use super::{Layout, STRONGEST, STRONGEST_FROM, Thresholds, aligned, block_shift, exceptions, gaps};
use crate::base::varint;
use crate::codec::bitmaps;
use crate::codec::codebook::Codebook;

/// Bytes of a field's lists by structure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordBytes {
    /// Documents of sparse terms.
    pub gaps: u64,
    /// Documents of middle terms, with their block directories.
    pub aligned: u64,
    /// Documents of frequent terms.
    pub bitmaps: u64,
    /// Rank codes, strongest codes and block maxima of bitmaps.
    pub codes: u64,
    /// Exceptions and their counts.
    pub exceptions: u64,
}

/// Encodes the records of one field.
#[derive(Debug)]
pub(in crate::codec) struct RecordEncoder {
    doc_count: u32,
    thresholds: Thresholds,
    codes: Vec<u8>,
    exceptions: Vec<(u32, u32)>,
    bytes: RecordBytes,
}

impl RecordEncoder {
    pub fn new(doc_count: u32, thresholds: Thresholds) -> Self {
        Self { doc_count, thresholds, codes: Vec::new(), exceptions: Vec::new(), bytes: RecordBytes::default() }
    }

    /// Bytes of all records so far.
    pub fn bytes(&self) -> RecordBytes {
        self.bytes
    }

    /// Appends the record of `docs` and `pairs`, which are of one length, not 0, and have numbers of `book`.
    pub fn encode(&mut self, book: &Codebook, docs: &[u32], pairs: &[u32], out: &mut Vec<u8>) {
        let df = docs.len() as u32;
        self.codes.clear();
        self.exceptions.clear();
        if book.has_exceptions() {
            for (index, pair) in pairs.iter().enumerate() {
                let (code, exception) = book.code(*pair);
                self.codes.push(code);
                if exception {
                    self.exceptions.push((index as u32, *pair));
                }
            }
        } else if book.has_codes() {
            self.codes.extend(pairs.iter().map(|pair| book.code(*pair).0));
        }
        let start = out.len();
        if book.has_codes() && df >= STRONGEST_FROM {
            out.extend_from_slice(&strongest(&self.codes));
        }
        let after_strongest = out.len();
        if book.has_exceptions() {
            varint::write(out, self.exceptions.len() as u64);
        }
        let before_documents = out.len();
        let bytes = match self.thresholds.layout(df) {
            Layout::Gaps => {
                gaps::write(out, docs, &self.codes);
                &mut self.bytes.gaps
            }
            Layout::Aligned => {
                aligned::write(out, docs, &self.codes, self.doc_count);
                &mut self.bytes.aligned
            }
            Layout::Bitmap => {
                bitmaps::write(out, docs, self.doc_count);
                &mut self.bytes.bitmaps
            }
        };
        *bytes += (out.len() - before_documents) as u64;
        let before_codes = out.len();
        if self.thresholds.layout(df) == Layout::Bitmap && book.has_codes() {
            let shift = block_shift(df, self.doc_count);
            out.push(shift as u8);
            aligned::write_max_codes(out, docs, &self.codes, shift, self.doc_count);
        }
        out.extend_from_slice(&self.codes);
        self.bytes.codes += (after_strongest - start + out.len() - before_codes) as u64;
        let before_exceptions = out.len();
        exceptions::write(out, df, book.pairs().len() > 1 << 16, &self.exceptions);
        self.bytes.exceptions += (before_documents - after_strongest + out.len() - before_exceptions) as u64;
    }
}

/// The codes of the ranks of [`STRONGEST`].
fn strongest(codes: &[u8]) -> [u8; 4] {
    let mut counts = [0u32; 256];
    for code in codes {
        counts[usize::from(*code)] += 1;
    }
    let mut found = [0; 4];
    let (mut above, mut rank) = (0, 0);
    for code in (1..=255u8).rev() {
        above += counts[usize::from(code)];
        while rank < 4 && above >= STRONGEST[rank] {
            found[rank] = code;
            rank += 1;
        }
        if above as usize == codes.len() {
            break;
        }
    }
    found
}
