//! What is known of a segment without reading it.
//!
//! **In**: counts of the builder or merge. **Out**: JSON in the file's footer, and back. **Law**: the manifest repeats what searches sum
//! over all segments, so that opening an index costs one read.

use serde::{Deserialize, Serialize};

use crate::base::{Error, FieldId, Result};
use crate::codec::inverted::InvertedStats;
use crate::codec::{FileMeta, SegmentFile};
use crate::schema::{FieldKind, Schema};

/// Statistics of one field, for scoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u64)", into = "(u64, u64)")]
pub struct FieldStats {
    /// Documents with at least one token in the field.
    pub docs: u64,
    /// Sum of the field's lengths in tokens.
    pub sum_dl: u64,
}

impl From<(u64, u64)> for FieldStats {
    fn from((docs, sum_dl): (u64, u64)) -> Self {
        Self { docs, sum_dl }
    }
}

impl From<InvertedStats> for FieldStats {
    fn from(stats: InvertedStats) -> Self {
        Self { docs: u64::from(stats.docs), sum_dl: stats.sum_dl }
    }
}

impl From<FieldStats> for (u64, u64) {
    fn from(stats: FieldStats) -> Self {
        (stats.docs, stats.sum_dl)
    }
}

/// Which structures a field has in a segment: its kind, without what only analysis needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Inverted index with positions.
    Text,
    /// Inverted index without positions, and a column of ranks.
    Keyword,
    /// A column of integers.
    Integer,
    /// A column of floats.
    Float,
    /// A column of integers: microseconds.
    Date,
    /// A column of integers: 0 and 1.
    Boolean,
    /// Columns of latitudes and longitudes.
    GeoPoint,
}

impl From<&FieldKind> for Shape {
    fn from(kind: &FieldKind) -> Self {
        match kind {
            FieldKind::Text { .. } => Self::Text,
            FieldKind::Keyword { .. } => Self::Keyword,
            FieldKind::Integer => Self::Integer,
            FieldKind::Float => Self::Float,
            FieldKind::Date => Self::Date,
            FieldKind::Boolean => Self::Boolean,
            FieldKind::GeoPoint => Self::GeoPoint,
        }
    }
}

/// The statistics in a segment's footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stats {
    pub docs: u32,
    pub rel_end: u64,
    /// By field id.
    pub shapes: Vec<Shape>,
    /// By field id.
    pub fields: Vec<FieldStats>,
    /// Smallest and largest key.
    pub keys: (String, String),
    /// Documents that a later one of the same segment replaced, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<u32>,
    /// Documents do not stand in the order of their sequence numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub permuted: bool,
}

impl Stats {
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|_| Error::Defect("the statistics of a segment do not serialise"))
    }

    pub fn of(file: &SegmentFile) -> Result<Self> {
        let stats: Self = serde_json::from_slice(file.stats())
            .map_err(|error| Error::corruption(file.name(), file.stats_offset(), format!("statistics: {error}")))?;
        let dead = stats.dead.is_sorted_by(|a, b| a < b) && stats.dead.last().is_none_or(|doc| *doc < stats.docs);
        if stats.shapes.len() != stats.fields.len() || stats.fields.len() >= usize::from(u16::MAX) || !dead {
            return Err(Error::corruption(file.name(), file.stats_offset(), "statistics that contradict themselves"));
        }
        Ok(stats)
    }

    pub fn into_meta(self, file: FileMeta) -> SegmentMeta {
        let (key_min, key_max) = self.keys;
        let Self { docs, rel_end, fields, dead, .. } = self;
        SegmentMeta { size: file.size, checksum: file.checksum, docs, rel_end, fields, key_min, key_max, dead }
    }
}

/// By field id, what each field of a schema has in a segment.
pub(super) fn shapes(schema: &Schema) -> Vec<Shape> {
    schema.fields().iter().map(|field| Shape::from(&field.kind)).collect()
}

/// The ids of `count` fields.
pub(super) fn field_ids(count: usize) -> impl Iterator<Item = FieldId> {
    (0..count).map(|field| FieldId(field as u16))
}

/// A finished segment, for the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentMeta {
    /// Size in bytes.
    pub size: u64,
    /// The footer's checksum, which depends on every byte.
    pub checksum: u32,
    /// Documents, dead ones included.
    pub docs: u32,
    /// One more than the largest relative sequence number.
    pub rel_end: u64,
    /// By field id.
    pub fields: Vec<FieldStats>,
    /// Smallest key, dead documents included; empty without documents.
    pub key_min: String,
    /// Largest key.
    pub key_max: String,
    /// Documents that a later one of the same segment replaced, ascending.
    pub dead: Vec<u32>,
}
