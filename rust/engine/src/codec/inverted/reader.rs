//! The reader twin of a field's inverted index.

use std::sync::Arc;

use super::super::codebook::Codebook;
use super::super::container::{Section, SectionKey, SectionKind, SegmentFile};
use super::super::positions::PositionLists;
use super::super::postings::{FieldView, Postings, RecordPlace, Single};
use super::super::terms::{self, Dictionary, TermCursor, TermEntry, TermInfo, TermPlace};
use super::head::Head;
use super::{FieldForm, InvertedStats};
use crate::base::{DocId, Error, FieldId, Result, TermOrd};

/// The inverted index of one field of a segment.
#[derive(Debug)]
pub struct InvertedReader {
    pub(super) dictionary: Dictionary,
    pub(super) norms: Option<Section>,
    pub(super) codebook: Section,
    pub(super) head: Head,
    /// Where two frequent words follow one another.
    pub(super) bigrams: Option<Box<InvertedReader>>,
}

impl InvertedReader {
    /// Opens a field; `None` when no document of the segment has a token in it. Reads the field's head only.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the head is not intact or a section is missing.
    pub fn open(file: &Arc<SegmentFile>, field: FieldId) -> Result<Option<Self>> {
        let Some(mut words) = Self::open_form(file, field, FieldForm::TEXT)? else { return Ok(None) };
        words.bigrams = Self::open_form(file, field, FieldForm::BIGRAMS)?.map(Box::new);
        Ok(Some(words))
    }

    fn open_form(file: &Arc<SegmentFile>, field: FieldId, form: FieldForm) -> Result<Option<Self>> {
        let section = |kind| file.section(SectionKey::field(kind, field));
        let [postings, index, codebook] = form.sections();
        let Some(codebook) = section(codebook) else { return Ok(None) };
        let mut head = Head::read(codebook.all()?).ok_or_else(|| codebook.corruption(0, "a field's head contradicts itself"))?;
        head.counts = Vec::new();
        if head.form.bigrams != form.bigrams {
            return Err(codebook.corruption(0, "a field's head is that of something else"));
        }
        let missing = || codebook.corruption(0, "a field without its lists, their index or its lengths");
        let (blocks, index) = section(postings).zip(section(index)).ok_or_else(missing)?;
        let norms = if form.bigrams { None } else { section(SectionKind::Norms) };
        if norms.as_ref().map(Section::len) != head.form.norms.then_some(head.doc_count as usize) {
            return Err(missing());
        }
        let dictionary = Dictionary::open(blocks, index, head.stats.terms, head.form.positions)?;
        Ok(Some(Self { dictionary, norms, codebook, head, bigrams: None }))
    }

    /// The field's counts.
    #[must_use]
    pub fn stats(&self) -> &InvertedStats {
        &self.head.stats
    }

    /// Documents with at least one token.
    #[must_use]
    pub fn docs(&self) -> u32 {
        self.head.stats.docs
    }

    /// Tokens in all documents.
    #[must_use]
    pub fn sum_dl(&self) -> u64 {
        self.head.stats.sum_dl
    }

    /// Different terms; their ordinals are `0..terms`.
    #[must_use]
    pub fn terms(&self) -> u32 {
        self.head.stats.terms
    }

    /// Documents of the segment.
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        self.head.doc_count
    }

    /// What the field holds besides documents.
    #[must_use]
    pub fn form(&self) -> FieldForm {
        self.head.form
    }

    /// Whether postings have positions.
    #[must_use]
    pub fn has_positions(&self) -> bool {
        self.head.form.positions
    }

    /// The field's rank codes.
    #[must_use]
    pub fn codebook(&self) -> &Codebook {
        &self.head.book
    }

    /// Bytes of each structure, by name.
    #[must_use]
    pub fn bytes(&self) -> Vec<(&'static str, u64)> {
        let bytes = &self.head.bytes;
        vec![
            ("dictionary", bytes.dictionary),
            ("dictionary_index", bytes.index),
            ("gap_lists", bytes.records.gaps),
            ("aligned_lists", bytes.records.aligned),
            ("bitmaps", bytes.records.bitmaps),
            ("codes", bytes.records.codes),
            ("exceptions", bytes.records.exceptions),
            ("positions", bytes.positions),
            ("norms", self.norms.as_ref().map_or(0, |norms| norms.len() as u64)),
            ("bigrams", self.bigrams.as_ref().map_or(0, |bigrams| bigrams.bytes().iter().map(|(_, bytes)| bytes).sum())),
        ]
    }

    /// The length code of a document; 0 when it has no token, and in fields without lengths.
    ///
    /// # Errors
    /// [`Error::Corruption`] when its page is not intact; also for a document beyond the last.
    #[inline]
    pub fn norm(&self, doc: DocId) -> Result<u8> {
        match &self.norms {
            Some(norms) => norms.array::<1>(doc.index()).map(|[code]| code),
            None => Ok(0),
        }
    }

    /// The length codes by document; empty in fields without lengths.
    ///
    /// # Errors
    /// [`Error::Corruption`] when a page is not intact.
    pub fn norms(&self) -> Result<&[u8]> {
        self.norms.as_ref().map_or(Ok(&[]), Section::all)
    }

    /// The ordinal of a term.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the dictionary is not intact where it is read.
    pub fn find(&self, term: &[u8]) -> Result<Option<TermOrd>> {
        Ok(self.lookup(term)?.map(|entry| entry.ord))
    }

    /// A term with everything that its postings are opened with.
    ///
    /// # Errors
    /// As [`InvertedReader::find`].
    pub fn lookup(&self, term: &[u8]) -> Result<Option<TermEntry>> {
        self.dictionary.find(term, &self.head.book)
    }

    /// Replaces `out` by the term of an ordinal.
    ///
    /// # Errors
    /// [`Error::Corruption`] as [`InvertedReader::find`]; [`Error::Defect`] for an ordinal beyond the last.
    pub fn term(&self, ord: TermOrd, out: &mut Vec<u8>) -> Result<()> {
        let cursor = self.cursor_at(ord)?;
        out.clear();
        out.extend_from_slice(cursor.term());
        Ok(())
    }

    fn cursor_at(&self, ord: TermOrd) -> Result<TermCursor<'_>> {
        self.check_ord(ord)?;
        let mut cursor = TermCursor::new(&self.dictionary, (ord.0 / terms::BLOCK) as usize);
        for _ in 0..=ord.0 % terms::BLOCK {
            cursor.advance()?;
        }
        Ok(cursor)
    }

    fn check_ord(&self, ord: TermOrd) -> Result<()> {
        if ord.0 >= self.terms() {
            return Err(Error::Defect("an ordinal beyond the last term of its field"));
        }
        Ok(())
    }

    fn info(&self, ord: TermOrd) -> Result<TermInfo> {
        self.check_ord(ord)?;
        self.dictionary.info(ord, &self.head.book)
    }

    /// What [`InvertedReader::lookup`] finds, by ordinal.
    ///
    /// # Errors
    /// As [`InvertedReader::term`].
    pub fn entry(&self, ord: TermOrd) -> Result<TermEntry> {
        self.info(ord).map(|info| TermEntry { ord, info })
    }

    /// In how many documents a term is.
    ///
    /// # Errors
    /// As [`InvertedReader::term`].
    pub fn df(&self, ord: TermOrd) -> Result<u32> {
        Ok(self.info(ord)?.df)
    }

    /// The postings of a term.
    ///
    /// # Errors
    /// As [`InvertedReader::term`].
    pub fn postings(&self, ord: TermOrd) -> Result<Postings<'_>> {
        self.open_postings(self.info(ord)?)
    }

    /// The postings of a term that this reader has looked up: reads nothing of the dictionary again.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the list is not intact.
    #[inline]
    pub fn postings_of(&self, entry: &TermEntry) -> Result<Postings<'_>> {
        self.open_postings(entry.info)
    }

    /// Where a term's list begins: for whoever wants the first of it to be in the cache when the list is opened. Not checked, not to be read.
    #[must_use]
    pub fn postings_ahead(&self, entry: &TermEntry) -> &[u8] {
        let (TermPlace::List { at, .. } | TermPlace::Single { at, .. }) = entry.info.place;
        self.dictionary.section().unverified().get(at..).unwrap_or_default()
    }

    pub(super) fn open_postings(&self, info: TermInfo) -> Result<Postings<'_>> {
        let section = self.dictionary.section();
        let Head { doc_count, thresholds, ref book, form, .. } = self.head;
        let field = FieldView { doc_count, thresholds, book, has_positions: form.positions };
        match info.place {
            TermPlace::Single { doc, pair, code, at, len } => {
                let positions = PositionLists::inline(section, at, section.read(at..at.saturating_add(len))?);
                Postings::single(field, RecordPlace { section, at, record: &[] }, positions, Single { doc, code, pair })
            }
            TermPlace::List { at, record_len, positions_len } => {
                let end = at.saturating_add(record_len);
                let positions = PositionLists::new(section, end..end.saturating_add(positions_len), info.df);
                let place = RecordPlace { section, at, record: section.read(at..end)? };
                Postings::open(field, place, positions, info.df)
            }
        }
    }
}
