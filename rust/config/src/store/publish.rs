//! Publishing: the way from a draft to the current version.
//!
//! **In**: a function that makes a draft of the current version. **Out**: a report. **Law**: the order of steps is that of the store's law; the
//! number is created after everything that may fail and before anybody reads the version; who loses a number begins again on the version
//! that won it, and finds there either its own content or a new base.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Inner;
use super::hooks::{Adopt, Candidate, guarded, is_inside};
use super::report::{By, Report, Timings};
use super::version::{Derived, Version};
use crate::diff::diff;
use crate::document::{Document, Path};
use crate::failpoint::failpoint;
use crate::layers::Merged;
use crate::numbering::{Creation, Object};
use crate::object::{Cause, Head, Patches, encode, hash_text};
use crate::problem::{Problem, Problems};
use crate::schema::Checked;
use crate::source::LayerKind;

/// Numbers that may be lost in a row before the publisher gives up.
const TRIES: usize = 64;

/// What may become a version: checked by the shape, not yet by hooks.
#[derive(Clone)]
pub(super) struct Draft {
    pub checked: Checked,
    pub merged: Merged,
    pub patches: Patches,
    pub held: bool,
    pub sources: String,
    pub merged_hash: String,
    /// The files among its layers.
    pub files: Vec<String>,
    pub left: Option<u64>,
    pub content_of: Option<u64>,
    /// Publish even when nothing differs.
    pub always: bool,
    pub skip_guards: bool,
}

/// A version's object, encoded when a numbering asks for bytes.
struct Sealed {
    head: Head,
    document: Document,
}

impl Object for Sealed {
    fn encode(&self) -> Vec<u8> {
        encode(&self.head, &self.document)
    }
}

/// What the steps before publication made.
pub(super) struct Prepared {
    pub candidate: Arc<Candidate>,
    pub derived: Arc<BTreeMap<Arc<str>, Derived>>,
    pub adopts: Vec<Adopt>,
    pub warnings: Vec<Problem>,
}

/// The number that this process is creating: its own follower leaves it alone until it is current.
struct Creating<'a>(&'a AtomicU64);

impl<'a> Creating<'a> {
    fn new(number: &'a AtomicU64, created: u64) -> Self {
        number.store(created, Ordering::Release);
        Self(number)
    }
}

impl Drop for Creating<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

/// How an attempt ended, before it is made a report.
enum Outcome {
    Published,
    Unchanged,
}

pub(super) type MakeDraft<'a> = &'a mut dyn FnMut(&Arc<Version>) -> Result<Draft, Problems>;

pub(super) fn reentrant() -> Problems {
    Problem::new(
        "reentrant",
        Path::root(),
        "calls from outside the store's own checks, guards and derivations",
        "a call from inside one of them",
    )
    .hint("change the configuration from a subscriber, or from another thread")
    .into()
}

/// Runs `step` and adds the time that it took.
pub(super) fn timed<R>(total: &mut Duration, step: impl FnOnce() -> R) -> R {
    let before = Instant::now();
    let result = step();
    *total += before.elapsed();
    result
}

impl Inner {
    /// Publishes what `make` drafts, if everybody accepts it; reports in any case.
    pub(super) fn publish(&self, cause: Cause, by: &By, make: MakeDraft<'_>) -> Report {
        let begin = Instant::now();
        let previous = self.cell.load().number();
        let mut report = Report {
            cause,
            accepted: false,
            published: false,
            version: previous,
            previous,
            problems: Vec::new(),
            timings: Timings::default(),
            actor: by.actor.clone(),
            time: self.now(),
        };
        if is_inside(self.identity()) {
            report.problems = reentrant().0;
        } else {
            let turn = self.publishing.take();
            let outcome = self.attempt(cause, by, make, &mut report);
            match outcome {
                Ok(outcome) => {
                    report.accepted = true;
                    report.published = matches!(outcome, Outcome::Published);
                }
                Err(problems) => report.problems.extend(problems.0),
            }
            drop(turn);
        }
        report.version = self.cell.load().number();
        report.timings.total = begin.elapsed();
        report
    }

    fn attempt(&self, cause: Cause, by: &By, make: MakeDraft<'_>, report: &mut Report) -> Result<Outcome, Problems> {
        for _ in 0..TRIES {
            let newest = timed(&mut report.timings.number, || self.catch_up_for_publishing(cause))?;
            let base = self.cell.load_full();
            report.previous = base.number();
            let before = report.timings.read;
            let of_sources = !matches!(cause, Cause::Patch | Cause::Stage | Cause::Rollback);
            let repaired = |found| if of_sources { self.with_patches_named(found, &self.standing_patches(&base)) } else { found };
            let draft = timed(&mut report.timings.check, || make(&base)).map_err(repaired)?;
            report.timings.check = report.timings.check.saturating_sub(report.timings.read - before);
            if base.number() > 0 && !draft.always && is_same(&base, &draft) {
                self.know_places(&base, &draft);
                return Ok(Outcome::Unchanged);
            }
            let prepared = self.prepare(&draft, Some(&base), cause, &mut report.timings).map_err(repaired)?;
            if !by.force && !draft.skip_guards {
                let candidate = &prepared.candidate;
                timed(&mut report.timings.guard, || self.guard(candidate))?;
            }
            failpoint("publish: guarded");
            let document = draft.checked.document();
            let in_folder = self.numbering.folder().is_some();
            // In memory there are no others who could see the secrets, and nobody else who could say them.
            let kept = if in_folder { self.secrets.seal(document) } else { document.clone() };
            let mut head = self.head(cause, by, &draft, &base, newest.max(base.number()) + 1);
            head.hash = if in_folder { hash_text(&kept) } else { self.name_of(document) };
            let object: Arc<dyn Object> = Arc::new(Sealed { head: head.clone(), document: kept });
            let ours = Creating::new(&self.creating, head.number);
            let creation = timed(&mut report.timings.number, || self.numbering.create(head.number, &object));
            let creation = creation.map_err(|error| self.numbering_problem("a version that can be created", &error))?;
            if creation == Creation::Exists {
                continue;
            }
            failpoint("publish: numbered");
            report.problems.extend(prepared.warnings.iter().cloned());
            timed(&mut report.timings.publish, || self.commit(head, draft.checked, draft.merged, prepared));
            drop(ours);
            failpoint("publish: committed");
            Inner::count(&self.counts.published);
            return Ok(Outcome::Published);
        }
        Err(Problem::new("contended", Path::root(), "a free number", format!("numbers that others took {TRIES} times")).into())
    }

    pub(super) fn numbering_problem(&self, expected: &str, error: &std::io::Error) -> Problems {
        Problem::new("numbering", Path::root(), format!("{expected} in {}", self.numbering.place()), error.to_string())
            .hint("check the folder, its permissions and the disk")
            .into()
    }

    fn head(&self, cause: Cause, by: &By, draft: &Draft, base: &Version, number: u64) -> Head {
        Head {
            number,
            hash: String::new(),
            sources: draft.sources.clone(),
            merged: draft.merged_hash.clone(),
            files: draft.files.clone(),
            time: self.now(),
            actor: by.actor.clone(),
            reason: by.reason.clone(),
            cause,
            from: base.number(),
            rolled_back_from: draft.left,
            content_of: draft.content_of,
            held: draft.held,
            forced: by.force,
            secret_names: Some(self.schema.secret_names().clone()).filter(|names| !names.is_usual()),
            patches: draft.patches.clone(),
        }
    }

    /// The hash of a document in memory, as it is shown. With secrets it is mixed with a number that only this store knows, so that nobody can
    /// guess a secret and try it; to seal the document for that would cost more than the patch of it.
    fn name_of(&self, document: &Document) -> String {
        if self.secrets.is_clear(document) {
            return hash_text(document);
        }
        let part = |number: u8| self.mixer.hash_one((number, document.hash()));
        format!("{:016x}{:016x}", part(0), part(1))
    }

    /// Everything but the guards that must say yes before a version is published; `previous` is what it would replace.
    pub(super) fn prepare(
        &self,
        draft: &Draft,
        base: Option<&Arc<Version>>,
        cause: Cause,
        timings: &mut Timings,
    ) -> Result<Prepared, Problems> {
        let state = self.state.load();
        let of = self.identity();
        let previous = base.filter(|base| base.number() > 0).cloned();
        let mut candidate = Candidate {
            document: draft.checked.document().clone(),
            derived: Vec::new(),
            previous: previous.clone(),
            cause,
            diff: OnceLock::new(),
        };
        if !state.checks.is_empty() {
            let shared = Arc::new(candidate);
            let mut problems = Vec::new();
            timed(&mut timings.check, || {
                for check in &state.checks {
                    let candidate = Arc::clone(&shared);
                    let (name, budget) = (check.hook.name().to_owned(), check.hook.budget());
                    problems.extend(
                        check.call(of, &name, budget, move |check| check.check(&candidate)).err().into_iter().flat_map(|found| found.0),
                    );
                }
            });
            if !problems.is_empty() {
                return Err(problems.into());
            }
            // A hook that was given up on may still hold the other one.
            candidate = Candidate {
                document: draft.checked.document().clone(),
                derived: Vec::new(),
                previous: previous.clone(),
                cause,
                diff: OnceLock::new(),
            };
        }
        let derived = timed(&mut timings.derive, || self.derive(&state.derives, draft.checked.document(), previous.as_deref()))?;
        candidate.derived = derived.iter().map(|(name, value)| (Arc::clone(name), Arc::clone(value))).collect();
        failpoint("publish: derived");
        let candidate = Arc::new(candidate);
        let (mut adopts, mut warnings, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        timed(&mut timings.prepare, || {
            for attached in &state.attached {
                match guarded(of, attached.hook.name(), || attached.hook.prepare(&candidate)) {
                    Ok((adopt, found)) => {
                        adopts.push(adopt);
                        warnings.extend(found);
                    }
                    Err(found) => problems.extend(found.0),
                }
            }
        });
        if !problems.is_empty() {
            return Err(problems.into());
        }
        Ok(Prepared { candidate, derived: Arc::new(derived), adopts, warnings })
    }

    /// What is derived from a document; what depends on nothing that differs from the version before is taken from there.
    pub(super) fn derive(
        &self,
        derives: &[super::Hook<dyn super::Derive>],
        document: &Document,
        previous: Option<&Version>,
    ) -> Result<BTreeMap<Arc<str>, Derived>, Problems> {
        let (mut made, mut problems) = (BTreeMap::new(), Vec::new());
        for derive in derives {
            let name: Arc<str> = derive.hook.name().into();
            let unchanged =
                |previous: &&Version| derive.hook.inputs().iter().all(|path| previous.document().get(path) == document.get(path));
            if let Some(value) = previous.filter(unchanged).and_then(|previous| previous.derived.get(&name)) {
                Inner::count(&self.counts.reused);
                made.insert(name, Arc::clone(value));
                continue;
            }
            Inner::count(&self.counts.built);
            let owned = document.clone();
            match derive.call(self.identity(), &name, derive.hook.budget(), move |derive| derive.derive(&owned)) {
                Ok(value) => {
                    made.insert(name, value);
                }
                Err(found) => problems.extend(found.0),
            }
        }
        if problems.is_empty() { Ok(made) } else { Err(problems.into()) }
    }

    pub(super) fn guard(&self, candidate: &Arc<Candidate>) -> Result<(), Problems> {
        let state = self.state.load();
        let mut problems = Vec::new();
        for guard in &state.guards {
            let (name, budget, candidate) = (guard.hook.name().to_owned(), guard.hook.budget(), Arc::clone(candidate));
            let judged = guard.call(self.identity(), &name, budget, move |guard| guard.judge(&candidate));
            problems.extend(judged.err().into_iter().flat_map(|found| found.0));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
    }

    /// Problems of what patches say, with the way to withdraw those: no source can repair them.
    fn with_patches_named(&self, found: Problems, patches: &Patches) -> Problems {
        let named = |problem: Problem| {
            let patch = patches.iter().map(|(path, _)| path).find(|path| path.covers(&problem.path) || problem.path.covers(path));
            let Some(path) = patch.filter(|_| !problem.path.is_root()) else { return problem };
            let text = path.to_string();
            let quoted = if text.contains(['"', '[', ' ']) { format!("'{text}'") } else { text };
            let withdraw = match self.numbering.folder() {
                Some(folder) => format!("a stored patch says {path}; `findspot config unpatch {} {quoted}` withdraws it", folder.display()),
                None => format!("a patch says {path}; store.unpatch withdraws it"),
            };
            let hint = problem.hint.as_ref().map_or_else(|| withdraw.clone(), |hint| format!("{hint}; {withdraw}"));
            problem.hint(hint)
        };
        Problems(found.0.into_iter().map(named).collect())
    }

    /// What was read back from a version and what the sources say is the same: then the sources' places are those of the values.
    fn know_places(&self, base: &Version, draft: &Draft) {
        let is_stored = |merged: &Merged| merged.layers().iter().any(|layer| layer.kind() == LayerKind::Version);
        if is_stored(&base.merged) && !is_stored(&draft.merged) {
            self.replace_current(base, |now| Version { checked: draft.checked.clone(), merged: draft.merged.clone(), ..now.clone() });
        }
    }

    /// Makes current what readers begin with while nothing is published: it has no number, and is in no history.
    pub(super) fn begin(&self, head: Head, checked: Checked, merged: Merged, prepared: Prepared) {
        self.make_current(head, checked, merged, prepared, |now| now.number() == 0);
    }

    /// Makes a numbered version current, unless a newer one already is, and tells everybody.
    pub(super) fn commit(&self, head: Head, checked: Checked, merged: Merged, prepared: Prepared) {
        let number = head.number;
        self.make_current(head, checked, merged, prepared, |now| now.number() < number);
    }

    fn make_current(&self, head: Head, checked: Checked, merged: Merged, prepared: Prepared, over: impl Fn(&Version) -> bool) {
        let number = head.number;
        let head = Arc::new(head);
        let turn = self.committing.take();
        let mut old = None;
        let published = self.cell.publish_shared::<()>(|now| {
            if !over(now) {
                return Ok(None);
            }
            old = Some(Arc::clone(now));
            let (units, bytes) = (now.units.clone(), checked.document().bytes());
            Ok(Some(Arc::new(Version { head, checked, merged, schema: self.schema.clone(), derived: prepared.derived, units, bytes })))
        });
        let (Ok(true), Some(old)) = (published, old) else { return };
        failpoint("publish: stored");
        let current = self.cell.load_full();
        for adopt in prepared.adopts {
            // The version is published: whatever the closure does cannot take that back.
            let _ = guarded(self.identity(), "adopt", || {
                adopt(&current);
                Ok(())
            });
        }
        if number > 0 {
            self.amend(|state| state.with_version(&old, &current, self.keep, self.keep_bytes));
        }
        self.counts.applied_at.store(self.now().max(0) as u64, Ordering::Relaxed);
        drop(turn);
        for subscription in &self.state.load().subscriptions {
            subscription.tell(&old, &current);
        }
    }

    /// Everything that follows a report: counts, the audit, what is kept on disk.
    pub(super) fn record(&self, mut report: Report, by: &By) -> Report {
        if !report.accepted {
            Inner::count(&self.counts.rejects);
        }
        if self.audit.is_kept() {
            let state = self.state.load();
            let version = |number: u64| state.ring.iter().find(|kept| kept.number() == number);
            let changed = match (version(report.previous), version(report.version)) {
                (Some(old), Some(new)) if report.published => {
                    let (old, new) = (old.document(), new.document());
                    Some(self.secrets.public_diff(diff(old, new), old, new))
                }
                _ => None,
            };
            report.problems.extend(self.audit.record(&report, &by.reason, by.force, changed.as_ref()));
        }
        if report.published {
            report.problems.extend(self.keep_last_good());
        }
        let shared = Arc::new(report.clone());
        self.amend(|state| state.with_report(&shared));
        if report.published {
            // What cannot be deleted now is deleted by the next publication.
            let _ = self.numbering.prune((report.version + 1).saturating_sub(self.keep.max(2) as u64));
        }
        report
    }
}

/// Whether a draft says what a version says.
fn is_same(base: &Version, draft: &Draft) -> bool {
    base.head.held == draft.held && base.head.patches == draft.patches && base.document() == draft.checked.document()
}
