//! Live bits of a segment as objects: written anew when documents are deleted, never changed.
//!
//! **In**: bits. **Out**: `live/<segment>.<unique>`, and back. **Law**: the manifest carries checksum and count, so an object that is not
//! what was committed is found when it is opened.

use super::manifest::{LiveEntry, SegmentEntry};
use super::names;
use super::steps::{Step, StepHook};
use crate::base::bits::BitSet;
use crate::base::checksum::crc32;
use crate::base::{Error, Result};
use crate::codec::live_docs;
use crate::storage::Storage;

/// Writes `bits` durable under a new, unique `id`.
pub(super) fn write(storage: &dyn Storage, hook: &StepHook, segment: &str, id: String, bits: &BitSet) -> Result<LiveEntry> {
    let bytes = live_docs::encode(bits);
    let mut object = storage.writer(&names::live(segment, &id))?;
    object.write(&bytes)?;
    hook.before(Step::Fsync)?;
    object.finish()?;
    Ok(LiveEntry { id, checksum: checksum(&bytes), count: bits.count() })
}

/// Reads the live bits that an entry names.
pub(super) fn read(storage: &dyn Storage, entry: &SegmentEntry) -> Result<Option<BitSet>> {
    let (Some(live), Some(object)) = (&entry.live, entry.live_object()) else { return Ok(None) };
    let bytes = storage.open(&object)?;
    let sum = checksum(&bytes);
    if sum != live.checksum {
        let what = format!("the manifest names live bits of checksum {:08x}, these have {sum:08x}", live.checksum);
        return Err(Error::corruption(object, 0, what));
    }
    let bits = live_docs::decode(&object, &bytes, entry.docs)?;
    if bits.count() != live.count {
        let what = format!("the manifest says {} live documents, the bits {}", live.count, bits.count());
        return Err(Error::corruption(object, 0, what));
    }
    Ok(Some(bits))
}

/// The bytes of the object that an entry names, from its bits.
pub(super) fn encode(entry: &SegmentEntry, bits: &BitSet) -> Result<Vec<u8>> {
    let bytes = live_docs::encode(bits);
    match &entry.live {
        Some(live) if live.checksum == checksum(&bytes) => Ok(bytes),
        _ => Err(Error::Defect("live bits are not those that the manifest names")),
    }
}

/// CRC-32 of all bytes before the object's own checksum: over that too, it would be the same for every intact object.
fn checksum(bytes: &[u8]) -> u32 {
    crc32(bytes.get(..bytes.len().saturating_sub(4)).unwrap_or_default())
}
