//! Objects in this process's memory: for tests, for small indexes that need no disk, and for segments before their commit.
//!
//! **Law**: the same laws as a folder, without durability. `memory://name` is one storage for all handles of the process and lives as
//! long as one of them; `memory://` without a name is a new one each time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use super::{Bytes, Lease, ObjectMeta, ObjectWriter, Storage};
use crate::base::{Error, Result};

static NAMED: LazyLock<Mutex<HashMap<String, Weak<MemoryStorage>>>> = LazyLock::new(Mutex::default);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Bytes, SystemTime)>,
    holds: HashMap<String, usize>,
    locks: HashSet<String>,
}

/// A storage in memory.
pub struct MemoryStorage {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self { url: "memory://".into(), state: Arc::default() }
    }
}

impl MemoryStorage {
    /// The process's storage of this name; a new one for the empty name.
    #[must_use]
    pub fn named(name: &str) -> Arc<Self> {
        if name.is_empty() {
            return Arc::new(Self::default());
        }
        let mut named = lock(&NAMED);
        named.retain(|_, storage| storage.strong_count() > 0);
        if let Some(storage) = named.get(name).and_then(Weak::upgrade) {
            return storage;
        }
        let storage = Arc::new(Self { url: format!("memory://{name}"), state: Arc::default() });
        named.insert(name.to_owned(), Arc::downgrade(&storage));
        storage
    }

    fn missing(operation: &'static str, name: &str) -> Error {
        Error::storage(operation, name, io::ErrorKind::NotFound.into())
    }
}

struct MemoryWriter {
    name: String,
    state: Arc<Mutex<State>>,
    bytes: Vec<u8>,
}

impl ObjectWriter for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
    fn position(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn finish(self: Box<Self>) -> Result<()> {
        let Self { name, state, mut bytes } = *self;
        bytes.shrink_to_fit();
        lock(&state).objects.insert(name, (Bytes::new(bytes), SystemTime::now()));
        Ok(())
    }
}

enum Kind {
    Hold,
    Lock,
}

struct MemoryLease {
    name: String,
    state: Arc<Mutex<State>>,
    kind: Kind,
}

impl Lease for MemoryLease {}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        match self.kind {
            Kind::Lock => {
                state.locks.remove(&self.name);
            }
            Kind::Hold => {
                if let Some(count) = state.holds.get_mut(&self.name) {
                    *count -= 1;
                    if *count == 0 {
                        state.holds.remove(&self.name);
                    }
                }
            }
        }
    }
}

impl Storage for MemoryStorage {
    fn url(&self) -> &str {
        &self.url
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool> {
        let mut state = lock(&self.state);
        if state.objects.contains_key(name) {
            return Ok(false);
        }
        state.objects.insert(name.to_owned(), (Bytes::new(bytes.to_vec()), SystemTime::now()));
        Ok(true)
    }

    fn writer(&self, name: &str) -> Result<Box<dyn ObjectWriter>> {
        Ok(Box::new(MemoryWriter { name: name.to_owned(), state: Arc::clone(&self.state), bytes: Vec::new() }))
    }

    fn open(&self, name: &str) -> Result<Bytes> {
        lock(&self.state).objects.get(name).map(|(bytes, _)| bytes.clone()).ok_or_else(|| Self::missing("open", name))
    }

    fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>> {
        let state = lock(&self.state);
        let from_prefix = state.objects.range(prefix.to_owned()..).take_while(|(name, _)| name.starts_with(prefix));
        Ok(from_prefix
            .map(|(name, (bytes, modified))| ObjectMeta { name: name.clone(), size: bytes.len() as u64, modified: *modified })
            .collect())
    }

    fn delete(&self, name: &str) -> Result<()> {
        lock(&self.state).objects.remove(name);
        Ok(())
    }

    fn try_lock(&self, name: &str) -> Result<Option<Box<dyn Lease>>> {
        let free = lock(&self.state).locks.insert(name.to_owned());
        Ok(free
            .then(|| Box::new(MemoryLease { name: name.to_owned(), state: Arc::clone(&self.state), kind: Kind::Lock }) as Box<dyn Lease>))
    }

    fn hold(&self, name: &str) -> Result<Box<dyn Lease>> {
        let mut state = lock(&self.state);
        if !state.objects.contains_key(name) {
            return Err(Self::missing("hold", name));
        }
        *state.holds.entry(name.to_owned()).or_default() += 1;
        Ok(Box::new(MemoryLease { name: name.to_owned(), state: Arc::clone(&self.state), kind: Kind::Hold }))
    }

    fn is_held(&self, name: &str) -> Result<bool> {
        Ok(lock(&self.state).holds.contains_key(name))
    }

    fn delete_unless_held(&self, name: &str) -> Result<bool> {
        let mut state = lock(&self.state);
        if state.holds.contains_key(name) {
            return Ok(false);
        }
        state.objects.remove(name);
        Ok(true)
    }
}
