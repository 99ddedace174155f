//! Objects as files of one local folder.
//!
//! **In**: a folder. **Out**: mapped files. **Law**
//! 1. *Create-if-absent* is: write a temporary file, `fsync` it, `link(2)` it to its name, `fsync` the folder. The name appears whole or
//!    not at all, and a torn attempt never blocks it.
//! 2. A new object is durable (file and folder synced) before `finish` returns; dropped earlier, it is removed.
//! 3. Locks and holds are `flock(2)` locks on open files: they end with their process, however it ends. A reader's hold is a shared lock
//!    on the object itself; deleting takes the exclusive lock first, so a held object is never deleted, and a reader that waited for
//!    that lock sees by the link count that its object is gone.
//! 4. A lease that a `fork`ed child inherited is only closed there, never unlocked: it belongs to the parent.
//! 5. Files of at least [`MAP_FROM`] bytes are mapped; smaller ones are read. A mapped file that somebody shortens is outside the
//!    promise: the operating system then kills the reader (`SIGBUS`).
//!
//! One of the few modules with `unsafe`: mapping a file. Source: link(2), flock(2), fsync(2).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use ulid::Ulid;

use super::{Bytes, Lease, ObjectMeta, ObjectWriter, Storage};
use crate::base::{Error, Result};

/// Files from this size on are mapped.
const MAP_FROM: u64 = 32 * 1024;
/// Files are written and mapped in parts of this size, from multiples of it on: then systems that can keep a file's pages in pieces as
/// large as this do, and a probe anywhere in a large segment does not pay for the way through the page table.
const PART: usize = 2 << 20;
const TEMPORARY: &str = "tmp";

/// A storage in a local folder.
pub struct FileStorage {
    root: PathBuf,
    url: String,
}

impl FileStorage {
    /// The storage in `root`. Nothing is created or read yet.
    ///
    /// # Errors
    /// [`Error::Storage`] when the current folder cannot be told (for relative paths).
    pub fn new(root: PathBuf) -> Result<Self> {
        let root = std::path::absolute(&root).map_err(|e| Error::storage("resolve", root.display().to_string(), e))?;
        let url = format!("file://{}", root.display());
        Ok(Self { root, url })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn ensure_folder_of(path: &Path) -> Result<()> {
        match path.parent() {
            Some(folder) if !folder.is_dir() => {
                fs::create_dir_all(folder).map_err(|e| failed("create folder", folder, e))?;
                folder.parent().map_or(Ok(()), sync_folder)
            }
            _ => Ok(()),
        }
    }

    /// Opens for a hold: waits out a deleter, then makes sure that the file still has its name.
    fn open_shared(&self, name: &str) -> Result<File> {
        let path = self.path(name);
        let file = File::open(&path).map_err(|e| failed("open", &path, e))?;
        file.lock_shared().map_err(|e| failed("lock", &path, e))?;
        if is_unlinked(&file).map_err(|e| failed("stat", &path, e))? {
            return Err(failed("open", &path, io::ErrorKind::NotFound.into()));
        }
        Ok(file)
    }
}

fn failed(operation: &'static str, path: &Path, source: io::Error) -> Error {
    Error::storage(operation, path.display().to_string(), source)
}

#[cfg(unix)]
fn is_unlinked(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() == 0)
}

#[cfg(not(unix))]
fn is_unlinked(_: &File) -> io::Result<bool> {
    Ok(false) // such systems refuse to delete an open file
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| failed("fsync folder", folder, e))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<()> {
    Ok(())
}

/// Writes `temporary` and links it to `path`. The file is locked while it is needed, so that garbage collection, which deletes only
/// what nobody holds, tells an attempt that is under way from a leftover.
fn create_through(temporary: &Path, path: &Path, bytes: &[u8]) -> Result<bool> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary).map_err(|e| failed("create", temporary, e))?;
    file.lock_shared().map_err(|e| failed("lock", temporary, e))?;
    file.write_all(bytes).map_err(|e| failed("write", temporary, e))?;
    file.sync_all().map_err(|e| failed("fsync", temporary, e))?;
    match fs::hard_link(temporary, path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_folder).map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(failed("link", path, e)),
    }
}

struct FileWriter {
    path: PathBuf,
    file: Option<File>,
    buffer: Vec<u8>,
    position: u64,
}

impl FileWriter {
    fn file(&mut self) -> Result<&mut File> {
        self.file.as_mut().ok_or(Error::Defect("a finished object was written"))
    }

    fn flush(&mut self) -> Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.file()?.write_all(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        written.map_err(|e| failed("write", &self.path, e))
    }
}

impl ObjectWriter for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = PART - self.position as usize % PART;
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.position += now.len() as u64;
            rest = later;
            if now.len() == PART {
                // A whole part, and nothing waits before it.
                self.file()?.write_all(now).map_err(|e| failed("write", &self.path, e))?;
                continue;
            }
            self.buffer.extend_from_slice(now);
            if now.len() == room {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        self.file()?.sync_all().map_err(|e| failed("fsync", &self.path, e))?;
        self.path.parent().map_or(Ok(()), sync_folder)?;
        self.file = None; // what is finished stays
        Ok(())
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Best effort: an orphan is harmless and the next garbage collection removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

struct FileLease {
    file: File,
    pid: u32,
}

impl FileLease {
    fn boxed(file: File) -> Box<dyn Lease> {
        Box::new(Self { file, pid: std::process::id() })
    }
}

impl Lease for FileLease {}

impl Drop for FileLease {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // Explicitly, because a forked child may still have the same open file; if it fails, closing does it.
            let _ = self.file.unlock();
        }
    }
}

impl Storage for FileStorage {
    fn url(&self) -> &str {
        &self.url
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool> {
        let path = self.path(name);
        if path.exists() {
            return Ok(false);
        }
        Self::ensure_folder_of(&path)?;
        loop {
            let temporary = self.path(TEMPORARY).join(Ulid::generate().to_string());
            Self::ensure_folder_of(&temporary)?;
            let result = create_through(&temporary, &path, bytes);
            let collected = result.is_err() && !temporary.exists();
            let _ = fs::remove_file(&temporary); // a leftover is harmless and collected later
            match result {
                // Garbage collection came between creating the temporary file and locking it.
                Err(Error::Storage { operation: "link", .. }) if collected && self.root.is_dir() => {}
                result => return result,
            }
        }
    }

    fn writer(&self, name: &str) -> Result<Box<dyn ObjectWriter>> {
        let path = self.path(name);
        Self::ensure_folder_of(&path)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| failed("create", &path, e))?;
        Ok(Box::new(FileWriter { path, file: Some(file), buffer: Vec::new(), position: 0 }))
    }

    fn open(&self, name: &str) -> Result<Bytes> {
        let path = self.path(name);
        let mut file = File::open(&path).map_err(|e| failed("open", &path, e))?;
        let size = file.metadata().map_err(|e| failed("stat", &path, e))?.len();
        if size < MAP_FROM {
            let mut bytes = Vec::with_capacity(size as usize);
            file.read_to_end(&mut bytes).map_err(|e| failed("read", &path, e))?;
            return Ok(Bytes::new(bytes));
        }
        // SAFETY: objects are written once and never changed or shortened by findspot (law of the storage); a file that others change
        // under us is outside the promise, as law 5 of this module and the README say.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| failed("map", &path, e))?;
        #[cfg(target_os = "linux")]
        if size >= PART as u64 {
            // A hint: systems without large pages for files refuse it, and nothing is lost.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Ok(Bytes::new(map))
    }

    fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = self.path(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed("list", &path, e)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| failed("list", &path, e))?;
            let Some(file_name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let name = if folder.is_empty() { file_name } else { format!("{folder}/{file_name}") };
            if !name.starts_with(prefix) {
                continue;
            }
            match entry.metadata() {
                Ok(meta) if meta.is_file() => {
                    let modified = meta.modified().map_err(|e| failed("stat", &entry.path(), e))?;
                    found.push(ObjectMeta { name, size: meta.len(), modified });
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {} // deleted meanwhile
                Err(e) => return Err(failed("stat", &entry.path(), e)),
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn delete(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("delete", &path, e)),
            _ => Ok(()),
        }
    }

    fn try_lock(&self, name: &str) -> Result<Option<Box<dyn Lease>>> {
        let path = self.path(name);
        Self::ensure_folder_of(&path)?;
        loop {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(|e| failed("open", &path, e))?;
            match file.try_lock() {
                // A lock file may be collected between opening and locking it: then this lock is worth nothing, so again.
                Ok(()) if is_unlinked(&file).map_err(|e| failed("stat", &path, e))? => {}
                Ok(()) => return Ok(Some(FileLease::boxed(file))),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) => return Err(failed("lock", &path, e)),
            }
        }
    }

    fn hold(&self, name: &str) -> Result<Box<dyn Lease>> {
        Ok(FileLease::boxed(self.open_shared(name)?))
    }

    fn is_held(&self, name: &str) -> Result<bool> {
        let path = self.path(name);
        let file = File::open(&path).map_err(|e| failed("open", &path, e))?;
        match file.try_lock() {
            Ok(()) => {
                file.unlock().map_err(|e| failed("unlock", &path, e))?;
                Ok(false)
            }
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(e)) => Err(failed("lock", &path, e)),
        }
    }

    fn delete_unless_held(&self, name: &str) -> Result<bool> {
        let path = self.path(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(e) => return Err(failed("open", &path, e)),
        };
        match file.try_lock() {
            Ok(()) => self.delete(name).map(|()| true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(e)) => Err(failed("lock", &path, e)),
        }
    }
}
