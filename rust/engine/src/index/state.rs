//! What a writer knows: the commit on which it stands, and what was done since.
//!
//! **In**: finished segments, keys, predicates. **Out**: the next snapshot, the next manifest's entries. **Law**: every operation first
//! finds what it would delete (which may fail) and then does it (which cannot), so a failed operation leaves no trace; the order in
//! which operations are applied is the serial order; at most one live document has a key at any time.
//!
//! An added segment's sequence numbers are provisional: they are counted on from the commit's, and move up when another writer's
//! commit comes in between ([`State::rebase`](super::rebase)). What must be repeated on segments that this writer has not seen yet — the
//! keys of added documents, deleted keys, predicates — is kept until its commit.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::DocPredicate;
use super::manifest::{Committed, LiveEntry};
use super::names;
use super::snapshot::{SegmentView, Snapshot};
use crate::base::bits::BitSet;
use crate::base::{DocId, Error, Interrupt, Result};
use crate::storage::Bytes;

/// Documents between two looks at the interrupt.
pub(super) const CHECK_EVERY: u32 = 1024;

/// A segment with the live bits that this writer sees.
#[derive(Clone)]
pub(super) struct Part {
    /// With uncommitted deletions.
    pub view: SegmentView,
    /// The live bits of the last commit.
    pub durable: Option<Arc<BitSet>>,
    /// A live object that was written for a commit which did not come about.
    pub written: Option<(Arc<BitSet>, LiveEntry)>,
}

impl Part {
    /// A segment as committed.
    pub fn committed(view: SegmentView) -> Self {
        Self { durable: view.live.clone(), view, written: None }
    }

    /// Whether documents were deleted since the last commit.
    pub fn is_changed(&self) -> bool {
        match (&self.view.live, &self.durable) {
            (Some(live), Some(durable)) => !Arc::ptr_eq(live, durable),
            (live, durable) => live.is_some() != durable.is_some(),
        }
    }

    /// The live object that was written for a commit which did not come about.
    pub fn written_object(&self) -> Option<String> {
        self.written.as_ref().map(|(_, live)| names::live(self.view.id(), &live.id))
    }

    /// The segment as the last commit has it.
    pub fn as_committed(&self) -> SegmentView {
        let live_docs = self.durable.as_ref().map_or(self.view.entry.docs, |live| live.count());
        SegmentView { live: self.durable.clone(), live_docs, ..self.view.clone() }
    }

    /// Deletes a document; `true` = it lived.
    pub fn kill(&mut self, doc: DocId) -> bool {
        if !self.view.is_live(doc) || doc.0 >= self.view.entry.docs {
            return false;
        }
        let live = self.view.live.get_or_insert_with(|| Arc::new(BitSet::full(self.view.entry.docs)));
        Arc::make_mut(live).remove(doc.0);
        self.view.live_docs -= 1;
        true
    }

    /// Keeps only what also lives in `bits`.
    pub fn intersect(&mut self, bits: &BitSet) {
        match &mut self.view.live {
            Some(live) => Arc::make_mut(live).intersect(bits),
            None => self.view.live = Some(Arc::new(bits.clone())),
        }
        self.view.live_docs = self.view.live.as_ref().map_or(0, |live| live.count());
    }
}

/// Where an added segment's bytes are.
#[derive(Clone)]
pub(super) enum Home {
    /// In this process only.
    Memory(Bytes),
    /// In an object, durable, that no manifest names yet.
    Object,
}

/// A segment of this writer that is not committed.
#[derive(Clone)]
pub(super) struct Added {
    pub part: Part,
    pub home: Home,
    /// The attempt at a commit to which it belongs.
    pub epoch: u32,
    /// Provisional sequence numbers of its documents begin here.
    pub first: u64,
    /// Keys of dead documents that are to be taken as if they had never been written.
    pub abandoned: HashSet<String>,
}

impl Added {
    /// A new segment of the state's current epoch.
    pub fn new(view: SegmentView, home: Home, epoch: u32, first: u64) -> Self {
        Self { part: Part { view, durable: None, written: None }, home, epoch, first, abandoned: HashSet::new() }
    }
}

/// A finished segment on its way in. `live` says what a later document of the same call replaced.
pub(super) struct Built {
    pub view: SegmentView,
    pub home: Home,
}

/// The documents of one upsert call, in finished segments.
pub(super) struct Batch {
    pub segments: Vec<Built>,
    /// How many sequence numbers the call uses.
    pub sequences: u64,
    /// What the one document's key must have as version.
    pub if_version: Option<u64>,
}

/// What must be repeated on segments that another writer commits first.
#[derive(Clone, Default)]
pub(super) struct Pending {
    /// Deleted keys.
    pub deleted: HashMap<String, u32>,
    /// Predicates whose matches were deleted.
    pub predicates: Vec<(Arc<dyn DocPredicate>, u32)>,
    /// Versions that keys must have in the commit before (0 = absent).
    pub expected: HashMap<String, (u64, u32)>,
}

/// An attempt at a commit whose outcome is not known: its answer was an error.
#[derive(Clone)]
pub(super) struct Attempt {
    pub commit: String,
    /// The number of the manifest that it tried to create.
    pub number: u64,
    pub epoch: u32,
}

/// Documents to delete: a part's place (committed ones first, then added ones) and the document.
pub(super) type Kills = Vec<(usize, DocId)>;

/// All that the writer lock protects.
#[derive(Clone)]
pub(super) struct State {
    pub committed: Arc<Committed>,
    pub parts: Vec<Part>,
    pub added: Vec<Added>,
    pub pending: Pending,
    /// The next provisional sequence number.
    pub next_sequence: u64,
    /// Counts attempts with unknown outcome; what is done belongs to the current one.
    pub epoch: u32,
    pub attempts: Vec<Attempt>,
    /// The newest manifest is this writer's, but it may not be durable: its answer was an error.
    pub unconfirmed: bool,
    /// Keys whose conditional upserts were taken out by a rebase and not reported yet.
    pub failed: Vec<String>,
    pub refresh: u64,
    /// Something changed since the last publication.
    pub dirty: bool,
}

impl State {
    /// Stands on a committed snapshot.
    pub fn new(snapshot: &Snapshot) -> Self {
        Self {
            committed: Arc::clone(&snapshot.committed),
            parts: snapshot.segments.iter().cloned().map(Part::committed).collect(),
            added: Vec::new(),
            pending: Pending::default(),
            next_sequence: snapshot.committed.manifest.next_sequence,
            epoch: 0,
            attempts: Vec::new(),
            unconfirmed: false,
            failed: Vec::new(),
            refresh: 0,
            dirty: false,
        }
    }

    /// Whether the index, as this writer sees it, differs from the commit.
    pub fn has_changes(&self) -> bool {
        !self.added.is_empty() || self.parts.iter().any(Part::is_changed)
    }

    /// What was done changed nothing, and the commit on which it stands is the newest: there is nothing to repeat.
    pub fn settle(&mut self) {
        self.pending = Pending::default();
    }

    /// Goes on from a state that failed and is dropped: its attempts may have come to be.
    pub fn take_attempts(&mut self, failed: &Self) {
        let known = |attempts: &[Attempt], other: &Attempt| attempts.iter().any(|attempt| attempt.commit == other.commit);
        let new: Vec<Attempt> = failed.attempts.iter().filter(|attempt| !known(&self.attempts, attempt)).cloned().collect();
        self.attempts.extend(new);
        self.epoch = failed.epoch;
    }

    /// Whether `self` came from `before` by an attempt whose outcome is not known.
    pub fn is_uncertain_since(&self, before: &Self) -> bool {
        self.epoch > before.epoch
    }

    /// All parts, in the order of [`Kills`].
    pub fn all(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().chain(self.added.iter().map(|added| &added.part))
    }

    /// Forgets live objects that were written and are gone.
    pub fn forget_written(&mut self, is_gone: impl Fn(&str) -> bool) {
        for part in self.parts.iter_mut().chain(self.added.iter_mut().map(|added| &mut added.part)) {
            if part.written_object().is_some_and(|object| is_gone(&object)) {
                part.written = None;
            }
        }
    }

    fn part_mut(&mut self, place: usize) -> Option<&mut Part> {
        let committed = self.parts.len();
        match place.checked_sub(committed) {
            None => self.parts.get_mut(place),
            Some(place) => self.added.get_mut(place).map(|added| &mut added.part),
        }
    }

    /// The next snapshot.
    pub fn snapshot(&mut self) -> Snapshot {
        self.refresh = if self.has_changes() { self.refresh + 1 } else { 0 };
        self.dirty = false;
        Snapshot::new(Arc::clone(&self.committed), self.refresh, self.all().map(|part| part.view.clone()).collect())
    }

    /// The live document of a key.
    pub fn find(&self, key: &str) -> Result<Option<(usize, DocId)>> {
        for (place, part) in self.all().enumerate() {
            if let Some(doc) = part.view.find(key)? {
                return Ok(Some((place, doc)));
            }
        }
        Ok(None)
    }

    /// The version of a key's live document; 0 = there is none.
    fn version(&self, key: &str) -> Result<u64> {
        match self.find(key)? {
            Some((place, doc)) => match self.all().nth(place) {
                Some(part) => Ok(part.view.sequence(doc)?.0),
                None => Ok(0),
            },
            None => Ok(0),
        }
    }

    /// The version of a key in the last commit; 0 = absent.
    pub fn committed_version(&self, key: &str) -> Result<u64> {
        for part in &self.parts {
            let view = part.as_committed();
            if let Some(doc) = view.find(key)? {
                return Ok(view.sequence(doc)?.0);
            }
        }
        Ok(0)
    }

    /// Whether an added segment has the key, dead or alive.
    fn was_added(&self, key: &str) -> Result<bool> {
        let mut any = false;
        for added in &self.added {
            added.part.view.reader.find_key(key, &mut |_| any = true)?;
        }
        Ok(any)
    }

    /// Adds an upsert call's documents: each replaces the live document of its key.
    ///
    /// # Errors
    /// [`Error::Conflict`] when `if_version` does not hold; corruption; an interrupt. Nothing has changed then, and the batch is whole.
    pub fn upsert(&mut self, batch: &mut Batch, interrupt: &Interrupt) -> Result<()> {
        let mut expected = None;
        if let Some(wanted) = batch.if_version {
            let mut key = String::new();
            let first = batch.segments.first().ok_or(Error::Defect("a conditional upsert without a document"))?;
            first.view.reader.key(DocId(0), &mut key)?;
            let version = self.version(&key)?;
            if version != wanted {
                return Err(Error::Conflict(format!("key {key:?} has version {version}, if_version says {wanted}")));
            }
            // What this writer itself changed is not compared with other writers' commits.
            if version == self.committed_version(&key)? && !self.pending.deleted.contains_key(&key) && !self.was_added(&key)? {
                expected = Some((key, version));
            }
        }
        let mut kills = Kills::new();
        let mut settled = Vec::new();
        for built in &batch.segments {
            self.replaced(&built.view, &mut kills, &mut settled, interrupt)?;
        }
        self.kill(&kills);
        if batch.if_version.is_none() {
            settled.iter().for_each(|key| _ = self.pending.expected.remove(key));
        }
        if let Some((key, version)) = expected {
            self.pending.expected.insert(key, (version, self.epoch));
        }
        for Built { mut view, home } in batch.segments.drain(..) {
            let mut entry = (*view.entry).clone();
            entry.base = self.next_sequence;
            view.base = self.next_sequence;
            view.entry = Arc::new(entry);
            self.added.push(Added::new(view, home, self.epoch, self.next_sequence));
        }
        self.next_sequence += batch.sequences;
        self.dirty = true;
        Ok(())
    }

    /// The live documents whose keys the live documents of `new` have; and those of its keys of which a version was expected.
    fn replaced(&self, new: &SegmentView, kills: &mut Kills, settled: &mut Vec<String>, interrupt: &Interrupt) -> Result<()> {
        let (first, last) = &new.entry.keys;
        let overlapping: Vec<(usize, &SegmentView)> = self
            .all()
            .map(|part| &part.view)
            .enumerate()
            .filter(|(_, old)| old.live_docs > 0 && old.entry.keys.0 <= *last && old.entry.keys.1 >= *first)
            .collect();
        if overlapping.is_empty() {
            return Ok(());
        }
        let mut key = String::new();
        for doc in (0..new.entry.docs).map(DocId).filter(|doc| new.is_live(*doc)) {
            if doc.0 % CHECK_EVERY == 0 {
                interrupt.check()?;
            }
            new.reader.key(doc, &mut key)?;
            if self.pending.expected.contains_key(&key) {
                settled.push(key.clone());
            }
            for (place, old) in &overlapping {
                if let Some(found) = old.find(&key)? {
                    kills.push((*place, found));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Deletes keys; returns how many lived.
    ///
    /// # Errors
    /// Corruption; an interrupt. Nothing has changed then.
    pub fn delete(&mut self, keys: &[String], interrupt: &Interrupt) -> Result<u64> {
        let mut kills = Kills::new();
        for (i, key) in keys.iter().enumerate() {
            if i % CHECK_EVERY as usize == 0 {
                interrupt.check()?;
            }
            kills.extend(self.find(key)?);
        }
        let killed = self.kill(&kills);
        for key in keys {
            self.pending.expected.remove(key);
            self.pending.deleted.insert(key.clone(), self.epoch);
        }
        Ok(killed)
    }

    /// Deletes what matches; returns how many.
    ///
    /// # Errors
    /// Those of the predicate; an interrupt. Nothing has changed then.
    pub fn delete_where(&mut self, predicate: Arc<dyn DocPredicate>, interrupt: &Interrupt) -> Result<u64> {
        let mut kills = Kills::new();
        let mut own = Vec::new();
        for (place, part) in self.all().enumerate() {
            interrupt.check()?;
            let matching = predicate.matching(&self.committed.manifest.schema, &part.view.reader)?;
            for doc in matching.iter().map(DocId).filter(|doc| part.view.is_live(*doc)) {
                kills.push((place, doc));
                if place >= self.parts.len() {
                    // Folding drops dead documents, and with them the knowledge that older ones of their keys must go.
                    let mut key = String::new();
                    part.view.reader.key(doc, &mut key)?;
                    own.push(key);
                }
            }
        }
        let killed = self.kill(&kills);
        self.pending.deleted.extend(own.into_iter().map(|key| (key, self.epoch)));
        self.pending.predicates.push((predicate, self.epoch));
        Ok(killed)
    }

    /// Deletes documents that were found before; returns how many lived.
    fn kill(&mut self, kills: &Kills) -> u64 {
        let mut killed = 0;
        for (place, doc) in kills {
            killed += u64::from(self.part_mut(*place).is_some_and(|part| part.kill(*doc)));
        }
        self.dirty |= killed > 0;
        killed
    }

    /// Bytes of added segments that are in memory only.
    pub fn memory(&self) -> u64 {
        self.added.iter().map(|added| if let Home::Memory(bytes) = &added.home { bytes.len() as u64 } else { 0 }).sum()
    }
}
