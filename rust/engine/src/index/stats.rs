//! What an index consists of, in numbers.
//!
//! **In**: a snapshot. **Out**: counts and bytes. **Law**: nothing is read but what is open already; the bytes of all structures add up to
//! the bytes of all segments.

use std::collections::BTreeMap;

use super::snapshot::Snapshot;

/// One segment in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentStats {
    /// Its unique id.
    pub id: String,
    /// Documents, deleted ones included.
    pub docs: u64,
    /// Deleted documents.
    pub deleted: u64,
    /// Bytes.
    pub bytes: u64,
    /// Whether a manifest names it.
    pub committed: bool,
}

/// An index in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexStats {
    /// Number of the manifest on which the snapshot stands.
    pub generation: u64,
    /// Refreshes since.
    pub refresh: u64,
    /// Live documents.
    pub docs: u64,
    /// Deleted documents that a merge has not dropped yet.
    pub deleted: u64,
    /// Bytes of all segments.
    pub bytes: u64,
    /// Bytes by structure.
    pub structures: BTreeMap<&'static str, u64>,
    /// The segments.
    pub segments: Vec<SegmentStats>,
}

impl Snapshot {
    /// Counts and bytes.
    #[must_use]
    pub fn stats(&self) -> IndexStats {
        let mut structures = BTreeMap::new();
        for segment in &self.segments {
            for (structure, bytes) in segment.reader.bytes() {
                *structures.entry(structure).or_default() += bytes;
            }
        }
        let named: std::collections::HashSet<&str> = self.committed.manifest.segments.iter().map(|entry| entry.id.as_str()).collect();
        let segments: Vec<SegmentStats> = self
            .segments
            .iter()
            .map(|segment| SegmentStats {
                id: segment.id().to_owned(),
                docs: u64::from(segment.entry.docs),
                deleted: u64::from(segment.entry.docs - segment.live_docs),
                bytes: segment.size(),
                committed: named.contains(segment.id()),
            })
            .collect();
        IndexStats {
            generation: self.generation,
            refresh: self.refresh,
            docs: self.live_count(),
            deleted: self.doc_count() - self.live_count(),
            bytes: segments.iter().map(|segment| segment.bytes).sum(),
            structures,
            segments,
        }
    }
}
