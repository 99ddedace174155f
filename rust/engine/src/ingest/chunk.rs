//! A handful of records on their way to the builders.
//!
//! **Law**: a chunk is filled by one thread and read by another, whole; its buffers are reused.

use std::ops::Range;

use crate::base::Result;

/// Records as JSON text in one buffer.
#[derive(Debug, Default)]
pub struct Chunk {
    pub(super) bytes: Vec<u8>,
    records: Vec<(Range<usize>, u64)>,
}

impl Chunk {
    /// Forgets all records and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
    }

    /// Appends a record that stood at line or position `number`.
    pub fn push(&mut self, json: &[u8], number: u64) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(json);
        self.records.push((start..self.bytes.len(), number));
    }

    /// Appends a record that `write` writes to the buffer's end; on an error nothing is appended.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn push_with<E>(&mut self, number: u64, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = self.bytes.len();
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.records.push((start..self.bytes.len(), number));
        Ok(())
    }

    /// Names a part of the buffer as a record.
    pub(super) fn mark(&mut self, range: Range<usize>, number: u64) {
        self.records.push((range, number));
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The buffer with all records in it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The records in order: JSON text, and line or position (1-based).
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], u64)> {
        self.records.iter().map(|(range, number)| (&self.bytes[range.clone()], *number))
    }
}

/// Where records come from. Pulled by one thread.
pub trait RecordSource: Send {
    /// Clears `chunk` and fills it with the next records; `false` = there are no more, and `chunk` is empty.
    ///
    /// # Errors
    /// The source cannot be read on; nothing that came from it should be kept.
    fn next(&mut self, chunk: &mut Chunk) -> Result<bool>;
    /// The file's name, for the places in errors.
    fn name(&self) -> Option<&str>;
    /// Bytes read so far and in all, when the end is known. Compressed bytes for compressed files.
    fn progress(&self) -> Option<(u64, u64)>;
}
