//! Where the documents of a merged segment went.
//!
//! **In**: for each surviving document of a source its place in the target. **Out**: the new document of an old one, or that it was
//! dropped. **Law**: any permutation is allowed; two old documents never share a new one.

use crate::base::DocId;

const DROPPED: u32 = u32::MAX;

/// Old documents of one source to new documents of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocMap(Vec<u32>);

impl DocMap {
    /// All of `doc_count` documents dropped.
    #[must_use]
    pub fn dropped(doc_count: u32) -> Self {
        Self(vec![DROPPED; doc_count as usize])
    }

    /// Says where a document went.
    pub fn set(&mut self, old: DocId, new: DocId) {
        if let Some(slot) = self.0.get_mut(old.index()) {
            *slot = new.0;
        }
    }

    /// The new document; `None` when the old one was dropped or is not in the source.
    #[inline]
    #[must_use]
    pub fn get(&self, old: DocId) -> Option<DocId> {
        self.0.get(old.index()).copied().filter(|new| *new != DROPPED).map(DocId)
    }

    /// Number of documents of the source.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.len() as u32
    }

    /// Whether the source had no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether surviving documents keep their order, so that lists stay sorted when they are mapped.
    #[must_use]
    pub fn keeps_order(&self) -> bool {
        let survivors = self.0.iter().filter(|new| **new != DROPPED);
        survivors.is_sorted_by(|a, b| a < b)
    }
}
