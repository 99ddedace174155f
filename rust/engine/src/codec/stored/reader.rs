//! The reader twin of the stored documents.
//!
//! **Law**: a thread keeps one decompression context and the block that it read last; nothing is shared, so nothing is locked.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zstd::bulk::Decompressor;

use super::{BLOCK, ENTRY, MAX_RAW, TRAILER};
use crate::base::{DocId, Error, Result, varint};
use crate::codec::{Section, SectionKey, SectionKind, SegmentFile};

/// Numbers the readers of this process, so that a thread recognises its last block.
static READERS: AtomicU64 = AtomicU64::new(0);

/// What a thread keeps between reads.
#[derive(Default)]
struct Scratch {
    decompressor: Option<Decompressor<'static>>,
    /// Reader and block of `raw`.
    holds: Option<(u64, u32)>,
    raw: Vec<u8>,
    /// Where each document of `raw` lies.
    places: Vec<(u32, u32)>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends the thread's scratch to `work`, which must not read stored documents itself.
fn borrow<T>(work: impl FnOnce(&mut Scratch) -> Result<T>) -> Result<T> {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => work(&mut scratch),
        Err(_) => Err(Error::Defect("stored documents were read while reading stored documents")),
    })
}

/// Reads documents of one segment.
#[derive(Clone, Debug)]
pub struct StoredReader {
    id: u64,
    blocks: Section,
    directory: Section,
    doc_count: u32,
    block_count: u32,
    end: u64,
}

impl StoredReader {
    /// Opens the stored documents of a segment.
    ///
    /// # Errors
    /// [`Error::Corruption`] when a section is missing or its trailer contradicts it.
    pub fn open(file: &Arc<SegmentFile>) -> Result<Self> {
        let sections = [SectionKind::Stored, SectionKind::StoredDirectory].map(|kind| file.section(SectionKey::segment(kind)));
        let [Some(blocks), Some(directory)] = sections else {
            return Err(Error::corruption(file.name(), 0, "a segment without stored documents"));
        };
        let trailer = directory.len().checked_sub(TRAILER).ok_or_else(|| directory.corruption(0, "a directory without trailer"))?;
        let (doc_count, block_count) = (directory.u32_at(trailer)?, directory.u32_at(trailer + 4)?);
        let end = directory.u64_at(trailer + 8)?;
        let empty = (doc_count == 0) == (block_count == 0);
        if !empty || trailer != block_count as usize * ENTRY || end != blocks.len() as u64 {
            return Err(directory.corruption(trailer, format!("{doc_count} documents in {block_count} blocks of {end} bytes")));
        }
        let id = READERS.fetch_add(1, Ordering::Relaxed);
        Ok(Self { id, blocks, directory, doc_count, block_count, end })
    }

    /// Number of documents.
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        self.doc_count
    }

    /// Number of blocks.
    #[must_use]
    pub fn block_count(&self) -> u32 {
        self.block_count
    }

    /// First document and offset of a block; behind the last one the ends.
    fn entry(&self, block: u32) -> Result<(u32, u64)> {
        if block >= self.block_count {
            return Ok((self.doc_count, self.end));
        }
        let at = block as usize * ENTRY;
        Ok((self.directory.u32_at(at)?, self.directory.u64_at(at + 4)?))
    }

    fn place(&self, block: u32) -> Result<(Range<u32>, Range<usize>)> {
        let ((first, start), (next, end)) = (self.entry(block)?, self.entry(block + 1)?);
        if first >= next || next - first > BLOCK as u32 || start >= end || end > self.end {
            return Err(self
                .directory
                .corruption(block as usize * ENTRY, format!("block {block} holds documents {first}..{next} in {start}..{end}")));
        }
        Ok((first..next, start as usize..end as usize))
    }

    /// The documents of a block.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn docs(&self, block: u32) -> Result<Range<u32>> {
        self.place(block).map(|(docs, _)| docs)
    }

    /// The bytes of a block as they are stored: what [`super::StoredWriter::push_block`] takes.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn compressed(&self, block: u32) -> Result<&[u8]> {
        let (_, bytes) = self.place(block)?;
        self.blocks.read(bytes)
    }

    /// The block that holds a document of the segment.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn block_of(&self, doc: DocId) -> Result<u32> {
        let (mut low, mut high) = (0, self.block_count);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.entry(middle)?.0 <= doc.0 { low = middle } else { high = middle }
        }
        Ok(low)
    }

    /// Replaces `out` by the JSON of a document.
    ///
    /// # Errors
    /// [`Error::Corruption`]; [`Error::Defect`] for a document that the segment does not have.
    pub fn document(&self, doc: DocId, out: &mut Vec<u8>) -> Result<()> {
        if doc.0 >= self.doc_count {
            return Err(Error::Defect("a document beyond its segment was asked for"));
        }
        out.clear();
        let block = self.block_of(doc)?;
        borrow(|scratch| {
            let docs = self.load(block, scratch)?;
            let place = docs.contains(&doc.0).then(|| scratch.places.get((doc.0 - docs.start) as usize)).flatten();
            let bytes = place.and_then(|&(start, end)| scratch.raw.get(start as usize..end as usize));
            out.extend_from_slice(bytes.ok_or_else(|| self.directory.corruption(0, format!("no block holds document {doc}")))?);
            Ok(())
        })
    }

    /// Hands out all documents of a block. `each` must not read stored documents itself (a defect, not a panic).
    ///
    /// # Errors
    /// [`Error::Corruption`]; what `each` returns.
    pub fn block(&self, block: u32, mut each: impl FnMut(DocId, &[u8]) -> Result<()>) -> Result<()> {
        borrow(|scratch| {
            let docs = self.load(block, scratch)?;
            docs.zip(&scratch.places).try_for_each(|(doc, &(start, end))| {
                let bytes = scratch.raw.get(start as usize..end as usize).unwrap_or_default();
                each(DocId(doc), bytes)
            })
        })
    }

    /// Decompresses a block into the scratch, unless it is there.
    fn load(&self, block: u32, scratch: &mut Scratch) -> Result<Range<u32>> {
        let (docs, bytes) = self.place(block)?;
        if scratch.holds == Some((self.id, block)) {
            return Ok(docs);
        }
        scratch.holds = None;
        let at = bytes.start;
        let mut packed = self.blocks.read(bytes)?;
        let raw_len = varint::read(&mut packed).and_then(|len| usize::try_from(len).ok()).filter(|len| *len <= MAX_RAW);
        let raw_len = raw_len.ok_or_else(|| self.blocks.corruption(at, "a stored block of impossible length"))?;
        let decompressor = match &mut scratch.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new().map_err(|source| Error::storage("decompress", self.blocks.file().name(), source))?),
        };
        scratch.raw.clear();
        if scratch.raw.capacity() > 64 * BLOCK {
            scratch.raw = Vec::new();
        }
        scratch.raw.reserve(raw_len);
        match decompressor.decompress_to_buffer(packed, &mut scratch.raw) {
            Ok(len) if len == raw_len => {}
            Ok(len) => return Err(self.blocks.corruption(at, format!("a stored block of {len} bytes, expected {raw_len}"))),
            Err(error) => return Err(self.blocks.corruption(at, format!("a stored block that does not decompress: {error}"))),
        }
        if !locate(&scratch.raw, docs.len(), &mut scratch.places) {
            return Err(self.blocks.corruption(at, "the lengths of a stored block do not add up"));
        }
        scratch.holds = Some((self.id, block));
        Ok(docs)
    }

    /// Decompresses everything; empty = intact.
    #[must_use]
    pub fn check(&self) -> Vec<Error> {
        let mut errors: Vec<Error> = (0..self.block_count).filter_map(|block| self.block(block, |_, _| Ok(())).err()).collect();
        if self.block_count > 0 && !matches!(self.entry(0), Ok((0, 0))) {
            errors.push(self.directory.corruption(0, "the first stored block does not begin with document 0"));
        }
        errors
    }

    /// Bytes of both sections.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.blocks.len() + self.directory.len()) as u64
    }
}

/// Finds the documents in a decompressed block; `false` when their lengths do not add up.
fn locate(raw: &[u8], docs: usize, places: &mut Vec<(u32, u32)>) -> bool {
    places.clear();
    let mut rest = raw;
    for _ in 0..docs {
        match varint::read(&mut rest) {
            Some(len) if len <= raw.len() as u64 => places.push((0, len as u32)),
            _ => return false,
        }
    }
    let mut start = raw.len() - rest.len();
    for place in places.iter_mut() {
        let end = start + place.1 as usize;
        *place = (start as u32, end as u32);
        start = end;
        if end > raw.len() {
            return false;
        }
    }
    start == raw.len()
}
