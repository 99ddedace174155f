//! The dictionary against an ordered set, and the worked bytes of FORMAT.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::ops::Bound;

use levenshtein_automata::{Distance, LevenshteinAutomatonBuilder};
use proptest::prelude::*;

use super::*;
use crate::base::{DocId, FieldId, TermOrd};
use crate::codec::codebook::{Codebook, Pair};
use crate::codec::container::test_support::file_of;
use crate::codec::postings::Thresholds;
use crate::codec::{SectionKey, SectionKind};

const FIELD: FieldId = FieldId(0);

/// A Keyword field in which every term is in document 0.
fn dictionary(terms: &BTreeSet<Vec<u8>>) -> InvertedReader {
    let file = file_of(|file| {
        let (book, _) = Codebook::build(vec![(Pair { tf: 1, norm: 0 }, 1)], 1.0, 255);
        let mut writer = InvertedWriter::new(file, FIELD, 1, FieldForm::KEYWORD, Thresholds::of(1), book)?;
        terms.iter().try_for_each(|term| writer.push(term, &[0], &[0], &[]))?;
        writer.finish(1, &[]).map(|_| ())
    });
    InvertedReader::open(&file, FIELD).unwrap().unwrap()
}

/// Terms that share long prefixes, hold zeros and are of any length.
fn terms() -> impl Strategy<Value = BTreeSet<Vec<u8>>> {
    let part = prop::sample::select(vec![&b"a"[..], b"b", b"\0", b"prefix", b"a-rather-long-prefix", "ü".as_bytes(), b"\xff", &[b'l'; 90]]);
    prop::collection::btree_set(prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat()), 1..150)
}

fn bound(term: Option<(Vec<u8>, bool)>) -> Bound<Vec<u8>> {
    match term {
        None => Bound::Unbounded,
        Some((term, true)) => Bound::Included(term),
        Some((term, false)) => Bound::Excluded(term),
    }
}

fn as_slices(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    match bound {
        Bound::Included(term) => Bound::Included(term),
        Bound::Excluded(term) => Bound::Excluded(term),
        Bound::Unbounded => Bound::Unbounded,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_dictionary_is_an_ordered_set(stored in terms(), asked in terms(), from: Option<bool>, to: Option<bool>) {
        let reader = dictionary(&stored);
        let ordered: Vec<&Vec<u8>> = stored.iter().collect();
        for term in stored.iter().chain(&asked) {
            let expected = ordered.binary_search(&term).ok().map(|ord| TermOrd(ord as u32));
            prop_assert_eq!(reader.find(term).unwrap(), expected);
        }
        let mut asked = asked.into_iter();
        let (from, to) = (bound(asked.next().zip(from)), bound(asked.next_back().zip(to)));
        let mut got = Vec::new();
        reader.scan(as_slices(&from), as_slices(&to), &mut |term, ord| { got.push((term.to_vec(), ord.index())); Ok(true) }).unwrap();
        let inside = |term: &&Vec<u8>| match &from { Bound::Included(f) => *term >= f, Bound::Excluded(f) => *term > f, Bound::Unbounded => true }
            && match &to { Bound::Included(t) => *term <= t, Bound::Excluded(t) => *term < t, Bound::Unbounded => true };
        let expected: Vec<_> = stored.iter().enumerate().filter(|(_, term)| inside(term)).map(|(ord, term)| (term.clone(), ord)).collect();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn an_automaton_finds_what_evaluating_every_term_finds(
        stored in prop::collection::btree_set("[abü]{0,9}|prefix[ab]{0,4}", 1..200), asked in "[abü]{1,6}|prefix[ab]{0,3}", distance in 0u8..3, prefix: bool
    ) {
        let stored: BTreeSet<Vec<u8>> = stored.into_iter().map(String::into_bytes).collect();
        let reader = dictionary(&stored);
        let builder = LevenshteinAutomatonBuilder::new(distance, true);
        let automaton = if prefix { builder.build_prefix_dfa(&asked) } else { builder.build_dfa(&asked) };
        let mut got = Vec::new();
        reader.scan_automaton(&automaton, &mut |term, ord, distance| { got.push((term.to_vec(), ord.index(), distance)); Ok(true) }).unwrap();
        let expected: Vec<_> = stored.iter().enumerate().filter_map(|(ord, term)| match automaton.eval(term) {
            Distance::Exact(distance) => Some((term.clone(), ord, distance)),
            Distance::AtLeast(_) => None,
        }).collect();
        prop_assert_eq!(got, expected);
    }
}

#[test]
fn a_scan_stops_when_it_is_told() {
    let reader = dictionary(&(0..100u8).map(|byte| vec![byte]).collect());
    let mut seen = 0;
    reader
        .scan(Bound::Unbounded, Bound::Unbounded, &mut |_, _| {
            seen += 1;
            Ok(seen < 20)
        })
        .unwrap();
    assert_eq!(seen, 20);
    assert!(reader.term(TermOrd(100), &mut Vec::new()).is_err() && reader.postings(TermOrd(100)).is_err());
}

/// The worked field of FORMAT.md: four documents, "a rose is a rose", nothing, "rose", "is".
pub(crate) const WORKED: [(SectionKind, &[u8]); 4] = [
    (
        SectionKind::Postings,
        &[
            0x00, 0x02, 0x02, 0x01, 0x03, 0x82, 0x02, // is: record, positions
            0x00, 0x01, 0x01, 0x02, 0x03, 0x42, 0x03, 0x00, 0x05, 0x0d, // rose: record, positions
            0x00, 0x01, 0x00, // block: form, the first is single
            0x5f, 0x0d, 0, 0, 0, 0, 0, 0, 0x00, 0, 0, 0, 0, 0, 0, 0, // tags, shared
            0x21, 0x04, 0, 0, 0, 0, 0, 0, 0x34, 0x03, 0, 0, 0, 0, 0, 0, // rest, lengths of infos
            0, 0, 0, 0, 0, 0, 0x61, 0x69, 0x73, 0x72, 0x6f, 0x73, 0x65, // base; a, is, rose
            0x00, 0x02, 0x00, 0x03, 0x02, 0x00, 0x05, 0x02, 0x07, 0x05, 0x11, // infos, end
        ],
    ),
    (SectionKind::TermIndex, &[0, 0, 0, 0, 0, 0, 0, 0x61, 0x3b, 0x00, 0x00, 0x11, 0, 0, 0, 0]),
    (SectionKind::Norms, &[5, 0, 1, 1]),
    (
        SectionKind::Codebook,
        &[
            0x03, 0x04, 0x03, 0x03, 0x80, 0x01, 0x10, 0x80, 0x02, // flags, N, docs, terms, thresholds
            0x3b, 0x06, 0x00, 0x00, 0x04, 0x00, 0x07, 0x10, // bytes
            0x03, 0x01, 0x05, 0x01, 0x02, 0x05, 0x02, 0x01, 0x01, 0x02, // pairs
            0x03, 0x01, 0x01, 0x01, // buckets
        ],
    ),
];

#[test]
fn the_worked_field_is_read() {
    let file = file_of(|file| {
        for (kind, bytes) in WORKED {
            file.begin(SectionKey::field(kind, FIELD))?;
            file.write(bytes)?;
            file.end()?;
        }
        Ok(())
    });
    let reader = InvertedReader::open(&file, FIELD).unwrap().unwrap();
    reader.check(&crate::base::Interrupt::none()).unwrap();
    assert_eq!(*reader.stats(), InvertedStats { docs: 3, sum_dl: 7, terms: 3, postings: 5 });
    assert_eq!(reader.norm(DocId(0)).unwrap(), 5);
    let mut got = Vec::new();
    for term in [&b"a"[..], b"is", b"rose"] {
        let ord = reader.find(term).unwrap().unwrap();
        let mut lists = reader.postings(ord).unwrap();
        let mut postings = Vec::new();
        lists.collect_window(0, 4, &mut |doc, index, tf, norm| postings.push((doc, index, tf, norm))).unwrap();
        for (doc, index, tf, norm) in postings {
            let mut at = Vec::new();
            lists.positions(index, &mut at).unwrap();
            got.push((ord.0, doc, tf, norm, at));
        }
    }
    let expected =
        [(0, 0, 2, 5, vec![0, 3]), (1, 0, 1, 5, vec![2]), (1, 3, 1, 1, vec![0]), (2, 0, 2, 5, vec![1, 4]), (2, 2, 1, 1, vec![0])];
    assert_eq!(got, expected);
}
