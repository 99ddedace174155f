//! The commit protocol: how a writer's work becomes a manifest, with any number of other writers doing the same.
//!
//! **In**: a writer's state. **Out**: the next manifest, or the news that somebody else made it. **Law**
//! 1. Everything that a manifest names is durable before the manifest is created; the manifest is created only if its number does not
//!    exist; so every prefix of a commit's writes leaves the old index or makes the new one.
//! 2. A manifest that exists already under the next number is mine if it carries my commit's id (the answer of an earlier attempt got
//!    lost); else my work is rebased onto it and tried again, after a pause that grows and is random.
//! 3. While a commit is under way its predecessor is held, and garbage collection deletes manifests in ascending order and stops at the
//!    first one that is held. So nobody can create a number a second time after it was collected. Where there are no holds, the numbers
//!    are listed before and after: a gap, or a successor that does not carry my hash, means that I lost.
//! 4. A commit that fails leaves the state as it is, to be committed later. When it is not known whether an attempt came to be (its
//!    answer was an error), what it held is told from what came after, and the next commit makes sure that all of it is durable.

use std::sync::Arc;
use std::time::Duration;

use super::manifest::{self, Committed, Manifest, SegmentEntry};
use super::opening::{missing, open_segments};
use super::outbox::Outbox;
use super::snapshot::SegmentView;
use super::state::{Attempt, Part, State};
use super::steps::Step;
use super::{fold, names};
use crate::base::{Error, Interrupt, Result};

/// Attempts before a commit gives up.
const ROUNDS: u32 = 64;
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// What a commit made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The number of the manifest, the same in every process.
    pub generation: u64,
}

/// Moves `state` onto the newest commit.
pub(super) fn catch_up(outbox: &Outbox, state: &mut State, interrupt: &Interrupt) -> Result<()> {
    let storage = &*outbox.storage;
    let gone = || Error::storage("list", format!("{}/{}", storage.url(), names::MANIFESTS), std::io::ErrorKind::NotFound.into());
    loop {
        interrupt.check()?;
        let newest = manifest::numbers(storage)?.last().copied().ok_or_else(gone)?;
        let current = state.committed.manifest.number;
        if newest == current {
            return Ok(());
        }
        if newest < current {
            return Err(Error::Conflict(format!("the index went back from generation {current} to {newest}; open it again")));
        }
        // Manifests that an attempt of this writer may have made are looked at one by one.
        let next = state
            .attempts
            .iter()
            .map(|attempt| attempt.number)
            .filter(|number| *number > current)
            .min()
            .map_or(newest, |number| number.min(newest));
        let committed = match manifest::read(storage, next) {
            Err(e) if e.is_not_found() && next != newest => manifest::read(storage, newest),
            read => read,
        };
        let committed = match committed {
            Err(e) if e.is_not_found() => continue, // collected between listing and reading: there are newer ones
            read => read?,
        };
        let follows = committed.manifest.number != current + 1 || committed.manifest.previous == state.committed.hash;
        if !follows || committed.manifest.index != state.committed.manifest.index {
            return Err(Error::Conflict("another index was put in this one's place; open it again".into()));
        }
        let known: Vec<SegmentView> = state.all().map(Part::as_committed).collect();
        match open_segments(storage, &committed, &known) {
            Ok(views) => {
                committed.manifest.objects().for_each(|object| outbox.forget(&object));
                state.rebase(Arc::new(committed), views, interrupt)?;
            }
            Err(e) if e.is_not_found() => {
                if manifest::numbers(storage)?.last() == Some(&committed.manifest.number) {
                    return Err(missing(&committed, &e));
                }
                state.attempts.retain(|attempt| attempt.number > committed.manifest.number); // what it named is gone: go on
            }
            Err(e) => return Err(e),
        }
    }
}

/// Commits all that `state` holds.
pub(super) fn commit(outbox: &Arc<Outbox>, state: &mut State, interrupt: &Interrupt) -> Result<Commit> {
    for round in 0..ROUNDS {
        interrupt.check()?;
        catch_up(outbox, state, interrupt)?;
        let failed = std::mem::take(&mut state.failed);
        if !failed.is_empty() {
            let keys = failed.iter().take(10).map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ");
            return Err(Error::Conflict(format!(
                "another writer changed {} key(s) that were written with if_version: {keys}; those changes were dropped, the others are kept: commit again",
                failed.len()
            )));
        }
        if !state.has_changes() && !state.unconfirmed {
            state.settle();
            return Ok(Commit { generation: state.committed.manifest.number });
        }
        fold::persist(outbox, state, interrupt)?;
        let manifest = next_manifest(outbox, state)?;
        if let Some(committed) = create(outbox, state, &manifest, true)? {
            committed.manifest.objects().for_each(|object| outbox.forget(&object));
            let superseded: Vec<String> = state.all().filter_map(Part::written_object).collect();
            let epoch = state.epoch;
            state.absorb(Arc::new(committed), epoch);
            let named: Vec<String> = state.committed.manifest.objects().collect();
            superseded.iter().filter(|object| !named.contains(object)).for_each(|object| outbox.discard(object));
            return Ok(Commit { generation: state.committed.manifest.number });
        }
        pause(round, interrupt)?;
    }
    Err(Error::Conflict(format!("{ROUNDS} attempts to commit lost against other writers; commit again")))
}

/// Commits an edit of the last manifest, apart from what is pending. `edit` is asked anew after every rebase; `None` = there is nothing to do.
pub(super) fn commit_edit(
    outbox: &Outbox,
    state: &mut State,
    interrupt: &Interrupt,
    edit: &mut dyn FnMut(&mut State) -> Result<Option<Manifest>>,
) -> Result<Option<Committed>> {
    for round in 0..ROUNDS {
        interrupt.check()?;
        catch_up(outbox, state, interrupt)?;
        let Some(manifest) = edit(state)? else { return Ok(None) };
        if let Some(committed) = create(outbox, state, &manifest, false)? {
            committed.manifest.objects().for_each(|object| outbox.forget(&object));
            return Ok(Some(committed));
        }
        pause(round, interrupt)?;
    }
    Err(Error::Conflict(format!("{ROUNDS} attempts to commit lost against other writers; try again")))
}

/// A manifest after the last one with the same content.
pub(super) fn successor(outbox: &Outbox, state: &State) -> Result<Manifest> {
    let last = &state.committed;
    Ok(Manifest {
        number: last.manifest.number + 1,
        previous: last.hash.clone(),
        commit: outbox.names()?.unique(),
        ..last.manifest.clone()
    })
}

/// The manifest of all that `state` holds; live bits that changed become durable here.
fn next_manifest(outbox: &Outbox, state: &mut State) -> Result<Manifest> {
    let mut segments: Vec<SegmentEntry> = Vec::with_capacity(state.parts.len() + state.added.len());
    for part in state.parts.iter_mut().chain(state.added.iter_mut().map(|added| &mut added.part)) {
        let mut entry = (*part.view.entry).clone();
        if let (true, Some(live)) = (part.is_changed(), &part.view.live) {
            let written = match part.written.take() {
                Some((bits, written)) if Arc::ptr_eq(&bits, live) => written,
                outdated => {
                    if let Some((_, outdated)) = outdated {
                        outbox.discard(&names::live(&entry.id, &outdated.id));
                    }
                    outbox.live(&entry.id, live)?
                }
            };
            part.written = Some((Arc::clone(live), written.clone()));
            entry.live = Some(written);
        }
        segments.push(entry);
    }
    Ok(Manifest { segments, next_sequence: state.next_sequence, ..successor(outbox, state)? })
}

/// Creates `manifest`; `None` = another writer was faster. `pending` says whether it holds the state's uncommitted work.
fn create(outbox: &Outbox, state: &mut State, manifest: &Manifest, pending: bool) -> Result<Option<Committed>> {
    let storage = &*outbox.storage;
    let number = manifest.number;
    let _held = match storage.hold(&names::manifest(number - 1)) {
        Ok(hold) => hold,
        Err(e) if e.is_not_found() => return Ok(None),
        Err(e) => return Err(e),
    };
    if manifest::numbers(storage)?.last() != Some(&(number - 1)) {
        return Ok(None);
    }
    let bytes = manifest.encode()?;
    let hash = manifest::hash(&bytes);
    outbox.hook.before(Step::Manifest)?;
    match storage.create(&names::manifest(number), &bytes) {
        Ok(true) => {}
        Ok(false) => {
            if manifest::read(storage, number)?.manifest.commit != manifest.commit {
                return Ok(None);
            }
        }
        Err(e) => {
            let absent = manifest::read(storage, number).is_err_and(|e| e.is_not_found());
            if pending && !absent {
                state.attempts.push(Attempt { commit: manifest.commit.clone(), number, epoch: state.epoch });
                state.epoch += 1;
            }
            return Err(e);
        }
    }
    let newest = manifest::numbers(storage)?.last().copied();
    let follows = |next: u64| manifest::read(storage, next).is_ok_and(|next| next.manifest.previous == hash);
    if newest != Some(number) && !follows(number + 1) {
        storage.delete(&names::manifest(number))?; // nobody stands on it: the chain went on without it
        return Ok(None);
    }
    Ok(Some(Committed { manifest: manifest.clone(), hash }))
}

/// Waits a while that grows with `round` and differs between writers.
fn pause(round: u32, interrupt: &Interrupt) -> Result<()> {
    let longest = Duration::from_millis(1).saturating_mul(1 << round.min(10)).min(LONGEST_PAUSE);
    let share = (ulid::Ulid::generate().random() & 0xffff) as u32 + 1;
    std::thread::sleep(longest * share / 0x1_0000);
    Ok(interrupt.check()?)
}
