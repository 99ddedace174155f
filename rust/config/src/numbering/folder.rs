//! Numbered objects as files of one folder: `<n>`.
//!
//! **In**: objects. **Out**: files. **Law**: an object is written to a name of its own, synced, linked to its number and the folder synced, so
//! whoever is killed at any moment leaves nothing half done under a number. `link` is the create-if-absent: it fails when the name exists,
//! on network file systems too. A process that slept while its number was used and pruned again finds out by the missing predecessor, takes
//! its object back and reports that the number is taken.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use findspot_publish::Latest;

use super::{Creation, Numbering, Object};
use crate::failpoint::failpoint;

/// Attempts that somebody left behind are deleted after this time.
const ABANDONED: Duration = Duration::from_secs(3600);
/// The time stamp of a folder says nothing about changes so shortly before it was looked at.
const CLOCK_GRAIN: Duration = Duration::from_millis(60);
/// The beginning of the names of attempts.
const ATTEMPT: &str = "attempt-";

/// Numbered objects in one folder, shared by any number of processes.
pub struct Folder {
    path: PathBuf,
    /// Whether the folder is made for the first object when it is missing; of one that had objects, nothing else may take the place.
    made: bool,
    seen: Latest<Option<Seen>>,
    attempts: AtomicU64,
}

/// A listing, for as long as the folder has not changed since.
struct Seen {
    modified: SystemTime,
    newest: u64,
}

impl Folder {
    /// Uses the folder, which is made if it is missing (private to its user, since configuration is).
    ///
    /// # Errors
    /// When it is missing and cannot be made.
    pub fn open(path: &Path) -> io::Result<Self> {
        make(path)?;
        let folder = Self::read_only(path);
        // What cannot be deleted now is deleted by the next one who opens or publishes.
        let _ = folder.sweep();
        Ok(folder)
    }

    /// Uses the folder as it is; it is made when something is created in it.
    pub fn later(path: &Path) -> Self {
        Self { made: true, ..Self::read_only(path) }
    }

    /// Uses the folder as it is, and finds no versions where there is none (an index that is only read).
    pub fn read_only(path: &Path) -> Self {
        Self { path: path.to_owned(), made: false, seen: Latest::new(None), attempts: AtomicU64::new(0) }
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(number.to_string())
    }

    /// All numbers, in the order of the folder.
    fn list(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            numbers.extend(entry?.file_name().to_str().and_then(number_of));
        }
        Ok(numbers)
    }

    /// A file that is written and synced, and has no number yet.
    fn attempt(&self, bytes: &[u8]) -> io::Result<Attempt> {
        let count = self.attempts.fetch_add(1, Ordering::Relaxed);
        let attempt = Attempt(self.path.join(format!("{ATTEMPT}{}-{}-{count}", std::process::id(), nanoseconds())));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&attempt.0)?;
        failpoint("numbering: attempt opened");
        file.write_all(bytes)?;
        failpoint("numbering: attempt written");
        file.sync_all()?;
        Ok(attempt)
    }

    /// Whether the number just taken was left behind by everybody else long ago.
    pub(super) fn is_stale(&self, number: u64) -> io::Result<bool> {
        if number > 1 {
            return Ok(!self.file(number - 1).try_exists()?);
        }
        let numbers = self.list()?;
        Ok(numbers.iter().any(|&other| other > 1) && !numbers.contains(&2))
    }

    /// Deletes the attempts of processes that were killed long ago.
    fn sweep(&self) -> io::Result<()> {
        sweep_attempts(&self.path, ATTEMPT)
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

/// Deletes the files of a folder whose names begin so and that nobody has written to for long: their writers were killed. The clock may have
/// gone back meanwhile, so one of the future is left alone.
pub(crate) fn sweep_attempts(folder: &Path, beginning: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let is_attempt = entry.file_name().to_str().is_some_and(|name| name.starts_with(beginning));
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if is_attempt && age().is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Makes a folder that is missing, private to its user.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// The file of an attempt, deleted when it is dropped: by then it has a number, or never will.
struct Attempt(PathBuf);

impl Drop for Attempt {
    fn drop(&mut self) {
        // Nothing reads it; whoever prunes next deletes it if this could not.
        let _ = fs::remove_file(&self.0);
    }
}

fn number_of(name: &str) -> Option<u64> {
    let canonical = !name.is_empty() && !name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit());
    if canonical { name.parse().ok() } else { None }
}

fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

/// When a listing of now may be kept: the folder's time of change, if that is long enough ago to tell later changes from it.
fn settled(metadata: &Metadata) -> Option<SystemTime> {
    let modified = metadata.modified().ok()?;
    (SystemTime::now().duration_since(modified).ok()? > CLOCK_GRAIN).then_some(modified)
}

impl Numbering for Folder {
    fn newest(&self) -> io::Result<u64> {
        let metadata = match fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            metadata => metadata?,
        };
        let seen = self.seen.load();
        if let Some(seen) = &**seen
            && metadata.modified().is_ok_and(|modified| modified == seen.modified)
        {
            return Ok(seen.newest);
        }
        let newest = self.list()?.into_iter().max().unwrap_or(0);
        if let Some(modified) = settled(&metadata) {
            self.seen.offer(&seen, Some(Seen { modified, newest }));
        }
        Ok(newest)
    }

    fn read(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.file(number)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&self, number: u64, object: &Arc<dyn Object>) -> io::Result<Creation> {
        // Encoding and syncing cost more than a look at what is there.
        if self.newest()? >= number {
            return Ok(Creation::Exists);
        }
        if self.made && number == 1 {
            make(&self.path)?;
        }
        let attempt = self.attempt(&object.encode())?;
        failpoint("numbering: attempt synced");
        match fs::hard_link(&attempt.0, self.file(number)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(Creation::Exists),
            Err(error) => return Err(error),
        }
        failpoint("numbering: linked");
        drop(attempt);
        if self.is_stale(number)? {
            fs::remove_file(self.file(number))?;
            return Ok(Creation::Exists);
        }
        self.sync()?;
        failpoint("numbering: synced");
        Ok(Creation::Created)
    }

    fn prune(&self, below: u64) -> io::Result<()> {
        let mut numbers = self.list()?;
        numbers.sort_unstable();
        numbers.truncate(numbers.len().saturating_sub(2));
        // Ascending, so that what is left has no hole.
        for number in numbers.into_iter().filter(|&number| number < below) {
            match fs::remove_file(self.file(number)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.sweep()
    }

    fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = self.list()?;
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}
