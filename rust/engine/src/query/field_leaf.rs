//! What an atom behind `field:` asks for, by the kind of the field.
//!
//! **In**: an atom, a field (none: the default fields). **Out**: a leaf [`Query`]. **Law**: the same query that a program would write; a
//! literal that does not fit the field is a problem, and in lenient mode matches nothing.
//!
//! | | word, phrase | `pre*`, `typo~1` | range, `>=` |
//! |---|---|---|---|
//! | Text | words, phrase | yes | refused; lenient: words |
//! | Keyword | the exact value | yes | byte order |
//! | Integer, Float, Date | equal (a date: within) | refused | yes |
//! | Boolean, key | equal | refused | refused |
//! | GeoPoint | refused | refused | refused |

use std::borrow::Cow;

use super::ast::{Edge, Fuzzy, Match, Phrase, Prefix, Query, Range, Term};
use super::comparison::{Mismatch, between, key, literal};
use super::fields::Fields;
use super::filter_bind::{Named, named};
use super::lexer::Atom;
use super::value::Value;
use crate::base::FieldId;
use crate::schema::{Field, FieldKind, Schema};

type Outcome = Result<Query, Mismatch>;
type End<'a> = Option<(Cow<'a, str>, bool)>;

fn beginning(text: Cow<'_, str>, fields: Option<Fields>) -> Query {
    Query::Prefix(Prefix { prefix: text.into_owned(), fields })
}

fn typo(text: Cow<'_, str>, fields: Option<Fields>, distance: u8) -> Query {
    Query::Fuzzy(Fuzzy { text: text.into_owned(), fields, distance, prefix: 0 })
}

/// The lowest value of a kind, for a range that is open on both sides.
fn lowest(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Float => Value::Float(f64::MIN),
        FieldKind::Date => Value::from("-9999"),
        FieldKind::Integer | FieldKind::Boolean => Value::Integer(i64::MIN),
        FieldKind::Keyword { .. } | FieldKind::Text { .. } | FieldKind::GeoPoint => Value::from(""),
    }
}

fn range(id: FieldId, field: &Field, low: End<'_>, high: End<'_>) -> Outcome {
    let edge = |end: End<'_>| match end {
        Some((text, inclusive)) => Ok(Some(Edge { value: literal(field, &text)?, inclusive })),
        None => Ok(None),
    };
    let (mut lower, upper) = (edge(low)?, edge(high)?);
    if lower.is_none() && upper.is_none() {
        lower = Some(Edge { value: lowest(&field.kind), inclusive: true });
    }
    between(id, field, lower.as_ref(), upper.as_ref())?;
    Ok(Query::Range(Range { field: field.name.clone(), lower, upper }))
}

/// The leaf of a word or phrase in Text fields; `None` are the default fields.
pub(super) fn text_leaf(atom: Atom<'_>, fields: Option<Fields>) -> Query {
    match atom {
        Atom::Word { text, prefix: true, .. } => beginning(text, fields),
        Atom::Word { text, edits: Some(distance), .. } => typo(text, fields, distance),
        Atom::Word { text, .. } => Query::Match(Match { text: text.into_owned(), fields, ..Match::default() }),
        Atom::Phrase { text, slop } => Query::Phrase(Phrase { text: text.into_owned(), fields, slop: slop.unwrap_or(0) }),
        Atom::Range { low, high } => {
            let words: Vec<_> = low.into_iter().chain(high).map(|(text, _)| text).collect();
            Query::Match(Match { text: words.join(" "), fields, ..Match::default() })
        }
        Atom::Open | Atom::Close | Atom::And | Atom::Or | Atom::Not => Query::nothing(),
    }
}

/// The leaf of an atom in a field or in the key; with a [`Mismatch`] it is what a lenient reading takes instead.
pub(super) fn field_leaf(schema: &Schema, name: &str, atom: Atom<'_>) -> (Query, Option<Mismatch>) {
    if let (Some((_, Field { kind: FieldKind::Text { .. }, .. })), Atom::Range { .. }) = (schema.find(name), &atom) {
        let message = format!("{name} is a Text field, which has no order; searched as words");
        let hint = "ranges are for Integer, Float, Date and Keyword fields".to_owned();
        return (text_leaf(atom, Some(Fields::one(name))), Some(Mismatch { message, hint }));
    }
    match fitting(schema, name, atom) {
        Ok(leaf) => (leaf, None),
        Err(mismatch) => (Query::nothing(), Some(mismatch)),
    }
}

fn fitting(schema: &Schema, name: &str, atom: Atom<'_>) -> Outcome {
    let (id, field) = match named(schema, name)? {
        Named::Field(id, field) => (id, field),
        Named::Key => {
            let (Atom::Word { text, prefix: false, edits: None } | Atom::Phrase { text, .. }) = atom else {
                let hint = format!("write a whole key, as in {name}:k17");
                return Err(Mismatch { message: format!("{name} is the key, which has no words and no order"), hint });
            };
            let value = Value::Text(text.into_owned());
            key(schema.key_kind(), &value)?;
            return Ok(Query::Term(Term { field: name.to_owned(), value }));
        }
    };
    let here = || Some(Fields::one(name));
    match (&field.kind, atom) {
        (FieldKind::Text { .. }, atom) => Ok(text_leaf(atom, here())),
        (FieldKind::Keyword { .. }, Atom::Word { text, prefix: true, .. }) => Ok(beginning(text, here())),
        (FieldKind::Keyword { .. }, Atom::Word { text, edits: Some(distance), .. }) => Ok(typo(text, here(), distance)),
        (FieldKind::GeoPoint, _) => Err(Mismatch {
            message: format!("{name} is a GeoPoint field"),
            hint: format!("use a filter, as in within_km({name}, 51.5, -0.12, 25)"),
        }),
        (_, Atom::Word { prefix: true, .. } | Atom::Word { edits: Some(_), .. }) => {
            Err(Mismatch { message: format!("{name} has no words"), hint: "* and ~ are for Text and Keyword fields".to_owned() })
        }
        (_, Atom::Word { text, .. } | Atom::Phrase { text, .. }) => {
            Ok(Query::Term(Term { field: name.to_owned(), value: literal(field, &text)? }))
        }
        (_, Atom::Range { low, high }) => range(id, field, low, high),
        (_, Atom::Open | Atom::Close | Atom::And | Atom::Or | Atom::Not) => Ok(Query::nothing()),
    }
}
