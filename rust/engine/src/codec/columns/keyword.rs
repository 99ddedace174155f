//! Keywords by document: the ranks of their terms in the field's dictionary.
//!
//! **In**: per document its distinct ranks, ascending. **Out**: the same. **Law**: where no document has two values the column is the
//! ranks by document; else it is the ranks one after the other, and a second column says where each document's ranks end.

use super::integer::{IntegerColumn, IntegerColumnWriter};
use crate::base::{DocId, Error, FieldId, Result, TermOrd};
use crate::codec::{SectionKey, SectionKind, SegmentFile, SegmentFileWriter};
use std::sync::Arc;

/// The writer twin: gathers ranks of whole documents.
#[derive(Debug)]
pub struct KeywordColumnWriter {
    single: bool,
    ranks: IntegerColumnWriter,
    ends: IntegerColumnWriter,
    count: u32,
}

impl KeywordColumnWriter {
    /// `single`: every document will have at most one value.
    #[must_use]
    pub fn new(single: bool) -> Self {
        Self { single, ranks: IntegerColumnWriter::default(), ends: IntegerColumnWriter::default(), count: 0 }
    }

    /// The distinct ranks of a document, ascending. Every document is pushed when the column is not single.
    ///
    /// # Errors
    /// [`Error::Defect`] when documents do not ascend, or a second value comes to a single column.
    pub fn push(&mut self, doc: DocId, ranks: &[TermOrd]) -> Result<()> {
        if self.single {
            return match ranks {
                [] => Ok(()),
                [rank] => self.ranks.push(doc, i64::from(rank.0)),
                _ => Err(Error::Defect("several values in a column of single values")),
            };
        }
        for rank in ranks {
            self.ranks.push(DocId(self.count), i64::from(rank.0))?;
            self.count = self.count.checked_add(1).ok_or(Error::Defect("more keyword values than a segment can number"))?;
        }
        self.ends.push(doc, i64::from(self.count))
    }

    /// Writes the column's sections. The documents are `0..doc_count`.
    ///
    /// # Errors
    /// As [`IntegerColumnWriter::close`].
    pub fn write(self, doc_count: u32, file: &mut SegmentFileWriter, field: FieldId) -> Result<()> {
        let values = if self.single { doc_count } else { self.count };
        self.ranks.write(values, file, SectionKey::field(SectionKind::Column, field))?;
        if !self.single {
            self.ends.write(doc_count, file, SectionKey::field(SectionKind::ValueEnds, field))?;
        }
        Ok(())
    }
}

/// The reader twin.
#[derive(Clone, Debug)]
pub struct KeywordColumn {
    ranks: IntegerColumn,
    ends: Option<IntegerColumn>,
    terms: u32,
}

impl KeywordColumn {
    /// Opens a field's column; `terms` is the size of its dictionary.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn open(file: &Arc<SegmentFile>, field: FieldId, terms: u32) -> Result<Option<Self>> {
        let Some(ranks) = file.section(SectionKey::field(SectionKind::Column, field)) else { return Ok(None) };
        let ends = file.section(SectionKey::field(SectionKind::ValueEnds, field)).map(IntegerColumn::open).transpose()?;
        Ok(Some(Self { ranks: IntegerColumn::open(ranks)?, ends, terms }))
    }

    /// Whether no document has two values.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.ends.is_none()
    }

    /// Number of documents, with and without value.
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        self.ends.as_ref().unwrap_or(&self.ranks).doc_count()
    }

    fn rank(&self, value: i64) -> Result<TermOrd> {
        match u32::try_from(value) {
            Ok(rank) if rank < self.terms => Ok(TermOrd(rank)),
            _ => Err(self.ranks.corruption(&format!("rank {value} in a dictionary of {} terms", self.terms))),
        }
    }

    /// Hands out the ranks of a document, ascending.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    #[inline]
    pub fn ranks(&self, doc: DocId, mut each: impl FnMut(TermOrd)) -> Result<()> {
        let Some(ends) = &self.ends else {
            if let Some(value) = self.ranks.get(doc)? {
                each(self.rank(value)?);
            }
            return Ok(());
        };
        let start = match doc.0.checked_sub(1) {
            Some(before) => ends.get(DocId(before))?.unwrap_or(0),
            None => 0,
        };
        let end = ends.get(doc)?.unwrap_or(start);
        if start < 0 || end > i64::from(self.ranks.doc_count()) || start > end {
            return Err(ends.corruption("keyword values that end before they begin"));
        }
        for index in start as u32..end as u32 {
            let value = self.ranks.get(DocId(index))?.ok_or_else(|| self.ranks.corruption("a gap in the keyword values"))?;
            each(self.rank(value)?);
        }
        Ok(())
    }

    /// The least rank of a document: what it sorts by when there are several.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn first(&self, doc: DocId) -> Result<Option<TermOrd>> {
        let mut first = None;
        self.ranks(doc, |rank| first = first.or(Some(rank)))?;
        Ok(first)
    }

    /// Decodes everything.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn check(&self) -> Result<()> {
        self.ranks.check()?;
        if let Some(ends) = &self.ends {
            ends.check()?;
        }
        for doc in 0..self.doc_count() {
            let (mut last, mut ascending) = (None, true);
            self.ranks(DocId(doc), |rank| ascending &= last.replace(rank) < Some(rank))?;
            if !ascending {
                return Err(self.ranks.corruption(&format!("the ranks of document {doc} do not ascend")));
            }
        }
        Ok(())
    }
}
