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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
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
