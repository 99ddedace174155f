//! Numbered objects in memory: for a store of one process, and for tests.
//!
//! **Law**: as [`Numbering`]; nothing is encoded until somebody reads it. The list is one immutable value that is swapped, so a fork in the
//! middle of a creation leaves the child an old or a new list.

use std::io;
use std::sync::Arc;

use findspot_publish::Latest;

use super::{Creation, Numbering, Object};

/// Numbered objects that end with the process.
pub struct Memory(Latest<Vec<(u64, Arc<dyn Object>)>>);

impl Default for Memory {
    fn default() -> Self {
        Self(Latest::new(Vec::new()))
    }
}

impl Numbering for Memory {
    fn newest(&self) -> io::Result<u64> {
        Ok(self.0.load().last().map_or(0, |(number, _)| *number))
    }

    fn read(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        let objects = self.0.load();
        let found = objects.binary_search_by_key(&number, |(number, _)| *number).ok();
        Ok(found.and_then(|at| objects.get(at)).map(|(_, object)| object.encode()))
    }

    fn create(&self, number: u64, object: &Arc<dyn Object>) -> io::Result<Creation> {
        loop {
            let now = self.0.load();
            if now.last().is_some_and(|(newest, _)| *newest >= number) {
                return Ok(Creation::Exists);
            }
            let next = now.iter().cloned().chain([(number, Arc::clone(object))]).collect();
            if self.0.offer(&now, next) {
                return Ok(Creation::Created);
            }
        }
    }

    fn prune(&self, below: u64) -> io::Result<()> {
        loop {
            let now = self.0.load();
            let kept = now.len().saturating_sub(2);
            let next: Vec<_> =
                now.iter().enumerate().filter(|(at, (number, _))| *number >= below || *at >= kept).map(|(_, o)| o.clone()).collect();
            if next.len() == now.len() || self.0.offer(&now, next) {
                return Ok(());
            }
        }
    }

    fn numbers(&self) -> io::Result<Vec<u64>> {
        Ok(self.0.load().iter().map(|(number, _)| *number).collect())
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}
