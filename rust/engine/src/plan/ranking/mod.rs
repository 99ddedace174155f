//! The ranking configuration: read strictly, checked whole, then checked against a schema and compiled.
//!
//! **In**: the merged document of a `ranking.toml` as JSON. **Out**: a [`RankingConfig`] whose numbers are all in range; with a schema, a
//! [`Compiled`] that holds the ranking of every profile. **Law**: every problem is reported at once, each with its path; nothing unknown is
//! ignored. What the kernels read has been checked here and nowhere else. The limits are those of the formula: with them no score can be
//! NaN or infinite. A profile is the configuration with some of its tables overlaid: tables merge per key, lists replace.
//!
//! | room | does |
//! |---|---|
//! | [`read`] | tables of numbers and words |
//! | [`lists`] | synonyms, stop words, pins |
//! | [`rules`] | boosts as they are written |
//! | [`boosts`] | boosts against a schema |
//! | [`compiled`] | a configuration against a schema |
//! | [`pins`] | which query pins and hides what |
//! | [`experiments`] | which unit sees which profile |

mod boosts;
mod compiled;
mod experiments;
mod lists;
mod pins;
mod problems;
mod read;
mod rules;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use boosts::{BoostRule, When};
pub use compiled::{Choice, Compiled, Ranking};
pub use pins::{AbsentPin, Curated, Pins};

use crate::query::{MinimumMatch, Operator, SynonymGroups};

/// Largest k1.
pub const MAX_K1: f64 = 10.0;
/// Largest weight of a field.
pub const MAX_WEIGHT: f64 = 1e6;
/// Most profiles: each has tables of its own in every view.
pub const MAX_PROFILES: usize = 64;
/// Most pins.
pub const MAX_PINS: usize = 100_000;
/// Most keys that one query pins, or hides.
pub const MAX_PINNED: usize = 100;

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

/// A query, as an editor of results writes it, with what is shown first and what is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinRule {
    /// The words.
    pub query: String,
    /// These documents come first, in this order.
    pub keys: Vec<String>,
    /// These are not found.
    pub hide: Vec<String>,
}

/// What bounds the work of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Milliseconds, where the request does not say.
    pub timeout_ms: Option<u64>,
    /// Words of a query; the rest is cut with a warning.
    pub max_clauses: Option<usize>,
    /// Terms that a word with typos stands for in each field.
    pub max_expansions: Option<usize>,
}

/// A share of the units that see another profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// 0 to 1.
    pub share: f64,
    /// Which profile they see.
    pub profile: String,
}

/// What a new version has to hold against judged queries before it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardRule {
    /// Where the judged queries are.
    pub judgements: String,
    /// How far the mean nDCG@10 may fall.
    pub max_drop: f64,
    /// How much the work of the queries may grow, as a factor.
    pub max_cost_ratio: f64,
    /// The version to compare with; none: the current one.
    pub baseline: Option<u64>,
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
    /// What multiplies scores.
    pub boosts: Vec<BoostRule>,
    /// Words that stand for one another.
    pub synonyms: Arc<SynonymGroups>,
    /// Words that are not searched beside others.
    pub stop_words: Arc<[String]>,
    /// When a word stands for those near it.
    pub typos: crate::query::Typos,
    /// What is shown first, and what is not shown.
    pub pins: Arc<[PinRule]>,
    /// What bounds the work of a query.
    pub limits: Limits,
    /// The same with other tables, by name.
    pub profiles: BTreeMap<String, RankingConfig>,
    /// Who sees which profile.
    pub experiments: BTreeMap<String, Experiment>,
    /// What a new version has to hold.
    pub guard: Option<GuardRule>,
    /// Where `k1` and its neighbours stand in the document: at its top, or in its table `ranking`.
    pub flat: bool,
}

impl RankingConfig {
    /// Whether it ranks as another does, leaving profiles out of account: what differs at most is who sees which, and what guards it.
    #[must_use]
    pub fn ranks_as(&self, other: &Self) -> bool {
        // Taken apart, so that what is added to a configuration has to be thought of here.
        let Self {
            k1,
            b,
            fields,
            combine,
            tie_breaker,
            operator,
            minimum_match,
            phrase_boost,
            boosts,
            synonyms,
            stop_words,
            typos,
            pins,
            limits,
            profiles: _,
            experiments: _,
            guard: _,
            flat: _,
        } = self;
        (k1, b, fields, combine, tie_breaker, operator)
            == (&other.k1, &other.b, &other.fields, &other.combine, &other.tie_breaker, &other.operator)
            && (minimum_match, phrase_boost, boosts, typos, limits)
                == (&other.minimum_match, &other.phrase_boost, &other.boosts, &other.typos, &other.limits)
            && (Arc::ptr_eq(synonyms, &other.synonyms) || synonyms == &other.synonyms)
            && (Arc::ptr_eq(pins, &other.pins) || pins == &other.pins)
            && stop_words == &other.stop_words
    }
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
            boosts: Vec::new(),
            synonyms: Arc::default(),
            stop_words: Arc::default(),
            typos: crate::query::Typos::default(),
            pins: Arc::default(),
            limits: Limits::default(),
            profiles: BTreeMap::new(),
            experiments: BTreeMap::new(),
            guard: None,
            flat: true,
        }
    }
}
