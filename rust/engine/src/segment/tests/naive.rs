//! What a segment should hold, in maps and vectors, and the comparison with what it holds.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::analysis::Analyzers;
use crate::base::{DocId, FieldId, TermOrd};
use crate::codec::columns::Column;
use crate::codec::norms;
use crate::schema::document::Value;

/// One document as its values.
#[derive(Clone, Debug)]
pub struct Naive {
    pub sequence: u64,
    pub json: String,
}

type Lists = BTreeMap<Vec<u8>, BTreeMap<u32, Vec<u32>>>;

/// All values of one field.
#[derive(Default)]
struct NaiveField {
    lists: Lists,
    lengths: BTreeMap<u32, u32>,
    keywords: BTreeMap<u32, BTreeSet<String>>,
    integers: BTreeMap<u32, i64>,
    floats: BTreeMap<u32, u64>,
    points: BTreeMap<u32, (f64, f64)>,
}

fn field_values(schema: &Arc<Schema>, docs: &[Naive]) -> (Vec<String>, Vec<NaiveField>) {
    let analyzers = Analyzers::of(schema.analyzers()).unwrap();
    let mut parser = DocumentParser::new(Arc::clone(schema));
    let mut fields: Vec<NaiveField> = schema.fields().iter().map(|_| NaiveField::default()).collect();
    let mut keys = Vec::new();
    for (number, doc) in docs.iter().enumerate() {
        let number = number as u32;
        let parsed = parser.parse(doc.json.as_bytes()).unwrap();
        keys.push(parsed.key.to_string());
        for (id, value) in &parsed.values {
            let field = &mut fields[id.index()];
            match value {
                Value::Text(text) => analyzers.get(*id).unwrap().analyze(text, &mut |token| {
                    field.lists.entry(token.text.into()).or_default().entry(number).or_default().push(token.position);
                    *field.lengths.entry(number).or_default() += 1;
                }),
                Value::Keyword(text) => {
                    field.lists.entry(text.as_bytes().to_vec()).or_default().entry(number).or_default();
                    field.keywords.entry(number).or_default().insert(text.to_string());
                }
                Value::Integer(value) | Value::Date(value) => drop(field.integers.insert(number, *value)),
                Value::Boolean(value) => drop(field.integers.insert(number, i64::from(*value))),
                Value::Float(value) => drop(field.floats.insert(number, value.to_bits())),
                Value::Geo { lat, lon } => drop(field.points.insert(number, (*lat, *lon))),
            }
        }
    }
    (keys, fields)
}

/// Asserts that a segment holds exactly these documents, under `base`.
pub fn assert_holds(reader: &SegmentReader, schema: &Arc<Schema>, docs: &[Naive], base: u64) {
    assert_eq!(reader.doc_count() as usize, docs.len());
    let (keys, fields) = field_values(schema, docs);
    let (mut key, mut json) = (String::new(), Vec::new());
    for (number, doc) in docs.iter().enumerate() {
        let id = DocId(number as u32);
        reader.key(id, &mut key).unwrap();
        assert_eq!(key, keys[number]);
        reader.document(id, &mut json).unwrap();
        assert_eq!(json, doc.json.as_bytes());
        assert_eq!(reader.rel(id).unwrap() + base, doc.sequence);
        let mut found = Vec::new();
        reader.find_key(&key, &mut |doc| found.push(doc.index())).unwrap();
        assert_eq!(found, (0..docs.len()).filter(|&other| keys[other] == key).collect::<Vec<_>>());
    }
    assert_eq!(reader.key_range().0, keys.iter().min().map_or("", String::as_str));
    assert_eq!(reader.key_range().1, keys.iter().max().map_or("", String::as_str));
    for (id, definition) in schema.iter() {
        assert_field(reader, id, &definition.kind, &fields[id.index()]);
    }
}

fn assert_field(reader: &SegmentReader, id: FieldId, kind: &FieldKind, field: &NaiveField) {
    let docs = (0..reader.doc_count()).map(DocId);
    match (kind, reader.column(id)) {
        (FieldKind::Text { .. }, None) => {
            let stats = reader.field_stats(id);
            assert_eq!(stats.docs as usize, field.lengths.len());
            assert_eq!(stats.sum_dl, field.lengths.values().map(|length| u64::from(*length)).sum::<u64>());
            assert_lists(reader, id, field, true);
        }
        (FieldKind::Keyword { .. }, column) => {
            assert_lists(reader, id, field, false);
            let mut term = Vec::new();
            for doc in docs {
                let mut ranks: Vec<TermOrd> = Vec::new();
                match column {
                    Some(Column::Keyword(column)) => column.ranks(doc, |rank| ranks.push(rank)).unwrap(),
                    None => {}
                    other => panic!("{other:?}"),
                }
                let terms: Vec<String> = ranks
                    .iter()
                    .map(|rank| {
                        reader.inverted(id).unwrap().term(*rank, &mut term).unwrap();
                        String::from_utf8(term.clone()).unwrap()
                    })
                    .collect();
                assert!(terms.iter().eq(field.keywords.get(&doc.0).into_iter().flatten()));
            }
        }
        (_, Some(Column::Integer(column))) => {
            docs.for_each(|doc| assert_eq!(column.get(doc).unwrap(), field.integers.get(&doc.0).copied()));
        }
        (_, Some(Column::Float(column))) => {
            docs.for_each(|doc| assert_eq!(column.get(doc).unwrap().map(f64::to_bits), field.floats.get(&doc.0).copied()));
        }
        (_, Some(Column::Geo(column))) => {
            docs.for_each(|doc| assert_eq!(column.get(doc).unwrap(), field.points.get(&doc.0).copied()));
        }
        (kind, column) => {
            assert!(column.is_none() && reader.field_stats(id).docs == 0, "{kind:?}: {column:?}");
            assert!(field.integers.is_empty() && field.floats.is_empty() && field.points.is_empty(), "{kind:?} is missing");
        }
    }
}

fn assert_lists(reader: &SegmentReader, id: FieldId, field: &NaiveField, text: bool) {
    let mut held = Lists::new();
    let Some(inverted) = reader.inverted(id) else {
        assert!(field.lists.is_empty());
        return;
    };
    let mut term = Vec::new();
    for ord in (0..inverted.terms()).map(TermOrd) {
        inverted.term(ord, &mut term).unwrap();
        assert_eq!(inverted.find(&term).unwrap(), Some(ord));
        let mut postings = inverted.postings(ord).unwrap();
        let mut found = Vec::new();
        postings
            .collect_window(0, reader.doc_count(), &mut |doc, index, tf, norm| {
                found.push((doc, index, tf));
                assert_eq!(norm, if text { norms::encode(field.lengths[&doc]) } else { 0 });
            })
            .unwrap();
        let list = held.entry(term.clone()).or_default();
        for (doc, index, tf) in found {
            let mut positions = Vec::new();
            if text {
                postings.positions(index, &mut positions).unwrap();
                assert_eq!(positions.len(), tf as usize);
            }
            list.insert(doc, positions);
        }
    }
    assert_eq!(held, field.lists);
    if text {
        for doc in 0..reader.doc_count() {
            assert_eq!(inverted.norm(DocId(doc)).unwrap(), field.lengths.get(&doc).map_or(0, |length| norms::encode(*length)));
        }
    }
}
