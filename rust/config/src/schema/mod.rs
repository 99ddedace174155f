//! Schemas: what a configuration must look like, compiled from a small JSON form.
//!
//! **In**: the form, as other languages write it. **Out**: [`Schema`], which checks a merged document and gives its texts their types.
//!
//! The form is a tree of objects. Every node has `type` and may have `secret` (bool), `description`, `enum` (list), `const`.
//!
//! | type | further members |
//! |---|---|
//! | `any`, `null`, `boolean` | |
//! | `integer`, `number` | `ge`, `gt`, `le`, `lt`, `multiple_of` |
//! | `string` | `min_length`, `max_length` (characters), `pattern` (regular expression, found anywhere) |
//! | `time` | `format`: `date-time`, `date` or `time` |
//! | `table` | `name`, `fields` (key → node, and there `default` or `optional`), `additional`: false, true, or a node |
//! | `map` | `items` (a node), `keys` (a node of strings), `min_length`, `max_length` |
//! | `list` | `items`, `min_length`, `max_length`, `unique` |
//! | `tuple` | `prefix` (a list of nodes) |
//! | `union` | `variants` (a list of nodes) |
//!
//! **Law**
//! 1. A field without `default` and `optional` must be there. A default is filled in as it stands; what is optional may stay away.
//! 2. Text of the environment becomes what the schema wants there; elsewhere text is text. A string that stands where a time should is one.
//! 3. All problems are reported at once. Unknown members of the form are refused: a misspelt constraint must not pass for a check.

mod check;
mod edit;
mod known;
mod read;
mod text;
mod words;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

pub use check::Checked;

use crate::document::{Document, Node};
use crate::secret_keys::SecretNames;

/// A compiled schema.
#[derive(Clone, Debug)]
pub struct Schema {
    root: Arc<Shape>,
    names: SecretNames,
}

impl Schema {
    /// The schema that lets every table through as it is.
    pub fn any() -> Self {
        Self { root: Arc::new(Shape::of(Type::Any)), names: SecretNames::default() }
    }

    /// The same shape with another rule about the names of secrets.
    pub fn with_secret_names(mut self, names: SecretNames) -> Self {
        self.names = names;
        self
    }

    /// Which keys make their values secrets, beside what the shape says.
    pub fn secret_names(&self) -> &SecretNames {
        &self.names
    }

    /// Whether it lets every table through as it is.
    pub(crate) fn is_any(&self) -> bool {
        matches!(self.root.of, Type::Any) && self.root.allowed.is_empty()
    }

    pub(crate) fn root(&self) -> &Shape {
        &self.root
    }
}

/// One node of a schema.
#[derive(Debug)]
pub(crate) struct Shape {
    pub of: Type,
    pub secret: bool,
    pub allowed: Vec<Document>,
    pub description: String,
    /// It is a secret, or a secret is part of it.
    pub hides: bool,
}

impl Shape {
    pub(crate) fn of(of: Type) -> Self {
        Self { of, secret: false, allowed: Vec::new(), description: String::new(), hides: false }
    }
}

#[derive(Debug)]
pub(crate) enum Type {
    Any,
    Null,
    Boolean,
    Integer(Range),
    Number(Range),
    String(Text),
    Time(Clock),
    Table(Table),
    Map { items: Box<Shape>, keys: Option<Box<Shape>>, length: Length },
    List { items: Box<Shape>, length: Length, unique: bool },
    Tuple(Vec<Shape>),
    Union(Vec<Shape>),
}

/// Bounds of a number; integers are compared exactly.
#[derive(Debug, Default)]
pub(crate) struct Range {
    pub bounds: Vec<(Bound, Document)>,
    pub multiple_of: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Ge,
    Gt,
    Le,
    Lt,
}

impl Range {
    pub(crate) fn refuses_integer(&self, value: i64) -> bool {
        let outside = self.bounds.iter().any(|(bound, limit)| match limit.root().as_integer() {
            Some(limit) => !bound.holds(value.cmp(&limit)),
            None => limit.root().as_float().and_then(|limit| (value as f64).partial_cmp(&limit)).is_none_or(|order| !bound.holds(order)),
        });
        outside
            || self.multiple_of.is_some_and(|step| {
                if step.fract() == 0.0 && step < 9e15 { value % step as i64 != 0 } else { !is_multiple(value as f64, step) }
            })
    }

    pub(crate) fn refuses(&self, value: f64) -> bool {
        let outside = |(bound, limit): &(Bound, Document)| {
            limit.root().as_float().and_then(|limit| value.partial_cmp(&limit)).is_none_or(|order| !bound.holds(order))
        };
        self.bounds.iter().any(outside) || self.multiple_of.is_some_and(|step| !is_multiple(value, step))
    }
}

/// 0.3 is a multiple of 0.1 although their bits say otherwise.
fn is_multiple(value: f64, step: f64) -> bool {
    let times = value / step;
    (times - times.round()).abs() <= 1e-9 * times.abs().max(1.0)
}

impl Bound {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Ge => order != Ordering::Less,
            Self::Gt => order == Ordering::Greater,
            Self::Le => order != Ordering::Greater,
            Self::Lt => order == Ordering::Less,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Length {
    pub min: Option<usize>,
    pub max: Option<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Text {
    pub length: Length,
    pub pattern: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Any,
    DateTime,
    Date,
    Time,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    pub name: String,
    pub fields: Vec<Field>,
    pub by_key: HashMap<Box<str>, usize>,
    pub additional: Additional,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub key: Box<str>,
    pub shape: Shape,
    pub default: Option<Document>,
    pub optional: bool,
}

#[derive(Debug, Default)]
pub(crate) enum Additional {
    #[default]
    Refused,
    Any,
    Of(Box<Shape>),
}

impl Table {
    /// The field of an item; `guess` is where it stands when the document has the schema's order.
    #[inline]
    pub(crate) fn field_of(&self, item: &Node<'_>, guess: usize) -> Option<&Field> {
        self.fields.get(guess).filter(|field| item.has_key(&field.key)).or_else(|| self.field(item.key()))
    }

    /// The field of a key.
    pub(crate) fn field(&self, key: &str) -> Option<&Field> {
        self.fields.get(*self.by_key.get(key)?)
    }
}

#[cfg(test)]
mod tests;
