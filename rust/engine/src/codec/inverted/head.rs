//! The head of a field's inverted index: what it is, its counts, its codebook.

use super::super::codebook::Codebook;
use super::super::container::SectionKind;
use super::super::postings::{RecordBytes, Thresholds};
use crate::base::varint;

/// What a field's inverted index holds besides documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldForm {
    /// Positions of each posting.
    pub positions: bool,
    /// A length code a document.
    pub norms: bool,
    /// Terms are bigrams of a field (see [`bigrams`](super::bigrams)).
    pub bigrams: bool,
}

impl FieldForm {
    /// Of Text fields.
    pub const TEXT: Self = Self { positions: true, norms: true, bigrams: false };
    /// Of Keyword fields.
    pub const KEYWORD: Self = Self { positions: false, norms: false, bigrams: false };
    /// Of the bigrams of Text fields.
    pub const BIGRAMS: Self = Self { positions: false, norms: false, bigrams: true };

    /// Where its lists, the index into their dictionary and its head stand.
    pub(super) fn sections(self) -> [SectionKind; 3] {
        if self.bigrams {
            [SectionKind::BigramPostings, SectionKind::BigramTermIndex, SectionKind::BigramCodebook]
        } else {
            [SectionKind::Postings, SectionKind::TermIndex, SectionKind::Codebook]
        }
    }
}

/// The counts of a field in a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvertedStats {
    /// Documents with at least one token.
    pub docs: u32,
    /// Tokens: the sum of all documents' lengths.
    pub sum_dl: u64,
    /// Different terms.
    pub terms: u32,
    /// Pairs of a term and a document.
    pub postings: u64,
}

/// Bytes of each structure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StructureBytes {
    pub dictionary: u64,
    pub records: RecordBytes,
    pub positions: u64,
    pub index: u64,
}

/// The head as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub form: FieldForm,
    pub doc_count: u32,
    pub stats: InvertedStats,
    pub thresholds: Thresholds,
    pub bytes: StructureBytes,
    pub book: Codebook,
    /// Postings by pair.
    pub counts: Vec<u64>,
}

impl Head {
    pub fn write(&self, out: &mut Vec<u8>) {
        let FieldForm { positions, norms, bigrams } = self.form;
        out.push(u8::from(positions) | u8::from(norms) << 1 | u8::from(bigrams) << 2);
        let Thresholds { sparse_below, dense_from, bigrams_from } = self.thresholds;
        for number in [self.doc_count, self.stats.docs, self.stats.terms, sparse_below, dense_from, bigrams_from] {
            varint::write(out, u64::from(number));
        }
        let StructureBytes { dictionary, records, positions, index } = self.bytes;
        let RecordBytes { gaps, aligned, bitmaps, codes, exceptions } = records;
        for number in [dictionary, gaps, aligned, bitmaps, codes, exceptions, positions, index] {
            varint::write(out, number);
        }
        self.book.write(&self.counts, out);
    }

    /// `None` when the bytes contradict themselves.
    pub fn read(mut bytes: &[u8]) -> Option<Self> {
        let rest = &mut bytes;
        let (flags, after) = rest.split_first()?;
        *rest = after;
        let form = FieldForm { positions: flags & 1 != 0, norms: flags & 2 != 0, bigrams: flags & 4 != 0 };
        let mut number = || varint::read(rest);
        let mut small = || number().and_then(|number| u32::try_from(number).ok());
        let (doc_count, docs, terms) = (small()?, small()?, small()?);
        let thresholds = Thresholds { sparse_below: small()?, dense_from: small()?, bigrams_from: small()? };
        let dictionary = number()?;
        let records = RecordBytes { gaps: number()?, aligned: number()?, bitmaps: number()?, codes: number()?, exceptions: number()? };
        let bytes = StructureBytes { dictionary, records, positions: number()?, index: number()? };
        let (book, counts) = Codebook::read(rest)?;
        let (mut postings, mut sum_dl) = (0u64, 0u64);
        for (pair, count) in book.pairs().iter().zip(&counts) {
            postings = postings.checked_add(*count)?;
            sum_dl = sum_dl.checked_add(count.checked_mul(u64::from(pair.tf))?)?;
        }
        let stats = InvertedStats { docs, sum_dl, terms, postings };
        let sound = rest.is_empty() && *flags < 8 && docs <= doc_count && u64::from(terms) <= postings && !book.pairs().is_empty();
        sound.then_some(Self { form, doc_count, stats, thresholds, bytes, book, counts })
    }
}
