//! The first reading of a store, and the file of what was good last.
//!
//! **In**: a numbering, sources, perhaps such a file. **Out**: a current version, or the report of why there is none. **Law**
//! 1. What sources say wins over what is numbered, unless a rollback holds them; sources that are refused are an error, whatever is numbered,
//!    but where a file of the last good version was asked for.
//! 2. A store without sources publishes nothing: it starts on the newest version, before there is one on the defaults of its shape (as version
//!    0, which only this process has), and on no version that it had to refuse.

use std::path::Path as FilePath;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Inner;
use super::follow::decode_with_own_secrets;
use super::publish::Draft;
use super::report::{By, Report, Timings};
use super::version::Version;
use crate::document::Path;
use crate::failpoint::failpoint;
use crate::numbering::sweep_attempts;
use crate::object::{Cause, Head, Patches, encode, hash_text};
use crate::problem::{Problem, Problems};

impl Inner {
    /// Whether this store has nothing to say: it takes what others publish, and what it is asked to patch.
    pub(super) fn only_follows(&self) -> bool {
        self.providers.is_empty()
    }

    /// The first reading: what is numbered, then what the sources say, then (if that fails) what was good last.
    pub(super) fn load(&self) -> Report {
        self.sweep_last_good();
        if self.only_follows() {
            return self.start_following();
        }
        let by = By::default();
        let held = self.catch_up_for_publishing(Cause::Load).is_ok() && self.cell.load().head.held;
        if held {
            // A rollback stands until somebody says `resume`, also through a restart.
            let report = self.publish(Cause::Load, &by, &mut |base| Ok(Draft::of(base)));
            return self.record(report, &by);
        }
        let mut report = self.reload(Cause::Load, &by);
        if !report.accepted {
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

    /// The first reading of a store without sources.
    fn start_following(&self) -> Report {
        let mut report = self.look_again(Cause::Load);
        if report.version == 0 && !report.accepted && self.catch_up_to_sound() {
            // What is wrong with the newest stays in the report.
            report.version = self.cell.load().number();
            report.accepted = true;
            report.problems.extend(self.keep_last_good());
        }
        if report.version == 0 {
            let started = match &self.last_good {
                Some(path) if path.exists() => {
                    report.cause = Cause::LastGood;
                    self.start_with_last_good(path)
                }
                _ if report.accepted => self.start_with_defaults(),
                // What was refused is in the report.
                _ => Err(Problems::default()),
            };
            report.accepted = started.is_ok();
            report.problems.extend(started.err().unwrap_or_default().0);
            report.version = self.cell.load().number();
        }
        self.record(report, &By::default())
    }

    /// Nothing is published yet: readers get what the shape says without any source.
    fn start_with_defaults(&self) -> Result<(), Problems> {
        let place = self.numbering.place();
        let draft = self.draft_of_layers(&[], Patches::default(), false, None).map_err(|mut problems| {
            let first = Problem::new("no_version", Path::root(), format!("a version in {place}"), "none").hint(
                "open a store with sources on that folder first: without a version there are only defaults, and not every value has one",
            );
            problems.0.insert(0, first);
            problems
        })?;
        let head = Head { merged: draft.merged_hash.clone(), ..Head::nothing() };
        self.start_with(head, draft)
    }

    /// The last good content as it was, without publishing it.
    fn start_with_last_good(&self, path: &FilePath) -> Result<(), Problems> {
        let (mut head, draft) = self.read_last_good(path)?;
        // A number of this numbering, or none: what others publish next is newer in any case.
        if head.number > self.newest().unwrap_or(0) {
            head.number = 0;
        }
        self.start_with(head, draft)
    }

    fn start_with(&self, head: Head, draft: Draft) -> Result<(), Problems> {
        let prepared = self.prepare(&draft, None, Cause::Load, &mut Timings::default())?;
        self.begin(head, draft.checked, draft.merged, prepared);
        Ok(())
    }

    fn read_last_good(&self, path: &FilePath) -> Result<(Head, Draft), Problems> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| Problem::new("last_good", Path::root(), format!("a last good version at {name}"), error.to_string()))?;
        let stored = decode_with_own_secrets(self, &name, &bytes)?;
        let head = stored.head.clone();
        Ok((head, self.draft_of_stored(stored.head.number, stored)?))
    }

    /// Makes the newest numbered version, or else the file of the last good one, current.
    fn load_last_good(&self, path: &FilePath) -> Result<(), Problems> {
        if self.cell.load().number() > 0 {
            return Ok(());
        }
        let (_, draft) = self.read_last_good(path)?;
        let name = path.display();
        let by = By { reason: format!("the sources could not be read; {name} could"), ..By::default() };
        let report = self.publish(Cause::LastGood, &by, &mut |_| Ok(draft.clone()));
        let report = self.record(report, &by);
        if report.accepted { Ok(()) } else { Err(report.problems.into()) }
    }

    /// Keeps the current version for a start without sources. An old copy stays when this fails, and a warning is returned.
    pub(super) fn keep_last_good(&self) -> Option<Problem> {
        let path = self.last_good.as_ref()?;
        // Who publishes and who follows may be here at once: whoever is last writes what is current then.
        let error = loop {
            let version = self.cell.load_full();
            if let Err(error) = self.write_last_good(path, &version) {
                break error;
            }
            if self.cell.load().number() == version.number() {
                return None;
            }
        };
        Inner::count(&self.counts.last_good_failures);
        let expected = format!("a file for the last good version that can be written at {}", path.display());
        let warning = Problem::new("last_good", Path::root(), expected, error.to_string())
            .hint("name a file in a folder that this process may write to, on a disk with room; the file before stays as it is")
            .warning();
        log::warn!(target: "findspot::config", "{warning}");
        Some(warning)
    }

    fn write_last_good(&self, path: &FilePath, version: &Version) -> std::io::Result<()> {
        // A file, so sealed whatever the numbering is; its head names that document.
        let sealed = self.secrets.seal(version.document());
        let head = Head { hash: hash_text(&sealed), ..(*version.head).clone() };
        let beginning = attempts_of(path);
        let count = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
        let attempt = path.with_file_name(format!("{beginning}{}-{count}", std::process::id()));
        let written = write_private(&attempt, &encode(&head, &sealed))
            .inspect(|()| failpoint("last good: attempt written"))
            .and_then(|()| std::fs::rename(&attempt, path));
        if written.is_err() {
            let _ = std::fs::remove_file(&attempt);
        }
        written
    }

    /// Deletes what killed processes left beside the file of the last good version.
    pub(super) fn sweep_last_good(&self) {
        if let Some(path) = &self.last_good {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(FilePath::new("."));
            // A folder that is not there is a problem of the first version that is kept.
            let _ = sweep_attempts(folder, &attempts_of(path));
        }
    }
}

/// Attempts of this process, so that each has a name of its own.
static ATTEMPTS: AtomicU64 = AtomicU64::new(0);

/// How the names of attempts to write a file begin.
fn attempts_of(path: &FilePath) -> String {
    format!("{}.attempt-", path.file_name().unwrap_or_default().to_string_lossy())
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
