//! Names of objects: unique without coordination, and they tell who wrote them.
//!
//! **In**: a writer's identity, the time. **Out**: object names, the owner of an object. **Law**: a name is used once; its owner's lock
//! is taken before the first object of that name exists, so whoever gets the lock of an owner knows that no unfinished work of that
//! owner is left. The 80 random bits of a ULID are split: 50 bits name the writer, 30 bits count. In text: ten characters of time, ten of
//! the writer, six of the count. Source: the ULID specification.

use std::sync::atomic::{AtomicU64, Ordering};

use ulid::Ulid;

use crate::base::Result;
use crate::storage::{Lease, Storage};

const COUNT_BITS: u32 = 30;
const TIME_CHARS: usize = 10;
const WRITER_CHARS: usize = 10;
const ULID_CHARS: usize = 26;

/// Folder of segments.
pub const SEGMENTS: &str = "seg/";
/// Folder of live bits.
pub const LIVE: &str = "live/";
/// Folder of manifests.
pub const MANIFESTS: &str = "manifest/";
/// Folder of locks.
pub const LOCKS: &str = "lock/";
/// The lock of the one process that merges.
pub const MERGE_LOCK: &str = "lock/merge";
/// Folder of attempts at create-if-absent.
pub const TEMPORARY: &str = "tmp/";

/// The object of a segment.
#[must_use]
pub fn segment(id: &str) -> String {
    format!("{SEGMENTS}{id}.seg")
}

/// The object of one version of a segment's live bits.
#[must_use]
pub fn live(segment: &str, unique: &str) -> String {
    format!("{LIVE}{segment}.{unique}")
}

/// The object of a manifest.
#[must_use]
pub fn manifest(number: u64) -> String {
    format!("{MANIFESTS}{number}")
}

/// The number of a manifest's object.
#[must_use]
pub fn manifest_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(MANIFESTS)?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

/// The lock of the writer that made a segment or live object; `None` for names that no writer makes.
#[must_use]
pub fn owner_lock(object: &str) -> Option<String> {
    let unique = match object.strip_prefix(SEGMENTS) {
        Some(segment) => segment.strip_suffix(".seg")?,
        None => object.strip_prefix(LIVE)?.split_once('.')?.1,
    };
    if unique.len() != ULID_CHARS {
        return None;
    }
    Ulid::from_string(unique).ok()?;
    Some(format!("{LOCKS}{}", unique.get(TIME_CHARS..TIME_CHARS + WRITER_CHARS)?))
}

/// One writer's names, with the lock that says it lives.
pub struct Names {
    writer: u128,
    count: AtomicU64,
    lock: String,
    lease: Box<dyn Lease>,
}

impl Names {
    /// A new identity and its lock.
    ///
    /// # Errors
    /// Those of the storage: a folder that cannot be written, for one.
    pub fn acquire(storage: &dyn Storage) -> Result<Self> {
        loop {
            let writer = Ulid::generate().random() >> COUNT_BITS << COUNT_BITS;
            let text = Ulid::from_parts(0, writer).to_string();
            let lock = format!("{LOCKS}{}", text.get(TIME_CHARS..TIME_CHARS + WRITER_CHARS).unwrap_or_default());
            // Taken by another writer: once in 2^50; draw again.
            if let Some(lease) = storage.try_lock(&lock)? {
                return Ok(Self { writer, count: AtomicU64::new(0), lock, lease });
            }
        }
    }

    /// A unique id for a segment, a live object or a commit.
    #[must_use]
    pub fn unique(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed) & ((1 << COUNT_BITS) - 1);
        Ulid::from_parts(Ulid::generate().timestamp_ms(), self.writer | u128::from(count)).to_string()
    }

    /// The name of this writer's lock.
    #[must_use]
    pub fn lock(&self) -> &str {
        &self.lock
    }

    /// Loses the lock as a killed process does.
    #[cfg(test)]
    pub(super) fn lose(self) {
        drop(self.lease);
    }

    /// Gives the lock back and removes its object.
    pub fn release(self, storage: &dyn Storage) {
        let _ = storage.delete(&self.lock); // a leftover is removed by the next garbage collection
        drop(self.lease);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashSet;

    use super::*;
    use crate::storage::MemoryStorage;

    #[test]
    fn names_are_unique_and_name_their_writer() {
        let storage = MemoryStorage::named("");
        let (a, b) = (Names::acquire(&*storage).unwrap(), Names::acquire(&*storage).unwrap());
        let mut seen = HashSet::new();
        for _ in 0..1000 {
            for names in [&a, &b] {
                let (id, version) = (names.unique(), names.unique());
                assert_eq!(owner_lock(&segment(&id)).unwrap(), names.lock());
                assert_eq!(owner_lock(&live(&b.unique(), &version)).unwrap(), names.lock());
                assert!(seen.insert(id) && seen.insert(version));
            }
        }
        assert!(storage.try_lock(a.lock()).unwrap().is_none());
        let lock = a.lock().to_owned();
        a.release(&*storage);
        assert!(storage.try_lock(&lock).unwrap().is_some());
    }

    #[test]
    fn foreign_names_have_no_owner_and_no_number() {
        for name in ["seg/x.seg", "seg/01ARZ3NDEKTSV4RRFFQ69G5FAV", "live/a", "manifest/1", "config/1", "seg/ééééééééééééé.seg"]
        {
            assert_eq!(owner_lock(name), None, "{name}");
        }
        assert_eq!(manifest_number(&manifest(7)), Some(7));
        for name in ["manifest/07", "manifest/", "manifest/x", "manifest/-1", "seg/1"] {
            assert_eq!(manifest_number(name), None, "{name}");
        }
    }
}
