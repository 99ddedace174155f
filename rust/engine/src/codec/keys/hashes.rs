//! Documents by the hash of their key.
//!
//! **Law**: the bits of bucket, fingerprint and document fit one u64, so building sorts plain integers; with more than 2^26 documents the
//! buckets get larger instead, and stay searchable because they are sorted.

use std::ops::Range;
use std::sync::Arc;

use super::missing;
use crate::base::{DocId, Error, Pace, Result, sorting};
use crate::codec::packed;
use crate::codec::{Section, SectionKey, SectionKind, SegmentFile, SegmentFileWriter};

const FINGERPRINT_BITS: u32 = 16;
const TRAILER: usize = 8;

/// Bits of a document number, and bits of a bucket number: about 16 documents a bucket.
pub(super) fn bits(docs: u32) -> (u32, u32) {
    let width = 32 - docs.saturating_sub(1).leading_zeros();
    (width, width.saturating_sub(4).min(64 - FINGERPRINT_BITS - width))
}

/// Bucket and fingerprint of a hash, side by side.
fn place(hash: u64, bucket_bits: u32) -> u64 {
    hash >> (64 - FINGERPRINT_BITS - bucket_bits)
}

/// The writer twin: `hashes` are those of the documents `0..`, and are used up.
///
/// # Errors
/// Storage errors; an interrupt's.
pub fn write_hashes(mut hashes: Vec<u64>, file: &mut SegmentFileWriter, pace: &mut Pace<'_>) -> Result<()> {
    let docs = hashes.len() as u32;
    let (width, bucket_bits) = bits(docs);
    for (doc, hash) in hashes.iter_mut().enumerate() {
        *hash = place(*hash, bucket_bits) << width | doc as u64;
    }
    sorting::sort_unstable(&mut hashes, pace)?;
    file.begin(SectionKey::segment(SectionKind::KeyHashes))?;
    let mut buffer = Vec::new();
    let mut end = 0u32;
    for bucket in 0..1u64 << bucket_bits {
        while hashes.get(end as usize).is_some_and(|code| code >> width >> FINGERPRINT_BITS == bucket) {
            end += 1;
        }
        buffer.extend_from_slice(&end.to_le_bytes());
        if buffer.len() >= 1 << 16 {
            file.write(&buffer)?;
            buffer.clear();
        }
    }
    file.write(&buffer)?;
    buffer.clear();
    for part in hashes.chunks(1 << 15) {
        buffer.extend(part.iter().flat_map(|code| ((code >> width) as u16).to_le_bytes()));
        file.write(&buffer)?;
        buffer.clear();
    }
    // A multiple of eight numbers fills whole bytes, so the parts join without gaps.
    for part in hashes.chunks(1 << 15) {
        packed::pack(part.iter().map(|code| code & ((1 << width) - 1)), width, &mut buffer);
        file.write(&buffer)?;
        buffer.clear();
    }
    file.write(&docs.to_le_bytes())?;
    file.write(&(bucket_bits as u16).to_le_bytes())?;
    file.write(&(width as u16).to_le_bytes())?;
    file.end().map(|_| ())
}

/// The reader twin.
#[derive(Clone, Debug)]
pub struct KeyHashes {
    section: Section,
    docs: u32,
    bucket_bits: u32,
    width: u32,
    fingerprints: usize,
    documents: usize,
}

impl KeyHashes {
    pub fn open(file: &Arc<SegmentFile>, doc_count: u32) -> Result<Self> {
        let section = file.section(SectionKey::segment(SectionKind::KeyHashes)).ok_or_else(|| missing(file, "hashes of keys"))?;
        let trailer = section.len().checked_sub(TRAILER).ok_or_else(|| section.corruption(0, "hashes without trailer"))?;
        let (docs, shape) = (section.u32_at(trailer)?, section.u32_at(trailer + 4)?);
        let (bucket_bits, width) = (shape & 0xffff, shape >> 16);
        if docs != doc_count || (width, bucket_bits) != bits(docs) {
            return Err(
                section.corruption(trailer, format!("hashes of {docs} keys for {doc_count} documents, {bucket_bits} and {width} bits"))
            );
        }
        let fingerprints = 4usize << bucket_bits;
        let documents = fingerprints + docs as usize * 2;
        if documents + packed::packed_len(docs as usize, width) != trailer {
            return Err(section.corruption(trailer, "hashes that do not fill their section"));
        }
        Ok(Self { section, docs, bucket_bits, width, fingerprints, documents })
    }

    pub fn bytes(&self) -> u64 {
        self.section.len() as u64
    }

    pub fn corruption(&self, what: String) -> Error {
        self.section.corruption(0, what)
    }

    fn bucket(&self, bucket: usize) -> Result<Range<usize>> {
        let start = if bucket == 0 { 0 } else { self.section.u32_at((bucket - 1) * 4)? };
        let end = self.section.u32_at(bucket * 4)?;
        if start > end || end > self.docs {
            return Err(self.section.corruption(bucket * 4, format!("bucket {bucket} holds {start}..{end} of {} keys", self.docs)));
        }
        Ok(start as usize..end as usize)
    }

    fn document(&self, index: usize) -> Result<DocId> {
        if self.width == 0 {
            return Ok(DocId(0));
        }
        let (at, shift) = packed::place(index, self.width);
        // The trailer behind the packed numbers makes all eight bytes readable.
        let doc = packed::extract(self.section.array(self.documents + at)?, shift, self.width) as u32;
        if doc >= self.docs {
            return Err(self.section.corruption(self.documents + at, format!("document {doc} of {}", self.docs)));
        }
        Ok(DocId(doc))
    }

    /// Hands out the documents whose keys' hashes agree in bucket and fingerprint.
    pub fn candidates(&self, hash: u64, mut each: impl FnMut(DocId) -> Result<()>) -> Result<()> {
        if self.docs == 0 {
            return Ok(());
        }
        let place = place(hash, self.bucket_bits);
        let range = self.bucket((place >> FINGERPRINT_BITS) as usize)?;
        let bytes = self.section.read(self.fingerprints + range.start * 2..self.fingerprints + range.end * 2)?;
        let fingerprints = bytes.as_chunks::<2>().0;
        let wanted = place as u16;
        let first = fingerprints.partition_point(|bytes| u16::from_le_bytes(*bytes) < wanted);
        let equal = fingerprints.iter().skip(first).take_while(|bytes| u16::from_le_bytes(**bytes) == wanted).count();
        (range.start + first..range.start + first + equal).try_for_each(|index| each(self.document(index)?))
    }

    /// Whether every bucket is well-formed and sorted.
    pub fn check(&self) -> Result<()> {
        let mut next = 0;
        for bucket in 0..1usize << self.bucket_bits {
            let range = self.bucket(bucket)?;
            let bytes = self.section.read(self.fingerprints + range.start * 2..self.fingerprints + range.end * 2)?;
            if range.start != next || !bytes.as_chunks::<2>().0.is_sorted_by_key(|bytes| u16::from_le_bytes(*bytes)) {
                return Err(self.section.corruption(bucket * 4, format!("bucket {bucket} is not sorted")));
            }
            next = range.end;
            range.into_iter().try_for_each(|index| self.document(index).map(|_| ()))?;
        }
        if next != self.docs as usize {
            return Err(self.section.corruption(0, format!("the buckets hold {next} of {} keys", self.docs)));
        }
        Ok(())
    }
}
