//! Relative sequence numbers by document.
//!
//! **In**: different numbers, one for each document, ascending unless the segment was permuted. **Out**: the number of a document.
//! **Law**: what is stored is the number minus the document id, so a run without gaps is one number; a segment that was built in one go
//! stores eight bytes.
//!
//! ```text
//! sequence = first:u64                                       when document d has the number first + d
//!          | an integer column of (number − document id)     else
//! ```

use std::sync::Arc;

use super::columns::{IntegerColumn, IntegerColumnWriter};
use super::{SectionKey, SectionKind, SegmentFile, SegmentFileWriter};
use crate::base::{DocId, Error, Result};

/// The writer twin.
#[derive(Debug, Default)]
pub struct SequenceWriter {
    /// Runs as (first document, number − document id): a new one for each gap.
    runs: Vec<(u32, i64)>,
    docs: u32,
    end: u64,
    permuted: bool,
}

impl SequenceWriter {
    /// The next document's number, larger than all before.
    ///
    /// # Errors
    /// [`Error::Defect`] when it is not.
    #[inline]
    pub fn push(&mut self, number: u64) -> Result<()> {
        if number < self.end {
            return Err(Error::Defect("sequence numbers that do not ascend"));
        }
        self.push_any(number)
    }

    /// The next document's number, in any order.
    ///
    /// # Errors
    /// [`Error::Defect`] for numbers from 2^63 − 1.
    #[inline]
    pub fn push_any(&mut self, number: u64) -> Result<()> {
        if number >= i64::MAX as u64 {
            return Err(Error::Defect("a sequence number beyond all documents"));
        }
        let above = number as i64 - i64::from(self.docs);
        if self.runs.last().is_none_or(|(_, last)| *last != above) {
            self.runs.push((self.docs, above));
        }
        self.docs += 1;
        self.permuted |= number < self.end;
        self.end = self.end.max(number + 1);
        Ok(())
    }

    /// Whether numbers did not ascend.
    #[must_use]
    pub fn is_permuted(&self) -> bool {
        self.permuted
    }

    /// One more than the largest number; 0 without documents.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.runs.capacity() * 16
    }

    /// Writes the section.
    ///
    /// # Errors
    /// Storage errors.
    pub fn write(self, file: &mut SegmentFileWriter) -> Result<()> {
        let key = SectionKey::segment(SectionKind::Sequence);
        if self.runs.len() <= 1 {
            file.begin(key)?;
            file.write(&self.runs.first().map_or(0, |(_, above)| *above).to_le_bytes())?;
            return file.end().map(|_| ());
        }
        let mut column = IntegerColumnWriter::default();
        for (i, (first, above)) in self.runs.iter().enumerate() {
            let end = self.runs.get(i + 1).map_or(self.docs, |(next, _)| *next);
            (*first..end).try_for_each(|doc| column.push(DocId(doc), *above))?;
        }
        column.write(self.docs, file, key)
    }
}

/// The reader twin.
#[derive(Clone, Debug)]
pub enum Sequence {
    /// Document d has this number + d.
    Run(u64),
    /// Number − document id, by document.
    Column(IntegerColumn),
}

impl Sequence {
    /// Opens the numbers of a segment of `doc_count` documents.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn open(file: &Arc<SegmentFile>, doc_count: u32) -> Result<Self> {
        let Some(section) = file.section(SectionKey::segment(SectionKind::Sequence)) else {
            return Err(Error::corruption(file.name(), 0, "a segment without sequence numbers"));
        };
        if section.len() == 8 {
            let first = section.u64_at(0)?;
            if first > i64::MAX as u64 {
                return Err(section.corruption(0, format!("sequence numbers from {first}")));
            }
            return Ok(Self::Run(first));
        }
        let column = IntegerColumn::open(section.clone())?;
        if column.doc_count() != doc_count {
            return Err(section.corruption(0, format!("sequence numbers of {} documents instead of {doc_count}", column.doc_count())));
        }
        Ok(Self::Column(column))
    }

    /// The number of a document.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    #[inline]
    pub fn get(&self, doc: DocId) -> Result<u64> {
        match self {
            Self::Run(first) => Ok(first + u64::from(doc.0)),
            Self::Column(column) => match column.get(doc)?.and_then(|above| u64::try_from(above.saturating_add(i64::from(doc.0))).ok()) {
                Some(number) => Ok(number),
                None => Err(column.corruption(&format!("document {doc} has no sequence number"))),
            },
        }
    }

    /// Whether every document has a number of its own and, where that is promised, they ascend.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn check(&self, ascending: bool) -> Result<()> {
        let Self::Column(column) = self else { return Ok(()) };
        column.check()?;
        let mut numbers = Vec::new();
        column.for_each(|doc, above| numbers.push(above.saturating_add(i64::from(doc.0))))?;
        if !ascending {
            numbers.sort_unstable();
        }
        if numbers.len() != column.doc_count() as usize
            || numbers.first().is_some_and(|first| *first < 0)
            || !numbers.is_sorted_by(|a, b| a < b)
        {
            return Err(column.corruption("sequence numbers that are missing, twice there, or out of order"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::codec::container::test_support::file_of;
    use proptest::prelude::*;

    fn stored(numbers: &[u64]) -> Arc<SegmentFile> {
        file_of(|w| {
            let mut writer = SequenceWriter::default();
            numbers.iter().try_for_each(|&number| writer.push(number))?;
            assert_eq!(writer.end(), numbers.last().map_or(0, |last| last + 1));
            writer.write(w)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn numbers_come_back(first in 0u64..1 << 50, gaps in prop::collection::vec(prop_oneof![9 => Just(1u64), 1 => 1u64..1000], 0..2500)) {
            let numbers: Vec<u64> = gaps.iter().scan(first, |at, gap| { *at += gap; Some(*at) }).collect();
            let sequence = Sequence::open(&stored(&numbers), numbers.len() as u32).unwrap();
            sequence.check(true).unwrap();
            for (doc, number) in numbers.iter().enumerate() {
                prop_assert_eq!(sequence.get(DocId(doc as u32)).unwrap(), *number);
            }
        }
    }

    #[test]
    fn permuted_numbers_come_back() {
        let numbers = [7u64, 3, 1 << 40, 0];
        let file = file_of(|w| {
            let mut writer = SequenceWriter::default();
            numbers.iter().try_for_each(|&number| writer.push_any(number))?;
            assert!(writer.is_permuted());
            assert_eq!(writer.end(), (1 << 40) + 1);
            writer.write(w)
        });
        let sequence = Sequence::open(&file, 4).unwrap();
        sequence.check(false).unwrap();
        assert!(sequence.check(true).is_err());
        assert_eq!([0, 1, 2, 3].map(|doc| sequence.get(DocId(doc)).unwrap()), numbers);
    }

    #[test]
    fn numbers_that_fall_are_a_defect() {
        let mut writer = SequenceWriter::default();
        writer.push(7).unwrap();
        assert!(writer.push(7).is_err());
    }

    /// The worked bytes of FORMAT.md: numbers 5, 6, 7.
    #[test]
    fn the_worked_run_is_read() {
        let file = stored(&[5, 6, 7]);
        let section = file.section(SectionKey::segment(SectionKind::Sequence)).unwrap();
        assert_eq!(section.all().unwrap(), [5, 0, 0, 0, 0, 0, 0, 0]);
    }
}
