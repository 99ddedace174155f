//! Files that are mounted by themselves: what their host does to them may never be seen.
//!
//! **In**: paths, the system's table of mounts. **Out**: those that are mount points. **Law**: a mount holds a file, not its name. Kubernetes
//! (`subPath`) and containers mount single files so; an update puts another file under the name, outside, and the mount keeps the old one. No
//! watch can see that, so all that can be done is to say it.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The files among `paths` that are mounted by themselves.
pub fn mounted_files(paths: &[PathBuf]) -> Vec<PathBuf> {
    // Only Linux has it; elsewhere nothing is known.
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let points = mount_points(&table);
    let is_mounted = |path: &&PathBuf| path.is_file() && std::fs::canonicalize(path).is_ok_and(|path| points.contains(Path::new(&path)));
    paths.iter().filter(is_mounted).cloned().collect()
}

/// The fifth field of each line; blanks, tabs, ends of lines and backslashes in it are octal.
fn mount_points(table: &[u8]) -> HashSet<PathBuf> {
    let fields = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(unescaped);
    table.split(|byte| *byte == b'\n').filter_map(fields).collect()
}

fn unescaped(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    PathBuf::from(os_string(bytes))
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_of_mounts_is_read() {
        let table = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 8:1 /pods/x /etc/app\\040one/app\\134.toml ro shared:1 - ext4 /dev/sda1 rw\n\ntorn line";
        let expected = ["/", "/etc/app one/app\\.toml"].map(PathBuf::from);
        assert_eq!(mount_points(table), HashSet::from(expected));
        assert_eq!(unescaped(b"\\9\\04"), PathBuf::from("\\9\\04"));
    }

    #[test]
    fn a_file_that_is_mounted_by_itself_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a.toml", "b.toml"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| std::fs::write(path, "").unwrap());
        assert!(mounted_files(&[paths[0].clone(), paths[1].clone(), folder.path().into(), "none".into()]).is_empty());
        // What containers mount: there in every one of them, and in many other systems not.
        let known = ["/etc/resolv.conf", "/etc/hostname", "/etc/hosts"].map(PathBuf::from);
        let points = mount_points(&std::fs::read("/proc/self/mountinfo").unwrap_or_default());
        let expected: Vec<PathBuf> = known.iter().filter(|path| points.contains(*path)).cloned().collect();
        assert_eq!(mounted_files(&known), expected);
    }
}
