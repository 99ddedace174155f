//! Opening, pinning, projecting, timing out, deleting by filter, closing.

use std::time::{Duration, Instant};

use super::world::{Draft, create, schema, upsert};
use crate::base::{Error, Interrupt};
use crate::plan::RankingConfig;
use crate::search::{FilterInput, Index, IndexOptions, OnTimeout, QueryInput, SearchRequest};

fn draft(key: u32) -> Draft {
    Draft {
        key,
        title: Some(vec![0, key as usize % 9]),
        clue: None,
        tags: vec![0],
        name: None,
        numbers: (Some(i64::from(key)), None, None, None, None),
    }
}

fn filled(count: u32) -> Index {
    let index = create(RankingConfig::default());
    upsert(&index, &(0..count).map(draft).collect::<Vec<_>>());
    index
}

fn text(text: &str) -> SearchRequest<'_> {
    SearchRequest { query: QueryInput::Text(text.into()), ..SearchRequest::default() }
}

#[test]
fn a_pinned_view_stays_as_it_is() {
    let (index, none) = (filled(3), Interrupt::none());
    let pinned = index.view().unwrap();
    index.writer().unwrap().delete(&["1".into()], true, &none).unwrap();
    index.writer().unwrap().commit(&none).unwrap();
    index.writer().unwrap().merge(1, &none).unwrap();
    assert_eq!((pinned.len(), index.view().unwrap().len()), (3, 2));
    assert!(pinned.contains("1").unwrap() && !index.view().unwrap().contains("1").unwrap());
    assert_eq!(pinned.search(&text("a"), &none).unwrap().keys(&Interrupt::none()).unwrap(), ["0", "1", "2"]);
    assert!(pinned.generation() < index.view().unwrap().generation());
    assert_eq!((pinned.config_version(), index.view().unwrap().refresh()), (1, 0));
}

#[test]
fn documents_come_back_as_written_or_in_parts() {
    let (index, none) = (filled(2), Interrupt::none());
    let view = index.view().unwrap();
    let hits = view.search(&text("a"), &none).unwrap();
    assert_eq!(hits.json(0).unwrap(), draft(0).json());
    let parts = SearchRequest { fields: Some(vec!["year".into(), "id".into()]), ..text("a") };
    let hits = view.search(&parts, &none).unwrap();
    assert_eq!(hits.json(1).unwrap(), br#"{"id":"1","year":1}"#);
    let score = serde_json::to_string(&hits.score(0).unwrap()).unwrap();
    let whole = String::from_utf8(hits.to_json(&none).unwrap()).unwrap();
    assert!(whole.starts_with(&format!(r#"[{{"key":"0","score":{score},"document":{{"id":"0","year":0}}}},"#)), "{whole}");
    assert!(matches!(hits.json(2), Err(Error::Argument { argument: "index", .. })));
    let unknown = SearchRequest { fields: Some(vec!["yaer".into()]), ..text("a") };
    assert!(view.search(&unknown, &none).unwrap_err().to_string().contains("did you mean \"year\"?"));
    assert!(matches!(
        view.search(&SearchRequest { sort: vec!["title".into()], ..text("a") }, &none),
        Err(Error::Argument { argument: "sort", .. })
    ));
    assert!(matches!(view.search(&SearchRequest { strict: true, ..text("(a") }, &none), Err(Error::Query { .. })));
    assert!(!view.search(&text("(a"), &none).unwrap().warnings().is_empty());
}

#[test]
fn when_the_time_is_over_hits_are_partial_or_an_error() {
    let index = filled(50);
    let view = index.view().unwrap();
    let hurried = SearchRequest { timeout: Some(Duration::ZERO), ..text("a b*") };
    let hits = view.search(&hurried, &Interrupt::none()).unwrap();
    assert!(hits.partial() && hits.relation().as_str() == "gte");
    let raising = SearchRequest { on_timeout: OnTimeout::Raise, timeout: Some(Duration::from_nanos(1)), ..text("a") };
    assert!(matches!(view.search(&raising, &Interrupt::none()), Err(Error::Timeout { seconds }) if seconds == 1e-9));
    let patient = SearchRequest { timeout: Some(Duration::from_secs(3600)), ..text("a") };
    assert!(!view.search(&patient, &Interrupt::none()).unwrap().partial());
    let past = Interrupt::new(None, Instant::now().checked_sub(Duration::from_millis(1)));
    assert!(matches!(view.search(&text("a").counting(), &past), Err(Error::Timeout { .. })));
    let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    assert!(matches!(view.search(&text("a"), &Interrupt::new(Some(flag), None)), Err(Error::Cancelled)));
}

#[test]
fn deleting_by_filter_deletes_what_passes() {
    let (index, none) = (filled(30), Interrupt::none());
    assert_eq!(index.delete_where(&FilterInput::Text("year >= 10 and tags = 'coin'".into()), true, &none).unwrap(), 20);
    assert_eq!(index.view().unwrap().len(), 10);
    assert!(matches!(index.delete_where(&FilterInput::Text("yaer > 1".into()), true, &none), Err(Error::Query { .. })));
}

#[test]
fn an_index_is_created_once_and_opened_often() {
    let (index, none) = (filled(4), Interrupt::none());
    let url = index.url().to_owned();
    let generation = index.writer().unwrap().commit(&none).unwrap().generation;
    assert!(matches!(Index::create(&url, schema(), IndexOptions::default()), Err(Error::Index { .. })));
    let again = Index::create(&url, schema(), IndexOptions { exist_ok: true, ..IndexOptions::default() }).unwrap();
    assert_eq!(again.view().unwrap().len(), 4);
    let other = serde_json::from_value(serde_json::json!({"key": "other", "fields": []})).unwrap();
    let options = IndexOptions { exist_ok: true, ..IndexOptions::default() };
    assert!(matches!(Index::create(&url, other, options), Err(Error::Schema { .. })));
    assert_eq!(Index::open_at(&url, generation, IndexOptions::default()).unwrap().view().unwrap().generation(), generation);
    assert!(matches!(Index::open_at(&url, generation + 7, IndexOptions::default()), Err(Error::StaleView(_))));
    let config = Some(RankingConfig::from_json(br#"{"fields": {"year": 1}}"#).unwrap());
    assert!(matches!(Index::open(&url, IndexOptions { config, ..IndexOptions::default() }), Err(Error::Config(_))));
    assert!(matches!(Index::open("memory://nothing-here", IndexOptions::default()), Err(Error::Index { .. })));
}

#[test]
fn closing_commits_and_ends_but_views_stay() {
    let (index, none) = (filled(4), Interrupt::none());
    let (url, view) = (index.url().to_owned(), index.view().unwrap());
    index.close(&none).unwrap();
    index.close(&none).unwrap();
    assert!(matches!(index.view(), Err(Error::Closed(_))) && matches!(index.writer(), Err(Error::Closed(_))));
    assert_eq!(view.search(&text("a"), &none).unwrap().len(), 4);
    let index = Index::open(&url, IndexOptions::default()).unwrap();
    assert_eq!(index.view().unwrap().len(), 4);
    upsert(&index, &[draft(9)]);
    index.abandon().unwrap();
    assert_eq!(Index::open(&url, IndexOptions::default()).unwrap().view().unwrap().len(), 4);
}

#[test]
fn a_handle_follows_what_others_commit() {
    let (index, none) = (filled(2), Interrupt::none());
    index.writer().unwrap().commit(&none).unwrap();
    let options = IndexOptions { follow: Some(Duration::from_millis(5)), ..IndexOptions::default() };
    let follower = Index::open(index.url(), options).unwrap();
    assert_eq!(follower.view().unwrap().len(), 2);
    upsert(&index, &[draft(7)]);
    index.writer().unwrap().commit(&none).unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while follower.view().unwrap().len() < 3 {
        assert!(Instant::now() < patience, "never followed");
        std::thread::sleep(Duration::from_millis(2));
    }
    follower.close(&none).unwrap();
}

#[test]
fn a_grown_schema_is_searched_at_once() {
    let (index, none) = (filled(2), Interrupt::none());
    let field = serde_json::from_value(serde_json::json!({"name": "more", "type": "text", "analyzer": "standard"})).unwrap();
    index.writer().unwrap().alter(&[field], &none).unwrap();
    let view = index.view().unwrap();
    assert_eq!(view.schema().fields().len(), schema().fields().len() + 1);
    let hits = view.search(&text("more:a a"), &none).unwrap();
    assert_eq!(hits.keys(&Interrupt::none()).unwrap(), ["0", "1"]);
    let missing = SearchRequest { filter: Some(FilterInput::Text("more is missing".into())), ..text("") };
    assert_eq!(view.search(&missing, &none).unwrap().len(), 2);
}
