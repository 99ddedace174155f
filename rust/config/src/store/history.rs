//! History: what was published, what is still kept, and the way back.
//!
//! **In**: version numbers. **Out**: records, versions, differences. **Law**: kept in memory are the newest versions, in the numbering as many as
//! objects; a rollback is a new version with old content, and holds the watch until `resume` so that the file that was wrong does not come
//! back by itself; guards are not asked on the way back.

use std::sync::Arc;
use std::time::Duration;

use super::provider::read_all;
use super::publish::Draft;
use super::report::{By, Refusal, Report};
use super::version::Version;
use super::{Inner, Store};
use crate::diff::{Diff, diff};
use crate::document::{Document, Path};
use crate::layers::{Layer, Merged, Said};
use crate::object::patches::PATCH;
use crate::object::{Cause, Head, decode_head};
use crate::patch::patch;
use crate::source::{LayerKind, Place, Source};

/// One version of the past.
#[derive(Clone, Debug)]
pub struct Record {
    /// Who, when, why, from what.
    pub head: Arc<Head>,
    /// Whether this process has it in memory.
    pub kept: bool,
}

/// Versions that are still in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retained {
    /// Versions in the ring, the current one among them.
    pub kept: usize,
    /// Versions that were replaced and that somebody still reads.
    pub pinned: usize,
    /// How long ago the oldest of those was replaced.
    pub oldest_pin_age: Option<Duration>,
}

impl Store {
    /// All versions that can be returned to, oldest first.
    pub fn history(&self) -> Vec<Record> {
        let ring = self.0.state.load().ring.clone();
        let numbers = self.0.numbering.numbers().unwrap_or_default();
        let in_ring = |number: u64| ring.iter().find(|kept| kept.number() == number);
        let mut records: Vec<Record> = ring.iter().map(|kept| Record { head: Arc::clone(&kept.head), kept: true }).collect();
        for number in numbers.into_iter().filter(|&number| in_ring(number).is_none()) {
            let head = self.0.numbering.read(number).ok().flatten().and_then(|bytes| decode_head(&bytes).ok());
            records.extend(head.filter(|head| head.number == number).map(|head| Record { head: Arc::new(head), kept: false }));
        }
        records.sort_by_key(|record| record.head.number);
        records
    }

    /// A version by number, if it is in memory.
    pub fn kept(&self, number: u64) -> Option<Arc<Version>> {
        self.0.state.load().ring.iter().find(|kept| kept.number() == number).cloned()
    }

    /// A version by number: from memory, else from the numbering.
    ///
    /// # Errors
    /// When it is not kept any more, or is damaged.
    pub fn version(&self, number: u64) -> Result<Arc<Version>, Refusal> {
        if let Some(kept) = self.kept(number) {
            return Ok(kept);
        }
        let unknown = || Refusal::UnknownVersion { number, known: self.history().iter().map(|record| record.head.number).collect() };
        let stored = self.0.read_version(number).ok().flatten().ok_or_else(unknown)?;
        let head = Arc::new(stored.head.clone());
        let draft = self.0.draft_of_stored(number, stored).map_err(|_| unknown())?;
        let derives = self.0.state.load().derives.clone();
        let derived = self.0.derive(&derives, draft.checked.document(), None).map_err(|_| unknown())?;
        let units = self.current().units.clone();
        Ok(Arc::new(Version {
            head,
            checked: draft.checked,
            merged: draft.merged,
            schema: self.0.schema.clone(),
            derived: Arc::new(derived),
            units,
            bytes: 0,
        }))
    }

    /// What differs between two versions.
    ///
    /// # Errors
    /// When one of them is not kept any more.
    pub fn diff(&self, from: u64, to: u64) -> Result<Diff, Refusal> {
        Ok(diff(self.version(from)?.document(), self.version(to)?.document()))
    }

    /// Publishes the content of an older version as a new one, and holds the watch until [`Store::resume`].
    ///
    /// # Errors
    /// When that version is not kept any more, or does not fit the shape of today.
    pub fn rollback(&self, to: u64, by: &By) -> Result<Report, Refusal> {
        self.0.notice_fork();
        let old = self.version(to)?;
        self.0.publish_or_refuse(Cause::Rollback, by, None, &mut |base| {
            let mut draft = Draft::of(&old);
            (draft.held, draft.always) = (true, true);
            (draft.left, draft.content_of) = (Some(base.number()), Some(to));
            Ok(draft)
        })
    }

    /// Whether a rollback holds the watch.
    pub fn is_held(&self) -> bool {
        self.current().head.held
    }

    /// Ends the hold of a rollback: what the sources say is published. When they are refused, the content stays, and the watch goes on. A store
    /// without sources publishes the same content without the hold, and the sources of other processes count again.
    pub fn resume(&self, by: &By) -> Report {
        self.0.notice_fork();
        let report = self.0.reload(Cause::Reload, by);
        if self.0.only_follows() && report.accepted && self.is_held() {
            // Who has sources reads them as soon as nothing holds them.
            let released = self.0.publish(Cause::Reload, by, &mut |base| Ok(Draft { held: false, ..Draft::of(base) }));
            return self.0.record(released, by);
        }
        if !report.accepted && self.is_held() {
            let released = self.0.publish(Cause::Reload, by, &mut |base| Ok(Draft { held: false, ..Draft::of(base) }));
            self.0.record(released, by);
        }
        report
    }

    /// Which versions are in memory, and since when somebody reads one that was replaced.
    pub fn retained(&self) -> Retained {
        let state = self.0.state.load();
        let in_ring = |number: u64| state.ring.iter().any(|kept| kept.number() == number);
        // The ring is one owner, the list of the reaper may be another.
        let pinned = |past: &&super::state::Past| past.version.strong_count() > if in_ring(past.number) { 2 } else { 1 };
        let held: Vec<_> = state.past.iter().filter(pinned).collect();
        Retained { kept: state.ring.len(), pinned: held.len(), oldest_pin_age: held.iter().map(|past| past.since.elapsed()).max() }
    }

    /// Who said the value at a path of the current version, and what it overrode: the places, highest first, with the values as documents.
    /// Empty when nobody says anything there.
    pub fn explain(&self, path: &Path) -> Vec<(Place, Document)> {
        let version = self.pin();
        let mut said: Vec<(Place, Document)> = Vec::new();
        if let Some(patched) = self.0.patches_as_layer(&version).document().get(path) {
            said.push((Place { source: PATCH.to_owned(), line: None, column: None, variable: None }, patched.to_document()));
        }
        if let Some(explanation) = version.merged.explain(path) {
            // A version that another process published says what its patches say once more.
            let patched = said.first().map(|(_, patched)| patched.clone());
            let again = |one: &&Said<'_>| one.layer.kind() == LayerKind::Version && patched.as_ref() == Some(&one.value.to_document());
            said.extend(explanation.said.iter().filter(|one| !again(one)).map(|one| (one.place.clone(), one.value.to_document())));
        }
        if said.is_empty()
            && let Some(node) = version.document().get(path)
        {
            let default = Place { source: "default".to_owned(), line: None, column: None, variable: None };
            said.push((node.origin().map_or(default, |origin| origin.place()), node.to_document()));
        }
        said
    }

    /// What the sources say now, merged, whatever is current.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn sources(&self) -> Result<Merged, crate::problem::Problems> {
        read_all(&self.0.providers).map(|layers| crate::layers::merge(&layers))
    }
}

impl Inner {
    /// The patches of a version, as far as they can stand without what is below them.
    fn patches_as_layer(&self, version: &Version) -> Layer {
        let mut document = Document::empty();
        for change in crate::object::patches::changes(&version.head.patches).unwrap_or_default() {
            if let Ok(next) = patch(&document, &[change]) {
                document = next;
            }
        }
        Layer::new(Arc::new(Source::new(PATCH, LayerKind::Patch, String::new())), document)
    }
}
