//! The bell: waits until something happens in some folders, or a time has passed.
//!
//! **In**: folders. **Out**: the end of the wait. **Law**: a ring only means "look now"; what happened is decided by looking, so lost,
//! repeated and overflowing events do no harm, and where events do not exist (network mounts, other systems, no watches left) the time
//! decides alone. A folder that was replaced by another of the same name is watched anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// Events of folders, where the system has them.
pub struct Bell {
    #[cfg(target_os = "linux")]
    events: Option<std::os::fd::OwnedFd>,
    armed: BTreeMap<PathBuf, (u64, u64)>,
}

impl Bell {
    /// A bell for this process: one of a parent would steal the parent's events.
    pub fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            events: linux::events(),
            armed: BTreeMap::new(),
        }
    }

    /// Whether the system tells about all the folders that it was asked to; else looking again and again has to do.
    #[cfg(test)]
    fn hears(&self, folders: &BTreeSet<PathBuf>) -> bool {
        folders.iter().all(|folder| self.armed.contains_key(folder))
    }

    /// Watches exactly these folders from now on.
    pub fn arm(&mut self, folders: &BTreeSet<PathBuf>) {
        self.armed.retain(|folder, _| folders.contains(folder));
        for folder in folders {
            let identity = identity(folder);
            if self.armed.get(folder) == identity.as_ref() {
                continue;
            }
            self.armed.remove(folder);
            #[cfg(target_os = "linux")]
            if let (Some(identity), Some(events)) = (identity, &self.events)
                && linux::add(events, folder)
            {
                self.armed.insert(folder.clone(), identity);
            }
        }
    }

    /// Waits for an event, at most so long.
    pub fn wait(&self, at_most: Duration) {
        #[cfg(target_os = "linux")]
        if let Some(events) = &self.events {
            return linux::wait(events, at_most);
        }
        std::thread::sleep(at_most);
    }
}

#[cfg(unix)]
fn identity(folder: &std::path::Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(folder).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(folder: &std::path::Path) -> Option<(u64, u64)> {
    folder.is_dir().then_some((0, 0))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;
    use std::path::Path;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    use rustix::io::read;

    pub fn events() -> Option<OwnedFd> {
        init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()
    }

    pub fn add(events: &OwnedFd, folder: &Path) -> bool {
        let changes = WatchFlags::CLOSE_WRITE
            | WatchFlags::MODIFY
            | WatchFlags::ATTRIB
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        add_watch(events, folder, changes).is_ok()
    }

    pub fn wait(events: &OwnedFd, at_most: Duration) {
        let timeout = Timespec { tv_sec: at_most.as_secs() as i64, tv_nsec: i64::from(at_most.subsec_nanos()) };
        let mut ready = [PollFd::new(events, PollFlags::IN)];
        if poll(&mut ready, Some(&timeout)).is_ok_and(|count| count > 0) {
            // Which events they were does not matter; they only must be gone.
            let mut buffer = [0u8; 4096];
            while read(events, &mut buffer).is_ok_and(|count| count > 0) {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Instant;

    use super::*;

    #[test]
    fn it_rings_for_files_and_for_a_folder_that_was_replaced() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("conf");
        std::fs::create_dir(&folder).unwrap();
        let folders = BTreeSet::from([folder.clone()]);
        let mut bell = Bell::new();
        bell.arm(&folders);
        assert!(bell.hears(&folders));
        let rings = |bell: &Bell, change: &dyn Fn()| {
            bell.wait(Duration::ZERO);
            change();
            let before = Instant::now();
            bell.wait(Duration::from_secs(5));
            before.elapsed() < Duration::from_secs(3)
        };
        assert!(rings(&bell, &|| std::fs::write(folder.join("a"), "1").unwrap()));
        std::fs::rename(&folder, root.path().join("old")).unwrap();
        std::fs::create_dir(&folder).unwrap();
        bell.arm(&folders);
        assert!(rings(&bell, &|| std::fs::write(folder.join("a"), "1").unwrap()));
        let before = Instant::now();
        bell.wait(Duration::from_millis(30));
        bell.wait(Duration::from_millis(30));
        assert!(before.elapsed() >= Duration::from_millis(30), "quiet when nothing happens");
    }
}
