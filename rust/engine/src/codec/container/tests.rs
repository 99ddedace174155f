//! The segment file against plain vectors, every flipped byte, files of other kinds, the worked bytes of the format.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use proptest::prelude::*;

use super::test_support::{bytes_of, file_of, flip_bytes, open, writer};
use super::*;
use crate::base::{Error, Result};
use crate::storage::Bytes;

fn key(kind: u16) -> SectionKey {
    SectionKey { kind, field: kind % 3 }
}

fn filled(sections: &[Vec<u8>]) -> Vec<u8> {
    bytes_of(|w| {
        for (i, bytes) in sections.iter().enumerate() {
            w.begin(key(i as u16))?;
            for piece in bytes.chunks(1000) {
                w.write(piece)?;
            }
            assert_eq!(w.position(), bytes.len() as u64);
            assert_eq!(w.end()?, bytes.len() as u64);
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn sections_come_back_as_written(lens in prop::collection::vec(prop_oneof![0usize..200, 4000usize..9000, 260_000usize..280_000], 0..6), seed: u8) {
        let sections: Vec<Vec<u8>> = lens.iter().enumerate()
            .map(|(i, len)| (0..*len).map(|j| (j * 31 + i * 7) as u8 ^ seed).collect()).collect();
        let file = open(filled(&sections)).unwrap();
        prop_assert!(file.check_all().is_empty());
        prop_assert_eq!(file.sections().count(), sections.len());
        for (i, bytes) in sections.iter().enumerate() {
            let section = file.section(key(i as u16)).unwrap();
            prop_assert_eq!(section.len(), bytes.len());
            prop_assert_eq!(section.all().unwrap(), &bytes[..]);
            let middle = bytes.len() / 3..bytes.len() / 2;
            prop_assert_eq!(section.read(middle.clone()).unwrap(), &bytes[middle]);
            prop_assert!(section.read(0..bytes.len() + 1).is_err());
        }
        prop_assert!(file.section(key(99)).is_none());
    }
}

#[test]
fn every_flipped_byte_is_found_with_its_place() {
    let bytes = filled(&[vec![7; 5000], vec![9; 100], (0..9000u32).map(|i| i as u8).collect()]);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        let found = match open(damaged) {
            Err(error) => vec![error],
            Ok(file) => file.check_all(),
        };
        assert!(!found.is_empty(), "byte {at} of {} was not missed", bytes.len());
        for error in found {
            match error {
                Error::Corruption { file, offset, .. } => {
                    assert_eq!(file, "seg/test.seg");
                    assert!(offset <= at as u64 + 12 || offset + 4096 >= at as u64, "byte {at} was reported at {offset}");
                }
                other => panic!("byte {at}: {other}"),
            }
        }
    }
}

#[test]
fn reads_give_corruption_or_the_right_bytes() {
    let sections = [vec![7u8; 5000], vec![9; 100], (0..9000u32).map(|i| i as u8).collect()];
    flip_bytes(&filled(&sections), 500, false, |file| {
        let Ok(file) = file else { return };
        for (i, bytes) in sections.iter().enumerate() {
            for range in [0..1, 0..bytes.len(), bytes.len() - 1..bytes.len()] {
                if let Ok(read) = file.section(key(i as u16)).unwrap().read(range.clone()) {
                    assert_eq!(read, &bytes[range]);
                }
            }
        }
    });
}

#[test]
fn cut_and_foreign_files_are_refused() {
    let bytes = filled(&[vec![1; 5000]]);
    for len in 0..bytes.len() {
        assert!(matches!(open(bytes[..len].to_vec()), Err(Error::Corruption { .. })));
    }
    let mut newer = bytes.clone();
    let tail = newer.len() - 12;
    newer[8] = 2;
    newer[tail] = 2;
    match open(newer) {
        Err(Error::FormatVersion { got: 2, expected: 1, hint, .. }) => assert_eq!(hint, "update findspot"),
        other => panic!("{other:?}"),
    }
    assert!(SegmentFile::open("x", Bytes::new(bytes.clone()), Some(1)).is_err());
    let sum = open(bytes.clone()).unwrap().checksum();
    assert!(SegmentFile::open("x", Bytes::new(bytes), Some(sum)).is_ok());
}

#[test]
fn sections_that_overlap_are_a_defect() -> Result<()> {
    let (mut w, _) = writer();
    assert!(w.write(b"x").is_err());
    assert!(w.end().is_err());
    w.begin(key(1))?;
    assert!(w.begin(key(2)).is_err());
    w.end()?;
    assert!(w.begin(key(1)).is_err());
    w.begin(key(2))?;
    assert!(w.finish(b"").is_err());
    Ok(())
}

#[test]
fn threads_share_the_verified_bits() {
    let bytes: Vec<u8> = (0..300_000u32).map(|i| (i / 7) as u8).collect();
    let file = file_of(|w| {
        w.begin(key(0))?;
        w.write(&bytes)?;
        w.end().map(|_| ())
    });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let section = Arc::clone(&file).section(key(0)).unwrap();
            let bytes = &bytes;
            scope.spawn(move || {
                (0..bytes.len() - 64).step_by(997).for_each(|at| assert_eq!(section.read(at..at + 64).unwrap(), &bytes[at..at + 64]))
            });
        }
    });
}

/// The worked bytes of FORMAT.md.
#[test]
fn the_worked_file_is_read() {
    let bytes = bytes_of(|w| {
        w.begin(SectionKey::segment(SectionKind::Keys))?;
        w.write(b"abc")?;
        w.end().map(|_| ())
    });
    let mut expected = Vec::new();
    expected.extend_from_slice(b"FINDSPOT\x01\0\0\0\0\0\0\0");
    expected.extend_from_slice(&[0; 48]);
    expected.extend_from_slice(b"abc");
    let page = crate::base::checksum::crc32(&expected);
    let table = page.to_le_bytes();
    expected.extend_from_slice(&table);
    let mut footer = vec![1, 0, 0, 0, 3, 0, 0xff, 0xff, 64, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 67, 0, 0, 0, 0, 0, 0, 0];
    footer.extend_from_slice(&crate::base::checksum::crc32(&table).to_le_bytes());
    footer.extend_from_slice(b"\x02\0\0\0{}\x2a\0\0\0");
    let sum = crate::base::checksum::crc32(&footer).to_le_bytes();
    expected.extend_from_slice(&footer);
    expected.extend_from_slice(&sum);
    expected.extend_from_slice(b"\x01\0\0\0FINDSPOT");
    assert_eq!(bytes, expected);
    let file = open(bytes).unwrap();
    assert_eq!(file.section(SectionKey::segment(SectionKind::Keys)).unwrap().all().unwrap(), b"abc");
    assert_eq!(file.stats(), b"{}");
}
