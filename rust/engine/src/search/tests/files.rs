//! Other bytes under the same view: documents in another order, and damaged files.

use std::sync::Arc;

use proptest::prelude::*;

use super::world::{Draft, WORDS, create, draft, upsert};
use crate::analysis::Analyzers;
use crate::base::{DocId, Error, Interrupt, Result};
use crate::codec::SegmentFileWriter;
use crate::plan::Compiled;
use crate::search::{CountMode, FilterInput, QueryInput, SearchRequest, View};
use crate::segment::{MergeSource, SegmentReader, merge_permuted};
use crate::storage::{Bytes, MemoryStorage, Storage};

/// The only segment of a view replaced by another.
fn replaced(view: &View, reader: Arc<SegmentReader>) -> Arc<View> {
    let mut snapshot = crate::index::Snapshot::clone(view.snapshot());
    assert_eq!(snapshot.segments.len(), 1);
    snapshot.segments[0].reader = reader;
    let compiled = Compiled::new(&Default::default(), view.schema()).unwrap();
    let analyzers = Arc::new(Analyzers::of(view.schema().analyzers()).unwrap());
    Arc::new(View::new(Arc::new(snapshot), compiled, analyzers, 1))
}

fn requests() -> Vec<SearchRequest<'static>> {
    let all = SearchRequest { limit: 7, count: CountMode::Exact, ..SearchRequest::default() };
    let of = |text: &'static str| SearchRequest { query: QueryInput::Text(text.into()), ..all.clone() };
    let sorted = |text: &'static str, sort: &str| SearchRequest { sort: vec![sort.into()], ..of(text) };
    let filtered = |text: &'static str, filter: &str| SearchRequest { filter: Some(FilterInput::Text(filter.into())), ..of(text) };
    vec![
        all.clone(),
        of("a b cab"),
        of("\"a b\"~1 ab~1 c*"),
        of("-a"),
        sorted("a b", "-tags"),
        sorted("", "open"),
        filtered("a", "year < 2 or price >= 0"),
        filtered("", "at within 9000 km of 0, 0 or tags = 'coin' or title is missing"),
    ]
}

type Answer = (Vec<String>, Vec<f64>, Option<u64>, Vec<u8>);

fn answers(view: &Arc<View>) -> Result<Vec<Answer>> {
    let answer = |request: &SearchRequest| {
        let hits = view.search(request, &Interrupt::none())?;
        Ok((hits.keys(&Interrupt::none())?, hits.scores().to_vec(), hits.total(), hits.to_json(&Interrupt::none())?))
    };
    requests().iter().map(answer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]
    #[test]
    fn the_order_of_documents_inside_a_segment_never_shows(drafts in prop::collection::vec(draft(), 1..50), shuffle in any::<prop::sample::Index>()) {
        let mut drafts = drafts;
        drafts.iter_mut().enumerate().for_each(|(i, draft)| draft.key = i as u32);
        let index = create(Default::default());
        upsert(&index, &drafts);
        let view = index.view().unwrap();
        let segment = &view.snapshot().segments[0];
        let count = segment.reader.doc_count();
        let (turn, source) = (shuffle.index(count as usize) as u32, MergeSource { reader: &segment.reader, live: None, base: 0 });
        let order: Vec<_> = (0..count).rev().map(|doc| (0, DocId((doc + turn) % count))).collect();
        let storage = MemoryStorage::named("");
        let writer = SegmentFileWriter::new(storage.writer("seg/x.seg").unwrap(), "seg/x.seg");
        let (meta, _) = merge_permuted(&[source], &order, view.schema(), writer, &Interrupt::none()).unwrap();
        let reader = SegmentReader::open(&*storage, "seg/x.seg", Some(meta.checksum)).unwrap();
        prop_assert_eq!(reader.in_sequence_order(), order.is_sorted());
        prop_assert_eq!(answers(&replaced(&view, reader)).unwrap(), answers(&view).unwrap());
    }
}

#[test]
fn a_flipped_byte_is_found_or_does_not_matter() {
    let index = create(Default::default());
    let (none, words) = (Interrupt::none(), |key: u32| Some((0..8).map(|i| ((key * 7 + i * 3) % WORDS.len() as u32) as usize).collect()));
    let numbers =
        |key: u32| (Some(i64::from(key)), Some(f64::from(key) / 7.0), Some(key as u8), Some(key.is_multiple_of(2)), Some((key as i8, 5)));
    let draft =
        |key| Draft { key, title: words(key), clue: words(key + 1), tags: vec![key as usize % 5], name: Some(1), numbers: numbers(key) };
    upsert(&index, &(0..120).map(draft).collect::<Vec<_>>());
    index.writer().unwrap().commit(&none).unwrap();
    index.writer().unwrap().merge(1, &none).unwrap();
    let view = index.view().unwrap();
    let expected = answers(&view).unwrap();
    let object =
        index.storage().list("seg/").unwrap().into_iter().find(|object| object.name.contains(view.snapshot().segments[0].id())).unwrap();
    let bytes = index.storage().open(&object.name).unwrap().to_vec();
    let mut found = 0;
    for at in (0..bytes.len()).step_by(bytes.len() / 400 + 1) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        let answered =
            SegmentReader::from_bytes("seg/x.seg", Bytes::new(damaged), None).and_then(|reader| answers(&replaced(&view, reader)));
        match answered {
            Ok(answers) => assert_eq!(answers, expected, "byte {at}"),
            Err(Error::Corruption { file, .. }) => {
                assert_eq!(file, "seg/x.seg");
                found += 1;
            }
            Err(Error::FormatVersion { .. }) => assert!(at < 16),
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert!(found > 100, "{found} of 400");
}
