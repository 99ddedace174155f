//! Wire forms of the parts that queries and filters share: lists of fields, and ranges.
//!
//! **In/Out**: JSON. **Law**: fields are `"title"`, `["title", "clue"]` or `{"title": 3.0, "clue": null}`; written as a list where no
//! weight is given. A range has members `gt` or `gte`, `lt` or `lte`, one a side.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::ast::{Edge, MAX_BOOST, Range, refuse};
use super::value::Value;
use crate::base::Result;
use crate::schema::MAX_FIELDS;

/// A field to search, and how much it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldWeight {
    /// The field's name.
    pub name: String,
    /// `None` is the weight that the configuration gives the field, 1 if it gives none.
    pub weight: Option<f64>,
}

/// The fields that a leaf searches, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields(pub Vec<FieldWeight>);

impl Fields {
    /// One field with its configured weight.
    #[must_use]
    pub fn one(name: impl Into<String>) -> Self {
        Self(vec![FieldWeight { name: name.into(), weight: None }])
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.0.is_empty() || self.0.len() > MAX_FIELDS {
            return Err(refuse(
                format!("{} fields to search", self.0.len()),
                format!("1 to {MAX_FIELDS}; leave them out for the default fields"),
            ));
        }
        for field in &self.0 {
            if let Some(weight) = field.weight
                && !(0.0..=MAX_BOOST).contains(&weight)
            {
                return Err(refuse(
                    format!("a weight of {weight} for field {}", field.name),
                    format!("a finite number from 0 to {MAX_BOOST}"),
                ));
            }
        }
        Ok(())
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        if self.0.iter().all(|field| field.weight.is_none()) {
            out.collect_seq(self.0.iter().map(|field| &field.name))
        } else {
            out.collect_map(self.0.iter().map(|field| (&field.name, field.weight)))
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name, a list of names, or names with weights")
            }
            fn visit_str<E>(self, name: &str) -> Result<Fields, E> {
                Ok(Fields::one(name))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(name) = list.next_element()? {
                    fields.push(FieldWeight { name, weight: None });
                }
                Ok(Fields(fields))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, weight)) = map.next_entry()? {
                    fields.push(FieldWeight { name, weight });
                }
                Ok(Fields(fields))
            }
        }
        input.deserialize_any(Forms)
    }
}

/// A range as it is written.
#[derive(Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RangeWire {
    field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gt: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gte: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lt: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lte: Option<Value>,
}

fn edge(exclusive: Option<Value>, inclusive: Option<Value>, names: &str) -> Result<Option<Edge>, String> {
    match (exclusive, inclusive) {
        (Some(_), Some(_)) => Err(format!("both {names} in one range")),
        (Some(value), None) => Ok(Some(Edge { value, inclusive: false })),
        (None, Some(value)) => Ok(Some(Edge { value, inclusive: true })),
        (None, None) => Ok(None),
    }
}

impl TryFrom<RangeWire> for Range {
    type Error = String;
    fn try_from(wire: RangeWire) -> Result<Self, String> {
        Ok(Self { lower: edge(wire.gt, wire.gte, "gt and gte")?, upper: edge(wire.lt, wire.lte, "lt and lte")?, field: wire.field })
    }
}

impl From<Range> for RangeWire {
    fn from(range: Range) -> Self {
        let split = |edge: Option<Edge>| match edge {
            Some(Edge { value, inclusive: false }) => (Some(value), None),
            Some(Edge { value, inclusive: true }) => (None, Some(value)),
            None => (None, None),
        };
        let ((gt, gte), (lt, lte)) = (split(range.lower), split(range.upper));
        Self { field: range.field, gt, gte, lt, lte }
    }
}
