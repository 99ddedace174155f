//! Binding a filter to a schema: names become ids, literals become typed bounds.
//!
//! **In**: a [`Filter`], a [`Schema`]. **Out**: a [`BoundFilter`]. **Law**: all that is wrong with a filter is said here (or by its parser,
//! which asks the same functions); no recursion.

use super::ast::{Edge, Range};
use super::comparison::{Mismatch, between, equal, key, one_of};
use super::filter::{Compare, Comparison, FieldName, Filter, In, WithinKm};
use super::filter_bound::BoundFilter;
use super::value::Value;
use crate::base::{Error, FieldId, Result, nearest};
use crate::schema::{Field, FieldKind, Schema};

/// What a name in a query or filter stands for.
pub(super) enum Named<'a> {
    Field(FieldId, &'a Field),
    /// The key, which is no field.
    Key,
}

/// Looks a name up; a field goes before the key.
pub(super) fn named<'a>(schema: &'a Schema, name: &str) -> std::result::Result<Named<'a>, Mismatch> {
    match schema.find(name) {
        Some((id, field)) => Ok(Named::Field(id, field)),
        None if name == schema.key() => Ok(Named::Key),
        None => {
            let shown: String = name.chars().take(60).collect();
            let known = || schema.fields().iter().map(|field| field.name.as_str()).chain([schema.key()]);
            let hint = match nearest(name, known()) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("the schema has {}", known().take(20).collect::<Vec<_>>().join(", ")),
            };
            Err(Mismatch { message: format!("no field {shown:?}"), hint })
        }
    }
}

fn unsearchable(field: &Field) -> Mismatch {
    Mismatch {
        message: format!("{} is a Text field, which filters do not compare", field.name),
        hint: format!("search for words in it ({}:word), or make it a Keyword field", field.name),
    }
}

fn not_the_key(what: &str) -> Mismatch {
    Mismatch { message: format!("the key has no {what}"), hint: "a key is compared with ==, != and in".to_owned() }
}

fn compare(schema: &Schema, it: &Compare) -> std::result::Result<BoundFilter, Mismatch> {
    let (id, field) = match named(schema, &it.field)? {
        Named::Key => {
            let keys = BoundFilter::Keys { keys: vec![key(schema.key_kind(), &it.value)?] };
            return match it.op {
                Comparison::Equal => Ok(keys),
                Comparison::NotEqual => Ok(BoundFilter::Not(Box::new(keys))),
                _ => Err(not_the_key("order")),
            };
        }
        Named::Field(_, field) if matches!(field.kind, FieldKind::Text { .. }) => return Err(unsearchable(field)),
        Named::Field(id, field) => (id, field),
    };
    let edge = |inclusive| Edge { value: it.value.clone(), inclusive };
    match it.op {
        Comparison::Equal => equal(id, field, &it.value),
        Comparison::NotEqual => {
            let equal = equal(id, field, &it.value)?;
            Ok(BoundFilter::And(vec![BoundFilter::Exists { field: id }, BoundFilter::Not(Box::new(equal))]))
        }
        Comparison::Less => between(id, field, None, Some(&edge(false))),
        Comparison::AtMost => between(id, field, None, Some(&edge(true))),
        Comparison::Greater => between(id, field, Some(&edge(false)), None),
        Comparison::AtLeast => between(id, field, Some(&edge(true)), None),
    }
}

/// Binds a node that has no children.
pub(super) fn bind_leaf(schema: &Schema, leaf: &Filter) -> std::result::Result<BoundFilter, Mismatch> {
    match leaf {
        Filter::Compare(it) => compare(schema, it),
        Filter::In(In { field: name, values }) => match named(schema, name)? {
            Named::Key => {
                let mut keys = values.iter().map(|value| key(schema.key_kind(), value)).collect::<std::result::Result<Vec<_>, _>>()?;
                keys.sort_unstable();
                keys.dedup();
                Ok(BoundFilter::Keys { keys })
            }
            Named::Field(_, field) if matches!(field.kind, FieldKind::Text { .. }) => Err(unsearchable(field)),
            Named::Field(id, field) => one_of(id, field, values),
        },
        Filter::Range(Range { field: name, lower, upper }) => match named(schema, name)? {
            Named::Key => Err(not_the_key("order")),
            Named::Field(_, field) if matches!(field.kind, FieldKind::Text { .. }) => Err(unsearchable(field)),
            Named::Field(id, field) => between(id, field, lower.as_ref(), upper.as_ref()),
        },
        Filter::Exists(FieldName { field: name }) => match named(schema, name)? {
            Named::Key => Ok(BoundFilter::everything()),
            Named::Field(field, _) => Ok(BoundFilter::Exists { field }),
        },
        Filter::Missing(FieldName { field: name }) => match named(schema, name)? {
            Named::Key => Ok(BoundFilter::nothing()),
            Named::Field(field, _) => Ok(BoundFilter::Not(Box::new(BoundFilter::Exists { field }))),
        },
        Filter::WithinKm(WithinKm { field: name, lat, lon, km }) => match named(schema, name)? {
            Named::Field(field, Field { kind: FieldKind::GeoPoint, .. }) => {
                Ok(BoundFilter::Within { field, lat: *lat, lon: *lon, km: *km })
            }
            _ => Err(Mismatch { message: format!("{name} is no GeoPoint field"), hint: "only GeoPoint fields have a distance".to_owned() }),
        },
        Filter::And(_) | Filter::Or(_) | Filter::Not(_) => Ok(BoundFilter::everything()),
    }
}

impl Filter {
    /// Checks the filter against `schema` and makes its values typed.
    ///
    /// # Errors
    /// [`Error::Query`] with position 0: an unknown field, a literal that does not fit, a bound exceeded.
    ///
    /// # Examples
    /// ```
    /// use findspot_engine::query::{BoundFilter, parse_filter};
    /// use findspot_engine::schema::Schema;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let schema: Schema = serde_json::from_str(r#"{"key": "id", "fields": [{"name": "year", "type": "integer"}]}"#)?;
    /// let bound = parse_filter("year < 1900.5", &schema)?.bind(&schema)?;
    /// assert!(matches!(bound, BoundFilter::Integers { high: 1900, .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind(&self, schema: &Schema) -> Result<BoundFilter> {
        self.check()?;
        if !matches!(self, Self::And(_) | Self::Or(_) | Self::Not(_)) {
            return bind_leaf(schema, self).map_err(|mismatch| mismatch.at(0));
        }
        // Pre-order, then joined from the back: the children of a node are the last finished ones, the first on top.
        let mut nodes = Vec::new();
        let mut pending = vec![self];
        while let Some(node) = pending.pop() {
            nodes.push(node);
            pending.extend(node.children().into_iter().rev());
        }
        let mut finished: Vec<BoundFilter> = Vec::new();
        while let Some(node) = nodes.pop() {
            let mut parts = finished.split_off(finished.len().saturating_sub(node.children().len()));
            parts.reverse();
            finished.push(match node {
                Self::And(_) => BoundFilter::And(parts),
                Self::Or(_) => BoundFilter::Or(parts),
                Self::Not(_) => BoundFilter::Not(Box::new(parts.pop().ok_or(Error::Defect("a complement of nothing"))?)),
                leaf => bind_leaf(schema, leaf).map_err(|mismatch| mismatch.at(0))?,
            });
        }
        finished.pop().ok_or(Error::Defect("a filter without a root"))
    }

    /// `field == value`.
    pub fn equal(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Compare(Compare { field: field.into(), op: Comparison::Equal, value: value.into() })
    }
}
