//! The writer twin of the segment file.
//!
//! **In**: sections as bytes, in any order of kinds, one open at a time. **Out**: a finished object and its [`FileMeta`]. **Law**: bytes
//! stream through one bounded buffer; only the page checksums (4 bytes for 4 KiB) stay in memory until the end.

use super::{ALIGNMENT, MAGIC, PAGE, SectionKey, VERSION};
use crate::base::checksum::crc32;
use crate::base::{Error, Result};
use crate::storage::ObjectWriter;

/// Bytes that are gathered before they go to storage: a whole number of pages.
const BUFFER: usize = 64 * PAGE;

/// What identifies a finished file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMeta {
    /// Size in bytes.
    pub size: u64,
    /// The footer's checksum, which depends on every byte of the file through the page table.
    pub checksum: u32,
}

/// Writes one segment file.
pub struct SegmentFileWriter {
    object: Box<dyn ObjectWriter>,
    name: String,
    /// Begins at a page boundary of the file.
    buffer: Vec<u8>,
    /// File offset of the buffer's first byte.
    flushed: u64,
    page_sums: Vec<u32>,
    sections: Vec<(SectionKey, u64, u64)>,
    open: Option<(SectionKey, u64)>,
}

impl SegmentFileWriter {
    /// Starts the file. `name` is the object's name inside the index.
    #[must_use]
    pub fn new(object: Box<dyn ObjectWriter>, name: impl Into<String>) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER);
        buffer.extend_from_slice(&MAGIC);
        buffer.extend_from_slice(&VERSION.to_le_bytes());
        buffer.extend_from_slice(&[0; 4]);
        Self { object, name: name.into(), buffer, flushed: 0, page_sums: Vec::new(), sections: Vec::new(), open: None }
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Begins a section at the next multiple of 64.
    ///
    /// # Errors
    /// [`Error::Defect`] when a section is open or this one was written already; storage errors.
    pub fn begin(&mut self, key: SectionKey) -> Result<()> {
        if self.open.is_some() || self.sections.iter().any(|(other, ..)| *other == key) {
            return Err(Error::Defect("a section was begun inside another, or twice"));
        }
        let padding = self.file_position().next_multiple_of(ALIGNMENT) - self.file_position();
        self.append(&[0; ALIGNMENT as usize][..padding as usize])?;
        self.open = Some((key, self.file_position()));
        Ok(())
    }

    /// Appends to the open section.
    ///
    /// # Errors
    /// [`Error::Defect`] when none is open; storage errors.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.open.is_none() {
            return Err(Error::Defect("bytes were written outside any section"));
        }
        self.append(bytes)
    }

    /// Bytes written to the open section so far; 0 when none is open.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.open.map_or(0, |(_, start)| self.file_position() - start)
    }

    /// Ends the open section and returns its length.
    ///
    /// # Errors
    /// [`Error::Defect`] when none is open.
    pub fn end(&mut self) -> Result<u64> {
        let Some((key, start)) = self.open.take() else {
            return Err(Error::Defect("a section was ended that was not begun"));
        };
        let len = self.file_position() - start;
        self.sections.push((key, start, len));
        Ok(len)
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.buffer.capacity() + self.page_sums.capacity() * 4
    }

    /// Writes page table, footer and tail, and makes the object durable. `stats` is JSON that readers get back with the footer.
    ///
    /// # Errors
    /// [`Error::Defect`] when a section is open; storage errors.
    pub fn finish(mut self, stats: &[u8]) -> Result<FileMeta> {
        if self.open.is_some() {
            return Err(Error::Defect("a file was finished inside a section"));
        }
        let data_end = self.file_position();
        self.flush()?;
        let table: Vec<u8> = self.page_sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        let mut footer = Vec::with_capacity(64 + self.sections.len() * super::ENTRY_LEN + stats.len());
        self.sections.sort_unstable_by_key(|(key, ..)| *key);
        footer.extend_from_slice(&(self.sections.len() as u32).to_le_bytes());
        for (key, start, len) in &self.sections {
            footer.extend_from_slice(&key.kind.to_le_bytes());
            footer.extend_from_slice(&key.field.to_le_bytes());
            footer.extend_from_slice(&start.to_le_bytes());
            footer.extend_from_slice(&len.to_le_bytes());
        }
        footer.extend_from_slice(&data_end.to_le_bytes());
        footer.extend_from_slice(&crc32(&table).to_le_bytes());
        footer.extend_from_slice(&(stats.len() as u32).to_le_bytes());
        footer.extend_from_slice(stats);
        let footer_len = footer.len() as u32;
        footer.extend_from_slice(&footer_len.to_le_bytes());
        let checksum = crc32(&footer);
        footer.extend_from_slice(&checksum.to_le_bytes());
        footer.extend_from_slice(&VERSION.to_le_bytes());
        footer.extend_from_slice(&MAGIC);
        self.object.write(&table)?;
        self.object.write(&footer)?;
        let size = self.object.position();
        self.object.finish()?;
        Ok(FileMeta { size, checksum })
    }

    fn file_position(&self) -> u64 {
        self.flushed + self.buffer.len() as u64
    }

    fn append(&mut self, mut bytes: &[u8]) -> Result<()> {
        while self.buffer.len() + bytes.len() >= BUFFER {
            let (now, later) = bytes.split_at(BUFFER - self.buffer.len());
            self.buffer.extend_from_slice(now);
            self.flush()?;
            bytes = later;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Sends the buffer to storage; only the last one of a file may end inside a page.
    fn flush(&mut self) -> Result<()> {
        self.page_sums.extend(self.buffer.chunks(PAGE).map(crc32));
        self.object.write(&self.buffer)?;
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
