//! An object that stays in memory while it is small.
//!
//! **In**: bytes. **Out**: the bytes in memory, or a durable object. **Law**: up to the limit nothing touches storage; the first byte over
//! it moves all to an object, which goes on from there.

use std::sync::{Arc, Mutex, PoisonError};

use super::outbox::Outbox;
use crate::base::Result;
use crate::storage::{Bytes, ObjectWriter};

/// Where a finished spill's bytes are found: `None` = in the object.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Option<Bytes>>>);

impl Kept {
    /// Takes the bytes, if they stayed in memory.
    pub fn take(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub(super) struct Spill {
    outbox: Arc<Outbox>,
    id: String,
    limit: usize,
    memory: Vec<u8>,
    object: Option<Box<dyn ObjectWriter>>,
    kept: Kept,
}

impl Spill {
    /// The bytes of segment `id`, in memory up to `limit`.
    pub fn new(outbox: Arc<Outbox>, id: String, limit: usize) -> (Self, Kept) {
        let kept = Kept::default();
        (Self { outbox, id, limit, memory: Vec::new(), object: None, kept: kept.clone() }, kept)
    }
}

impl ObjectWriter for Spill {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(object) = &mut self.object {
            return object.write(bytes);
        }
        if self.memory.len() + bytes.len() <= self.limit {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        let mut object = self.outbox.segment(&self.id)?;
        object.write(&std::mem::take(&mut self.memory))?;
        object.write(bytes)?;
        self.object = Some(object);
        Ok(())
    }

    fn position(&self) -> u64 {
        self.object.as_ref().map_or(self.memory.len() as u64, |object| object.position())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        if let Some(object) = self.object.take() {
            return object.finish();
        }
        self.memory.shrink_to_fit();
        *self.kept.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Bytes::new(std::mem::take(&mut self.memory)));
        Ok(())
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            drop(object); // removes what was written
            self.outbox.discard(&super::names::segment(&self.id));
        }
    }
}
