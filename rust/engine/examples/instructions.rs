//! Runs fixed queries class by class under callgrind, which counts the instructions of each class and nothing else.
//!
//! `valgrind --tool=callgrind --toggle-collect=instructions::measured --dump-after=instructions::measured instructions DOCUMENTS.jsonl QUERIES.tsv`
//! (`make bench-instructions` does that, and compares.)
//!
//! **In**: documents of `id`, `text`, `title`, `body` and `month`; lines of kind and query string, with a tab between. **Out**: a line a class, in
//! the order of callgrind's dumps: its name, how many queries, how many hits or documents counted. **Law**: the kernels are those of AVX2,
//! which valgrind knows; indexes are built in memory by one thread; every class has run twice before it is counted, so what a thread keeps
//! has grown and what an index caches is there. [`measured`] is left once a class.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the benches: it stops where it cannot go on")]

use std::hint::black_box;
use std::sync::Arc;

use findspot_engine::base::Interrupt;
use findspot_engine::exec::kernels::{Level, use_level};
use findspot_engine::index::UpsertOptions;
use findspot_engine::ingest::{Format, open_reader};
use findspot_engine::plan::{Combine, FieldWeight, RankingConfig};
use findspot_engine::schema::Schema;
use findspot_engine::search::{CountMode, FilterInput, Index, IndexOptions, QueryInput, SearchRequest, View};

const ONE_FIELD: &str = r#"{"key": "id", "extra": "ignore", "fields": [
    {"name": "text", "type": "text", "analyzer": "standard"}, {"name": "month", "type": "integer"}]}"#;
const TWO_FIELDS: &str = r#"{"key": "id", "extra": "ignore", "fields": [
    {"name": "title", "type": "text", "analyzer": "standard"}, {"name": "body", "type": "text", "analyzer": "standard"}]}"#;
/// Passed by one document of sixteen.
const OLD: &str = "month <= 201612";
const SEGMENTS: usize = 8;
const DELETED_ONE_IN: usize = 20;

/// What a class asks besides its query strings.
#[derive(Clone, Copy, PartialEq)]
enum Ask {
    Top(usize),
    Exact,
    Count,
    Filtered,
    Sorted,
}

/// The kinds of queries in a class that is about something else than its kind.
const MIX: &[&str] = &["or2", "or4", "long", "and2"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (documents, queries) = (std::fs::read_to_string(&arguments[0]).unwrap(), std::fs::read_to_string(&arguments[1]).unwrap());
    assert!(use_level(Level::Avx2), "the counts are those of AVX2, which this processor lacks");
    let documents: Vec<&str> = documents.lines().collect();
    let queries: Vec<(&str, &str)> = queries.lines().map(|line| line.split_once('\t').unwrap()).collect();

    let none = Interrupt::none();
    let one = built("memory://one", ONE_FIELD, &documents, 1);
    let eight = built("memory://eight", ONE_FIELD, &documents, SEGMENTS);
    let fields = built("memory://fields", TWO_FIELDS, &documents, 1);
    let bm25f = Index::open("memory://fields", options(Combine::Bm25f)).unwrap();
    let deleted = built("memory://deleted", ONE_FIELD, &documents, 1);
    let keys: Vec<String> = one.view().unwrap().search(&all(documents.len()), &none).unwrap().keys(&none).unwrap();
    let dead: Vec<String> = keys.into_iter().step_by(DELETED_ONE_IN).collect();
    deleted.writer().unwrap().delete(&dead, true, &none).unwrap();
    assert_eq!(deleted.view().unwrap().len(), (documents.len() - dead.len()) as u64);

    for kind in ["or1", "or2", "or3", "or4", "long", "and2", "and3", "phrase", "neg"] {
        count(kind, &one, &queries, &[kind], Ask::Top(10));
    }
    count("top100", &one, &queries, &["or2", "long"], Ask::Top(100));
    count("exact", &one, &queries, MIX, Ask::Exact);
    count("count", &one, &queries, MIX, Ask::Count);
    count("filter", &one, &queries, MIX, Ask::Filtered);
    count("deletes", &deleted, &queries, MIX, Ask::Top(10));
    count("best", &fields, &queries, MIX, Ask::Top(10));
    count("bm25f", &bm25f, &queries, MIX, Ask::Top(10));
    count("segments", &eight, &queries, MIX, Ask::Top(10));
    count("sort", &one, &queries, MIX, Ask::Sorted);
}

fn options(combine: Combine) -> IndexOptions {
    let mut config = RankingConfig { combine, ..RankingConfig::default() };
    if combine == Combine::Bm25f {
        let weighted = |weight| FieldWeight { weight, b: None };
        config.fields = Some([("title".into(), weighted(2.0)), ("body".into(), weighted(1.0))].into());
    }
    IndexOptions { config: Some(config), threads: 1, ..IndexOptions::default() }
}

/// An index of so many segments.
fn built(url: &str, schema: &str, documents: &[&str], segments: usize) -> Index {
    let none = Interrupt::none();
    let index = Index::create(url, serde_json::from_str::<Schema>(schema).unwrap(), options(Combine::Best)).unwrap();
    for part in documents.chunks(documents.len().div_ceil(segments)) {
        let text = part.join("\n");
        let mut records = open_reader(std::io::Cursor::new(text.into_bytes()), Format::JsonLines, "documents", None).unwrap();
        index.writer().unwrap().upsert(&mut *records, &UpsertOptions::default(), &none).unwrap();
        index.writer().unwrap().commit(&none).unwrap();
    }
    index.writer().unwrap().wait_merges(&none).unwrap();
    assert_eq!(index.view().unwrap().snapshot().segments.len(), segments, "{url}");
    index
}

/// Every document, the oldest first.
fn all(limit: usize) -> SearchRequest<'static> {
    SearchRequest { limit, ..SearchRequest::default() }
}

/// Warms a class, then lets callgrind count it.
fn count(name: &str, index: &Index, queries: &[(&str, &str)], kinds: &[&str], ask: Ask) {
    let request = |query: &&str| {
        let request =
            SearchRequest { query: QueryInput::Text((*query).to_owned().into()), count: CountMode::None, ..SearchRequest::default() };
        match ask {
            Ask::Top(limit) => SearchRequest { limit, ..request },
            Ask::Exact => SearchRequest { count: CountMode::Exact, ..request },
            Ask::Filtered => SearchRequest { filter: Some(FilterInput::Text(OLD.into())), ..request },
            Ask::Sorted => SearchRequest { sort: vec!["-month".into()], ..request },
            Ask::Count => request,
        }
    };
    let chosen: Vec<&str> = queries.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, query)| *query).collect();
    let requests: Vec<SearchRequest<'_>> = chosen.iter().map(request).collect();
    let view = index.view().unwrap();
    for _ in 0..2 {
        black_box(asked(&view, &requests, ask));
    }
    let found = measured(&view, &requests, ask);
    println!("{name}\t{}\t{found}", requests.len());
}

/// What callgrind counts, known to it by this name.
#[inline(never)]
fn measured(view: &Arc<View>, requests: &[SearchRequest<'_>], ask: Ask) -> u64 {
    // The call is no jump: callgrind sees where this ends.
    black_box(asked(view, requests, ask))
}

fn asked(view: &Arc<View>, requests: &[SearchRequest<'_>], ask: Ask) -> u64 {
    let none = Interrupt::none();
    let answers = requests.iter().map(|request| match ask {
        Ask::Count => view.search(&request.clone().counting(), &none).unwrap().total().unwrap_or_default(),
        _ => view.search(request, &none).unwrap().len() as u64,
    });
    answers.sum()
}
