//! A storage that fails or dies at a chosen operation, and that tells live bytes from durable ones.
//!
//! An object that was written but not finished is there after a crash, cut short; a manifest whose creation was cut off is there, or
//! not, as the test wishes. Locks and holds end with the crash.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use super::*;
use crate::storage::{Bytes, Lease, ObjectMeta, ObjectWriter};

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Vec<u8>, bool)>,
    holds: HashMap<String, usize>,
    locks: HashSet<String>,
}

/// What happens at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails and did nothing; later ones work.
    Fails,
    /// It fails, but it was done; later ones work.
    FailsDone,
    /// It fails, and everything after it.
    Dies,
    /// It fails, though it was done, and everything after it fails.
    DiesDone,
}

pub struct Fallible {
    state: Arc<Mutex<State>>,
    count: Arc<AtomicU64>,
    at: Arc<AtomicU64>,
    fault: Fault,
    dead: Arc<AtomicBool>,
}

enum Verdict {
    Go,
    Fail { done: bool },
}

fn refused(name: &str) -> Error {
    Error::storage("write", name, io::Error::other("the test's fault"))
}

impl Fallible {
    /// Fails at mutating operation `at`, counted from 0.
    pub fn new(at: u64, fault: Fault) -> Arc<Self> {
        Arc::new(Self { state: Arc::default(), count: Arc::default(), at: Arc::new(AtomicU64::new(at)), fault, dead: Arc::default() })
    }

    /// How many mutating operations there were.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Chooses another operation, counted from the beginning.
    pub fn fail_at(&self, at: u64) {
        self.at.store(at, Ordering::Relaxed);
    }

    /// The storage as the next process finds it.
    pub fn after_crash(&self) -> Arc<Self> {
        let objects = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).objects.clone();
        let state = State { objects, ..State::default() };
        Arc::new(Self {
            state: Arc::new(Mutex::new(state)),
            count: Arc::default(),
            at: Arc::new(AtomicU64::new(u64::MAX)),
            fault: Fault::Fails,
            dead: Arc::default(),
        })
    }

    fn verdict(&self) -> Verdict {
        if self.dead.load(Ordering::Relaxed) {
            return Verdict::Fail { done: false };
        }
        if self.count.fetch_add(1, Ordering::Relaxed) != self.at.load(Ordering::Relaxed) {
            return Verdict::Go;
        }
        self.dead.store(matches!(self.fault, Fault::Dies | Fault::DiesDone), Ordering::Relaxed);
        Verdict::Fail { done: matches!(self.fault, Fault::FailsDone | Fault::DiesDone) }
    }

    fn mutate<T>(&self, name: &str, act: impl FnOnce(&mut State) -> T) -> Result<T> {
        match self.verdict() {
            Verdict::Go => Ok(act(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner))),
            Verdict::Fail { done } => {
                if done {
                    act(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
                }
                Err(refused(name))
            }
        }
    }

    fn alive(&self, name: &str) -> Result<()> {
        if self.dead.load(Ordering::Relaxed) { Err(refused(name)) } else { Ok(()) }
    }

    fn lease(&self, name: &str, hold: bool) -> Box<dyn Lease> {
        Box::new(Held { state: Arc::clone(&self.state), name: name.to_owned(), hold })
    }
}

struct Held {
    state: Arc<Mutex<State>>,
    name: String,
    hold: bool,
}

impl Lease for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !self.hold {
            state.locks.remove(&self.name);
        } else if let Some(count) = state.holds.get_mut(&self.name) {
            *count -= 1;
        }
    }
}

struct Object {
    storage: Fallible,
    name: String,
    position: u64,
    finished: bool,
}

impl Object {
    fn clone_of(storage: &Fallible) -> Fallible {
        Fallible {
            state: Arc::clone(&storage.state),
            count: Arc::clone(&storage.count),
            at: Arc::clone(&storage.at),
            fault: storage.fault,
            dead: Arc::clone(&storage.dead),
        }
    }
}

impl ObjectWriter for Object {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let name = self.name.clone();
        self.storage.mutate(&name, |state| {
            if let Some((all, _)) = state.objects.get_mut(&name) {
                all.extend_from_slice(bytes);
            }
        })?;
        self.position += bytes.len() as u64;
        Ok(())
    }
    fn position(&self) -> u64 {
        self.position
    }
    fn finish(mut self: Box<Self>) -> Result<()> {
        let name = self.name.clone();
        self.storage.mutate(&name, |state| {
            if let Some((_, durable)) = state.objects.get_mut(&name) {
                *durable = true;
            }
        })?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if !self.finished && !self.storage.dead.load(Ordering::Relaxed) {
            self.storage.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).objects.remove(&self.name);
        }
    }
}

impl Storage for Fallible {
    fn url(&self) -> &str {
        "fallible://"
    }
    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool> {
        self.mutate(name, |state| {
            if state.objects.contains_key(name) {
                return false;
            }
            state.objects.insert(name.to_owned(), (bytes.to_vec(), true));
            true
        })
    }
    fn writer(&self, name: &str) -> Result<Box<dyn ObjectWriter>> {
        self.mutate(name, |state| {
            assert!(state.objects.insert(name.to_owned(), (Vec::new(), false)).is_none(), "{name} is written twice");
        })?;
        Ok(Box::new(Object { storage: Object::clone_of(self), name: name.to_owned(), position: 0, finished: false }))
    }
    fn open(&self, name: &str) -> Result<Bytes> {
        self.alive(name)?;
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (bytes, _) = state.objects.get(name).ok_or_else(|| Error::storage("open", name, io::ErrorKind::NotFound.into()))?;
        Ok(Bytes::new(bytes.clone()))
    }
    fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>> {
        self.alive(prefix)?;
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let found = state.objects.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(found
            .map(|(name, (bytes, _))| ObjectMeta { name: name.clone(), size: bytes.len() as u64, modified: SystemTime::now() })
            .collect())
    }
    fn delete(&self, name: &str) -> Result<()> {
        self.mutate(name, |state| _ = state.objects.remove(name))
    }
    fn try_lock(&self, name: &str) -> Result<Option<Box<dyn Lease>>> {
        let free = self.mutate(name, |state| state.locks.insert(name.to_owned())).inspect_err(|_| {
            self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).locks.remove(name); // an open file that nobody got
        })?;
        Ok(free.then(|| self.lease(name, false)))
    }
    fn hold(&self, name: &str) -> Result<Box<dyn Lease>> {
        self.alive(name)?;
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !state.objects.contains_key(name) {
            return Err(Error::storage("open", name, io::ErrorKind::NotFound.into()));
        }
        *state.holds.entry(name.to_owned()).or_default() += 1;
        drop(state);
        Ok(self.lease(name, true))
    }
    fn is_held(&self, name: &str) -> Result<bool> {
        Ok(self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).holds.get(name).is_some_and(|count| *count > 0))
    }
    fn delete_unless_held(&self, name: &str) -> Result<bool> {
        self.mutate(name, |state| {
            if state.holds.get(name).is_some_and(|count| *count > 0) {
                return false;
            }
            state.objects.remove(name);
            true
        })
    }
}
