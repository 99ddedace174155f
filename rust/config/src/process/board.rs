//! The board: which process is on which version.
//!
//! **In**: what this process says of itself. **Out**: what every process says, for `drift` and metrics. **Law**: one small file a process,
//! written to another name and renamed, so it is never half there. Whoever reads the board takes dead processes off: those of the same
//! system and process namespace that do not run, or run since another moment (the number was used again); of others, those that have not
//! shown themselves for a minute. The board informs; nothing is decided by it, so its errors are nobody's errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a process shows that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// After what time without a sign an entry of another system is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// The folder beside the versions.
const BOARD: &str = "board";
/// Larger files are not ours.
const LARGEST: u64 = 4096;

/// What one process says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Process id.
    pub pid: u32,
    /// When the process began, in the system's own count: tells processes with the same id apart.
    pub start: u64,
    /// The system and its namespace of process ids.
    pub system: String,
    /// The version that its readers get.
    pub version: u64,
    /// When it got there, in microseconds since 1970.
    pub applied_at: i64,
    /// How many versions or reloads it refused.
    pub rejects: u64,
    /// Whether what its own sources say now (its environment, say) differs from that version.
    pub differs: bool,
}

impl Entry {
    /// An entry for this process.
    pub fn of_this_process(version: u64, applied_at: i64, rejects: u64, differs: bool) -> Self {
        let pid = std::process::id();
        Self { pid, start: start_of(pid).unwrap_or(0), system: system(), version, applied_at, rejects, differs }
    }

    fn file(&self, board: &Path) -> PathBuf {
        board.join(format!("{}-{}", self.pid, self.start))
    }
}

/// Shows `entry` on the board of `folder`.
pub fn show(folder: &Path, entry: &Entry) {
    let board = folder.join(BOARD);
    let Ok(text) = serde_json::to_vec(entry) else { return };
    if !board.is_dir() && fs::create_dir(&board).is_err() && !board.is_dir() {
        return;
    }
    let attempt = board.join(format!("attempt-{}", entry.pid));
    if fs::write(&attempt, text).and_then(|()| fs::rename(&attempt, entry.file(&board))).is_err() {
        let _ = fs::remove_file(&attempt);
    }
}

/// Takes `entry` off the board, when its process is done.
pub fn leave(folder: &Path, entry: &Entry) {
    let _ = fs::remove_file(entry.file(&folder.join(BOARD)));
}

/// What all live processes say, by process id; takes the dead off.
pub fn read(folder: &Path) -> Vec<Entry> {
    let here = system();
    let mut entries = Vec::new();
    for file in fs::read_dir(folder.join(BOARD)).into_iter().flatten().flatten() {
        let Ok(metadata) = file.metadata() else { continue };
        let silent = metadata.modified().ok().and_then(|at| at.elapsed().ok()).is_some_and(|age| age > SILENCE);
        let entry = if metadata.len() <= LARGEST { fs::read(file.path()).ok() } else { None };
        let entry = entry.and_then(|bytes| serde_json::from_slice::<Entry>(&bytes).ok());
        let dead = match &entry {
            Some(entry) if entry.system == here => !is_alive(entry),
            _ => silent,
        };
        if dead {
            let _ = fs::remove_file(file.path());
        } else {
            entries.extend(entry);
        }
    }
    entries.sort_by_key(|entry| (entry.pid, entry.start));
    entries
}

#[cfg(target_os = "linux")]
fn is_alive(entry: &Entry) -> bool {
    start_of(entry.pid).is_some_and(|start| start == entry.start)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_alive(entry: &Entry) -> bool {
    let pid = i32::try_from(entry.pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn is_alive(entry: &Entry) -> bool {
    entry.pid == std::process::id()
}

/// Field 22 of `/proc/<pid>/stat`; the name before it may hold spaces and parentheses. A zombie has ended.
#[cfg(target_os = "linux")]
fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn start_of(_pid: u32) -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
fn system() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    format!("{} {namespace}", boot.trim())
}

#[cfg(not(target_os = "linux"))]
fn system() -> String {
    std::env::consts::OS.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_living_stay_and_the_dead_are_taken_off() {
        let folder = tempfile::tempdir().unwrap();
        let mine = Entry::of_this_process(7, 1, 0, false);
        show(folder.path(), &mine);
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let other = Entry { pid: child.id(), start: start_of(child.id()).unwrap(), version: 6, ..mine.clone() };
        let reused = Entry { start: other.start + 1, ..other.clone() };
        let elsewhere = Entry { system: "elsewhere".into(), pid: 1, start: 1, ..mine.clone() };
        for entry in [&other, &reused, &elsewhere] {
            show(folder.path(), entry);
        }
        fs::write(folder.path().join(BOARD).join("torn"), "{").unwrap();
        let mut expected = vec![mine.clone(), other.clone(), elsewhere];
        expected.sort_by_key(|entry| entry.pid);
        assert_eq!(read(folder.path()), expected, "all but the one whose number was used again");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(read(folder.path()).len(), 2);
        let old = std::time::SystemTime::now() - SILENCE * 2;
        for file in fs::read_dir(folder.path().join(BOARD)).unwrap() {
            fs::File::options().write(true).open(file.unwrap().path()).unwrap().set_modified(old).unwrap();
        }
        assert_eq!(read(folder.path()), std::slice::from_ref(&mine), "silence only matters where life cannot be seen");
        leave(folder.path(), &mine);
        assert_eq!(read(folder.path()), []);
    }
}
