//! The keys of a segment while it is built.
//!
//! **In**: the key of each document. **Out**: the document that it replaces; at the end the key sections. **Law**: the newest document of
//! a key is in the table; a comparison of hashes decides nothing, the keys do. About 25 bytes a document beyond the keys themselves.

use hashbrown::HashTable;

use crate::base::checksum::xxh3;
use crate::base::{Error, Interrupt, Pace, Result};
use crate::codec::SegmentFileWriter;
use crate::codec::keys::{KeyColumnWriter, write_hashes};

/// All keys, in document order.
#[derive(Debug, Default)]
pub(super) struct KeyTable {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    newest: HashTable<u32>,
}

fn slice<'a>(bytes: &'a [u8], ends: &[usize], doc: u32) -> &'a [u8] {
    let start = (doc as usize).checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(doc as usize).and_then(|end| bytes.get(start..*end)).unwrap_or_default()
}

impl KeyTable {
    /// The key of the next document. Returns the older document that it replaces.
    pub fn push(&mut self, key: &str) -> Option<u32> {
        let Self { bytes, ends, hashes, newest } = self;
        let hash = xxh3(key.as_bytes());
        let doc = ends.len() as u32;
        let same = |other: &u32| hashes.get(*other as usize) == Some(&hash) && slice(bytes, ends, *other) == key.as_bytes();
        let replaced = match newest.find_mut(hash, same) {
            Some(newest) => Some(std::mem::replace(newest, doc)),
            None => {
                newest.insert_unique(hash, doc, |other| hashes.get(*other as usize).copied().unwrap_or_default());
                None
            }
        };
        bytes.extend_from_slice(key.as_bytes());
        ends.push(bytes.len());
        hashes.push(hash);
        replaced
    }

    /// Bytes held in memory.
    pub fn memory(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 8 + self.hashes.capacity() * 8 + self.newest.allocation_size()
    }

    /// Writes the key sections and returns the smallest and largest key.
    ///
    /// # Errors
    /// Those of the file; an interrupt's.
    pub fn write(self, file: &mut SegmentFileWriter, interrupt: &Interrupt) -> Result<(String, String)> {
        drop(self.newest);
        let mut range = KeyRange::default();
        let mut column = KeyColumnWriter::begin(file)?;
        let mut pace = Pace::new(interrupt);
        for doc in 0..self.ends.len() as u32 {
            let key = slice(&self.bytes, &self.ends, doc);
            range.include(key);
            column.push(key, file)?;
            pace.step(1 + key.len() / 8)?;
        }
        column.finish(file)?;
        drop((self.bytes, self.ends));
        write_hashes(self.hashes, file, &mut pace)?;
        range.into_strings()
    }
}

/// The smallest and the largest of some keys.
#[derive(Debug, Default)]
pub(super) struct KeyRange(Option<(Vec<u8>, Vec<u8>)>);

impl KeyRange {
    /// Widens the range to hold `key`.
    pub fn include(&mut self, key: &[u8]) {
        match &mut self.0 {
            None => self.0 = Some((key.to_vec(), key.to_vec())),
            Some((min, _)) if key < min.as_slice() => key.clone_into(min),
            Some((_, max)) if key > max.as_slice() => key.clone_into(max),
            Some(_) => {}
        }
    }

    /// Both ends; empty strings when there was no key.
    pub fn into_strings(self) -> Result<(String, String)> {
        let (min, max) = self.0.unwrap_or_default();
        let text = |bytes| String::from_utf8(bytes).map_err(|_| Error::Defect("a key that is not UTF-8"));
        Ok((text(min)?, text(max)?))
    }
}
