//! The ranking configuration: read strictly, checked whole, then checked against a schema.
//!
//! **In**: a mapping as JSON, flat or under `ranking`. **Out**: a [`RankingConfig`] whose numbers are all in range; with a schema, a
//! [`Compiled`]. **Law**: every problem is reported at once, each with its path; nothing unknown is ignored. What the kernels read has
//! been checked here and nowhere else. The limits are those of the formula: with them no score can be NaN or infinite.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::boosts::{BoostRule, boosts};
use crate::analysis::Analyzers;
use crate::base::error::Problem;
use crate::base::{Error, FieldId, Result, nearest};
use crate::exec::boost::Boost;
use crate::query::{MinimumMatch, Operator, SearchFields, SynonymGroups, Synonyms};
use crate::schema::{FieldKind, Schema};

const KEYS: [&str; 6] = ["k1", "b", "fields", "combine", "tie_breaker", "operator"];
const FIELD_KEYS: [&str; 2] = ["weight", "b"];
/// Largest k1.
pub const MAX_K1: f64 = 10.0;
/// Largest weight of a field.
pub const MAX_WEIGHT: f64 = 1e6;

/// How the clauses of one slot (a word in several fields, its variants) make one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combine {
    /// The best clause, plus `tie_breaker` times the others.
    #[default]
    Best,
    /// The sum of the clauses.
    Sum,
    /// One clause over the weighted frequencies of all fields, saturated once.
    Bm25f,
}

/// A field that a bare word searches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldWeight {
    /// Multiplies its clauses; 0 makes them filters.
    pub weight: f64,
    /// Its own `b`.
    pub b: Option<f64>,
}

/// A checked ranking configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct RankingConfig {
    /// Saturation of the term frequency.
    pub k1: f64,
    /// How much the length of a field counts.
    pub b: f64,
    /// Which fields a bare word searches; `None` = all Text fields with weight 1.
    pub fields: Option<BTreeMap<String, FieldWeight>>,
    /// How clauses of a slot combine.
    pub combine: Combine,
    /// Share of the lesser clauses under [`Combine::Best`].
    pub tie_breaker: f64,
    /// What stands between bare words.
    pub operator: Operator,
    /// How many of the bare words that `or` joins have to be there; none: one.
    pub minimum_match: Option<MinimumMatch>,
    /// What a document scores besides when the words stand together, as a share of that phrase's score; 0: nothing.
    pub phrase_boost: f64,
    /// Words that stand for one another.
    pub synonyms: SynonymGroups,
    /// What multiplies scores.
    pub boosts: Vec<BoostRule>,
}

impl Default for RankingConfig {
    fn default() -> Self {
        Self {
            k1: 1.2,
            b: 0.75,
            fields: None,
            combine: Combine::Best,
            tie_breaker: 0.0,
            operator: Operator::Or,
            minimum_match: None,
            phrase_boost: 0.0,
            synonyms: SynonymGroups::default(),
            boosts: Vec::new(),
        }
    }
}

impl RankingConfig {
    /// Reads a configuration, as `{"k1": 0.9}` or `{"ranking": {"k1": 0.9}}`.
    ///
    /// # Errors
    /// [`Error::Config`] with every problem.
    ///
    /// # Examples
    /// ```
    /// use findspot_engine::plan::RankingConfig;
    /// let config = RankingConfig::from_json(br#"{"k1": 0.9, "fields": {"title": 3, "clue": {"weight": 1, "b": 0.4}}}"#).unwrap();
    /// assert_eq!((config.k1, config.b), (0.9, 0.75));
    /// ```
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let mut problems = Problems::default();
        let config = match serde_json::from_slice::<Value>(json) {
            Err(error) => {
                problems.add("", "a mapping of finite numbers, strings and mappings", &error.to_string());
                Self::default()
            }
            Ok(Value::Object(map)) => match (map.len(), map.get("ranking")) {
                (1, Some(Value::Object(inner))) => Self::read("ranking.", inner, &mut problems),
                _ => Self::read("", &map, &mut problems),
            },
            Ok(other) => {
                problems.add("", "a mapping", &shown(&other));
                Self::default()
            }
        };
        problems.settle(config)
    }

    fn read(prefix: &str, map: &Map<String, Value>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        for (key, value) in map {
            let path = format!("{prefix}{key}");
            match key.as_str() {
                "k1" => problems.number(&path, value, MAX_K1, &mut config.k1),
                "b" => problems.number(&path, value, 1.0, &mut config.b),
                "tie_breaker" => problems.number(&path, value, 1.0, &mut config.tie_breaker),
                "fields" => config.fields = Some(read_fields(&path, value, problems)),
                "combine" => {
                    let known = [("best", Combine::Best), ("sum", Combine::Sum), ("bm25f", Combine::Bm25f)];
                    problems.word(&path, value, &known, &mut config.combine);
                }
                "operator" => problems.word(&path, value, &[("or", Operator::Or), ("and", Operator::And)], &mut config.operator),
                _ => problems.unknown(&path, key, &KEYS),
            }
        }
        config
    }
}

fn read_fields(path: &str, value: &Value, problems: &mut Problems) -> BTreeMap<String, FieldWeight> {
    let mut fields = BTreeMap::new();
    let Value::Object(map) = value else {
        problems.add(path, "a mapping from field names to weights", &shown(value));
        return fields;
    };
    if map.is_empty() {
        problems.add(path, "at least one field", "none");
    }
    for (name, value) in map {
        let path = format!("{path}.{name}");
        let mut field = FieldWeight { weight: 1.0, b: None };
        match value {
            Value::Object(own) => {
                for (key, value) in own {
                    let path = format!("{path}.{key}");
                    match key.as_str() {
                        "weight" => problems.number(&path, value, MAX_WEIGHT, &mut field.weight),
                        "b" => problems.number(&path, value, 1.0, field.b.insert(0.0)),
                        _ => problems.unknown(&path, key, &FIELD_KEYS),
                    }
                }
            }
            other => problems.number(&path, other, MAX_WEIGHT, &mut field.weight),
        }
        fields.insert(name.clone(), field);
    }
    fields
}

/// The problems found so far.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub fn add(&mut self, path: &str, expected: &str, got: &str) {
        self.0.push(Problem { path: path.into(), expected: expected.into(), got: got.into() });
    }

    pub fn unknown(&mut self, path: &str, key: &str, known: &[&str]) {
        let meant = nearest(key, known.iter().copied()).map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
        self.add(path, &format!("one of {}{meant}", known.join(", ")), &format!("{:?}", clipped(key)));
    }

    fn number(&mut self, path: &str, value: &Value, most: f64, into: &mut f64) {
        match value.as_f64() {
            Some(number) if (0.0..=most).contains(&number) => *into = number + 0.0, // -0.0 becomes 0.0
            _ => self.add(path, &format!("a number from 0 to {most}"), &shown(value)),
        }
    }

    pub fn in_range(&mut self, path: &str, number: f64, most: f64) {
        if !(0.0..=most).contains(&number) {
            self.add(path, &format!("a number from 0 to {most}"), &number.to_string());
        }
    }

    fn word<T: Copy>(&mut self, path: &str, value: &Value, known: &[(&str, T)], into: &mut T) {
        match value.as_str().and_then(|word| known.iter().find(|(name, _)| *name == word)) {
            Some((_, meaning)) => *into = *meaning,
            None => {
                let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
                let meant = value.as_str().and_then(|word| nearest(word, names.iter().copied()));
                let meant = meant.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
                self.add(path, &format!("one of {}{meant}", names.join(", ")), &shown(value));
            }
        }
    }

    fn settle<T>(self, value: T) -> Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::Config(self.0)) }
    }
}

fn clipped(text: &str) -> String {
    if text.chars().count() > 60 { text.chars().take(60).chain(['…']).collect() } else { text.into() }
}

fn shown(value: &Value) -> String {
    clipped(&value.to_string())
}

/// A configuration that fits a schema: what a plan reads.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Saturation of the term frequency.
    pub k1: f64,
    /// How clauses of a slot combine.
    pub combine: Combine,
    /// Share of the lesser clauses under [`Combine::Best`].
    pub tie_breaker: f64,
    /// Which fields a query searches, with what weights, and what stands between bare words.
    pub search: SearchFields,
    /// What multiplies scores.
    pub boosts: Arc<[Boost]>,
    /// `b` of each field, by id.
    b: Vec<f64>,
    /// What it was made from, to compile again when the schema grows.
    config: RankingConfig,
}

impl Compiled {
    /// Checks `config` against `schema`.
    ///
    /// # Errors
    /// [`Error::Config`] with every field that does not exist or holds no text.
    pub fn new(config: &RankingConfig, schema: &Schema) -> Result<Arc<Self>> {
        let mut problems = Problems::default();
        let is_text = |kind: &FieldKind| matches!(kind, FieldKind::Text { .. });
        for name in config.fields.iter().flat_map(BTreeMap::keys) {
            let path = format!("fields.{name}");
            match schema.find(name) {
                Some((_, field)) if is_text(&field.kind) => {}
                Some((_, field)) => problems.add(&path, "a Text field", &format!("a field of type {}", field.kind.name())),
                None => {
                    let texts: Vec<_> = schema.fields().iter().filter(|f| is_text(&f.kind)).map(|f| f.name.as_str()).collect();
                    problems.unknown(&path, name, &texts);
                }
            }
        }
        let own = |name: &str| config.fields.as_ref().and_then(|fields| fields.get(name));
        let weight = |name: &str| own(name).map_or(1.0, |own| own.weight);
        let searched = |name: &str| config.fields.as_ref().is_none_or(|fields| fields.contains_key(name));
        let fields = schema.iter().filter(|(_, f)| is_text(&f.kind) && searched(&f.name)).map(|(id, f)| (id, weight(&f.name))).collect();
        let named = schema.fields().iter().map(|field| weight(&field.name)).collect();
        let b = schema.fields().iter().map(|field| own(&field.name).and_then(|own| own.b).unwrap_or(config.b)).collect();
        problems.in_range("phrase_boost", config.phrase_boost, MAX_WEIGHT);
        let (minimum_match, phrase_boost) = (config.minimum_match.clone(), config.phrase_boost);
        let analyzers = if config.synonyms == SynonymGroups::default() { Analyzers::of([])? } else { Analyzers::of(schema.analyzers())? };
        let synonyms = Synonyms::new(&config.synonyms, &analyzers, schema.iter().map(|(id, _)| id));
        let search = SearchFields { fields, named, operator: config.operator, minimum_match, phrase_boost, synonyms };
        let (k1, combine, tie_breaker) = (config.k1, config.combine, config.tie_breaker);
        let boosts = boosts(&config.boosts, schema, &mut problems).into();
        problems.settle(Arc::new(Self { k1, combine, tie_breaker, search, boosts, b, config: config.clone() }))
    }

    /// The same configuration for a schema that has grown.
    ///
    /// # Errors
    /// None that [`Compiled::new`] did not report: fields are only ever added.
    pub fn for_schema(&self, schema: &Schema) -> Result<Arc<Self>> {
        Self::new(&self.config, schema)
    }

    /// The `b` of a field.
    #[must_use]
    pub fn b(&self, field: FieldId) -> f64 {
        self.b.get(field.index()).copied().unwrap_or(self.config.b)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::schema::{Extra, Field, KeyKind};

    fn schema() -> Schema {
        let text = |name: &str| Field { name: name.into(), kind: FieldKind::Text { analyzer: "standard".into() } };
        let fields = vec![text("title"), text("clue"), Field { name: "year".into(), kind: FieldKind::Integer }];
        Schema::new("id".into(), KeyKind::String, Extra::Error, fields).unwrap()
    }

    fn problems<T: std::fmt::Debug>(result: Result<T>) -> Vec<(String, String, String)> {
        match result {
            Err(Error::Config(problems)) => problems.into_iter().map(|p| (p.path, p.expected, p.got)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_configuration_all_text_fields_count_alike() {
        let compiled = Compiled::new(&RankingConfig::default(), &schema()).unwrap();
        assert_eq!((compiled.k1, compiled.b(FieldId(1)), compiled.tie_breaker), (1.2, 0.75, 0.0));
        assert_eq!(compiled.search.fields, SearchFields::all(&schema()).fields);
        assert_eq!(RankingConfig::from_json(b"{}").unwrap(), RankingConfig::default());
    }

    #[test]
    fn fields_stand_in_schema_order_and_keep_their_own_b() {
        let json =
            br#"{"ranking": {"b": 0.5, "fields": {"clue": {"weight": 2, "b": 0}, "title": 3}, "operator": "and", "combine": "bm25f"}}"#;
        let compiled = Compiled::new(&RankingConfig::from_json(json).unwrap(), &schema()).unwrap();
        assert_eq!(compiled.search.fields, [(FieldId(0), 3.0), (FieldId(1), 2.0)]);
        assert_eq!((compiled.combine, compiled.search.operator), (Combine::Bm25f, Operator::And));
        assert_eq!((compiled.b(FieldId(0)), compiled.b(FieldId(1))), (0.5, 0.0));
    }

    #[test]
    fn every_problem_is_reported_with_its_path() {
        let json = br#"{"k1": 10.5, "b": "x", "wieght": 1, "fields": {"a": -1, "b": {"weight": null, "bb": 1}}, "combine": "bets", "operator": 3}"#;
        let found = problems(RankingConfig::from_json(json));
        let paths: Vec<_> = found.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(paths, ["b", "combine", "fields.a", "fields.b.bb", "fields.b.weight", "k1", "operator", "wieght"]);
        let of = |path: &str| found.iter().find(|(p, ..)| p == path).cloned().unwrap();
        assert_eq!(of("k1").1, "a number from 0 to 10");
        assert_eq!((of("combine").1.as_str(), of("combine").2.as_str()), ("one of best, sum, bm25f; did you mean \"best\"?", "\"bets\""));
        for bad in [&b"[]"[..], b"", b"NaN", b"{\"k1\": NaN}", b"{\"k1\": 1e999}", b"{\"fields\": {}}", b"{\"ranking\": 1}", b"\xff"] {
            assert_eq!(problems(RankingConfig::from_json(bad)).len(), 1, "{bad:?}");
        }
        assert_eq!(problems(RankingConfig::from_json(&b"[".repeat(100_000))).len(), 1);
    }

    /// Known inside of the engine; how a file writes them is not decided yet.
    #[test]
    fn what_has_no_written_form_yet_is_unknown() {
        for key in ["minimum_match", "phrase_boost", "synonyms", "boost", "boosts"] {
            let found = problems(RankingConfig::from_json(format!("{{\"{key}\": 1}}").as_bytes()));
            assert_eq!(found.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>(), [key]);
        }
    }

    #[test]
    fn boosts_that_do_not_fit_are_refused() {
        use crate::exec::boost::Function;
        let value = |field: &str, weight| BoostRule::Value { field: field.into(), function: Function::Log1p, weight };
        let refused = |boosts| {
            let config = RankingConfig { boosts, phrase_boost: -1.0, ..RankingConfig::default() };
            problems(Compiled::new(&config, &schema())).into_iter().map(|(path, _, got)| (path, got)).collect::<Vec<_>>()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let boosts = vec![
            value("year", -0.5),
            value("yaer", f64::NAN),
            value("title", 1.0),
            BoostRule::Recency { field: "year".into(), half_life: 0.0, weight: 1.0 },
            BoostRule::Distance { field: "at".into(), half_distance: f64::INFINITY, weight: 1e300 },
        ];
        let expected = [
            pair("phrase_boost", "-1"),
            pair("boost[0].weight", "-0.5"),
            pair("boost[1].weight", "NaN"),
            pair("boost[1].field", "\"yaer\""),
            pair("boost[2].field", "a field of type Text"),
            pair("boost[3].half_life", "0"),
            pair("boost[3].field", "a field of type Integer"),
            pair("boost[4].weight", &1e300.to_string()),
            pair("boost[4].half_distance", "inf"),
            pair("boost[4].field", "\"at\""),
        ];
        assert_eq!(refused(boosts), expected);
        assert_eq!(refused(vec![value("year", 1.0); 17])[1], pair("boost", "17"));
    }

    #[test]
    fn a_field_that_is_missing_or_no_text_is_refused() {
        let config = RankingConfig::from_json(br#"{"fields": {"titel": 1, "year": 1, "title": 1}}"#).unwrap();
        let found = problems(Compiled::new(&config, &schema()));
        assert_eq!(found[0], ("fields.titel".into(), "one of title, clue; did you mean \"title\"?".into(), "\"titel\"".into()));
        assert_eq!(found[1], ("fields.year".into(), "a Text field".into(), "a field of type Integer".into()));
    }
}
