//! Folding: many small uncommitted segments become few, cheaply.
//!
//! **In**: added segments in memory. **Out**: fewer of them, or one object. **Law**: folding changes nothing that a search can see:
//! sequence numbers, live documents and statistics stay (dead documents are kept, too, until they are many; then dropping them is a
//! merge like any other). The smallest segments are folded first, as many as it takes for the next one to be half as large again as
//! their sum; so sizes stay geometric, each document is written a logarithmic number of times, and at most
//! [`MOST`] segments are in memory.

use std::sync::Arc;

use super::build::Opened;
use super::names;
use super::outbox::Outbox;
use super::spill::Spill;
use super::state::{Added, Home, State};
use crate::base::bits::BitSet;
use crate::base::{DocId, Interrupt, Result};
use crate::codec::SegmentFileWriter;
use crate::segment::{MergeSource, merge_segments};

/// Segments in memory before some are folded.
const MOST: usize = 10;
/// Fewest segments of a fold.
const LEAST: usize = 4;
/// Dead documents of a fold that are too many to be kept.
const MANY_DEAD: u32 = 4096;

/// Folds when there are too many segments in memory, or more than `memory` bytes of them.
pub(super) fn fold(outbox: &Arc<Outbox>, state: &mut State, memory: u64, spill_at: usize, interrupt: &Interrupt) -> Result<()> {
    if state.memory() > memory {
        return persist(outbox, state, interrupt);
    }
    let in_memory = in_memory(state);
    if in_memory.len() <= MOST {
        return Ok(());
    }
    let chosen = smallest(&in_memory.iter().map(|&i| state.added[i].part.view.entry.docs).collect::<Vec<_>>());
    let chosen: Vec<usize> = chosen.into_iter().map(|i| in_memory[i]).collect();
    replace(outbox, state, chosen, spill_at, interrupt)
}

/// Makes one durable object of all segments in memory.
pub(super) fn persist(outbox: &Arc<Outbox>, state: &mut State, interrupt: &Interrupt) -> Result<()> {
    let in_memory = in_memory(state);
    match in_memory.as_slice() {
        [] => Ok(()),
        &[only] if state.added[only].abandoned.is_empty() => {
            let added = &mut state.added[only];
            if let Home::Memory(bytes) = &added.home {
                let name = names::segment(added.part.view.id());
                outbox.storage.delete(&name)?; // an earlier attempt may have left it half written
                write(outbox, added.part.view.id(), bytes).inspect_err(|_| outbox.discard(&name))?;
                added.part.view.hold = Some(Arc::from(outbox.storage.hold(&name)?));
                added.home = Home::Object;
            }
            Ok(())
        }
        _ => replace(outbox, state, in_memory, 0, interrupt),
    }
}

fn write(outbox: &Outbox, id: &str, bytes: &[u8]) -> Result<()> {
    let mut object = outbox.segment(id)?;
    object.write(bytes)?;
    object.finish()
}

fn in_memory(state: &State) -> Vec<usize> {
    (0..state.added.len()).filter(|&i| matches!(state.added[i].home, Home::Memory(_))).collect()
}

/// Places of the segments to fold.
fn smallest(docs: &[u32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..docs.len()).collect();
    order.sort_by_key(|&i| (docs[i], i));
    let mut sum = 0u64;
    for (count, &i) in order.iter().enumerate() {
        if count >= LEAST && 2 * u64::from(docs[i]) >= 3 * sum {
            order.truncate(count);
            break;
        }
        sum += u64::from(docs[i]);
    }
    order.sort_unstable();
    order
}

/// Replaces added segments by one that has all their documents.
fn replace(outbox: &Arc<Outbox>, state: &mut State, places: Vec<usize>, spill_at: usize, interrupt: &Interrupt) -> Result<()> {
    let inputs: Vec<&Added> = places.iter().map(|&i| &state.added[i]).collect();
    let dead: u32 = inputs.iter().map(|added| added.part.view.entry.docs - added.part.view.live_docs).sum();
    let drop_dead = dead > MANY_DEAD || inputs.iter().any(|added| !added.abandoned.is_empty());
    let live_docs: u64 = inputs.iter().map(|added| u64::from(added.part.view.live_docs)).sum();
    if drop_dead && live_docs == 0 {
        places.iter().rev().for_each(|&i| _ = state.added.remove(i));
        state.dirty = true;
        return Ok(());
    }
    let sources: Vec<MergeSource<'_>> = inputs
        .iter()
        .map(|added| {
            let view = &added.part.view;
            MergeSource { reader: &view.reader, live: view.live.as_deref().filter(|_| drop_dead), base: view.base }
        })
        .collect();
    let id = outbox.names()?.unique();
    let (object, kept) = Spill::new(Arc::clone(outbox), id.clone(), spill_at);
    let file = SegmentFileWriter::new(Box::new(object), names::segment(&id));
    let (meta, maps) = merge_segments(&sources, &state.committed.manifest.schema, file, interrupt)?;
    let opened = Opened::new(outbox, &id, &meta, kept.take())?;
    let mut live: Option<BitSet> = None;
    if !drop_dead {
        for (added, map) in inputs.iter().zip(&maps) {
            let Some(bits) = &added.part.view.live else { continue };
            for doc in (0..bits.len()).filter(|doc| !bits.contains(*doc)).filter_map(|doc| map.get(DocId(doc))) {
                live.get_or_insert_with(|| BitSet::full(meta.docs)).remove(doc.0);
            }
        }
    }
    let first = inputs.iter().map(|added| added.first).min().unwrap_or(state.next_sequence);
    // The merged segment's numbers are absolute, that is, with the provisional bases added; a later shift moves its base.
    let folded = Added::new(opened.view(id, &meta, live), opened.home, state.epoch, first);
    let last = places.last().copied().unwrap_or_default();
    let mut place = 0;
    let mut folded = Some(folded);
    state.added = std::mem::take(&mut state.added)
        .into_iter()
        .filter_map(|added| {
            let here = place;
            place += 1;
            if here == last {
                return folded.take();
            }
            (!places.contains(&here)).then_some(added)
        })
        .collect();
    state.dirty = true;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_documents_are_rewritten_a_logarithmic_number_of_times() {
        let mut segments: Vec<u32> = Vec::new();
        let (mut written, mut most) = (0u64, 0);
        for _ in 0..10_000 {
            segments.push(1);
            if segments.len() > MOST {
                let places = smallest(&segments);
                let sum: u32 = places.iter().map(|&i| segments[i]).sum();
                places.iter().rev().for_each(|&i| _ = segments.remove(i));
                segments.push(sum);
                written += u64::from(sum);
            }
            most = most.max(segments.len());
        }
        assert!(most <= MOST);
        assert!(written <= 7 * 10_000, "{written}");
        assert_eq!(segments.iter().sum::<u32>(), 10_000);
    }
}
