//! The documents that pass a filter, kept per segment: what is asked again is not looked up again.
//!
//! **In**: a segment, a filter. **Out**: the set of its documents that pass, dead ones included. **Law**: a segment never changes, so a set that
//! was made for it stays right; sets go with their segment, and beyond [`BUDGET`] bytes those go first that were not used again. No lock
//! is taken: a search loads the map that is there, and offers a map with one set more; when two offer at once one is dropped, and made
//! again when it is asked for. All views of a handle share the sets.
//!
//! Every filter is kept that leaves room for others, the cheap ones too: what a filter costs to make is a scan of its columns or of its
//! posting lists, and how much that is is known only afterwards.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use findspot_publish::Latest;

use crate::base::Result;
use crate::base::bits::BitSet;
use crate::index::{SegmentView, Snapshot};
use crate::query::BoundFilter;

/// Bytes that the sets of a handle may take.
const BUDGET: usize = 8 << 20;
/// Sets of a handle: each new one copies the map.
const MOST: usize = 512;
/// Bytes of a set besides its bits and its filter.
const OVERHEAD: usize = 256;
/// Times that an offer is made again when another one was faster.
const TRIES: usize = 4;

/// The sets of one handle.
pub(super) struct FilterCache {
    sets: Latest<Sets>,
    budget: usize,
}

#[derive(Clone, Default)]
struct Sets {
    by_number: HashMap<u64, Arc<Set>>,
    bytes: usize,
    /// Sets made so far.
    made: u64,
}

/// A set of documents.
struct Set {
    segment: String,
    filter: BoundFilter,
    documents: Arc<BitSet>,
    bytes: usize,
    /// How many were made before it.
    age: u64,
    /// Asked for since sets were last dropped.
    used: AtomicBool,
}

/// A filter that sets are looked up by.
pub(super) struct Sought<'a> {
    filter: &'a BoundFilter,
    fingerprint: u64,
    size: usize,
}

impl<'a> Sought<'a> {
    pub fn new(filter: &'a BoundFilter) -> Self {
        let (fingerprint, size) = filter.fingerprint();
        Self { filter, fingerprint, size }
    }

    fn number(&self, segment: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.fingerprint, segment).hash(&mut hasher);
        hasher.finish()
    }
}

impl Default for FilterCache {
    fn default() -> Self {
        Self::new(BUDGET)
    }
}

impl FilterCache {
    /// Of so many bytes at most.
    pub fn new(budget: usize) -> Self {
        Self { sets: Latest::new(Sets::default()), budget }
    }

    /// The documents of a segment that pass, as they are kept or as `make` finds them.
    ///
    /// # Errors
    /// Those of `make`: then nothing is kept.
    pub fn passing(&self, sought: &Sought<'_>, segment: &SegmentView, make: impl FnOnce() -> Result<BitSet>) -> Result<Arc<BitSet>> {
        let number = sought.number(segment.id());
        if let Some(set) = self.sets.load().by_number.get(&number)
            && set.segment == segment.id()
            && set.filter == *sought.filter
        {
            // Written once, not by every search: the line stays shared among the processors.
            if !set.used.load(Ordering::Relaxed) {
                set.used.store(true, Ordering::Relaxed);
            }
            return Ok(Arc::clone(&set.documents));
        }
        let documents = Arc::new(make()?);
        let bytes = documents.words().len() * 8 + sought.size + OVERHEAD;
        if bytes <= self.budget / 4 {
            self.change(|sets| {
                let (segment, filter) = (segment.id().to_owned(), sought.filter.clone());
                let (documents, used) = (Arc::clone(&documents), AtomicBool::new(false));
                sets.add(number, Set { segment, filter, documents, bytes, age: sets.made, used }, self.budget);
                true
            });
        }
        Ok(documents)
    }

    /// Drops the sets of segments that a snapshot does not have.
    pub fn keep(&self, snapshot: &Snapshot) {
        self.change(|sets| {
            let before = sets.by_number.len();
            sets.by_number.retain(|_, set| snapshot.segments.iter().any(|segment| segment.id() == set.segment));
            sets.bytes = sets.by_number.values().map(|set| set.bytes).sum();
            sets.by_number.len() < before
        });
    }

    /// How many sets there are, and their bytes.
    #[cfg(test)]
    pub fn size(&self) -> (usize, usize) {
        let sets = self.sets.load();
        (sets.by_number.len(), sets.bytes)
    }

    fn change(&self, change: impl Fn(&mut Sets) -> bool) {
        for _ in 0..TRIES {
            let seen = self.sets.load();
            let mut next = Sets::clone(&seen);
            if !change(&mut next) || self.sets.offer(&seen, next) {
                return;
            }
        }
    }
}

impl Sets {
    fn add(&mut self, number: u64, set: Set, budget: usize) {
        self.made += 1;
        self.bytes += set.bytes;
        if let Some(other) = self.by_number.insert(number, Arc::new(set)) {
            self.bytes -= other.bytes;
        }
        while self.bytes > budget || self.by_number.len() > MOST {
            // The oldest that was not used again; when all were, they have to be used once more to stay.
            let others = || self.by_number.iter().filter(|(other, _)| **other != number);
            let oldest =
                others().filter(|(_, set)| !set.used.load(Ordering::Relaxed)).min_by_key(|(_, set)| set.age).map(|(other, _)| *other);
            match oldest {
                Some(oldest) => self.bytes -= self.by_number.remove(&oldest).map_or(0, |gone| gone.bytes),
                None if self.by_number.len() <= 1 => break,
                None => others().for_each(|(_, set)| set.used.store(false, Ordering::Relaxed)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FieldId;

    fn add(sets: &mut Sets, number: u64, bytes: usize, budget: usize) {
        let filter = BoundFilter::Exists { field: FieldId(0) };
        let (segment, documents) = (String::new(), Arc::new(BitSet::empty(1)));
        sets.add(number, Set { segment, filter, documents, bytes, age: sets.made, used: AtomicBool::new(false) }, budget);
    }

    #[test]
    fn what_was_not_used_again_goes_first() {
        let mut sets = Sets::default();
        (0..4).for_each(|number| add(&mut sets, number, 10, 40));
        let has = |sets: &Sets| (0..10).filter(|number| sets.by_number.contains_key(number)).collect::<Vec<_>>();
        assert_eq!((has(&sets), sets.bytes), (vec![0, 1, 2, 3], 40));
        let used = |sets: &Sets, number| sets.by_number.get(&number).into_iter().for_each(|set| set.used.store(true, Ordering::Relaxed));
        used(&sets, 0);
        add(&mut sets, 4, 20, 40);
        assert_eq!((has(&sets), sets.bytes), (vec![0, 3, 4], 40));
        [0, 3, 4].into_iter().for_each(|number| used(&sets, number));
        add(&mut sets, 5, 10, 40);
        assert_eq!((has(&sets), sets.bytes), (vec![3, 4, 5], 40), "all used: the oldest");
        add(&mut sets, 5, 30, 40);
        assert_eq!((has(&sets), sets.bytes), (vec![5], 30), "in the place of another with its number");
    }
}
