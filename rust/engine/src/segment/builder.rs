//! Builds one segment from documents.
//!
//! **In**: checked documents with ascending relative sequence numbers. **Out**: a finished segment file and its [`SegmentMeta`]. **Law**:
//! documents get their ids in the order in which they come; of two with the same key the later one lives; stored blocks stream into the
//! file, all else is held until the end and counted honestly by [`SegmentBuilder::memory`]. After an error the builder is of no use.

use std::sync::Arc;

use super::inverted::InvertedBuilder;
use super::key_table::KeyTable;
use super::meta::{FieldStats, SegmentMeta, Stats, field_ids, shapes};
use crate::analysis::{Analyzer, Analyzers};
use crate::base::{DocId, Error, FieldId, Interrupt, Pace, Result, TermOrd};
use crate::codec::columns::{FloatColumnWriter, GeoColumnWriter, IntegerColumnWriter, KeywordColumnWriter};
use crate::codec::sequence::SequenceWriter;
use crate::codec::stored::StoredWriter;
use crate::codec::{SectionKey, SectionKind, SegmentFileWriter};
use crate::schema::document::{Document, Value};
use crate::schema::{FieldKind, Schema};

/// Most documents of a segment.
pub const MAX_DOCS: u32 = 1 << 31;

/// What is gathered of one field.
enum FieldBuilder {
    Text { analyzer: Arc<dyn Analyzer>, inverted: InvertedBuilder },
    Keyword { inverted: InvertedBuilder, values: Vec<(DocId, u32)> },
    Integer(IntegerColumnWriter),
    Float(FloatColumnWriter),
    Geo(GeoColumnWriter),
}

/// Builds one segment.
pub struct SegmentBuilder {
    schema: Arc<Schema>,
    file: SegmentFileWriter,
    stored: StoredWriter,
    keys: KeyTable,
    sequence: SequenceWriter,
    fields: Vec<FieldBuilder>,
    dead: Vec<u32>,
    docs: u32,
}

impl SegmentBuilder {
    /// Starts a segment of `schema` in `file`.
    ///
    /// # Errors
    /// Storage errors; [`Error::Defect`] when a Text field has no analyzer.
    pub fn new(schema: Arc<Schema>, analyzers: Arc<Analyzers>, mut file: SegmentFileWriter) -> Result<Self> {
        let fields = schema.iter().map(|(id, field)| {
            Ok(match &field.kind {
                FieldKind::Text { .. } => {
                    let analyzer = analyzers.get(id).ok_or(Error::Defect("a Text field without analyzer"))?;
                    FieldBuilder::Text { analyzer: Arc::clone(analyzer), inverted: InvertedBuilder::new(true) }
                }
                FieldKind::Keyword { .. } => FieldBuilder::Keyword { inverted: InvertedBuilder::new(false), values: Vec::new() },
                FieldKind::Integer | FieldKind::Date | FieldKind::Boolean => FieldBuilder::Integer(IntegerColumnWriter::default()),
                FieldKind::Float => FieldBuilder::Float(FloatColumnWriter::default()),
                FieldKind::GeoPoint => FieldBuilder::Geo(GeoColumnWriter::default()),
            })
        });
        let fields = fields.collect::<Result<_>>()?;
        let stored = StoredWriter::begin(&mut file)?;
        let (keys, sequence) = (KeyTable::default(), SequenceWriter::default());
        Ok(Self { schema, file, stored, keys, sequence, fields, dead: Vec::new(), docs: 0 })
    }

    /// Adds a document whose relative sequence number is larger than all before.
    ///
    /// # Errors
    /// Storage errors; [`Error::Defect`] for a document of another schema or a sequence number that is not larger.
    pub fn add(&mut self, document: &Document<'_>, rel: u64) -> Result<DocId> {
        if self.docs >= MAX_DOCS {
            return Err(Error::Defect("more documents than a segment can number"));
        }
        let doc = DocId(self.docs);
        self.sequence.push(rel)?;
        self.dead.extend(self.keys.push(&document.key));
        self.stored.push(&document.json, &mut self.file)?;
        for (field, value) in &document.values {
            self.value(doc, *field, value)?;
        }
        self.docs += 1;
        Ok(doc)
    }

    #[inline]
    fn value(&mut self, doc: DocId, field: FieldId, value: &Value<'_>) -> Result<()> {
        match (self.fields.get_mut(field.index()), value) {
            (Some(FieldBuilder::Text { analyzer, inverted }), Value::Text(text)) => {
                analyzer.analyze(text, &mut |token| {
                    inverted.add(doc.0, token.text.as_bytes(), token.position);
                });
                Ok(())
            }
            (Some(FieldBuilder::Keyword { inverted, values }), Value::Keyword(text)) => {
                values.push((doc, inverted.add(doc.0, text.as_bytes(), 0)));
                Ok(())
            }
            (Some(FieldBuilder::Integer(column)), Value::Integer(value) | Value::Date(value)) => column.push(doc, *value),
            (Some(FieldBuilder::Integer(column)), Value::Boolean(value)) => column.push(doc, i64::from(*value)),
            (Some(FieldBuilder::Float(column)), Value::Float(value)) => column.push(doc, *value),
            (Some(FieldBuilder::Geo(column)), Value::Geo { lat, lon }) => column.push(doc, *lat, *lon),
            _ => Err(Error::Defect("a document of another schema than its segment's")),
        }
    }

    /// Documents so far, dead ones included.
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        self.docs
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        let fields = self.fields.iter().map(|field| match field {
            FieldBuilder::Text { inverted, .. } => inverted.memory(),
            FieldBuilder::Keyword { inverted, values } => inverted.memory() + values.capacity() * size_of::<(DocId, u32)>(),
            FieldBuilder::Integer(column) => column.memory(),
            FieldBuilder::Float(column) => column.memory(),
            FieldBuilder::Geo(column) => column.memory(),
        });
        let whole = self.file.memory() + self.stored.memory() + self.keys.memory() + self.sequence.memory();
        whole + self.dead.capacity() * 4 + fields.sum::<usize>()
    }

    /// Writes what is held, and makes the file durable.
    ///
    /// # Errors
    /// Storage errors; an interrupt's, within milliseconds: nothing is left of the file then.
    pub fn finish(mut self, interrupt: &Interrupt) -> Result<SegmentMeta> {
        let file = &mut self.file;
        self.stored.finish(file)?;
        let keys = self.keys.write(file, interrupt)?;
        let rel_end = self.sequence.end();
        self.sequence.write(file)?;
        let ids = field_ids(self.fields.len());
        let fields = ids.zip(self.fields).map(|(id, field)| field.write(self.docs, file, id, interrupt)).collect::<Result<_>>()?;
        self.dead.sort_unstable();
        let shapes = shapes(&self.schema);
        let stats = Stats { docs: self.docs, rel_end, shapes, fields, keys, dead: self.dead, permuted: false };
        let meta = self.file.finish(&stats.to_json()?)?;
        Ok(stats.into_meta(meta))
    }
}

impl FieldBuilder {
    fn write(self, docs: u32, file: &mut SegmentFileWriter, field: FieldId, interrupt: &Interrupt) -> Result<FieldStats> {
        interrupt.check()?;
        let key = SectionKey::field(SectionKind::Column, field);
        match self {
            Self::Text { inverted, .. } => inverted.write(file, field, docs, interrupt).map(|written| written.stats.into()),
            Self::Keyword { inverted, values } => {
                let written = inverted.write(file, field, docs, interrupt)?;
                write_keywords(&values, &written.ranks, docs, file, field, interrupt)?;
                Ok(written.stats.into())
            }
            Self::Integer(column) => column.write(docs, file, key).map(|()| FieldStats::default()),
            Self::Float(column) => column.write(docs, file, key).map(|()| FieldStats::default()),
            Self::Geo(column) => column.write(docs, file, field).map(|()| FieldStats::default()),
        }
    }
}

/// Writes a keyword column from (document, term id), documents ascending; `ranks` says the rank of each term id.
fn write_keywords(
    values: &[(DocId, u32)],
    ranks: &[TermOrd],
    docs: u32,
    file: &mut SegmentFileWriter,
    field: FieldId,
    interrupt: &Interrupt,
) -> Result<()> {
    let single =
        values.chunk_by(|a, b| a.0 == b.0).all(|of_doc| of_doc.iter().all(|(_, term)| Some(term) == of_doc.first().map(|(_, t)| t)));
    let mut column = KeywordColumnWriter::new(single);
    let mut of_doc = Vec::new();
    let mut next = values.iter().peekable();
    let mut pace = Pace::new(interrupt);
    for doc in (0..docs).map(DocId) {
        of_doc.clear();
        while let Some((_, term)) = next.next_if(|(other, _)| *other == doc) {
            of_doc.push(*ranks.get(*term as usize).ok_or(Error::Defect("a term without rank"))?);
        }
        of_doc.sort_unstable();
        of_doc.dedup();
        column.push(doc, &of_doc)?;
        pace.step(of_doc.len() + 1)?;
    }
    column.write(docs, file, field)
}

impl std::fmt::Debug for SegmentBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SegmentBuilder({} documents in {})", self.docs, self.file.name())
    }
}
