//! The filter tree of `where=`: which documents may be found at all. It never scores.
//!
//! **In**: [`super::filter_text`], the wire form, or Rust code. **Out**: a tree for [`Filter::bind`]. **Law**: a comparison with a
//! missing value is false, `!=` too, and [`Filter::Not`] is the complement (so `not price < 5` holds where there is no price). In a
//! field of many values, one value that satisfies a comparison is enough; `!=` holds where there are values and none is equal.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ast::{Edge, MAX_DEPTH, Range, check_value, refuse};
use super::value::Value;
use crate::base::Result;

/// Most leaves of a filter.
pub const MAX_FILTER_CLAUSES: usize = 10_000;
/// Most values of one `in`.
pub const MAX_IN_VALUES: usize = 100_000;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Equal.
    #[serde(rename = "==")]
    Equal,
    /// Present and not equal.
    #[serde(rename = "!=")]
    NotEqual,
    /// Less.
    #[serde(rename = "<")]
    Less,
    /// Less or equal.
    #[serde(rename = "<=")]
    AtMost,
    /// Greater.
    #[serde(rename = ">")]
    Greater,
    /// Greater or equal.
    #[serde(rename = ">=")]
    AtLeast,
}

/// A field compared with a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Name of a field, or of the key.
    pub field: String,
    /// How.
    pub op: Comparison,
    /// With what.
    pub value: Value,
}

/// A field that has one of the values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct In {
    /// Name of a field, or of the key.
    pub field: String,
    /// The values; none: no document.
    pub values: Vec<Value>,
}

/// A field by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldName {
    /// The name.
    pub field: String,
}

/// A point at most so far from another, over the ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithinKm {
    /// Name of a `GeoPoint` field.
    pub field: String,
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// Kilometres; the distance itself belongs to it.
    pub km: f64,
}

/// Which documents may be found.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// A comparison.
    Compare(Compare),
    /// One of several values.
    In(In),
    /// Between two ends.
    Range(Range),
    /// The field has a value (a `Text` field: at least one word).
    Exists(FieldName),
    /// It has none.
    Missing(FieldName),
    /// Near a place.
    WithinKm(WithinKm),
    /// Conjunction; empty: every document.
    And(Vec<Filter>),
    /// Disjunction; empty: no document.
    Or(Vec<Filter>),
    /// Complement.
    Not(Box<Filter>),
}

impl Filter {
    pub(super) fn children(&self) -> Vec<&Self> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().collect(),
            Self::Not(part) => vec![part],
            Self::Compare(_) | Self::In(_) | Self::Range(_) | Self::Exists(_) | Self::Missing(_) | Self::WithinKm(_) => Vec::new(),
        }
    }

    /// Bounds depth, number of leaves and values, and every number.
    ///
    /// # Errors
    /// [`crate::Error::Query`](crate::base::Error::Query) with position 0 for the first thing beyond its bound.
    pub fn check(&self) -> Result<()> {
        let mut leaves = 0usize;
        let mut rest = vec![(self, 1usize)];
        while let Some((node, depth)) = rest.pop() {
            if depth > MAX_DEPTH {
                return Err(refuse(format!("a filter of more than {MAX_DEPTH} levels"), "join equal operators into one node"));
            }
            node.check_node()?;
            let children = node.children();
            leaves += usize::from(children.is_empty());
            if leaves > MAX_FILTER_CLAUSES {
                return Err(refuse(format!("a filter of more than {MAX_FILTER_CLAUSES} clauses"), "use `in` for many values of one field"));
            }
            rest.extend(children.into_iter().map(|child| (child, depth + 1)));
        }
        Ok(())
    }

    fn check_node(&self) -> Result<()> {
        match self {
            Self::Compare(Compare { field, value, .. }) => check_value(field, value),
            Self::In(In { field, values }) => {
                if values.len() > MAX_IN_VALUES {
                    return Err(refuse(format!("field {field}: {} values", values.len()), format!("at most {MAX_IN_VALUES} in one list")));
                }
                values.iter().try_for_each(|value| check_value(field, value))
            }
            Self::Range(range) => range.check(),
            Self::WithinKm(WithinKm { field, lat, lon, km }) => {
                let on_earth = (-90.0..=90.0).contains(lat) && (-180.0..=180.0).contains(lon);
                let distance = (0.0..=f64::MAX).contains(km);
                if !(on_earth && distance) {
                    return Err(refuse(
                        format!("field {field}: within {km} km of {lat}, {lon}"),
                        "latitude -90 to 90, longitude -180 to 180, a distance of 0 or more",
                    ));
                }
                Ok(())
            }
            Self::Exists(_) | Self::Missing(_) | Self::And(_) | Self::Or(_) | Self::Not(_) => Ok(()),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

fn write_range(range: &Range, f: &mut impl fmt::Write) -> fmt::Result {
    let sign = |edge: &Edge, strict: &'static str, loose: &'static str| if edge.inclusive { loose } else { strict };
    match (&range.lower, &range.upper) {
        (Some(low), Some(high)) if low.inclusive && high.inclusive => write!(f, "{} between {} and {}", range.field, low.value, high.value),
        (low, high) => {
            // In a field of many values both ends are about one value, which only `between` and brackets can say.
            let open = if low.as_ref().is_some_and(|edge| !edge.inclusive) { '{' } else { '[' };
            let close = if high.as_ref().is_some_and(|edge| !edge.inclusive) { '}' } else { ']' };
            match (low, high) {
                (Some(low), Some(high)) => write!(f, "{} in {open}{} to {}{close}", range.field, low.value, high.value),
                (Some(low), None) => write!(f, "{} {} {}", range.field, sign(low, ">", ">="), low.value),
                (None, Some(high)) => write!(f, "{} {} {}", range.field, sign(high, "<", "<="), high.value),
                (None, None) => write!(f, "{} is missing", range.field),
            }
        }
    }
}

impl Filter {
    fn write_leaf(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Compare(Compare { field, op, value }) => write!(f, "{field} {op} {value}"),
            Self::In(In { field, values }) => {
                write!(f, "{field} in [")?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_char(']')
            }
            Self::Range(range) => write_range(range, f),
            Self::Exists(FieldName { field }) => write!(f, "{field} is not missing"),
            Self::Missing(FieldName { field }) => write!(f, "{field} is missing"),
            Self::WithinKm(WithinKm { field, lat, lon, km }) => write!(f, "{field} within {km:?} km of {lat:?}, {lon:?}"),
            Self::And(_) => f.write_str("true"),
            Self::Or(_) => f.write_str("false"),
            Self::Not(_) => f.write_str("not"),
        }
    }
}

/// The text form, which [`super::parse_filter`] reads back.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        enum Step<'a> {
            Node(&'a Filter, bool),
            Text(&'static str),
        }
        let mut steps = vec![Step::Node(self, false)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Text(text) => f.write_str(text)?,
                Step::Node(node, nested) => {
                    let (between, parts) = match node {
                        Self::And(parts) if !parts.is_empty() => (" and ", parts.as_slice()),
                        Self::Or(parts) if !parts.is_empty() => (" or ", parts.as_slice()),
                        Self::Not(part) => {
                            f.write_str("not ")?;
                            steps.push(Step::Node(part, true));
                            continue;
                        }
                        leaf => {
                            leaf.write_leaf(f)?;
                            continue;
                        }
                    };
                    if nested {
                        f.write_str("(")?;
                        steps.push(Step::Text(")"));
                    }
                    for (i, part) in parts.iter().enumerate().rev() {
                        steps.push(Step::Node(part, true));
                        if i > 0 {
                            steps.push(Step::Text(between));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
