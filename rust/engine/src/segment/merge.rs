//! Merges segments into one.
//!
//! **In**: segments with their live documents and bases. **Out**: one segment with absolute sequence numbers, and where each old document
//! went, so that newer tombstones can follow. **Law**: the target is what a builder would have made of the surviving documents, in
//! sequence order or in a given one; structures are merged one after the other, so memory holds the maps (4 bytes a document of the
//! sources), 8 bytes a document for the hashes of keys, and one structure's buffers.

use std::sync::Arc;

use super::doc_map::DocMap;
use super::inverted::merge_inverted;
use super::key_table::KeyRange;
use super::meta::{FieldStats, SegmentMeta, Shape, Stats, field_ids, shapes};
use super::order::{Order, Run};
use super::reader::SegmentReader;
use crate::base::bits::BitSet;
use crate::base::checksum::xxh3;
use crate::base::{DocId, Error, FieldId, Interrupt, Pace, Result, TermOrd};
use crate::codec::columns::{Column, FloatColumnWriter, GeoColumnWriter, IntegerColumnWriter, KeywordColumnWriter};
use crate::codec::keys::{KeyColumnWriter, write_hashes};
use crate::codec::sequence::SequenceWriter;
use crate::codec::stored::StoredWriter;
use crate::codec::{SectionKey, SectionKind, SegmentFileWriter};
use crate::schema::Schema;

/// One segment that goes into a merge.
#[derive(Clone, Copy, Debug)]
pub struct MergeSource<'a> {
    /// The segment.
    pub reader: &'a SegmentReader,
    /// Its live documents; `None` = all.
    pub live: Option<&'a BitSet>,
    /// What is added to its relative sequence numbers.
    pub base: u64,
}

impl MergeSource<'_> {
    pub(super) fn is_live(&self, doc: u32) -> bool {
        self.live.is_none_or(|live| live.contains(doc))
    }

    pub(super) fn sequence(&self, doc: DocId) -> Result<u64> {
        Ok(self.base.saturating_add(self.reader.rel(doc)?))
    }
}

/// Merges by sequence number.
///
/// # Errors
/// [`Error::Corruption`] of a source, storage errors, interruption.
pub fn merge_segments(
    sources: &[MergeSource<'_>],
    schema: &Arc<Schema>,
    file: SegmentFileWriter,
    interrupt: &Interrupt,
) -> Result<(SegmentMeta, Vec<DocMap>)> {
    let order = Order::by_sequence(sources, interrupt)?;
    Merge { sources, schema, order, interrupt }.run(file)
}

/// Merges in a given order: (source, document) for every live document.
///
/// # Errors
/// As [`merge_segments`]; [`Error::Defect`] when the order is not a permutation of the live documents.
pub fn merge_permuted(
    sources: &[MergeSource<'_>],
    permutation: &[(usize, DocId)],
    schema: &Arc<Schema>,
    file: SegmentFileWriter,
    interrupt: &Interrupt,
) -> Result<(SegmentMeta, Vec<DocMap>)> {
    let order = Order::given(sources, permutation)?;
    Merge { sources, schema, order, interrupt }.run(file)
}

struct Merge<'a> {
    sources: &'a [MergeSource<'a>],
    schema: &'a Schema,
    order: Order,
    interrupt: &'a Interrupt,
}

impl<'a> Merge<'a> {
    fn run(self, mut file: SegmentFileWriter) -> Result<(SegmentMeta, Vec<DocMap>)> {
        self.stored(&mut file)?;
        let keys = self.keys(&mut file)?;
        let (rel_end, permuted) = self.sequence(&mut file)?;
        let maps = self.order.maps(self.sources);
        let shapes = shapes(self.schema);
        let mut fields = Vec::with_capacity(shapes.len());
        for (id, shape) in field_ids(shapes.len()).zip(&shapes) {
            fields.push(self.field(id, *shape, &maps, &mut file)?);
        }
        let stats = Stats { docs: self.order.docs, rel_end, shapes, fields, keys, dead: Vec::new(), permuted };
        let meta = file.finish(&stats.to_json()?)?;
        Ok((stats.into_meta(meta), maps))
    }

    fn source(&self, number: usize) -> Result<&'a MergeSource<'a>> {
        self.sources.get(number).ok_or(Error::Defect("a merge order names a source that is none"))
    }

    fn stored(&self, file: &mut SegmentFileWriter) -> Result<()> {
        let mut writer = StoredWriter::begin(file)?;
        for run in &self.order.runs {
            self.interrupt.check()?;
            self.stored_run(run, &mut writer, file)?;
        }
        writer.finish(file)
    }

    /// Copies a run: blocks that lie in it whole as they are, unless that would leave many small ones, the rest by document.
    fn stored_run(&self, run: &Run, writer: &mut StoredWriter, file: &mut SegmentFileWriter) -> Result<()> {
        let reader = self.source(run.source)?.reader.stored();
        let end = run.first + run.len;
        let mut block = reader.block_of(DocId(run.first))?;
        let mut next = run.first;
        while next < end {
            let docs = reader.docs(block)?;
            if !docs.contains(&next) {
                return Err(Error::Defect("a stored block was asked for a document that it does not hold"));
            }
            if docs.start == next && docs.end <= end && writer.takes_block(reader.compressed(block)?) {
                writer.push_block(reader.compressed(block)?, docs.len() as u32, file)?;
            } else {
                reader.block(block, |doc, json| if (next..end).contains(&doc.0) { writer.push(json, file) } else { Ok(()) })?;
            }
            next = docs.end;
            block += 1;
            if block.is_multiple_of(64) {
                self.interrupt.check()?;
            }
        }
        Ok(())
    }

    fn keys(&self, file: &mut SegmentFileWriter) -> Result<(String, String)> {
        let mut hashes = Vec::with_capacity(self.order.docs as usize);
        let mut range = KeyRange::default();
        let mut key = String::new();
        let mut column = KeyColumnWriter::begin(file)?;
        self.order.each(self.interrupt, |source, old, _| {
            self.source(source)?.reader.key(old, &mut key)?;
            hashes.push(xxh3(key.as_bytes()));
            range.include(key.as_bytes());
            column.push(key.as_bytes(), file)
        })?;
        column.finish(file)?;
        write_hashes(hashes, file, &mut Pace::new(self.interrupt))?;
        range.into_strings()
    }

    fn sequence(&self, file: &mut SegmentFileWriter) -> Result<(u64, bool)> {
        let mut sequence = SequenceWriter::default();
        self.order.each(self.interrupt, |source, old, _| sequence.push_any(self.source(source)?.sequence(old)?))?;
        let (end, permuted) = (sequence.end(), sequence.is_permuted());
        sequence.write(file)?;
        Ok((end, permuted))
    }

    fn field(&self, field: FieldId, shape: Shape, maps: &[DocMap], file: &mut SegmentFileWriter) -> Result<FieldStats> {
        let key = SectionKey::field(SectionKind::Column, field);
        match shape {
            Shape::Text => Ok(self.inverted(field, shape, maps, file)?.0),
            Shape::Keyword => {
                let (stats, ranks) = self.inverted(field, shape, maps, file)?;
                self.keywords(field, &ranks, file)?;
                Ok(stats)
            }
            Shape::Integer | Shape::Date | Shape::Boolean => {
                let mut target = IntegerColumnWriter::default();
                file.begin(key)?;
                self.values(field, |column, old, new| match column {
                    Column::Integer(column) => column.get(old)?.map_or(Ok(()), |value| {
                        if new.0.is_multiple_of(1 << 16) {
                            target.spill(file)?;
                        }
                        target.push(new, value)
                    }),
                    _ => Err(OTHER_SHAPE),
                })?;
                target.close(self.order.docs, file)?;
                file.end().map(|_| FieldStats::default())
            }
            Shape::Float => {
                let mut target = FloatColumnWriter::default();
                file.begin(key)?;
                self.values(field, |column, old, new| match column {
                    Column::Float(column) => column.get(old)?.map_or(Ok(()), |value| {
                        if new.0.is_multiple_of(1 << 16) {
                            target.spill(file)?;
                        }
                        target.push(new, value)
                    }),
                    _ => Err(OTHER_SHAPE),
                })?;
                target.close(self.order.docs, file)?;
                file.end().map(|_| FieldStats::default())
            }
            Shape::GeoPoint => {
                let mut target = GeoColumnWriter::default();
                self.values(field, |column, old, new| match column {
                    Column::Geo(column) => column.get(old)?.map_or(Ok(()), |(lat, lon)| target.push(new, lat, lon)),
                    _ => Err(OTHER_SHAPE),
                })?;
                target.write(self.order.docs, file, field).map(|()| FieldStats::default())
            }
        }
    }

    /// Hands out the column, the old and the new document of everything that has a column.
    fn values(&self, field: FieldId, mut each: impl FnMut(&Column, DocId, DocId) -> Result<()>) -> Result<()> {
        let columns: Vec<Option<&Column>> = self.sources.iter().map(|source| source.reader.column(field)).collect();
        self.order.each(self.interrupt, |source, old, new| match columns.get(source).copied().flatten() {
            Some(column) => each(column, old, new),
            None => Ok(()),
        })
    }

    /// Merges the inverted indexes of a field. The ranks say, for each source, what became of its terms.
    fn inverted(
        &self,
        field: FieldId,
        shape: Shape,
        maps: &[DocMap],
        file: &mut SegmentFileWriter,
    ) -> Result<(FieldStats, Vec<Vec<TermOrd>>)> {
        let sources: Vec<_> = self.sources.iter().zip(maps).map(|(source, map)| (source.reader.inverted(field), map)).collect();
        let merged = merge_inverted(&sources, file, field, self.order.docs, shape == Shape::Text, self.interrupt)?;
        Ok((merged.stats.into(), merged.ranks))
    }

    fn keywords(&self, field: FieldId, ranks: &[Vec<TermOrd>], file: &mut SegmentFileWriter) -> Result<()> {
        // Several values in a source may have shrunk to one, so look first.
        let mut single = true;
        let singles =
            self.sources.iter().all(|source| !matches!(source.reader.column(field), Some(Column::Keyword(column)) if !column.is_single()));
        if !singles {
            self.values(field, |column, old, _| {
                let mut values = 0;
                if let Column::Keyword(column) = column {
                    column.ranks(old, |_| values += 1)?;
                }
                single &= values <= 1;
                Ok(())
            })?;
        }
        let mut target = KeywordColumnWriter::new(single);
        let mut of_doc = Vec::new();
        let columns: Vec<Option<&Column>> = self.sources.iter().map(|source| source.reader.column(field)).collect();
        self.order.each(self.interrupt, |source, old, new| {
            of_doc.clear();
            match columns.get(source).copied().flatten() {
                Some(Column::Keyword(column)) => column.ranks(old, |rank| of_doc.push(rank))?,
                Some(_) => return Err(OTHER_SHAPE),
                None => {}
            }
            let ranks = ranks.get(source).map(Vec::as_slice).unwrap_or_default();
            for rank in &mut of_doc {
                *rank = *ranks.get(rank.index()).ok_or(Error::Defect("a keyword without rank in the merged dictionary"))?;
            }
            target.push(new, &of_doc)
        })?;
        target.write(self.order.docs, file, field)
    }
}

const OTHER_SHAPE: Error = Error::Defect("a column of another kind than its field");
