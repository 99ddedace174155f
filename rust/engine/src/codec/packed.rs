//! Numbers of one width, packed without gaps.
//!
//! **In**: numbers below 2^width. **Out**: bits, low bit of the low byte first. **Law**: value `i` occupies the bits
//! `i·width .. (i+1)·width`, and is read with one unaligned eight-byte load; so widths are 0 to 56, or 64, and whoever stores a packed
//! array keeps seven readable bytes behind it. Source: frame-of-reference packing, Zukowski et al., "Super-Scalar RAM-CPU Cache
//! Compression" (ICDE 2006).

/// The packed width for numbers up to `max`.
#[must_use]
pub fn width_of(max: u64) -> u32 {
    match 64 - max.leading_zeros() {
        width @ 0..=56 => width,
        _ => 64,
    }
}

/// Bytes of `count` numbers of `width` bits.
#[must_use]
pub fn packed_len(count: usize, width: u32) -> usize {
    (count * width as usize).div_ceil(8)
}

/// Where value `index` begins: its byte, and its first bit there.
#[inline]
#[must_use]
pub fn place(index: usize, width: u32) -> (usize, u32) {
    let bit = index * width as usize;
    (bit / 8, (bit % 8) as u32)
}

/// The number in eight loaded bytes that begins at bit `shift` (0 to 7).
#[inline]
#[must_use]
pub fn extract(loaded: [u8; 8], shift: u32, width: u32) -> u64 {
    let word = u64::from_le_bytes(loaded) >> shift;
    if width >= 64 { word } else { word & ((1 << width) - 1) }
}

/// Appends `values`, each below 2^width.
pub fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    if width <= 32 {
        return pack_narrow(values, width, out);
    }
    let (mut pending, mut bits) = (0u128, 0u32);
    for value in values {
        pending |= u128::from(value) << bits;
        bits += width;
        if bits >= 64 {
            out.extend_from_slice(&(pending as u64).to_le_bytes());
            pending >>= 64;
            bits -= 64;
        }
    }
    let rest = (pending as u64).to_le_bytes();
    out.extend_from_slice(&rest[..(bits as usize).div_ceil(8)]);
}

/// The same for widths of at most 32, which the postings have: half the register, less than half the time.
fn pack_narrow(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut pending, mut bits) = (0u64, 0u32);
    for value in values {
        pending |= value << bits;
        bits += width;
        if bits >= 32 {
            out.extend_from_slice(&(pending as u32).to_le_bytes());
            pending >>= 32;
            bits -= 32;
        }
    }
    out.extend_from_slice(&pending.to_le_bytes()[..bits.div_ceil(8) as usize]);
}

/// Hands out value `0..count` of `bytes`; `None` when they do not reach.
#[inline]
pub fn unpack(bytes: &[u8], count: usize, width: u32, mut each: impl FnMut(usize, u64)) -> Option<()> {
    for index in 0..count {
        let (at, shift) = place(index, width);
        let loaded = bytes.get(at..)?.first_chunk::<8>()?;
        each(index, extract(*loaded, shift, width));
    }
    Some(())
}

/// Packed values whose end is not padded: bits beyond the slice read as zero. For widths up to 32.
#[derive(Clone, Copy, Debug)]
pub struct PackedSlice<'a> {
    bytes: &'a [u8],
    width: u32,
    mask: u64,
}

impl<'a> PackedSlice<'a> {
    /// Values of `width` bits from the start of `bytes`; `None` when the width is over 32.
    #[inline]
    #[must_use]
    pub fn new(bytes: &'a [u8], width: u32) -> Option<Self> {
        (width <= 32).then(|| Self { bytes, width, mask: (1u64 << width) - 1 })
    }

    /// No values.
    #[must_use]
    pub fn none() -> Self {
        Self { bytes: &[], width: 0, mask: 0 }
    }

    /// Value `index`.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> u32 {
        let (at, shift) = place(index, self.width);
        let rest = self.bytes.get(at..).unwrap_or_default();
        let word = match rest.first_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word),
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        (word >> shift & self.mask) as u32
    }

    /// Bits of a value.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Whether values `0..count` lie inside the slice.
    #[must_use]
    pub fn holds(&self, count: u64) -> bool {
        count.checked_mul(u64::from(self.width)).is_some_and(|bits| bits <= self.bytes.len() as u64 * 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_slice_gives_every_value_and_then_zeros(width in 0u32..=32, raw in prop::collection::vec(any::<u32>(), 0..200)) {
            let values: Vec<u32> = raw.iter().map(|v| if width == 32 { *v } else { v & ((1 << width) - 1) }).collect();
            let mut out = Vec::new();
            pack(values.iter().map(|v| u64::from(*v)), width, &mut out);
            prop_assert!(PackedSlice::new(&out, 33).is_none());
            if let Some(packed) = PackedSlice::new(&out, width) {
                prop_assert!(values.iter().enumerate().all(|(i, v)| packed.get(i) == *v));
                prop_assert_eq!(packed.get(100_000), 0);
                prop_assert!(packed.holds(values.len() as u64) && (width == 0 || !packed.holds(values.len() as u64 + 8)));
            }
        }

        #[test]
        fn what_is_packed_is_unpacked(raw in prop::collection::vec(any::<u64>(), 0..200), bits in 0u32..=64) {
            let mask = if bits == 0 { 0 } else { u64::MAX >> (64 - bits) };
            let values: Vec<u64> = raw.iter().map(|v| v & mask).collect();
            let width = width_of(values.iter().copied().max().unwrap_or(0));
            let mut out = Vec::new();
            pack(values.iter().copied(), width, &mut out);
            prop_assert_eq!(out.len(), packed_len(values.len(), width));
            out.extend_from_slice(&[0xff; 7]);
            if width == 0 { out.push(0) }
            let mut back = Vec::new();
            prop_assert_eq!(unpack(&out, values.len(), width, |i, v| { assert_eq!(i, back.len()); back.push(v) }), Some(()));
            prop_assert_eq!(back, values);
        }
    }
}
