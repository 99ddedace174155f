//! Checksums: CRC-32 for file contents, xxh3 for hashes that are stored.
//!
//! **Law**: both are part of the file format; changing either needs a new format version. Source: IEEE 802.3 CRC-32 (`crc32fast`),
//! XXH3 with seed 0 (`xxhash-rust`).

/// CRC-32 of `bytes`.
#[inline]
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// 64-bit XXH3 of `bytes`, seed 0: the stored hash of keys.
#[inline]
#[must_use]
pub fn xxh3(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}
