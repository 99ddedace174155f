//! Which documents of a segment are alive, as an object of its own.
//!
//! **In**: the set of live documents. **Out**: the same. **Law**: the object stores the deleted ones; every byte is under its checksum
//! or compared with a constant; it belongs to one segment, whose number of documents it repeats.
//!
//! ```text
//! live = "FINDLIVE" version:u32 doc_count:u32 deleted:u32 roaring bitmap of the deleted documents  crc32 of all before:u32
//! ```
//! Source: Roaring bitmaps, the portable serialisation (RoaringFormatSpec).

use roaring::RoaringBitmap;

use crate::base::bits::BitSet;
use crate::base::checksum::crc32;
use crate::base::{Error, Result};

const MAGIC: [u8; 8] = *b"FINDLIVE";
/// Version of the object that this build writes and reads.
pub const VERSION: u32 = 1;
const HEADER: usize = 20;
const TAIL: usize = 4;

/// The bytes of an object for a segment's live documents.
#[must_use]
pub fn encode(live: &BitSet) -> Vec<u8> {
    let mut deleted = live.clone();
    deleted.negate();
    let deleted: RoaringBitmap = deleted.iter().collect();
    let mut out = Vec::with_capacity(HEADER + deleted.serialized_size() + TAIL);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&live.len().to_le_bytes());
    out.extend_from_slice(&(deleted.len() as u32).to_le_bytes());
    // Writing to a vector cannot fail.
    let _ = deleted.serialize_into(&mut out);
    let sum = crc32(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

/// The live documents in the object `name`, for a segment of `doc_count` documents.
///
/// # Errors
/// [`Error::Corruption`] for bytes that are not what [`encode`] wrote, or belong to another segment; [`Error::FormatVersion`].
pub fn decode(name: &str, bytes: &[u8], doc_count: u32) -> Result<BitSet> {
    let corrupt = |offset: usize, what: String| Error::corruption(name, offset as u64, what);
    let word = |at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let Some((body, tail)) = bytes.split_last_chunk::<TAIL>().filter(|(body, _)| body.len() >= HEADER) else {
        return Err(corrupt(0, format!("expected at least {} bytes, got {}", HEADER + TAIL, bytes.len())));
    };
    if !body.starts_with(&MAGIC) {
        return Err(corrupt(0, "these are no live documents".into()));
    }
    let (sum, actual) = (u32::from_le_bytes(*tail), crc32(body));
    if sum != actual {
        return Err(corrupt(0, format!("expected checksum {sum:08x}, got {actual:08x}")));
    }
    if word(8) != VERSION {
        let hint = if word(8) > VERSION { "update findspot" } else { "build the index again from its source" };
        return Err(Error::FormatVersion { file: name.into(), expected: VERSION, got: word(8), hint: hint.into() });
    }
    if word(12) != doc_count {
        return Err(corrupt(12, format!("live documents of a segment of {}, expected {doc_count}", word(12))));
    }
    let mut rest = body.get(HEADER..).unwrap_or_default();
    let deleted = RoaringBitmap::deserialize_from(&mut rest).map_err(|error| corrupt(HEADER, error.to_string()))?;
    if !rest.is_empty() || deleted.len() != u64::from(word(16)) || deleted.max().is_some_and(|max| max >= doc_count) {
        return Err(corrupt(HEADER, format!("{} deleted documents, expected {} below {doc_count}", deleted.len(), word(16))));
    }
    let mut live = BitSet::full(doc_count);
    deleted.iter().for_each(|doc| {
        live.remove(doc);
    });
    Ok(live)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn live(len: u32, deleted: &[u32]) -> BitSet {
        let mut live = BitSet::full(len);
        deleted.iter().for_each(|&doc| {
            live.remove(doc);
        });
        live
    }

    proptest! {
        #[test]
        fn live_documents_come_back(len in 0u32..200_000, deleted in prop::collection::vec(0u32..200_000, 0..300)) {
            let live = live(len, &deleted);
            prop_assert_eq!(decode("live/x", &encode(&live), len).unwrap(), live);
        }
    }

    #[test]
    fn every_flipped_byte_is_found_and_none_panics() {
        let bytes = encode(&live(1000, &[1, 2, 3, 500, 999]));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                assert!(matches!(decode("live/x", &damaged, 1000), Err(Error::Corruption { .. })), "byte {at}");
                // Behind a right checksum, too, nothing panics.
                let end = damaged.len() - 4;
                let sum = crc32(&damaged[..end]).to_le_bytes();
                damaged[end..].copy_from_slice(&sum);
                let _ = decode("live/x", &damaged, 1000);
            }
        }
        for len in 0..bytes.len() {
            assert!(decode("live/x", &bytes[..len], 1000).is_err());
        }
        assert!(decode("live/x", &bytes, 1001).is_err());
    }

    /// The worked bytes of FORMAT.md: document 1 of three is deleted.
    #[test]
    fn the_worked_object_is_read() {
        let mut expected = b"FINDLIVE\x01\0\0\0\x03\0\0\0\x01\0\0\0".to_vec();
        expected.extend_from_slice(b"\x3a\x30\0\0\x01\0\0\0\0\0\0\0\x10\0\0\0\x01\0");
        expected.extend_from_slice(&crc32(&expected).to_le_bytes());
        assert_eq!(encode(&live(3, &[1])), expected);
        assert_eq!(decode("live/x", &expected, 3).unwrap(), live(3, &[1]));
    }
}
