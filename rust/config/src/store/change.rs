//! Changes that people ask for: patches, and candidates that are staged first.
//!
//! **In**: changes of single paths, the version that the caller has seen. **Out**: a report, or a refusal. **Law**: a patch is made on what the
//! sources and earlier patches say, before types and defaults, and checked against the version before, so it costs as much as the tables on
//! its path; a caller who names a version changes that one or nothing; a change that would store a secret is refused.

use std::sync::Arc;
use std::time::Instant;

use super::hooks::is_inside;
use super::provider::read_all;
use super::publish::{Draft, MakeDraft, reentrant, timed};
use super::report::{By, Refusal, Report, Timings};
use super::version::Version;
use super::{Inner, Store};
use crate::document::{Document, Path};
use crate::layers::{Merged, merge};
use crate::object::{Cause, patches};
use crate::patch::Change;
use crate::problem::{Problem, Problems};
use crate::source::LayerKind;

/// A candidate that was checked and not published.
pub struct Staged {
    draft: Draft,
    base: u64,
    /// What the checks said.
    pub report: Report,
}

impl Staged {
    /// Its values.
    pub fn document(&self) -> &Document {
        self.draft.checked.document()
    }

    /// The version that it was made from.
    pub fn base(&self) -> u64 {
        self.base
    }
}

impl Store {
    /// Changes single values, above what the sources say, until they are withdrawn. `None` takes a value away.
    ///
    /// # Errors
    /// When `expected` is not current, or the changes do not fit.
    pub fn patch(&self, changes: &[Change], expected: Option<u64>, by: &By) -> Result<Report, Refusal> {
        self.0.notice_fork();
        self.0.publish_or_refuse(Cause::Patch, by, expected, &mut |base| self.0.draft_of_patch(base, changes))
    }

    /// Withdraws patches at or below some paths: what the sources say counts again. A store without sources puts back what the newest kept
    /// version without the patch said, and takes the value away if there is none; who has the sources corrects that with its next look at them.
    ///
    /// # Errors
    /// When `expected` is not current, or the sources cannot be read.
    pub fn unpatch(&self, paths: &[Path], expected: Option<u64>, by: &By) -> Result<Report, Refusal> {
        self.0.notice_fork();
        self.0.publish_or_refuse(Cause::Patch, by, expected, &mut |base| {
            if self.0.only_follows() && base.merged.layers().iter().any(|layer| layer.kind() == LayerKind::Version) {
                return self.0.draft_of_return(base, paths);
            }
            self.0.draft_of_withdrawal(base, paths)
        })
    }

    /// Checks what the sources say, or some changes, and publishes nothing. Guards are asked too.
    ///
    /// # Errors
    /// The report of what is wrong.
    pub fn stage(&self, changes: Option<&[Change]>) -> Result<Staged, Box<Report>> {
        let begin = Instant::now();
        let base = self.pin();
        let mut timings = Timings::default();
        let cause = Cause::Stage;
        let checked = (|| {
            if is_inside(self.0.identity()) {
                return Err(reentrant());
            }
            let draft = match changes {
                Some(changes) => self.0.draft_of_patch(&base, changes)?,
                None if self.0.only_follows() => Draft::of(&base),
                None => self.0.draft_of_sources(&timed(&mut timings.read, || read_all(&self.0.providers))?, &base, false)?,
            };
            let prepared = self.0.prepare(&draft, Some(&base), cause, &mut timings)?;
            timed(&mut timings.guard, || self.0.guard(&prepared.candidate))?;
            Ok((draft, prepared.warnings))
        })();
        timings.total = begin.elapsed();
        let number = base.number();
        let report = |accepted, problems| Report {
            cause,
            accepted,
            published: false,
            version: number,
            previous: number,
            problems,
            timings,
            actor: String::new(),
            time: self.0.now(),
        };
        match checked {
            Ok((draft, warnings)) => Ok(Staged { draft, base: number, report: report(true, warnings) }),
            Err(problems) => Err(Box::new(report(false, problems.0))),
        }
    }

    /// Publishes a staged candidate, if the version that it was made from is still current.
    ///
    /// # Errors
    /// When it is not, or something refuses the candidate now.
    pub fn publish_staged(&self, staged: &Staged, by: &By) -> Result<Report, Refusal> {
        self.0.notice_fork();
        self.0.publish_or_refuse(Cause::Stage, by, Some(staged.base), &mut |_| Ok(staged.draft.clone()))
    }
}

impl Inner {
    /// Publishes and turns a refusal into an error; `expected` is compared with the version that the draft is made of.
    pub(super) fn publish_or_refuse(&self, cause: Cause, by: &By, expected: Option<u64>, make: MakeDraft<'_>) -> Result<Report, Refusal> {
        let mut conflict = None;
        let report = self.publish(cause, by, &mut |base| {
            if let Some(expected) = expected.filter(|&expected| expected != base.number()) {
                conflict = Some(Refusal::Conflict { expected, current: base.number() });
                return Err(
                    Problem::new("conflict", Path::root(), format!("version {expected}"), format!("version {}", base.number())).into()
                );
            }
            make(base)
        });
        let report = self.record(report, by);
        match conflict {
            Some(conflict) => Err(conflict),
            None if report.accepted => Ok(report),
            None => Err(Refusal::Refused(Box::new(report))),
        }
    }

    fn draft_of_patch(&self, base: &Version, changes: &[Change]) -> Result<Draft, Problems> {
        if self.numbering.folder().is_some() || self.last_good.is_some() {
            self.refuse_secrets(base.document(), changes)?;
        }
        let patches = patches::with(&base.head.patches, changes);
        let layers = base.merged.layers();
        if layers.iter().any(|layer| layer.kind() == LayerKind::Overrides) {
            return self.draft_of_layers(layers, patches, base.head.held, Some(base));
        }
        let document = crate::patch::patch(base.merged.document(), changes)?;
        let merged = Merged::new(Arc::clone(layers), document);
        let checked = self.schema.check(&merged, Some(&base.checked))?;
        Ok(Draft { checked, merged, patches, skip_guards: false, ..Draft::of(base) })
    }

    fn draft_of_withdrawal(&self, base: &Version, paths: &[Path]) -> Result<Draft, Problems> {
        let patches = patches::without(&base.head.patches, paths);
        let layers = read_all(&self.providers)?;
        if !base.head.held {
            return self.draft_of_layers(&layers, patches, false, Some(base));
        }
        // After a rollback, only what was withdrawn comes from the sources of today.
        let said = merge(&layers);
        let withdrawn = base.head.patches.iter().filter(|(patched, _)| paths.iter().any(|path| path.covers(patched)));
        let changes: Vec<Change> =
            withdrawn.map(|(path, _)| (path.clone(), said.document().get(path).map(|node| node.to_document()))).collect();
        let document = crate::patch::patch(base.merged.document(), &changes)?;
        let merged = Merged::new(Arc::clone(base.merged.layers()), document);
        let checked = self.schema.check(&merged, Some(&base.checked))?;
        Ok(Draft { checked, merged, patches, skip_guards: false, ..Draft::of(base) })
    }

    /// A withdrawal by somebody who has no sources: the kept versions say what stood there before.
    fn draft_of_return(&self, base: &Version, paths: &[Path]) -> Result<Draft, Problems> {
        let patches = patches::without(&base.head.patches, paths);
        let withdrawn: Vec<&Path> =
            base.head.patches.iter().map(|(patched, _)| patched).filter(|patched| paths.iter().any(|path| path.covers(patched))).collect();
        let mut changes: Vec<Change> = withdrawn.iter().map(|&path| (path.clone(), None)).collect();
        let mut left = withdrawn;
        let older = self.numbering.numbers().map_err(|error| self.numbering_problem("the versions", &error))?;
        for number in older.into_iter().rev().filter(|&number| number < base.number()) {
            if left.is_empty() {
                break;
            }
            let Ok(Some(stored)) = self.read_version(number) else { continue };
            left.retain(|&path| {
                if stored.head.patches.iter().any(|(patched, _)| path.covers(patched) || patched.covers(path)) {
                    return true;
                }
                let before = stored.document.get(path).map(|node| node.to_document());
                changes.iter_mut().filter(|(changed, _)| changed == path).for_each(|(_, value)| value.clone_from(&before));
                false
            });
        }
        // What is not there need not be taken away.
        changes.retain(|(path, value)| value.is_some() || base.merged.document().get(path).is_some());
        let document = crate::patch::patch(base.merged.document(), &changes)?;
        let merged = Merged::new(Arc::clone(base.merged.layers()), document);
        let checked = self.schema.check(&merged, Some(&base.checked))?;
        Ok(Draft { checked, merged, patches, ..Draft::of(base) })
    }

    /// Refuses changes that hold a secret, for what is stored: the versions of a folder, the last good one, overlays.
    pub(super) fn refuse_secrets(&self, base: &Document, changes: &[Change]) -> Result<(), Problems> {
        let secrets = self.secrets.with_marks_of(base);
        let secret = |(path, value): &&Change| value.as_ref().is_some_and(|value| secrets.hides_in(value, path));
        match changes.iter().find(secret) {
            Some((path, _)) => {
                let (path, expected) = (secrets.public_path(path, &[]), "a secret that comes from a source");
                Err(Problem::new("secret_patch", path, expected, "one in a patch or an overlay, which would be stored")
                    .hint("set it in the environment or in a file, and reload")
                    .into())
            }
            None => Ok(()),
        }
    }
}
