//! A filter bound to a schema: fields are ids, values are typed bounds. Nothing is left to interpret per document.
//!
//! **Law**: ranges are inclusive and not empty; an impossible comparison is [`BoundFilter::nothing`]. A document without a value is in no
//! leaf's set. Lists are sorted and without duplicates. Floats are finite or infinite, never NaN, and compare as IEEE numbers do
//! (−0 equals 0).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;
use std::ops::Bound;

use smallvec::SmallVec;

use crate::base::FieldId;

/// A filter that knows its columns.
#[derive(Clone, Debug, PartialEq)]
pub enum BoundFilter {
    /// Conjunction; empty: every document.
    And(Vec<BoundFilter>),
    /// Disjunction; empty: no document.
    Or(Vec<BoundFilter>),
    /// Complement.
    Not(Box<BoundFilter>),
    /// `low ≤ value ≤ high` in a column of integers: Integer, Date (microseconds since 1970, UTC), Boolean (0, 1).
    Integers {
        /// The column.
        field: FieldId,
        /// Smallest value.
        low: i64,
        /// Largest value.
        high: i64,
    },
    /// One of these in a column of integers.
    IntegerIn {
        /// The column.
        field: FieldId,
        /// Ascending.
        values: Vec<i64>,
    },
    /// `low ≤ value ≤ high` in a Float column.
    Floats {
        /// The column.
        field: FieldId,
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// One of these in a Float column.
    FloatIn {
        /// The column.
        field: FieldId,
        /// Ascending.
        values: Vec<f64>,
    },
    /// Any value of a Keyword field is one of these.
    KeywordIn {
        /// The column.
        field: FieldId,
        /// Ascending.
        values: Vec<String>,
    },
    /// Any value of a Keyword field lies between these, in byte order.
    Keywords {
        /// The column.
        field: FieldId,
        /// Lower end.
        low: Bound<String>,
        /// Upper end.
        high: Bound<String>,
    },
    /// The token is in a Text field.
    Token {
        /// The field.
        field: FieldId,
        /// The indexed bytes.
        term: Vec<u8>,
    },
    /// At most `km` kilometres from a point over the ground.
    Within {
        /// The column.
        field: FieldId,
        /// Latitude in degrees.
        lat: f64,
        /// Longitude in degrees.
        lon: f64,
        /// Kilometres.
        km: f64,
    },
    /// The field has a value; a Text field: its length is not 0.
    Exists {
        /// The field.
        field: FieldId,
    },
    /// The document's key is one of these (canonical text).
    Keys {
        /// Ascending.
        keys: Vec<String>,
    },
}

impl BoundFilter {
    /// Every document.
    #[must_use]
    pub fn everything() -> Self {
        Self::And(Vec::new())
    }

    /// No document.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Or(Vec::new())
    }

    /// A number that equal filters share and others hardly ever, and about how many bytes the filter takes.
    #[must_use]
    pub fn fingerprint(&self) -> (u64, usize) {
        let mut hasher = DefaultHasher::new();
        let (mut size, mut rest) = (0, SmallVec::<[&Self; 8]>::from_elem(self, 1));
        while let Some(node) = rest.pop() {
            size += size_of::<Self>();
            discriminant(node).hash(&mut hasher);
            let to = &mut hasher;
            match node {
                Self::And(parts) | Self::Or(parts) => {
                    parts.len().hash(to);
                    rest.extend(parts);
                }
                Self::Not(part) => rest.push(part),
                Self::Integers { field, low, high } => (field, low, high).hash(to),
                Self::IntegerIn { field, values } => {
                    (field, values).hash(to);
                    size += values.len() * size_of::<i64>();
                }
                Self::Floats { field, low, high } => (field, low.to_bits(), high.to_bits()).hash(to),
                Self::FloatIn { field, values } => {
                    (field, values.len()).hash(to);
                    values.iter().for_each(|value| value.to_bits().hash(to));
                    size += values.len() * size_of::<f64>();
                }
                Self::KeywordIn { field, values } => {
                    (field, values).hash(to);
                    size += values.iter().map(|value| size_of::<String>() + value.len()).sum::<usize>();
                }
                Self::Keywords { field, low, high } => (field, low, high).hash(to),
                Self::Token { field, term } => (field, term).hash(to),
                Self::Within { field, lat, lon, km } => (field, [lat, lon, km].map(|number| number.to_bits())).hash(to),
                Self::Exists { field } => field.hash(to),
                Self::Keys { keys } => {
                    keys.hash(to);
                    size += keys.iter().map(|key| size_of::<String>() + key.len()).sum::<usize>();
                }
            }
        }
        (hasher.finish(), size)
    }
}
