//! Numbered objects: where accepted versions stand, so that all processes count the same way.
//!
//! **In**: a number and an object. **Out**: whether it was created, and the objects of others. **Law**: an object is created only if its
//! number is free, whole and (in a folder) durable before the number names it, and never changes; of any number of processes that create the
//! same number exactly one succeeds. Numbers count from 1, without gaps at the newest end; old ones may be pruned. What is read is
//! untrusted: the store checks it before it believes it.

mod folder;
mod memory;

#[cfg(test)]
mod tests;

pub use folder::Folder;
pub(crate) use folder::sweep_attempts;
pub use memory::Memory;

use std::io;
use std::path::Path;
use std::sync::Arc;

/// What becomes of an attempt to create an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It stands.
    Created,
    /// Another has that number, and is untouched.
    Exists,
}

/// An object to be numbered. Encoded only by a numbering that keeps bytes.
pub trait Object: Send + Sync {
    /// Its bytes.
    fn encode(&self) -> Vec<u8>;
}

impl Object for Vec<u8> {
    fn encode(&self) -> Vec<u8> {
        self.clone()
    }
}

/// Numbered write-once objects. Shared by all threads.
pub trait Numbering: Send + Sync {
    /// The greatest number that exists; 0 = none. Cheap when nothing has changed: it is asked many times a second.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn newest(&self) -> io::Result<u64>;
    /// The bytes of one object; `None` = there is none (any more).
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn read(&self, number: u64) -> io::Result<Option<Vec<u8>>>;
    /// Creates an object if its number is free. Durable when it returns, if the numbering is.
    ///
    /// # Errors
    /// When it cannot be written; then nothing has that number because of this call.
    fn create(&self, number: u64, object: &Arc<dyn Object>) -> io::Result<Creation>;
    /// Deletes objects with smaller numbers. The newest two always stay.
    ///
    /// # Errors
    /// When the place cannot be written.
    fn prune(&self, below: u64) -> io::Result<()>;
    /// The numbers that exist, ascending.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn numbers(&self) -> io::Result<Vec<u64>>;
    /// The folder whose changes announce new objects, if it is one.
    fn folder(&self) -> Option<&Path> {
        None
    }
    /// Where it is, for people.
    fn place(&self) -> String;
}
