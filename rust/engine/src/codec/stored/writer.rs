//! The writer twin of the stored documents: streams blocks into the open section.

use zstd::bulk::Compressor;

use super::{BLOCK, ENTRY, LEVEL, MAX_RAW};
use crate::base::{Error, Result, varint};
use crate::codec::{SectionKey, SectionKind, SegmentFileWriter};

/// Gathers documents into blocks. Memory: one block, and 12 bytes for each block written.
pub struct StoredWriter {
    compressor: Compressor<'static>,
    lengths: Vec<u8>,
    bodies: Vec<u8>,
    /// Documents in `lengths`.
    pending: u32,
    /// Documents in all, the pending ones included.
    docs: u32,
    compressed: Vec<u8>,
    directory: Vec<u8>,
    written: u64,
}

impl StoredWriter {
    /// Begins the section.
    ///
    /// # Errors
    /// Storage errors; a refusal of the compressor to start.
    pub fn begin(file: &mut SegmentFileWriter) -> Result<Self> {
        file.begin(SectionKey::segment(SectionKind::Stored))?;
        let compressor = Compressor::new(LEVEL).and_then(|mut compressor| {
            compressor.include_contentsize(false)?;
            compressor.include_checksum(false)?;
            Ok(compressor)
        });
        Ok(Self {
            compressor: compressor.map_err(|source| Error::storage("compress", file.name(), source))?,
            lengths: Vec::new(),
            bodies: Vec::new(),
            pending: 0,
            docs: 0,
            compressed: Vec::new(),
            directory: Vec::new(),
            written: 0,
        })
    }

    /// Appends a document.
    ///
    /// # Errors
    /// Storage errors.
    #[inline]
    pub fn push(&mut self, json: &[u8], file: &mut SegmentFileWriter) -> Result<()> {
        varint::write(&mut self.lengths, json.len() as u64);
        self.bodies.extend_from_slice(json);
        self.pending += 1;
        self.docs += 1;
        if self.bodies.len() >= BLOCK || self.pending as usize >= BLOCK {
            self.flush(file)?;
        }
        Ok(())
    }

    /// Appends a block of `docs` documents as another [`StoredWriter`] compressed it.
    ///
    /// # Errors
    /// Storage errors.
    pub fn push_block(&mut self, compressed: &[u8], docs: u32, file: &mut SegmentFileWriter) -> Result<()> {
        self.flush(file)?;
        self.enter(self.docs);
        self.docs += docs;
        self.written += compressed.len() as u64;
        file.write(compressed)
    }

    /// Whether copying this block whole would not leave small blocks behind: neither it nor the block at hand is under half size.
    #[must_use]
    pub fn takes_block(&self, mut compressed: &[u8]) -> bool {
        let full = varint::read(&mut compressed).is_some_and(|raw_len| raw_len as usize >= BLOCK / 2);
        full && (self.pending == 0 || self.bodies.len() >= BLOCK / 2)
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.lengths.capacity() + self.bodies.capacity() + self.compressed.capacity() + self.directory.capacity()
    }

    fn enter(&mut self, first: u32) {
        self.directory.extend_from_slice(&first.to_le_bytes());
        self.directory.extend_from_slice(&self.written.to_le_bytes());
    }

    fn flush(&mut self, file: &mut SegmentFileWriter) -> Result<()> {
        if self.pending == 0 {
            return Ok(());
        }
        self.lengths.append(&mut self.bodies);
        let raw = &self.lengths;
        if raw.len() > MAX_RAW {
            return Err(Error::Defect("a stored document beyond the limit that the schema sets"));
        }
        self.compressed.clear();
        varint::write(&mut self.compressed, raw.len() as u64);
        let head = self.compressed.len();
        self.compressed.resize(head + zstd::zstd_safe::compress_bound(raw.len()), 0);
        let packed = self.compressed.get_mut(head..).unwrap_or_default();
        let len = self.compressor.compress_to_buffer(raw, packed).map_err(|source| Error::storage("compress", file.name(), source))?;
        self.compressed.truncate(head + len);
        self.enter(self.docs - self.pending);
        self.written += self.compressed.len() as u64;
        file.write(&self.compressed)?;
        self.lengths.clear();
        self.pending = 0;
        // One large document must not leave its buffers behind.
        if self.lengths.capacity() > 64 * BLOCK {
            (self.lengths, self.bodies, self.compressed) = (Vec::new(), Vec::new(), Vec::new());
        }
        Ok(())
    }

    /// Ends the section and writes the directory as another.
    ///
    /// # Errors
    /// Storage errors.
    pub fn finish(mut self, file: &mut SegmentFileWriter) -> Result<()> {
        self.flush(file)?;
        file.end()?;
        file.begin(SectionKey::segment(SectionKind::StoredDirectory))?;
        file.write(&self.directory)?;
        file.write(&self.docs.to_le_bytes())?;
        file.write(&((self.directory.len() / ENTRY) as u32).to_le_bytes())?;
        file.write(&self.written.to_le_bytes())?;
        file.end().map(|_| ())
    }
}

impl std::fmt::Debug for StoredWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredWriter({} documents, {} bytes)", self.docs, self.written)
    }
}
