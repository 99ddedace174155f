//! Write-once objects under one URL: what an index stands on.
//!
//! **In**: names and bytes. **Out**: mapped bytes. **Law**: an object is written once, whole and durable, before anything names it;
//! it never changes; creating a name that exists fails without harm ([`Storage::create`]). This trait is all that an object store
//! must offer, so it stays small.

mod file;
mod memory;
mod url;

#[cfg(test)]
mod tests;

pub use file::FileStorage;
pub use memory::MemoryStorage;
pub use url::{connect, is_url};

use std::sync::Arc;
use std::time::SystemTime;

use crate::base::Result;

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Name relative to the index, with `/`.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Last change, for the age rules of garbage collection.
    pub modified: SystemTime,
}

/// The bytes of an immutable object: mapped where the storage can, else held in memory. Cloning shares them.
#[derive(Clone)]
pub struct Bytes(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl Bytes {
    /// Shares `owner`'s bytes.
    pub fn new(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self(Arc::new(owner))
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bytes({})", self.len())
    }
}

/// A new object while it is written. Dropped without [`ObjectWriter::finish`], it leaves nothing that anyone will name.
pub trait ObjectWriter: Send {
    /// Appends.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    /// Bytes so far.
    fn position(&self) -> u64;
    /// Makes the object durable under its name.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A right that one holder has at a time; dropped, it is free (also when the process dies).
pub trait Lease: Send + Sync {}

/// A folder of write-once objects. Shared by all threads.
pub trait Storage: Send + Sync {
    /// The URL that opens this storage again.
    fn url(&self) -> &str;
    /// Creates `name` with `bytes`, durable, only if it does not exist; `false` = it exists and is untouched.
    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool>;
    /// Starts a new object. Names come from unique ids, so they never collide.
    fn writer(&self, name: &str) -> Result<Box<dyn ObjectWriter>>;
    /// Opens an object for reading; missing is an error with `is_not_found`.
    fn open(&self, name: &str) -> Result<Bytes>;
    /// All objects whose name begins with `prefix`, by name.
    fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>>;
    /// Deletes an object; missing is no error.
    fn delete(&self, name: &str) -> Result<()>;
    /// Tries to take the lock `name`; `None` = somebody else, here or in another process, holds it.
    fn try_lock(&self, name: &str) -> Result<Option<Box<dyn Lease>>>;
    /// Tries to mark `name` as in use by a reader (shared). Fails with `is_not_found` when it is gone.
    fn hold(&self, name: &str) -> Result<Box<dyn Lease>>;
    /// Whether any reader, here or in another process, holds `name`. Only a report: by the time it is read it may be old.
    fn is_held(&self, name: &str) -> Result<bool>;
    /// Deletes `name` unless a reader holds it, atomically with respect to [`Storage::hold`]; `true` = it is gone now.
    fn delete_unless_held(&self, name: &str) -> Result<bool>;
}
