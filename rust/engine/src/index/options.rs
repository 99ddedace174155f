//! How a writer and its calls work, and what a call did.

use std::sync::Arc;

use super::build::OnError;
use super::gc;
use super::merge::MergeOrder;
use super::merge_policy::MergePolicy;
use super::steps::Steps;
use crate::base::error::Reject;

/// How a writer works.
#[derive(Clone)]
pub struct WriterOptions {
    /// Bytes that building may use.
    pub memory: usize,
    /// Threads that build.
    pub threads: usize,
    /// Whether merges run by themselves after commits.
    pub background_merges: bool,
    /// What is merged.
    pub merge_policy: MergePolicy,
    /// In which order merged documents stand; `None` = by age.
    pub merge_order: Option<Arc<dyn MergeOrder>>,
    /// What is deleted.
    pub gc: gc::Rule,
    /// A hook for tests of crashes.
    pub steps: Option<Arc<dyn Steps>>,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            background_merges: true,
            merge_policy: MergePolicy::default(),
            merge_order: None,
            gc: gc::Rule::default(),
            steps: None,
        }
    }
}

/// How an upsert works.
#[derive(Clone, Copy, Debug)]
pub struct UpsertOptions {
    /// Whether to return only when the documents are searchable through this handle.
    pub refresh: bool,
    /// What to do with refused documents.
    pub on_error: OnError,
    /// The version that the key of the one document must have; 0 = it must be absent.
    pub if_version: Option<u64>,
}

impl Default for UpsertOptions {
    fn default() -> Self {
        Self { refresh: true, on_error: OnError::Raise, if_version: None }
    }
}

/// What an upsert did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upserted {
    /// Accepted documents.
    pub count: u64,
    /// Refused documents, the first [`MAX_REJECTS`](super::MAX_REJECTS) of them, in the order of the source.
    pub rejected: Vec<Reject>,
    /// All refused documents.
    pub rejected_count: u64,
}
