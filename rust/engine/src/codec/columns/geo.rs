//! Points by document: a column of latitudes and one of longitudes.
//!
//! **In**, **Out**: degrees, bit for bit, because distances are compared exactly. **Law**: both columns have the same documents; a
//! block's zones are its bounding box (in degrees, not across the date line).

use super::BLOCK;
use super::float::{FloatColumn, FloatColumnWriter};
use crate::base::{DocId, FieldId, Result};
use crate::codec::{SectionKey, SectionKind, SegmentFileWriter};

/// The writer twin.
#[derive(Debug, Default)]
pub struct GeoColumnWriter {
    latitudes: FloatColumnWriter,
    longitudes: FloatColumnWriter,
}

impl GeoColumnWriter {
    /// The point of a document; documents ascend.
    ///
    /// # Errors
    /// [`crate::base::Error::Defect`] when they do not.
    pub fn push(&mut self, doc: DocId, latitude: f64, longitude: f64) -> Result<()> {
        self.latitudes.push(doc, latitude)?;
        self.longitudes.push(doc, longitude)
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.latitudes.memory() + self.longitudes.memory()
    }

    /// Writes both columns of a field.
    ///
    /// # Errors
    /// As [`super::IntegerColumnWriter::close`].
    pub fn write(self, doc_count: u32, file: &mut SegmentFileWriter, field: FieldId) -> Result<()> {
        self.latitudes.write(doc_count, file, SectionKey::field(SectionKind::Column, field))?;
        self.longitudes.write(doc_count, file, SectionKey::field(SectionKind::Longitudes, field))
    }
}

/// A box in degrees around the points of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeoBox {
    /// Least and greatest latitude.
    pub latitude: (f64, f64),
    /// Least and greatest longitude.
    pub longitude: (f64, f64),
}

/// The reader twin.
#[derive(Clone, Debug)]
pub struct GeoColumn {
    latitudes: FloatColumn,
    longitudes: FloatColumn,
}

impl GeoColumn {
    /// Joins two columns.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`] when they range over different documents.
    pub fn new(latitudes: FloatColumn, longitudes: FloatColumn) -> Result<Self> {
        if latitudes.integers().doc_count() != longitudes.integers().doc_count() {
            return Err(longitudes.integers().corruption("latitudes and longitudes of different documents"));
        }
        Ok(Self { latitudes, longitudes })
    }

    /// Latitude and longitude of a document.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    #[inline]
    pub fn get(&self, doc: DocId) -> Result<Option<(f64, f64)>> {
        Ok(self.latitudes.get(doc)?.zip(self.longitudes.get(doc)?))
    }

    /// Number of documents, with and without point.
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        self.latitudes.integers().doc_count()
    }

    /// Number of blocks.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.latitudes.blocks()
    }

    /// The box around the points of a block.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn bounds(&self, block: u32) -> Result<Option<GeoBox>> {
        let zones = self.latitudes.zone(block)?.zip(self.longitudes.zone(block)?);
        Ok(zones.map(|(lat, lon)| GeoBox { latitude: (lat.min, lat.max), longitude: (lon.min, lon.max) }))
    }

    /// Hands out the points of one block, documents ascending.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn block(&self, block: u32, mut each: impl FnMut(DocId, f64, f64)) -> Result<()> {
        let mut slots = [(0u32, 0f64); BLOCK as usize];
        let mut count = 0;
        self.latitudes.block(block, |doc, latitude| {
            if let Some(slot) = slots.get_mut(count) {
                *slot = (doc.0, latitude);
            }
            count += 1;
        })?;
        let (mut index, mut same) = (0, true);
        self.longitudes.block(block, |doc, longitude| {
            match slots.get(index) {
                Some(&(at, latitude)) if at == doc.0 && index < count => each(doc, latitude, longitude),
                _ => same = false,
            }
            index += 1;
        })?;
        if !same || index != count {
            return Err(self.longitudes.integers().corruption("latitudes and longitudes of different documents"));
        }
        Ok(())
    }

    /// Hands out all points, documents ascending.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn for_each(&self, mut each: impl FnMut(DocId, f64, f64)) -> Result<()> {
        (0..self.blocks()).try_for_each(|block| self.block(block, &mut each))
    }

    /// Decodes everything.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn check(&self) -> Result<()> {
        self.latitudes.check()?;
        self.longitudes.check()?;
        self.for_each(|_, _, _| ())
    }
}
