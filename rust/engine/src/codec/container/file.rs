//! The reader twin of the segment file.
//!
//! **In**: the bytes of an object. **Out**: sections whose bytes are verified before they are handed out. **Law**: opening costs
//! O(sections + pages/1000); a read of verified pages costs one relaxed atomic load for each 64 of them; no lock, nothing initialised late.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{ENTRY_LEN, HEADER_LEN, MAGIC, PAGE, SectionKey, TAIL_LEN, VERSION};
use crate::base::checksum::crc32;
use crate::base::{Error, Result};
use crate::storage::Bytes;

/// An open segment file.
#[derive(Debug)]
pub struct SegmentFile {
    name: String,
    bytes: Bytes,
    /// Ascending by key.
    sections: Vec<(SectionKey, u64, u64)>,
    data_end: usize,
    stats: Range<usize>,
    checksum: u32,
    /// One bit a page: verified in this process. Relaxed is enough: the bytes never change, the bit only saves work.
    verified: Box<[AtomicU64]>,
}

/// Reads little-endian integers off the front of a slice.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }
    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

/// What the footer says.
struct Footer {
    sections: Vec<(SectionKey, u64, u64)>,
    data_end: u64,
    table_crc: u32,
    stats_len: u32,
}

fn parse_footer(footer: &[u8]) -> Option<Footer> {
    let mut fields = Fields(footer);
    let count = fields.u32()? as usize;
    if count > footer.len() / ENTRY_LEN {
        return None;
    }
    let mut sections = Vec::with_capacity(count);
    for _ in 0..count {
        let key = SectionKey { kind: fields.u16()?, field: fields.u16()? };
        sections.push((key, fields.u64()?, fields.u64()?));
    }
    let parsed = Footer { sections, data_end: fields.u64()?, table_crc: fields.u32()?, stats_len: fields.u32()? };
    let ordered = parsed.sections.is_sorted_by(|a, b| a.0 < b.0);
    let inside = parsed.sections.iter().all(|(_, start, len)| start.checked_add(*len).is_some_and(|end| end <= parsed.data_end));
    (ordered && inside && fields.0.len() == parsed.stats_len as usize).then_some(parsed)
}

impl SegmentFile {
    /// Opens the object `name`. `checksum` is the one that the manifest names, when there is a manifest.
    ///
    /// # Errors
    /// [`Error::FormatVersion`] for a file of another version, [`Error::Corruption`] for a footer or page table that is not intact.
    pub fn open(name: &str, bytes: Bytes, checksum: Option<u32>) -> Result<Arc<Self>> {
        let corrupt = |offset: usize, what: String| Error::corruption(name, offset as u64, what);
        let size = bytes.len();
        let Some(tail_start) = size.checked_sub(TAIL_LEN).filter(|start| *start >= HEADER_LEN) else {
            return Err(corrupt(0, format!("expected at least {} bytes, got {size}", HEADER_LEN + TAIL_LEN)));
        };
        let version = versions(name, &bytes, tail_start)?;
        if version != VERSION {
            let hint = if version > VERSION { "update findspot" } else { "build the index again from its source" };
            return Err(Error::FormatVersion { file: name.into(), expected: VERSION, got: version, hint: hint.into() });
        }
        let mut tail = Fields(&bytes[tail_start..]);
        let (footer_len, sum) = (tail.u32().unwrap_or_default() as usize, tail.u32().unwrap_or_default());
        let Some(footer_start) = tail_start.checked_sub(footer_len).filter(|start| *start >= HEADER_LEN) else {
            return Err(corrupt(tail_start, format!("a footer of {footer_len} bytes does not fit into the file")));
        };
        let actual = crc32(&bytes[footer_start..tail_start + 4]);
        if actual != sum {
            return Err(corrupt(footer_start, format!("footer: expected checksum {sum:08x}, got {actual:08x}")));
        }
        if let Some(expected) = checksum
            && expected != sum
        {
            return Err(corrupt(footer_start, format!("the manifest names a file of checksum {expected:08x}, this one has {sum:08x}")));
        }
        let Some(footer) = parse_footer(&bytes[footer_start..tail_start]) else {
            return Err(corrupt(footer_start, "the section table contradicts itself".into()));
        };
        let data_end = usize::try_from(footer.data_end).unwrap_or(usize::MAX);
        let pages = data_end.div_ceil(PAGE);
        if data_end < HEADER_LEN || pages.checked_mul(4).and_then(|len| len.checked_add(data_end)) != Some(footer_start) {
            return Err(corrupt(footer_start, "the page table does not lie between data and footer".into()));
        }
        let actual = crc32(&bytes[data_end..footer_start]);
        if actual != footer.table_crc {
            return Err(corrupt(data_end, format!("page table: expected checksum {:08x}, got {actual:08x}", footer.table_crc)));
        }
        let stats = tail_start - footer.stats_len as usize..tail_start;
        let verified = (0..pages.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Ok(Arc::new(Self { name: name.into(), bytes, sections: footer.sections, data_end, stats, checksum: sum, verified }))
    }

    /// A section, if the file has it.
    #[must_use]
    pub fn section(self: &Arc<Self>, key: SectionKey) -> Option<Section> {
        let at = self.sections.binary_search_by_key(&key, |(key, ..)| *key).ok()?;
        let (_, start, len) = self.sections[at];
        Some(Section { file: Arc::clone(self), start: start as usize, len: len as usize })
    }

    /// All sections with their lengths.
    pub fn sections(&self) -> impl Iterator<Item = (SectionKey, u64)> + '_ {
        self.sections.iter().map(|(key, _, len)| (*key, *len))
    }

    /// The statistics that the file was finished with.
    #[must_use]
    pub fn stats(&self) -> &[u8] {
        &self.bytes[self.stats.clone()]
    }

    /// File offset of the statistics.
    #[must_use]
    pub fn stats_offset(&self) -> u64 {
        self.stats.start as u64
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// All bytes, not verified: for copying the object.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The footer's checksum.
    #[must_use]
    pub fn checksum(&self) -> u32 {
        self.checksum
    }

    /// How many pages this process has read and verified so far.
    #[must_use]
    pub fn verified_pages(&self) -> u64 {
        self.verified.iter().map(|word| u64::from(word.load(Ordering::Relaxed).count_ones())).sum()
    }

    /// Verifies every byte again, also those verified before; empty = intact.
    #[must_use]
    pub fn check_all(&self) -> Vec<Error> {
        let mut errors = Vec::new();
        // Footer, page table and tail: exactly what opening verifies.
        errors.extend(Self::open(&self.name, self.bytes.clone(), Some(self.checksum)).err());
        errors.extend((0..self.data_end.div_ceil(PAGE)).filter_map(|page| self.verify_page(page).err()));
        errors
    }

    fn verify_page(&self, page: usize) -> Result<()> {
        let range = page * PAGE..((page + 1) * PAGE).min(self.data_end);
        let entry = self.data_end + page * 4;
        let (Some(bytes), Some(sum)) = (self.bytes.get(range.clone()), self.bytes.get(entry..).and_then(|rest| Fields(rest).u32())) else {
            return Err(Error::corruption(&self.name, range.start as u64, "a page beyond the end of the file"));
        };
        let actual = crc32(bytes);
        if actual != sum {
            let what = format!("page of {} bytes: expected checksum {sum:08x}, got {actual:08x}", range.len());
            return Err(Error::corruption(&self.name, range.start as u64, what));
        }
        Ok(())
    }

    /// Verifies the pages of a non-empty file range that this process has not verified yet. Looks at 64 pages at once: a range hardly
    /// ever spans more.
    #[inline]
    fn verify(&self, start: usize, end: usize) -> Result<()> {
        let (first, last) = (start / PAGE, (end - 1) / PAGE);
        if first / 64 == last / 64 {
            let pages = (u64::MAX << (first % 64)) & (u64::MAX >> (63 - last % 64));
            let seen = self.verified.get(first / 64).map_or(0, |word| word.load(Ordering::Relaxed));
            if seen & pages == pages {
                return Ok(());
            }
        }
        self.verify_rest(first, last)
    }

    #[inline(never)]
    fn verify_rest(&self, first: usize, last: usize) -> Result<()> {
        for number in first / 64..=last / 64 {
            let from = if number == first / 64 { u64::MAX << (first % 64) } else { u64::MAX };
            let to = if number == last / 64 { u64::MAX >> (63 - last % 64) } else { u64::MAX };
            let Some(word) = self.verified.get(number) else {
                return Err(Error::corruption(&self.name, (number * 64 * PAGE) as u64, "a page beyond the end of the file"));
            };
            let mut missing = from & to & !word.load(Ordering::Relaxed);
            while missing != 0 {
                let page = missing.trailing_zeros();
                self.verify_page(number * 64 + page as usize)?;
                word.fetch_or(1 << page, Ordering::Relaxed);
                missing &= missing - 1;
            }
        }
        Ok(())
    }
}

/// Magic at both ends, and the version, which stands at both ends so that a flipped bit is not taken for another format.
fn versions(name: &str, bytes: &[u8], tail_start: usize) -> Result<u32> {
    let corrupt = |offset: usize, what: String| Error::corruption(name, offset as u64, what);
    let ((head, rest), tail) = (bytes.split_at(8), &bytes[tail_start + 8..]);
    let (first, last) = (Fields(rest).u32().unwrap_or_default(), Fields(tail).u32().unwrap_or_default());
    for (offset, got) in [(0, head), (tail_start + 12, &tail[4..])] {
        if got != MAGIC {
            return Err(corrupt(
                offset,
                format!("expected {:?}, got {:?}", MAGIC.escape_ascii().to_string(), got.escape_ascii().to_string()),
            ));
        }
    }
    if first != last {
        return Err(corrupt(8, format!("the file begins as version {first} and ends as version {last}")));
    }
    Ok(first)
}

/// The bytes of one section. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Section {
    file: Arc<SegmentFile>,
    start: usize,
    len: usize,
}

impl Section {
    /// Verified bytes of a range of the section.
    ///
    /// # Errors
    /// [`Error::Corruption`] when a page of it is not intact, or when it does not lie in the section (some stored offset is wrong then).
    #[inline]
    pub fn read(&self, range: Range<usize>) -> Result<&[u8]> {
        if range.start > range.end || range.end > self.len {
            return Err(self.outside(range));
        }
        if range.is_empty() {
            return Ok(&[]);
        }
        let (start, end) = (self.start + range.start, self.start + range.end);
        self.file.verify(start, end)?;
        // A mapped file that somebody shortened has fewer bytes than its footer promised.
        match self.file.bytes.get(start..end) {
            Some(bytes) => Ok(bytes),
            None => Err(self.outside(range)),
        }
    }

    /// Verified bytes of the whole section.
    ///
    /// # Errors
    /// As [`Section::read`].
    pub fn all(&self) -> Result<&[u8]> {
        self.read(0..self.len)
    }

    /// The `N` verified bytes at an offset.
    ///
    /// # Errors
    /// As [`Section::read`].
    #[inline]
    pub fn array<const N: usize>(&self, offset: usize) -> Result<[u8; N]> {
        let bytes = self.read(offset..offset.saturating_add(N))?;
        bytes.first_chunk::<N>().copied().ok_or_else(|| self.outside(offset..offset))
    }

    /// The little-endian u32 at an offset.
    ///
    /// # Errors
    /// As [`Section::read`].
    #[inline]
    pub fn u32_at(&self, offset: usize) -> Result<u32> {
        self.array(offset).map(u32::from_le_bytes)
    }

    /// The little-endian u64 at an offset.
    ///
    /// # Errors
    /// As [`Section::read`].
    #[inline]
    pub fn u64_at(&self, offset: usize) -> Result<u64> {
        self.array(offset).map(u64::from_le_bytes)
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All bytes, not verified: for prefetching, and for kernels whose caller has verified the range.
    #[must_use]
    pub fn unverified(&self) -> &[u8] {
        self.file.bytes.get(self.start..self.start + self.len).unwrap_or_default()
    }

    /// The file it belongs to.
    #[must_use]
    pub fn file(&self) -> &Arc<SegmentFile> {
        &self.file
    }

    /// A corruption error at an offset of this section: for structures that contradict themselves.
    #[cold]
    #[must_use]
    pub fn corruption(&self, offset: usize, what: impl Into<String>) -> Error {
        Error::corruption(&self.file.name, self.start.saturating_add(offset) as u64, what)
    }

    #[cold]
    fn outside(&self, range: Range<usize>) -> Error {
        self.corruption(0, format!("bytes {}..{} were asked of a section of {}", range.start, range.end, self.len))
    }
}
