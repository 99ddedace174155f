//! Reading: a document becomes a configuration, or a list of problems.
//!
//! **In**: a mapping of a program, flat (`{"k1": 0.9}`) or in the tables of a `ranking.toml`; a document, which has tables. **Out**: a
//! [`RankingConfig`]. **Law**: a table is read onto what is there, so a profile is read onto a copy of the whole. Lists replace what was
//! there; a profile shares what it does not say. What is refused is as if it were not there, so all that is wrong can be told at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::problems::{Problems, clipped, under};
use super::{Combine, Compiled, Experiment, FieldWeight, GuardRule, MAX_K1, MAX_PROFILES, MAX_WEIGHT, RankingConfig, lists, rules};
use crate::base::error::Problem;
use crate::base::{Error, Result};
use crate::query::{MAX_CLAUSES, MinimumMatch, Operator, SynonymGroups, TypoWhen};
use crate::schema::Schema;

const KEYS: [&str; 9] = ["k1", "b", "fields", "combine", "tie_breaker", "operator", "minimum_match", "phrase_boost", "boost"];
const FIELD_KEYS: [&str; 2] = ["weight", "b"];
/// Tables that a profile may overlay.
const OVERLAID: [&str; 6] = ["ranking", "synonyms", "stopwords", "typos", "pins", "limits"];
/// All tables.
const TABLES: [&str; 9] = ["ranking", "synonyms", "stopwords", "typos", "pins", "limits", "profiles", "experiments", "guard"];
/// Most expansions of a word.
const MAX_EXPANSIONS: u64 = 1024;
/// The longest time that a limit can name, in milliseconds: a day.
const MAX_MILLISECONDS: u64 = 86_400_000;

impl RankingConfig {
    /// Reads a configuration, as `{"k1": 0.9}` or in the tables of a `ranking.toml`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::base::Error::Config) with every problem.
    ///
    /// # Examples
    /// ```
    /// use findspot_engine::plan::RankingConfig;
    /// let config = RankingConfig::from_json(br#"{"k1": 0.9, "fields": {"title": 3, "clue": {"weight": 1, "b": 0.4}}}"#).unwrap();
    /// assert_eq!((config.k1, config.b), (0.9, 0.75));
    /// let config = RankingConfig::from_json(br#"{"ranking": {"k1": 0.9}, "stopwords": {"words": ["the"]}}"#).unwrap();
    /// assert_eq!((config.k1, config.stop_words.len()), (0.9, 1));
    /// ```
    pub fn from_json(json: &[u8]) -> Result<Self> {
        match serde_json::from_slice::<Value>(json) {
            Ok(value) => Self::from_value(&value),
            Err(error) => {
                let mut problems = Problems::default();
                problems.add("", "a mapping of finite numbers, strings and mappings", &error.to_string());
                problems.settle(Self::default())
            }
        }
    }

    /// Reads a configuration that is a value already.
    ///
    /// # Errors
    /// [`Error::Config`](crate::base::Error::Config) with every problem.
    pub fn from_value(value: &Value) -> Result<Self> {
        let (config, problems) = Self::read(value, true);
        problems.settle(config)
    }

    /// Reads a configuration that is a document, as a file is: it has tables.
    ///
    /// # Errors
    /// [`Error::Config`](crate::base::Error::Config) with every problem.
    pub fn of_document(value: &Value) -> Result<Self> {
        let (config, problems) = Self::read(value, false);
        problems.settle(config)
    }

    /// All that is wrong with a document, in itself and under a schema.
    #[must_use]
    pub fn problems(value: &Value, schema: &Schema) -> Vec<Problem> {
        let (config, mut problems) = Self::read(value, false);
        if let Err(Error::Config(more)) = Compiled::new(&config, schema) {
            problems.add_later(more);
        }
        problems.into_list()
    }

    /// What could be read, and what is wrong with the rest.
    fn read(value: &Value, may_be_flat: bool) -> (Self, Problems) {
        let mut problems = Problems::default();
        let mut config = Self::default();
        let has = |map: &Map<String, Value>, names: &[&str]| map.keys().any(|key| names.contains(&key.as_str()));
        // A misspelled name of a table is one of a table.
        let is_flat =
            |map: &Map<String, Value>| may_be_flat && !has(map, &TABLES) && (has(map, &KEYS) || !map.values().any(Value::is_object));
        match value {
            Value::Object(map) if is_flat(map) => config.read_ranking("", map, &mut problems),
            Value::Object(map) => {
                config.flat = false;
                config.read_tables("", map, &TABLES, &mut problems);
                // Profiles are the rest with changes, so they come last; what is wrong with the rest is not said again.
                if let Some(profiles) = map.get("profiles") {
                    config.read_profiles(profiles, &mut problems);
                }
                if let Some(experiments) = map.get("experiments") {
                    config.read_experiments(experiments, &mut problems);
                }
                if let Some(guard) = map.get("guard") {
                    config.guard = read_guard(guard, &mut problems);
                }
            }
            other => problems.wrong("", "a mapping", other),
        }
        (config, problems)
    }

    /// The same with synonyms that were not written as JSON; they stand in the table `synonyms` for what is wrong with them.
    ///
    /// # Errors
    /// [`Error::Config`](crate::base::Error::Config) with every problem.
    pub fn with_synonyms(mut self, groups: SynonymGroups) -> Result<Self> {
        let mut problems = Problems::default();
        lists::checked("synonyms", &groups, &mut problems);
        self.synonyms = Arc::new(groups);
        problems.settle(self)
    }

    /// The tables that a profile may have too.
    fn read_tables(&mut self, path: &str, map: &Map<String, Value>, known: &[&str], problems: &mut Problems) {
        for (name, value) in map {
            let path = under(path, name);
            match name.as_str() {
                "ranking" => {
                    if let Some(map) = problems.table(&path, "a table", value) {
                        self.read_ranking(&path, map, problems);
                    }
                }
                "synonyms" => self.synonyms = lists::synonyms(&path, value, &self.synonyms, problems),
                "stopwords" => {
                    if let Some(map) = problems.table(&path, "a table with words", value) {
                        for (name, value) in map {
                            let path = under(&path, name);
                            match name.as_str() {
                                "words" => self.stop_words = problems.texts(&path, value).into(),
                                _ => problems.unknown(&path, name, &["words"]),
                            }
                        }
                    }
                }
                "typos" => self.read_typos(&path, value, problems),
                "pins" => self.pins = lists::pins(&path, value, problems),
                "limits" => self.read_limits(&path, value, problems),
                name if known.contains(&name) => {}
                name if KEYS.contains(&name) => problems.add(&path, &format!("{name} in the table ranking"), "it beside the tables"),
                name => problems.unknown(&path, name, known),
            }
        }
    }

    fn read_ranking(&mut self, path: &str, map: &Map<String, Value>, problems: &mut Problems) {
        for (key, value) in map {
            let path = under(path, key);
            match key.as_str() {
                "k1" => problems.number(&path, value, MAX_K1, &mut self.k1),
                "b" => problems.number(&path, value, 1.0, &mut self.b),
                "tie_breaker" => problems.number(&path, value, 1.0, &mut self.tie_breaker),
                "phrase_boost" => problems.number(&path, value, MAX_WEIGHT, &mut self.phrase_boost),
                "fields" => read_fields(&path, value, self.fields.get_or_insert_default(), problems),
                "combine" => {
                    let known = [("best", Combine::Best), ("sum", Combine::Sum), ("bm25f", Combine::Bm25f)];
                    problems.word(&path, value, &known, &mut self.combine);
                }
                "operator" => problems.word(&path, value, &[("or", Operator::Or), ("and", Operator::And)], &mut self.operator),
                "minimum_match" => match minimum_match(value) {
                    Some(rule) => self.minimum_match = Some(rule),
                    None => problems.wrong(&path, "a number of words, a percentage, or conditions such as \"2<75%\"", value),
                },
                "boost" => self.boosts = rules::boosts(&path, value, problems),
                _ => problems.unknown(&path, key, &KEYS),
            }
        }
    }

    fn read_typos(&mut self, path: &str, value: &Value, problems: &mut Problems) {
        let Some(map) = problems.table(path, "a table with when and min_length", value) else { return };
        if self.typos.when == TypoWhen::Never {
            self.typos.when = TypoWhen::Missing;
        }
        for (name, value) in map {
            let path = under(path, name);
            match name.as_str() {
                "when" => {
                    let known =
                        [("never", TypoWhen::Never), ("missing", TypoWhen::Missing), ("few", TypoWhen::Few), ("always", TypoWhen::Always)];
                    problems.word(&path, value, &known, &mut self.typos.when);
                }
                "few" => self.typos.few = problems.whole(&path, value, 1, 1_000_000).unwrap_or(self.typos.few),
                "min_length" => {
                    let Some(map) = problems.table(&path, "a table with one and two", value) else { continue };
                    for (name, value) in map {
                        let path = under(&path, name);
                        let into = match name.as_str() {
                            "one" => &mut self.typos.one,
                            "two" => &mut self.typos.two,
                            _ => {
                                problems.unknown(&path, name, &["one", "two"]);
                                continue;
                            }
                        };
                        *into = problems.whole(&path, value, 1, 255).map_or(*into, |length| length as u8);
                    }
                }
                _ => problems.unknown(&path, name, &["when", "few", "min_length"]),
            }
        }
        if self.typos.two < self.typos.one {
            let expected = format!("at least {}, the length for one typo", self.typos.one);
            problems.add(&under(path, "min_length.two").replace('"', ""), &expected, &self.typos.two.to_string());
        }
    }

    fn read_limits(&mut self, path: &str, value: &Value, problems: &mut Problems) {
        let Some(map) = problems.table(path, "a table with timeout_ms, max_clauses and max_expansions", value) else { return };
        for (name, value) in map {
            let path = under(path, name);
            match name.as_str() {
                "timeout_ms" => self.limits.timeout_ms = problems.whole(&path, value, 1, MAX_MILLISECONDS),
                "max_clauses" => {
                    self.limits.max_clauses = problems.whole(&path, value, 1, MAX_CLAUSES as u64).map(|most| most as usize);
                }
                "max_expansions" => {
                    self.limits.max_expansions = problems.whole(&path, value, 1, MAX_EXPANSIONS).map(|most| most as usize);
                }
                _ => problems.unknown(&path, name, &["timeout_ms", "max_clauses", "max_expansions"]),
            }
        }
    }

    fn read_profiles(&mut self, value: &Value, problems: &mut Problems) {
        let Some(map) = problems.table("profiles", "a table of profiles", value) else { return };
        if map.len() > MAX_PROFILES {
            problems.add("profiles", &format!("at most {MAX_PROFILES} profiles"), &map.len().to_string());
            return;
        }
        let base = self.clone();
        for (name, value) in map {
            let path = under("profiles", name);
            let Some(map) = problems.table(&path, "a table of tables, such as ranking", value) else { continue };
            let mut profile = base.clone();
            profile.read_tables(&path, map, &OVERLAID, problems);
            self.profiles.insert(name.clone(), profile);
        }
    }

    fn read_experiments(&mut self, value: &Value, problems: &mut Problems) {
        let Some(map) = problems.table("experiments", "a table of experiments", value) else { return };
        let mut sum = 0.0;
        for (name, value) in map {
            let path = under("experiments", name);
            let Some(map) = problems.table(&path, "a table with share and profile", value) else { continue };
            let (mut share, mut profile) = (None, None);
            for (name, value) in map {
                let path = under(&path, name);
                match name.as_str() {
                    "share" => problems.number(&path, value, 1.0, share.insert(0.0)),
                    "profile" => {
                        profile = problems.text(&path, value);
                        if let Some(named) = profile.filter(|named| !self.profiles.contains_key(*named)) {
                            let known: Vec<_> = self.profiles.keys().map(String::as_str).collect();
                            problems.unknown(&path, named, &known);
                        }
                    }
                    _ => problems.unknown(&path, name, &["share", "profile"]),
                }
            }
            for (key, missing) in [("share", share.is_none()), ("profile", !map.contains_key("profile"))] {
                if missing {
                    problems.add(&under(&path, key), "a value: an experiment needs share and profile", "nothing");
                }
            }
            sum += share.unwrap_or_default();
            if let (Some(share), Some(profile)) = (share, profile) {
                self.experiments.insert(name.clone(), Experiment { share, profile: profile.to_owned() });
            }
        }
        // Shares are decimal fractions: ten tenths may come to a little more than one.
        if sum > 1.0 + 1e-9 {
            problems.add("experiments", "shares that sum to at most 1", &clipped(&sum.to_string()));
        }
    }
}

/// A number of words, or a rule.
fn minimum_match(value: &Value) -> Option<MinimumMatch> {
    match value {
        Value::String(text) => MinimumMatch::parse(text),
        Value::Number(number) => number.as_i64().and_then(|number| MinimumMatch::parse(&number.to_string())),
        _ => None,
    }
}

fn read_fields(path: &str, value: &Value, fields: &mut BTreeMap<String, FieldWeight>, problems: &mut Problems) {
    let Some(map) = problems.table(path, "a mapping from field names to weights", value) else { return };
    if map.is_empty() && fields.is_empty() {
        problems.add(path, "at least one field", "none");
    }
    for (name, value) in map {
        let path = under(path, name);
        match value {
            Value::Object(own) => {
                let field = fields.entry(name.clone()).or_insert(FieldWeight { weight: 1.0, b: None });
                for (key, value) in own {
                    let path = under(&path, key);
                    match key.as_str() {
                        "weight" => problems.number(&path, value, MAX_WEIGHT, &mut field.weight),
                        "b" => problems.number(&path, value, 1.0, field.b.insert(0.0)),
                        _ => problems.unknown(&path, key, &FIELD_KEYS),
                    }
                }
            }
            other => {
                let mut field = FieldWeight { weight: 1.0, b: None };
                problems.number(&path, other, MAX_WEIGHT, &mut field.weight);
                fields.insert(name.clone(), field);
            }
        }
    }
}

fn read_guard(value: &Value, problems: &mut Problems) -> Option<GuardRule> {
    const GUARD: [&str; 4] = ["judgements", "max_drop", "max_cost_ratio", "baseline"];
    let map = problems.table("guard", "a table with judgements", value)?;
    let mut guard = GuardRule { judgements: String::new(), max_drop: 0.0, max_cost_ratio: f64::from(u32::MAX), baseline: None };
    for (name, value) in map {
        let path = under("guard", name);
        match name.as_str() {
            "judgements" => guard.judgements = problems.text(&path, value).unwrap_or_default().to_owned(),
            "max_drop" => problems.number(&path, value, 1.0, &mut guard.max_drop),
            "max_cost_ratio" => match value.as_f64() {
                Some(ratio) if (1.0..=1e6).contains(&ratio) => guard.max_cost_ratio = ratio,
                _ => problems.wrong(&path, "a number from 1 to 1000000", value),
            },
            "baseline" => guard.baseline = problems.whole(&path, value, 1, i64::MAX as u64),
            _ => problems.unknown(&path, name, &GUARD),
        }
    }
    if !map.contains_key("judgements") {
        problems.add("guard.judgements", "the path of a file of judged queries", "nothing");
    }
    Some(guard)
}
