//! The writer twin of a field's inverted index.
//!
//! **In**: a codebook that has every pair, then terms in order. **Out**: the field's sections and its counts. **Law**: nothing is
//! allocated per term; a term's bytes leave the buffer when it is full.

use super::super::codebook::Codebook;
use super::super::container::{SectionKey, SectionKind, SegmentFileWriter};
use super::super::positions;
use super::super::postings::{RecordEncoder, Thresholds};
use super::super::terms::{NewTerm, TermsWriter};
use super::head::{FieldForm, Head, InvertedStats, StructureBytes};
use crate::base::{Error, FieldId, Result};

/// Bytes that are gathered before they go to the file.
const BUFFER: usize = 64 * 1024;
/// A single posting with more positions than this has a record.
const MAX_INLINE: usize = 4;

/// Writes the inverted index of one field.
pub struct InvertedWriter<'w> {
    file: &'w mut SegmentFileWriter,
    field: FieldId,
    head: Head,
    encoder: RecordEncoder,
    terms: TermsWriter,
    buffer: Vec<u8>,
}

impl<'w> InvertedWriter<'w> {
    /// Begins the field in a segment of `doc_count` documents.
    ///
    /// # Errors
    /// [`Error::Defect`] for an empty codebook; errors of the file.
    pub fn new(
        file: &'w mut SegmentFileWriter,
        field: FieldId,
        doc_count: u32,
        form: FieldForm,
        thresholds: Thresholds,
        book: Codebook,
    ) -> Result<Self> {
        if book.pairs().is_empty() {
            return Err(Error::Defect("an inverted index was begun for a field without tokens"));
        }
        let [postings, ..] = form.sections();
        file.begin(SectionKey::field(postings, field))?;
        let (counts, bytes) = (vec![0; book.pairs().len()], StructureBytes::default());
        let head = Head { form, doc_count, stats: InvertedStats::default(), thresholds, bytes, book, counts };
        let encoder = RecordEncoder::new(doc_count, thresholds);
        Ok(Self { file, field, head, encoder, terms: TermsWriter::default(), buffer: Vec::with_capacity(2 * BUFFER) })
    }

    /// Says that two adjacent words have a list when each is in at least so many documents.
    pub fn set_bigrams_from(&mut self, bigrams_from: u32) {
        self.head.thresholds.bigrams_from = bigrams_from;
    }

    fn position(&self) -> u64 {
        self.file.position() + self.buffer.len() as u64
    }

    /// Adds a term, greater than all before. `docs` ascend and have a pair's number each; `deltas` has the gaps between the positions of
    /// one posting after the other, the first of each from 0, as many as its pair's term frequency; empty in fields without positions.
    ///
    /// # Errors
    /// [`Error::Defect`] for terms out of order or without postings; errors of the file.
    pub fn push(&mut self, term: &[u8], docs: &[u32], pairs: &[u32], deltas: &[u32]) -> Result<()> {
        if docs.is_empty() || docs.len() != pairs.len() {
            return Err(Error::Defect("a term was written without postings"));
        }
        let position = self.position();
        for pair in pairs {
            self.head.counts[*pair as usize] += 1;
        }
        self.head.stats.postings += docs.len() as u64;
        let book = &self.head.book;
        if let ([doc], [pair]) = (docs, pairs)
            && deltas.len() <= MAX_INLINE
        {
            self.terms.push(term, book, position, NewTerm::Single { doc: *doc, pair: *pair, deltas })?;
        } else {
            let start = self.buffer.len();
            self.encoder.encode(book, docs, pairs, &mut self.buffer);
            let record_len = self.buffer.len() - start;
            let positions_len = self.head.form.positions.then(|| {
                let tf = |index: usize| book.pairs()[pairs[index] as usize].tf;
                positions::write(&mut self.buffer, docs.len(), tf, deltas);
                self.buffer.len() - start - record_len
            });
            self.head.bytes.positions += positions_len.unwrap_or(0) as u64;
            self.terms.push(term, book, position, NewTerm::List { df: docs.len() as u32, record_len, positions_len })?;
        }
        if let Some(run) = self.terms.due(self.position()) {
            self.head.bytes.dictionary += run.len() as u64;
            self.buffer.extend_from_slice(&run);
        }
        if self.buffer.len() >= BUFFER {
            self.file.write(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Writes what is left. `docs` is the number of documents with a token; `norms` has a code a document in fields with lengths.
    ///
    /// # Errors
    /// [`Error::Defect`] when lengths are missing or too many; errors of the file.
    pub fn finish(mut self, docs: u32, norms: &[u8]) -> Result<InvertedStats> {
        let run = self.terms.last_run(self.position())?;
        self.head.bytes.dictionary += run.len() as u64;
        self.buffer.extend_from_slice(&run);
        self.file.write(&self.buffer)?;
        self.file.end()?;
        let [_, index, codebook] = self.head.form.sections();
        self.file.begin(SectionKey::field(index, self.field))?;
        for entry in self.terms.index() {
            self.file.write(&entry)?;
        }
        self.head.bytes.index = self.file.end()?;
        if norms.len() != if self.head.form.norms { self.head.doc_count as usize } else { 0 } {
            return Err(Error::Defect("a field's lengths are not as many as its documents"));
        }
        if self.head.form.norms {
            self.file.begin(SectionKey::field(SectionKind::Norms, self.field))?;
            self.file.write(norms)?;
            self.file.end()?;
        }
        self.head.bytes.records = self.encoder.bytes();
        self.head.stats.docs = docs;
        self.head.stats.terms = self.terms.count();
        self.head.stats.sum_dl = self.head.book.pairs().iter().zip(&self.head.counts).map(|(pair, n)| u64::from(pair.tf) * n).sum();
        self.buffer.clear();
        self.head.write(&mut self.buffer);
        self.file.begin(SectionKey::field(codebook, self.field))?;
        self.file.write(&self.buffer)?;
        self.file.end()?;
        Ok(self.head.stats)
    }
}
