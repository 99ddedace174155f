//! Moving a writer's state to a newer commit: its own, or another writer's.
//!
//! **In**: the newer manifest with its open segments. **Out**: the same uncommitted work on top of it. **Law**: after a rebase the state
//! is what it would be had all its operations been called after the newer commit: live bits are ANDed, and what it deletes — the keys
//! of its documents, deleted keys, predicates — is deleted in segments that it had not seen. A conditional upsert whose condition no
//! longer holds is taken out, and reported. A rebase that fails leaves the state as it was.

use std::collections::HashSet;
use std::sync::Arc;

use super::manifest::Committed;
use super::snapshot::SegmentView;
use super::state::{Added, CHECK_EVERY, Part, State};
use crate::base::{DocId, Error, Interrupt, Result};

impl State {
    /// Takes over this writer's own commit: everything up to `epoch` is in it.
    pub fn absorb(&mut self, committed: Arc<Committed>, epoch: u32) {
        let mut parts = Vec::with_capacity(committed.manifest.segments.len());
        for entry in &committed.manifest.segments {
            let known = self.all().find(|part| part.view.id() == entry.id).cloned();
            let Some(mut part) = known else { continue };
            part.durable = match (&entry.live, part.written.take()) {
                (None, _) => None,
                (Some(live), Some((bits, written))) if written == *live => Some(bits),
                (Some(_), _) => part.durable,
            };
            part.view.base = entry.base;
            part.view.entry = Arc::new(entry.clone());
            parts.push(part);
        }
        let ids: HashSet<&str> = committed.manifest.segments.iter().map(|entry| entry.id.as_str()).collect();
        self.added.retain(|added| !ids.contains(added.part.view.id()));
        self.parts = parts;
        self.committed = committed;
        self.forget(epoch);
        self.attempts.clear();
        self.unconfirmed = false;
        self.refresh = 0;
        self.dirty = true;
    }

    /// Nothing up to `epoch` needs to be repeated any more.
    fn forget(&mut self, epoch: u32) {
        self.pending.deleted.retain(|_, since| *since > epoch);
        self.pending.predicates.retain(|(_, since)| *since > epoch);
        self.pending.expected.retain(|_, (_, since)| *since > epoch);
    }

    /// Moves onto another writer's commit, whose segments are open in `views`. Keys whose conditional upserts
    /// failed are added to [`State::failed`].
    ///
    /// # Errors
    /// [`Error::Conflict`] when the schemas disagree; corruption; an interrupt.
    pub fn rebase(&mut self, committed: Arc<Committed>, views: Vec<SegmentView>, interrupt: &Interrupt) -> Result<()> {
        let (old, new) = (&self.committed.manifest, &committed.manifest);
        if !new.schema.extends(&old.schema) {
            return Err(Error::Conflict("another writer committed a schema that disagrees with this one; open the index again".into()));
        }
        if new.next_sequence < old.next_sequence {
            return Err(Error::Conflict("the index was replaced by an older one; open it again".into()));
        }
        let mut next = self.clone();
        // An attempt whose answer got lost may have succeeded and be followed by others' commits: what they name is committed.
        let ids: HashSet<&str> = views.iter().map(SegmentView::id).collect();
        let (mine, added): (Vec<Added>, Vec<Added>) = next.added.into_iter().partition(|added| ids.contains(added.part.view.id()));
        next.added = added;
        let by_id = mine.iter().map(|added| added.epoch).max();
        let attempt = next.attempts.iter().rev().find(|attempt| attempt.commit == new.commit || Some(attempt.epoch) == by_id);
        let epoch = attempt.map(|attempt| attempt.epoch).or(by_id);
        let known: Vec<&Part> = self.parts.iter().chain(mine.iter().map(|added| &added.part)).collect();
        let mut unseen = Vec::new();
        next.parts = Vec::with_capacity(views.len());
        for view in views {
            let mut part = Part::committed(view);
            match known.iter().find(|known| known.view.id() == part.view.id()) {
                Some(known) => part.keep_deleted(known),
                None => unseen.push(next.parts.len()),
            }
            next.parts.push(part);
        }
        next.committed = committed;
        if let Some(epoch) = epoch {
            next.forget(epoch);
            next.unconfirmed = true;
        }
        let failed = next.take_out_unmet()?;
        next.failed.extend(failed);
        for place in unseen {
            next.delete_unseen(place, interrupt)?;
        }
        next.move_up();
        next.attempts.retain(|attempt| attempt.number > next.committed.manifest.number);
        next.refresh = 0;
        next.dirty = true;
        *self = next;
        Ok(())
    }

    /// Moves provisional sequence numbers up behind those of the commit.
    fn move_up(&mut self) {
        let committed = self.committed.manifest.next_sequence;
        let Some(first) = self.added.iter().map(|added| added.first).min() else {
            self.next_sequence = committed;
            return;
        };
        let by = committed.saturating_sub(first);
        for added in &mut self.added {
            let view = &mut added.part.view;
            let mut entry = (*view.entry).clone();
            entry.base += by;
            view.base = entry.base;
            view.entry = Arc::new(entry);
            added.first += by;
        }
        self.next_sequence += by;
    }

    /// Takes out conditional upserts whose key has another version in the commit.
    fn take_out_unmet(&mut self) -> Result<Vec<String>> {
        let mut failed = Vec::new();
        for (key, (version, _)) in &self.pending.expected {
            if self.committed_version(key)? != *version {
                failed.push(key.clone());
            }
        }
        failed.sort_unstable();
        for key in &failed {
            self.pending.expected.remove(key);
            self.pending.deleted.remove(key);
            for added in &mut self.added {
                let mut docs = Vec::new();
                added.part.view.reader.find_key(key, &mut |doc| docs.push(doc))?;
                if !docs.is_empty() {
                    added.abandoned.insert(key.clone());
                    docs.into_iter().for_each(|doc| _ = added.part.kill(doc));
                }
            }
        }
        Ok(failed)
    }

    /// Repeats this state's deletions on a segment that it had not seen.
    fn delete_unseen(&mut self, place: usize, interrupt: &Interrupt) -> Result<()> {
        let Some(part) = self.parts.get(place) else { return Ok(()) };
        let view = part.view.clone();
        let mut kills: Vec<DocId> = Vec::new();
        let added_docs: u64 = self.added.iter().map(|added| u64::from(added.part.view.entry.docs)).sum();
        let mut key = String::new();
        if added_docs <= u64::from(view.live_docs) {
            for added in &self.added {
                for doc in 0..added.part.view.entry.docs {
                    if doc % CHECK_EVERY == 0 {
                        interrupt.check()?;
                    }
                    added.part.view.reader.key(DocId(doc), &mut key)?;
                    if !added.abandoned.contains(&key) {
                        kills.extend(view.find(&key)?);
                    }
                }
            }
        } else {
            for doc in (0..view.entry.docs).map(DocId).filter(|doc| view.is_live(*doc)) {
                if doc.0 % CHECK_EVERY == 0 {
                    interrupt.check()?;
                }
                view.reader.key(doc, &mut key)?;
                for added in self.added.iter().filter(|added| !added.abandoned.contains(&key)) {
                    let mut any = false;
                    added.part.view.reader.find_key(&key, &mut |_| any = true)?;
                    if any {
                        kills.push(doc);
                        break;
                    }
                }
            }
        }
        for key in self.pending.deleted.keys() {
            kills.extend(view.find(key)?);
        }
        for (predicate, _) in &self.pending.predicates {
            interrupt.check()?;
            kills.extend(predicate.matching(&self.committed.manifest.schema, &view.reader)?.iter().map(DocId));
        }
        if let Some(part) = self.parts.get_mut(place) {
            kills.into_iter().for_each(|doc| _ = part.kill(doc));
        }
        Ok(())
    }
}

impl Part {
    /// What the older view of the same segment deleted stays deleted.
    fn keep_deleted(&mut self, older: &Self) {
        let Some(bits) = older.view.live.as_ref().filter(|_| older.is_changed()) else { return };
        let before = self.view.live_docs;
        let committed = self.view.live.clone();
        self.intersect(bits);
        if self.view.live_docs == before {
            self.view.live = committed; // nothing that the commit does not have deleted too
        }
        // What the commit names (it was this writer's own) is no leftover of an attempt.
        self.written = older.written.clone().filter(|(_, written)| self.view.entry.live.as_ref() != Some(written));
    }
}
