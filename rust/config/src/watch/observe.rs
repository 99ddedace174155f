//! What can be known of files without reading them, and which folders tell when that changes.
//!
//! **In**: paths. **Out**: an observation of all of them, to be compared with an earlier one, and the folders to watch. **Law**: two
//! observations are equal only if device, inode, size and both times of change of every file, through all links, are; a missing file, one
//! that may not be read and a loop of links are observations like any other. The time of the last change of the inode cannot be set back,
//! so a file that was restored with an old date, or rewritten with equal size and date, is another. What no observation shows (network file
//! systems that keep attributes for a while) is left to the rare look at the content.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// More links than this are a loop, as for the kernel.
const LINKS: usize = 40;
/// More entries than this in one folder are not looked at one by one.
const ENTRIES: usize = 10_000;

/// What was seen of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Missing,
    Unreadable(ErrorKind),
    File(Fingerprint),
    Folder(Fingerprint, Vec<(std::ffi::OsString, Option<Fingerprint>)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fingerprint {
    device: u64,
    inode: u64,
    size: u64,
    modified: i128,
    changed: i128,
}

#[cfg(unix)]
fn fingerprint(metadata: &Metadata) -> Fingerprint {
    use std::os::unix::fs::MetadataExt;
    let time = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    Fingerprint {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: time(metadata.mtime(), metadata.mtime_nsec()),
        changed: time(metadata.ctime(), metadata.ctime_nsec()),
    }
}

#[cfg(not(unix))]
fn fingerprint(metadata: &Metadata) -> Fingerprint {
    let since = |time: std::io::Result<std::time::SystemTime>| {
        time.ok().and_then(|time| time.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos() as i128)
    };
    Fingerprint { device: 0, inode: 0, size: metadata.len(), modified: since(metadata.modified()), changed: since(metadata.created()) }
}

/// What was seen of all files at about one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation(Vec<Seen>);

impl Observation {
    /// Looks at each path once.
    pub fn of(paths: &[PathBuf]) -> Self {
        Self(paths.iter().map(|path| look(path)).collect())
    }
}

fn look(path: &Path) -> Seen {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Seen::Missing,
        Err(error) => return Seen::Unreadable(error.kind()),
    };
    if !metadata.is_dir() {
        return Seen::File(fingerprint(&metadata));
    }
    match fs::read_dir(path) {
        Err(error) => Seen::Unreadable(error.kind()),
        Ok(entries) => {
            let mut seen: Vec<_> = entries
                .flatten()
                .take(ENTRIES)
                .map(|entry| (entry.file_name(), fs::metadata(entry.path()).ok().map(|found| fingerprint(&found))))
                .collect();
            seen.sort_by(|(a, _), (b, _)| a.cmp(b));
            Seen::Folder(fingerprint(&metadata), seen)
        }
    }
}

/// The folders in which something must happen before a look at `paths` can show something else: the folder of each file, and of each link on
/// the way to it. Where a folder is missing, the nearest one above that exists.
pub fn folders(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            found.insert(path.clone());
        }
        follow(path, &mut found);
    }
    found
}

fn follow(path: &Path, found: &mut BTreeSet<PathBuf>) {
    let mut rest: Vec<std::ffi::OsString> = Vec::new();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    push_reversed(&absolute, &mut rest);
    let mut here = PathBuf::new();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&part);
        match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() => {
                found.insert(here.clone());
                links += 1;
                let Ok(target) = fs::read_link(&next) else { return };
                if links > LINKS {
                    return;
                }
                if target.is_absolute() {
                    here = PathBuf::new();
                }
                push_reversed(&target, &mut rest);
            }
            Ok(_) if rest.is_empty() => {
                found.insert(here.clone());
                here = next;
            }
            Ok(_) => here = next,
            Err(_) => {
                found.insert(here);
                return;
            }
        }
    }
}

fn push_reversed(path: &Path, rest: &mut Vec<std::ffi::OsString>) {
    rest.extend(path.components().rev().filter(|part| *part != Component::CurDir).map(|part| part.as_os_str().to_owned()));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;

    fn observed(path: &Path) -> Observation {
        Observation::of(&[path.to_owned()])
    }

    #[test]
    fn what_changes_is_seen_and_what_does_not_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        let missing = observed(&file);
        fs::write(&file, "a = 1").unwrap();
        let first = observed(&file);
        assert_ne!(missing, first);
        assert_eq!(first, observed(&file));
        // Equal size, equal date: what rsync and tar make.
        let date = fs::metadata(&file).unwrap().modified().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(15));
        fs::write(&file, "a = 2").unwrap();
        fs::File::options().write(true).open(&file).unwrap().set_modified(date).unwrap();
        let rewritten = observed(&file);
        assert_ne!(first, rewritten);
        // An older file in its place.
        fs::write(folder.path().join("b"), "a = 1").unwrap();
        let long_ago = date - std::time::Duration::from_secs(100_000);
        fs::File::options().write(true).open(folder.path().join("b")).unwrap().set_modified(long_ago).unwrap();
        fs::rename(folder.path().join("b"), &file).unwrap();
        assert_ne!(rewritten, observed(&file));
        fs::remove_file(&file).unwrap();
        assert_eq!(missing, observed(&file));
        fs::create_dir(&file).unwrap();
        assert_ne!(missing, observed(&file));
    }

    #[test]
    fn a_folder_is_its_entries() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.toml"), "a = 1").unwrap();
        let first = observed(folder.path());
        assert_eq!(first, observed(folder.path()));
        fs::write(folder.path().join("a.toml"), "a = 10").unwrap();
        assert_ne!(first, observed(folder.path()), "in place, so only the entry's own attributes change");
    }

    #[test]
    fn folders_of_files_and_of_links_are_watched() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("mount/..1")).unwrap();
        fs::write(root.join("mount/..1/app.toml"), "").unwrap();
        symlink("..1", root.join("mount/..data")).unwrap();
        symlink("..data/app.toml", root.join("mount/app.toml")).unwrap();
        fs::create_dir(root.join("etc")).unwrap();
        symlink(root.join("mount/app.toml"), root.join("etc/app.toml")).unwrap();
        let found = folders(&[root.join("etc/app.toml")]);
        assert_eq!(found, [root.join("etc"), root.join("mount"), root.join("mount/..1")].into());
        assert_eq!(folders(&[root.join("none/deep/a.toml")]), [root.clone()].into());
        symlink("loop", root.join("loop")).unwrap();
        assert_eq!(folders(&[root.join("loop")]), [root.clone()].into());
        assert!(matches!(look(&root.join("loop")), Seen::Unreadable(_)));
    }
}
