//! Floats by document: their bits, mapped so that integers order as the numbers do.
//!
//! **In**, **Out**: finite f64, bit for bit (−0.0 stays −0.0). **Law**: the mapping is its own inverse; numbers with few significant
//! bits share a power of two as step, so whole numbers stay small. Source: IEEE 754, section 5.10 (totalOrder).

use super::integer::{IntegerColumn, IntegerColumnWriter, Zone};
use crate::base::{DocId, Result};
use crate::codec::{Section, SectionKey, SegmentFileWriter};

#[inline]
fn ordered(bits: i64) -> i64 {
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

#[inline]
fn to_integer(value: f64) -> i64 {
    ordered(value.to_bits() as i64)
}

#[inline]
fn to_float(value: i64) -> f64 {
    f64::from_bits(ordered(value) as u64)
}

/// The writer twin.
#[derive(Debug, Default)]
pub struct FloatColumnWriter(IntegerColumnWriter);

impl FloatColumnWriter {
    /// The value of a document; documents ascend.
    ///
    /// # Errors
    /// [`crate::base::Error::Defect`] when they do not.
    pub fn push(&mut self, doc: DocId, value: f64) -> Result<()> {
        self.0.push(doc, to_integer(value))
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.0.memory()
    }

    /// Sends what is packed to the open section.
    ///
    /// # Errors
    /// Storage errors.
    pub fn spill(&mut self, file: &mut SegmentFileWriter) -> Result<()> {
        self.0.spill(file)
    }

    /// Writes the rest into the open section.
    ///
    /// # Errors
    /// As [`IntegerColumnWriter::close`].
    pub fn close(self, doc_count: u32, file: &mut SegmentFileWriter) -> Result<()> {
        self.0.close(doc_count, file)
    }

    /// Writes the column as a section of its own.
    ///
    /// # Errors
    /// As [`IntegerColumnWriter::close`].
    pub fn write(self, doc_count: u32, file: &mut SegmentFileWriter, key: SectionKey) -> Result<()> {
        self.0.write(doc_count, file, key)
    }
}

/// The reader twin.
#[derive(Clone, Debug)]
pub struct FloatColumn(IntegerColumn);

impl FloatColumn {
    /// Opens the column in a section.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn open(section: Section) -> Result<Self> {
        IntegerColumn::open(section).map(Self)
    }

    /// The value of a document.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    #[inline]
    pub fn get(&self, doc: DocId) -> Result<Option<f64>> {
        Ok(self.0.get(doc)?.map(to_float))
    }

    /// Number of blocks.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.0.blocks()
    }

    /// Least and greatest value of a block.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn zone(&self, block: u32) -> Result<Option<Zone<f64>>> {
        Ok(self.0.zone(block)?.map(|zone| Zone { min: to_float(zone.min), max: to_float(zone.max), full: zone.full }))
    }

    /// Hands out the values of one block, documents ascending.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn block(&self, block: u32, mut each: impl FnMut(DocId, f64)) -> Result<()> {
        self.0.block(block, |doc, value| each(doc, to_float(value)))
    }

    /// Hands out all values, documents ascending.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn for_each(&self, mut each: impl FnMut(DocId, f64)) -> Result<()> {
        self.0.for_each(|doc, value| each(doc, to_float(value)))
    }

    /// Decodes everything.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn check(&self) -> Result<()> {
        self.0.check()
    }

    /// The integers below.
    #[must_use]
    pub fn integers(&self) -> &IntegerColumn {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_order_as_the_floats_do(a: f64, b: f64) {
            prop_assert_eq!(to_integer(a).cmp(&to_integer(b)), a.total_cmp(&b));
            prop_assert_eq!(to_float(to_integer(a)).to_bits(), a.to_bits());
        }
    }
}
