//! Built and merged indexes against a naive twin: an ordered map from terms to documents to positions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use proptest::prelude::*;

use super::merge::{Target, merge_into};
use super::*;
use crate::base::{DocId, FieldId, Interrupt, TermOrd};
use crate::codec::container::test_support::{bytes_of, file_of, flip_bytes};
use crate::codec::inverted::FieldForm;
use crate::codec::inverted::bigrams::Adjacency;
use crate::codec::postings::{Layout, Thresholds};
use crate::codec::{InvertedReader, SectionKey, SegmentFile, norms};
use crate::segment::DocMap;

const FIELD: FieldId = FieldId(3);

/// A document's tokens, or none.
type Doc = Vec<(Vec<u8>, u32)>;

/// What the index must say: term → document → positions.
type Twin = BTreeMap<Vec<u8>, BTreeMap<u32, Vec<u32>>>;

fn twin(docs: &BTreeMap<u32, Doc>) -> Twin {
    let mut twin = Twin::new();
    for (doc, tokens) in docs {
        for (term, position) in tokens {
            twin.entry(term.clone()).or_default().entry(*doc).or_default().push(*position);
        }
    }
    twin
}

fn build(docs: &BTreeMap<u32, Doc>, doc_count: u32, positions: bool, thresholds: Thresholds) -> (Arc<SegmentFile>, InvertedWritten) {
    let mut written = None;
    let file = file_of(|file| {
        let mut builder = InvertedBuilder::new(positions).with_thresholds(thresholds);
        for (doc, tokens) in docs {
            tokens.iter().for_each(|(term, position)| _ = builder.add(*doc, term, *position));
        }
        assert!(builder.memory() > 0 || docs.values().all(Vec::is_empty));
        written = Some(builder.write(file, FIELD, doc_count, &Interrupt::none())?);
        Ok(())
    });
    (file, written.unwrap())
}

/// Everything that a reader says, compared with the twin.
fn compare(reader: &InvertedReader, docs: &BTreeMap<u32, Doc>, doc_count: u32, positions: bool) {
    let twin = twin(docs);
    reader.check(&Interrupt::none()).unwrap();
    let with_tokens = docs.values().filter(|tokens| !tokens.is_empty()).count();
    let lengths: BTreeMap<u32, u32> = docs.iter().map(|(doc, tokens)| (*doc, tokens.len() as u32)).collect();
    let postings: usize = twin.values().map(BTreeMap::len).sum();
    let tokens = if positions { lengths.values().map(|n| u64::from(*n)).sum() } else { postings as u64 };
    assert_eq!((reader.docs() as usize, reader.sum_dl(), reader.terms() as usize), (with_tokens, tokens, twin.len()));
    assert_eq!(reader.stats().postings as usize, postings);
    let norm = |doc: u32| if positions { norms::encode(lengths.get(&doc).copied().unwrap_or(0)) } else { 0 };
    for doc in 0..doc_count {
        assert_eq!(reader.norm(DocId(doc)).unwrap(), norm(doc));
    }
    let mut scanned = Vec::new();
    reader
        .scan(Bound::Unbounded, Bound::Unbounded, &mut |term, ord| {
            scanned.push((term.to_vec(), ord.0));
            Ok(true)
        })
        .unwrap();
    assert!(scanned.iter().map(|(term, _)| term).eq(twin.keys()) && scanned.iter().map(|(_, ord)| *ord).eq(0..reader.terms()));
    for ((term, list), ord) in twin.iter().zip(0..) {
        let ord = TermOrd(ord);
        assert_eq!(reader.find(term).unwrap(), Some(ord));
        let mut back = Vec::new();
        reader.term(ord, &mut back).unwrap();
        assert_eq!(&back, term);
        for missing in [[&term[..], b"\0"].concat(), [&term[..], b"~"].concat(), term[..term.len().saturating_sub(1)].to_vec()] {
            assert_eq!(reader.find(&missing).unwrap().is_some(), twin.contains_key(&missing));
        }
        let entry = reader.lookup(term).unwrap().unwrap();
        assert_eq!((entry.ord(), entry.df() as usize, entry), (ord, list.len(), reader.entry(ord).unwrap()));
        assert_eq!(reader.df(ord).unwrap() as usize, list.len());
        let mut lists = reader.postings_of(&entry).unwrap();
        let expected: Vec<(u32, u32, u32, u8)> =
            list.iter().zip(0..).map(|((doc, at), index)| (*doc, index, if positions { at.len() as u32 } else { 1 }, norm(*doc))).collect();
        // Terms of one document are most of them, and all alike.
        let thorough = list.len() > 1 || ord.0.is_multiple_of(16);
        for step in [doc_count.max(1), 64, 37].into_iter().take(if thorough { 3 } else { 1 }) {
            let mut got = Vec::new();
            for from in (0..doc_count).step_by(step as usize) {
                lists
                    .collect_window(from, from.saturating_add(step), &mut |doc, index, tf, norm| got.push((doc, index, tf, norm)))
                    .unwrap();
            }
            assert_eq!(got, expected);
        }
        let mut bits = vec![0u64; doc_count.div_ceil(64) as usize];
        for from in (0..doc_count).step_by(128) {
            lists.mark_window(from, from + 128, &mut bits[from as usize / 64..]).unwrap();
        }
        let marked: Vec<u32> = (0..doc_count).filter(|doc| bits[*doc as usize / 64] >> (doc % 64) & 1 == 1).collect();
        assert!(marked.iter().eq(list.keys()));
        let mut at = Vec::new();
        for doc in (0..doc_count + 3).rev().step_by(if thorough { 3 } else { 101 }) {
            let index = lists.find(doc).unwrap();
            assert_eq!(index, expected.binary_search_by_key(&doc, |posting| posting.0).ok().map(|index| index as u32));
            if let Some(index) = index {
                let pair = lists.pair(index).unwrap();
                assert_eq!((pair.tf, pair.norm), (expected[index as usize].2, norm(doc)));
                let [_, ahead] = lists.positions_ahead(index);
                assert!(positions || ahead.is_empty());
                lists.positions(index, &mut at).unwrap();
                assert_eq!(&at[..], if positions { &list[&doc][..] } else { &[] });
            }
        }
        for (index, at_doc) in list.values().enumerate().filter(|_| positions) {
            lists.positions(index as u32, &mut at).unwrap();
            assert_eq!(&at, at_doc);
        }
        check_strongest(reader, &lists);
    }
    compare_bigrams(reader, &twin, norm);
}

/// Every two frequent words have a list of where the second follows the first, and no others.
fn compare_bigrams(reader: &InvertedReader, twin: &Twin, norm: impl Fn(u32) -> u8) {
    let from = reader.bigrams_from() as usize;
    let frequent: Vec<_> = twin.iter().zip(0..).filter(|((_, list), _)| from > 0 && list.len() >= from).collect();
    let mut listed = 0;
    for ((first, left), first_ord) in &frequent {
        for ((second, right), second_ord) in &frequent {
            let expected: Vec<_> = left
                .iter()
                .filter_map(|(doc, at)| {
                    let after = right.get(doc)?;
                    let tf = at.iter().filter(|position| after.contains(&(*position + 1))).count() as u32;
                    (tf > 0).then(|| (*doc, tf, norm(*doc)))
                })
                .collect();
            let [left, right] = [first_ord, second_ord].map(|ord| reader.entry(TermOrd(*ord)).unwrap());
            let mut got = Vec::new();
            match reader.adjacency(&left, &right).unwrap() {
                Adjacency::Listed(entry) => {
                    listed += 1;
                    let mut list = reader.bigrams().unwrap().postings_of(&entry).unwrap();
                    list.collect_window(0, u32::MAX, &mut |doc, _, tf, norm| got.push((doc, tf, norm))).unwrap();
                    assert!(!got.is_empty());
                }
                Adjacency::Nowhere => {}
                Adjacency::Unsaid => panic!("nothing is said of {first:?} before {second:?}"),
            }
            assert_eq!(got, expected);
        }
    }
    assert_eq!(listed, reader.bigrams().map_or(0, InvertedReader::terms));
    let rare = twin.values().position(|list| list.len() < from).map(|ord| reader.entry(TermOrd(ord as u32)).unwrap());
    if let (Some(rare), Some((_, ord))) = (rare, frequent.first()) {
        let other = reader.entry(TermOrd(*ord)).unwrap();
        assert!(matches!(reader.adjacency(&rare, &other).unwrap(), Adjacency::Unsaid));
    }
}

fn check_strongest(reader: &InvertedReader, lists: &crate::codec::postings::Postings<'_>) {
    let mut codes = lists.codes().to_vec();
    assert_eq!(codes.len(), if reader.codebook().has_codes() { lists.df() as usize } else { 0 });
    codes.sort_unstable_by(|a, b| b.cmp(a));
    if let Some(strongest) = lists.strongest() {
        assert_eq!(strongest, [0, 9, 99, 999].map(|rank| codes.get(rank).copied().unwrap_or(0)));
    }
}

/// Documents `0..doc_count`, some without tokens; words of very different frequency.
fn documents(max_docs: u32) -> impl Strategy<Value = (u32, BTreeMap<u32, Doc>)> {
    let word = (0u32..12, any::<u16>()).prop_map(|(common, rare)| {
        let text = if common < 9 {
            format!("w{}", u32::from(rare) % (1 + common * common))
        } else {
            format!("the-same-long-prefix-{}", rare % 300)
        };
        text.into_bytes()
    });
    let tokens = prop::collection::vec((word, prop_oneof![9 => Just(1u32), 1 => 0u32..70]), 0..12);
    prop::collection::vec(prop_oneof![5 => tokens, 1 => Just(vec![])], 1..max_docs as usize).prop_map(|docs| {
        let with_positions = |tokens: Vec<(Vec<u8>, u32)>| {
            let mut at = 0;
            tokens
                .into_iter()
                .enumerate()
                .map(|(i, (term, step))| {
                    at += if i == 0 { step - step.min(1) } else { step };
                    (term, at)
                })
                .collect()
        };
        let count = docs.len() as u32;
        (count, docs.into_iter().zip(0..).map(|(tokens, doc)| (doc, with_positions(tokens))).collect())
    })
}

fn thresholds() -> impl Strategy<Value = Thresholds> {
    (1u32..60, 1u32..120, 0u32..60).prop_map(|(sparse_below, dense_from, bigrams_from)| Thresholds {
        sparse_below,
        dense_from,
        bigrams_from,
    })
}

/// A Keyword field counts a term once a document.
fn keywords(docs: &BTreeMap<u32, Doc>) -> BTreeMap<u32, Doc> {
    docs.iter()
        .map(|(doc, tokens)| (*doc, tokens.iter().map(|(term, _)| (term.clone(), 0)).collect::<BTreeSet<_>>().into_iter().collect()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_built_index_says_what_was_added((doc_count, docs) in documents(400), thresholds in thresholds(), positions: bool) {
        let (file, written) = build(&docs, doc_count, positions, thresholds);
        let docs = if positions { docs } else { keywords(&docs) };
        match InvertedReader::open(&file, FIELD).unwrap() {
            Some(reader) => {
                prop_assert_eq!(reader.stats(), &written.stats);
                compare(&reader, &docs, doc_count, positions);
                if !positions {
                    let distinct: BTreeSet<TermOrd> = written.ranks.iter().copied().collect();
                    prop_assert!(distinct.len() == written.ranks.len() && distinct.into_iter().map(|ord| ord.0).eq(0..reader.terms()));
                }
            }
            None => prop_assert!(docs.values().all(Vec::is_empty)),
        }
    }

    #[test]
    fn a_merge_is_what_the_kept_documents_build(
        segments in prop::collection::vec(documents(90), 1..5), thresholds in thresholds(), positions: bool, seed: u64, in_order: bool, keep in 1u32..4
    ) {
        // Where each document goes: in order, or anywhere; every `keep`-th is kept when keep > 1.
        let mut kept: Vec<(usize, u32)> = Vec::new();
        for (at, (count, _)) in segments.iter().enumerate() {
            kept.extend((0..*count).filter(|doc| keep == 1 || (u64::from(*doc) ^ seed).is_multiple_of(u64::from(keep))).map(|doc| (at, doc)));
        }
        if !in_order {
            kept.sort_by_key(|(at, doc)| (u64::from(*doc) + 1).wrapping_mul(seed | 1).wrapping_mul(*at as u64 * 2 + 1) >> 7);
        }
        let mut maps: Vec<DocMap> = segments.iter().map(|(count, _)| DocMap::dropped(*count)).collect();
        let mut expected: BTreeMap<u32, Doc> = BTreeMap::new();
        for ((at, doc), new) in kept.iter().zip(0..) {
            maps[*at].set(DocId(*doc), DocId(new));
            expected.insert(new, segments[*at].1[doc].clone());
        }
        let doc_count = kept.len() as u32;
        let files: Vec<_> = segments.iter().map(|(count, docs)| build(docs, *count, positions, thresholds).0).collect();
        let readers: Vec<_> = files.iter().map(|file| InvertedReader::open(file, FIELD).unwrap()).collect();
        let sources: Vec<_> = readers.iter().zip(&maps).map(|(reader, map)| (reader.as_ref(), map)).collect();
        let form = if positions { FieldForm::TEXT } else { FieldForm::KEYWORD };
        let mut merged = None;
        let file = file_of(|file| {
            merged = Some(merge_into(&sources, file, Target { field: FIELD, doc_count, form, thresholds }, &Interrupt::none())?);
            Ok(())
        });
        let merged = merged.unwrap();
        let expected = if positions { expected } else { keywords(&expected) };
        let Some(reader) = InvertedReader::open(&file, FIELD).unwrap() else {
            prop_assert!(expected.values().all(Vec::is_empty));
            return Ok(());
        };
        prop_assert_eq!(reader.stats(), &merged.stats);
        compare(&reader, &expected, doc_count, positions);
        for (source, ranks) in readers.iter().zip(&merged.ranks) {
            let Some(source) = source else { continue };
            prop_assert_eq!(ranks.len(), if positions { 0 } else { source.terms() as usize });
            let (mut old, mut new) = (Vec::new(), Vec::new());
            for (ord, rank) in ranks.iter().enumerate().filter(|(_, rank)| rank.0 != u32::MAX) {
                source.term(TermOrd(ord as u32), &mut old).unwrap();
                reader.term(*rank, &mut new).unwrap();
                prop_assert_eq!(&old, &new);
            }
        }
    }
}

/// 700 documents in which terms of every layout, exceptions of over 255 pairs, pulsed terms, long positions and several groups occur.
fn varied() -> (u32, BTreeMap<u32, Doc>) {
    let count = 700u32;
    let docs = (0..count).map(|doc| {
        let mut tokens: Doc = Vec::new();
        let length = 1 + (doc * doc) % 97;
        for at in 0..length {
            let mix = doc.wrapping_mul(2_654_435_761).wrapping_add(at.wrapping_mul(40_503)) >> 7;
            let term = match mix % (2 + doc % 11) {
                0 => "the".to_owned(),
                1 => format!("common{}", mix / 5 % 7),
                2 => format!("middle{}", mix / 5 % 90),
                3 => format!("rare{}", mix / 5 % 4000),
                4 => format!("one{doc}-{at}"),
                _ => format!("more{}", mix / 5 % 3),
            };
            tokens.push((term.into_bytes(), at * (1 + doc % 3)));
        }
        (doc, tokens)
    });
    (count, docs.collect())
}

const VARIED: Thresholds = Thresholds { sparse_below: 60, dense_from: 250, bigrams_from: 80 };

#[test]
fn every_layout_occurs_and_reads_back() {
    let (count, docs) = varied();
    let (file, _) = build(&docs, count, true, VARIED);
    let reader = InvertedReader::open(&file, FIELD).unwrap().unwrap();
    compare(&reader, &docs, count, true);
    assert!(reader.codebook().has_exceptions());
    assert!(reader.bigrams().is_some_and(|bigrams| bigrams.terms() > 20));
    let dfs: Vec<u32> = (0..reader.terms()).map(|ord| reader.df(TermOrd(ord)).unwrap()).collect();
    for layout in [Layout::Gaps, Layout::Aligned, Layout::Bitmap] {
        assert!(dfs.iter().any(|df| VARIED.layout(*df) == layout), "{layout:?}");
    }
    assert!(reader.bytes().iter().all(|(name, bytes)| *bytes > 0 || panic!("no bytes of {name}")));
    let lists: u64 =
        reader.bytes().iter().filter(|(name, _)| !["dictionary_index", "norms", "bigrams"].contains(name)).map(|(_, bytes)| bytes).sum();
    let section = file.sections().find(|(key, _)| key.name() == "postings").unwrap().1;
    assert_eq!(lists, section, "every byte of the lists is accounted for");
}

#[test]
fn damaged_bytes_are_an_error_or_an_answer() {
    let (_, docs) = varied();
    let docs: BTreeMap<u32, Doc> = docs.into_iter().take(260).collect();
    let bytes = bytes_of(|file| {
        let mut builder = InvertedBuilder::new(true).with_thresholds(Thresholds { sparse_below: 20, dense_from: 60, bigrams_from: 30 });
        for (doc, tokens) in &docs {
            tokens.iter().for_each(|(term, position)| _ = builder.add(*doc, term, *position));
        }
        builder.write(file, FIELD, 260, &Interrupt::none()).map(|_| ())
    });
    let mut answered = 0;
    for resealed in [false, true] {
        flip_bytes(&bytes, 60, resealed, |file| {
            let Ok(Some(reader)) = file.and_then(|file| InvertedReader::open(&file, FIELD)) else { return };
            let _ = reader.check(&Interrupt::none());
            let (mut at, mut term) = (Vec::new(), Vec::new());
            for ord in (0..reader.terms().min(5000)).step_by(37) {
                let _ = (reader.term(TermOrd(ord), &mut term), reader.find(&term));
                let Ok(mut lists) = reader.postings(TermOrd(ord)) else { continue };
                answered += 1;
                let _ = lists.collect_window(0, 4096, &mut |doc, _, _, _| assert!(doc < reader.doc_count()));
                let _ = (lists.find(77), lists.pair(1), lists.positions(3, &mut at), lists.block_maxima(), lists.positions_ahead(300));
            }
        });
    }
    assert!(answered > 500);
}

/// The worked field of FORMAT.md; its bytes stand in the tests of the codec.
#[test]
fn the_worked_field_is_written() {
    let texts = ["a rose is a rose", "", "rose", "is"];
    let words = |text: &str| text.split_whitespace().zip(0..).map(|(word, at)| (word.as_bytes().to_vec(), at)).collect();
    let docs: BTreeMap<u32, Doc> = texts.iter().zip(0..).map(|(text, doc)| (doc, words(text))).collect();
    let (file, _) = build(&docs, 4, true, Thresholds::of(4));
    for (kind, bytes) in crate::codec::inverted::tests::WORKED {
        assert_eq!(file.section(SectionKey::field(kind, FIELD)).unwrap().all().unwrap(), bytes, "{kind:?}");
    }
}

#[test]
fn a_merge_stops_when_it_is_told() {
    let (count, docs) = varied();
    let (file, _) = build(&docs, count, true, VARIED);
    let reader = InvertedReader::open(&file, FIELD).unwrap().unwrap();
    let mut map = DocMap::dropped(count);
    (0..count).for_each(|doc| map.set(DocId(doc), DocId(doc)));
    let raised = Interrupt::new(Some(Arc::new(std::sync::atomic::AtomicBool::new(true))), None);
    file_of(|file| {
        let stopped = merge_inverted(&[(Some(&reader), &map)], file, FIELD, count, true, &raised);
        assert!(matches!(stopped, Err(crate::base::Error::Cancelled)));
        Ok(())
    });
}

#[test]
fn defects_are_said_and_nothing_panics() {
    let refuse = |docs: &[u32], doc_count| {
        file_of(|file| {
            let mut builder = InvertedBuilder::new(true);
            docs.iter().for_each(|doc| _ = builder.add(*doc, b"word", 0));
            assert!(matches!(builder.write(file, FIELD, doc_count, &Interrupt::none()), Err(crate::base::Error::Defect(_))));
            Ok(())
        });
    };
    refuse(&[3, 2], 9);
    refuse(&[9], 9);
    refuse(&[1 << 31], u32::MAX);
}
