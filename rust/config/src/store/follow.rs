//! Following: versions that other processes (or earlier runs) published become current here.
//!
//! **In**: numbered objects. **Out**: the newest one as current version, or the reason why not. **Law**
//! 1. Only the newest object matters; what lies between was never current here, which no reader can tell from having been slow.
//! 2. An object is checked as if a stranger had written it, then by this process's own shape and checks; guards are not asked again. One that is
//!    refused leaves the current version in place, is recorded once, and is not looked at again.
//! 3. Adoption needs no turn of a publisher, so a publisher that waits for a slow guard delays no follower.

use std::path::Path as FilePath;
use std::sync::Arc;

use super::provider::{read_all, read_one};
use super::publish::Draft;
use super::report::{By, Report, Timings};
use super::{Inner, Refused, Version};
use crate::document::Path;
use crate::layers::{Layer, Merged, merge};
use crate::numbering::Numbering;
use crate::object::{Cause, Damage, Head, Patches, Stored, decode, decode_head, encode, hash_text};
use crate::problem::{Problem, Problems};
use crate::secret_keys::SecretNames;
use crate::secrets::Secrets;
use crate::source::{LayerKind, Source};

/// Reads an object; its secrets, if it has any, are what this process's own sources say. A source that is down takes only its own secrets away,
/// and not those that the current version has from it.
fn decode_with_own_secrets(inner: &Inner, name: &str, bytes: &[u8]) -> Result<Stored, Problems> {
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
    // What cannot be read is a problem of the load that follows.
    let bytes = numbering.read(numbering.newest().ok()?).ok()??;
    decode_head(&bytes).ok()?.secret_names
}

fn damaged(name: &str, damage: Damage) -> Problems {
    Problem::new("damaged_version", Path::root(), format!("a version in {name}"), damage.to_string())
        .hint("the version before it stays current; publish again, or delete the object")
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

    /// A stored document as one that this process's shape accepts.
    pub(super) fn draft_of_stored(&self, number: u64, stored: Stored) -> Result<Draft, Problems> {
        let source = Arc::new(Source::new(self.object_name(number), LayerKind::Version, String::new()));
        let layers: Arc<[Arc<Layer>]> = Arc::from([Arc::new(Layer::new(source, stored.document.clone()))]);
        let merged = Merged::new(layers, stored.document);
        let checked = self.schema.check(&merged, None)?;
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
        if adopted.is_err() && newest >= refused.number {
            self.refused.offer(&refused, Refused { number: newest, head });
        }
        adopted
    }

    fn newest(&self) -> Result<u64, Problems> {
        self.numbering.newest().map_err(|error| self.numbering_problem("the versions", &error))
    }

    fn adopt(&self, number: u64, base: &Arc<Version>, sound: &mut Option<Arc<Head>>) -> Result<bool, Problems> {
        let Some(stored) = self.read_version(number)? else { return Ok(false) };
        let head = stored.head.clone();
        *sound = Some(Arc::new(head.clone()));
        let mut draft = self.draft_of_stored(number, stored)?;
        // Equal content is the same memory: nothing is built anew for it.
        if base.number() > 0 && base.document() == draft.checked.document() && !self.marks_more(&draft, base) {
            (draft.checked, draft.merged) = (base.checked.clone(), base.merged.clone());
        }
        let prepared = self.prepare(&draft, Some(base), Cause::Follow, &mut Timings::default())?;
        self.commit(head, draft.checked, draft.merged, prepared);
        Inner::count(&self.counts.followed);
        Ok(true)
    }

    /// Whether a draft marks secrets that a version of the same content does not.
    fn marks_more(&self, draft: &Draft, base: &Version) -> bool {
        draft.checked.document().root().has_marks() && !base.document().root().has_marks()
    }

    /// Follows, and reports what was refused.
    pub(super) fn follow(&self) {
        let began_on = self.cell.load().number();
        if let Err(problems) = self.newest().and_then(|newest| self.catch_up_to(newest, false)) {
            self.refuse(Cause::Follow, began_on, problems);
        } else if self.cell.load().number() > began_on {
            self.keep_last_good();
        }
    }

    /// Records a refusal that nobody waits for.
    fn refuse(&self, cause: Cause, previous: u64, problems: Problems) {
        let report = Report {
            cause,
            accepted: false,
            published: false,
            version: self.cell.load().number(),
            previous,
            problems: problems.0,
            timings: Timings::default(),
            actor: String::new(),
            time: self.now(),
        };
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

    /// The first reading: what is numbered, then what the sources say, then (if that fails) what was good last.
    pub(super) fn load(&self) -> Report {
        let by = By::default();
        let held = self.catch_up_for_publishing(Cause::Load).is_ok() && self.cell.load().head.held;
        if held {
            // A rollback stands until somebody says `resume`, also through a restart.
            let report = self.publish(Cause::Load, &by, &mut |base| Ok(Draft::of(base)));
            return self.record(report, &by);
        }
        let mut report = self.reload(Cause::Load, &by);
        if !report.accepted && self.providers.is_empty() {
            // Nothing to read and nowhere to write: a reader of a place where nothing was published yet.
            report.accepted = report.problems.iter().all(|problem| problem.code == "numbering");
        } else if !report.accepted {
            let fallback = self.last_good.as_ref().map(|path| self.load_last_good(path));
            match fallback {
                Some(Ok(())) => {
                    report.cause = Cause::LastGood;
                    report.version = self.cell.load().number();
                }
                Some(Err(problems)) => report.problems.extend(problems.0),
                // What is numbered is not what the sources say: without a word about it, it shall not be what the program starts with.
                None => report.version = 0,
            }
        }
        report
    }

    /// Makes the newest numbered version, or else the file of the last good one, current.
    fn load_last_good(&self, path: &FilePath) -> Result<(), Problems> {
        if self.cell.load().number() > 0 {
            return Ok(());
        }
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| Problem::new("last_good", Path::root(), format!("a last good version at {name}"), error.to_string()))?;
        let stored = decode_with_own_secrets(self, &name, &bytes)?;
        let draft = self.draft_of_stored(stored.head.number, stored)?;
        let by = By { reason: format!("the sources could not be read; {name} could"), ..By::default() };
        let report = self.publish(Cause::LastGood, &by, &mut |_| Ok(draft.clone()));
        let report = self.record(report, &by);
        if report.accepted { Ok(()) } else { Err(report.problems.into()) }
    }

    /// Keeps the current version for a start without sources. An old copy stays when this fails.
    pub(super) fn keep_last_good(&self) {
        let Some(path) = &self.last_good else { return };
        let version = self.cell.load_full();
        // A file, so sealed whatever the numbering is; its head names that document.
        let sealed = self.secrets.seal(version.document());
        let head = Head { hash: hash_text(&sealed), ..(*version.head).clone() };
        let bytes = encode(&head, &sealed);
        let attempt = path.with_extension(format!("attempt-{}", std::process::id()));
        let written = write_private(&attempt, &bytes).and_then(|()| std::fs::rename(&attempt, path));
        if written.is_err() {
            let _ = std::fs::remove_file(&attempt);
        }
    }
}

fn write_private(path: &FilePath, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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
