//! Random indexes, and what they hold as the naive twin sees it.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, json};

use crate::analysis::Analyzers;
use crate::base::{DocId, Interrupt};
use crate::exec::boost::Function;
use crate::index::UpsertOptions;
use crate::ingest::{Chunk, RecordSource};
use crate::plan::{BoostRule, Combine, Limits, PinRule, RankingConfig};
use crate::query::{MinimumMatch, Operator, SynonymGroups, TypoWhen, Typos, parse_filter};
use crate::schema::{DocumentParser, Schema, Value as Parsed};
use crate::search::naive::{Doc, Value};
use crate::search::{Index, IndexOptions, View};

pub const WORDS: [&str; 9] = ["a", "b", "ab", "ba", "abc", "cab", "bab", "c", "aab"];
pub const TAGS: [&str; 5] = ["coin", "hoard", "ring", "Ring", "é"];

/// Fields 0 and 1 are Text, 2 Keyword(many), 3 Keyword, 4 Integer, 5 Float, 6 Date, 7 Boolean, 8 GeoPoint.
pub fn schema() -> Schema {
    serde_json::from_value(json!({"key": "id", "fields": [
        {"name": "title", "type": "text", "analyzer": "standard"},
        {"name": "clue", "type": "text", "analyzer": "whitespace"},
        {"name": "tags", "type": "keyword", "many": true},
        {"name": "name", "type": "keyword"},
        {"name": "year", "type": "integer"},
        {"name": "price", "type": "float"},
        {"name": "found", "type": "date"},
        {"name": "open", "type": "boolean"},
        {"name": "at", "type": "geopoint"},
    ]}))
    .unwrap()
}

/// JSON documents as a source.
pub struct Records(pub Vec<Vec<u8>>);

impl Records {
    pub fn new(records: Vec<Vec<u8>>) -> Self {
        Self(records)
    }
}

impl RecordSource for Records {
    fn next(&mut self, chunk: &mut Chunk) -> crate::base::Result<bool> {
        chunk.clear();
        for (i, record) in self.0.drain(..).enumerate() {
            chunk.push(&record, i as u64 + 1);
        }
        Ok(!chunk.is_empty())
    }
    fn name(&self) -> Option<&str> {
        None
    }
    fn progress(&self) -> Option<(u64, u64)> {
        None
    }
}

/// Year, price, day of January 1999, open, place.
type Numbers = (Option<i64>, Option<f64>, Option<u8>, Option<bool>, Option<(i8, i8)>);

/// What a document holds; `None` = missing.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub key: u32,
    pub title: Option<Vec<usize>>,
    pub clue: Option<Vec<usize>>,
    pub tags: Vec<usize>,
    pub name: Option<usize>,
    pub numbers: Numbers,
}

impl Draft {
    pub fn json(&self) -> Vec<u8> {
        let words = |words: &[usize]| words.iter().map(|&w| WORDS[w]).collect::<Vec<_>>().join(" ");
        let mut map = Map::new();
        map.insert("id".into(), json!(self.key.to_string()));
        let mut set = |name: &str, value: Option<serde_json::Value>| value.map(|value| map.insert(name.into(), value));
        set("title", self.title.as_deref().map(|title| json!(words(title))));
        set("clue", self.clue.as_deref().map(|clue| json!(words(clue))));
        set("tags", (!self.tags.is_empty()).then(|| json!(self.tags.iter().map(|&tag| TAGS[tag]).collect::<Vec<_>>())));
        set("name", self.name.map(|tag| json!(TAGS[tag])));
        set("year", self.numbers.0.map(|year| json!(year)));
        set("price", self.numbers.1.map(|price| json!(price)));
        set("found", self.numbers.2.map(|day| json!(format!("1999-01-{:02}", day % 28 + 1))));
        set("open", self.numbers.3.map(|open| json!(open)));
        set("at", self.numbers.4.map(|(lat, lon)| json!({"lat": lat / 2, "lon": lon})));
        serde_json::to_vec(&map).unwrap()
    }
}

pub fn draft() -> impl Strategy<Value = Draft> {
    let text = || prop::option::weighted(0.9, prop::collection::vec(0..WORDS.len(), 0..12));
    let numbers = (
        prop::option::of(prop_oneof![-3i64..3, any::<i64>()]),
        prop::option::of(prop_oneof![Just(-0.0), Just(0.5), -2.0f64..2.0]),
        prop::option::of(any::<u8>()),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<(i8, i8)>()),
    );
    (0u32..40, text(), text(), prop::collection::vec(0..TAGS.len(), 0..3), prop::option::of(0..TAGS.len()), numbers)
        .prop_map(|(key, title, clue, tags, name, numbers)| Draft { key, title, clue, tags, name, numbers })
}

/// One step of an index's life.
#[derive(Clone, Debug)]
pub enum Step {
    Upsert(Vec<Draft>),
    Delete(Vec<u32>),
    Commit,
    Merge,
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(draft(), 1..15).prop_map(Step::Upsert),
        1 => prop::collection::vec(0u32..40, 1..5).prop_map(Step::Delete),
        2 => Just(Step::Commit),
        1 => Just(Step::Merge),
    ];
    prop::collection::vec(step, 1..7)
}

pub fn config() -> impl Strategy<Value = RankingConfig> {
    let k1 = prop_oneof![Just(0.0), Just(1.2), 0.0f64..10.0];
    let tie = prop_oneof![Just(0.0), 0.0f64..=1.0];
    let combine = prop_oneof![Just(Combine::Best), Just(Combine::Sum), Just(Combine::Bm25f)];
    let operator = prop_oneof![2 => Just(Operator::Or), 1 => Just(Operator::And)];
    let minimum = prop::option::of(prop::sample::select(vec!["1", "2", "-1", "75%", "-40%", "2<75%", "1<-1 3<50%"]));
    let phrase_boost = prop_oneof![Just(0.0), Just(1.0), 0.0f64..30.0];
    let text = || prop::collection::vec(prop::sample::select(&WORDS[..]), 1..4).prop_map(|words| words.join(" "));
    let texts = move || prop::collection::vec(text(), 1..4);
    let groups = (prop::collection::vec(texts(), 0..3), prop::collection::vec((text(), texts()), 0..2));
    let synonyms = groups.prop_map(|(groups, oneway)| SynonymGroups { groups, oneway });
    let boosts = prop_oneof![Just(Vec::new()), prop::collection::vec(boost(), 1..4)];
    let words = prop::collection::vec(prop::sample::select(&WORDS[..]).prop_map(str::to_owned), 0..3);
    let when = prop::sample::select(vec![TypoWhen::Never, TypoWhen::Missing, TypoWhen::Few, TypoWhen::Always]);
    let typos = (when, 1u64..20, 1u8..4, 2u8..6).prop_map(|(when, few, one, two)| Typos { when, few, one, two: two.max(one) });
    let most = prop_oneof![2 => Just(None), 1 => (1usize..4).prop_map(Some)];
    let lists = (words, typos, prop::collection::vec(pin(), 0..4), most);
    (k1, 0.0f64..=1.0, tie, combine, operator, minimum, phrase_boost, synonyms, boosts, lists).prop_map(
        |(k1, b, tie_breaker, combine, operator, minimum, phrase_boost, synonyms, boosts, lists)| RankingConfig {
            k1,
            b,
            tie_breaker,
            combine,
            operator,
            fields: None,
            minimum_match: minimum.and_then(MinimumMatch::parse),
            phrase_boost,
            synonyms: Arc::new(synonyms),
            boosts,
            stop_words: lists.0.into(),
            typos: lists.1,
            pins: lists.2.into(),
            limits: Limits { max_expansions: lists.3, ..Limits::default() },
            ..RankingConfig::default()
        },
    )
}

/// A pin of some words to keys of which some documents have some.
fn pin() -> impl Strategy<Value = PinRule> {
    let words = prop::collection::vec(prop::sample::select(&WORDS[..]), 1..3).prop_map(|words| words.join(" "));
    let keys = || prop::collection::vec((0u32..45).prop_map(|key| key.to_string()), 0..4);
    (words, keys(), keys()).prop_map(|(query, keys, hide)| PinRule { query, keys, hide })
}

fn boost() -> impl Strategy<Value = BoostRule> {
    let weight = || prop_oneof![Just(0.0), Just(1.0), Just(1e6), 0.0f64..3.0, 0.0f64..1e-3];
    let functions = [Function::Identity, Function::Log1p, Function::Sqrt, Function::Square, Function::Reciprocal];
    const FILTERS: [&str; 7] =
        ["year < 2", "tags in ['coin', 'ring']", "open = true", "name is missing", "price >= 0", "year = 77", "not year = 77"];
    prop_oneof![
        (prop::sample::select(&FILTERS[..]), weight())
            .prop_map(|(when, weight)| BoostRule::Rule { when: parse_filter(when, &schema()).unwrap().into(), weight }),
        (prop::sample::select(&["year", "price", "open"][..]), prop::sample::select(functions.to_vec()), weight())
            .prop_map(|(field, function, weight)| BoostRule::Value { field: field.into(), function, weight }),
        (1e3f64..1e7, weight()).prop_map(|(half_life, weight)| BoostRule::Recency { field: "found".into(), half_life, weight }),
        (1.0f64..1e4, weight()).prop_map(|(half_distance, weight)| BoostRule::Distance { field: "at".into(), half_distance, weight }),
    ]
}

/// What a request says of its time (January 1999, or far off) and its place.
pub fn here() -> impl Strategy<Value = (Option<i64>, Option<(f64, f64)>)> {
    let day = 86_400_000_000i64;
    let now = prop_oneof![(0i64..40).prop_map(move |days| 915_148_800_000_000 + days * day), any::<i64>()];
    (prop::option::weighted(0.8, now), prop::option::weighted(0.8, (-90.0f64..90.0, -180.0f64..180.0)))
}

/// An empty index of its own.
pub fn create(config: RankingConfig) -> Index {
    let url = format!("memory://search-{}", ulid::Ulid::generate());
    Index::create(&url, schema(), IndexOptions { config: Some(config), threads: 1, ..IndexOptions::default() }).unwrap()
}

pub fn upsert(index: &Index, drafts: &[Draft]) {
    let mut records = Records(drafts.iter().map(Draft::json).collect());
    index.writer().unwrap().upsert(&mut records, &UpsertOptions::default(), &Interrupt::none()).unwrap();
}

pub fn take(index: &Index, steps: &[Step]) {
    let writer = index.writer().unwrap();
    let none = Interrupt::none();
    for step in steps {
        match step {
            Step::Upsert(drafts) => upsert(index, drafts),
            Step::Delete(keys) => {
                writer.delete(&keys.iter().map(ToString::to_string).collect::<Vec<_>>(), true, &none).unwrap();
            }
            Step::Commit => {
                writer.commit(&none).unwrap();
            }
            Step::Merge => {
                writer.commit(&none).unwrap();
                writer.merge(1, &none).unwrap();
            }
        }
    }
}

/// Everything that a view holds, deleted documents too, from nothing but stored documents and analyzers.
pub fn naive_docs(view: &View) -> Vec<Doc> {
    let schema = Arc::clone(view.schema());
    let analyzers = Analyzers::of(schema.analyzers()).unwrap();
    let mut parser = DocumentParser::new(Arc::clone(&schema));
    let mut docs = Vec::new();
    for segment in &view.snapshot().segments {
        for doc in (0..segment.reader.doc_count()).map(DocId) {
            let mut json = Vec::new();
            segment.reader.document(doc, &mut json).unwrap();
            let parsed = parser.parse(&json).unwrap();
            let mut values = vec![Value::Missing; schema.fields().len()];
            for (field, value) in &parsed.values {
                let slot = &mut values[field.index()];
                *slot = match value {
                    Parsed::Text(text) => {
                        let mut tokens = Vec::new();
                        analyzers
                            .get(*field)
                            .unwrap()
                            .analyze(text, &mut |token| tokens.push((token.text.as_bytes().to_vec(), token.position)));
                        Value::Tokens(tokens)
                    }
                    Parsed::Keyword(word) => match std::mem::replace(slot, Value::Missing) {
                        Value::Keywords(mut words) => {
                            words.push(word.to_string());
                            Value::Keywords(words)
                        }
                        _ => Value::Keywords(vec![word.to_string()]),
                    },
                    Parsed::Integer(value) | Parsed::Date(value) => Value::Integer(*value),
                    Parsed::Float(value) => Value::Float(*value),
                    Parsed::Boolean(value) => Value::Integer(i64::from(*value)),
                    Parsed::Geo { lat, lon } => Value::Point(*lat, *lon),
                };
            }
            let live = segment.live.as_ref().is_none_or(|live| live.contains(doc.0));
            docs.push(Doc { key: parsed.key.to_string(), seq: segment.sequence(doc).unwrap().0, live, values });
        }
    }
    docs
}
