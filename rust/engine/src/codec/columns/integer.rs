//! Integers by document: frame of reference in blocks of 1024 documents.
//!
//! **In**: `(document, i64)`, documents ascending, each at most once. **Out**: the same. **Law**: a block stores
//! `(value − least) / step` with just enough bits, `step` being the greatest common divisor, so whole seconds or days cost no bits for
//! their microseconds; documents without value cost one bit, and nothing where all or none have one.
//!
//! ```text
//! column    = block* directory trailer
//! block     = [bitmap: 128 bytes, where presence = 2] packed numbers of the documents that have one
//! directory = entry*                                   one for each 1024 documents
//! entry     = offset:48 bits width:8 bits presence:8 bits (0 none, 1 all, 2 bitmap)  min:i64 max:i64 step:u64
//! trailer   = doc_count:u32 blocks:u32
//! ```

use crate::base::{DocId, Error, Result};
use crate::codec::packed;
use crate::codec::{Section, SectionKey, SegmentFileWriter};

/// Documents of one block.
pub const BLOCK: u32 = 1024;
const BITMAP: usize = BLOCK as usize / 8;
const ENTRY: usize = 32;
const TRAILER: usize = 8;
const NONE: u8 = 0;
const ALL: u8 = 1;
const SOME: u8 = 2;

/// The writer twin. Memory is what the packed blocks take.
#[derive(Debug)]
pub struct IntegerColumnWriter {
    values: Vec<i64>,
    present: [u64; BITMAP / 8],
    /// Block that is being filled.
    block: u32,
    /// First document that may come next.
    next: u32,
    data: Vec<u8>,
    /// Bytes that were spilled before `data`.
    spilled: u64,
    directory: Vec<u8>,
}

impl Default for IntegerColumnWriter {
    fn default() -> Self {
        let (values, data, directory) = (Vec::new(), Vec::new(), Vec::new());
        Self { values, present: [0; BITMAP / 8], block: 0, next: 0, data, spilled: 0, directory }
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl IntegerColumnWriter {
    /// The value of a document; documents ascend.
    ///
    /// # Errors
    /// [`Error::Defect`] when they do not.
    #[inline]
    pub fn push(&mut self, doc: DocId, value: i64) -> Result<()> {
        if doc.0 < self.next {
            return Err(Error::Defect("a column got its documents out of order"));
        }
        while doc.0 / BLOCK > self.block {
            self.close_block(BLOCK);
        }
        self.next = doc.0 + 1;
        let slot = doc.0 % BLOCK;
        self.present[slot as usize / 64] |= 1 << (slot % 64);
        self.values.push(value);
        Ok(())
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.values.capacity() * 8 + self.data.capacity() + self.directory.capacity()
    }

    /// Packs the block at hand, which ranges over `docs` documents.
    fn close_block(&mut self, docs: u32) {
        let offset = self.spilled + self.data.len() as u64;
        let (min, max) = self.values.iter().fold((i64::MAX, i64::MIN), |(lo, hi), &v| (lo.min(v), hi.max(v)));
        let mut entry = (NONE, 0u32, 0i64, 0i64, 1u64);
        if !self.values.is_empty() {
            let presence = if self.values.len() == docs as usize { ALL } else { SOME };
            if presence == SOME {
                self.present.iter().for_each(|word| self.data.extend_from_slice(&word.to_le_bytes()));
            }
            let above = |v: i64| v.wrapping_sub(min) as u64;
            let mut step = 0;
            for &v in &self.values {
                if step == 1 {
                    break;
                }
                if step == 0 || above(v) % step != 0 {
                    step = gcd(above(v), step);
                }
            }
            let step = step.max(1);
            let width = packed::width_of(above(max) / step);
            if step == 1 {
                packed::pack(self.values.iter().map(|&v| above(v)), width, &mut self.data);
            } else {
                packed::pack(self.values.iter().map(|&v| above(v) / step), width, &mut self.data);
            }
            entry = (presence, width, min, max, step);
        }
        let (presence, width, min, max, step) = entry;
        let place = offset | u64::from(width) << 48 | u64::from(presence) << 56;
        self.directory.extend_from_slice(&place.to_le_bytes());
        self.directory.extend_from_slice(&min.to_le_bytes());
        self.directory.extend_from_slice(&max.to_le_bytes());
        self.directory.extend_from_slice(&step.to_le_bytes());
        self.values.clear();
        self.present.fill(0);
        self.block += 1;
    }

    /// Sends what is packed to the open section, to keep memory low while merging.
    ///
    /// # Errors
    /// Storage errors.
    pub fn spill(&mut self, file: &mut SegmentFileWriter) -> Result<()> {
        file.write(&self.data)?;
        self.spilled += self.data.len() as u64;
        self.data.clear();
        Ok(())
    }

    /// Writes the rest of the column into the open section. The documents are `0..doc_count`.
    ///
    /// # Errors
    /// [`Error::Defect`] when a document lies beyond; storage errors.
    pub fn close(mut self, doc_count: u32, file: &mut SegmentFileWriter) -> Result<()> {
        if doc_count < self.next || self.spilled + self.data.len() as u64 >= 1 << 48 {
            return Err(Error::Defect("a column does not fit its segment"));
        }
        while self.block < doc_count.div_ceil(BLOCK) {
            self.close_block((doc_count - self.block * BLOCK).min(BLOCK));
        }
        self.spill(file)?;
        file.write(&self.directory)?;
        file.write(&doc_count.to_le_bytes())?;
        file.write(&self.block.to_le_bytes())
    }

    /// Writes the column as a section of its own.
    ///
    /// # Errors
    /// As [`IntegerColumnWriter::close`].
    pub fn write(self, doc_count: u32, file: &mut SegmentFileWriter, key: SectionKey) -> Result<()> {
        file.begin(key)?;
        self.close(doc_count, file)?;
        file.end().map(|_| ())
    }
}

/// Least and greatest value of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone<T> {
    /// Least value.
    pub min: T,
    /// Greatest value.
    pub max: T,
    /// Whether every document of the block has a value.
    pub full: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: usize,
    width: u32,
    presence: u8,
    min: i64,
    max: i64,
    step: u64,
}

impl Entry {
    #[inline]
    fn value(&self, number: u64) -> i64 {
        (self.min as u64).wrapping_add(number.wrapping_mul(self.step)) as i64
    }
}

/// The reader twin.
#[derive(Clone, Debug)]
pub struct IntegerColumn {
    section: Section,
    directory: usize,
    doc_count: u32,
    blocks: u32,
}

impl IntegerColumn {
    /// Opens the column in a section.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the trailer contradicts the section.
    pub fn open(section: Section) -> Result<Self> {
        let trailer = section.len().checked_sub(TRAILER).ok_or_else(|| section.corruption(0, "a column without trailer"))?;
        let (doc_count, blocks) = (section.u32_at(trailer)?, section.u32_at(trailer + 4)?);
        match trailer.checked_sub(blocks as usize * ENTRY) {
            Some(directory) if blocks == doc_count.div_ceil(BLOCK) => Ok(Self { section, directory, doc_count, blocks }),
            _ => Err(section.corruption(trailer, format!("a column of {doc_count} documents in {blocks} blocks"))),
        }
    }

    /// Number of documents, with and without value.
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        self.doc_count
    }

    /// Number of blocks.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    #[inline]
    fn entry(&self, block: u32) -> Result<Entry> {
        let at = self.directory + block as usize * ENTRY;
        let raw = self.section.array::<ENTRY>(at)?;
        let word = |i: usize| raw.as_chunks::<8>().0.get(i).map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let place = word(0);
        let (offset, width, presence) = ((place & ((1 << 48) - 1)) as usize, (place >> 48 & 0xff) as u32, (place >> 56) as u8);
        if presence > SOME || width > 64 || (width > 56 && width < 64) {
            return Err(self.section.corruption(at, format!("a column block of presence {presence} and width {width}")));
        }
        Ok(Entry { offset, width, presence, min: word(1) as i64, max: word(2) as i64, step: word(3) })
    }

    /// The value of a document; `None` when it has none, or is not in the segment.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    #[inline]
    pub fn get(&self, doc: DocId) -> Result<Option<i64>> {
        if doc.0 >= self.doc_count {
            return Ok(None);
        }
        let entry = self.entry(doc.0 / BLOCK)?;
        let slot = (doc.0 % BLOCK) as usize;
        let (numbers, index) = match entry.presence {
            NONE => return Ok(None),
            ALL => (entry.offset, slot),
            _ => {
                let bitmap = self.section.array::<BITMAP>(entry.offset)?;
                let words = bitmap.as_chunks::<8>().0;
                let word = u64::from_le_bytes(words[slot / 64]);
                if word >> (slot % 64) & 1 == 0 {
                    return Ok(None);
                }
                let before: u32 = words[..slot / 64].iter().map(|bytes| u64::from_le_bytes(*bytes).count_ones()).sum();
                (entry.offset + BITMAP, (before + (word & ((1 << (slot % 64)) - 1)).count_ones()) as usize)
            }
        };
        if entry.width == 0 {
            return Ok(Some(entry.min));
        }
        let (at, shift) = packed::place(index, entry.width);
        Ok(Some(entry.value(packed::extract(self.section.array(numbers + at)?, shift, entry.width))))
    }

    /// Least and greatest value of the documents `block·1024 ..`; `None` when none of them has a value.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn zone(&self, block: u32) -> Result<Option<Zone<i64>>> {
        if block >= self.blocks {
            return Ok(None);
        }
        let entry = self.entry(block)?;
        Ok((entry.presence != NONE).then_some(Zone { min: entry.min, max: entry.max, full: entry.presence == ALL }))
    }

    /// Hands out the values of one block, documents ascending.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn block(&self, block: u32, mut each: impl FnMut(DocId, i64)) -> Result<()> {
        if block >= self.blocks {
            return Ok(());
        }
        let entry = self.entry(block)?;
        let first = block * BLOCK;
        let docs = (self.doc_count - first).min(BLOCK);
        match entry.presence {
            NONE => Ok(()),
            ALL => self.numbers(entry.offset, docs as usize, &entry, |index, value| each(DocId(first + index as u32), value)),
            _ => {
                let bitmap = self.section.array::<BITMAP>(entry.offset)?;
                let words = bitmap.as_chunks::<8>().0.iter().enumerate();
                let mut present = words.flat_map(|(i, bytes)| {
                    let mut rest = u64::from_le_bytes(*bytes);
                    std::iter::from_fn(move || {
                        (rest != 0).then(|| {
                            let bit = rest.trailing_zeros();
                            rest &= rest - 1;
                            i as u32 * 64 + bit
                        })
                    })
                });
                let count = bitmap.iter().map(|byte| byte.count_ones() as usize).sum();
                if present.clone().last().is_some_and(|last| last >= docs) {
                    return Err(self.section.corruption(entry.offset, "values of documents beyond the segment"));
                }
                self.numbers(entry.offset + BITMAP, count, &entry, |_, value| {
                    if let Some(slot) = present.next() {
                        each(DocId(first + slot), value);
                    }
                })
            }
        }
    }

    fn numbers(&self, offset: usize, count: usize, entry: &Entry, mut each: impl FnMut(usize, i64)) -> Result<()> {
        if entry.width == 0 {
            (0..count).for_each(|index| each(index, entry.min));
            return Ok(());
        }
        // Seven bytes behind the packed numbers are readable: at least the directory entry of this block lies there.
        let bytes = self.section.read(offset..offset + packed::packed_len(count, entry.width) + 7)?;
        packed::unpack(bytes, count, entry.width, |index, number| each(index, entry.value(number)))
            .ok_or_else(|| self.section.corruption(offset, "packed numbers that end early"))
    }

    /// Hands out all values, documents ascending.
    ///
    /// # Errors
    /// [`Error::Corruption`].
    pub fn for_each(&self, mut each: impl FnMut(DocId, i64)) -> Result<()> {
        (0..self.blocks).try_for_each(|block| self.block(block, &mut each))
    }

    /// Decodes everything and compares it with the zones.
    ///
    /// # Errors
    /// [`Error::Corruption`] at the first block that contradicts its entry.
    pub fn check(&self) -> Result<()> {
        for block in 0..self.blocks {
            let entry = self.entry(block)?;
            let mut inside = true;
            self.block(block, |_, value| inside &= entry.min <= value && value <= entry.max)?;
            if !inside {
                let at = self.directory + block as usize * ENTRY;
                return Err(self.section.corruption(at, "a column block has a value outside its own bounds"));
            }
        }
        Ok(())
    }

    /// Bytes of the section.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.section.len() as u64
    }

    pub(in crate::codec) fn corruption(&self, what: &str) -> Error {
        self.section.corruption(self.directory, what)
    }
}
