//! A snapshot: the segments, live bits and statistics that one search sees, immutable.
//!
//! **In**: what a manifest names, and what a writer has not committed yet. **Out**: what the read wing needs. **Law**: a snapshot never
//! changes; whoever has it can read all of it, also after others deleted the files (it holds them); statistics are sums over its
//! segments, deleted documents included until a merge drops them.

use std::sync::Arc;

use super::manifest::{Committed, SegmentEntry};
use crate::base::bits::BitSet;
use crate::base::{DocId, Error, FieldId, Result, SeqNo};
use crate::schema::Schema;
use crate::segment::{FieldStats, SegmentReader};
use crate::storage::Lease;

/// One segment as a snapshot sees it.
#[derive(Clone)]
pub struct SegmentView {
    /// The segment.
    pub reader: Arc<SegmentReader>,
    /// Which documents live; `None` = all.
    pub live: Option<Arc<BitSet>>,
    /// What is added to relative sequence numbers.
    pub base: u64,
    /// How many documents live.
    pub live_docs: u32,
    pub(super) entry: Arc<SegmentEntry>,
    /// Keeps the object from being deleted; `None` for segments that have no object yet.
    pub(super) hold: Option<Arc<dyn Lease>>,
}

impl SegmentView {
    /// Whether a document lives.
    #[inline]
    #[must_use]
    pub fn is_live(&self, doc: DocId) -> bool {
        self.live.as_ref().is_none_or(|live| live.contains(doc.0))
    }

    /// The sequence number of a document.
    ///
    /// # Errors
    /// Corruption of the segment.
    pub fn sequence(&self, doc: DocId) -> Result<SeqNo> {
        Ok(SeqNo(self.base.saturating_add(self.reader.rel(doc)?)))
    }

    /// The live document of a key.
    ///
    /// # Errors
    /// Corruption of the segment.
    pub fn find(&self, key: &str) -> Result<Option<DocId>> {
        let (first, last) = &self.entry.keys;
        if key < first.as_str() || key > last.as_str() {
            return Ok(None);
        }
        let mut found = None;
        self.reader.find_key(key, &mut |doc| {
            if self.is_live(doc) {
                found = Some(doc);
            }
        })?;
        Ok(found)
    }

    /// The segment's unique id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.entry.id
    }

    /// The same as another segment: what is kept of a segment is kept by its id.
    #[cfg(test)]
    pub(crate) fn renamed(mut self, id: String) -> Self {
        Arc::make_mut(&mut self.entry).id = id;
        self
    }

    /// Size of the segment in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.entry.size
    }

    /// Statistics of a field in this segment.
    #[must_use]
    pub fn field_stats(&self, field: FieldId) -> FieldStats {
        self.entry.fields.get(field.index()).copied().unwrap_or_default()
    }
}

/// What one search sees of an index.
#[derive(Clone)]
pub struct Snapshot {
    /// Number of the manifest on which it stands.
    pub generation: u64,
    /// Refreshes of this handle since that manifest; 0 = exactly what was committed.
    pub refresh: u64,
    /// The schema.
    pub schema: Arc<Schema>,
    /// The segments, in the order of the manifest, then uncommitted ones.
    pub segments: Vec<SegmentView>,
    stats: Vec<FieldStats>,
    pub(super) committed: Arc<Committed>,
}

impl Snapshot {
    pub(super) fn new(committed: Arc<Committed>, refresh: u64, segments: Vec<SegmentView>) -> Self {
        let schema = Arc::clone(&committed.manifest.schema);
        let mut stats = vec![FieldStats::default(); schema.fields().len()];
        for segment in &segments {
            for (sum, part) in stats.iter_mut().zip(&segment.entry.fields) {
                sum.docs += part.docs;
                sum.sum_dl += part.sum_dl;
            }
        }
        Self { generation: committed.manifest.number, refresh, schema, segments, stats, committed }
    }

    /// The same commit without its segments: what is left of a closed index.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self::new(Arc::clone(&self.committed), self.refresh, Vec::new())
    }

    /// Statistics of a field over all segments.
    #[must_use]
    pub fn field_stats(&self, field: FieldId) -> FieldStats {
        self.stats.get(field.index()).copied().unwrap_or_default()
    }

    /// Live documents.
    #[must_use]
    pub fn live_count(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.live_docs)).sum()
    }

    /// Documents, deleted ones included until a merge drops them.
    #[must_use]
    pub fn doc_count(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.entry.docs)).sum()
    }

    /// The live document of a key: its segment's place, and its place there.
    ///
    /// # Errors
    /// Corruption of a segment.
    pub fn find(&self, key: &str) -> Result<Option<(usize, DocId)>> {
        // Newest first: keys that are asked for were often written lately.
        for (i, segment) in self.segments.iter().enumerate().rev() {
            if let Some(doc) = segment.find(key)? {
                return Ok(Some((i, doc)));
            }
        }
        Ok(None)
    }

    /// The sequence number of a document.
    ///
    /// # Errors
    /// Corruption of a segment; a place that is none.
    pub fn sequence(&self, segment: usize, doc: DocId) -> Result<SeqNo> {
        self.segments.get(segment).ok_or(Error::Defect("a segment was asked for that the snapshot has not"))?.sequence(doc)
    }
}

/// Where snapshots are published: the one cell of an index handle.
pub trait SnapshotCell: Send + Sync {
    /// The newest snapshot.
    fn load(&self) -> Arc<Snapshot>;

    /// Replaces the snapshot by what `next` makes of the current one; `None` leaves it. `next` does pointer work only.
    ///
    /// # Errors
    /// Those of `next`; the snapshot then stays.
    fn publish(&self, next: &mut dyn FnMut(&Snapshot) -> Result<Option<Snapshot>>) -> Result<()>;
}
