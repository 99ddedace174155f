//! One field: its name and kind.
//!
//! **Law**: the kind decides which structures a segment holds for the field: `Text` has postings with positions and norms; `Keyword`
//! has postings without positions and an ordinal column; the others have a column each. The JSON form is part of the file format.

use serde::{Deserialize, Serialize};

use super::refuse;
use crate::base::Result;

/// Whether keys are strings or 64-bit integers. Stored, hashed and compared as text in both cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Strings of 1 to 512 bytes; an integer is taken as its decimal text.
    #[default]
    String,
    /// Signed 64-bit integers.
    Integer,
}

/// What happens to members of a document that are no fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extra {
    /// The document is refused.
    #[default]
    Error,
    /// They are stored and returned, not searched.
    Store,
    /// They are dropped.
    Ignore,
}

/// A named field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Unique name.
    pub name: String,
    /// What it holds.
    #[serde(flatten)]
    pub kind: FieldKind,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum FieldKind {
    /// Words: analysed, scored, with positions.
    Text {
        /// Name of a built-in analyzer.
        analyzer: String,
    },
    /// Exact strings up to 8 KiB, case kept.
    Keyword {
        /// Whether a document may hold several.
        #[serde(default)]
        many: bool,
    },
    /// Signed 64-bit.
    Integer,
    /// Finite 64-bit.
    Float,
    /// A point in time, UTC, microseconds.
    Date,
    /// True or false.
    Boolean,
    /// Latitude −90…90 and longitude −180…180 in degrees.
    GeoPoint,
}

impl FieldKind {
    pub(super) fn check(&self, path: &str) -> Result<()> {
        match self {
            Self::Text { analyzer } if analyzer.is_empty() => Err(refuse(path, "the name of an analyzer", "an empty name")),
            _ => Ok(()),
        }
    }

    /// The kind's name as users write it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "Text",
            Self::Keyword { .. } => "Keyword",
            Self::Integer => "Integer",
            Self::Float => "Float",
            Self::Date => "Date",
            Self::Boolean => "Boolean",
            Self::GeoPoint => "GeoPoint",
        }
    }
}
