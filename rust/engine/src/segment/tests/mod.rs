//! Segments of every kind of field: against a naive twin, and damaged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod damage;
mod interrupted;
mod naive;
mod twin;

use std::sync::Arc;

use crate::analysis::Analyzers;
use crate::base::Interrupt;
use crate::codec::container::test_support;
use crate::schema::document::DocumentParser;
use crate::schema::{Extra, Field, FieldKind, KeyKind, Schema};
use crate::storage::Bytes;

use super::*;

/// A schema with every kind of field; the first `fields` of them.
fn schema(fields: usize) -> Arc<Schema> {
    let all = [
        ("title", FieldKind::Text { analyzer: "standard".into() }),
        ("tags", FieldKind::Keyword { many: true }),
        ("year", FieldKind::Integer),
        ("price", FieldKind::Float),
        ("kind", FieldKind::Keyword { many: false }),
        ("at", FieldKind::GeoPoint),
        ("day", FieldKind::Date),
        ("open", FieldKind::Boolean),
        ("body", FieldKind::Text { analyzer: "whitespace".into() }),
    ];
    let fields = all.into_iter().take(fields).map(|(name, kind)| Field { name: name.into(), kind }).collect();
    Arc::new(Schema::new("id".into(), KeyKind::String, Extra::Store, fields).unwrap())
}

const ALL: usize = 9;

/// Builds a segment of JSON documents with their relative sequence numbers.
fn build(schema: &Arc<Schema>, docs: &[(u64, String)]) -> (SegmentMeta, Vec<u8>) {
    let (writer, shelf) = test_support::writer();
    let analyzers = Arc::new(Analyzers::of(schema.analyzers()).unwrap());
    let mut builder = SegmentBuilder::new(Arc::clone(schema), analyzers, writer).unwrap();
    let mut parser = DocumentParser::new(Arc::clone(schema));
    let mut memory = builder.memory();
    for (rel, json) in docs {
        builder.add(&parser.parse(json.as_bytes()).unwrap(), *rel).unwrap();
        assert!(builder.memory() >= memory.min(1 << 16), "memory does not vanish while documents come");
        memory = builder.memory();
    }
    assert_eq!(builder.doc_count() as usize, docs.len());
    let meta = builder.finish(&Interrupt::none()).unwrap();
    let bytes = std::mem::take(&mut *shelf.lock().unwrap());
    (meta, bytes)
}

fn open(bytes: Vec<u8>, checksum: u32) -> Arc<SegmentReader> {
    SegmentReader::from_bytes("seg/test.seg", Bytes::new(bytes), Some(checksum)).unwrap()
}

/// Builds a segment and opens it.
fn built(schema: &Arc<Schema>, docs: &[(u64, String)]) -> (SegmentMeta, Arc<SegmentReader>) {
    let (meta, bytes) = build(schema, docs);
    assert_eq!(meta.size, bytes.len() as u64);
    let reader = open(bytes, meta.checksum);
    (meta, reader)
}
