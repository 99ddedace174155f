//! Following: versions that other processes (or earlier runs) published become current here.
//!
//! **In**: numbered objects. **Out**: the newest one as current version, or the reason why not. **Law**
//! 1. Only the newest object matters; what lies between was never current here, which no reader can tell from having been slow.
//! 2. An object is checked as if a stranger had written it, then by this process's own shape and checks; guards are not asked again. One that is
//!    refused leaves the current version in place, is recorded once, and is not looked at again.
//! 3. Adoption needs no turn of a publisher, so a publisher that waits for a slow guard delays no follower. Only the number that this process
//!    is just creating is left to its publisher, who knows the places of its values.
//! 4. A store without sources only follows: nothing that it does by itself publishes. It starts on the newest version that is not damaged.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::hooks::is_inside;
use super::provider::{read_all, read_one};
use super::publish::{Draft, reentrant};
use super::report::{By, Report, Timings};
use super::{Inner, Refused, Version};
use crate::document::{Document, Path};
use crate::layers::{Layer, Merged, merge};
use crate::numbering::Numbering;
use crate::object::{Cause, Damage, Head, Patches, Stored, decode, decode_head};
use crate::problem::{Problem, Problems};
use crate::schema::Checked;
use crate::secret_keys::SecretNames;
use crate::secrets::Secrets;
use crate::source::{LayerKind, Source};

/// Reads an object; its secrets, if it has any, are what this process's own sources say. A source that is down takes only its own secrets away,
/// and not those that the current version has from it.
pub(super) fn decode_with_own_secrets(inner: &Inner, name: &str, bytes: &[u8]) -> Result<Stored, Problems> {
    let stored = decode(name, bytes).map_err(|damage| damaged(name, damage))?;
    if !stored.has_secrets {
        return Ok(stored);
    }
    if inner.providers.is_empty() {
        let document = inner.secrets.unseal(&stored.document, None)?;
        return Ok(Stored { document, ..stored });
    }
    let (layers, unread) = match read_all(&inner.providers) {
        Ok(layers) => (layers, false),
        Err(_) => (inner.providers.iter().flat_map(|provider| read_one(provider).unwrap_or_default()).collect(), true),
    };
    let mut own = merge(&layers).document().clone();
    if unread {
        own = inner.secrets.completed(&own, inner.cell.load().document());
    }
    let document = inner.secrets.unseal(&stored.document, Some(&own)).inspect_err(|_| {
        // What it says about secrets counts here all the same.
        let now = inner.foreign.load();
        inner.foreign.offer(&now, Some(Secrets::referring(&stored.document)));
    })?;
    Ok(Stored { document, ..stored })
}

/// The rule about the names of secrets that the newest version goes with, when it is another than the usual one: who says nothing about it
/// keeps to it, so that all processes show the same.
pub(super) fn names_of_newest(numbering: &dyn Numbering) -> Option<SecretNames> {
    // What cannot be read is a problem of the load that follows; one that is damaged leaves the word to the one before it.
    let sound = |number: u64| decode_head(&numbering.read(number).ok()??).ok();
    numbering.numbers().ok()?.into_iter().rev().find_map(sound)?.secret_names
}

/// Whether a version was refused for its bytes alone.
fn is_damage(problems: &Problems) -> bool {
    problems.0.iter().all(|problem| problem.code == "damaged_version")
}

fn damaged(name: &str, damage: Damage) -> Problems {
    Problem::new("damaged_version", Path::root(), format!("a version in {name}"), damage.to_string())
        .hint("the newest one that is whole stays current, or becomes it; publish again, or delete the object")
        .into()
}

impl Inner {
    /// The name of a numbered object in messages.
    pub(super) fn object_name(&self, number: u64) -> String {
        format!("{}/{number}", self.numbering.place())
    }

    /// The bytes of a numbered object as a version; none when it does not exist (any more).
    pub(super) fn read_version(&self, number: u64) -> Result<Option<Stored>, Problems> {
        let bytes = self.numbering.read(number).map_err(|error| self.numbering_problem(&format!("version {number}"), &error))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let name = self.object_name(number);
        let stored = decode_with_own_secrets(self, &name, &bytes)?;
        if stored.head.number != number {
            return Err(damaged(&name, Damage("it is the version of another number")));
        }
        Ok(Some(stored))
    }

    /// Why a store that only follows cannot take a version, with what its user can do about that; one with sources goes on by them.
    fn with_ways_back(&self, number: u64, found: Problems) -> Problems {
        let Some(folder) = self.numbering.folder().filter(|_| self.only_follows()) else { return found };
        let folder = folder.display();
        let back = format!(
            "version {number} was published for another schema: publish what fits this one, or return with `findspot config rollback {folder} \
             VERSION` to one of `findspot config history {folder}`"
        );
        let named = |problem: Problem| {
            let hint = problem.hint.as_ref().map_or_else(|| back.clone(), |hint| format!("{hint}; {back}"));
            problem.hint(hint)
        };
        Problems(found.0.into_iter().map(named).collect())
    }

    /// A stored document as one that this process's shape accepts.
    pub(super) fn draft_of_stored(&self, number: u64, stored: Stored) -> Result<Draft, Problems> {
        let source = Arc::new(Source::new(self.object_name(number), LayerKind::Version, String::new()));
        let layers: Arc<[Arc<Layer>]> = Arc::from([Arc::new(Layer::new(source, stored.document.clone()))]);
        let merged = Merged::new(layers, stored.document);
        let checked = self.schema.check(&merged, None).map_err(|found| self.with_ways_back(number, found))?;
        let head = stored.head;
        Ok(Draft {
            checked,
            merged,
            patches: head.patches,
            held: head.held,
            sources: head.sources,
            merged_hash: head.merged,
            files: head.files,
            left: head.rolled_back_from,
            content_of: head.content_of,
            always: false,
            skip_guards: true,
        })
    }

    /// Makes a version current that was the newest a moment ago, unless a newer one is; `Ok(false)` = it is gone. One that was refused is looked
    /// at again only by a publisher, and not when it is damaged.
    fn catch_up_to(&self, newest: u64, again: bool) -> Result<bool, Problems> {
        let base = self.cell.load_full();
        let refused = self.refused.load();
        if newest <= base.number() || (newest == refused.number && !(again && refused.head.is_some())) {
            return Ok(true);
        }
        let mut head = None;
        let adopted = self.adopt(newest, &base, &mut head);
        if let Err(problems) = &adopted
            && newest >= refused.number
        {
            self.refused.offer(&refused, Refused { number: newest, head, problems: problems.clone() });
        }
        adopted
    }

    pub(super) fn newest(&self) -> Result<u64, Problems> {
        self.numbering.newest().map_err(|error| self.numbering_problem("the versions", &error))
    }

    fn adopt(&self, number: u64, base: &Arc<Version>, sound: &mut Option<Arc<Head>>) -> Result<bool, Problems> {
        let Some(stored) = self.read_version(number)? else { return Ok(false) };
        let head = stored.head.clone();
        *sound = Some(Arc::new(head.clone()));
        let mut draft = self.draft_of_stored(number, stored)?;
        // Equal content is the same memory: nothing is built anew for it, and its values keep their places.
        if let Some(known) = self.known_content(&head, &draft, base) {
            (draft.checked, draft.merged) = known;
        }
        let prepared = self.prepare(&draft, Some(base), Cause::Follow, &mut Timings::default())?;
        self.commit(head, draft.checked, draft.merged, prepared);
        Inner::count(&self.counts.followed);
        Ok(true)
    }

    /// What this process has of the content of a stored version: of its current version, with the stored patches above the same sources, or
    /// of the older version that a rollback brings back. What marks no secrets where that one does is another content.
    fn known_content(&self, head: &Head, draft: &Draft, base: &Version) -> Option<(Checked, Merged)> {
        let stored = draft.checked.document();
        let is_same = |document: &Document| document == stored && (!stored.root().has_marks() || document.root().has_marks());
        if base.number() > 0 && is_same(base.document()) {
            return Some((base.checked.clone(), base.merged.clone()));
        }
        if let Some(number) = head.content_of {
            let state = self.state.load();
            let kept = state.ring.iter().find(|kept| kept.number() == number && is_same(kept.document()));
            if let Some(kept) = kept {
                return Some((kept.checked.clone(), kept.merged.clone()));
            }
        }
        let own = base.merged.layers();
        if head.sources.is_empty() || head.sources != base.head.sources || own.iter().any(|layer| layer.kind() == LayerKind::Version) {
            return None;
        }
        let made = self.draft_of_layers(own, head.patches.clone(), head.held, Some(base)).ok()?;
        is_same(made.checked.document()).then_some((made.checked, made.merged))
    }

    /// Makes the newest version current, for a store that only follows.
    pub(super) fn catch_up(&self) -> Result<(), Problems> {
        let newest = loop {
            let newest = self.newest()?;
            if self.catch_up_to(newest, true)? {
                break newest;
            }
        };
        // One that is damaged is not read again.
        let refused = self.refused.load();
        if newest > self.cell.load().number() && refused.number == newest { Err(refused.problems.clone()) } else { Ok(()) }
    }

    /// Makes the newest version current that is not damaged, for a start when the newest of all is. Whether there was one.
    pub(super) fn catch_up_to_sound(&self) -> bool {
        let damaged = self.refused.load();
        if !is_damage(&damaged.problems) {
            return false;
        }
        let base = self.cell.load_full();
        let older = self.numbering.numbers().unwrap_or_default().into_iter().rev().filter(|number| *number < damaged.number);
        for number in older {
            let mut sound = None;
            match self.adopt(number, &base, &mut sound) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(problems) if is_damage(&problems) => {}
                // One that lacks a secret, or was published for another schema, is whole: what is older is not what counts.
                Err(_) => return false,
            }
        }
        false
    }

    /// A reload of a store without sources: what others published, and nothing of its own.
    pub(super) fn look_again(&self, cause: Cause) -> Report {
        let begin = Instant::now();
        let previous = self.cell.load().number();
        let mut report = self.report_of(cause, previous, Vec::new());
        if is_inside(self.identity()) {
            report.problems = reentrant().0;
            return report;
        }
        match self.catch_up() {
            Ok(()) => report.accepted = true,
            Err(problems) => report.problems = problems.0,
        }
        report.version = self.cell.load().number();
        if report.version > previous {
            report.problems.extend(self.keep_last_good());
        }
        report.timings.total = begin.elapsed();
        report
    }

    /// A report about nothing that was published.
    pub(super) fn report_of(&self, cause: Cause, previous: u64, problems: Vec<Problem>) -> Report {
        Report {
            cause,
            accepted: false,
            published: false,
            version: self.cell.load().number(),
            previous,
            problems,
            timings: Timings::default(),
            actor: String::new(),
            time: self.now(),
        }
    }

    /// Follows, and reports what was refused.
    pub(super) fn follow(&self) {
        let began_on = self.cell.load().number();
        // Looked at in this order: a number that is created after this is not among those that are found.
        let ours = self.creating.load(Ordering::Acquire);
        let looked = self.newest().and_then(|newest| if newest == ours { Ok(true) } else { self.catch_up_to(newest, false) });
        if let Err(problems) = looked {
            self.refuse(Cause::Follow, began_on, problems);
        } else if self.cell.load().number() > began_on {
            // A warning is in the log and in the metrics: nobody waits for a report.
            let _ = self.keep_last_good();
        }
    }

    /// Records a refusal that nobody waits for.
    fn refuse(&self, cause: Cause, previous: u64, problems: Problems) {
        let report = self.report_of(cause, previous, problems.0);
        self.record(report, &By::default());
    }

    /// Makes the newest version current, for a publisher. Returns the number that was looked at: the next one is free, or somebody made it since
    /// and the publisher begins again. A damaged version only costs its number; one that this process has no use for (another release made it)
    /// is overtaken by what the sources say, with its patches, but by no change of single values: that would undo what it does not know.
    pub(super) fn catch_up_for_publishing(&self, cause: Cause) -> Result<u64, Problems> {
        let began_on = self.cell.load().number();
        loop {
            let newest = self.newest()?;
            let known = self.refused.load().number == newest;
            match self.catch_up_to(newest, true) {
                Ok(true) => return Ok(newest),
                // So many others published meanwhile that it was pruned.
                Ok(false) => {}
                Err(problems) if problems.0.iter().any(|problem| problem.code == "numbering") => return Err(problems),
                Err(problems) => {
                    let is_sound = self.refused.load().head.is_some();
                    if is_sound && matches!(cause, Cause::Patch | Cause::Stage | Cause::Rollback) {
                        return Err(problems);
                    }
                    if !known {
                        self.refuse(Cause::Follow, began_on, problems);
                    }
                    return Ok(newest);
                }
            }
        }
    }

    /// The patches that stand above the sources: those of the current version, or of a newer one that only its shape kept from being it.
    pub(super) fn standing_patches(&self, base: &Version) -> Patches {
        let refused = self.refused.load();
        match &refused.head {
            Some(head) if head.number > base.number() => head.patches.clone(),
            _ => base.head.patches.clone(),
        }
    }
}

impl Draft {
    /// What a version says, again.
    pub(super) fn of(version: &Version) -> Self {
        let head = &version.head;
        Self {
            checked: version.checked.clone(),
            merged: version.merged.clone(),
            patches: head.patches.clone(),
            held: head.held,
            sources: head.sources.clone(),
            merged_hash: head.merged.clone(),
            files: head.files.clone(),
            left: None,
            content_of: None,
            always: false,
            skip_guards: true,
        }
    }
}
