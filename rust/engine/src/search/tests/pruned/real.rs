//! Real texts, real queries: what users get is what looking at everything finds.
//!
//! **In**: the development data; with `FINDSPOT_SOAK` more of it. Without the data the tests say that they are skipped.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};

use crate::base::Interrupt;
use crate::collect::{CountMode, Executor, Wanted, everything};
use crate::index::UpsertOptions;
use crate::plan::{Combine, Compiled, FieldWeight, RankingConfig, compile, tables};
use crate::search::tests::world::Records;
use crate::search::view::{find, find_by};
use crate::search::{FilterInput, Index, IndexOptions, QueryInput};

#[allow(clippy::expect_used, dead_code, reason = "tests; here only the place of the data is asked for")]
#[path = "../../../../tests/data/mod.rs"]
mod data;

/// So many times as much of everything.
fn more() -> usize {
    if std::env::var_os("FINDSPOT_SOAK").is_some_and(|soak| !soak.is_empty()) { 10 } else { 1 }
}

/// Every `step`th document, its text in `body`, cut where it is long.
fn index(name: &str, file: &Path, text: &str, step: usize) -> Index {
    let field = |name: &str| json!({"name": name, "type": "text", "analyzer": "standard"});
    let schema = json!({"key": "id", "fields": [field("title"), field("body"), {"name": "number", "type": "integer"}]});
    let url = format!("memory://{name}");
    let index =
        Index::create(&url, serde_json::from_value(schema).unwrap(), IndexOptions { threads: 1, ..IndexOptions::default() }).unwrap();
    let lines = BufReader::new(zstd::Decoder::new(std::fs::File::open(file).unwrap()).unwrap()).lines();
    let record = |(number, line): (usize, std::io::Result<String>)| {
        let document: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let body: String = document[text].as_str().unwrap_or_default().chars().take(400).collect();
        json!({"id": number.to_string(), "title": document["title"], "body": body, "number": number % 1000}).to_string().into_bytes()
    };
    let records: Vec<_> = lines.step_by(step).enumerate().map(record).collect();
    let third = records.len() / 3;
    let (writer, none) = (index.writer().unwrap(), Interrupt::none());
    // Two segments, the newer one the smaller, and some deleted documents.
    for part in [&records[..2 * third], &records[2 * third..]] {
        writer.upsert(&mut Records(part.to_vec()), &UpsertOptions::default(), &none).unwrap();
        writer.commit(&none).unwrap();
    }
    let deleted: Vec<_> = (third..records.len()).step_by(20).map(|number| number.to_string()).collect();
    writer.delete(&deleted, true, &none).unwrap();
    index
}

/// Queries as people wrote them: searches with operators, keywords, questions; two of three words of some must match.
fn queries(folder: &Path) -> Vec<String> {
    // Not all of what people typed was UTF-8.
    let text = |name: &str| String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap()).into_owned();
    let lines = |name: &str| text(name).lines().map(str::to_owned).collect::<Vec<_>>();
    let game = lines("search-benchmark-game.queries.jsonl");
    let game = game.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["query"].as_str().unwrap_or_default().to_owned());
    let keywords = lines("topics.mq.1-10000.txt");
    let keywords = keywords.iter().filter_map(|line| line.split_once(':')).map(|(_, words)| words.to_owned());
    let asked = lines("topics.dpr.nq.dev.txt");
    let asked = asked.iter().filter_map(|line| line.split_once('\t')).map(|(question, _)| question.to_owned());
    let picked = game.step_by(6).chain(keywords.step_by(100 / more())).chain(asked.step_by(200 / more()));
    picked.collect()
}

/// Everything of a ranking at once, over words that such texts and queries have.
fn whole(base: RankingConfig) -> RankingConfig {
    let lists = json!({
        "ranking": {
            "phrase_boost": 1.5, "minimum_match": "2<75%", "tie_breaker": 0.3,
            "boost": [
                {"when": "number < 300", "weight": 1.4},
                {"field": "number", "function": "log1p", "weight": 0.05},
                {"field": "number", "function": "reciprocal", "weight": 2},
            ],
        },
        "synonyms": {
            "groups": [
                ["the", "a"], ["new york", "city", "big apple"], ["python", "library", "client library"], ["web", "http"],
                ["united states", "us", "america"], ["first", "1st"], ["data base", "database", "db"],
            ],
            "oneway": {"what": ["which", "who"], "is": ["was", "are"], "time": ["hour", "what time"]},
        },
        "stopwords": {"words": ["of", "in", "on", "to", "for"]},
        "typos": {"when": "missing", "min_length": {"one": 5, "two": 9}},
        "limits": {"max_expansions": 16},
    });
    let lists = RankingConfig::from_value(&lists).unwrap();
    RankingConfig { fields: base.fields, k1: base.k1, ..lists }
}

fn configs() -> [RankingConfig; 4] {
    let usual = RankingConfig::default();
    let title = BTreeMap::from([
        ("title".to_owned(), FieldWeight { weight: 3.0, b: Some(0.4) }),
        ("body".to_owned(), FieldWeight { weight: 1.0, b: None }),
    ]);
    let title = RankingConfig { fields: Some(title), k1: 0.9, ..usual.clone() };
    [
        RankingConfig { fields: Some(BTreeMap::from([("body".to_owned(), FieldWeight { weight: 1.0, b: None })])), ..usual },
        RankingConfig { combine: Combine::Best, tie_breaker: 0.2, ..title.clone() },
        RankingConfig { combine: Combine::Bm25f, ..title.clone() },
        whole(title),
    ]
}

/// Asks all queries of one index both ways.
fn compare(index: &Index, queries: &[String]) {
    let (view, none) = (index.view().unwrap(), Interrupt::none());
    let snapshot = view.snapshot();
    assert!(snapshot.segments.len() > 1 && snapshot.segments.iter().any(|segment| segment.live.is_some()));
    let (mut found, mut pruned) = (0, 0);
    let filter = Some(FilterInput::Text("number < 50".into()));
    for (at, config) in configs().into_iter().enumerate() {
        let compiled = Compiled::new(&config, view.schema()).unwrap();
        let tables = tables(snapshot, &compiled);
        for (number, query) in queries.iter().enumerate() {
            let filter = view.bind_filter(if (number + at) % 5 == 0 { filter.as_ref() } else { None }).unwrap();
            let bound = view.bind(&QueryInput::Text(query.as_str().into()), false, &compiled).unwrap().query;
            let plan = |scoring| compile(bound.clone(), filter.clone(), snapshot, &compiled, scoring, &none).unwrap();
            let (mut plan, unscored) = (plan(true), plan(false));
            plan.boost(&compiled, None, None);
            let wanted = Wanted { hits: [10, 1, 100, 1000][number % 4], sort: &[], count: CountMode::Exact, scores: plan.scores };
            let expected = find_by(everything, &plan, &tables, snapshot, wanted, &none).unwrap();
            let got = find(&plan, &tables, snapshot, Wanted { count: CountMode::None, ..wanted }, &none).unwrap();
            assert_eq!(got.hits, expected.hits, "{query:?} under {config:?}: {:?}", got.work);
            let counted = find(&unscored, &tables, snapshot, Wanted { hits: 0, scores: false, ..wanted }, &none).unwrap();
            assert_eq!(counted.total, expected.total, "{query:?} counted");
            found += got.hits.len();
            pruned += usize::from(got.executor == Executor::Pruned && plan.shape.is_some());
        }
    }
    let asked = queries.len() * configs().len();
    assert!(found > 2 * asked && pruned * 10 > asked * 8, "{found} hits, {pruned} of {asked} by shape");
}

#[test]
fn summaries_of_packages_are_found_exactly() {
    const NAME: &str = "summaries_of_packages_are_found_exactly";
    let (Some(file), Some(folder)) = (data::path(NAME, "corpora/pypi-summaries.jsonl.zst"), data::path(NAME, "queries")) else { return };
    compare(&index("pypi", &file, "body", 20 / more()), &queries(&folder));
}

#[test]
fn articles_are_found_exactly() {
    const NAME: &str = "articles_are_found_exactly";
    let (Some(file), Some(folder)) = (data::path(NAME, "corpora/wiki-en-60k.jsonl.zst"), data::path(NAME, "queries")) else { return };
    compare(&index("wiki", &file, "text", (6 / more()).max(1)), &queries(&folder));
}
