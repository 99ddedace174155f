//! Builder, reader and merge against the naive twin, on random documents.

use std::collections::HashMap;

use proptest::prelude::*;

use super::naive::{Naive, assert_holds};
use super::*;
use crate::base::bits::BitSet;
use crate::base::{DocId, Interrupt};

/// One random document: members of every kind, each there or not.
pub fn document() -> impl Strategy<Value = String> {
    let words =
        || prop::collection::vec(prop_oneof![8 => "[a-e]", 2 => "[a-z]{2,6}", 1 => "[ä-ö]{3}"], 0..8).prop_map(|words| words.join(" "));
    let members = (
        prop_oneof![3 => "[a-z]{1,2}", 1 => "key-[0-9]{1,3}"],
        prop::option::of(words()),
        prop::option::of(prop::collection::vec("[a-d]{1,2}", 0..4)),
        prop::option::of(prop_oneof![1900i64..2030, any::<i64>()]),
        prop::option::of(-1e3f64..1e3),
        prop::option::of("[x-z]"),
        prop::option::of((-90f64..=90.0, -180f64..=180.0)),
        prop::option::of(0u32..28),
        prop::option::of(any::<bool>()),
        prop::option::of(words()),
    );
    members.prop_map(|(id, title, tags, year, price, kind, at, day, open, body)| {
        let mut json = serde_json::Map::new();
        json.insert("id".into(), id.into());
        let mut put = |name: &str, value: Option<serde_json::Value>| value.map(|value| json.insert(name.into(), value));
        put("title", title.map(Into::into));
        put("tags", tags.map(Into::into));
        put("year", year.map(Into::into));
        put("price", price.map(Into::into));
        put("kind", kind.map(Into::into));
        put("at", at.map(|(lat, lon)| serde_json::json!({"lat": lat, "lon": lon})));
        put("day", day.map(|day| format!("2024-02-{:02}", day + 1).into()));
        put("open", open.map(Into::into));
        put("body", body.map(Into::into));
        serde_json::Value::Object(json).to_string()
    })
}

/// Documents with the gaps between their sequence numbers.
fn numbered(docs: Vec<(String, u64)>) -> Vec<Naive> {
    let mut sequence = 0;
    let number = |(json, gap)| {
        sequence += gap;
        Naive { sequence, json }
    };
    docs.into_iter().map(number).collect()
}

fn gap() -> impl Strategy<Value = u64> {
    prop_oneof![5 => Just(1u64), 1 => 1u64..50]
}

/// Which documents of a segment a later one with the same key replaces.
fn replaced(schema: &Arc<Schema>, docs: &[Naive]) -> Vec<u32> {
    let mut parser = DocumentParser::new(Arc::clone(schema));
    let mut newest = HashMap::new();
    let keys = docs.iter().enumerate().map(|(doc, naive)| (parser.parse(naive.json.as_bytes()).unwrap().key.to_string(), doc as u32));
    let mut dead: Vec<u32> = keys.filter_map(|(key, doc)| newest.insert(key, doc)).collect();
    dead.sort_unstable();
    dead
}

fn relative(docs: &[Naive], base: u64) -> Vec<(u64, String)> {
    docs.iter().map(|doc| (doc.sequence - base, doc.json.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_built_segment_holds_its_documents(docs in prop::collection::vec((document(), gap()), 0..60)) {
        let (schema, docs) = (schema(ALL), numbered(docs));
        let (meta, reader) = built(&schema, &relative(&docs, 0));
        assert_holds(&reader, &schema, &docs, 0);
        prop_assert!(reader.check(&Interrupt::none()).unwrap().is_empty());
        let dead = replaced(&schema, &docs);
        prop_assert_eq!(reader.replaced(), &dead);
        prop_assert_eq!(meta.dead, dead);
        prop_assert_eq!(meta.rel_end, docs.last().map_or(0, |doc| doc.sequence + 1));
        prop_assert_eq!((meta.key_min.as_str(), meta.key_max.as_str()), reader.key_range());
        prop_assert_eq!(reader.bytes().values().sum::<u64>(), meta.size);
    }

    /// Documents are dealt out to segments (neighbours often together), some of them with an older schema; some are deleted; then all is
    /// merged, by sequence or in a given order, and once more with the result as a source.
    #[test]
    fn a_merged_segment_holds_what_survived(
        docs in prop::collection::vec((document(), gap(), 0usize..4, 0u8..5), 0..70),
        stay in 1usize..20,
        older: [bool; 4],
        permute: Option<u64>,
        twice: bool,
    ) {
        let whole = schema(ALL);
        let deal: Vec<usize> = docs.iter().enumerate().map(|(i, _)| docs[i / stay * stay].2).collect();
        let alive: Vec<bool> = docs.iter().map(|doc| doc.3 != 0).collect();
        let docs = numbered(docs.into_iter().map(|(json, gap, ..)| (json, gap)).collect());
        let mut parts: Vec<(Arc<SegmentReader>, BitSet, u64, Vec<Naive>)> = Vec::new();
        for (part, older) in older.into_iter().enumerate() {
            let schema = if older { schema(4) } else { Arc::clone(&whole) };
            let mut of_part: Vec<Naive> = docs.iter().zip(&deal).filter(|(_, deal)| **deal == part).map(|(doc, _)| doc.clone()).collect();
            if older {
                of_part.iter_mut().for_each(|doc| keep(&mut doc.json, &["id", "title", "tags", "year", "price"]));
            }
            let base = of_part.first().map_or(0, |doc| doc.sequence);
            let (_, reader) = built(&schema, &relative(&of_part, base));
            let mut live = BitSet::empty(of_part.len() as u32);
            let marks = alive.iter().zip(&deal).filter(|(_, deal)| **deal == part).map(|(alive, _)| *alive);
            marks.enumerate().filter(|(_, alive)| *alive).for_each(|(doc, _)| { live.insert(doc as u32); });
            parts.push((reader, live, base, of_part));
        }
        let sources: Vec<MergeSource<'_>> = parts.iter()
            .map(|(reader, live, base, _)| MergeSource { reader, live: (live.count() < live.len()).then_some(live), base: *base }).collect();
        let mut order: Vec<(u64, usize, DocId)> = Vec::new();
        for (part, (_, live, _, of_part)) in parts.iter().enumerate() {
            order.extend(live.iter().map(|doc| (of_part[doc as usize].sequence, part, DocId(doc))));
        }
        order.sort_unstable();
        if let Some(seed) = permute {
            order.sort_by_key(|(sequence, ..)| crate::base::checksum::xxh3(&(sequence ^ seed).to_le_bytes()));
        }
        let expected: Vec<Naive> = order.iter().map(|(_, part, doc)| parts[*part].3[doc.index()].clone()).collect();
        let (writer, shelf) = test_support::writer();
        let merged = if permute.is_some() {
            let given: Vec<(usize, DocId)> = order.iter().map(|(_, part, doc)| (*part, *doc)).collect();
            merge_permuted(&sources, &given, &whole, writer, &Interrupt::none())
        } else {
            merge_segments(&sources, &whole, writer, &Interrupt::none())
        };
        let (meta, maps) = merged.unwrap();
        let reader = open(std::mem::take(&mut *shelf.lock().unwrap()), meta.checksum);
        assert_holds(&reader, &whole, &expected, 0);
        prop_assert!(reader.check(&Interrupt::none()).unwrap().is_empty());
        prop_assert_eq!(reader.in_sequence_order(), expected.is_sorted_by_key(|doc| doc.sequence));
        for (part, (_, live, _, of_part)) in parts.iter().enumerate() {
            for doc in 0..of_part.len() as u32 {
                let new = order.iter().position(|place| (place.1, place.2) == (part, DocId(doc)));
                prop_assert_eq!(maps[part].get(DocId(doc)).map(DocId::index), new.filter(|_| live.contains(doc)));
            }
        }
        if twice {
            // Once more, by sequence, with the result and nothing else: the order is restored.
            let source = MergeSource { reader: &reader, live: None, base: 0 };
            let (writer, shelf) = test_support::writer();
            let (meta, _) = merge_segments(&[source], &whole, writer, &Interrupt::none()).unwrap();
            let again = open(std::mem::take(&mut *shelf.lock().unwrap()), meta.checksum);
            let mut sorted = expected;
            sorted.sort_by_key(|doc| doc.sequence);
            assert_holds(&again, &whole, &sorted, 0);
            prop_assert!(again.in_sequence_order());
        }
    }
}

/// Cuts a JSON object down to some members.
fn keep(json: &mut String, members: &[&str]) {
    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
    object.retain(|name, _| members.contains(&name.as_str()));
    *json = serde_json::Value::Object(object).to_string();
}

#[test]
fn orders_that_are_no_permutation_are_a_defect() {
    let schema = schema(1);
    let (_, reader) = built(&schema, &[(0, r#"{"id":"a"}"#.into()), (1, r#"{"id":"b"}"#.into())]);
    let source = [MergeSource { reader: &reader, live: None, base: 0 }];
    for order in [&[(0, DocId(0))][..], &[(0, DocId(0)), (0, DocId(0))], &[(0, DocId(0)), (1, DocId(1))], &[(0, DocId(0)), (0, DocId(2))]] {
        let (writer, _) = test_support::writer();
        assert!(merge_permuted(&source, order, &schema, writer, &Interrupt::none()).is_err());
    }
}

#[test]
fn an_interrupt_stops_merge_and_check() {
    let schema = schema(ALL);
    let (_, reader) = built(&schema, &[(0, r#"{"id":"a","title":"x"}"#.into())]);
    let flag = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let interrupt = Interrupt::new(Some(flag), None);
    let (writer, _) = test_support::writer();
    let source = MergeSource { reader: &reader, live: None, base: 0 };
    assert!(matches!(merge_segments(&[source], &schema, writer, &interrupt), Err(crate::base::Error::Cancelled)));
    assert!(reader.check(&interrupt).is_err());
}

/// Large enough for several stored blocks, column blocks and key buckets, and for merges that copy whole blocks.
#[test]
fn many_documents_survive_a_merge() {
    let schema = schema(ALL);
    let docs: Vec<Naive> = (0..3000u64)
        .map(|i| Naive {
            sequence: i * 2,
            json: format!(
                r#"{{"id":"{i}","title":"word{} common","tags":["t{}","all"],"year":{},"day":"2024-01-{:02}"}}"#,
                i % 37,
                i % 5,
                i * 3,
                i % 28 + 1
            ),
        })
        .collect();
    let parts: Vec<(&[Naive], Arc<SegmentReader>)> =
        docs.chunks(1100).map(|part| (part, built(&schema, &relative(part, part[0].sequence)).1)).collect();
    let mut live = BitSet::full(1100);
    (200..210).for_each(|doc| {
        live.remove(doc);
    });
    let sources: Vec<MergeSource<'_>> = parts
        .iter()
        .enumerate()
        .map(|(i, (part, reader))| MergeSource { reader, live: (i == 0).then_some(&live), base: part[0].sequence })
        .collect();
    let (writer, shelf) = test_support::writer();
    let (meta, _) = merge_segments(&sources, &schema, writer, &Interrupt::none()).unwrap();
    let reader = open(std::mem::take(&mut *shelf.lock().unwrap()), meta.checksum);
    // Opening touches the ends of sections, never all of one.
    let (verified, fields) = (reader.file().verified_pages(), schema.fields().len() as u64);
    assert!(verified <= 4 + 2 * fields && verified * 2 < reader.file().size() / 4096, "{verified} pages of {} bytes", reader.file().size());
    assert!(reader.check(&Interrupt::none()).unwrap().is_empty());
    let survivors: Vec<Naive> = docs.iter().enumerate().filter(|(i, _)| !(200..210).contains(i)).map(|(_, doc)| doc.clone()).collect();
    let (mut json, mut key) = (Vec::new(), String::new());
    for (doc, naive) in survivors.iter().enumerate().step_by(7) {
        reader.document(DocId(doc as u32), &mut json).unwrap();
        assert_eq!(json, naive.json.as_bytes());
        assert_eq!(reader.rel(DocId(doc as u32)).unwrap(), naive.sequence);
        reader.key(DocId(doc as u32), &mut key).unwrap();
        assert_eq!(key, (naive.sequence / 2).to_string());
    }
}
