//! Keys by document, front-coded.
//!
//! **Law**: a key costs the decoding of at most 16, without allocation.

use std::sync::Arc;

use super::missing;
use crate::base::{DocId, Error, Result, varint};
use crate::codec::columns::{IntegerColumn, IntegerColumnWriter};
use crate::codec::{Section, SectionKey, SectionKind, SegmentFile, SegmentFileWriter};
use crate::schema::MAX_KEY;

/// Keys of one block.
const BLOCK: u32 = 16;

/// The writer twin: streams into the open section.
#[derive(Debug)]
pub struct KeyColumnWriter {
    last: Vec<u8>,
    docs: u32,
    data: Vec<u8>,
    written: u64,
    offsets: IntegerColumnWriter,
}

impl KeyColumnWriter {
    /// Begins the section.
    ///
    /// # Errors
    /// Storage errors.
    pub fn begin(file: &mut SegmentFileWriter) -> Result<Self> {
        file.begin(SectionKey::segment(SectionKind::Keys))?;
        Ok(Self { last: Vec::new(), docs: 0, data: Vec::new(), written: 0, offsets: IntegerColumnWriter::default() })
    }

    /// The next document's key.
    ///
    /// # Errors
    /// Storage errors; [`Error::Defect`] for a key that the schema refuses.
    pub fn push(&mut self, key: &[u8], file: &mut SegmentFileWriter) -> Result<()> {
        if key.len() > MAX_KEY {
            return Err(Error::Defect("a key beyond the limit that the schema sets"));
        }
        if self.docs.is_multiple_of(BLOCK) {
            if self.data.len() >= 1 << 16 {
                self.flush(file)?;
            }
            self.offsets.push(DocId(self.docs / BLOCK), (self.written + self.data.len() as u64) as i64)?;
            self.last.clear();
        }
        let shared = self.last.iter().zip(key).take_while(|(a, b)| a == b).count();
        let rest = &key[shared..];
        varint::write(&mut self.data, shared as u64);
        varint::write(&mut self.data, rest.len() as u64);
        self.data.extend_from_slice(rest);
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        self.docs += 1;
        Ok(())
    }

    fn flush(&mut self, file: &mut SegmentFileWriter) -> Result<()> {
        file.write(&self.data)?;
        self.written += self.data.len() as u64;
        self.data.clear();
        Ok(())
    }

    /// Ends the section and writes the offsets as another.
    ///
    /// # Errors
    /// Storage errors.
    pub fn finish(mut self, file: &mut SegmentFileWriter) -> Result<()> {
        self.flush(file)?;
        file.end()?;
        self.offsets.write(self.docs.div_ceil(BLOCK), file, SectionKey::segment(SectionKind::KeyOffsets))
    }
}

/// The reader twin.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    data: Section,
    offsets: IntegerColumn,
    doc_count: u32,
}

/// A decoded key on the stack.
struct Decoded {
    bytes: [u8; MAX_KEY],
    len: usize,
}

impl KeyColumn {
    pub fn open(file: &Arc<SegmentFile>, doc_count: u32) -> Result<Self> {
        let data = file.section(SectionKey::segment(SectionKind::Keys)).ok_or_else(|| missing(file, "keys"))?;
        let offsets = file.section(SectionKey::segment(SectionKind::KeyOffsets)).ok_or_else(|| missing(file, "offsets of keys"))?;
        let offsets = IntegerColumn::open(offsets)?;
        if offsets.doc_count() != doc_count.div_ceil(BLOCK) {
            return Err(data.corruption(0, format!("{} blocks of keys for {doc_count} documents", offsets.doc_count())));
        }
        Ok(Self { data, offsets, doc_count })
    }

    pub fn doc_count(&self) -> u32 {
        self.doc_count
    }

    pub fn bytes(&self) -> u64 {
        self.data.len() as u64 + self.offsets.bytes()
    }

    fn decode(&self, doc: DocId) -> Result<Decoded> {
        if doc.0 >= self.doc_count {
            return Err(Error::Defect("the key of a document beyond its segment was asked for"));
        }
        let block = doc.0 / BLOCK;
        let offset = |block| -> Result<usize> {
            let at = self.offsets.get(DocId(block))?;
            Ok(at.map_or(self.data.len(), |at| usize::try_from(at).unwrap_or(usize::MAX)))
        };
        let (start, end) = (offset(block)?, offset(block + 1)?);
        let mut bytes = self.data.read(start..end)?;
        let mut key = Decoded { bytes: [0; MAX_KEY], len: 0 };
        for _ in 0..=doc.0 % BLOCK {
            if key.next(&mut bytes).is_none() {
                return Err(self.data.corruption(start, format!("keys that do not decode, in the block of document {doc}")));
            }
        }
        Ok(key)
    }

    pub fn key(&self, doc: DocId, out: &mut String) -> Result<()> {
        let key = self.decode(doc)?;
        out.clear();
        match std::str::from_utf8(key.as_slice()) {
            Ok(key) => out.push_str(key),
            Err(_) => return Err(self.data.corruption(0, format!("the key of document {doc} is not UTF-8"))),
        }
        Ok(())
    }

    pub fn is(&self, doc: DocId, key: &[u8]) -> Result<bool> {
        Ok(self.decode(doc)?.as_slice() == key)
    }
}

impl Decoded {
    /// Becomes the next key of the block.
    #[inline]
    fn next(&mut self, bytes: &mut &[u8]) -> Option<()> {
        let shared = usize::try_from(varint::read(bytes)?).ok().filter(|shared| *shared <= self.len)?;
        let rest = usize::try_from(varint::read(bytes)?).ok().filter(|rest| *rest <= bytes.len())?;
        let (now, later) = bytes.split_at(rest);
        self.bytes.get_mut(shared..shared.checked_add(rest)?)?.copy_from_slice(now);
        self.len = shared + rest;
        *bytes = later;
        Some(())
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
