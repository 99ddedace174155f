//! Garbage collection: objects that no kept manifest names disappear, and none that somebody still needs.
//!
//! **In**: a storage. **Out**: fewer objects. **Law**
//!
//! With locks ([`Rule::Locks`], local storages):
//! 1. The newest manifests are kept, and every manifest that is held or follows one that is held: they are deleted in ascending order.
//! 2. What a deleted manifest named and no kept one names was committed once, so nobody will name it again: it goes, unless a reader
//!    holds it.
//! 3. What no manifest names belongs to a writer, whose lock its name tells. This process's own objects go unless they are in the outbox
//!    of uncommitted work; another writer's go when its lock is free. The lock is taken first and the manifests are read after that:
//!    what its owner committed before it ended is seen.
//!
//! With ages ([`Rule::Ages`], storages that have no locks): manifests younger than R and the newest ones are kept; objects that those do
//! not name go when they are older than G.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::manifest::{self, Committed};
use super::names;
use super::outbox::Outbox;
use super::steps::Step;
use crate::base::Result;
use crate::storage::{ObjectMeta, Storage};

/// How it is decided that nobody needs an object.
#[derive(Clone)]
pub enum Rule {
    /// By locks and holds.
    Locks {
        /// Newest manifests to keep.
        keep: usize,
    },
    /// By age.
    Ages {
        /// Newest manifests to keep.
        keep: usize,
        /// R: younger manifests are kept.
        retain: Duration,
        /// G: younger objects are kept.
        grace: Duration,
        /// The clock.
        now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    },
}

impl Default for Rule {
    fn default() -> Self {
        Self::Locks { keep: 2 }
    }
}

/// What a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Objects deleted.
    pub deleted: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that are garbage, but held by readers or by writers at work: a later collection deletes them.
    pub held: u64,
}

/// Collects once.
pub(super) fn collect(outbox: &Outbox, rule: &Rule) -> Result<GcReport> {
    let mut collection = Collection { outbox, storage: &*outbox.storage, report: GcReport::default() };
    match rule {
        Rule::Locks { keep } => collection.by_locks((*keep).max(1))?,
        Rule::Ages { keep, retain, grace, now } => collection.by_age((*keep).max(1), *retain, *grace, now())?,
    }
    Ok(collection.report)
}

struct Collection<'a> {
    outbox: &'a Outbox,
    storage: &'a dyn Storage,
    report: GcReport,
}

/// What manifests name, and manifests that may go.
struct Kept {
    named: HashSet<String>,
    retired: Vec<Committed>,
}

impl Collection<'_> {
    fn by_locks(&mut self, keep: usize) -> Result<()> {
        // The order matters: what is listed first and is in neither of the later sets was dropped, not just committed.
        let objects = self.objects()?;
        let uncommitted = self.outbox.uncommitted();
        let own = self.outbox.lock_name();
        let kept = self.kept(|numbers| numbers.len().saturating_sub(keep))?;
        let sizes: BTreeMap<&str, u64> = objects.iter().map(|meta| (meta.name.as_str(), meta.size)).collect();
        let mut gone: HashSet<String> = HashSet::new();
        for old in &kept.retired {
            for object in old.manifest.objects().filter(|object| !kept.named.contains(object)) {
                if let Some(size) = sizes.get(object.as_str())
                    && gone.insert(object.clone())
                {
                    self.delete(&object, *size)?;
                }
            }
            if !self.delete(&names::manifest(old.manifest.number), 0)? {
                break;
            }
        }
        let mut orphans: BTreeMap<String, Vec<&ObjectMeta>> = BTreeMap::new();
        for object in objects.iter().filter(|object| !kept.named.contains(&object.name) && !gone.contains(&object.name)) {
            match names::owner_lock(&object.name) {
                Some(owner) if Some(&owner) == own.as_ref() && uncommitted.contains(&object.name) => {}
                Some(owner) if Some(&owner) == own.as_ref() => _ = self.delete(&object.name, object.size)?,
                Some(owner) => orphans.entry(owner).or_default().push(object),
                None => {} // not made by a writer: not ours to judge
            }
        }
        for lock in self.storage.list(names::LOCKS)? {
            if lock.name != names::MERGE_LOCK && Some(&lock.name) != own.as_ref() {
                orphans.entry(lock.name).or_default();
            }
        }
        for (owner, objects) in orphans {
            self.orphans(&owner, &objects)?;
        }
        for attempt in self.storage.list(names::TEMPORARY)? {
            self.delete(&attempt.name, attempt.size)?;
        }
        Ok(())
    }

    /// Deletes what a writer left that is gone.
    fn orphans(&mut self, owner: &str, objects: &[&ObjectMeta]) -> Result<()> {
        let Some(_lease) = self.storage.try_lock(owner)? else {
            self.report.held += objects.len() as u64;
            return Ok(());
        };
        if !objects.is_empty() {
            let named = self.kept(|_| 0)?.named; // read again, now that its owner can commit no more
            for object in objects.iter().filter(|object| !named.contains(&object.name)) {
                self.delete(&object.name, object.size)?;
            }
        }
        self.storage.delete(owner)
    }

    fn by_age(&mut self, keep: usize, retain: Duration, grace: Duration, now: SystemTime) -> Result<()> {
        let older = |meta: &ObjectMeta, age: Duration| now.duration_since(meta.modified).is_ok_and(|old| old > age);
        let objects = self.objects()?;
        let uncommitted = self.outbox.uncommitted();
        let ages = self.storage.list(names::MANIFESTS)?;
        let old: HashSet<u64> =
            ages.iter().filter(|meta| older(meta, retain)).filter_map(|meta| names::manifest_number(&meta.name)).collect();
        let kept = self.kept(|numbers| {
            let old = numbers.iter().take_while(|number| old.contains(number)).count();
            old.min(numbers.len().saturating_sub(keep))
        })?;
        for object in objects.iter().filter(|object| older(object, grace) && !kept.named.contains(&object.name)) {
            if !uncommitted.contains(&object.name) {
                self.delete(&object.name, object.size)?;
            }
        }
        for old in &kept.retired {
            self.delete(&names::manifest(old.manifest.number), 0)?;
        }
        Ok(())
    }

    /// All segments and live objects.
    fn objects(&self) -> Result<Vec<ObjectMeta>> {
        let mut objects = self.storage.list(names::SEGMENTS)?;
        objects.extend(self.storage.list(names::LIVE)?);
        Ok(objects)
    }

    /// Reads all manifests; `retire` says how many of the oldest may go.
    fn kept(&self, retire: impl Fn(&[u64]) -> usize) -> Result<Kept> {
        'again: loop {
            let numbers = manifest::numbers(self.storage)?;
            let retire = retire(&numbers);
            let mut kept = Kept { named: HashSet::new(), retired: Vec::new() };
            for (i, number) in numbers.iter().enumerate() {
                match manifest::read(self.storage, *number) {
                    Ok(committed) if i < retire => kept.retired.push(committed),
                    Ok(committed) => kept.named.extend(committed.manifest.objects()),
                    Err(e) if e.is_not_found() => continue 'again, // another collection is at work
                    Err(e) => return Err(e),
                }
            }
            return Ok(kept);
        }
    }

    /// Deletes an object unless it is held; `true` = it is gone.
    fn delete(&mut self, object: &str, size: u64) -> Result<bool> {
        self.outbox.hook.before(Step::Gc)?;
        if self.storage.delete_unless_held(object)? {
            self.report.deleted += 1;
            self.report.bytes += size;
            return Ok(true);
        }
        self.report.held += 1;
        Ok(false)
    }
}
