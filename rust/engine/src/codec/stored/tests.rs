//! Stored documents against plain vectors, copied blocks, damaged blocks, the worked bytes of the format.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::base::DocId;
use crate::codec::container::test_support::{bytes_of, file_of, flip_bytes, open};
use crate::codec::{SectionKey, SectionKind};

fn stored(docs: &[Vec<u8>]) -> Vec<u8> {
    bytes_of(|w| {
        let mut writer = StoredWriter::begin(w)?;
        docs.iter().try_for_each(|doc| writer.push(doc, w))?;
        writer.finish(w)
    })
}

fn documents() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let len = prop_oneof![4 => 0usize..200, 1 => 3000usize..20_000];
    prop::collection::vec((len, any::<u8>()), 0..120)
        .prop_map(|docs| docs.into_iter().map(|(len, seed)| (0..len).map(|i| (i as u8 & 15) ^ seed).collect()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn documents_come_back_in_any_order(docs in documents(), seed: u64) {
        let reader = StoredReader::open(&open(stored(&docs)).unwrap()).unwrap();
        prop_assert!(reader.check().is_empty());
        prop_assert_eq!(reader.doc_count() as usize, docs.len());
        let mut out = Vec::new();
        for turn in 0..docs.len() as u64 {
            let doc = (turn.wrapping_add(seed).wrapping_mul(7919) % docs.len() as u64) as u32;
            reader.document(DocId(doc), &mut out).unwrap();
            prop_assert_eq!(&out, &docs[doc as usize]);
        }
        prop_assert!(reader.document(DocId(docs.len() as u32), &mut out).is_err());
    }

    #[test]
    fn blocks_are_copied_whole(docs in documents()) {
        let first = StoredReader::open(&open(stored(&docs)).unwrap()).unwrap();
        let file = file_of(|w| {
            let mut writer = StoredWriter::begin(w)?;
            writer.push(b"before", w)?;
            for block in 0..first.block_count() {
                writer.push_block(first.compressed(block)?, first.docs(block)?.len() as u32, w)?;
            }
            writer.push(b"after", w)?;
            writer.finish(w)
        });
        let second = StoredReader::open(&file).unwrap();
        let mut all = Vec::new();
        for block in 0..second.block_count() {
            second.block(block, |doc, json| { assert_eq!(doc.index(), all.len()); all.push(json.to_vec()); Ok(()) }).unwrap();
        }
        let expected: Vec<Vec<u8>> = [b"before".to_vec()].into_iter().chain(docs).chain([b"after".to_vec()]).collect();
        prop_assert_eq!(all, expected);
    }
}

#[test]
fn two_readers_on_one_thread_do_not_mix_their_blocks() {
    let [a, b] = [b"one".to_vec(), b"two".to_vec()].map(|doc| StoredReader::open(&open(stored(&[doc])).unwrap()).unwrap());
    let mut out = Vec::new();
    for (reader, expected) in [(&a, b"one"), (&b, b"two"), (&a, b"one")] {
        reader.document(DocId(0), &mut out).unwrap();
        assert_eq!(out, expected);
    }
}

#[test]
fn a_large_document_leaves_no_memory_behind() {
    let _ = bytes_of(|w| {
        let mut writer = StoredWriter::begin(w)?;
        writer.push(&vec![b'x'; 3 << 20], w)?;
        assert!(writer.memory() < 1 << 16, "{} bytes", writer.memory());
        writer.finish(w)
    });
}

#[test]
fn damaged_documents_never_panic() {
    let docs: Vec<Vec<u8>> =
        (0..300).map(|i| format!("{{\"id\":\"{i}\",\"title\":\"number {}\"}}", i * 7919 % 1000).into_bytes()).collect();
    for resealed in [false, true] {
        flip_bytes(&stored(&docs), 600, resealed, |file| {
            let Ok(reader) = file.and_then(|file| StoredReader::open(&file)) else { return };
            let _ = reader.check();
            let mut out = Vec::new();
            for doc in (0..300).step_by(11) {
                let read = reader.document(DocId(doc), &mut out);
                assert!(resealed || read.is_err() || out == docs[doc as usize]);
            }
        });
    }
}

/// The worked bytes of FORMAT.md: two documents, one block.
#[test]
fn the_worked_block_is_read() {
    let block = b"\x06\x28\xb5\x2f\xfd\x00\x48\x31\x00\x00\x02\x02{}{}";
    let file = file_of(|w| {
        w.begin(SectionKey::segment(SectionKind::Stored))?;
        w.write(block)?;
        w.end()?;
        w.begin(SectionKey::segment(SectionKind::StoredDirectory))?;
        w.write(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        w.write(&[2, 0, 0, 0, 1, 0, 0, 0, block.len() as u8, 0, 0, 0, 0, 0, 0, 0])?;
        w.end().map(|_| ())
    });
    let reader = StoredReader::open(&file).unwrap();
    let mut out = Vec::new();
    reader.document(DocId(1), &mut out).unwrap();
    assert_eq!(out, b"{}");
}
