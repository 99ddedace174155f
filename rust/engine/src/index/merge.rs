//! A merge: committed segments become one, as a commit of its own.
//!
//! **In**: the choice of a policy. **Out**: a manifest that names one segment instead of several. **Law**: a merge reads what was committed
//! when it began; documents that were deleted since, by anybody, committed or not, are mapped into the merged segment; when one of its
//! inputs is gone meanwhile, the merge is abandoned. Only one process merges on a storage at a time, and only one thread of it.
//! Uncommitted work of the writer is neither committed nor disturbed. Documents stand in sequence order also after a
//! merge, unless a [`MergeOrder`] decides otherwise.

use std::sync::Arc;

use super::build::Opened;
use super::commit::{commit_edit, successor};
use super::manifest::{self, LiveEntry, Manifest, SegmentEntry};
use super::merge_policy::Candidate;
use super::names;
use super::outbox::Outbox;
use super::snapshot::SegmentView;
use super::state::{Part, State};
use super::steps::Step;
use crate::base::bits::BitSet;
use crate::base::{DocId, Interrupt, Result};
use crate::codec::SegmentFileWriter;
use crate::schema::Schema;
use crate::segment::{DocMap, MergeSource, merge_permuted, merge_segments};

/// Decides in which order the documents of a merged segment stand.
pub trait MergeOrder: Send + Sync {
    /// Source and document of every live document of `sources`, in the wanted order; `None` = by age.
    ///
    /// # Errors
    /// Corruption of a source; then the merge is not done.
    fn permutation(&self, sources: &[MergeSource<'_>]) -> Result<Option<Vec<(usize, DocId)>>>;
}

/// The committed segments as a policy sees them.
pub(super) fn candidates(state: &State) -> Vec<Candidate> {
    state
        .parts
        .iter()
        .map(|part| Candidate { size: part.view.entry.size, docs: part.view.entry.docs, live_docs: part.view.entry.live_docs() })
        .collect()
}

/// The committed segments at these places.
pub(super) fn inputs(state: &State, places: &[usize]) -> Vec<SegmentView> {
    places.iter().filter_map(|&place| state.parts.get(place)).map(Part::as_committed).collect()
}

/// A merged segment that no manifest names yet. `None` for the segment = no document was left.
pub(super) struct Merged {
    inputs: Vec<SegmentView>,
    maps: Vec<DocMap>,
    view: Option<SegmentView>,
    /// Live bits that were written for it, and what they say.
    live: Option<(BitSet, LiveEntry)>,
}

/// Merges `inputs` into a new object.
pub(super) fn run(
    outbox: &Arc<Outbox>,
    inputs: Vec<SegmentView>,
    schema: &Arc<Schema>,
    order: Option<&dyn MergeOrder>,
    interrupt: &Interrupt,
) -> Result<Merged> {
    outbox.hook.before(Step::Merge)?;
    if inputs.iter().all(|input| input.live_docs == 0) {
        return Ok(Merged { inputs, maps: Vec::new(), view: None, live: None });
    }
    let sources: Vec<MergeSource<'_>> =
        inputs.iter().map(|input| MergeSource { reader: &input.reader, live: input.live.as_deref(), base: input.base }).collect();
    let permutation = order.map(|order| order.permutation(&sources)).transpose()?.flatten();
    let id = outbox.names()?.unique();
    let file = SegmentFileWriter::new(outbox.segment(&id)?, names::segment(&id));
    let merged = match permutation {
        None => merge_segments(&sources, schema, file, interrupt),
        Some(permutation) => merge_permuted(&sources, &permutation, schema, file, interrupt),
    };
    let merged = merged.inspect_err(|_| outbox.discard(&names::segment(&id)));
    let (meta, maps) = merged?;
    let view = Opened::new(outbox, &id, &meta, None)?.view(id, &meta, None);
    Ok(Merged { inputs, maps, view: Some(view), live: None })
}

impl Merged {
    /// Commits the merge; `false` = it was abandoned because an input is gone.
    pub fn commit(mut self, outbox: &Outbox, state: &mut State, interrupt: &Interrupt) -> Result<bool> {
        outbox.hook.before(Step::Merge)?;
        let result = commit_edit(outbox, state, interrupt, &mut |state| self.manifest(outbox, state));
        match result {
            Ok(Some(committed)) => {
                self.take_over(state, committed.manifest.clone(), committed.hash);
                Ok(true)
            }
            Ok(None) => {
                self.abandon(outbox);
                Ok(false)
            }
            Err(e) => {
                // If the manifest may exist, its object stays in the outbox until that is clear.
                let next = state.committed.manifest.number + 1;
                if manifest::read(&*outbox.storage, next).is_err_and(|e| e.is_not_found()) {
                    self.abandon(outbox);
                }
                Err(e)
            }
        }
    }

    /// The manifest with the merged segment in place of its inputs; `None` = an input is gone.
    fn manifest(&mut self, outbox: &Outbox, state: &mut State) -> Result<Option<Manifest>> {
        let durable: Option<Vec<&Part>> = self.inputs.iter().map(|input| find(state, input)).collect();
        let Some(durable) = durable else { return Ok(None) };
        let mut entry = None;
        if let Some(view) = &self.view {
            let dead = durable.iter().zip(&self.inputs).zip(&self.maps);
            let bits = mapped(view, dead.map(|((part, input), map)| (input.live.as_deref(), part.durable.as_deref(), map)));
            let mut merged = (*view.entry).clone();
            merged.live = self.live_entry(outbox, &merged.id, bits)?;
            entry = Some(merged);
        }
        let mut segments: Vec<SegmentEntry> = Vec::new();
        for part in &state.parts {
            if self.inputs.iter().any(|input| input.id() == part.view.id()) {
                segments.extend(entry.take());
            } else {
                segments.push((*part.view.entry).clone());
            }
        }
        Ok(Some(Manifest { segments, ..successor(outbox, state)? }))
    }

    /// Makes live bits durable, unless those of the attempt before say the same.
    fn live_entry(&mut self, outbox: &Outbox, id: &str, bits: Option<BitSet>) -> Result<Option<LiveEntry>> {
        let outdated = match (self.live.take(), &bits) {
            (Some((old, written)), Some(bits)) if old == *bits => {
                self.live = Some((old, written.clone()));
                return Ok(Some(written));
            }
            (outdated, _) => outdated,
        };
        if let Some((_, outdated)) = outdated {
            outbox.discard(&names::live(id, &outdated.id));
        }
        let Some(bits) = bits else { return Ok(None) };
        let written = outbox.live(id, &bits)?;
        self.live = Some((bits, written.clone()));
        Ok(Some(written))
    }

    /// Puts the merged segment into the state, with what is deleted and not committed yet.
    fn take_over(self, state: &mut State, manifest: Manifest, hash: String) {
        let mut merged = self.view.map(|mut view| {
            if let Some(entry) = manifest.segments.iter().find(|entry| entry.id == view.id()) {
                view.entry = Arc::new(entry.clone());
            }
            let durable = self.live.map(|(bits, _)| Arc::new(bits));
            view.live_docs = view.entry.live_docs();
            view.live.clone_from(&durable);
            let mut part = Part { view, durable, written: None };
            for (input, map) in self.inputs.iter().zip(&self.maps) {
                let Some(old) = find(state, input) else { continue };
                let (Some(live), true) = (&old.view.live, old.is_changed()) else { continue };
                let dead = (0..live.len()).filter(|doc| !live.contains(*doc));
                dead.filter_map(|doc| map.get(DocId(doc))).for_each(|doc| _ = part.kill(doc));
            }
            part
        });
        let mut parts = Vec::with_capacity(state.parts.len());
        for part in std::mem::take(&mut state.parts) {
            if self.inputs.iter().any(|input| input.id() == part.view.id()) {
                parts.extend(merged.take());
            } else {
                parts.push(part);
            }
        }
        state.parts = parts;
        state.committed = Arc::new(super::manifest::Committed { manifest, hash });
        state.attempts.clear();
        state.refresh = 0;
        state.dirty = true;
    }

    fn abandon(self, outbox: &Outbox) {
        if let Some(view) = self.view {
            outbox.discard(&view.entry.object());
            if let Some((_, live)) = self.live {
                outbox.discard(&names::live(view.id(), &live.id));
            }
        }
    }
}

fn find<'a>(state: &'a State, input: &SegmentView) -> Option<&'a Part> {
    state.parts.iter().find(|part| part.view.id() == input.id())
}

/// Live bits of the merged segment: what lived when the merge began and does not live now is dead.
fn mapped<'a>(merged: &SegmentView, inputs: impl Iterator<Item = (Option<&'a BitSet>, Option<&'a BitSet>, &'a DocMap)>) -> Option<BitSet> {
    let mut bits = None;
    for (before, now, map) in inputs {
        let Some(now) = now else { continue };
        for doc in (0..now.len()).filter(|doc| !now.contains(*doc) && before.is_none_or(|before| before.contains(*doc))) {
            if let Some(doc) = map.get(DocId(doc)) {
                bits.get_or_insert_with(|| BitSet::full(merged.entry.docs)).remove(doc.0);
            }
        }
    }
    bits
}
