//! Which query shows what first, and what not.
//!
//! **In**: pin rules, an analyzer; the text of a query. **Out**: keys to show first and keys to leave out. **Law**: a rule is for queries whose
//! words are its own, as the analyzer of the first searched field writes them, in their order, without the stop words; operators, phrases
//! and named fields make another query. Several rules for one query add up in their order; what one hides no other shows.

use std::collections::HashMap;
use std::sync::Arc;

use super::PinRule;
use super::problems::Problems;
use crate::analysis::{Analyzer, Analyzers, analyzer};
use crate::base::{FieldId, Result};
use crate::index::Snapshot;
use crate::query::{Match, Query, StopWords, TermBytes};
use crate::schema::{KeyKind, Schema};

/// Pin rules by the words of their queries.
#[derive(Default)]
pub struct Pins {
    by_words: HashMap<Box<[u8]>, Arc<Curated>>,
    analyzer: Option<Arc<dyn Analyzer>>,
    field: FieldId,
    stop_words: StopWords,
    rules: Arc<[PinRule]>,
}

impl std::fmt::Debug for Pins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pins(for {} queries)", self.by_words.len())
    }
}

/// What the rules say of one query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Curated {
    /// These come first, in this order, each with the number of the rule that says so.
    pub keys: Vec<(String, usize)>,
    /// These are not found.
    pub hide: Vec<String>,
}

/// A pin to a document that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentPin {
    /// Where the key stands in the configuration.
    pub path: String,
    /// The key.
    pub key: String,
}

impl Pins {
    /// Of rules whose queries the analyzer of `field` reads.
    pub(super) fn new(
        path: &str,
        rules: &Arc<[PinRule]>,
        schema: &Schema,
        analyzers: &Analyzers,
        field: Option<FieldId>,
        stop_words: &StopWords,
        problems: &mut Problems,
    ) -> Result<Self> {
        let reader = match field.and_then(|field| analyzers.get(field)) {
            Some(reader) => Arc::clone(reader),
            None => analyzer("standard")?,
        };
        let mut pins = Self {
            by_words: HashMap::new(),
            analyzer: Some(reader),
            field: field.unwrap_or_default(),
            stop_words: stop_words.clone(),
            rules: Arc::clone(rules),
        };
        let integers = schema.key_kind() == KeyKind::Integer;
        let mut by_words: HashMap<Box<[u8]>, Curated> = HashMap::new();
        for (number, rule) in rules.iter().enumerate() {
            let Some(words) = pins.words(&rule.query) else {
                problems.add(&format!("{path}[{number}].query"), "a text with a word in it", &format!("{:?}", rule.query));
                continue;
            };
            let mut canonical = |list: &str, at: usize, key: &String| {
                if !integers {
                    return key.clone();
                }
                let number_of = key.parse::<i64>();
                if number_of.is_err() {
                    problems.add(
                        &format!("{path}[{number}].{list}[{at}]"),
                        "an integer, as the keys of this index are",
                        &format!("{key:?}"),
                    );
                }
                number_of.map_or_else(|_| key.clone(), |number| number.to_string())
            };
            let curated = by_words.entry(words).or_default();
            for (at, key) in rule.keys.iter().enumerate() {
                let key = canonical("keys", at, key);
                if !curated.keys.iter().any(|(known, _)| *known == key) {
                    curated.keys.push((key, number));
                }
            }
            for (at, key) in rule.hide.iter().enumerate() {
                let key = canonical("hide", at, key);
                if !curated.hide.contains(&key) {
                    curated.hide.push(key);
                }
            }
        }
        pins.by_words = by_words
            .into_iter()
            .map(|(words, mut curated)| {
                let Curated { keys, hide } = &mut curated;
                keys.retain(|(key, _)| !hide.contains(key));
                hide.sort_unstable();
                (words, Arc::new(curated))
            })
            .collect();
        Ok(pins)
    }

    /// The words of a text, in one piece; `None` without any.
    fn words(&self, text: &str) -> Option<Box<[u8]>> {
        let mut terms: Vec<TermBytes> = Vec::new();
        let mut last = None;
        self.analyzer.as_ref()?.analyze_query(text, &mut |token| {
            if last != Some(token.start) {
                terms.push(token.text.as_bytes().into());
            }
            last = Some(token.start);
        });
        let is_stop = |term: &TermBytes| self.stop_words.contains(self.field, term);
        if terms.iter().any(|term| !is_stop(term)) {
            terms.retain(|term| !is_stop(term));
        }
        let mut words = Vec::new();
        for term in &terms {
            // Terms are at most 255 bytes.
            words.push(term.len() as u8);
            words.extend_from_slice(term);
        }
        (!words.is_empty()).then(|| words.into())
    }

    /// What the rules say of a query.
    #[must_use]
    pub fn of(&self, query: &Query) -> Option<&Arc<Curated>> {
        match query {
            Query::Match(Match { text, fields: None, .. }) if !self.by_words.is_empty() => self.by_words.get(&self.words(text)?),
            _ => None,
        }
    }

    /// Keys to show first that a snapshot does not have, at most `most` of them, and how many more there are.
    pub(super) fn absent(&self, path: &str, snapshot: &Snapshot, most: usize) -> Result<(Vec<AbsentPin>, usize)> {
        let (mut absent, mut more) = (Vec::new(), 0);
        for (number, rule) in self.rules.iter().enumerate() {
            for (at, key) in rule.keys.iter().enumerate() {
                if snapshot.find(key)?.is_some() {
                    continue;
                }
                if absent.len() < most {
                    absent.push(AbsentPin { path: format!("{path}[{number}].keys[{at}]"), key: key.clone() });
                } else {
                    more += 1;
                }
            }
        }
        Ok((absent, more))
    }
}
