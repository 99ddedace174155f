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
    scratch: Vec<u8>,
    bytes: RecordBytes,
}

impl RecordEncoder {
    pub fn new(doc_count: u32, thresholds: Thresholds) -> Self {
        Self { doc_count, thresholds, codes: Vec::new(), exceptions: Vec::new(), scratch: Vec::new(), bytes: RecordBytes::default() }
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
        if book.has_codes() {
            let mut any_exception = false;
            self.codes.extend(pairs.iter().map(|pair| {
                let (code, exception) = book.code(*pair);
                any_exception |= exception;
                code
            }));
            if any_exception {
                let exceptions = pairs.iter().zip(0..).filter(|(pair, _)| book.code(**pair).1);
                self.exceptions.extend(exceptions.map(|(pair, index)| (index, *pair)));
            }
        }
        let start = out.len();
        if book.has_codes() && df >= STRONGEST_FROM {
            let strongest = strongest(&self.codes, &mut self.scratch);
            out.extend_from_slice(&strongest);
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

/// The codes of the ranks of [`STRONGEST`]. `scratch` is any buffer.
fn strongest(codes: &[u8], scratch: &mut Vec<u8>) -> [u8; 4] {
    let mut found = [0; 4];
    if codes.len() >= HISTOGRAM_FROM {
        let mut counts = [0usize; 256];
        codes.iter().for_each(|code| counts[usize::from(*code)] += 1);
        let (mut above, mut rank) = (0, 0);
        for code in (0..=255u8).rev() {
            above += counts[usize::from(code)];
            while rank < found.len() && above >= STRONGEST[rank] as usize {
                found[rank] = code;
                rank += 1;
            }
        }
        return found;
    }
    scratch.clear();
    scratch.extend_from_slice(codes);
    // From the farthest rank down: what stands before one holds all nearer ones.
    let mut rest = &mut scratch[..];
    for (found, rank) in found.iter_mut().zip(STRONGEST).rev() {
        let at = rank as usize - 1;
        if at < rest.len() {
            let (before, code, _) = rest.select_nth_unstable_by(at, |a, b| b.cmp(a));
            *found = *code;
            let len = before.len() + 1;
            rest = &mut rest[..len];
        }
    }
    found
}

/// From so many codes on they are counted, below that they are selected.
const HISTOGRAM_FROM: usize = 512;
