//! Boosts of a configuration, checked against a schema.
//!
//! **In**: [`BoostRule`]s with names. **Out**: [`Boost`]s for [`crate::exec`]. **Law**: weights are finite and not negative, what is divided
//! by is positive, each field holds what its boost needs; every problem is reported.

use super::MAX_WEIGHT;
use super::problems::Problems;
use crate::base::{FieldId, Result};
use crate::exec::boost::{Boost, Function, MAX_BOOSTS};
use crate::plan::compile::compile_filter;
use crate::query::{BoundFilter, Filter, parse_filter};
use crate::schema::{FieldKind, Schema};

/// Which documents a rule is for: a text means something under a schema only.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// A filter text.
    Text(String),
    /// A tree.
    Tree(Filter),
}

impl When {
    /// The filter under a schema.
    ///
    /// # Errors
    /// [`Error::Query`](crate::base::Error::Query) for a text that is no filter, and for one that does not fit the schema.
    pub fn bind(&self, schema: &Schema) -> Result<BoundFilter> {
        match self {
            Self::Text(text) => parse_filter(text, schema)?.bind(schema),
            Self::Tree(filter) => filter.bind(schema),
        }
    }
}

impl From<Filter> for When {
    fn from(filter: Filter) -> Self {
        Self::Tree(filter)
    }
}

/// A boost, as a configuration has it.
#[derive(Clone, Debug, PartialEq)]
pub enum BoostRule {
    /// Documents that pass score times the weight.
    Rule {
        /// Which documents.
        when: When,
        /// 1 changes nothing.
        weight: f64,
    },
    /// A number in a field, through a function.
    Value {
        /// Integer, Float or Boolean.
        field: String,
        /// What is made of it.
        function: Function,
        /// How much it counts.
        weight: f64,
    },
    /// How recent a date is.
    Recency {
        /// A Date.
        field: String,
        /// Seconds after which half is left.
        half_life: f64,
        /// How much it counts.
        weight: f64,
    },
    /// How near a place is.
    Distance {
        /// A GeoPoint.
        field: String,
        /// Kilometres after which half is left.
        half_distance: f64,
        /// How much it counts.
        weight: f64,
    },
}

const MICROSECONDS: f64 = 1e6;

pub(super) fn boosts(path: &str, rules: &[BoostRule], schema: &Schema, problems: &mut Problems) -> Vec<Boost> {
    if rules.len() > MAX_BOOSTS {
        problems.add(path, &format!("at most {MAX_BOOSTS} boosts"), &rules.len().to_string());
    }
    rules.iter().enumerate().filter_map(|(i, rule)| boost(&format!("{path}[{i}]"), rule, schema, problems)).collect()
}

fn boost(path: &str, rule: &BoostRule, schema: &Schema, problems: &mut Problems) -> Option<Boost> {
    let (BoostRule::Rule { weight, .. }
    | BoostRule::Value { weight, .. }
    | BoostRule::Recency { weight, .. }
    | BoostRule::Distance { weight, .. }) = *rule;
    problems.in_range(&format!("{path}.weight"), weight, MAX_WEIGHT);
    match rule {
        BoostRule::Rule { when, .. } => match when.bind(schema) {
            Ok(filter) => Some(Boost::Rule { when: compile_filter(filter), weight }),
            Err(error) => {
                problems.add(&format!("{path}.when"), "a filter that fits the schema", &error.to_string());
                None
            }
        },
        BoostRule::Value { field, function, .. } => {
            let is_number = |kind: &FieldKind| matches!(kind, FieldKind::Integer | FieldKind::Float | FieldKind::Boolean);
            let field = find(path, field, "an Integer, Float or Boolean field", is_number, schema, problems)?;
            Some(Boost::Value { field, function: *function, weight })
        }
        BoostRule::Recency { field, half_life, .. } => {
            positive(&format!("{path}.half_life"), *half_life, problems);
            let field = find(path, field, "a Date field", |kind| matches!(kind, FieldKind::Date), schema, problems)?;
            Some(Boost::Recency { field, half_life: *half_life * MICROSECONDS, weight })
        }
        BoostRule::Distance { field, half_distance, .. } => {
            positive(&format!("{path}.half_distance"), *half_distance, problems);
            let field = find(path, field, "a GeoPoint field", |kind| matches!(kind, FieldKind::GeoPoint), schema, problems)?;
            Some(Boost::Distance { field, half_distance: *half_distance, weight })
        }
    }
}

fn positive(path: &str, number: f64, problems: &mut Problems) {
    // From a microsecond, or a millimetre, to what is forever, or everywhere.
    if !(1e-6..=1e15).contains(&number) {
        problems.add(path, "a positive number", &number.to_string());
    }
}

fn find(
    path: &str,
    name: &str,
    expected: &str,
    fits: impl Fn(&FieldKind) -> bool,
    schema: &Schema,
    problems: &mut Problems,
) -> Option<FieldId> {
    let path = format!("{path}.field");
    match schema.find(name) {
        Some((field, found)) if fits(&found.kind) => return Some(field),
        Some((_, found)) => problems.add(&path, expected, &format!("a field of type {}", found.kind.name())),
        None => {
            let known: Vec<_> = schema.fields().iter().filter(|field| fits(&field.kind)).map(|field| field.name.as_str()).collect();
            problems.unknown(&path, name, &known);
        }
    }
    None
}
