//! Columns against plain vectors, damaged columns, the worked bytes of the format.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::base::{DocId, FieldId, Result, TermOrd};
use crate::codec::container::test_support::{bytes_of, file_of, flip_bytes, open};
use crate::codec::{SectionKey, SectionKind, SegmentFile};

const FIELD: FieldId = FieldId(3);

fn column_key() -> SectionKey {
    SectionKey::field(SectionKind::Column, FIELD)
}

fn integers(values: &[Option<i64>]) -> Vec<u8> {
    bytes_of(|w| {
        let mut column = IntegerColumnWriter::default();
        w.begin(column_key())?;
        for (doc, value) in values.iter().enumerate() {
            if let Some(value) = value {
                column.push(DocId(doc as u32), *value)?;
            }
            if doc % 1500 == 7 {
                column.spill(w)?;
            }
        }
        column.close(values.len() as u32, w)?;
        w.end().map(|_| ())
    })
}

fn opened(file: &Arc<SegmentFile>) -> Result<IntegerColumn> {
    IntegerColumn::open(file.section(column_key()).unwrap())
}

/// Columns of several blocks, each block of its own density and kind of numbers.
fn values() -> impl Strategy<Value = Vec<Option<i64>>> {
    let block = (0u8..5, 0u8..4, any::<u64>(), any::<i64>());
    (prop::collection::vec(block, 0..4), 0usize..1024).prop_map(|(blocks, tail)| {
        let mut out = Vec::new();
        let last = blocks.len().saturating_sub(1);
        for (i, (numbers, density, seed, base)) in blocks.into_iter().enumerate() {
            let mut state = seed | 1;
            for slot in 0..if i == last { tail } else { 1024 } {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let random = state >> 20;
                let value = match numbers {
                    0 => base,
                    1 => base.wrapping_add((random % 100) as i64),
                    2 => 1_700_000_000_000_000 + (random % 1000) as i64 * 86_400_000_000,
                    3 => state as i64,
                    _ => [i64::MIN, i64::MAX, 0, -1][slot % 4],
                };
                let there = match density {
                    0 => true,
                    1 => random % 2 == 0,
                    2 => random % 100 == 0,
                    _ => false,
                };
                out.push(there.then_some(value));
            }
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn integers_come_back(values in values()) {
        let file = open(integers(&values)).unwrap();
        let column = opened(&file).unwrap();
        column.check().unwrap();
        let mut seen = vec![None; values.len()];
        column.for_each(|doc, value| seen[doc.index()] = Some(value)).unwrap();
        prop_assert_eq!(&seen, &values);
        for (doc, value) in values.iter().enumerate() {
            prop_assert_eq!(column.get(DocId(doc as u32)).unwrap(), *value);
        }
        prop_assert_eq!(column.get(DocId(values.len() as u32)).unwrap(), None);
        for (block, docs) in values.chunks(BLOCK as usize).enumerate() {
            let there = || docs.iter().flatten();
            let zone = there().min().zip(there().max()).map(|(&min, &max)| Zone { min, max, full: docs.iter().all(Option::is_some) });
            prop_assert_eq!(column.zone(block as u32).unwrap(), zone);
        }
        prop_assert_eq!(column.zone(column.blocks()).unwrap(), None);
    }

    #[test]
    fn points_come_back(points in prop::collection::vec(prop::option::of((-90f64..=90.0, -180f64..=180.0)), 0..1500)) {
        let file = file_of(|w| {
            let mut column = GeoColumnWriter::default();
            for (doc, point) in points.iter().enumerate() {
                if let Some((lat, lon)) = point {
                    column.push(DocId(doc as u32), *lat, *lon)?;
                }
            }
            column.write(points.len() as u32, w, FIELD)
        });
        let float = |kind| FloatColumn::open(file.section(SectionKey::field(kind, FIELD)).unwrap()).unwrap();
        let column = GeoColumn::new(float(SectionKind::Column), float(SectionKind::Longitudes)).unwrap();
        column.check().unwrap();
        for (doc, point) in points.iter().enumerate() {
            prop_assert_eq!(column.get(DocId(doc as u32)).unwrap(), *point);
            if let Some((lat, lon)) = point {
                let bounds = column.bounds(doc as u32 / BLOCK).unwrap().unwrap();
                prop_assert!(bounds.latitude.0 <= *lat && *lat <= bounds.latitude.1);
                prop_assert!(bounds.longitude.0 <= *lon && *lon <= bounds.longitude.1);
            }
        }
    }

    #[test]
    fn keywords_come_back(docs in prop::collection::vec(prop::collection::btree_set(0u32..500, 0..4), 0..1500), single: bool) {
        let docs: Vec<Vec<TermOrd>> = docs.iter().map(|set| set.iter().take(if single { 1 } else { 9 }).map(|&r| TermOrd(r)).collect()).collect();
        let file = file_of(|w| {
            let mut column = KeywordColumnWriter::new(single);
            for (doc, ranks) in docs.iter().enumerate() {
                column.push(DocId(doc as u32), ranks)?;
            }
            column.write(docs.len() as u32, w, FIELD)
        });
        let column = KeywordColumn::open(&file, FIELD, 500).unwrap().unwrap();
        column.check().unwrap();
        prop_assert_eq!(column.is_single(), single);
        prop_assert_eq!(column.doc_count() as usize, docs.len());
        for (doc, ranks) in docs.iter().enumerate() {
            let mut seen = Vec::new();
            column.ranks(DocId(doc as u32), |rank| seen.push(rank)).unwrap();
            prop_assert_eq!(&seen, ranks);
            prop_assert_eq!(column.first(DocId(doc as u32)).unwrap(), ranks.first().copied());
        }
        if docs.iter().flatten().any(|rank| rank.0 >= 100) {
            prop_assert!(KeywordColumn::open(&file, FIELD, 100).unwrap().unwrap().check().is_err());
        }
    }
}

#[test]
fn damaged_columns_never_panic() {
    let values: Vec<Option<i64>> = (0..2500).map(|i| (i % 3 != 0 || i > 1024).then_some(i * i)).collect();
    for resealed in [false, true] {
        flip_bytes(&integers(&values), 600, resealed, |file| {
            let Ok(file) = file else { return };
            let Some(section) = file.section(column_key()) else { return };
            let Ok(column) = IntegerColumn::open(section) else { return };
            let _ = column.check();
            for doc in (0..2500).step_by(7) {
                let read = column.get(DocId(doc));
                assert!(resealed || read.is_err() || read.unwrap() == values[doc as usize]);
            }
        });
    }
}

#[test]
fn documents_out_of_order_are_a_defect() {
    let mut column = IntegerColumnWriter::default();
    column.push(DocId(5), 1).unwrap();
    assert!(column.push(DocId(5), 1).is_err());
    let _ = bytes_of(|w| {
        w.begin(column_key())?;
        assert!(column.close(5, w).is_err());
        w.end().map(|_| ())
    });
}

/// The worked bytes of FORMAT.md: documents 0 and 2 of three have the values 60 and 180.
#[test]
fn the_worked_column_is_read() {
    let file = open(integers(&[Some(60), None, Some(180)])).unwrap();
    let mut expected = vec![0b101];
    expected.extend_from_slice(&[0; 127]);
    expected.push(0b10); // 60 = 60 + 0·120, 180 = 60 + 1·120, one bit each
    expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 2]);
    expected.extend_from_slice(&60i64.to_le_bytes());
    expected.extend_from_slice(&180i64.to_le_bytes());
    expected.extend_from_slice(&120i64.to_le_bytes());
    expected.extend_from_slice(&[3, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(file.section(column_key()).unwrap().all().unwrap(), expected);
    let column = opened(&file).unwrap();
    assert_eq!((column.get(DocId(0)).unwrap(), column.get(DocId(1)).unwrap(), column.get(DocId(2)).unwrap()), (Some(60), None, Some(180)));
}
