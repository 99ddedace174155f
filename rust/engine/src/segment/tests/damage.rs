//! Damaged segments: found by the check with file and place, never a panic.

use super::*;
use crate::base::{DocId, Error, FieldId, Interrupt, TermOrd};
use crate::codec::columns::Column;

fn sample() -> Vec<u8> {
    let docs: Vec<(u64, String)> = (0..40u64)
        .map(|i| {
            let (tag, lat, day) = (i % 5, i as f64, i % 28 + 1);
            let json = format!(
                r#"{{"id":"k{i}","title":"a b{tag} a c{i}","tags":["x{tag}","y"],"year":{i},"price":{i}.5,"kind":"z{tag}","at":{{"lat":{lat},"lon":1.5}},"day":"2024-02-{day:02}","open":true,"body":"q q q w{i}"}}"#
            );
            (i * (1 + i % 2), json)
        })
        .scan(0, |last, (rel, json)| {
            *last = rel.max(*last + 1);
            Some((*last, json))
        })
        .collect();
    build(&schema(ALL), &docs).1
}

/// Reads all that a search could read; errors are fine, panics are not.
fn read_everything(reader: &SegmentReader) {
    let (mut key, mut json, mut term, mut positions) = (String::new(), Vec::new(), Vec::new(), Vec::new());
    for doc in (0..reader.doc_count().min(100)).map(DocId) {
        let _ = (reader.key(doc, &mut key), reader.document(doc, &mut json), reader.rel(doc));
        let _ = reader.find_key(&key, &mut |_| ());
    }
    for field in (0..ALL as u16).map(FieldId) {
        if let Some(inverted) = reader.inverted(field) {
            for ord in (0..inverted.terms().min(100)).map(TermOrd) {
                let _ = (inverted.term(ord, &mut term), inverted.find(&term), inverted.df(ord));
                let Ok(mut postings) = inverted.postings(ord) else { continue };
                let mut count = 0;
                let _ = postings.collect_window(0, reader.doc_count(), &mut |_, index, _, _| count = index);
                let _ = postings.positions(count, &mut positions);
            }
        }
        let docs = (0..reader.doc_count().min(100)).map(DocId);
        match reader.column(field) {
            Some(Column::Integer(column)) => docs.for_each(|doc| drop(column.get(doc))),
            Some(Column::Float(column)) => docs.for_each(|doc| drop(column.get(doc))),
            Some(Column::Geo(column)) => docs.for_each(|doc| drop(column.get(doc))),
            Some(Column::Keyword(column)) => docs.for_each(|doc| drop(column.ranks(doc, |_| ()))),
            None => {}
        }
    }
}

#[test]
fn a_flipped_byte_is_found_with_file_and_offset() {
    let bytes = sample();
    for at in (0..bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        let found = match SegmentReader::from_bytes("seg/x.seg", Bytes::new(damaged), None) {
            Ok(reader) => reader.check(&Interrupt::none()).unwrap(),
            Err(error) => vec![error],
        };
        assert!(matches!(found.first(), Some(Error::Corruption { file, .. }) if file == "seg/x.seg"), "byte {at}: {found:?}");
    }
}

/// Damage behind right checksums (a defect of a writer, or an attacker): no promise but that nothing panics or runs away.
#[test]
fn damage_behind_right_checksums_never_panics() {
    test_support::flip_bytes(&sample(), 300, true, |file| {
        let Ok(file) = file else { return };
        let bytes = file.bytes().clone();
        let Ok(reader) = SegmentReader::from_bytes("seg/x.seg", bytes, None) else { return };
        read_everything(&reader);
        let _ = reader.check(&Interrupt::none());
        let source = MergeSource { reader: &reader, live: None, base: 0 };
        let (writer, _) = test_support::writer();
        let _ = merge_segments(&[source], &schema(ALL), writer, &Interrupt::none());
    });
}

#[test]
fn files_of_other_kinds_are_refused() {
    for bytes in [vec![], vec![0; 4096], test_support::bytes_of(|_| Ok(()))] {
        assert!(matches!(SegmentReader::from_bytes("seg/x.seg", Bytes::new(bytes), None), Err(Error::Corruption { .. })));
    }
}
