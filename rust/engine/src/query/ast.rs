//! The query tree, as a user means it: field names and texts, nothing of an index.
//!
//! **In**: the query string's parser, the wire form, or Rust code. **Out**: a tree for [`super::rewrite`]. **Law**: [`Query::check`]
//! bounds depth, leaves, texts and numbers without recursion; whoever makes a tree from input calls it, so that everything behind may
//! rely on at most [`MAX_DEPTH`] levels. Scores: conjunction, disjunction and group add what matched; a complement scores 0; leaves on
//! fields that are not `Text`, prefixes and ranges score their boost.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::fields::Fields;
use super::value::Value;
use crate::base::{Error, Result};

/// Most levels of nodes, a leaf being one.
pub const MAX_DEPTH: usize = 128;
/// Most leaves of a tree, and most words that one search looks for, unless configured otherwise.
pub const MAX_CLAUSES: usize = 1024;
/// Longest text of one leaf in bytes.
pub const MAX_TEXT: usize = 1 << 20;
/// Largest boost and field weight.
pub const MAX_BOOST: f64 = 1e6;
/// Largest slop of a phrase.
pub const MAX_SLOP: u32 = 1000;
/// Largest edit distance of a fuzzy word.
pub const MAX_DISTANCE: u8 = 2;

/// How the words of a text are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    /// At least one word must be there; each that is adds to the score.
    #[default]
    Or,
    /// All words must be there.
    And,
}

/// Words, each looked for in all given fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// What is analysed by each field's analyzer.
    pub text: String,
    /// Where; `None` is the configured default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Fields>,
    /// `None` is the configured default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Operator>,
    /// At least so many words, under `or`; more than there are means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_match: Option<u32>,
}

/// Words in this order, at most `slop` positions out of place in sum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// What is analysed by each field's analyzer.
    pub text: String,
    /// Where; `None` is the configured default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Fields>,
    /// 0: exactly adjacent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slop: u32,
}

/// Words that begin with these letters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prefix {
    /// The beginning: lower-cased and folded, not stemmed, in `Text` fields; taken as it is in `Keyword` fields.
    pub prefix: String,
    /// Where; `None` is the configured default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Fields>,
}

/// A word with up to `distance` letters changed, added, missing or swapped with their neighbour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fuzzy {
    /// What is analysed by each field's analyzer.
    pub text: String,
    /// Where; `None` is the configured default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Fields>,
    /// 0 to 2.
    #[serde(default = "one_edit")]
    pub distance: u8,
    /// So many leading characters must agree.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub prefix: u32,
}

/// One exact value: of a `Keyword`, a number, a date, a truth value, a key, or one indexed token of a `Text` field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Name of a field, or of the key.
    pub field: String,
    /// The value, compared as the field's kind says.
    pub value: Value,
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The value at the end.
    pub value: Value,
    /// Whether the value itself belongs to the range.
    pub inclusive: bool,
}

/// Values between two ends, of which one may be open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "super::fields::RangeWire", into = "super::fields::RangeWire")]
pub struct Range {
    /// Name of a field.
    pub field: String,
    /// The lower end.
    pub lower: Option<Edge>,
    /// The upper end.
    pub upper: Option<Edge>,
}

/// What a member of a group is to the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occur {
    /// Counts as the operator says.
    Should,
    /// Has to match.
    Must,
    /// Must not match.
    MustNot,
}

/// What a user asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Words.
    Match(Match),
    /// Words in order.
    Phrase(Phrase),
    /// Beginnings of words.
    Prefix(Prefix),
    /// Almost a word.
    Fuzzy(Fuzzy),
    /// An exact value.
    Term(Term),
    /// Values between two ends.
    Range(Range),
    /// Conjunction; empty: every document, score 0.
    All(Vec<Query>),
    /// Disjunction; empty: no document.
    Any(Vec<Query>),
    /// Complement, score 0.
    Not(Box<Query>),
    /// The same with its score multiplied; 0 makes it a filter.
    Boost(Box<Query>, f64),
    /// Juxtaposition in the query string. Every `Must` matches and no `MustNot`; `Should` under `or`: at least one if there is no
    /// `Must`, else optional; under `and`: as `Must`. With nothing but `MustNot`: every document but those.
    Group(Vec<(Occur, Query)>),
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn one_edit() -> u8 {
    1
}

/// A refusal that has no place in a text.
pub(super) fn refuse(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::Query { position: 0, message: message.into(), hint: Some(hint.into()) }
}

impl Query {
    /// Words in the default fields.
    #[must_use]
    pub fn words(text: impl Into<String>) -> Self {
        Self::Match(Match { text: text.into(), ..Match::default() })
    }

    /// Every document, score 0.
    #[must_use]
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// No document.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Any(Vec::new())
    }

    /// How many nodes are directly below.
    pub(super) fn arity(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.len(),
            Self::Not(_) | Self::Boost(..) => 1,
            Self::Group(parts) => parts.len(),
            Self::Match(_) | Self::Phrase(_) | Self::Prefix(_) | Self::Fuzzy(_) | Self::Term(_) | Self::Range(_) => 0,
        }
    }

    fn child(&self, i: usize) -> Option<&Self> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.get(i),
            Self::Not(part) | Self::Boost(part, _) => Some(part),
            Self::Group(parts) => parts.get(i).map(|(_, part)| part),
            Self::Match(_) | Self::Phrase(_) | Self::Prefix(_) | Self::Fuzzy(_) | Self::Term(_) | Self::Range(_) => None,
        }
    }

    /// The nodes directly below, in order.
    pub(super) fn children(&self) -> impl DoubleEndedIterator<Item = &Self> {
        (0..self.arity()).filter_map(|i| self.child(i))
    }

    fn fields(&self) -> Option<&Fields> {
        match self {
            Self::Match(Match { fields, .. })
            | Self::Phrase(Phrase { fields, .. })
            | Self::Prefix(Prefix { fields, .. })
            | Self::Fuzzy(Fuzzy { fields, .. }) => fields.as_ref(),
            _ => None,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Match(Match { text, .. }) | Self::Phrase(Phrase { text, .. }) | Self::Fuzzy(Fuzzy { text, .. }) => text,
            Self::Prefix(Prefix { prefix, .. }) => prefix,
            _ => "",
        }
    }

    /// Bounds depth, number of leaves, length of texts, and every number.
    ///
    /// # Errors
    /// [`Error::Query`] with position 0 for the first thing beyond its bound.
    pub fn check(&self, max_clauses: usize) -> Result<()> {
        if self.arity() == 0 && max_clauses > 0 {
            return self.check_node();
        }
        let mut leaves = 0usize;
        let mut rest = SmallVec::<[_; 8]>::from_slice(&[(self, 1usize)]);
        while let Some((node, depth)) = rest.pop() {
            if depth > MAX_DEPTH {
                return Err(refuse(format!("more than {MAX_DEPTH} levels"), "join equal operators into one node"));
            }
            node.check_node()?;
            leaves += usize::from(node.arity() == 0);
            if leaves > max_clauses {
                return Err(refuse(format!("more than {max_clauses} clauses"), "for many values of one field, use a filter with `in`"));
            }
            rest.extend(node.children().map(|child| (child, depth + 1)));
        }
        Ok(())
    }

    fn check_node(&self) -> Result<()> {
        if let Some(fields) = self.fields() {
            fields.check()?;
        }
        if self.text().len() > MAX_TEXT {
            return Err(refuse(format!("a text of {} bytes", self.text().len()), format!("at most {MAX_TEXT} bytes")));
        }
        match self {
            Self::Boost(_, by) if !(0.0..=MAX_BOOST).contains(by) => {
                Err(refuse(format!("a boost of {by}"), format!("a finite number from 0 to {MAX_BOOST}")))
            }
            Self::Phrase(Phrase { slop, .. }) if *slop > MAX_SLOP => {
                Err(refuse(format!("a slop of {slop}"), format!("at most {MAX_SLOP}")))
            }
            Self::Fuzzy(Fuzzy { distance, .. }) if *distance > MAX_DISTANCE => {
                Err(refuse(format!("an edit distance of {distance}"), format!("0 to {MAX_DISTANCE}")))
            }
            Self::Term(Term { value, field }) => check_value(field, value),
            Self::Range(range) => range.check(),
            _ => Ok(()),
        }
    }
}

pub(super) fn check_value(field: &str, value: &Value) -> Result<()> {
    match value {
        Value::Text(text) if text.len() > MAX_TEXT => {
            Err(refuse(format!("field {field}: a value of {} bytes", text.len()), format!("at most {MAX_TEXT} bytes")))
        }
        value if !value.is_finite() => Err(refuse(format!("field {field}: a number that is not finite"), "write a finite number")),
        _ => Ok(()),
    }
}

impl Range {
    /// Refuses a range without ends and numbers that are not finite.
    pub(super) fn check(&self) -> Result<()> {
        if self.lower.is_none() && self.upper.is_none() {
            return Err(refuse(format!("field {}: a range without ends", self.field), "give one of gt, gte, lt, lte"));
        }
        [&self.lower, &self.upper].into_iter().flatten().try_for_each(|edge| check_value(&self.field, &edge.value))
    }
}
