//! Keys against plain vectors, damaged keys, the worked bytes of the format.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::base::{Interrupt, Pace};
use crate::codec::container::test_support::{bytes_of, flip_bytes, open};
use crate::codec::{SectionKey, SectionKind};

fn stored(keys: &[String]) -> Vec<u8> {
    bytes_of(|w| {
        let mut column = KeyColumnWriter::begin(w)?;
        keys.iter().try_for_each(|key| column.push(key.as_bytes(), w))?;
        column.finish(w)?;
        write_hashes(keys.iter().map(|key| xxh3(key.as_bytes())).collect(), w, &mut Pace::new(&Interrupt::none()))
    })
}

fn reader(bytes: Vec<u8>, docs: usize) -> Result<KeyReader> {
    KeyReader::open(&open(bytes)?, docs as u32)
}

fn found(keys: &KeyReader, key: &str) -> Vec<u32> {
    let mut docs = Vec::new();
    keys.find(key, &mut |doc| docs.push(doc.0)).unwrap();
    docs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn keys_come_back_both_ways(keys in prop::collection::vec(prop_oneof!["[a-c]{0,3}", "item-[0-9]{1,5}", "[äöü€]{1,8}", "[a-z]{512}"], 0..300)) {
        let read = reader(stored(&keys), keys.len()).unwrap();
        read.check().unwrap();
        let mut key = String::from("old");
        for (doc, expected) in keys.iter().enumerate() {
            read.key(DocId(doc as u32), &mut key).unwrap();
            prop_assert_eq!(&key, expected);
            let all: Vec<u32> = (0..keys.len()).filter(|&other| keys[other] == *expected).map(|other| other as u32).collect();
            prop_assert_eq!(found(&read, expected), all);
        }
        prop_assert!(read.key(DocId(keys.len() as u32), &mut key).is_err());
        prop_assert!(found(&read, "no such key").is_empty());
    }
}

#[test]
fn many_keys_fill_many_buckets() {
    let keys: Vec<String> = (0..20_000).map(|i| (i * 37).to_string()).collect();
    let read = reader(stored(&keys), keys.len()).unwrap();
    read.check().unwrap();
    for doc in (0..keys.len()).step_by(101) {
        assert_eq!(found(&read, &keys[doc]), [doc as u32]);
        assert!(found(&read, &format!("x{doc}")).is_empty());
    }
    assert!(reader(stored(&keys), keys.len() - 1).is_err(), "another number of documents is refused");
}

#[test]
fn bits_always_fit() {
    for docs in [0, 1, 2, 16, 17, 1 << 20, 1 << 26, (1 << 26) + 1, u32::MAX] {
        let (width, buckets) = super::hashes::bits(docs);
        assert!(width + buckets + 16 <= 64 && u64::from(docs.saturating_sub(1)) < 1 << width.max(1), "{docs}: {width} {buckets}");
    }
}

#[test]
fn damaged_keys_never_panic() {
    let keys: Vec<String> = (0..700).map(|i| format!("key-{}", i * 7)).collect();
    for resealed in [false, true] {
        flip_bytes(&stored(&keys), 250, resealed, |file| {
            let Ok(read) = file.and_then(|file| KeyReader::open(&file, 700)) else { return };
            let _ = read.check();
            let mut key = String::new();
            for doc in (0..700).step_by(31) {
                let got = read.key(DocId(doc), &mut key);
                assert!(resealed || got.is_err() || key == keys[doc as usize]);
                let _ = read.find(&keys[doc as usize], &mut |_| ());
            }
        });
    }
}

/// The worked bytes of FORMAT.md: the keys "ab" and "ac".
#[test]
fn the_worked_keys_are_read() {
    let file = open(stored(&["ab".into(), "ac".into()])).unwrap();
    let section = |kind| file.section(SectionKey::segment(kind)).unwrap();
    assert_eq!(section(SectionKind::Keys).all().unwrap(), b"\x02ab\x11c");
    assert_eq!(section(SectionKind::KeyOffsets).all().unwrap(), [0, 0, 0, 0, 0, 5, 0, 0, 0, 0]);
    let print = |key: &str| ((xxh3(key.as_bytes()) >> 48) as u16, key == "ac");
    let mut order = [print("ab"), print("ac")];
    order.sort_unstable();
    let mut expected = vec![2, 0, 0, 0];
    order.iter().for_each(|(print, _)| expected.extend_from_slice(&print.to_le_bytes()));
    expected.push(u8::from(order[0].1) | u8::from(order[1].1) << 1);
    expected.extend_from_slice(&[2, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(section(SectionKind::KeyHashes).all().unwrap(), expected);
}
