//! Segment files in memory, for the tests of every structure that lives in one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use super::{SegmentFile, SegmentFileWriter};
use crate::base::Result;
use crate::storage::{Bytes, ObjectWriter};

/// Where a [`MemoryObject`] leaves its bytes.
pub type Shelf = Arc<Mutex<Vec<u8>>>;

/// An object that is a vector.
pub struct MemoryObject(Shelf);

impl ObjectWriter for MemoryObject {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }
    fn position(&self) -> u64 {
        self.0.lock().unwrap().len() as u64
    }
    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// A writer, and the vector in which its file will be.
pub fn writer() -> (SegmentFileWriter, Shelf) {
    let shelf = Shelf::default();
    (SegmentFileWriter::new(Box::new(MemoryObject(Arc::clone(&shelf))), "seg/test.seg"), shelf)
}

/// The bytes of a file with the sections that `fill` writes.
pub fn bytes_of(fill: impl FnOnce(&mut SegmentFileWriter) -> Result<()>) -> Vec<u8> {
    let (mut writer, shelf) = writer();
    fill(&mut writer).unwrap();
    writer.finish(b"{}").unwrap();
    std::mem::take(&mut *shelf.lock().unwrap())
}

/// Opens bytes as a segment file.
pub fn open(bytes: Vec<u8>) -> Result<Arc<SegmentFile>> {
    SegmentFile::open("seg/test.seg", Bytes::new(bytes), None)
}

/// A file with the sections that `fill` writes, opened.
pub fn file_of(fill: impl FnOnce(&mut SegmentFileWriter) -> Result<()>) -> Arc<SegmentFile> {
    open(bytes_of(fill)).unwrap()
}

/// Hands `bytes` with one byte flipped to `look`, for up to `places` places spread over them (and with every page checksum recomputed
/// when `resealed`, so that the damage reaches the structures behind the checksums). `look` must not panic.
pub fn flip_bytes(bytes: &[u8], places: usize, resealed: bool, mut look: impl FnMut(Result<Arc<SegmentFile>>)) {
    let step = (bytes.len() / places).max(1);
    for (turn, at) in (0..bytes.len()).step_by(step).enumerate() {
        let at = (at + turn % step).min(bytes.len() - 1);
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 1 << (turn % 8);
        if resealed {
            reseal(&mut damaged);
        }
        look(open(damaged));
    }
}

/// Recomputes all checksums of a damaged file whose footer can still be read.
pub fn reseal(bytes: &mut [u8]) {
    let size = bytes.len();
    let tail = size - super::TAIL_LEN;
    let footer_len = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap()) as usize;
    let Some(footer) = tail.checked_sub(footer_len) else { return };
    let count = u32::from_le_bytes(bytes[footer..footer + 4].try_into().unwrap()) as usize;
    let ends = footer.saturating_add(4 + count.saturating_mul(super::ENTRY_LEN));
    if ends + 16 > tail {
        return;
    }
    let data_end = u64::from_le_bytes(bytes[ends..ends + 8].try_into().unwrap()) as usize;
    if data_end > footer || data_end.div_ceil(super::PAGE) * 4 + data_end != footer {
        return;
    }
    let sums: Vec<u8> = bytes[..data_end].chunks(super::PAGE).flat_map(|page| crate::base::checksum::crc32(page).to_le_bytes()).collect();
    bytes[data_end..footer].copy_from_slice(&sums);
    let table = crate::base::checksum::crc32(&sums).to_le_bytes();
    bytes[ends + 8..ends + 12].copy_from_slice(&table);
    let sum = crate::base::checksum::crc32(&bytes[footer..tail + 4]).to_le_bytes();
    bytes[tail + 4..tail + 8].copy_from_slice(&sum);
}
