//! Keys by document, front-coded.
//!
//! **Law**: a key costs the decoding of at most 16, without allocation.

use std::sync::Arc;

use super::missing;
use crate::base::{DocId, Error, Result, varint};
use crate::codec::{Section, SectionKey, SectionKind, SegmentFile, SegmentFileWriter};
use crate::schema::MAX_KEY;

/// Keys of one block.
const BLOCK: u32 = 16;
/// Bytes of an offset.
const OFFSET: usize = 5;
/// Lengths below this fit into half of a head byte.
const SHORT: usize = 15;
/// The head byte of a key with a longer length.
const LONG: u8 = 0xff;

/// The writer twin: streams into the open section.
#[derive(Debug)]
pub struct KeyColumnWriter {
    last: Vec<u8>,
    docs: u32,
    data: Vec<u8>,
    written: u64,
    offsets: Vec<u8>,
}

impl KeyColumnWriter {
    /// Begins the section.
    ///
    /// # Errors
    /// Storage errors.
    pub fn begin(file: &mut SegmentFileWriter) -> Result<Self> {
        file.begin(SectionKey::segment(SectionKind::Keys))?;
        Ok(Self { last: Vec::new(), docs: 0, data: Vec::new(), written: 0, offsets: Vec::new() })
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
            self.offset();
            self.last.clear();
        }
        let shared = self.last.iter().zip(key).take_while(|(a, b)| a == b).count();
        let rest = &key[shared..];
        if shared < SHORT && rest.len() < SHORT {
            self.data.push((shared << 4 | rest.len()) as u8);
        } else {
            self.data.push(LONG);
            varint::write(&mut self.data, shared as u64);
            varint::write(&mut self.data, rest.len() as u64);
        }
        self.data.extend_from_slice(rest);
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        self.docs += 1;
        Ok(())
    }

    /// A block begins here, or the last one ends.
    fn offset(&mut self) {
        let at = (self.written + self.data.len() as u64).to_le_bytes();
        self.offsets.extend_from_slice(&at[..OFFSET]);
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
        self.offset();
        self.flush(file)?;
        file.end()?;
        file.begin(SectionKey::segment(SectionKind::KeyOffsets))?;
        file.write(&self.offsets)?;
        file.end().map(|_| ())
    }
}

/// The reader twin.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    data: Section,
    offsets: Section,
    doc_count: u32,
}

/// The keys of a block up to the one that is wanted: for each how many bytes it shares with the one before, and where its rest begins.
/// The wanted key is put together from its end, so that most of them are never looked at.
struct Pieces<'a> {
    bytes: &'a [u8],
    keys: [(u16, u32); BLOCK as usize],
    count: usize,
    len: usize,
    /// Where the next key begins.
    at: usize,
}

impl KeyColumn {
    pub fn open(file: &Arc<SegmentFile>, doc_count: u32) -> Result<Self> {
        let data = file.section(SectionKey::segment(SectionKind::Keys)).ok_or_else(|| missing(file, "keys"))?;
        let offsets = file.section(SectionKey::segment(SectionKind::KeyOffsets)).ok_or_else(|| missing(file, "offsets of keys"))?;
        let blocks = doc_count.div_ceil(BLOCK) as usize;
        if offsets.len() != (blocks + 1) * OFFSET {
            return Err(offsets.corruption(0, format!("{} bytes of offsets for {blocks} blocks of keys", offsets.len())));
        }
        Ok(Self { data, offsets, doc_count })
    }

    pub fn doc_count(&self) -> u32 {
        self.doc_count
    }

    pub fn bytes(&self) -> u64 {
        (self.data.len() + self.offsets.len()) as u64
    }

    #[inline]
    fn pieces(&self, doc: DocId) -> Result<Pieces<'_>> {
        if doc.0 >= self.doc_count {
            return Err(Error::Defect("the key of a document beyond its segment was asked for"));
        }
        let both = self.offsets.array::<{ 2 * OFFSET }>((doc.0 / BLOCK) as usize * OFFSET)?;
        let (start, end) = both.split_at(OFFSET);
        let offset = |bytes: &[u8]| bytes.iter().rev().fold(0, |high, byte| high << 8 | usize::from(*byte));
        let (start, end) = (offset(start), offset(end));
        let mut pieces = Pieces { bytes: self.data.read(start..end)?, keys: [(0, 0); BLOCK as usize], count: 0, len: 0, at: 0 };
        for _ in 0..=doc.0 % BLOCK {
            if pieces.next().is_none() {
                return Err(self.data.corruption(start, format!("keys that do not decode, in the block of document {doc}")));
            }
        }
        Ok(pieces)
    }

    pub fn key(&self, doc: DocId, out: &mut String) -> Result<()> {
        let pieces = self.pieces(doc)?;
        let mut key = std::mem::take(out).into_bytes();
        key.resize(pieces.len, 0);
        pieces.each(|at, piece| {
            if let Some(target) = key.get_mut(at..at + piece.len()) {
                target.copy_from_slice(piece);
            }
            true
        });
        *out = String::from_utf8(key).map_err(|_| self.data.corruption(0, format!("the key of document {doc} is not UTF-8")))?;
        Ok(())
    }

    pub fn is(&self, doc: DocId, key: &[u8]) -> Result<bool> {
        let pieces = self.pieces(doc)?;
        let mut same = pieces.len == key.len();
        if same {
            pieces.each(|at, piece| {
                same = key.get(at..at + piece.len()) == Some(piece);
                same
            });
        }
        Ok(same)
    }
}

impl<'a> Pieces<'a> {
    /// Takes the next key of the block.
    #[inline]
    fn next(&mut self) -> Option<()> {
        let (head, mut at) = (*self.bytes.get(self.at)?, self.at + 1);
        let (shared, rest) = match head {
            LONG => {
                let mut after = self.bytes.get(at..)?;
                let sizes = (usize::try_from(varint::read(&mut after)?).ok()?, usize::try_from(varint::read(&mut after)?).ok()?);
                at = self.bytes.len() - after.len();
                sizes
            }
            head => (usize::from(head >> 4), usize::from(head & 15)),
        };
        if shared > self.len || rest > MAX_KEY || shared + rest > MAX_KEY || at + rest > self.bytes.len() {
            return None;
        }
        *self.keys.get_mut(self.count)? = (shared as u16, at as u32);
        self.count += 1;
        (self.len, self.at) = (shared + rest, at + rest);
        Some(())
    }

    /// Hands out the pieces of the last key with their places in it, from its end, until `each` says `false`.
    #[inline]
    fn each(&self, mut each: impl FnMut(usize, &'a [u8]) -> bool) {
        let mut end = self.len;
        for (shared, at) in self.keys.get(..self.count).unwrap_or_default().iter().rev() {
            let (shared, at) = (usize::from(*shared), *at as usize);
            if end > shared {
                let piece = self.bytes.get(at..at + (end - shared)).unwrap_or_default();
                end = shared;
                if !each(shared, piece) {
                    return;
                }
            }
            if end == 0 {
                return;
            }
        }
    }
}
