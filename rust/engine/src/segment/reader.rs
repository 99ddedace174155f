//! Reads one segment.
//!
//! **In**: the object's bytes. **Out**: documents, keys, sequence numbers, inverted indexes, columns. **Law**: opening builds every
//! handle, in O(fields), and reads no section whole; afterwards nothing is initialised, nothing locked.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::meta::{FieldStats, Shape, Stats, field_ids};
use crate::base::{DocId, Error, FieldId, Result};
use crate::codec::columns::{Column, FloatColumn, GeoColumn, IntegerColumn, KeywordColumn};
use crate::codec::keys::KeyReader;
use crate::codec::sequence::Sequence;
use crate::codec::stored::StoredReader;
use crate::codec::{InvertedReader, SectionKey, SectionKind, SegmentFile};
use crate::storage::{Bytes, Storage};

/// What one field has in the segment.
struct FieldReader {
    inverted: Option<InvertedReader>,
    column: Option<Column>,
}

/// An open segment. Shared by all threads.
pub struct SegmentReader {
    file: Arc<SegmentFile>,
    stats: Stats,
    stored: StoredReader,
    keys: KeyReader,
    sequence: Sequence,
    fields: Vec<FieldReader>,
}

impl SegmentReader {
    /// Opens the object `name`. `checksum` is the one that the manifest names.
    ///
    /// # Errors
    /// [`Error::Corruption`], [`Error::FormatVersion`], storage errors.
    pub fn open(storage: &dyn Storage, name: &str, checksum: Option<u32>) -> Result<Arc<Self>> {
        Self::from_bytes(name, storage.open(name)?, checksum)
    }

    /// Opens bytes that were read or mapped already.
    ///
    /// # Errors
    /// As [`SegmentReader::open`].
    pub fn from_bytes(name: &str, bytes: Bytes, checksum: Option<u32>) -> Result<Arc<Self>> {
        let file = SegmentFile::open(name, bytes, checksum)?;
        let stats = Stats::of(&file)?;
        let stored = StoredReader::open(&file)?;
        if stored.doc_count() != stats.docs {
            return Err(Error::corruption(name, 0, format!("{} stored documents, expected {}", stored.doc_count(), stats.docs)));
        }
        let keys = KeyReader::open(&file, stats.docs)?;
        let sequence = Sequence::open(&file, stats.docs)?;
        let fields = field_ids(stats.shapes.len()).zip(&stats.shapes);
        let fields = fields.map(|(id, shape)| FieldReader::open(&file, id, *shape, stats.docs)).collect::<Result<_>>()?;
        Ok(Arc::new(Self { file, stats, stored, keys, sequence, fields }))
    }

    /// Documents, dead ones included.
    #[inline]
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        self.stats.docs
    }

    /// The file below.
    #[must_use]
    pub fn file(&self) -> &Arc<SegmentFile> {
        &self.file
    }

    /// Statistics of a field; zeros when the segment is older than the field.
    #[must_use]
    pub fn field_stats(&self, field: FieldId) -> FieldStats {
        self.stats.fields.get(field.index()).copied().unwrap_or_default()
    }

    /// Documents that a later one of the same segment replaced, ascending.
    #[must_use]
    pub fn replaced(&self) -> &[u32] {
        &self.stats.dead
    }

    /// Smallest and largest key, dead documents included.
    #[must_use]
    pub fn key_range(&self) -> (&str, &str) {
        (&self.stats.keys.0, &self.stats.keys.1)
    }

    /// Whether documents stand in the order of their sequence numbers.
    #[must_use]
    pub fn in_sequence_order(&self) -> bool {
        !self.stats.permuted
    }

    /// The relative sequence number of a document.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    #[inline]
    pub fn rel(&self, doc: DocId) -> Result<u64> {
        self.sequence.get(doc)
    }

    /// Replaces `out` by the key of a document.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    #[inline]
    pub fn key(&self, doc: DocId, out: &mut String) -> Result<()> {
        self.keys.key(doc, out)
    }

    /// Hands out every document with this key, ascending, dead ones too.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn find_key(&self, key: &str, each: &mut dyn FnMut(DocId)) -> Result<()> {
        self.keys.find(key, each)
    }

    /// Replaces `out` by the stored JSON of a document.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn document(&self, doc: DocId, out: &mut Vec<u8>) -> Result<()> {
        self.stored.document(doc, out)
    }

    /// The inverted index of a field, if the segment has one.
    #[inline]
    #[must_use]
    pub fn inverted(&self, field: FieldId) -> Option<&InvertedReader> {
        self.fields.get(field.index())?.inverted.as_ref()
    }

    /// The column of a field, if the segment has one.
    #[inline]
    #[must_use]
    pub fn column(&self, field: FieldId) -> Option<&Column> {
        self.fields.get(field.index())?.column.as_ref()
    }

    /// The stored documents, block by block.
    pub(super) fn stored(&self) -> &StoredReader {
        &self.stored
    }

    pub(super) fn keys(&self) -> &KeyReader {
        &self.keys
    }

    pub(super) fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// What each field has.
    pub(super) fn structures(&self) -> impl Iterator<Item = (Option<&InvertedReader>, Option<&Column>)> {
        self.fields.iter().map(|field| (field.inverted.as_ref(), field.column.as_ref()))
    }

    /// Bytes by structure, all fields together; `container` is what no structure owns: page checksums, footer, gaps.
    #[must_use]
    pub fn bytes(&self) -> BTreeMap<&'static str, u64> {
        let inverted = [SectionKind::Postings, SectionKind::TermIndex, SectionKind::Norms].map(|kind| kind as u16);
        let sections = self.file.sections().filter(|(key, _)| !inverted.contains(&key.kind)).map(|(key, len)| (key.name(), len));
        let lists = self.fields.iter().filter_map(|field| field.inverted.as_ref()).flat_map(InvertedReader::bytes);
        let mut bytes = BTreeMap::new();
        let mut owned = 0;
        for (name, len) in sections.chain(lists) {
            *bytes.entry(name).or_default() += len;
            owned += len;
        }
        bytes.insert("container", self.file.size().saturating_sub(owned));
        bytes
    }
}

impl FieldReader {
    fn open(file: &Arc<SegmentFile>, field: FieldId, shape: Shape, docs: u32) -> Result<Self> {
        let section = |kind| {
            let missing = || Error::corruption(file.name(), 0, format!("field {field} has no section of kind {}", kind as u16));
            file.section(SectionKey::field(kind, field)).ok_or_else(missing)
        };
        let inverted = match shape {
            Shape::Text | Shape::Keyword => InvertedReader::open(file, field)?,
            _ => None,
        };
        if let Some(inverted) = &inverted
            && inverted.doc_count() != docs
        {
            let what = format!("field {field}: an inverted index of {} documents, expected {docs}", inverted.doc_count());
            return Err(Error::corruption(file.name(), 0, what));
        }
        let column = match shape {
            Shape::Text => None,
            Shape::Keyword => {
                let terms = inverted.as_ref().map_or(0, InvertedReader::terms);
                KeywordColumn::open(file, field, terms)?.map(Column::Keyword)
            }
            Shape::Integer | Shape::Date | Shape::Boolean => Some(Column::Integer(IntegerColumn::open(section(SectionKind::Column)?)?)),
            Shape::Float => Some(Column::Float(FloatColumn::open(section(SectionKind::Column)?)?)),
            Shape::GeoPoint => {
                let [latitudes, longitudes] = [section(SectionKind::Column)?, section(SectionKind::Longitudes)?];
                Some(Column::Geo(GeoColumn::new(FloatColumn::open(latitudes)?, FloatColumn::open(longitudes)?)?))
            }
        };
        if let Some(column) = &column
            && column.doc_count() != docs
        {
            return Err(Error::corruption(
                file.name(),
                0,
                format!("field {field}: a column of {} documents, expected {docs}", column.doc_count()),
            ));
        }
        Ok(Self { inverted, column })
    }
}

impl std::fmt::Debug for SegmentReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SegmentReader({}, {} documents)", self.file.name(), self.stats.docs)
    }
}
