//! The worked bytes of FORMAT.md for each structure of a list, written and read; lists of random documents in each layout.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::aligned::AlignedDocs;
use super::exceptions::{ExceptionCursor, Exceptions};
use super::gaps::GapDocs;
use super::*;
use crate::codec::bitmaps::{self, PresenceBitmap};
use crate::codec::codebook::{Codebook, Pair};

fn bytes(fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    fill(&mut out);
    out
}

/// What a window hands out.
type Got = Vec<(u32, u32)>;

fn collect(window: impl FnOnce(&mut dyn FnMut(u32, u32) -> Result<(), Damaged>) -> Result<(), Damaged>) -> Got {
    let mut got = Got::new();
    window(&mut |doc, index| {
        got.push((doc, index));
        Ok(())
    })
    .unwrap();
    got
}

#[test]
fn the_worked_gaps() {
    let stored = [0x03, 0x03, 0x31];
    assert_eq!(bytes(|out| gaps::write(out, &[3, 5, 12], &[1, 2, 1])), stored);
    let mut docs = GapDocs::read(&mut Cutter(&stored), 3, true).unwrap();
    assert_eq!(collect(|mut f| docs.window(0, 20, &mut f)), [(3, 0), (5, 1), (12, 2)]);

    let even: Vec<u32> = (0..130).map(|i| i * 2).collect();
    let mut stored = vec![0, 0, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0, 17, 0, 0, 0, 1, 1, 7, 7];
    stored.extend([0xff; 15]);
    stored.extend([0x7f, 0x01]);
    assert_eq!(bytes(|out| gaps::write(out, &even, &[7; 130])), stored);
    let mut docs = GapDocs::read(&mut Cutter(&stored), 130, true).unwrap();
    assert_eq!(collect(|mut f| docs.window(250, 300, &mut f)), [(250, 125), (252, 126), (254, 127), (256, 128), (258, 129)]);
    assert_eq!((docs.find(256), docs.find(257), docs.max_codes()), (Ok(Some(128)), Ok(None), &[7u8, 7][..]));
}

#[test]
fn the_worked_aligned_list() {
    let stored = [0x0e, 0, 0, 0, 0, 3, 0, 0, 0, 0x09, 0x03, 0x00, 0x46, 0x00, 0x2c, 0x01];
    assert_eq!(bytes(|out| aligned::write(out, &[3, 70, 300], &[9, 4, 9], 512)), stored);
    let docs = AlignedDocs::read(&mut Cutter(&stored), 3, 512, true).unwrap();
    assert_eq!(collect(|mut f| docs.window(64, 512, &mut f)), [(70, 1), (300, 2)]);
    assert_eq!((docs.find(300), docs.shift(), docs.max_codes()), (Ok(Some(2)), 14, &[9u8][..]));
}

#[test]
fn the_worked_bitmap() {
    let mut stored = vec![0, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 2];
    stored.extend([0; 55]);
    stored.extend([2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes(|out| bitmaps::write(out, &[0, 2, 65, 513], 520)), stored);
    let docs = PresenceBitmap::read(&stored, 520).unwrap();
    assert_eq!([0, 1, 2, 65, 513].map(|doc| docs.find(doc)), [Some(0), None, Some(1), Some(2), Some(3)]);
}

#[test]
fn the_worked_exceptions() {
    let stored = [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 2, 1, 7, 0];
    assert_eq!(bytes(|out| exceptions::write(out, 1030, false, &[(2, 258), (1025, 7)])), stored);
    let exceptions = Exceptions::read(&mut Cutter(&stored), 1030, false, 2).unwrap();
    let mut cursor = ExceptionCursor::new(&exceptions);
    assert_eq!([0, 2, 3, 1024, 1025, 1026].map(|index| cursor.pair(&exceptions, index)), [None, Some(258), None, None, Some(7), None]);
}

#[test]
fn the_worked_pairs() {
    let counts = [((1, 5), 3), ((2, 5), 1), ((1, 1), 2), ((1, 9), 1)].map(|((tf, norm), n)| (Pair { tf, norm }, n));
    let (book, counts) = Codebook::build(counts.to_vec(), 4.0, 3);
    let stored = [0x04, 1, 9, 1, 1, 5, 3, 2, 5, 1, 1, 1, 2, 0x03, 1, 1, 2];
    assert_eq!(bytes(|out| book.write(&counts, out)), stored);
    assert_eq!(Codebook::read(&mut &stored[..]), Some((book.clone(), counts)));
    assert_eq!((book.meaning(3), book.code(2), book.is_mixed(3)), (Pair { tf: 1, norm: 1 }, (3, true), true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_layout_gives_the_documents_back(
        n in 1u32..200_000, raw in prop::collection::vec(any::<u32>(), 1..700), codes in prop::collection::vec(1u8.., 700), at in any::<[u32; 2]>()
    ) {
        let docs: Vec<u32> = raw.iter().map(|doc| doc % n).collect::<BTreeSet<_>>().into_iter().collect();
        let (df, codes) = (docs.len() as u32, &codes[..docs.len()]);
        let (from, to) = (at[0] % n, at[1] % (n + 1));
        let expected: Got = docs.iter().copied().zip(0..).filter(|(doc, _)| (from..to).contains(doc)).collect();

        let stored = bytes(|out| gaps::write(out, &docs, codes));
        let mut record = Cutter(&stored);
        let mut read = GapDocs::read(&mut record, df, true).unwrap();
        prop_assert!(record.0.is_empty());
        prop_assert_eq!(collect(|mut f| read.window(from, to, &mut f)), &expected[..]);
        prop_assert_eq!(read.find(from).unwrap(), docs.binary_search(&from).ok().map(|index| index as u32));

        let stored = bytes(|out| aligned::write(out, &docs, codes, n));
        let mut record = Cutter(&stored);
        let read = AlignedDocs::read(&mut record, df, n, true).unwrap();
        prop_assert!(record.0.is_empty());
        prop_assert_eq!(collect(|mut f| read.window(from, to, &mut f)), &expected[..]);
        prop_assert_eq!(read.find(from).unwrap(), docs.binary_search(&from).ok().map(|index| index as u32));
        for (doc, code) in docs.iter().zip(codes) {
            prop_assert!(read.max_codes()[(doc >> read.shift()) as usize] >= *code);
        }
    }

    #[test]
    fn exceptions_are_met_in_ascending_order(df in 1u32..5000, raw in prop::collection::vec(any::<(u32, u16)>(), 0..200), step in 1usize..40, wide: bool) {
        let all: std::collections::BTreeMap<u32, u32> = raw.iter().map(|(index, pair)| (index % df, u32::from(*pair))).collect();
        let list: Vec<(u32, u32)> = all.iter().map(|(index, pair)| (*index, *pair)).collect();
        let stored = bytes(|out| exceptions::write(out, df, wide, &list));
        let exceptions = Exceptions::read(&mut Cutter(&stored), df, wide, list.len() as u32).unwrap();
        let mut cursor = ExceptionCursor::new(&exceptions);
        for index in (0..df).step_by(step) {
            prop_assert_eq!(cursor.pair(&exceptions, index), all.get(&index).copied());
        }
        for from in (0..df).step_by(step) {
            let mut met = Vec::new();
            exceptions.each(from, from + 3 * step as u32, |index, pair| met.push((index, pair)));
            prop_assert!(all.range(from..from + 3 * step as u32).map(|(index, pair)| (*index, *pair)).eq(met));
        }
    }
}

#[test]
fn blocks_hold_64_to_128_postings_on_average() {
    for (df, n) in [(1000, 500_000), (13_849, 886_323), (5, 100), (400_000, 800_000)] {
        let shift = block_shift(df, n);
        let average = f64::from(df) * f64::from(1u32 << shift) / f64::from(n);
        assert!(average <= 128.0 && (average > 64.0 || shift == 16), "{df} of {n}: {average}");
    }
}
