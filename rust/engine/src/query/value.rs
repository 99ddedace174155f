//! A literal of a query or filter, before it meets a field.
//!
//! **In**: JSON scalars. **Out**: [`Value`]. **Law**: nothing is coerced here: what a literal means is decided by the field's kind, in
//! [`super::comparison`]. An integer that does not fit 64 bits signed is read as a float.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// A string, number or truth value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A Keyword value, a key, an indexed token, or a date.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number; finite.
    Float(f64),
    /// True or false.
    Boolean(bool),
}

impl Value {
    /// Whether a float is neither NaN nor infinite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        !matches!(self, Self::Float(x) if !x.is_finite())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

/// As the filter text writes it: `'hoard'`, `1900`, `2.5`, `true`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                f.write_str("'")?;
                for c in text.chars() {
                    if c == '\'' || c == '\\' {
                        f.write_str("\\")?;
                    }
                    write!(f, "{c}")?;
                }
                f.write_str("'")
            }
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Boolean(truth) => truth.fmt(f),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => out.serialize_str(text),
            Self::Integer(number) => out.serialize_i64(*number),
            Self::Float(number) => out.serialize_f64(*number),
            Self::Boolean(truth) => out.serialize_bool(*truth),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number, true or false")
            }
            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Integer(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Integer))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
                Ok(Value::Float(number))
            }
            fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
                Ok(Value::Boolean(truth))
            }
        }
        input.deserialize_any(Scalar)
    }
}
