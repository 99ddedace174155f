//! The index: which segments there are, who may change that, and how.
//!
//! **In**: documents, keys, predicates. **Out**: snapshots. **Law**: a segment never changes once it is written; an index changes by a
//! new manifest, which exists or does not. What is being built cannot be searched; what can be searched cannot change.

mod build;
mod check;
mod commit;
mod copy;
mod duplicates;
mod fold;
mod gate;
pub mod gc;
mod live;
pub mod manifest;
mod merge;
pub mod merge_policy;
pub mod names;
mod opening;
mod options;
mod outbox;
mod rebase;
mod scheduler;
mod snapshot;
mod spill;
mod state;
mod stats;
pub mod steps;
mod transaction;
mod writer;

pub use build::{MAX_REJECTS, OnError};
pub use check::{CheckReport, Damage, check};
pub use commit::Commit;
pub use copy::{CopyReport, copy};
pub use gc::GcReport;
pub use merge::MergeOrder;
pub use opening::{create, open, open_generation};
pub use options::{UpsertOptions, Upserted, WriterOptions};
pub use snapshot::{SegmentView, Snapshot, SnapshotCell};
pub use stats::{IndexStats, SegmentStats};
pub use transaction::Transaction;
pub use writer::Writer;

#[cfg(test)]
mod tests;

use crate::base::Result;
use crate::base::bits::BitSet;
use crate::schema::Schema;
use crate::segment::SegmentReader;

/// A condition on documents, as deletion needs it.
pub trait DocPredicate: Send + Sync {
    /// The documents of a segment that match, dead ones too.
    ///
    /// # Errors
    /// Corruption of the segment.
    fn matching(&self, schema: &Schema, segment: &SegmentReader) -> Result<BitSet>;
}
