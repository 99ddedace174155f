//! The answer to a search: one object, lazy per hit.
//!
//! **In**: the first hits of a view. **Out**: keys, scores and stored documents on demand. **Law**: hits keep their view, so a document
//! is read as it was when it was found, whatever has happened since. Finding costs no document; reading one costs one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::explain::Explanation;
use super::project::project;
use super::view::View;
use crate::base::{Error, Interrupt, Result, SeqNo};
use crate::collect::{Executor, Gathered, Hit, Relation};
use crate::exec::pruned::Work;
use crate::schema::{KeyKind, Schema};

/// Hits between two looks at the interrupt.
const HITS_PER_CHECK: usize = 64;

/// Looks at the interrupt now and then.
fn pause(i: usize, interrupt: &Interrupt) -> Result<()> {
    if i.is_multiple_of(HITS_PER_CHECK) { Ok(interrupt.check()?) } else { Ok(()) }
}

/// The hits of one search: handed from caller to caller as one pointer.
pub struct Hits(Box<Found>);

struct Found {
    view: Arc<View>,
    hits: Vec<Hit>,
    /// Of the usual ten in place: `Found` stays where it is, so the buffer that shows them does too.
    scores: SmallVec<[f64; 10]>,
    total: Option<u64>,
    relation: Relation,
    partial: bool,
    executor: Executor,
    work: Work,
    warnings: Vec<String>,
    took: Duration,
    fields: Option<Vec<String>>,
    explained: Vec<Explanation>,
}

impl std::fmt::Debug for Hits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hits")
            .field("len", &self.0.hits.len())
            .field("total", &self.0.total)
            .field("partial", &self.0.partial)
            .finish_non_exhaustive()
    }
}

impl Hits {
    pub(super) fn new(
        view: &Arc<View>,
        gathered: Gathered,
        offset: usize,
        scale: f64,
        warnings: Vec<String>,
        fields: Option<Vec<String>>,
        started: Instant,
    ) -> Self {
        let Gathered { mut hits, total, relation, partial, executor, work } = gathered;
        hits.drain(..offset.min(hits.len()));
        let scores = hits.iter().map(|hit| hit.score as f64 / scale).collect();
        let (view, took) = (Arc::clone(view), started.elapsed());
        Self(Box::new(Found {
            view,
            hits,
            scores,
            total,
            relation,
            partial,
            executor,
            work,
            warnings,
            took,
            fields,
            explained: Vec::new(),
        }))
    }

    pub(super) fn explain(&mut self, explained: Vec<Explanation>) {
        self.0.explained = explained;
    }

    /// Where the score of hit `i` comes from; `None` when that was not asked for.
    #[must_use]
    pub fn explanation(&self, i: usize) -> Option<&Explanation> {
        self.0.explained.get(i)
    }

    /// What found the hits.
    #[must_use]
    pub fn executor(&self) -> Executor {
        self.0.executor
    }

    /// What it did.
    #[must_use]
    pub fn work(&self) -> &Work {
        &self.0.work
    }

    /// How many hits were returned.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.hits.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.hits.is_empty()
    }

    fn hit(&self, i: usize) -> Result<&Hit> {
        self.0.hits.get(i).ok_or_else(|| Error::Argument {
            argument: "index",
            expected: format!("less than {}, the number of hits", self.0.hits.len()),
            got: i.to_string(),
        })
    }

    /// Where hit `i` stands, and its integer score.
    ///
    /// # Errors
    /// [`Error::Argument`] beyond the last hit.
    pub fn place(&self, i: usize) -> Result<Hit> {
        self.hit(i).copied()
    }

    /// The key of hit `i`, as text.
    ///
    /// # Errors
    /// [`Error::Argument`] beyond the last hit; corruption.
    pub fn key(&self, i: usize) -> Result<String> {
        let mut key = String::new();
        self.0.view.key_of(self.hit(i)?, &mut key)?;
        Ok(key)
    }

    /// The key of hit `i`, into `key`.
    ///
    /// # Errors
    /// As [`Hits::key`].
    pub fn read_key(&self, i: usize, key: &mut String) -> Result<()> {
        key.clear();
        self.0.view.key_of(self.hit(i)?, key)
    }

    /// All keys, as text.
    ///
    /// # Errors
    /// Corruption; an interrupt.
    pub fn keys(&self, interrupt: &Interrupt) -> Result<Vec<String>> {
        let key = |i| {
            pause(i, interrupt)?;
            self.key(i)
        };
        (0..self.len()).map(key).collect()
    }

    /// The stored document of hit `i`, or those of its members that were asked for.
    ///
    /// # Errors
    /// [`Error::Argument`] beyond the last hit; corruption.
    pub fn json(&self, i: usize) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.append_json(self.hit(i)?, &mut out)?;
        Ok(out)
    }

    fn append_json(&self, hit: &Hit, out: &mut Vec<u8>) -> Result<()> {
        let mut stored = Vec::new();
        self.0.view.document_of(hit, &mut stored)?;
        match &self.0.fields {
            None => out.append(&mut stored),
            Some(names) => project(&stored, names, out)?,
        }
        Ok(())
    }

    /// All hits as one JSON list of `{"key": …, "score": …, "document": {…}}`.
    ///
    /// # Errors
    /// Corruption; an interrupt.
    pub fn to_json(&self, interrupt: &Interrupt) -> Result<Vec<u8>> {
        let json = |_| Error::Defect("a key or score has no JSON form");
        let integer_keys = self.0.view.schema().key_kind() == KeyKind::Integer;
        let (mut out, mut key) = (vec![b'['], String::new());
        for (i, (hit, score)) in self.0.hits.iter().zip(&self.0.scores).enumerate() {
            pause(i, interrupt)?;
            out.extend_from_slice(if i == 0 { b"{\"key\":" } else { b",{\"key\":" });
            key.clear();
            self.0.view.key_of(hit, &mut key)?;
            if integer_keys {
                out.extend_from_slice(key.as_bytes());
            } else {
                serde_json::to_writer(&mut out, &key).map_err(json)?;
            }
            out.extend_from_slice(b",\"score\":");
            serde_json::to_writer(&mut out, score).map_err(json)?;
            out.extend_from_slice(b",\"document\":");
            self.append_json(hit, &mut out)?;
            out.push(b'}');
        }
        out.push(b']');
        Ok(out)
    }

    /// The score of hit `i`.
    ///
    /// # Errors
    /// [`Error::Argument`] beyond the last hit.
    pub fn score(&self, i: usize) -> Result<f64> {
        self.hit(i)?;
        Ok(self.0.scores.get(i).copied().unwrap_or_default())
    }

    /// All scores.
    #[must_use]
    pub fn scores(&self) -> &[f64] {
        &self.0.scores
    }

    /// The sequence number of hit `i`: its version.
    ///
    /// # Errors
    /// [`Error::Argument`] beyond the last hit.
    pub fn seq(&self, i: usize) -> Result<SeqNo> {
        Ok(self.hit(i)?.seq)
    }

    /// How many documents match; `None` when nothing was counted.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.0.total
    }

    /// Whether the total is exact or a lower bound.
    #[must_use]
    pub fn relation(&self) -> Relation {
        self.0.relation
    }

    /// Whether the time was over before the work.
    #[must_use]
    pub fn partial(&self) -> bool {
        self.0.partial
    }

    /// What was taken otherwise than it was written, or cut.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Seconds that the search took.
    #[must_use]
    pub fn took(&self) -> f64 {
        self.0.took.as_secs_f64()
    }

    /// The view that was searched.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.0.view
    }

    /// The schema of the view.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        self.0.view.schema()
    }

    /// The stored members that were asked for; `None` = all.
    #[must_use]
    pub fn fields(&self) -> Option<&[String]> {
        self.0.fields.as_deref()
    }

    /// Number of the manifest on which the view stands.
    #[must_use]
    pub fn index_generation(&self) -> u64 {
        self.0.view.generation()
    }

    /// Refreshes of the handle since that manifest.
    #[must_use]
    pub fn index_refresh(&self) -> u64 {
        self.0.view.refresh()
    }

    /// Version of the configuration.
    #[must_use]
    pub fn config_version(&self) -> u64 {
        self.0.view.config_version()
    }
}
